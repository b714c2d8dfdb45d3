//! What comes in: history as pieces that workers take in turn, and feeds that a thread each follows.

mod conform;
mod follow;
mod history;
mod partitions;
mod past;

use std::time::Duration;

use polars::prelude::*;

pub(super) use self::conform::Conform;
pub use self::follow::follow;
pub use self::history::{Handed, HistoryQueue};
pub use self::past::read_past;
use super::shared::Shared;
use crate::data::{Fault, Result};
use crate::query::window::{finite, micros_of};

/// How long a thread waits for rows before it looks whether it should stop.
pub(super) const WAIT: Duration = Duration::from_millis(20);

/// The question's columns, and those that time and seam need.
fn needed_columns(shared: &Shared, with_time: bool) -> Vec<PlSmallStr> {
    let mut columns = shared.plan.columns.clone();
    let time = shared.table.time.as_ref().filter(|_| with_time).map(|t| t.column.as_str());
    for extra in [time, shared.seam_filter.column()].into_iter().flatten() {
        if columns.iter().all(|c| c.as_str() != extra) {
            columns.push(extra.into());
        }
    }
    columns
}

pub fn indices(columns: &[PlSmallStr], schema: &SchemaRef, place: &str) -> Result<Vec<usize>> {
    let find = |name: &PlSmallStr| {
        schema.index_of(name).ok_or_else(|| {
            Fault::new(format!("the column '{name}' is missing")).at(place).hint("open it as a table of its own")
        })
    };
    columns.iter().map(find).collect()
}

fn event_times(shared: &Shared, frame: &DataFrame) -> Result<Option<Int64Chunked>> {
    // An infinite time says nothing of how far a feed has come.
    shared.table.time.as_ref().map(|time| Ok(finite(micros_of(frame.column(&time.column)?)?))).transpose()
}
