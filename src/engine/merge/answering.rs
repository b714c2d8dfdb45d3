//! What is known of one question of a scan: the merged partial, late rows, what is on disk, and all that was counted.
//! The merger says when it is read, written down and published.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, TrySendError};
use polars::prelude::DataFrame;

use super::{Epoch, HIDDEN};
use crate::data::Result;
use crate::data::chunk::CHUNK_BYTES;
use crate::engine::audit::AuditInput;
use crate::engine::checkpoint::{Counted, Resumed};
use crate::engine::continuous::ContinuousQuery;
use crate::engine::counts::Sample;
use crate::engine::handover::Delta;
use crate::engine::intake::HistoryQueue;
use crate::engine::late::Late;
use crate::engine::latency::LatencyHistogram;
use crate::engine::memory::Account;
use crate::engine::moment::Moment;
use crate::engine::rate::Rate;
use crate::engine::reached::{Reached, Readmitted};
use crate::engine::scan::Scan;
use crate::engine::sealed::Sealed;
use crate::engine::sealed_answer::SealedAnswer;
use crate::engine::seam::FaceTimes;
use crate::engine::snapshot::Snapshot;
use crate::engine::spill::Spill;
use crate::query::Partial;
use crate::query::window::Micros;
use crate::store::aside::{Aside, Limits};

/// Late rows that are shown; the count goes on.
pub(super) const LATE_SHOWN: usize = 1_000;
/// Bytes of a chunk from which on it counts as full, and after how many full ones in a row a feed runs flat out: one
/// that only caught up with something is not.
const FULL: u64 = CHUNK_BYTES as u64 / 4 * 3;
const FLAT_OUT: u64 = 16;
/// A new question is verified soon, so that a person sees that it is.
const FIRST_AUDIT: Duration = Duration::from_secs(2);
/// What is in trouble when rows set aside cannot be written.
pub(super) const ASIDE: &str = "rows set aside";

/// What is known of one question.
pub struct Answering {
    pub(super) scan: Arc<Scan>,
    pub(super) history: Arc<HistoryQueue>,
    pub(super) query: Arc<ContinuousQuery>,
    pub(super) partial: Partial,
    /// Where what is merged is accounted.
    pub(super) account: Account,
    pub(super) snapshot: Snapshot,
    /// What there is to say about the answer in the snapshot.
    pub(super) answer_notes: Vec<String>,
    pub(super) late: Late,
    /// What is still to be found of the late rows that were re-admitted before the question was changed.
    again: Option<Readmitted>,
    pub(super) sealed: Sealed,
    /// Groups that do not fit into memory.
    pub(super) spill: Spill,
    /// Where late and rejected rows are kept for inspection, in a workspace.
    pub(super) aside: Option<Aside>,
    pub(super) times: FaceTimes,
    pub(super) reached: Reached,
    /// Arrivals that no snapshot has shown yet.
    pub(super) waiting: Vec<(Instant, u64)>,
    pub(super) latencies: LatencyHistogram,
    pub(super) rate: Rate,
    /// Full chunks in a row.
    full: u64,
    /// It joined, and what came before is still being read.
    catching_up: bool,
    /// When it was first asked.
    pub(super) started: Instant,
    /// Since when there are rows that the answer does not have: they came, or late ones were re-admitted.
    unread: Option<Moment>,
    read: Instant,
    pub(super) save: Option<Due>,
    pub(super) audit: Option<Due>,
    /// What is to be verified once the last row is taken.
    last_audit: Option<AuditInput>,
}

/// Something that is done with what is known at a barrier, now and then.
pub(super) struct Due {
    at: Instant,
    /// Rows came since the last time.
    pub(super) dirty: bool,
}

impl Due {
    pub(super) fn is(&self, now: Instant) -> bool {
        self.dirty && now >= self.at
    }

    pub(super) fn done(&mut self, rest: Duration) {
        self.rest(rest);
        self.dirty = false;
    }

    pub(super) fn rest(&mut self, rest: Duration) {
        self.at = Instant::now() + rest;
    }
}

impl Answering {
    /// `joins`: what came before is read beside the scan.
    ///
    /// # Errors
    /// When the checkpoint to go on from is not one of this plan.
    pub fn new(
        scan: &Arc<Scan>,
        history: &Arc<HistoryQueue>,
        query: Arc<ContinuousQuery>,
        joins: bool,
    ) -> Result<Self> {
        let mut snapshot = Snapshot { history_total: history.total_bytes(), ..Snapshot::default() };
        snapshot.stats.workers = scan.options.workers() as u64;
        let again = query.readmitted;
        let now = Instant::now();
        let mut answering = Self {
            full: 0,
            catching_up: joins,
            // What a checkpoint knows is soon there.
            unread: (joins && query.pending.is_none()).then(Moment::now),
            read: now,
            started: if joins { now } else { scan.started },
            // One that joins leaves the others time: what it has to read again is in their recordings.
            save: query
                .checkpoints
                .as_ref()
                .map(|_| Due { at: if joins { now + query.saving.pace } else { now }, dirty: false }),
            audit: query.audit_rest.map(|_| Due { at: now + FIRST_AUDIT, dirty: false }),
            last_audit: None,
            rate: Rate::new(now),
            late: Late::default(),
            again,
            account: query.budget.account(),
            sealed: Sealed::new(None, Vec::new())?,
            spill: Spill::new(None, Vec::new())?,
            aside: None,
            times: FaceTimes::default(),
            reached: Reached { readmitted: again, ..Reached::default() },
            scan: scan.clone(),
            history: history.clone(),
            partial: Partial::new(query.plan.clone())?,
            query,
            snapshot,
            answer_notes: Vec::new(),
            waiting: Vec::new(),
            latencies: LatencyHistogram::default(),
        };
        if answering.query.pending.is_none() {
            let query = answering.query.clone();
            answering.go_on_from(query.resumed.as_ref())?;
        }
        Ok(answering)
    }

    /// Adds what a checkpoint knows, if there is one, to what came meanwhile; from now on it keeps what it knows.
    ///
    /// # Errors
    /// When the checkpoint is not one of this plan; or the disk's.
    pub(super) fn go_on_from(&mut self, resumed: Option<&Resumed>) -> Result<()> {
        if let Some(Resumed { meta, partial, late, .. }) = resumed {
            self.partial.merge(partial)?;
            // It is shown at once, whether more comes or not.
            self.note_unread(Moment::now());
            self.again = None;
            let reached = std::mem::replace(&mut self.reached, meta.reached.clone());
            self.reached.merge(&reached);
            self.times.merge(&meta.counted.times);
            let came = std::mem::replace(&mut self.late, Late::from_frame(late.clone()));
            self.late.add(came)?;
            self.snapshot.late = self.late.shown(LATE_SHOWN);
            go_on_counting(&mut self.snapshot, &meta.counted);
            if meta.history.files >= self.scan.table.history.len() {
                // Whatever has come to the file since is not of the history.
                self.snapshot.history_done = self.snapshot.history_total;
            }
        }
        let kept = resumed.map(|resumed| &resumed.meta);
        let folder = |name: &str| self.query.checkpoints.as_ref().map(|folder| folder.join(name));
        self.aside = self.query.aside.as_ref().map(|folder| open_aside(&self.query, folder)).transpose()?;
        self.sealed = Sealed::new(folder("sealed"), kept.map(|meta| meta.sealed.clone()).unwrap_or_default())?;
        self.spill = Spill::new(folder("spilled"), kept.map(|meta| meta.spilled.clone()).unwrap_or_default())?;
        Ok(())
    }

    pub fn query(&self) -> &Arc<ContinuousQuery> {
        &self.query
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.unread.is_some()
    }

    fn note_unread(&mut self, since: Moment) {
        if self.unread.is_none() {
            self.unread = Some(since);
            self.query.unread.set(since);
        }
    }

    pub(super) fn is_shown(&self) -> bool {
        self.snapshot.version > 0
    }

    /// Whether its answer is to be read when those of the others are: that of a question which nobody looks at is read
    /// more rarely.
    pub(super) fn is_wanted(&self, now: Instant) -> bool {
        !self.query.hidden.load(Ordering::Relaxed) || now >= self.read + HIDDEN
    }

    /// Its answer was read. Since when the rows waited that are new in it.
    pub(super) fn note_read(&mut self) -> Option<Moment> {
        self.read = Instant::now();
        self.unread.take()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.snapshot.last
    }

    pub(super) fn is_catching_up(&self) -> bool {
        self.catching_up
    }

    /// All that came before it joined is read.
    pub(super) fn catch_up_done(&mut self, up_to: &Reached) {
        self.reached.merge(up_to);
        self.catching_up = false;
        self.note_unread(Moment::now());
    }

    pub(super) fn busy(&self) -> Duration {
        self.snapshot.stats.busy
    }

    /// Whether a feed gives all that is taken of it.
    pub(super) fn is_flat_out(&self) -> bool {
        self.full >= FLAT_OUT
    }

    /// Whether all of history is in the answer: it knows no order, and any of it may belong to any window.
    pub(super) fn has_read(&self) -> bool {
        !self.catching_up && self.snapshot.history_done >= self.snapshot.history_total
    }

    /// The last row is taken: the answer is complete.
    pub(super) fn end(&mut self, epoch: Epoch, auditor: Option<&Sender<AuditInput>>) {
        if self.has_ended() {
            return;
        }
        if let Some(rows_written) = &self.query.rows_written {
            // The channel is closed, and never written to, when the file is complete.
            let _ = rows_written.recv();
        }
        self.settle(true);
        if !self.scan.rows_left.load(Ordering::Acquire) && self.can_save() {
            // Nothing more is taken, so that no barrier is needed.
            if let Some(known) = self.known(true, false) {
                self.write_down(known, auditor);
            }
        }
        self.publish(true, true, epoch);
        if self.audit.is_some()
            && !self.scan.rows_left.load(Ordering::Acquire)
            && self.spill.is_empty()
            && let Ok(partial) = self.partial.to_frame()
        {
            self.last_audit = self.audit_input(partial);
        }
    }

    /// Verifies the last answer, once the auditor is free.
    pub(super) fn verify_again(&mut self, auditor: Option<&Sender<AuditInput>>) {
        if let (Some(auditor), Some(input)) = (auditor, self.last_audit.take())
            && let Err(TrySendError::Full(back)) = auditor.try_send(input)
        {
            self.last_audit = Some(back);
        }
    }

    /// Whether there is something to show beside rows.
    pub(super) fn has_news(&self) -> bool {
        *self.query.audit() != self.snapshot.audit
    }

    /// What is to be verified; `None` where there is no memory for it.
    pub(super) fn audit_input(&self, partial: DataFrame) -> Option<AuditInput> {
        let room = self.query.budget.take_audit(self.partial.size() as u64)?;
        let known = SealedAnswer::of_sealed(self.partial.plan().clone(), &self.sealed, partial, None);
        Some(AuditInput {
            scan: self.scan.clone(),
            query: self.query.clone(),
            known,
            late: self.late.clone(),
            reached: self.reached.clone(),
            until: self.reached.newest(),
            _room: room,
        })
    }

    pub(super) fn take(&mut self, delta: Delta, at: Moment) {
        if delta.chunks > 0 {
            self.note_unread(at);
        }
        let size = delta.partial.as_ref().map_or(0, Partial::size);
        if let Some(partial) = delta.partial
            && let Err(fault) = self.partial.unite(partial)
        {
            self.query.fail(fault);
        }
        if delta.live_rows > 0 {
            // Its chunks are as large as chunks may be: there was more.
            self.full = if delta.bytes >= delta.chunks * FULL { self.full.saturating_add(delta.chunks) } else { 0 };
        }
        let s = &mut self.snapshot;
        s.rows.add(&delta.rows);
        if let Some(aside) = &mut self.aside {
            self.query.diagnostics().trouble(ASIDE, aside.add_rejected(&delta.rejects));
        }
        s.rejects.add(delta.rejects);
        self.take_late(delta.late);
        let s = &mut self.snapshot;
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
        let fresh = delta.chunks > 0;
        self.save.iter_mut().chain(&mut self.audit).for_each(|due| due.dirty |= fresh);
    }

    /// Keeps late rows, apart from those that were re-admitted before the question was changed.
    fn take_late(&mut self, mut late: Late) {
        if late.is_empty() {
            return;
        }
        let lateness = self.lateness();
        if let Some(left) = &mut self.again {
            match late.take_readmitted(lateness, left) {
                Ok(again) => drop(self.readmit_rows(&again)),
                Err(fault) => self.query.note(format!("late rows could not be re-admitted: {fault}")),
            }
        }
        if let Some(aside) = &mut self.aside {
            self.query.diagnostics().trouble(ASIDE, aside.add_late(&late.shown(usize::MAX)));
        }
        if let Err(fault) = self.late.add(late) {
            self.query.note(format!("late rows are not kept: {fault}"));
        }
        self.snapshot.late = self.late.shown(LATE_SHOWN);
    }

    fn lateness(&self) -> Micros {
        let time = self.scan.table.time.as_ref();
        time.map_or(0, |time| Micros::try_from(time.lateness.as_micros()).unwrap_or(Micros::MAX))
    }

    /// Puts late rows into the windows they missed, where a person asked for it.
    pub(super) fn readmit(&mut self) {
        if !self.query.readmit.take() || self.late.is_empty() {
            return;
        }
        let late = std::mem::take(&mut self.late);
        if !self.readmit_rows(&late) {
            self.late = late;
            return;
        }
        if let Ok(Some(readmitted)) = late.readmitted(self.lateness()) {
            self.reached.readmitted = Some(readmitted.and(self.reached.readmitted));
        }
        if let Some(aside) = &mut self.aside {
            self.query.diagnostics().trouble(ASIDE, aside.readmit_late());
        }
        self.snapshot.late = DataFrame::empty();
        self.save.iter_mut().for_each(|due| due.dirty = true);
    }

    /// Puts these rows, which are counted as late, into the windows they missed; whether it could be done.
    fn readmit_rows(&mut self, late: &Late) -> bool {
        let readmitted = self
            .query
            .lookup(&|| self.scan.ending())
            .and_then(|lookup| late.readmit(&mut self.partial, lookup.as_deref()));
        match readmitted {
            Ok((shown, filtered)) => {
                let rows = &mut self.snapshot.rows;
                rows.shown += shown;
                rows.filtered += filtered;
                rows.late = rows.late.saturating_sub(shown + filtered);
                rows.readmitted += shown;
                self.note_unread(Moment::now());
                true
            }
            Err(fault) => {
                self.query.note(format!("late rows could not be re-admitted: {fault}"));
                false
            }
        }
    }
}

/// Adds what a checkpoint has counted to the counters of a snapshot.
fn go_on_counting(snapshot: &mut Snapshot, counted: &Counted) {
    snapshot.rows.add(&counted.rows);
    snapshot.rejects.count += counted.rows.rejected;
    snapshot.stats.chunks += counted.chunks;
    snapshot.stats.bytes_in += counted.bytes_in;
    snapshot.history_done += counted.history_done;
    snapshot.seam.history_rows += counted.history_rows;
    snapshot.seam.live_rows += counted.live_rows;
    snapshot.seam.overlap_removed += counted.overlap_removed;
}

/// The files of rows set aside, as they were at the checkpoint that the run goes on from: what came after it comes
/// again.
fn open_aside(query: &ContinuousQuery, folder: &std::path::Path) -> Result<Aside> {
    let (mut aside, faults) = Aside::open(folder, Limits::default())?;
    faults.into_iter().for_each(|fault| query.note(fault.to_string()));
    let (late, rejected) = query.before.get().map(|before| before.aside).unwrap_or_default();
    aside.truncate(&late, &rejected)?;
    Ok(aside)
}
