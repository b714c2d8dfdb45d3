//! The self-audit: what was counted as it came is counted once more as a batch, from the files and the recording, and
//! the two are compared group by group. It runs on a thread of its own and leaves the machine to the run itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::counts::Audit;
use super::dataset::Dataset;
use super::intake::{HistoryQueue, read_past};
use super::late::Late;
use super::reached::Reached;
use super::sealed_answer::SealedAnswer;
use super::seam::Face;
use super::seam_filter::SeamFilter;
use super::shared::Shared;
use crate::data::{Chunk, Fault, Result};
use crate::query::Partial;
use crate::query::compare::differences;
use crate::query::window::Micros;

/// What is known at a barrier, to be verified.
pub struct AuditInput {
    /// All that was counted, final windows on disk included.
    pub known: SealedAnswer,
    pub late: Late,
    pub reached: Reached,
    pub until: Option<Micros>,
}

/// How often a waiting auditor looks whether it should stop.
const LOOK: Duration = Duration::from_millis(100);

/// Where inputs are handed in: one at a time.
pub fn channel() -> (Sender<AuditInput>, Receiver<AuditInput>) {
    bounded(1)
}

/// Verifies inputs until the run ends.
pub fn audit(shared: &Arc<Shared>, inputs: &Receiver<AuditInput>) {
    while !shared.cancel.is_set() {
        match inputs.recv_timeout(LOOK) {
            Ok(input) => {
                let begun = Instant::now();
                let outcome = verify(shared, &input);
                if shared.cancel.is_set() {
                    return;
                }
                let (rows, differences, word) = match outcome {
                    Ok((rows, found)) => (rows, found.count, found.example),
                    Err(fault) => (0, 0, Some(format!("could not be verified: {fault}"))),
                };
                let at = std::time::SystemTime::now();
                shared.diagnostics().audit =
                    Some(Audit { until: input.until, at, rows, differences, word, took: begun.elapsed() });
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Why some of the rows that were counted cannot be read again, if that is so.
fn unread(shared: &Shared, reached: &Reached) -> Option<String> {
    let of_file = |feed: usize| shared.table.live.get(feed).is_some_and(|feed| feed.url.follows_file());
    if reached.partitions.iter().any(|at| of_file(at.feed) && (at.epoch > 0 || at.partition > 0)) {
        return Some("a file that is followed began anew, and what stood in it before is not read again".to_owned());
    }
    let lacking: u64 = shared.table.live.iter().filter_map(super::Feed::unrecorded).map(|lacks| lacks.rows).sum();
    (lacking > 0).then(|| format!("{lacking} rows that are counted could not be recorded"))
}

fn verify(shared: &Shared, input: &AuditInput) -> Result<(u64, crate::query::compare::Differences)> {
    let plan = &shared.plan;
    if shared.dataset.as_ref().is_some_and(Dataset::has_changed) {
        return Err(Fault::new("the dataset has changed, and rows were joined with what it was when they came"));
    }
    if let Some(why) = unread(shared, &input.reached) {
        return Err(Fault::new(why));
    }
    let lookup = shared.lookup()?;
    let mut incremental = Partial::new(plan.clone())?;
    input.known.merge_into(&mut incremental)?;
    // A batch knows no lateness.
    input.late.readmit(&mut incremental, lookup.as_deref())?;
    let mut batch = Partial::new(plan.clone())?;
    let seam_filter = SeamFilter::new(&shared.table, None)?;
    let mut rows = 0;
    let mut take = |chunk: Chunk, face: Face| -> Result<()> {
        let begun = Instant::now();
        let (frame, _) = seam_filter.own(chunk.frame, face)?;
        rows += frame.height() as u64;
        match &lookup {
            Some(lookup) => batch.absorb_joined(&frame, lookup, None, None, &|| shared.cancel.is_set())?,
            None => batch.absorb(&frame, None)?,
        };
        // As long a rest as the work took: half a core at most.
        std::thread::sleep(begun.elapsed());
        Ok(())
    };
    let history = HistoryQueue::whole(shared);
    while let Some(handed) = history.next(shared) {
        if shared.cancel.is_set() {
            return Ok(Default::default());
        }
        for chunk in handed.piece.decode()? {
            take(chunk, Face::History)?;
        }
    }
    for (number, feed) in shared.table.live.iter().enumerate() {
        read_past(shared, feed, number, &input.reached, |chunk| take(chunk, Face::Live))?;
    }
    Ok((rows, differences(&incremental, &batch)?))
}
