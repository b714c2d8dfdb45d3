//! How far event time has come: per partition the largest event time seen less the allowed lateness, per table the
//! smallest of those, partitions idle for longer than a timeout left out. It never goes back.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::query::window::Micros;

/// A partition that has sent nothing for this long no longer holds the table's watermark back.
pub const IDLE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Watermark {
    lateness: Micros,
    idle: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    partitions: Vec<Partition>,
    reached: Option<Micros>,
}

#[derive(Clone, Copy, Debug)]
struct Partition {
    newest: Option<Micros>,
    heard: Instant,
    ended: bool,
}

impl Watermark {
    pub fn new(lateness: Duration) -> Self {
        Self { lateness: Micros::try_from(lateness.as_micros()).unwrap_or(Micros::MAX), idle: IDLE, state: Mutex::default() }
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

    fn settle(&self, state: &mut State, now: Instant) -> Option<Micros> {
        let holds = |p: &&Partition| !p.ended && now.saturating_duration_since(p.heard) < self.idle;
        let active: Vec<_> = state.partitions.iter().filter(holds).collect();
        let reached = if active.is_empty() { state.partitions.iter().map(|p| p.newest).max() } else { active.iter().map(|p| p.newest).min() };
        state.reached = state.reached.max(reached.flatten().map(|t| t.saturating_sub(self.lateness)));
        state.reached
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
