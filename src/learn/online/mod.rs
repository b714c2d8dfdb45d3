//! A forest that goes on learning: trees of history and trees of the stream in one committee. Labelled rows are tested
//! first and trained on then; every so many of them new trees are fitted on the recent rows, and a challenger, in
//! which they stand for the weakest, is tried beside the champion on the same rows before it takes over.
//!
//! A pure state machine over chunks: the same chunks and the same seed give the same committee. How trees are fitted
//! and vote is the `Learner`'s.

mod forest;
mod learner;
mod objective;
mod strength;
mod trees;

pub use forest::OnlineForest;
pub use learner::{Learner, Prediction, Vote, VoteSink};
pub use objective::{ClassObjective, NumberObjective, Objective};
pub use strength::Strength;
pub use trees::{ForestObjective, Trees};

use super::drift::Change;

/// How a committee learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CommitteeSettings {
    /// Trees of the committee.
    pub trees: usize,
    /// New trees each time.
    pub batch: usize,
    /// Labelled rows from one time to the next, once there are enough of them.
    pub every: usize,
    /// Recent labelled rows that are kept to learn from.
    pub recent: usize,
    pub seed: u64,
}

impl Default for CommitteeSettings {
    fn default() -> Self {
        Self { trees: 100, batch: 10, every: 1_000, recent: 5_000, seed: 42 }
    }
}

/// What happened while rows were trained on.
#[derive(Clone, Debug, PartialEq)]
pub enum CommitteeEvent {
    /// Trees were fitted on so many recent rows; the challenger does without so many of the champion's.
    Fitted { trees: usize, rows: usize, without: usize },
    /// The challenger took over: rows that it predicted better than the champion, and rows the other way round. Of
    /// classes, those that one alone had right; of numbers, those to which it was nearer.
    Swapped { won: u64, lost: u64 },
    /// The challenger was not better and is forgotten.
    Kept { won: u64, lost: u64 },
    /// The champion's error changed: rows from before are no longer trained on.
    Drift(Change),
}

/// What became of some labelled rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned<S = u32> {
    /// What the champion said of each row before it was trained on it; `None` before there were trees, and of rows
    /// without a label.
    pub said: Vec<Option<S>>,
    /// Rows with a label, those of them tested, and those of these that were right: of numbers, nearer than a usual
    /// error.
    pub labelled: u64,
    pub tested: u64,
    pub right: u64,
    /// Rows without a label, which are not trained on.
    pub unlabelled: u64,
    pub events: Vec<CommitteeEvent>,
}
