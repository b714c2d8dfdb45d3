//! The past of a feed, read once more: by the audit, and by a question that is asked again.

use super::{Conform, WAIT};
use crate::data::{Chunk, Fault, Result};
use crate::engine::feed::Feed;
use crate::engine::query_set::QuerySet;
use crate::engine::scan::Scan;
use crate::source::live::{Event, ReadOptions};

/// Reads a stretch of feed number `number` once more for some questions, in the columns and types of the table.
///
/// # Errors
/// When it cannot be had any more, or `each` fails.
pub fn read_past(
    scan: &Scan,
    set: &QuerySet,
    feed: &Feed,
    stretch: ReadOptions,
    mut each: impl FnMut(Chunk) -> Result<()>,
) -> Result<()> {
    let cancel = &scan.cancel;
    let mut opened = feed.reread()?;
    let settled = loop {
        if cancel.is_set() {
            return Ok(());
        }
        if let Some(schema) = opened.settle(WAIT)? {
            break schema;
        }
    };
    let conform = Conform::new(scan, set, &settled, &feed.url.shown());
    let (columns, vital) = (Some(conform.projection.clone()), conform.vital.clone());
    let mut live = opened.read(&ReadOptions { columns, vital, ..stretch })?;
    while !cancel.is_set() {
        match live.poll(WAIT)? {
            Event::Chunk(chunk) => each(conform.apply(chunk)?)?,
            Event::End => break,
            // A break in a recording is there each time it is read.
            Event::Gap { .. } | Event::Trouble { .. } if feed.kept().is_some() => {}
            Event::Gap { reason } | Event::Trouble { reason } => return Err(Fault::new(reason).at(feed.url.shown())),
            Event::Quiet | Event::Note { .. } | Event::Numbers(_) => {}
        }
    }
    Ok(())
}
