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
use super::table::Table;
use crate::data::{Fault, Result};
use crate::query::window::{finite, micros_of};

/// How long a thread waits for rows before it looks whether it should stop.
pub(super) const WAIT: Duration = Duration::from_millis(20);

pub fn indices(columns: &[PlSmallStr], schema: &SchemaRef, place: &str) -> Result<Vec<usize>> {
    let find = |name: &PlSmallStr| {
        schema.index_of(name).ok_or_else(|| {
            Fault::new(format!("the column '{name}' is missing")).at(place).hint("open it as a table of its own")
        })
    };
    columns.iter().map(find).collect()
}

fn event_times(table: &Table, frame: &DataFrame) -> Result<Option<Int64Chunked>> {
    // An infinite time says nothing of how far a feed has come.
    table.time.as_ref().map(|time| Ok(finite(micros_of(frame.column(&time.column)?)?))).transpose()
}
