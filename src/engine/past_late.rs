//! Which rows are judged by the watermark, and how many of those that are not would have been late. How far time has
//! come is `watermark`'s; what becomes of late rows `late`'s.

use std::time::Instant;

use polars::prelude::Int64Chunked;

use super::shared::Shared;
use super::table::{DEFAULT_LATENESS, TimeColumn};
use super::watermark::Watermark;
use crate::data::{Chunk, Result};
use crate::query::expr::Scalar;
use crate::query::window::{Admission, Micros, micros_of};

/// Which rows a question wants judged: those that are older than the watermark, or all where its windows go by another
/// time than the table's; `None` without windows, where nothing is late.
pub fn judges_all(shared: &Shared) -> Option<bool> {
    let window = shared.plan.window()?;
    let own = |time: &TimeColumn| matches!(&window.time, Scalar::Column(name) if *name == time.column);
    Some(!shared.table.time.as_ref().is_some_and(own))
}

/// Counts the rows of the past that came late and are counted in the answer all the same.
pub struct PastLate<'a> {
    shared: &'a Shared,
    watermark: Watermark,
    partitions: Vec<(u32, usize)>,
    count: u64,
}

impl<'a> PastLate<'a> {
    pub fn new(shared: &'a Shared) -> Self {
        let lateness = shared.table.time.as_ref().map_or(DEFAULT_LATENESS, |t| t.lateness);
        Self { shared, watermark: Watermark::new(lateness), partitions: Vec::new(), count: 0 }
    }

    /// # Errors
    /// When the rows cannot be told apart.
    pub fn see(&mut self, chunk: &Chunk, times: Option<&Int64Chunked>) -> Result<()> {
        let (Some(all), Some(times), Some(window)) = (judges_all(self.shared), times, self.shared.plan.window()) else {
            return Ok(());
        };
        let now = Instant::now();
        let known =
            self.partitions.iter().find(|(partition, _)| *partition == chunk.partition).map(|(_, number)| *number);
        let number = known.unwrap_or_else(|| {
            self.partitions.push((chunk.partition, self.watermark.add(now)));
            self.partitions.len() - 1
        });
        if let (_, Some(judged)) = self.watermark.judge(number, times, all, now) {
            let rows = chunk.frame.filter(&judged.is_not_null())?;
            let watermarks: Vec<Micros> = judged.iter().flatten().collect();
            // A row of a joined question has no window before it is joined: then what is older than the watermark
            // counts.
            let late = window
                .time
                .of(&rows)
                .and_then(|time| Ok(window.place(&micros_of(&time)?, Admission::Judged(&watermarks)).late.len()));
            self.count += late.unwrap_or(watermarks.len()) as u64;
        }
        Ok(())
    }

    /// Says how many there were.
    pub fn tell(&self, source: &str) {
        if self.count > 0 {
            let (shared, rows) = (self.shared, if self.count == 1 { "row that came" } else { "rows that came" });
            shared.note(format!(
                "{source}: {} {rows} after their window was final are counted here, for what is past is complete",
                self.count
            ));
        }
    }
}
