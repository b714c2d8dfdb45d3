//! The seam between a table's history and its live face: what decides it, and the ledger that proves it.

use polars::prelude::{ChunkAgg, Int64Chunked};
use serde::{Deserialize, Serialize};

use crate::data::Fault;
use crate::query::window::Micros;

/// What decides which face owns a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Seam {
    /// Both faces are one replayable log: history ends at a position, live begins there.
    Position,
    /// History owns every row before this event time (microseconds since 1970, UTC), live owns the rest.
    Time(Micros),
    /// Rows whose key was seen already are the same row.
    Key(String),
    /// The faces are disjoint because the user says so.
    #[default]
    Append,
}

impl Seam {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::Time(_) => "time",
            Self::Key(_) => "key",
            Self::Append => "append",
        }
    }
}

/// What happened at the seam, one line a live partition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeamLedger {
    /// `position`, `time`, `key` or `append`.
    pub kind: &'static str,
    /// Where the seam lies on the event-time axis, microseconds since 1970; `None` before a live row came, without
    /// event time, or without history.
    pub at: Option<Micros>,
    /// The first event time that live brought.
    pub live_from: Option<Micros>,
    /// Rows of history and of live that were taken (after the overlap was removed).
    pub history_rows: u64,
    pub live_rows: u64,
    /// Rows that both faces had, counted once.
    pub overlap_removed: u64,
    pub partitions: Vec<SeamLine>,
    /// What speaks against the seam that was chosen: rows that may be counted twice, or a hole between the faces.
    pub warnings: Vec<Fault>,
}

/// One live partition at the seam.
#[derive(Clone, Debug, PartialEq)]
pub struct SeamLine {
    pub source: String,
    pub partition: u32,
    /// Whether the two that follow are event times, microseconds since 1970, and not positions.
    pub is_time: bool,
    /// The last position (for `time`: event time) that history owns.
    pub last_history: Option<i64>,
    /// The first that live gave.
    pub first_live: Option<i64>,
    pub gap: Gap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The number of positions between the faces; 0 is the proof that nothing was lost.
    Known(u64),
    /// The feed does not number its messages.
    CannotBeKnown,
}

/// Which face a chunk comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    History,
    Live,
}

/// The event times that the faces brought, without what the other face owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaceTimes {
    pub history: Option<(Micros, Micros)>,
    pub live: Option<(Micros, Micros)>,
    /// The longest step from one row of history to the next.
    pub step: Micros,
}

impl FaceTimes {
    pub fn merge(&mut self, other: &Self) {
        let join = |one: Option<(Micros, Micros)>, other: Option<(Micros, Micros)>| match (one, other) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        (self.history, self.live) = (join(self.history, other.history), join(self.live, other.live));
        self.step = self.step.max(other.step);
    }

    /// Takes rows of history; `steps`: in their order the distance of neighbours is looked at.
    pub fn note_history(&mut self, times: &Int64Chunked, steps: bool) {
        self.merge(&Self { history: times.min().zip(times.max()), ..Self::default() });
        if steps {
            let mut before = None;
            for time in times.iter().flatten() {
                self.step = self.step.max(before.map_or(0, |before| time.saturating_sub(before)));
                before = Some(time);
            }
        }
    }

    /// Takes the smallest and the largest time of live rows.
    pub fn note_live(&mut self, live: Option<(Micros, Micros)>) {
        self.merge(&Self { live, ..Self::default() });
    }
}
