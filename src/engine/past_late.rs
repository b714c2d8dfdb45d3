//! How many rows of the past would have been late. How far time has come is `watermark`'s; what becomes of late rows
//! `late`'s.

use std::time::Instant;

use polars::prelude::Int64Chunked;

use super::continuous::ContinuousQuery;
use super::table::{DEFAULT_LATENESS, Table};
use super::watermark::Watermark;
use crate::data::{Chunk, Result};
use crate::query::window::{Admission, Micros, micros_of};

/// Counts the rows of the past that came late and are counted in the answer of one question all the same.
pub struct PastLate<'a> {
    query: &'a ContinuousQuery,
    table: &'a Table,
    watermark: Watermark,
    partitions: Vec<(u32, usize)>,
    count: u64,
}

impl<'a> PastLate<'a> {
    pub fn new(query: &'a ContinuousQuery, table: &'a Table) -> Self {
        let lateness = table.time.as_ref().map_or(DEFAULT_LATENESS, |t| t.lateness);
        Self { query, table, watermark: Watermark::new(lateness), partitions: Vec::new(), count: 0 }
    }

    /// # Errors
    /// When the rows cannot be told apart.
    pub fn see(&mut self, chunk: &Chunk, times: Option<&Int64Chunked>) -> Result<()> {
        let plan = &self.query.plan;
        let (Some(all), Some(times), Some(window)) = (self.table.judges_all(plan), times, plan.window()) else {
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
            let late = window.time.of(&rows).and_then(|time| {
                Ok(window.place(&window.sound(&micros_of(&time)?), Admission::Judged(&watermarks)).late.len())
            });
            self.count += late.unwrap_or(watermarks.len()) as u64;
        }
        Ok(())
    }

    /// Says how many there were.
    pub fn tell(&self, source: &str) {
        if self.count > 0 {
            let rows = if self.count == 1 { "row that came" } else { "rows that came" };
            self.query.note(format!(
                "{source}: {} {rows} after their window was final are counted here, for what is past is complete",
                self.count
            ));
        }
    }
}
