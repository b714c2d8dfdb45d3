//! Learning how late the rows of a table come, as a job: from its files, taken in their order, and from what its feeds
//! have sent so far. The arithmetic is `query::lateness`'s.

use std::sync::Arc;

use polars::prelude::{DataFrame, PlSmallStr};

use super::intake::indices;
use super::job::Reporter;
use super::{Feed, Job, Reached, Table};
use crate::data::{Fault, Result};
use crate::query::Plan;
use crate::query::lateness::{Delays, LatenessCost};
use crate::query::window::{Window, finite, micros_of};
use crate::source::live::{Event, ReadOptions};
use crate::sync::Wake;

/// What each setting would have cost the question `plan`, whose answer has `groups` groups a window. `reached` says how
/// far the feeds have come.
pub fn estimate(table: Table, plan: Arc<Plan>, reached: Reached, groups: f64, wake: Wake) -> Job<Vec<LatenessCost>> {
    Job::start("lateness", wake, move |report| {
        let time = table.time.as_ref().ok_or_else(|| {
            Fault::new("this table has no event time").at(&table.name).hint("choose its time column first")
        })?;
        let judged = Judged::new(&table, &plan, &time.column);
        let mut delays = judged.delays();
        let total: u64 = table.history.iter().map(|h| h.extent().bytes).sum();
        let mut done = 0;
        for file in &table.history {
            let mut reader = file.open(&indices(&judged.columns, file.schema(), file.name())?)?;
            while let Some(piece) = reader.next()? {
                report.check()?;
                for chunk in piece.decode()? {
                    done += chunk.bytes;
                    judged.absorb(&mut delays, 0, &chunk.frame)?;
                }
                report.progress(done, total, "history");
            }
        }
        for (number, feed) in table.live.iter().enumerate() {
            report.progress(done, total, feed.url.shown());
            let mut own = judged.delays();
            judged.follow(feed, &reached.stretch(number), report, &mut own)?;
            delays.merge(&own);
        }
        Ok(delays.curve(groups))
    })
}

/// By which times rows are judged, and by which their windows go.
struct Judged<'a> {
    time: &'a str,
    /// The window of a question; `None` where it has none.
    window: Option<&'a Window>,
    /// What is read: the event time first.
    columns: Vec<PlSmallStr>,
}

impl<'a> Judged<'a> {
    fn new(table: &Table, plan: &'a Plan, time: &'a str) -> Self {
        let own: PlSmallStr = time.into();
        let mut columns = vec![own.clone()];
        // Windows that go by another time need what that is computed from.
        if table.judges_all(plan) == Some(true) {
            columns.extend(plan.columns.iter().filter(|column| **column != own).cloned());
        }
        Self { time, window: plan.window(), columns }
    }

    fn delays(&self) -> Delays {
        Delays::by(self.window.map(|window| window.kind))
    }

    fn absorb(&self, delays: &mut Delays, partition: u32, rows: &DataFrame) -> Result<()> {
        let times = finite(micros_of(rows.column(self.time)?)?);
        // A window of a joined question may go by a time that its own rows do not have.
        let windowed = self.window.and_then(|window| window.time.of(rows).ok()).map(|time| micros_of(&time));
        match windowed.transpose()? {
            Some(windowed) => delays.absorb(partition, &times, &windowed),
            None => delays.absorb(partition, &times, &times),
        }
        Ok(())
    }

    /// Takes what a feed has sent so far.
    fn follow(&self, feed: &Feed, sent: &ReadOptions, report: &Reporter, delays: &mut Delays) -> Result<()> {
        let mut opened = feed.reread()?;
        let wait = std::time::Duration::from_millis(20);
        let schema = loop {
            report.check()?;
            if let Some(schema) = opened.settle(wait)? {
                break schema;
            }
        };
        let Some(columns) = self.columns.iter().map(|column| schema.index_of(column)).collect() else { return Ok(()) };
        let mut live = opened.read(&ReadOptions { columns: Some(columns), ..sent.clone() })?;
        loop {
            report.check()?;
            match live.poll(wait)? {
                Event::Chunk(chunk) => self.absorb(delays, chunk.partition, &chunk.frame)?,
                Event::End => return Ok(()),
                _ => {}
            }
        }
    }
}
