//! The threads of a scan: workers, feeds, and what looks after datasets. What each does stands in its own file.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use super::intake::{self, HistoryQueue};
use super::live_chunk::LiveChunk;
use super::memory::Memory;
use super::scan::Scan;
use super::worker::{Intake, Outputs, Pool};
use crate::data::{Fault, Result};
use crate::sync::Worker;

/// Live chunks that may wait for a worker.
const LIVE_QUEUE: usize = 16;
/// How often datasets are looked at, and how long a thread sleeps before it looks whether it should stop.
const LOOK: Duration = Duration::from_secs(1);
const NAP: Duration = Duration::from_millis(50);

/// Starts what reads and absorbs the rows of a scan.
///
/// # Errors
/// When there are no threads.
pub fn start_intake(scan: &Arc<Scan>, history: &Arc<HistoryQueue>, out: Outputs) -> Result<()> {
    let (live_in, live) = bounded::<LiveChunk>(LIVE_QUEUE);
    let pool = pool_of(scan);
    scan.has_bell(pool.bell());
    let _reading = scan.options.memory.as_ref().map(Memory::reading);
    pool.add(Intake { scan: scan.clone(), history: history.clone(), live, out, _reading })?;
    // Feeds last, so that their rows are taken.
    start_feeds(scan, &live_in)
}

/// The workers of a scan.
fn pool_of(scan: &Scan) -> Pool {
    match scan.options.threads {
        0 => Pool::of_process(),
        threads => Pool::of_one(threads),
    }
}

fn start_feeds(scan: &Arc<Scan>, out: &Sender<LiveChunk>) -> Result<()> {
    for (number, feed) in scan.table.live.iter().enumerate() {
        if scan.stop.as_ref().is_some_and(|stop| stop.feeds.get(number).is_none_or(|feed| feed.next.is_empty())) {
            // Nothing of it is asked for.
            scan.feed_ended(number, None);
            continue;
        }
        let first = scan.watermark.add(Instant::now());
        let (own, feed, out) = (scan.clone(), feed.clone(), out.clone());
        start(scan, "feed", move || {
            intake::follow(&own, number, &feed, first, &out);
        })?;
    }
    Ok(())
}

/// Starts what reads datasets anew when their files change. Only while feeds run can that happen under a question.
///
/// # Errors
/// When there is no thread.
pub fn start_dataset_watcher(scan: &Arc<Scan>) -> Result<()> {
    let own = scan.clone();
    start(scan, "dataset", move || {
        let mut waited = Duration::ZERO;
        while !own.ending() && own.feeds().open > 0 {
            std::thread::sleep(NAP);
            waited += NAP;
            if waited >= LOOK {
                waited = Duration::ZERO;
                let set = own.set();
                let asked = set.queries.iter().filter(|query| query.is_asked());
                asked.for_each(|query| query.look_after_dataset(&|| own.ending()));
            }
        }
    })
}

/// Starts a thread of a scan. A panic in it ends the scan with a sentence.
///
/// # Errors
/// When there is no thread.
pub fn start(scan: &Arc<Scan>, name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let scan = scan.clone();
    let on_panic = move |said: String| {
        scan.fail(Fault::new(format!("internal error: {said}")).hint("please report it with the question and the data"))
    };
    Worker::spawn(name, work, on_panic).map(drop).map_err(|e| Fault::io("starting a thread", &e))
}
