//! A big number: the newest value of an answer, how it changed, and the values before it.

use polars::prelude::DataFrame;

use crate::engine::Snapshot;
use crate::figure::PointState;
use crate::ui::widget::cells;
use crate::ui::widget::numbers;
use crate::workspace::Windows;

/// Values that are drawn behind the number.
const SPARK: usize = 60;

/// What a tile shows as a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// With about four digits.
    pub text: String,
    /// With all its digits.
    pub exact: String,
    /// The measure's name.
    pub of: String,
    /// When it was, where rows have a time.
    pub at: String,
    /// By how much the value before differs, as a share of it.
    pub change: Option<f64>,
    /// The values, oldest first; one that is missing is `None`.
    pub spark: Vec<Option<f64>>,
    /// Rows may still come to its window.
    pub open: bool,
}

impl Number {
    /// The first measure of an answer: of its last row that is settled, or of the last one where none is.
    pub fn of(snapshot: &Snapshot, windows: &Windows) -> Option<Self> {
        let frame = &snapshot.answer;
        let column = frame.columns().iter().position(|column| column.dtype().is_primitive_numeric())?;
        let height = frame.height();
        let is_open = |row: usize| matches!(windows.state(snapshot, row), Some(PointState::Open | PointState::Stopped));
        let row = (0..height).rev().find(|row| !is_open(*row)).or(height.checked_sub(1))?;
        let value = |row: usize| number(frame, column, row);
        let from = (row + 1).saturating_sub(SPARK);
        let now = value(row);
        let change = now.zip(row.checked_sub(1).and_then(value)).filter(|(_, before)| *before != 0.0);
        let time = frame.columns().iter().position(|column| column.dtype().is_temporal());
        Some(Self {
            text: now.map_or_else(|| "–".to_owned(), numbers::brief),
            exact: match now {
                None => "Missing".to_owned(),
                Some(now) if now.is_nan() => "NaN: a row of it is NaN".to_owned(),
                Some(now) => numbers::float(now),
            },
            of: frame.columns().get(column)?.name().to_string(),
            at: time.map_or_else(String::new, |time| cells::cell(frame, time, row).shown().to_owned()),
            change: change.map(|(now, before)| (now - before) / before.abs()).filter(|change| change.is_finite()),
            spark: (from..=row).map(value).collect(),
            open: is_open(row),
        })
    }
}

fn number(frame: &DataFrame, column: usize, row: usize) -> Option<f64> {
    frame.columns().get(column)?.get(row).ok()?.try_extract::<f64>().ok()
}
