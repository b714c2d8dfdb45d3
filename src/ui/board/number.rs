//! A big number: the newest value of an answer, how it changed, and a small picture of the values before it.

use std::sync::Arc;

use polars::prelude::DataFrame;

use crate::engine::Snapshot;
use crate::figure::{Encoding, Figure, PointState, Settings};
use crate::ui::widget::cells;
use crate::ui::widget::numbers;
use crate::workspace::{Windows, picture};

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
    /// Rows may still come to its window.
    pub open: bool,
}

impl Number {
    /// The first measure of an answer: of its last row that is settled, or of the last one where none is; and the
    /// values up to it as a figure, where there are several. Where nothing is a number a time is told.
    pub fn of(snapshot: &Snapshot, windows: &Windows) -> Option<(Self, Option<Figure>)> {
        let frame = &snapshot.answer;
        let is_number =
            |column: &usize| frame.columns().get(*column).is_some_and(|column| column.dtype().is_primitive_numeric());
        // A number that groups is none that is measured.
        let measure = windows.encoding(frame, &Settings::default()).y.into_iter().next();
        let measure = measure.and_then(|name| frame.get_column_index(&name)).filter(is_number);
        let Some(column) = measure.or_else(|| (0..frame.width()).find(is_number)) else {
            return Some((Self::of_time(snapshot, windows)?, None));
        };
        let (row, open) = settled_row(snapshot, windows)?;
        let value = |row: usize| number(frame, column, row);
        let now = value(row);
        let change = now.zip(row.checked_sub(1).and_then(value)).filter(|(_, before)| *before != 0.0);
        let time = frame.columns().iter().position(|column| column.dtype().is_temporal());
        let number = Self {
            text: now.map_or_else(|| "–".to_owned(), numbers::brief),
            exact: match now {
                None => "Missing".to_owned(),
                Some(now) if now.is_nan() => "NaN: a row of it is NaN".to_owned(),
                Some(now) => numbers::float(now),
            },
            of: frame.columns().get(column)?.name().to_string(),
            at: time.map_or_else(String::new, |time| cells::cell(frame, time, row).shown().to_owned()),
            change: change.map(|(now, before)| (now - before) / before.abs()).filter(|change| change.is_finite()),
            open,
        };
        Some((number, spark(snapshot, windows, (column, time), row)))
    }

    /// The time that an answer tells: the last of its columns of times, which does not group where there is another.
    fn of_time(snapshot: &Snapshot, windows: &Windows) -> Option<Self> {
        let frame = &snapshot.answer;
        let is_time = |column: &usize| frame.columns().get(*column).is_some_and(|column| column.dtype().is_temporal());
        let column = (0..frame.width()).rev().find(is_time)?;
        let (row, open) = settled_row(snapshot, windows)?;
        let cell = cells::cell(frame, column, row);
        let first = (0..column).find(is_time);
        Some(Self {
            text: cell.shown().to_owned(),
            exact: cell.plain(),
            of: frame.columns().get(column)?.name().to_string(),
            at: first.map_or_else(String::new, |time| cells::cell(frame, time, row).shown().to_owned()),
            change: None,
            open,
        })
    }
}

/// The last row of an answer that is settled, or the last one where none is; and whether rows may still come to it.
fn settled_row(snapshot: &Snapshot, windows: &Windows) -> Option<(usize, bool)> {
    let height = snapshot.answer.height();
    let is_open = |row: usize| matches!(windows.state(snapshot, row), Some(PointState::Open | PointState::Stopped));
    let row = (0..height).rev().find(|row| !is_open(*row)).or(height.checked_sub(1))?;
    Some((row, is_open(row)))
}

/// The values of a measure up to a row, as a line; nothing where there is but one.
fn spark(snapshot: &Snapshot, windows: &Windows, (column, time): (usize, Option<usize>), row: usize) -> Option<Figure> {
    let from = (row + 1).saturating_sub(SPARK);
    let answer = snapshot.answer.slice(i64::try_from(from).ok()?, row + 1 - from);
    let name = |at: usize| Some(answer.columns().get(at)?.name().to_string());
    // Of several rows at one time, such as one a group, only their order is left.
    let once = |at: &usize| answer.columns().get(*at).is_some_and(|times| times.n_unique().ok() == Some(times.len()));
    let settings = Settings { mark: "line".to_owned(), y: Some(vec![name(column)?]), ..Settings::default() };
    let encoding = Encoding {
        x: time.filter(once).and_then(name),
        series: Vec::new(),
        zone: numbers::zone(),
        ..windows.encoding(&answer, &settings)
    };
    let status = snapshot.status.as_ref().and_then(|status| status.get(from..=row)).map(Arc::from);
    let tail = Snapshot {
        status,
        watermark: snapshot.watermark,
        last: snapshot.last,
        gaps: snapshot.gaps.clone(),
        seam: snapshot.seam.clone(),
        answer,
        ..Snapshot::default()
    };
    let figure = picture(&encoding, &tail, windows, 1.0).ok().filter(|_| row > from)?;
    Some(Figure { seam: None, ..figure })
}

fn number(frame: &DataFrame, column: usize, row: usize) -> Option<f64> {
    frame.columns().get(column)?.get(row).ok()?.try_extract::<f64>().ok()
}
