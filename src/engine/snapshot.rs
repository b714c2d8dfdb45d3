//! One finished answer: a small table and everything there is to say about it. Immutable, shared, newest wins.

use std::sync::Arc;
use std::time::Duration;

use polars::prelude::DataFrame;

use super::counts::{Audit, Latency, RowCounts, Sample, TimeGap};
use super::moment::{Moment, Span};
use super::reached::Reached;
use super::sealed_answer::SealedAnswer;
use super::seam::SeamLedger;
use crate::data::{Fault, Rejects};
use crate::query::window::WindowStatus;

/// What a run knows at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The answer, ordered and cut as the question says. Column names are those of the question.
    pub answer: DataFrame,
    /// Whether the window of each row of the answer is open, final or corrected; `None` without windows.
    pub status: Option<Arc<[WindowStatus]>>,
    /// Groups of final windows that left memory for disk, and so are not in `answer`.
    pub sealed_groups: u64,
    /// All of an answer of which some is on disk; only when the run has ended.
    pub sealed: Option<Arc<SealedAnswer>>,
    /// Grows with each snapshot of a run, from 1.
    pub version: u64,
    /// The moment at which the answer was read: questions of one reading of a table that show the same one hold the
    /// same rows.
    pub epoch: u64,
    /// When that was, on the clock of the process: all tables publish at its ticks.
    pub moment: Option<Moment>,
    /// When the first of the rows was taken that the answer before did not have.
    pub since: Option<Moment>,
    /// True for the last snapshot of a run: every input has ended, or the run was stopped.
    pub last: bool,
    pub rows: RowCounts,
    pub rejects: Rejects,
    /// The first late rows, as they came, and all of them once the run has ended; `rows.late` has the count.
    pub late: DataFrame,
    /// Bytes of history read so far, and all there are.
    pub history_done: u64,
    pub history_total: u64,
    /// The question joined others, and what came before is still being read: the answer is from a part of the rows.
    pub catching_up: bool,
    /// Microseconds since 1970; `None` without event time or before the first live row.
    pub watermark: Option<i64>,
    pub seam: SeamLedger,
    /// Live rows per second over the last second or so.
    pub live_rate: f64,
    /// How many live inputs are open.
    pub live_open: usize,
    /// Breaks in a feed: event times between which nothing can be known, for the chart to draw as a gap.
    pub gaps: Vec<TimeGap>,
    /// What a person should know, newest last: a feed that was lost for a while, a sum that overflowed.
    pub notes: Vec<String>,
    /// What does not work at the moment.
    pub troubles: Vec<Trouble>,
    /// Rows of feeds that are counted and could not be recorded.
    pub not_recorded: u64,
    /// What could not be written into the workspace and is not there, each in a sentence.
    pub unkept: Vec<String>,
    /// What the last self-audit found; `None` before the first.
    pub audit: Option<Audit>,
    /// How far every partition of every feed was absorbed.
    pub reached: Reached,
    /// The first fault that kept part of the input out of the answer (a file that vanished, say).
    pub fault: Option<Fault>,
    pub elapsed: Duration,
    pub stats: Stats,
}

/// What the run cost so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    pub bytes_in: u64,
    pub chunks: u64,
    /// How long all workers together were at work, without waiting.
    pub busy: Duration,
    pub merges: u64,
    pub bytes_between_threads: u64,
    pub groups: u64,
    pub workers: u64,
    /// Bytes held for the answer, about.
    pub state_bytes: u64,
    /// Groups that did not fit into memory, bytes on disk.
    pub spilled_bytes: u64,
    /// What was spent each time the rows had doubled.
    pub samples: Vec<Sample>,
    /// From the start of the run to its first snapshot, milliseconds.
    pub first_answer_ms: Option<f64>,
    /// From a live row's arrival to the snapshot that shows it, milliseconds.
    pub latency_ms: Option<Latency>,
}

/// What does not work at the moment, and why: a feed that cannot be reached, a checkpoint that cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The feed as it is shown, or the words for what is not written.
    pub what: String,
    pub why: String,
    /// Whether it is a feed, whose rows do not come.
    pub is_feed: bool,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl Snapshot {
    /// All that a person should know, in sentences.
    pub fn told(&self) -> impl Iterator<Item = String> {
        self.notes.iter().cloned().chain(self.troubles.iter().map(Trouble::to_string))
    }

    /// The feeds that cannot be reached.
    pub fn lost(&self) -> impl Iterator<Item = &Trouble> {
        self.troubles.iter().filter(|trouble| trouble.is_feed)
    }

    /// True when this answer covers all that `other` covers: it can take its place.
    pub fn covers(&self, other: &Self) -> bool {
        let reads = self.history_done >= other.history_done && self.reached.covers(&other.reached);
        self.last || (!self.catching_up && reads)
    }

    /// The moments of which some answers of one question are, the oldest first; `next` is when the first row was taken
    /// that the newest does not have. `None` where that is not known.
    pub fn spans<'a>(answers: impl IntoIterator<Item = &'a Arc<Self>>, next: Moment) -> Option<Vec<Span>> {
        let mut spans: Vec<Span> = Vec::new();
        let mut before = 0;
        for answer in answers {
            let from = answer.moment?;
            if let Some(last) = spans.last_mut() {
                // When the rows came of an answer that nobody has seen is not known.
                let seen = answer.epoch == before + 1;
                *last = Span::new(last.from, if seen { answer.since.unwrap_or(from) } else { last.from });
            }
            spans.push(Span::new(from, if answer.last { Moment::NEVER } else { next }));
            before = answer.epoch;
        }
        Some(spans)
    }

    /// What was spent up to here.
    pub fn sample(&self) -> Sample {
        Sample {
            rows: self.rows.come_in,
            seconds: self.stats.busy.as_secs_f64(),
            state: self.stats.state_bytes + self.stats.spilled_bytes,
            between: self.stats.bytes_between_threads,
            groups: self.stats.groups,
            workers: self.stats.workers,
        }
    }

    /// Whether the answer is of a part of the rows, and goes on being read.
    pub fn is_partial(&self) -> bool {
        !self.last && (self.catching_up || self.history_share() < 1.0)
    }

    /// The share of history that this answer covers, 0 to 1; 1 when there is none.
    pub fn history_share(&self) -> f64 {
        if self.history_total == 0 { 1.0 } else { (self.history_done as f64 / self.history_total as f64).min(1.0) }
    }
}
