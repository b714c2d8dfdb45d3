//! The seam between a table's history and its live face: what decides it, and the ledger that proves it.

/// What decides which face owns a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Seam {
    /// Both faces are one replayable log: history ends at a position, live begins there.
    Position,
    /// History owns every row before this event time (microseconds since 1970, UTC), live owns the rest.
    Time(i64),
    /// Rows whose key was seen already are the same row.
    Key(String),
    /// The faces are disjoint because the user says so.
    #[default]
    Append,
}

/// What happened at the seam, one line a live partition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeamLedger {
    /// `position`, `time`, `key` or `append`.
    pub kind: &'static str,
    /// Where the seam lies on the event-time axis, microseconds since 1970; `None` before a live row came, without
    /// event time, or without history.
    pub at: Option<i64>,
    /// Rows of history and of live that were taken (after `overlap` was removed).
    pub history_rows: u64,
    pub live_rows: u64,
    pub partitions: Vec<SeamLine>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SeamLine {
    pub source: String,
    pub partition: u32,
    /// The last position (or, for `time`, event time) that history owns.
    pub last_history: Option<i64>,
    /// The first that live gave.
    pub first_live: Option<i64>,
    /// Rows that both faces had, counted once.
    pub overlap_removed: u64,
    pub gap: Gap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    Rows(u64),
    /// The feed does not number its messages.
    CannotBeKnown,
}
