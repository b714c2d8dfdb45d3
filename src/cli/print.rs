//! An answer on stdout: an aligned table on a terminal, as wide as that, CSV in a pipe.

use std::io::IsTerminal;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Row, Table, TableStyle, Width};
use polars::prelude::{AnyValue, Column, DataFrame};
use unicode_width::UnicodeWidthStr;

use crate::data::format::{Formulas, write_csv};
use crate::data::time::{is_time, value_text};
use crate::data::words::{count, visible};
use crate::data::{Fault, Result};
use crate::disk::to_stdout;
use crate::query::window::WindowStatus;

/// Rows shown on a terminal; the rest is counted.
const TERMINAL_ROWS: usize = 60;
/// Columns of the terminal that a value takes at most.
const CELL: u16 = 40;
/// What a text or a column's name is at least cut to.
const LEAST: usize = 12;

/// `status`: the state of the window of each row, where rows have one.
///
/// # Errors
/// When not all of it can be written; a reader that closes the pipe early is no error.
pub fn answer(frame: &DataFrame, status: Option<&[WindowStatus]>, formulas: Formulas) -> Result<()> {
    let written = if std::io::stdout().is_terminal() {
        to_stdout(table_with(frame, status, room()).as_bytes())
    } else {
        let mut bytes = Vec::new();
        write_csv(frame, b',', formulas, &mut bytes)?;
        to_stdout(&bytes)
    };
    written.map_err(|e| Fault::io("stdout", &e))
}

/// The name of one of several answers, before it.
///
/// # Errors
/// As `answer`.
pub fn heading(name: &str) -> Result<()> {
    to_stdout(format!("# {name}\n").as_bytes()).map_err(|e| Fault::io("stdout", &e))
}

/// The answer as aligned text: numbers to the right, nulls as `null`.
pub fn table(frame: &DataFrame) -> String {
    table_with(frame, None, None)
}

/// The same with a last column: the state of the row's window, final, corrected or stopped before it was final. In
/// `room` columns of a terminal long texts are cut, and columns that find no room are counted.
pub fn table_with(frame: &DataFrame, status: Option<&[WindowStatus]>, room: Option<u16>) -> String {
    // What is printed is the end: no row comes any more to a window that was open then.
    let word = |status: &WindowStatus| if *status == WindowStatus::Open { "stopped" } else { status.word() };
    let words = status.map(|status| Column::new("window".into(), status.iter().map(word).collect::<Vec<_>>()));
    let with =
        words.filter(|words| words.len() == frame.height()).and_then(|words| frame.hstack(&[free(words, frame)]).ok());
    let frame = with.as_ref().unwrap_or(frame);
    let rows = frame.height().min(TERMINAL_ROWS);
    let columns: Vec<Vec<String>> = frame.columns().iter().map(|c| column(c, rows)).collect();
    let needs: Vec<usize> = frame.columns().iter().zip(&columns).map(|(source, cells)| need(source, cells)).collect();
    let shown = room.map_or(columns.len(), |room| fitting(&needs, room.into()));

    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─'))).set_truncation_indicator("…");
    if let Some(room) = room {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(room);
    }
    let row = |at: usize| {
        let mut row = Row::from(columns.iter().take(shown).map(|cells| cells.get(at).map_or("", String::as_str)));
        row.max_height(1);
        row
    };
    table.set_header(row(0)).add_rows((1..=rows).map(row));
    for (at, ((column, source), need)) in table.column_iter_mut().zip(frame.columns()).zip(&needs).enumerate() {
        // Bounds are of a column with its padding.
        let padding = if at + 1 < shown { 2 } else { 0 };
        let lower = Width::Fixed(room.map_or(*need, |room| (*need).min(room.into())) as u16 + padding);
        column.set_constraint(ColumnConstraint::Boundaries { lower, upper: Width::Fixed(CELL + padding) });
        column.set_padding((0, padding));
        // A cell is cut where its room ends, not after its last whole word: this stands in none.
        column.set_delimiter('\0');
        if source.dtype().is_primitive_numeric() {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = table.trim_fmt() + "\n";
    if frame.height() > rows {
        text += &format!("… and {} more rows\n", count((frame.height() - rows) as u64));
    }
    if shown < columns.len() {
        text += &hidden(&columns, shown, room.map_or(usize::MAX, usize::from));
    }
    text
}

/// Columns of a terminal that a column must have: numbers and times are not cut, nor is a text to less than `LEAST`.
fn need(source: &Column, cells: &[String]) -> usize {
    let widest = |cells: &[String]| cells.iter().map(|cell| cell.width()).max().unwrap_or(0);
    let (name, values) = cells.split_at(cells.len().min(1));
    let values = widest(values).min(if source.dtype().is_string() { LEAST } else { CELL.into() });
    values.max(widest(name).min(LEAST))
}

/// How many columns find room beside each other, from the first, which is always shown.
fn fitting(needs: &[usize], room: usize) -> usize {
    let ends = needs.iter().scan(0, |end, need| {
        *end += need + 2;
        Some(*end - 2)
    });
    ends.take_while(|end| *end <= room).count().max(1)
}

/// Says which columns are not shown, as many by name as find room.
fn hidden(columns: &[Vec<String>], shown: usize, room: usize) -> String {
    let names: Vec<&str> = columns.iter().skip(shown).filter_map(|cells| cells.first()).map(String::as_str).collect();
    let s = if names.len() == 1 { "" } else { "s" };
    let told = |named: usize| {
        let more = if named < names.len() { "…" } else { "" };
        let named: String = names.iter().take(named).flat_map(|name| [*name, ", "]).collect();
        let named = if more.is_empty() { named.trim_end_matches(", ") } else { &named };
        format!("… and {} more column{s}: {named}{more}", count(names.len() as u64))
    };
    (1..=names.len()).rev().map(told).find(|line| line.width() <= room).unwrap_or_else(|| told(0)) + "\n"
}

/// How many columns of text the terminal has.
#[cfg(unix)]
fn room() -> Option<u16> {
    rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| size.ws_col).filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn room() -> Option<u16> {
    None
}

/// The column, renamed if the answer has a column of that name already.
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
        visible(&text).into_owned()
    };
    let values = (0..rows).map(|i| column.get(i).map_or_else(|_| String::new(), cell));
    std::iter::once(visible(column.name()).into_owned()).chain(values).collect()
}
