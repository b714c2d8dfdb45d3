//! Values of one other row: `lag`, `lead`, `first_value`, `last_value` and `nth_value`.

use std::ops::Range;

use polars::prelude::*;

use super::OverFunction;
use super::layout::{Layout, Spot};
use crate::data::Result;

/// Where the rows are that may be taken.
struct Present(Option<Vec<usize>>);

impl Present {
    /// The `n`-th row that may be taken, from 0, at `start` or after it.
    fn after(&self, start: usize, n: usize) -> Option<usize> {
        match &self.0 {
            None => start.checked_add(n),
            Some(places) => places.get(places.partition_point(|place| *place < start).checked_add(n)?).copied(),
        }
    }

    /// The `n`-th row that may be taken before `end`, backwards from 0.
    fn before(&self, end: usize, n: usize) -> Option<usize> {
        match &self.0 {
            None => end.checked_sub(n)?.checked_sub(1),
            Some(places) => {
                let own = places.partition_point(|place| *place < end);
                places.get(own.checked_sub(n)?.checked_sub(1)?).copied()
            }
        }
    }
}

/// The value at each place. `ignores_nulls`: rows without a value are passed over. `other` has the values where there
/// is no such row.
///
/// # Errors
/// What polars says when it takes values.
pub(super) fn values(
    kind: OverFunction,
    layout: &Layout,
    frames: &[Range<usize>],
    column: &Column,
    other: Option<&Column>,
    ignores_nulls: bool,
) -> Result<Column> {
    let present = ignores_nulls.then(|| {
        let there = column.is_not_null();
        there.iter().enumerate().filter(|(_, is)| *is == Some(true)).map(|(place, _)| place).collect()
    });
    let present = Present(present);
    let steps = |by: i64| usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
    let found = |spot: Spot<'_>, frame: &Range<usize>| {
        let (place, within) = match kind {
            OverFunction::Lag(0) => (Some(spot.place), &spot.partition.rows),
            OverFunction::Lag(by) if by > 0 => (present.before(spot.place, steps(by) - 1), &spot.partition.rows),
            OverFunction::Lag(by) => (present.after(spot.place + 1, steps(by) - 1), &spot.partition.rows),
            OverFunction::Last => (present.before(frame.end, 0), frame),
            OverFunction::Nth(n) => (usize::try_from(n - 1).ok().and_then(|n| present.after(frame.start, n)), frame),
            _ => (present.after(frame.start, 0), frame),
        };
        place.filter(|place| within.contains(place)).map(|place| place as IdxSize)
    };
    let places: IdxCa = layout.spots().zip(frames).map(|(spot, frame)| found(spot, frame)).collect();
    let values = column.take(&places)?;
    let Some(other) = other.filter(|_| places.null_count() > 0) else { return Ok(values) };
    let values = values.as_materialized_series().zip_with(&places.is_not_null(), other.as_materialized_series())?;
    Ok(values.into_column())
}
