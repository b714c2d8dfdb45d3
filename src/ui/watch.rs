//! Watching a run: its newest snapshot, the one that is shown, and what it is doing. Starting it is left to `sheet`.

use std::sync::Arc;

use crate::engine::{Run, Snapshot};

/// A run being watched: the newest snapshot, and the one that is shown.
#[derive(Debug, Default)]
pub struct Watch {
    run: Option<Run>,
    /// The newest snapshot of the run.
    pub newest: Option<Arc<Snapshot>>,
    /// The one on screen: the newest, or the one at which the picture was paused. Until a new question has its first
    /// answer this is still the last answer of the old one.
    pub shown: Option<Arc<Snapshot>>,
    /// Which run `shown` belongs to.
    pub shown_run: u64,
    pub paused: bool,
    pub stopping: bool,
    /// Counts runs, so that versions of two runs are never mistaken for each other.
    pub run_number: u64,
    /// Rows in at the last look, for the rate.
    rate: Rate,
}

/// What a watched run is doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// Nothing was asked.
    Idle,
    /// Asked, and no answer yet.
    Asking,
    /// The share of history that was read.
    Reading(f64),
    Live,
    /// A feed cannot be reached at the moment.
    Reconnecting,
    Paused,
    Stopping,
    Stopped,
    Done,
}

impl Watch {
    pub(super) fn begin(&mut self, run: Run) {
        self.run = Some(run);
        self.newest = None;
        self.paused = false;
        self.stopping = false;
        self.run_number += 1;
        self.rate = Rate::default();
    }

    /// Takes the newest snapshot, and shows it unless paused. True when there was a new one.
    pub fn look(&mut self) -> bool {
        let Some(newest) = self.run.as_ref().and_then(Run::latest) else { return false };
        if self.newest.as_ref().is_some_and(|old| old.version == newest.version) {
            return false;
        }
        self.rate.add(newest.rows.come_in, newest.elapsed.as_secs_f64());
        self.newest = Some(newest.clone());
        if !self.paused {
            self.shown = Some(newest);
            self.shown_run = self.run_number;
        }
        true
    }

    /// Pins the picture; the run goes on.
    pub fn pause(&mut self) {
        self.paused = self.shown.is_some();
    }

    pub fn resume(&mut self) {
        self.paused = false;
        if self.newest.is_some() {
            self.shown = self.newest.clone();
            self.shown_run = self.run_number;
        }
    }

    /// Ends all inputs; the last snapshot is shown when it comes.
    pub fn stop(&mut self) {
        if let Some(run) = &self.run {
            run.finish();
            self.stopping = true;
            self.resume();
        }
    }

    pub fn is_running(&self) -> bool {
        self.run.is_some() && !self.newest.as_ref().is_some_and(|s| s.last)
    }

    /// Rows that came in since the picture was paused.
    pub fn rows_since_pause(&self) -> u64 {
        match (&self.newest, &self.shown) {
            (Some(newest), Some(shown)) => newest.rows.come_in.saturating_sub(shown.rows.come_in),
            _ => 0,
        }
    }

    /// Rows per second, over the last second or so.
    pub fn rows_per_sec(&self) -> f64 {
        self.rate.per_sec
    }

    pub fn state(&self) -> State {
        if self.run.is_none() {
            return State::Idle;
        }
        let Some(newest) = &self.newest else { return State::Asking };
        match newest {
            _ if self.paused => State::Paused,
            s if s.last && self.stopping => State::Stopped,
            s if s.last => State::Done,
            _ if self.stopping => State::Stopping,
            s if s.history_share() < 1.0 => State::Reading(s.history_share()),
            s if s.live_open > 0 && s.troubled > 0 => State::Reconnecting,
            s if s.live_open > 0 => State::Live,
            s => State::Reading(s.history_share()),
        }
    }
}

/// A rate over a sliding second.
#[derive(Debug, Default)]
struct Rate {
    from: Option<(u64, f64)>,
    per_sec: f64,
}

impl Rate {
    fn add(&mut self, rows: u64, secs: f64) {
        let Some((before, since)) = self.from else {
            self.from = Some((rows, secs));
            self.per_sec = if secs > 0.0 { rows as f64 / secs } else { 0.0 };
            return;
        };
        let passed = secs - since;
        if passed >= 0.5 {
            self.per_sec = rows.saturating_sub(before) as f64 / passed;
            self.from = Some((rows, secs));
        }
    }
}
