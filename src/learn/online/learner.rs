//! The trait of what fits trees and lets them vote. When trees are fitted and which of them decide is left to `forest`.

use polars::prelude::*;

use super::{Objective, Strength};
use crate::data::Result;

/// Fits trees, and lets them vote.
pub trait Learner {
    /// What is predicted, and how good an answer is.
    type Objective: Objective;
    /// Trees fitted together.
    type Batch;

    fn objective(&self) -> &Self::Objective;

    /// The truth of each row; `None` where its label is not known or cannot be trained on.
    ///
    /// # Errors
    /// When there is no label column.
    fn truth(&self, rows: &DataFrame) -> Result<Vec<Option<Prediction<Self>>>>;

    /// Fits `trees` trees on the labelled rows, and says how each did on the rows that it did not see.
    ///
    /// # Errors
    /// When there is nothing to learn from.
    fn fit(&self, rows: &DataFrame, trees: usize, seed: u64) -> Result<(Self::Batch, Vec<Strength>)>;

    /// Lets the `wanted` trees of a batch vote.
    ///
    /// # Errors
    /// When the rows lack a feature.
    fn vote(
        &self,
        batch: &Self::Batch,
        wanted: &[usize],
        rows: &DataFrame,
        each: &mut VoteSink<'_, Self>,
    ) -> Result<()>;
}

/// Receives votes: the place of the tree among those wanted, the row, and what the tree says of the row.
pub type VoteSink<'a, L> = dyn FnMut(usize, usize, &[Vote<L>]) + 'a;

/// What a learner's trees say of a row, and what it comes to.
pub type Vote<L> = <<L as Learner>::Objective as Objective>::Vote;
pub type Prediction<L> = <<L as Learner>::Objective as Objective>::Prediction;
