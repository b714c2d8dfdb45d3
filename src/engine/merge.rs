//! The merger: folds what workers hand over into the whole, reads the answer at a steady pace, and puts it on the shelf.
//! At a barrier it writes a checkpoint.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use polars::prelude::DataFrame;

use super::checkpoint::{self, Counted, FeedAt, Meta};
use super::intake::HistoryQueue;
use super::latency::Latencies;
use super::ledger::ledger;
use super::rate::Rate;
use super::reached::Reached;
use super::run::Shared;
use super::snapshot::Rows;
use super::{Snapshot, work};
use crate::data::{Rejects, Result};
use crate::query::Partial;
use crate::query::window::Micros;
use crate::sync::{Latest, Wake};

/// What a worker hands over: a partial as a table, and what else happened meanwhile.
#[derive(Debug, Default)]
pub struct Delta {
    pub partial: DataFrame,
    pub rows: Rows,
    pub rejects: Rejects,
    pub late: Vec<DataFrame>,
    pub chunks: u64,
    pub bytes: u64,
    pub history_bytes: u64,
    pub history_rows: u64,
    pub live_rows: u64,
    pub overlap: u64,
    pub history_until: Option<Micros>,
    pub live_from: Option<Micros>,
    /// How far the feeds were absorbed.
    pub reached: Reached,
    /// When live chunks arrived, and their rows.
    pub arrivals: Vec<(Instant, u64)>,
    /// All that this worker took is handed over with this, and it waits at that barrier.
    pub barrier: Option<u64>,
    /// This worker's last word.
    pub gone: bool,
}

/// Late rows that are shown; the count goes on.
const LATE_SHOWN: usize = 1_000;
/// Reading the answer must not cost more than a quarter of the time.
const ANSWER_SHARE: u32 = 3;
/// A snapshot without new rows: rates and watermark move on.
const TICK: Duration = Duration::from_millis(500);
/// The shortest time between two checkpoints; a costly one is written more rarely.
const CHECKPOINT: Duration = Duration::from_millis(500);
/// Writing checkpoints must not cost more than a tenth of the time.
const CHECKPOINT_SHARE: u32 = 9;

/// The merger of one run.
pub struct Merger {
    shared: Arc<Shared>,
    history: Arc<HistoryQueue>,
    partial: Partial,
    snapshot: Snapshot,
    /// What there is to say about the answer in the snapshot.
    answer_notes: Vec<String>,
    history_until: Option<Micros>,
    live_from: Option<Micros>,
    reached: Reached,
    /// Arrivals that no snapshot has shown yet.
    waiting: Vec<(Instant, u64)>,
    latencies: Latencies,
    rate: Rate,
    /// Workers that have not said their last word.
    workers: usize,
    saving: Option<Saving>,
}

/// Checkpoints of a run.
struct Saving {
    folder: PathBuf,
    /// The barrier that was asked for, and how many workers have come to it.
    barrier: Option<(u64, usize)>,
    due: Instant,
    /// Rows came since the last one.
    dirty: bool,
}

impl Merger {
    /// # Errors
    /// When the checkpoint to go on from is not one of this plan.
    pub fn new(shared: Arc<Shared>, history: Arc<HistoryQueue>, mut partial: Partial, checkpoints: Option<PathBuf>) -> Result<Self> {
        let mut snapshot = Snapshot { history_total: history.total_bytes(), ..Snapshot::default() };
        let mut counted = Counted::default();
        let mut reached = Reached::default();
        if let Some(resumed) = &shared.resumed {
            partial.merge(&resumed.partial)?;
            counted.clone_from(&resumed.meta.counted);
            reached.clone_from(&resumed.meta.reached);
            snapshot.late.clone_from(&resumed.late);
        }
        snapshot.rows = counted.rows;
        snapshot.rejects.count = counted.rows.rejected;
        snapshot.stats.chunks = counted.chunks;
        snapshot.stats.bytes_in = counted.bytes_in;
        snapshot.history_done = counted.history_done;
        snapshot.seam.history_rows = counted.history_rows;
        snapshot.seam.live_rows = counted.live_rows;
        snapshot.seam.overlap_removed = counted.overlap_removed;
        Ok(Self {
            workers: shared.options.workers(),
            saving: checkpoints.map(|folder| Saving { folder, barrier: None, due: shared.started, dirty: false }),
            rate: Rate::new(shared.started),
            history_until: counted.history_until,
            live_from: counted.live_from,
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
            self.keep(false);
            let now = Instant::now();
            if dirty && now >= due {
                let first = self.snapshot.version == 0;
                self.publish(true, false, shelf, wake);
                let cost = now.elapsed();
                // The first answers tighten quickly.
                let pace = if first { Duration::from_millis(10) } else { self.shared.options.pace };
                due = now + (cost * (ANSWER_SHARE + 1)).max(pace);
                (dirty, shown) = (false, now);
            } else if !dirty && shown.elapsed() >= TICK && self.snapshot.version > 0 {
                self.publish(false, false, shelf, wake);
                shown = Instant::now();
            }
        }
        if let Some(poured) = &self.shared.poured {
            // It is closed, never written to, when the file is complete.
            let _ = poured.recv();
        }
        if !self.shared.cancel.is_set() {
            self.keep(true);
            self.publish(true, true, shelf, wake);
        }
    }

    fn take(&mut self, delta: Delta) {
        if let Err(fault) = self.merge_partial(&delta.partial) {
            self.shared.fail(fault);
        }
        let s = &mut self.snapshot;
        s.rows.add(&delta.rows);
        s.rejects.add(delta.rejects);
        for late in delta.late {
            let room = LATE_SHOWN.saturating_sub(s.late.height());
            if room > 0 {
                let late = late.head(Some(room));
                // Late rows of one table have one schema, so that stacking cannot fail.
                s.late = if s.late.height() == 0 { late } else { s.late.vstack(&late).unwrap_or_else(|_| s.late.clone()) };
            }
        }
        s.stats.chunks += delta.chunks;
        s.stats.bytes_in += delta.bytes;
        s.stats.merges += u64::from(delta.chunks > 0);
        s.stats.bytes_between_threads += delta.partial.estimated_size() as u64;
        s.history_done += delta.history_bytes;
        s.seam.history_rows += delta.history_rows;
        s.seam.live_rows += delta.live_rows;
        s.seam.overlap_removed += delta.overlap;
        self.rate.add(delta.live_rows);
        self.history_until = self.history_until.max(delta.history_until);
        self.live_from = match (self.live_from, delta.live_from) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.reached.merge(&delta.reached);
        self.waiting.extend(delta.arrivals);
        self.workers -= usize::from(delta.gone);
        if let Some(saving) = &mut self.saving {
            saving.dirty |= delta.chunks > 0;
            if let (Some((asked, come)), Some(at)) = (&mut saving.barrier, delta.barrier)
                && *asked == at
                && !delta.gone
            {
                *come += 1;
            }
        }
    }

    fn merge_partial(&mut self, partial: &DataFrame) -> Result<()> {
        if partial.width() > 0 || partial.height() > 0 {
            self.partial.merge(partial)?;
        }
        work::keep_within(&self.shared, &mut self.partial, 2)
    }

    /// Asks for a barrier when a checkpoint is due, and writes it once all workers have come. `last`: they are gone, so that
    /// it can be written at once.
    fn keep(&mut self, last: bool) {
        let Some(saving) = &mut self.saving else { return };
        if !last {
            match saving.barrier {
                None if saving.dirty && Instant::now() >= saving.due => {
                    saving.barrier = Some((self.shared.barrier.ask(), 0));
                    return;
                }
                Some((_, come)) if come >= self.workers => {}
                _ => return,
            }
        }
        let begun = Instant::now();
        let folder = saving.folder.clone();
        let frames = self.partial.to_frame().and_then(|partial| Ok((partial, self.shared.divider.seen()?)));
        let meta = self.meta();
        let Some(saving) = &mut self.saving else { return };
        if let Some((number, _)) = saving.barrier.take() {
            self.shared.barrier.release(number);
        }
        let kept = frames.and_then(|(partial, seen)| checkpoint::save(&folder, &meta, &partial, &self.snapshot.late, seen.as_ref()));
        let mut news = self.shared.news();
        match kept {
            Ok(()) => {
                saving.dirty = false;
                news.trouble.remove(CHECKPOINTS);
            }
            Err(fault) => {
                news.trouble.insert(CHECKPOINTS.to_owned(), format!("not written, and tried again: {fault}"));
            }
        }
        saving.due = Instant::now() + (begun.elapsed() * CHECKPOINT_SHARE).max(CHECKPOINT);
    }

    fn meta(&self) -> Meta {
        let (table, s) = (&self.shared.table, &self.snapshot);
        let feed = |(number, feed): (usize, &super::Feed)| {
            let news = self.shared.news();
            let log = news.logs.iter().find(|l| l.feed == number);
            // A feed that was not asked yet stands where the last checkpoint left it.
            let before = self.shared.resumed.as_ref().and_then(|r| r.meta.feeds.get(number).cloned()).unwrap_or_default();
            let mut next = if before.next.is_empty() { feed.start() } else { before.next };
            next.extend(self.reached.of(number));
            match log {
                Some(log) => FeedAt { next, ends: log.ends.clone(), first_live: log.first_live.clone(), mark: log.mark.clone() },
                None => FeedAt { next, ..before },
            }
        };
        Meta {
            question: checkpoint::question(self.partial.plan(), table),
            // What history owns does not change when its file grows on.
            files: self.shared.resumed.as_ref().map_or_else(|| checkpoint::files(table), |r| r.meta.files.clone()),
            feeds: table.live.iter().enumerate().map(feed).collect(),
            history: self.history.done(),
            reached: self.reached.clone(),
            counted: Counted {
                rows: s.rows,
                chunks: s.stats.chunks,
                bytes_in: s.stats.bytes_in,
                history_done: s.history_done,
                history_rows: s.seam.history_rows,
                live_rows: s.seam.live_rows,
                overlap_removed: s.seam.overlap_removed,
                history_until: self.history_until,
                live_from: self.live_from,
            },
        }
    }

    /// Puts a snapshot on the shelf; `fresh` when the answer must be read again.
    fn publish(&mut self, fresh: bool, last: bool, shelf: &Latest<Snapshot>, wake: &Wake) {
        if fresh {
            match self.partial.answer() {
                Ok(answer) => {
                    self.snapshot.answer = answer.frame;
                    self.snapshot.stats.groups = answer.groups as u64;
                    self.answer_notes = answer.notes;
                }
                Err(fault) => self.shared.fail(fault),
            }
        }
        let now = Instant::now();
        let s = &mut self.snapshot;
        s.version += 1;
        s.last = last;
        s.elapsed = now - self.shared.started;
        s.stats.first_answer_ms.get_or_insert(s.elapsed.as_secs_f64() * 1e3);
        s.watermark = self.shared.table.time.as_ref().and_then(|_| self.shared.watermark.get(now));
        s.live_rate = self.rate.get(now);
        s.seam = ledger(&self.shared, &s.seam, self.history_until, self.live_from);
        {
            let news = self.shared.news();
            s.notes.clone_from(&news.notes);
            s.fault.clone_from(&news.fault);
            s.notes.extend(news.trouble.iter().map(|(feed, why)| format!("{feed}: {why}")));
            s.troubled = news.trouble.len();
            s.gaps.clone_from(&news.gaps);
            s.rows.dropped = news.dropped;
            s.live_open = news.live_open;
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

/// What is in trouble when a checkpoint cannot be written.
const CHECKPOINTS: &str = "checkpoints";
