//! Which rows are trained on and which are held out to test on, and what fitting has made of them. Which rows
//! scikit-learn would hold out is `learn::holdout`'s.

use polars::prelude::*;

use super::forest::Training;
use crate::data::{Fault, Result};
use crate::learn::drift::Baseline;
use crate::learn::dropped::Dropped;
use crate::learn::forest::Forest;
use crate::learn::holdout::{enough, held_out};
use crate::learn::model::TrainedTo;
use crate::query::window::{finite, micros_of};

/// Which rows are held out to judge by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HoldOut {
    /// This share, those that scikit-learn's `train_test_split` would take.
    Share(f64),
    /// The last share: what came after all that is trained on.
    Newest(f64),
}

/// A forest, the rows that it is judged by, and what became of the others.
pub(super) struct Fitted {
    pub forest: Forest,
    pub tested: DataFrame,
    pub baseline: Baseline,
    pub dropped: Dropped,
    pub seen: u64,
    pub unread: u64,
    pub trained: usize,
    pub parts: usize,
    pub trained_to: Option<TrainedTo>,
}

/// Which of so many complete rows are held out.
pub(super) fn test_mask(rows: usize, test: HoldOut, training: &Training) -> Result<BooleanChunked> {
    let height = u32::try_from(rows)
        .map_err(|_| Fault::new("these are more rows than a forest can learn from").hint("learn from fewer"))?;
    Ok(match test {
        HoldOut::Share(share) => {
            enough(rows, share, &training.question.target)?;
            held_out(height, share, training.seed as u32).into_iter().collect()
        }
        HoldOut::Newest(share) => {
            let from = (f64::from(height) * (1.0 - share.clamp(0.0, 1.0))) as u32;
            (0..height).map(|row| row >= from).collect()
        }
    })
}

/// Rows to learn from, and rows to test on.
pub(super) fn split(rows: &DataFrame, out: &BooleanChunked) -> Result<(DataFrame, DataFrame)> {
    Ok((rows.filter(&!out)?, rows.filter(out)?))
}

/// The newest of some rows, by the column of their time.
///
/// # Errors
/// When it holds no time.
pub fn trained_to(times: &Column) -> Result<Option<TrainedTo>> {
    let number = if times.dtype().is_integer() { times.cast(&DataType::Int64)?.i64()?.max() } else { None };
    Ok(finite(micros_of(times)?).max().map(|micros| TrainedTo { column: times.name().to_string(), micros, number }))
}

/// The newest row that is trained on, where rows have a time. Rows held out at random lie among the others: the newest
/// of both counts, so that what comes after it is new.
pub(super) fn newest_row(
    time: Option<&str>,
    complete: &DataFrame,
    trained: &DataFrame,
    test: HoldOut,
) -> Result<Option<TrainedTo>> {
    let Some(time) = time else { return Ok(None) };
    trained_to(if matches!(test, HoldOut::Newest(_)) { trained } else { complete }.column(time)?)
}
