//! An answer on stdout: an aligned table on a terminal, CSV in a pipe.

use std::io::IsTerminal;

use polars::prelude::*;
use unicode_width::UnicodeWidthStr;

use crate::data::format::{Formulas, write_csv};
use crate::data::time::{is_time, value_text};
use crate::data::words::{count, visible};
use crate::data::{Fault, Result};
use crate::disk::to_stdout;
use crate::query::window::WindowStatus;

/// Rows shown on a terminal; the rest is counted.
const TERMINAL_ROWS: usize = 60;
/// Characters of a value shown on a terminal.
const CELL: usize = 40;

/// `status`: whether the windows of the rows are final, where that may be asked.
///
/// # Errors
/// When not all of it can be written, unless its reader has had enough.
pub fn answer(frame: &DataFrame, status: Option<&[WindowStatus]>, formulas: Formulas) -> Result<()> {
    let written = if std::io::stdout().is_terminal() {
        to_stdout(table_with(frame, status).as_bytes())
    } else {
        let mut bytes = Vec::new();
        write_csv(frame, b',', formulas, &mut bytes)?;
        to_stdout(&bytes)
    };
    written.map_err(|e| Fault::io("stdout", &e))
}

/// The answer as aligned text: numbers to the right, nulls as `null`.
pub fn table(frame: &DataFrame) -> String {
    table_with(frame, None)
}

/// The same with a last column: is the row's window open, final or corrected?
pub fn table_with(frame: &DataFrame, status: Option<&[WindowStatus]>) -> String {
    let words = status.map(|status| Column::new("window".into(), status.iter().map(|s| s.word()).collect::<Vec<_>>()));
    let with =
        words.filter(|words| words.len() == frame.height()).and_then(|words| frame.hstack(&[free(words, frame)]).ok());
    let frame = with.as_ref().unwrap_or(frame);
    let shown = frame.height().min(TERMINAL_ROWS);
    let columns: Vec<Vec<String>> = frame.columns().iter().map(|c| column(c, shown)).collect();
    let width = |cells: &Vec<String>| cells.iter().map(|c| c.width()).max().unwrap_or(0);
    let widths: Vec<usize> = columns.iter().map(width).collect();
    let mut text = String::new();
    for row in 0..=shown {
        let mut line = String::new();
        for ((cells, width), source) in columns.iter().zip(&widths).zip(frame.columns()) {
            let cell = cells.get(row).map_or("", String::as_str);
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            let right = source.dtype().is_primitive_numeric();
            line += &if right { format!("{pad}{cell}  ") } else { format!("{cell}{pad}  ") };
        }
        text += line.trim_end();
        text.push('\n');
        if row == 0 {
            text += &widths.iter().map(|w| "─".repeat(*w)).collect::<Vec<_>>().join("  ");
            text.push('\n');
        }
    }
    if frame.height() > shown {
        text += &format!("… and {} more rows\n", count((frame.height() - shown) as u64));
    }
    text
}

/// The column under a name that the answer does not have.
fn free(column: Column, frame: &DataFrame) -> Column {
    let mut name = column.name().to_string();
    while frame.column(&name).is_ok() {
        name.push('_');
    }
    column.with_name(name.into())
}

fn column(column: &Column, rows: usize) -> Vec<String> {
    let cell = |value: AnyValue<'_>| {
        let text = match value {
            AnyValue::Null => "null".to_owned(),
            AnyValue::String(s) => s.to_owned(),
            AnyValue::Float64(x) => format!("{x}"),
            ref time if is_time(&time.dtype()) => value_text(time).unwrap_or_default(),
            other => other.to_string().trim_end_matches(".000000").to_owned(),
        };
        let text = visible(&text);
        if text.chars().count() > CELL {
            text.chars().take(CELL - 1).chain(['…']).collect()
        } else {
            text.into_owned()
        }
    };
    let values = (0..rows).map(|i| column.get(i).map_or_else(|_| String::new(), cell));
    std::iter::once(visible(column.name()).into_owned()).chain(values).collect()
}
