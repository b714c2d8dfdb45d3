//! How far event time has come: per partition the largest event time seen less the allowed lateness, per table the
//! smallest of those, partitions idle for longer than a timeout left out. It never goes back. An answer has come less
//! far while rows that were seen are not in it yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use polars::prelude::{ChunkAgg, Int64Chunked};

use crate::query::window::{Micros, WATERMARK};

/// A partition that has sent nothing for this long no longer holds the table's watermark back.
pub const IDLE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Watermark {
    lateness: Micros,
    idle: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    partitions: Vec<Partition>,
    reached: Option<Micros>,
    /// The watermarks before chunks that no answer holds yet, and how many chunks each.
    in_flight: BTreeMap<Option<Micros>, usize>,
}

/// Rows that were judged, on their way into the answer; dropped when they are in it, or lost for it.
#[derive(Debug)]
pub struct InFlight {
    state: Arc<Mutex<State>>,
    /// The watermark before them.
    pub before: Option<Micros>,
}

impl InFlight {
    fn new(of: &Arc<Mutex<State>>, state: &mut State, before: Option<Micros>) -> Self {
        *state.in_flight.entry(before).or_default() += 1;
        Self { state: of.clone(), before }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chunks) = state.in_flight.get_mut(&self.before) {
            *chunks -= 1;
            if *chunks == 0 {
                state.in_flight.remove(&self.before);
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Partition {
    newest: Option<Micros>,
    heard: Instant,
    ended: bool,
}

impl Watermark {
    pub fn new(lateness: Duration) -> Self {
        Self {
            lateness: Micros::try_from(lateness.as_micros()).unwrap_or(Micros::MAX),
            idle: IDLE,
            state: Arc::default(),
        }
    }

    /// Sets how long a partition may be silent before it no longer holds the watermark back.
    pub fn idle_after(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Adds a partition; the number is its name in the other calls.
    pub fn add(&self, now: Instant) -> usize {
        let mut state = self.lock();
        state.partitions.push(Partition { newest: None, heard: now, ended: false });
        state.partitions.len() - 1
    }

    /// A row of `partition` has event time `newest`. Gives the watermark as it was *before* it: what decides whether
    /// rows that came together with it are late.
    pub fn advance(&self, partition: usize, newest: Option<Micros>, now: Instant) -> Option<Micros> {
        let mut state = self.lock();
        let before = self.settle(&mut state, now);
        if let Some(p) = state.partitions.get_mut(partition) {
            p.newest = p.newest.max(newest);
            p.heard = now;
        }
        before
    }

    /// Rows of `partition` with these event times came, in this order: as `advance`, and for each row that is older
    /// than the watermark by then (with `all` for every row) that watermark. What is late so depends on the order
    /// of the rows alone, and not on how they were cut into chunks; where there are no such rows there is nothing
    /// to judge.
    pub fn judge(
        &self,
        partition: usize,
        times: &Int64Chunked,
        all: bool,
        now: Instant,
    ) -> (InFlight, Option<Int64Chunked>) {
        let mut state = self.lock();
        let before = self.settle(&mut state, now);
        let flight = InFlight::new(&self.state, &mut state, before);
        let others = state.partitions.iter().enumerate().filter(|(i, p)| *i != partition && self.holds(p, now));
        let others = others.map(|(_, p)| p.newest).min();
        let reached = |newest: Option<Micros>| {
            let least = others.map_or(newest, |others| others.min(newest));
            before.max(least.map(|t| t.saturating_sub(self.lateness)))
        };
        let Some(p) = state.partitions.get_mut(partition) else { return (flight, None) };
        let mut newest = p.newest;
        p.newest = newest.max(times.max());
        p.heard = now;
        let highest = reached(p.newest);
        if highest.is_none() || (!all && times.min() >= highest) {
            return (flight, None);
        }
        let judge = |time: Option<Micros>| {
            let watermark = reached(newest);
            newest = newest.max(time);
            watermark.filter(|w| all || time.is_some_and(|t| t < *w))
        };
        let each: Int64Chunked = times.iter().map(judge).collect();
        (flight, (each.null_count() < each.len()).then(|| each.with_name(WATERMARK.into())))
    }

    /// No row of `partition` will come any more: it holds nothing back.
    pub fn end(&self, partition: usize) {
        if let Some(p) = self.lock().partitions.get_mut(partition) {
            p.ended = true;
        }
    }

    /// `None` until every partition that is not idle has sent a row.
    pub fn get(&self, now: Instant) -> Option<Micros> {
        self.settle(&mut self.lock(), now)
    }

    /// How far the answer has come: what is in flight may still change any window that was open before it.
    pub fn answered(&self, now: Instant) -> Option<Micros> {
        let mut state = self.lock();
        let reached = self.settle(&mut state, now);
        state.in_flight.first_key_value().map_or(reached, |(before, _)| reached.min(*before))
    }

    fn holds(&self, p: &Partition, now: Instant) -> bool {
        !p.ended && now.saturating_duration_since(p.heard) < self.idle
    }

    fn settle(&self, state: &mut State, now: Instant) -> Option<Micros> {
        let active: Vec<_> = state.partitions.iter().filter(|p| self.holds(p, now)).collect();
        let reached = if active.is_empty() {
            state.partitions.iter().map(|p| p.newest).max()
        } else {
            active.iter().map(|p| p.newest).min()
        };
        state.reached = state.reached.max(reached.flatten().map(|t| t.saturating_sub(self.lateness)));
        state.reached
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
