//! What is read as the past is complete, so that nothing in it is late; how many rows were, is told all the same.

use std::time::Instant;

use polars::prelude::*;

use super::judges_all;
use crate::data::{Chunk, Result};
use crate::engine::run::Shared;
use crate::engine::table::DEFAULT_LATENESS;
use crate::engine::watermark::Watermark;
use crate::query::window::{Due, Micros, micros_of};

/// Counts the rows of the past that came late, where nobody holds that against them.
pub(super) struct PastLate<'a> {
    shared: &'a Shared,
    watermark: Watermark,
    partitions: Vec<(u32, usize)>,
    count: u64,
}

impl<'a> PastLate<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        let lateness = shared.table.time.as_ref().map_or(DEFAULT_LATENESS, |t| t.lateness);
        Self { shared, watermark: Watermark::new(lateness), partitions: Vec::new(), count: 0 }
    }

    pub(super) fn see(&mut self, chunk: &Chunk, times: Option<&Int64Chunked>) -> Result<()> {
        let (Some(all), Some(times), Some(window)) = (judges_all(self.shared), times, self.shared.plan.window()) else { return Ok(()) };
        let now = Instant::now();
        let known = self.partitions.iter().find(|(partition, _)| *partition == chunk.partition).map(|(_, number)| *number);
        let number = known.unwrap_or_else(|| {
            self.partitions.push((chunk.partition, self.watermark.add(now)));
            self.partitions.len() - 1
        });
        if let (_, Some(judged)) = self.watermark.judge(number, times, all, now) {
            let rows = chunk.frame.filter(&judged.is_not_null())?;
            let watermarks: Vec<Micros> = judged.iter().flatten().collect();
            // A row of a joined question has no window before it is joined: then what is older than the watermark counts.
            let late = window.time.of(&rows).and_then(|time| Ok(window.place(&micros_of(&time)?, Due::Judged(&watermarks)).late.len()));
            self.count += late.unwrap_or(watermarks.len()) as u64;
        }
        Ok(())
    }

    pub(super) fn tell(&self, source: &str) {
        if self.count > 0 {
            let (shared, rows) = (self.shared, if self.count == 1 { "row that came" } else { "rows that came" });
            shared.note(format!("{source}: {} {rows} after their window was final are counted here, for what is past is complete", self.count));
        }
    }
}
