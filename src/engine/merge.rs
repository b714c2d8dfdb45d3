//! The merger: folds what workers hand over into the whole, reads the answer at a steady pace, and puts it on the shelf.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use polars::prelude::DataFrame;

use super::latency::Latencies;
use super::run::Shared;
use super::seam::{Gap, Seam, SeamLedger, SeamLine};
use super::snapshot::Rows;
use super::{Snapshot, work};
use crate::data::{Rejects, Result};
use crate::query::Partial;
use crate::query::window::Micros;
use crate::sync::{Latest, Wake};

/// What a worker hands over: its partial, and what else happened meanwhile.
#[derive(Debug, Default)]
pub struct Delta {
    pub partial: Option<Partial>,
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
    /// When live chunks arrived, and their rows.
    pub arrivals: Vec<(Instant, u64)>,
}

/// Late rows that are shown; the count goes on.
const LATE_SHOWN: usize = 1_000;
/// Reading the answer must not cost more than a quarter of the time, nor a twentieth while history is read, when it
/// takes from the workers.
const ANSWER_SHARE: u32 = 3;
const HISTORY_SHARE: u32 = 19;
/// A snapshot without new rows: rates and watermark move on.
const TICK: Duration = Duration::from_millis(500);

struct Whole<'a> {
    shared: &'a Shared,
    partial: Partial,
    snapshot: Snapshot,
    /// What there is to say about the answer in the snapshot.
    answer_notes: Vec<String>,
    history_until: Option<Micros>,
    live_from: Option<Micros>,
    /// Arrivals that no snapshot has shown yet.
    waiting: Vec<(Instant, u64)>,
    latencies: Latencies,
    rate: Rate,
}

/// Merges until the last worker is gone, then puts the last snapshot.
pub fn merge(shared: &Arc<Shared>, partial: Partial, history_total: u64, deltas: &Receiver<Delta>, shelf: &Latest<Snapshot>, wake: &Wake) {
    let snapshot = Snapshot { history_total, ..Snapshot::default() };
    let mut whole = Whole {
        shared,
        partial,
        snapshot,
        answer_notes: Vec::new(),
        history_until: None,
        live_from: None,
        waiting: Vec::new(),
        latencies: Latencies::default(),
        rate: Rate::new(shared.started),
    };
    let (mut dirty, mut due, mut shown) = (false, Instant::now(), Instant::now());
    loop {
        let wait = if dirty { due.saturating_duration_since(Instant::now()) } else { TICK };
        match deltas.recv_timeout(wait) {
            Ok(delta) => {
                whole.take(delta);
                dirty = true;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if shared.cancel.is_set() {
            return;
        }
        let now = Instant::now();
        if dirty && now >= due {
            let first = whole.snapshot.version == 0;
            whole.publish(true, false, shelf, wake);
            let cost = now.elapsed();
            // The first answers tighten quickly.
            let pace = if first { Duration::from_millis(10) } else { shared.options.pace };
            let share = if whole.snapshot.history_done < history_total { HISTORY_SHARE } else { ANSWER_SHARE };
            due = now + (cost * (share + 1)).max(pace);
            (dirty, shown) = (false, now);
        } else if !dirty && shown.elapsed() >= TICK && whole.snapshot.version > 0 {
            whole.publish(false, false, shelf, wake);
            shown = Instant::now();
        }
    }
    if !shared.cancel.is_set() {
        whole.publish(true, true, shelf, wake);
    }
}

impl Whole<'_> {
    fn take(&mut self, delta: Delta) {
        let size = delta.partial.as_ref().map_or(0, Partial::size);
        if let Some(partial) = delta.partial
            && let Err(fault) = self.merge(partial)
        {
            self.shared.fail(fault);
        }
        let s = &mut self.snapshot;
        let (all, new) = (&mut s.rows, delta.rows);
        all.come_in += new.come_in;
        all.shown += new.shown;
        all.filtered += new.filtered;
        all.late += new.late;
        all.rejected += new.rejected;
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
        s.stats.merges += 1;
        s.stats.bytes_between_threads += size as u64;
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
        self.waiting.extend(delta.arrivals);
    }

    fn merge(&mut self, partial: Partial) -> Result<()> {
        let begun = Instant::now();
        self.partial.unite(partial)?;
        self.shared.merging.set(begun.elapsed());
        match self.shared.options.memory {
            Some(limit) if self.partial.size() as u64 > limit / 2 => Err(work::too_large(self.partial.size() as u64, self.partial.groups(), limit)),
            _ => Ok(()),
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
        {
            let news = self.shared.news();
            s.notes.clone_from(&news.notes);
            s.fault.clone_from(&news.fault);
            s.notes.extend(news.trouble.iter().map(|(feed, why)| format!("{feed}: {why}")));
            s.troubled = news.trouble.len();
            s.gaps.clone_from(&news.gaps);
            s.rows.dropped = news.dropped;
            s.live_open = news.live_open;
            s.seam = ledger(self.shared, &s.seam, &news.first_live, self.history_until, self.live_from);
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

fn ledger(shared: &Shared, counted: &SeamLedger, first_live: &[(Arc<str>, u32, i64)], history_until: Option<Micros>, live_from: Option<Micros>) -> SeamLedger {
    let table = &shared.table;
    let both = !table.history.is_empty() && !table.live.is_empty();
    let seam_at = match (&table.seam, live_from) {
        (Seam::Time(at), Some(_)) => Some(*at),
        (_, live) => live.map(|first| history_until.unwrap_or(first)),
    };
    let end_of_log: i64 = table.history.iter().map(|h| h.extent().bytes as i64).sum();
    let line = |(source, partition, first): &(Arc<str>, u32, i64)| {
        let (last_history, first_live, gap) = match &table.seam {
            Seam::Position => (Some(end_of_log), Some(*first), Gap::Known((first - end_of_log).unsigned_abs())),
            Seam::Time(_) => (history_until, live_from, if shared.divider.whole { Gap::Known(0) } else { Gap::CannotBeKnown }),
            _ => (None, Some(*first), Gap::CannotBeKnown),
        };
        SeamLine { source: source.to_string(), partition: *partition, last_history, first_live, gap }
    };
    let partitions = if both { first_live.iter().map(line).collect() } else { Vec::new() };
    SeamLedger { kind: table.seam.word(), at: seam_at.filter(|_| both), partitions, ..counted.clone() }
}

/// Rows per second over about the last second.
struct Rate {
    rows: u64,
    since: Instant,
    last: f64,
}

impl Rate {
    fn new(now: Instant) -> Self {
        Self { rows: 0, since: now, last: 0.0 }
    }

    fn add(&mut self, rows: u64) {
        self.rows += rows;
    }

    fn get(&mut self, now: Instant) -> f64 {
        let seconds = (now - self.since).as_secs_f64();
        if seconds >= 0.5 {
            self.last = self.rows as f64 / seconds;
            (self.rows, self.since) = (0, now);
        }
        self.last
    }
}
