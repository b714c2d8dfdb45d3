//! The merger: folds what workers hand over into the whole, reads the answer at a steady pace, and puts it on the
//! shelf. At a barrier it writes a checkpoint.

mod keep;
mod spill;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};
use polars::prelude::DataFrame;

use self::keep::open_aside;
pub use self::spill::ON_DISK;
use super::Snapshot;
use super::audit::Moment;
use super::checkpoint::Counted;
use super::counts::{Rows, Sample};
use super::intake::HistoryQueue;
use super::late::Late;
use super::latency::Latencies;
use super::ledger::ledger;
use super::rate::Rate;
use super::reached::Reached;
use super::sealed::Sealed;
use super::sealed_answer::SealedAnswer;
use super::seam::Times;
use super::shared::{News, Shared};
use super::spill::Spill;
use super::watermark::Flight;
use crate::data::chunk::CHUNK_BYTES;
use crate::data::{Rejects, Result};
use crate::query::Partial;
use crate::query::window::Micros;
use crate::store::aside::Aside;
use crate::sync::{Latest, Wake};

/// What a worker hands over: its partial, and what else happened meanwhile.
#[derive(Debug, Default)]
pub struct Delta {
    pub partial: Option<Partial>,
    pub rows: Rows,
    pub rejects: Rejects,
    pub late: Late,
    pub chunks: u64,
    /// How long the worker was at work, without waiting.
    pub busy: Duration,
    pub bytes: u64,
    pub history_bytes: u64,
    pub history_rows: u64,
    pub live_rows: u64,
    pub overlap: u64,
    /// The event times that each face brought.
    pub times: Times,
    /// How far the feeds were absorbed.
    pub reached: Reached,
    /// Judged rows that are in the answer once this is merged.
    pub flights: Vec<Flight>,
    /// When live chunks arrived, and their rows.
    pub arrivals: Vec<(Instant, u64)>,
    /// All that this worker took is handed over with this, and it waits at that barrier.
    pub barrier: Option<u64>,
    /// This worker's last word.
    pub gone: bool,
}

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
/// How often one looks for something to do when the last row is taken.
const SERVE: Duration = Duration::from_millis(50);
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
    times: Times,
    reached: Reached,
    /// Arrivals that no snapshot has shown yet.
    waiting: Vec<(Instant, u64)>,
    latencies: Latencies,
    rate: Rate,
    /// Full chunks in a row.
    full: u64,
    /// Workers that have not said their last word.
    workers: usize,
    /// The barrier that was asked for, and how many workers have come to it.
    barrier: Option<(u64, usize)>,
    checkpoints: Option<(PathBuf, Due)>,
    auditor: Option<(Sender<Moment>, Due)>,
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
        auditor: Option<Sender<Moment>>,
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
        let folder = checkpoints.as_ref().map(|folder| folder.join("sealed"));
        let aside = checkpoints.as_ref().map(|folder| open_aside(&shared, &folder.join("aside"))).transpose()?;
        let sealed = Sealed::new(folder, shared.resumed.as_ref().map(|r| r.meta.sealed.clone()).unwrap_or_default())?;
        let folder = checkpoints.as_ref().map(|folder| folder.join("spilled"));
        let spill = Spill::new(folder, shared.resumed.as_ref().map(|r| r.meta.spilled.clone()).unwrap_or_default())?;
        snapshot.stats.workers = shared.options.workers() as u64;
        snapshot.rows = counted.rows;
        snapshot.rejects.count = counted.rows.rejected;
        snapshot.stats.chunks = counted.chunks;
        snapshot.stats.bytes_in = counted.bytes_in;
        snapshot.history_done = counted.history_done;
        snapshot.seam.history_rows = counted.history_rows;
        snapshot.seam.live_rows = counted.live_rows;
        snapshot.seam.overlap_removed = counted.overlap_removed;
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
            latencies: Latencies::default(),
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
            self.keep(false);
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
        if let Some(poured) = &self.shared.poured {
            // It is closed, never written to, when the file is complete.
            let _ = poured.recv();
        }
        self.settle(true);
        self.keep(true);
        self.publish(true, true, shelf, wake);
        self.serve(shelf, wake);
    }

    /// After the last row: verifies the answer, and re-admits late rows when asked, until nobody looks any more.
    fn serve(&mut self, shelf: &Latest<Snapshot>, wake: &Wake) {
        let mut moment = None;
        if self.auditor.is_some()
            && !self.shared.torn.load(Ordering::Acquire)
            && self.spill.is_empty()
            && let Ok(partial) = self.partial.to_frame()
        {
            moment = Some(self.moment(partial));
        }
        while !self.shared.cancel.is_set() {
            if let (Some((auditor, _)), Some(waiting)) = (&self.auditor, moment.take())
                && let Err(TrySendError::Full(back)) = auditor.try_send(waiting)
            {
                moment = Some(back);
            }
            std::thread::sleep(SERVE);
            let changed = self.readmit();
            if changed || self.shared.news().audit != self.snapshot.audit {
                self.publish(changed, true, shelf, wake);
            }
        }
    }

    /// Whether all of history is in the answer: it knows no order, and any of it may belong to any window.
    fn has_read(&self) -> bool {
        self.snapshot.history_done >= self.snapshot.history_total
    }

    fn moment(&self, partial: DataFrame) -> Moment {
        let known = SealedAnswer::of_sealed(self.partial.plan().clone(), &self.sealed, partial, None);
        Moment { known, late: self.late.clone(), reached: self.reached.clone(), until: self.reached.newest() }
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
            tell(&self.shared, ASIDE, kept);
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
        self.shared.merging.set(begun.elapsed());
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
                    tell(&self.shared, ASIDE, aside.readmit_late());
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

    /// Puts a snapshot on the shelf; `fresh` when the answer must be read again.
    fn publish(&mut self, fresh: bool, last: bool, shelf: &Latest<Snapshot>, wake: &Wake) {
        let timed = self.shared.table.time.as_ref();
        let watermark = timed.and_then(|_| self.shared.watermark.answered(Instant::now()));
        if fresh {
            // When every input has come to its end, every window has; before all history is read, none.
            let ended = last && !self.shared.finish.is_set();
            let reached = if ended { Some(Micros::MAX) } else { watermark.filter(|_| self.has_read()) };
            match self.answer(reached, last) {
                Ok(answer) => {
                    self.snapshot.answer = answer.frame;
                    self.snapshot.status = answer.status.map(Arc::from);
                    self.snapshot.stats.groups = answer.groups as u64;
                    self.answer_notes = answer.notes;
                }
                Err(fault) => self.shared.fail(fault),
            }
        }
        let (now, read) = (Instant::now(), self.has_read());
        let s = &mut self.snapshot;
        s.stats.state_bytes = self.partial.size() as u64;
        s.sealed_groups = self.sealed.groups();
        if last && s.sealed_groups > 0 && self.spill.is_empty() {
            match self.partial.to_frame() {
                Ok(rest) => {
                    let plan = self.partial.plan().clone();
                    s.sealed = Some(Arc::new(SealedAnswer::of_sealed(plan, &self.sealed, rest, watermark)));
                }
                Err(fault) => self.shared.fail(fault),
            }
        }
        if last {
            s.late = self.late.shown(usize::MAX);
        }
        s.version += 1;
        let ended_before = std::mem::replace(&mut s.last, last);
        if !ended_before {
            s.elapsed = now - self.shared.started;
        }
        s.stats.first_answer_ms.get_or_insert(s.elapsed.as_secs_f64() * 1e3);
        s.watermark = watermark;
        s.live_rate = self.rate.get(now);
        s.seam = ledger(&self.shared, &s.seam, &self.times, read);
        let ends = {
            let news = self.shared.news();
            s.notes.clone_from(&news.notes);
            s.fault.clone_from(&news.fault);
            s.notes.extend(news.trouble.iter().map(|(feed, why)| format!("{feed}: {why}")));
            s.troubled = news.trouble.len();
            s.gaps.clone_from(&news.gaps);
            s.rows.dropped = news.dropped;
            s.unkept = unkept(&news);
            s.live_open = news.live_open;
            s.audit.clone_from(&news.audit);
            let log =
                |feed| news.logs.iter().find(|log| log.feed == feed).map(|log| log.ends.clone()).unwrap_or_default();
            (0..self.shared.table.live.len()).map(log).collect()
        };
        self.tell_unrecorded(last);
        let s = &mut self.snapshot;
        s.reached.clone_from(&self.reached);
        s.reached.late = s.rows.late + s.rows.readmitted;
        s.reached.ends = ends;
        if last && s.stats.samples.last().is_none_or(|before| before.rows < s.rows.come_in) && s.rows.come_in > 0 {
            let sample = s.sample();
            s.stats.samples.push(sample);
        }
        // Also when only the clock moved on: what was true of the answer still is.
        s.notes.extend(self.answer_notes.iter().cloned());
        for (arrived, rows) in self.waiting.drain(..) {
            self.latencies.add(now.saturating_duration_since(arrived), rows);
        }
        s.stats.latency_ms = self.latencies.get();
        shelf.put(s.clone());
        wake.ring();
    }
}

impl Merger {
    /// What the recordings of the feeds lack.
    fn tell_unrecorded(&mut self, last: bool) {
        let s = &mut self.snapshot;
        s.not_recorded = 0;
        for feed in &self.shared.table.live {
            let Some(lacks) = feed.unrecorded() else { continue };
            let name = feed.url.shown();
            s.not_recorded += lacks.rows;
            // While the run goes on, what waits is still to come.
            s.rows.dropped += lacks.dropped + if last { lacks.waiting } else { 0 };
            if let Some(why) = lacks.why.map(|why| format!("{name}: {why}")).filter(|why| !s.notes.contains(why)) {
                s.notes.push(why);
            }
            for (rows, what) in [
                (lacks.rows, "are in the answer and not in the recording, because it could not be written"),
                (lacks.dropped, "are neither in the answer nor in the recording, because it could not be written"),
                (lacks.waiting, "were read and wait to be recorded; they are not in the answer"),
            ] {
                if rows > 0 {
                    s.unkept.push(format!("{name}: {rows} rows {what}"));
                }
            }
        }
        let untold: Vec<String> = s.unkept.iter().filter(|line| !s.notes.contains(line)).cloned().collect();
        s.notes.extend(untold);
    }
}

/// What of a workspace cannot be written at present.
fn unkept(news: &News) -> Vec<String> {
    let of = |what: &&str| news.trouble.get(*what).map(|why| format!("{what}: {why}"));
    [ASIDE, keep::SEALING, keep::CHECKPOINTS].iter().filter_map(of).collect()
}

/// Notes what is in trouble, or that it no longer is.
fn tell(shared: &Shared, what: &str, outcome: Result<()>) {
    let mut news = shared.news();
    match outcome {
        Ok(()) => news.trouble.remove(what),
        Err(fault) => news.trouble.insert(what.to_owned(), format!("not written: {fault}")),
    };
}

/// What is in trouble when rows set aside cannot be written.
const ASIDE: &str = "rows set aside";
