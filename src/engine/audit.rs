//! The self-audit: what was counted as it came is counted once more as a batch, from the files and the recording, and
//! the two are compared group by group. It runs on a thread of its own and leaves the machine to the run itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crossbeam_channel::{Sender, bounded};

use super::continuous::ContinuousQuery;
use super::counts::Audit;
use super::dataset::Dataset;
use super::intake::{HistoryQueue, read_past};
use super::late::Late;
use super::memory::Account;
use super::piece::HistoryDone;
use super::query_set::QuerySet;
use super::reached::{PartitionPosition, Reached};
use super::row_rule::RowRule;
use super::scan::Scan;
use super::sealed_answer::SealedAnswer;
use super::seam::Face;
use crate::data::{Chunk, Fault, Result};
use crate::query::Partial;
use crate::query::compare::differences;
use crate::query::window::Micros;
use crate::sync::{Worker, caught};

/// What is known of a question at a barrier, to be verified.
pub struct AuditInput {
    pub scan: Arc<Scan>,
    pub query: Arc<ContinuousQuery>,
    /// All that was counted, final windows on disk included.
    pub known: SealedAnswer,
    pub late: Late,
    pub reached: Reached,
    pub until: Option<Micros>,
    /// The memory that verifying takes.
    pub _room: Account,
}

/// Where inputs are handed in, one at a time: the auditor of the process verifies the answers of all tables in turn.
///
/// # Errors
/// When there is no thread.
pub fn of_process() -> Result<Sender<AuditInput>> {
    static AUDITOR: Mutex<Option<Sender<AuditInput>>> = Mutex::new(None);
    let mut auditor = AUDITOR.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(auditor) = &*auditor {
        return Ok(auditor.clone());
    }
    let (inputs, waiting) = bounded::<AuditInput>(1);
    let work = move || waiting.iter().for_each(|input| audit(&input));
    Worker::spawn("audit", work, drop).map_err(|e| Fault::io("starting a thread", &e))?;
    *auditor = Some(inputs.clone());
    Ok(inputs)
}

fn audit(input: &AuditInput) {
    let begun = Instant::now();
    let outcome =
        caught(|| verify(&input.scan, input)).unwrap_or_else(|said| Err(Fault::new(format!("internal error: {said}"))));
    if input.scan.cancel.is_set() {
        return;
    }
    let (rows, differences, word) = match outcome {
        Ok((rows, found)) => (rows, found.count, found.example),
        Err(fault) => (0, 0, Some(format!("could not be verified: {fault}"))),
    };
    let at = std::time::SystemTime::now();
    *input.query.audit() = Some(Audit { until: input.until, at, rows, differences, word, took: begun.elapsed() });
}

/// Why some of the rows that were counted cannot be read again, if that is so.
fn unread(scan: &Scan, reached: &Reached) -> Option<String> {
    let of_file = |feed: usize| scan.table.live.get(feed).is_some_and(|feed| feed.url.follows_file());
    if reached.partitions.iter().any(|at| of_file(at.feed) && (at.epoch > 0 || at.partition > 0)) {
        return Some("a file that is followed began anew, and what stood in it before is not read again".to_owned());
    }
    let gone = |at: &PartitionPosition| {
        let kept = scan.table.live.get(at.feed).and_then(super::Feed::kept);
        kept.is_some_and(|kept| at.start < kept.range.start)
    };
    if reached.partitions.iter().any(gone) {
        return Some("the recording no longer holds all that is counted".to_owned());
    }
    let lacking: u64 = scan.table.live.iter().filter_map(super::Feed::unrecorded).map(|lacks| lacks.rows).sum();
    (lacking > 0).then(|| format!("{lacking} rows that are counted could not be recorded"))
}

fn verify(scan: &Scan, input: &AuditInput) -> Result<(u64, crate::query::compare::Differences)> {
    let (query, plan, table) = (&input.query, &input.query.plan, &scan.table);
    if query.dataset.as_ref().is_some_and(Dataset::has_changed) {
        return Err(Fault::new("the dataset has changed, and rows were joined with what it was when they came"));
    }
    if let Some(why) = unread(scan, &input.reached) {
        return Err(Fault::new(why));
    }
    let lookup = query.lookup(&|| scan.ending())?;
    let mut incremental = Partial::new(plan.clone())?;
    input.known.merge_into(&mut incremental)?;
    // A batch knows no lateness.
    input.late.readmit(&mut incremental, lookup.as_deref())?;
    let mut batch = Partial::new(plan.clone())?;
    let set = Arc::new(QuerySet::new(table, vec![query.clone()]));
    let rule = RowRule::new(plan.vital.clone(), table, None)?;
    let must_stop = || scan.cancel.is_set() || !query.is_asked();
    let mut rows = 0;
    let mut take = |chunk: Chunk, face: Face| -> Result<()> {
        let begun = Instant::now();
        let frame = rule.apply(chunk.frame, chunk.rejects, face)?.frame;
        rows += frame.height() as u64;
        match &lookup {
            Some(lookup) => batch.absorb_joined(&frame, lookup, None, None, &must_stop)?,
            None => batch.absorb(&frame, None)?,
        };
        // As long a rest as the work took: half a core at most.
        std::thread::sleep(begun.elapsed());
        Ok(())
    };
    let history = HistoryQueue::new(table, set.clone(), HistoryDone::default(), None, None);
    while let Some(handed) = history.next(scan) {
        if must_stop() {
            return Ok(Default::default());
        }
        for chunk in handed.piece.decode()? {
            take(chunk, Face::History)?;
        }
    }
    for (number, feed) in table.live.iter().enumerate() {
        read_past(scan, &set, feed, input.reached.stretch(number), |chunk| take(chunk, Face::Live))?;
    }
    Ok((rows, differences(&incremental, &batch)?))
}
