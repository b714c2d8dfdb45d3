//! Broken cells travel with their rows: beside a column of which some cell could not be read stands one that marks
//! those rows. So each question of the same rows counts the cells that it reads, and leaves out the rows that are none
//! to it: those with a broken cell in a column that is vital to it, such as the time of its windows.

use polars::prelude::*;

use super::reject::KEPT;
use super::{Reject, Rejects, Result};

/// How the name of a column of marks begins.
const MARK: &str = "__broken:";

/// Whether a column of this name marks the cells of another.
pub fn is_mark(name: &str) -> bool {
    name.starts_with(MARK)
}

/// The column whose cells a column marks.
fn marked(name: &str) -> &str {
    name.strip_prefix(MARK).unwrap_or(name)
}

/// Marks the rows of a frame in which the cell of a column is broken.
///
/// # Errors
/// When there are not as many marks as rows.
pub fn mark(frame: &mut DataFrame, column: &str, rows: BooleanChunked) -> Result<()> {
    let name: PlSmallStr = format!("{MARK}{column}").into();
    let rows = match frame.column(&name) {
        Ok(before) => before.bool()? | &rows,
        Err(_) => rows,
    };
    frame.with_column(rows.with_name(name).into_column())?;
    Ok(())
}

/// The same by the numbers of the rows.
///
/// # Errors
/// As `mark`.
pub fn mark_rows(frame: &mut DataFrame, column: &str, rows: &[usize]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut marks = vec![false; frame.height()];
    for row in rows {
        if let Some(mark) = marks.get_mut(*row) {
            *mark = true;
        }
    }
    mark(frame, column, marks.into_iter().collect())
}

/// The marks of a frame, for another one of the same rows.
pub fn marks(frame: &DataFrame) -> impl Iterator<Item = &Column> {
    frame.columns().iter().filter(|column| is_mark(column.name()))
}

/// Puts the rows of a frame of the same columns below those of another; either may have marks.
///
/// # Errors
/// When they do not have the same columns.
pub fn stack(upper: &mut DataFrame, lower: &DataFrame) -> Result<()> {
    let names = |frame: &DataFrame| marks(frame).map(|mark| mark.name().clone()).collect::<Vec<_>>();
    let (above, below) = (names(upper), names(lower));
    if above == below {
        upper.vstack_mut(lower)?;
        return Ok(());
    }
    let mut all = above;
    all.extend(below.into_iter().filter(|name| marks(upper).all(|mark| mark.name() != name)));
    let evened = |frame: &DataFrame| -> Result<DataFrame> {
        let none = |name: &PlSmallStr| BooleanChunked::full(name.clone(), false, frame.height()).into_column();
        let plain = frame.columns().iter().filter(|column| !is_mark(column.name())).cloned();
        let marks = all.iter().map(|name| frame.column(name).cloned().unwrap_or_else(|_| none(name)));
        Ok(DataFrame::new(frame.height(), plain.chain(marks).collect())?)
    };
    let lower = evened(lower)?;
    *upper = evened(upper)?;
    upper.vstack_mut(&lower)?;
    Ok(())
}

/// What a question has of a chunk.
#[derive(Debug)]
pub struct Whole {
    /// The rows that are some to it, without marks.
    pub frame: DataFrame,
    /// What could not be read, rows that are none to it included. Its cells are those of all columns; `cells` counts
    /// those of each in the rows that are left.
    pub rejects: Rejects,
    pub cells: Vec<(PlSmallStr, u64)>,
}

/// Leaves out the rows of a chunk that lack a column which is vital.
///
/// # Errors
/// What polars says while it filters.
pub fn whole_rows(frame: DataFrame, rejects: Rejects, vital: &[PlSmallStr]) -> Result<Whole> {
    let mut rejects = rejects;
    let incomplete = std::mem::take(&mut rejects.incomplete);
    let is_vital = |name: &str| vital.iter().any(|vital| vital == name);
    let (marks, plain): (Vec<Column>, Vec<Column>) =
        frame.columns().iter().cloned().partition(|column| is_mark(column.name()));
    if marks.is_empty() {
        return Ok(Whole { frame, rejects, cells: Vec::new() });
    }
    let height = frame.height();
    let mut frame = DataFrame::new(height, plain)?;
    let mut lacking: Option<BooleanChunked> = None;
    for column in marks.iter().filter(|column| is_vital(marked(column.name()))) {
        let own = column.bool()?;
        lacking = Some(lacking.map_or_else(|| own.clone(), |before| &before | own));
    }
    let lacking = lacking.filter(|lacking| lacking.any());
    let mut cells = Vec::new();
    for column in marks.iter().filter(|column| !is_vital(marked(column.name()))) {
        let own = column.bool()?;
        let left = lacking.as_ref().map_or_else(|| own.clone(), |lacking| own & &!lacking);
        cells.push((PlSmallStr::from(marked(column.name())), u64::from(left.sum().unwrap_or(0))));
    }
    if let Some(lacking) = lacking {
        let whole = !&lacking;
        let left = whole.sum().unwrap_or(0) as usize;
        frame = if frame.width() == 0 { DataFrame::new(left, Vec::new())? } else { frame.filter(&whole)? };
        rejects.count += (height - left) as u64;
    }
    // What is told of cells in such rows is told of the rows.
    let mut rows: Vec<Reject> =
        incomplete.into_iter().filter(|row| row.column.as_deref().is_some_and(is_vital)).collect();
    rows.dedup_by(|later, row| later.line == row.line && later.source == row.source);
    let none = |cell: &Reject| {
        cell.column.as_deref().is_some_and(is_vital)
            || (cell.line > 0 && rows.iter().any(|row| row.line == cell.line && row.source == cell.source))
    };
    rejects.cells.kept.retain(|cell| !none(cell));
    rejects.kept.extend(rows.into_iter().map(|row| Reject { column: None, ..row }));
    rejects.kept.sort_by_key(|row| row.line);
    rejects.kept.truncate(KEPT);
    Ok(Whole { frame, rejects, cells })
}
