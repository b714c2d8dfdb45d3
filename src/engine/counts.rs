//! What a run counts and measures, as plain values: where its rows went, what they cost, how long they took, where a
//! feed broke off, and what an audit found. Counting is left to the parts of the run.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::query::window::Micros;

/// Where the rows went. The conservation law: `come_in == shown + filtered + late + rejected`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    pub come_in: u64,
    pub shown: u64,
    pub filtered: u64,
    pub late: u64,
    pub rejected: u64,
    /// Cells that are null because they could not be read, or leave the range of their type: their rows are counted
    /// elsewhere.
    #[serde(default)]
    pub cells: u64,
    /// Shown rows that were late and re-admitted.
    pub readmitted: u64,
    /// Rows (or messages) that a feed which cannot wait lost because we were busy. They never came in.
    pub dropped: u64,
}

impl RowCounts {
    pub fn add(&mut self, new: &Self) {
        self.come_in += new.come_in;
        self.shown += new.shown;
        self.filtered += new.filtered;
        self.late += new.late;
        self.readmitted += new.readmitted;
        self.rejected += new.rejected;
        self.cells += new.cells;
        self.dropped += new.dropped;
    }

    /// True when every row that came in is accounted for.
    pub fn conserved(&self) -> bool {
        self.come_in == self.shown + self.filtered + self.late + self.rejected
    }
}

/// What was spent up to some number of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    pub rows: u64,
    /// Worker seconds; waiting for a feed is no work.
    pub seconds: f64,
    /// Bytes held for the answer.
    pub state: u64,
    /// Bytes that workers handed to the merger.
    pub between: u64,
    pub groups: u64,
    pub workers: u64,
}

/// From a live row's arrival to the snapshot that shows it, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

/// A break in a feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeGap {
    pub source: String,
    /// The last event time before the break and the first after it, microseconds; `until` is `None` while it lasts.
    pub from: Option<i64>,
    pub until: Option<i64>,
    pub reason: String,
}

impl TimeGap {
    /// Whether a note of a run tells of this break.
    pub fn is_said_by(&self, note: &str) -> bool {
        note.strip_prefix(self.source.as_str())
            .and_then(|rest| rest.strip_prefix(": "))
            .is_some_and(|rest| rest.starts_with(self.reason.as_str()))
    }
}

/// What an audit found.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// Up to which event time the answer was verified; `None` without event time.
    pub until: Option<Micros>,
    /// When it was done.
    pub at: SystemTime,
    /// Rows that were read again.
    pub rows: u64,
    /// Groups in which the two answers differ; 0 is the proof.
    pub differences: u64,
    /// The first difference in words, or why nothing could be verified.
    pub word: Option<String>,
    pub took: Duration,
}
