//! What a guard has seen, at one moment: plain values to be shown.

use std::sync::Arc;

use super::comparison::{Contender, Point, Standing};
use crate::engine::skew::Skew;
use crate::engine::{Reached, TablePosition};
use crate::learn::drift::{Baseline, FeatureDrift, Stale, Tally};
use crate::learn::forest::Forest;

/// Notes and moments that are kept.
const KEPT: usize = 20;

#[derive(Clone, Debug, Default)]
pub struct GuardStatus {
    /// Grows with each.
    pub version: u64,
    /// Every feed has ended.
    pub ended: bool,
    /// Whether places are event times; else they count rows.
    pub by_time: bool,
    /// Whether it began after the rows of the training, and not with the first live row.
    pub from_training: bool,
    /// Rows that were watched. Of these `lacking` lack a value that the model needs and got no score, all others did.
    pub rows: u64,
    pub lacking: u64,
    /// Rows of the feeds that history owns, and those that could not be read.
    pub others: u64,
    pub unread: u64,
    /// Rows that hold their truth, and those of them that the model had a score for.
    pub labelled: u64,
    pub tested: u64,
    /// The largest event time.
    pub until: Option<i64>,
    pub reached: Reached,
    /// False when it is not known how the features were distributed in training.
    pub has_baseline: bool,
    /// The features in the newest full window of so many rows, or, before that, in the rows so far.
    pub window_rows: u64,
    pub window_full: bool,
    pub window: Tally,
    pub features: Vec<FeatureDrift>,
    /// What speaks against the model; empty while it can be trusted.
    pub stale: Vec<Stale>,
    /// When the error changed.
    pub moments: Vec<ErrorChange>,
    /// The error over the rows tested.
    pub curve: Vec<Point>,
    /// The model and its challengers on the same rows.
    pub standings: Vec<Standing>,
    /// Trees that were fitted on live rows.
    pub fitted: u64,
    /// The committee, once it is another forest than the model.
    pub fused: Option<Arc<FusedForest>>,
    /// Row by row: the scores that were given, against those that the same rows get when they are read again.
    pub skew: Skew,
    /// How many rows had been watched when the last change began.
    pub changed_rows: Option<u64>,
    /// What a person should know, newest last.
    pub notes: Vec<String>,
}

/// The error is another one from there on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorChange {
    pub at: i64,
    pub worse: bool,
}

/// A forest that could take the model's place.
#[derive(Clone, Debug)]
pub struct FusedForest {
    pub forest: Arc<Forest>,
    pub fresh_trees: usize,
    /// Live rows that the newest trees know.
    pub rows: u64,
    /// How the features are distributed in those.
    pub baseline: Arc<Baseline>,
    /// Rows from there on are new to it.
    pub until: TablePosition,
}

impl GuardStatus {
    /// Rows since the last change, or all of them.
    pub fn rows_since_change(&self) -> u64 {
        self.rows - self.changed_rows.unwrap_or(0).min(self.rows)
    }

    pub fn standing(&self, who: Contender) -> Option<&Standing> {
        self.standings.iter().find(|s| s.who == who)
    }

    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
            if self.notes.len() > KEPT {
                self.notes.remove(0);
            }
        }
    }

    pub(super) fn moment(&mut self, moment: ErrorChange) {
        self.moments.push(moment);
        if self.moments.len() > KEPT {
            self.moments.remove(0);
        }
    }
}
