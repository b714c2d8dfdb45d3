//! The merger: folds what workers hand over into the whole, and decides when the answer is read, when a checkpoint is
//! written and when the answer is verified. What a snapshot says is `publish`'s, what is written down `persist`'s.

mod delta;
mod persist;
mod publish;
mod spill;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};
use polars::prelude::DataFrame;

pub use self::delta::Delta;
use self::persist::open_aside;
pub use self::spill::ON_DISK;
use super::Snapshot;
use super::audit::AuditInput;
use super::checkpoint::Counted;
use super::counts::Sample;
use super::intake::HistoryQueue;
use super::late::Late;
use super::latency::LatencyHistogram;
use super::rate::Rate;
use super::reached::Reached;
use super::sealed::Sealed;
use super::sealed_answer::SealedAnswer;
use super::seam::FaceTimes;
use super::shared::Shared;
use super::spill::Spill;
use crate::data::Result;
use crate::data::chunk::CHUNK_BYTES;
use crate::query::Partial;
use crate::store::aside::Aside;
use crate::sync::{Latest, Wake};

/// Late rows that are shown; the count goes on.
const LATE_SHOWN: usize = 1_000;
/// Reading the answer must not cost more than a quarter of the time, nor an eighth while feeds give all that is taken
/// of them, nor a twentieth while history is read: then it takes from the rows that wait.
const ANSWER_SHARE: u32 = 3;
const FLAT_OUT_SHARE: u32 = 7;
const HISTORY_SHARE: u32 = 19;
/// While workers have time to spare it may take half of it: what is shown is newer.
const SPARE_SHARE: u32 = 1;
/// Bytes of a chunk from which on it counts as full, and after how many full ones in a row a feed runs flat out: one
/// that only caught up with something is not.
const FULL: u64 = CHUNK_BYTES as u64 / 4 * 3;
const FLAT_OUT: u64 = 16;
/// A snapshot without new rows: rates and watermark move on.
const TICK: Duration = Duration::from_millis(500);
/// A new run is verified soon, so that a person sees that it is.
const FIRST_AUDIT: Duration = Duration::from_secs(2);
/// How often the merger looks for requests and audits once the last row is taken.
const SERVE: Duration = Duration::from_millis(50);
/// What is in trouble when rows set aside cannot be written.
const ASIDE: &str = "rows set aside";

/// The merger of one run.
pub struct Merger {
    shared: Arc<Shared>,
    history: Arc<HistoryQueue>,
    partial: Partial,
    snapshot: Snapshot,
    /// What there is to say about the answer in the snapshot.
    answer_notes: Vec<String>,
    late: Late,
    sealed: Sealed,
    /// Groups that do not fit into memory.
    spill: Spill,
    /// Where late and rejected rows are kept for inspection, in a workspace.
    aside: Option<Aside>,
    times: FaceTimes,
    reached: Reached,
    /// Arrivals that no snapshot has shown yet.
    waiting: Vec<(Instant, u64)>,
    latencies: LatencyHistogram,
    rate: Rate,
    /// Full chunks in a row.
    full: u64,
    /// Workers that have not said their last word.
    workers: usize,
    /// The barrier that was asked for, and how many workers have come to it.
    barrier: Option<(u64, usize)>,
    checkpoints: Option<(PathBuf, Due)>,
    auditor: Option<(Sender<AuditInput>, Due)>,
}

/// Something that is done with what is known at a barrier, now and then.
struct Due {
    at: Instant,
    /// Rows came since the last time.
    dirty: bool,
}

impl Due {
    fn is(&self, now: Instant) -> bool {
        self.dirty && now >= self.at
    }

    fn done(&mut self, rest: Duration) {
        *self = Self { at: Instant::now() + rest, dirty: false };
    }
}

impl Merger {
    /// # Errors
    /// When the checkpoint to go on from is not one of this plan.
    pub fn new(
        shared: Arc<Shared>,
        history: Arc<HistoryQueue>,
        mut partial: Partial,
        checkpoints: Option<PathBuf>,
        auditor: Option<Sender<AuditInput>>,
    ) -> Result<Self> {
        let mut snapshot = Snapshot { history_total: history.total_bytes(), ..Snapshot::default() };
        let mut counted = Counted::default();
        let mut reached = Reached::default();
        let mut late = Late::default();
        if let Some(resumed) = &shared.resumed {
            partial.merge(&resumed.partial)?;
            counted.clone_from(&resumed.meta.counted);
            reached.clone_from(&resumed.meta.reached);
            late = Late::from_frame(resumed.late.clone());
            snapshot.late = late.shown(LATE_SHOWN);
        }
        let kept = shared.resumed.as_ref().map(|resumed| &resumed.meta);
        let in_workspace = |name: &str| checkpoints.as_ref().map(|folder| folder.join(name));
        let aside = in_workspace("aside").map(|folder| open_aside(&shared, &folder)).transpose()?;
        let sealed = Sealed::new(in_workspace("sealed"), kept.map(|meta| meta.sealed.clone()).unwrap_or_default())?;
        let spill = Spill::new(in_workspace("spilled"), kept.map(|meta| meta.spilled.clone()).unwrap_or_default())?;
        snapshot.stats.workers = shared.options.workers() as u64;
        go_on_counting(&mut snapshot, &counted);
        Ok(Self {
            full: 0,
            workers: shared.options.workers(),
            barrier: None,
            checkpoints: checkpoints.map(|folder| (folder, Due { at: shared.started, dirty: false })),
            auditor: auditor.map(|auditor| (auditor, Due { at: shared.started + FIRST_AUDIT, dirty: false })),
            rate: Rate::new(shared.started),
            late,
            sealed,
            spill,
            aside,
            times: counted.times,
            reached,
            shared,
            history,
            partial,
            snapshot,
            answer_notes: Vec::new(),
            waiting: Vec::new(),
            latencies: LatencyHistogram::default(),
        })
    }

    /// Merges until the last worker is gone, then puts the last snapshot.
    pub fn merge(mut self, deltas: &Receiver<Delta>, shelf: &Latest<Snapshot>, wake: &Wake) {
        let (mut dirty, mut due, mut shown) = (false, Instant::now(), Instant::now());
        let mut busy = Duration::ZERO;
        loop {
            let wait = if dirty { due.saturating_duration_since(Instant::now()) } else { TICK };
            match deltas.recv_timeout(wait) {
                Ok(delta) => {
                    dirty |= delta.chunks > 0;
                    self.take(delta);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.shared.cancel.is_set() {
                return;
            }
            dirty |= self.readmit();
            self.seal();
            self.persist(false);
            let now = Instant::now();
            if dirty && now >= due {
                let first = self.snapshot.version == 0;
                self.publish(true, false, shelf, wake);
                let cost = now.elapsed();
                // The first answers tighten quickly.
                let pace = if first { Duration::from_millis(10) } else { self.shared.options.pace };
                let spare =
                    self.snapshot.stats.busy.saturating_sub(busy) < shown.elapsed() * self.workers as u32 * 2 / 3;
                busy = self.snapshot.stats.busy;
                let share = match (self.full >= FLAT_OUT, spare) {
                    _ if !self.has_read() => HISTORY_SHARE,
                    (true, _) => FLAT_OUT_SHARE,
                    (false, true) => SPARE_SHARE,
                    (false, false) => ANSWER_SHARE,
                };
                due = now + (cost * (share + 1)).max(pace);
                (dirty, shown) = (false, now);
            } else if !dirty && shown.elapsed() >= TICK && self.snapshot.version > 0 {
                self.publish(false, false, shelf, wake);
                shown = Instant::now();
            }
        }
        if self.shared.cancel.is_set() {
            return;
        }
        if let Some(rows_written) = &self.shared.rows_written {
            // The channel is closed, and never written to, when the file is complete.
            let _ = rows_written.recv();
        }
        self.settle(true);
        self.persist(true);
        self.publish(true, true, shelf, wake);
        self.serve(shelf, wake);
    }

    /// After the last row: verifies the answer, and re-admits late rows when asked, until the run is dropped.
    fn serve(&mut self, shelf: &Latest<Snapshot>, wake: &Wake) {
        let mut input = None;
        if self.auditor.is_some()
            && !self.shared.rows_left.load(Ordering::Acquire)
            && self.spill.is_empty()
            && let Ok(partial) = self.partial.to_frame()
        {
            input = Some(self.audit_input(partial));
        }
        while !self.shared.cancel.is_set() {
            if let (Some((auditor, _)), Some(waiting)) = (&self.auditor, input.take())
                && let Err(TrySendError::Full(back)) = auditor.try_send(waiting)
            {
                input = Some(back);
            }
            std::thread::sleep(SERVE);
            let changed = self.readmit();
            if changed || self.shared.diagnostics().audit != self.snapshot.audit {
                self.publish(changed, true, shelf, wake);
            }
        }
    }

    /// Whether all of history is in the answer: it knows no order, and any of it may belong to any window.
    fn has_read(&self) -> bool {
        self.snapshot.history_done >= self.snapshot.history_total
    }

    fn audit_input(&self, partial: DataFrame) -> AuditInput {
        let known = SealedAnswer::of_sealed(self.partial.plan().clone(), &self.sealed, partial, None);
        AuditInput { known, late: self.late.clone(), reached: self.reached.clone(), until: self.reached.newest() }
    }

    fn take(&mut self, delta: Delta) {
        let size = delta.partial.as_ref().map_or(0, Partial::size);
        if let Some(partial) = delta.partial
            && let Err(fault) = self.unite(partial)
        {
            self.shared.fail(fault);
        }
        if delta.live_rows > 0 {
            // Its chunks are as large as chunks may be: there was more.
            self.full = if delta.bytes >= delta.chunks * FULL { self.full.saturating_add(delta.chunks) } else { 0 };
        }
        let s = &mut self.snapshot;
        s.rows.add(&delta.rows);
        if let Some(aside) = &mut self.aside {
            let kept = aside.add_rejected(&delta.rejects).and_then(|()| aside.add_late(&delta.late.shown(usize::MAX)));
            note_trouble(&self.shared, ASIDE, kept);
        }
        s.rejects.add(delta.rejects);
        if !delta.late.is_empty() {
            if let Err(fault) = self.late.add(delta.late) {
                self.shared.note(format!("late rows are not kept: {fault}"));
            }
            s.late = self.late.shown(LATE_SHOWN);
        }
        s.stats.chunks += delta.chunks;
        s.stats.busy += delta.busy;
        s.stats.bytes_in += delta.bytes;
        s.stats.merges += u64::from(delta.chunks > 0);
        s.stats.bytes_between_threads += size as u64;
        s.history_done += delta.history_bytes;
        s.seam.history_rows += delta.history_rows;
        s.seam.live_rows += delta.live_rows;
        s.seam.overlap_removed += delta.overlap;
        let grown = s.stats.samples.last().is_none_or(|before| s.rows.come_in >= before.rows + before.rows / 2);
        if s.rows.come_in > 0 && grown {
            let (state, groups) = (
                self.partial.size() as u64 + self.spill.bytes(),
                self.partial.groups() as u64 + self.sealed.groups() + self.spill.groups(),
            );
            let sample = Sample { state, groups, ..s.sample() };
            s.stats.samples.push(sample);
        }
        self.rate.add(delta.live_rows);
        self.times.merge(&delta.times);
        self.reached.merge(&delta.reached);
        self.waiting.extend(delta.arrivals);
        self.workers -= usize::from(delta.gone);
        let fresh = delta.chunks > 0;
        self.checkpoints
            .iter_mut()
            .map(|(_, due)| due)
            .chain(self.auditor.iter_mut().map(|(_, due)| due))
            .for_each(|due| due.dirty |= fresh);
        if let (Some((asked, come)), Some(at)) = (&mut self.barrier, delta.barrier)
            && *asked == at
            && !delta.gone
        {
            *come += 1;
        }
    }

    fn unite(&mut self, partial: Partial) -> Result<()> {
        let begun = Instant::now();
        self.partial.unite(partial)?;
        self.shared.merge_time.set(begun.elapsed());
        self.relieve()
    }

    /// Puts late rows into the windows they missed, where a person asked for it; true when that changed the answer.
    fn readmit(&mut self) -> bool {
        if !self.shared.readmit.take() || self.late.is_empty() {
            return false;
        }
        let readmitted =
            self.shared.lookup().and_then(|lookup| self.late.readmit(&mut self.partial, lookup.as_deref()));
        match readmitted {
            Ok((shown, filtered)) => {
                let rows = &mut self.snapshot.rows;
                rows.shown += shown;
                rows.filtered += filtered;
                rows.late = rows.late.saturating_sub(shown + filtered);
                rows.readmitted += shown;
                self.late = Late::default();
                if let Some(aside) = &mut self.aside {
                    note_trouble(&self.shared, ASIDE, aside.readmit_late());
                }
                self.snapshot.late = DataFrame::empty();
                self.checkpoints.iter_mut().for_each(|(_, due)| due.dirty = true);
                true
            }
            Err(fault) => {
                self.shared.note(format!("late rows could not be re-admitted: {fault}"));
                false
            }
        }
    }
}

/// Sets the counters of a snapshot to where a checkpoint left them.
fn go_on_counting(snapshot: &mut Snapshot, counted: &Counted) {
    snapshot.rows = counted.rows;
    snapshot.rejects.count = counted.rows.rejected;
    snapshot.stats.chunks = counted.chunks;
    snapshot.stats.bytes_in = counted.bytes_in;
    snapshot.history_done = counted.history_done;
    snapshot.seam.history_rows = counted.history_rows;
    snapshot.seam.live_rows = counted.live_rows;
    snapshot.seam.overlap_removed = counted.overlap_removed;
}

/// Notes what is in trouble, or that it no longer is.
fn note_trouble(shared: &Shared, what: &str, outcome: Result<()>) {
    let mut diagnostics = shared.diagnostics();
    match outcome {
        Ok(()) => diagnostics.trouble.remove(what),
        Err(fault) => diagnostics.trouble.insert(what.to_owned(), format!("not written: {fault}")),
    };
}
