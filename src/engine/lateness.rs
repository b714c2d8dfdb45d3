//! Learning how late the rows of a table come, as a job: from its files, taken in their order, and from what its feeds
//! have sent so far. The arithmetic is `query::lateness`'s.

use std::sync::Arc;

use super::intake::indices;
use super::{Job, Reached, Table};
use crate::data::{Fault, Result};
use crate::query::Plan;
use crate::query::lateness::{Delays, LatenessCost};
use crate::query::window::{finite, micros_of};
use crate::source::live::{Event, ReadOptions};
use crate::sync::Wake;

/// What each setting would have cost the question `plan`, whose answer has `groups` groups a window. `reached` says how
/// far the feeds have come.
pub fn estimate(table: Table, plan: Arc<Plan>, reached: Reached, groups: f64, wake: Wake) -> Job<Vec<LatenessCost>> {
    Job::start("lateness", wake, move |report| {
        let time = table.time.as_ref().ok_or_else(|| {
            Fault::new("this table has no event time").at(&table.name).hint("choose its time column first")
        })?;
        let mut delays = Delays::default();
        let total: u64 = table.history.iter().map(|h| h.extent().bytes).sum();
        let mut done = 0;
        for file in &table.history {
            let columns = indices(&[time.column.as_str().into()], file.schema(), file.name())?;
            let mut reader = file.open(&columns)?;
            while let Some(piece) = reader.next()? {
                report.check()?;
                for chunk in piece.decode()? {
                    done += chunk.bytes;
                    delays.absorb(0, &finite(micros_of(chunk.frame.column(&time.column)?)?));
                }
                report.progress(done, total, "history");
            }
        }
        for (number, feed) in table.live.iter().enumerate() {
            report.progress(done, total, feed.url.shown());
            let mut own = Delays::default();
            estimate_feed(feed, number, &time.column, &reached, report, &mut own)?;
            delays.merge(&own);
        }
        Ok(delays.curve(plan.window(), groups))
    })
}

fn estimate_feed(
    feed: &super::Feed,
    number: usize,
    time: &str,
    reached: &Reached,
    report: &super::job::Reporter,
    delays: &mut Delays,
) -> Result<()> {
    let mut opened = feed.reread()?;
    let wait = std::time::Duration::from_millis(20);
    let schema = loop {
        report.check()?;
        if let Some(schema) = opened.settle(wait)? {
            break schema;
        }
    };
    let Some(column) = schema.index_of(time) else { return Ok(()) };
    let mut live = opened.read(&ReadOptions { columns: Some(vec![column]), ..reached.stretch(number) })?;
    loop {
        report.check()?;
        match live.poll(wait)? {
            Event::Chunk(chunk) => delays.absorb(chunk.partition, &finite(micros_of(chunk.frame.column(time)?)?)),
            Event::End => return Ok(()),
            _ => {}
        }
    }
}
