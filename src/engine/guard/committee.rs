//! The committee of a guard, over classes or numbers: it learns from rows as their truth becomes known, gives its error
//! on each before it learns from it, and becomes a forest that could take over. How it learns is `learn::online`'s.

use std::sync::Arc;

use polars::prelude::DataFrame;

use crate::data::Result;
use crate::learn::forest::{Forest, Task};
use crate::learn::online::{
    ClassObjective, CommitteeEvent, CommitteeSettings, ForestObjective, Learner, NumberObjective, OnlineForest,
    Strength, Trees,
};

pub(super) trait Committee: Send {
    /// # Errors
    /// When a row lacks a feature or the target.
    fn learn(&mut self, rows: &DataFrame) -> Result<LearnOutcome>;

    /// Something else saw a change: only so many of the newest rows are of the new kind.
    ///
    /// # Errors
    /// When recent rows lack a feature.
    fn changed(&mut self, rows: usize) -> Result<()>;

    /// Its trees as one forest, how many of them are of the stream, and the rows that the newest trees know.
    ///
    /// # Errors
    /// When they cannot be merged.
    fn forest(&self) -> Result<(Forest, usize, DataFrame)>;
}

/// What became of some rows.
pub(super) struct LearnOutcome {
    /// The error on each; `NaN` where there was no prediction.
    pub errors: Vec<f64>,
    /// Trees that were fitted.
    pub fitted: u64,
    /// Whether it has other trees since.
    pub renewed: bool,
}

/// Begins with the trees of a forest.
///
/// # Errors
/// When its question cannot go on.
pub(super) fn begin(forest: &Forest) -> Result<Box<dyn Committee>> {
    Ok(match forest.task {
        Task::Numbers => Box::new(Of::<NumberObjective>::new(forest)?),
        Task::Classes { .. } => Box::new(Of::<ClassObjective>::new(forest)?),
    })
}

struct Of<A: ForestObjective> {
    trees: Trees<A>,
    fused: OnlineForest<Trees<A>>,
    /// The trees that it began with.
    begun: Option<Arc<Forest>>,
}

impl<A: ForestObjective> Of<A> {
    fn new(forest: &Forest) -> Result<Self> {
        let trees = Trees::<A>::like(forest)?;
        let count = forest.trees.len().max(1);
        let settings = CommitteeSettings { trees: count, batch: count.div_ceil(10), ..CommitteeSettings::default() };
        let fused =
            OnlineForest::new(trees.clone(), settings, vec![(forest.clone(), vec![Strength::default(); count])]);
        let begun = fused.champion().next().map(|(batch, _)| batch.clone());
        Ok(Self { trees, fused, begun })
    }
}

impl<A: ForestObjective + Send> Committee for Of<A> {
    fn learn(&mut self, rows: &DataFrame) -> Result<LearnOutcome> {
        let truth = self.trees.truth(rows)?;
        let learned = self.fused.learn(rows)?;
        let error = |(said, truth)| self.trees.objective().error(said, truth).unwrap_or(f64::NAN);
        let mut outcome = LearnOutcome {
            errors: learned.said.iter().copied().zip(truth).map(error).collect(),
            fitted: 0,
            renewed: false,
        };
        for event in &learned.events {
            match event {
                CommitteeEvent::Fitted { trees, .. } => outcome.fitted += *trees as u64,
                CommitteeEvent::Swapped { .. } => outcome.renewed = true,
                CommitteeEvent::Kept { .. } | CommitteeEvent::Drift(_) => {}
            }
        }
        Ok(outcome)
    }

    fn changed(&mut self, rows: usize) -> Result<()> {
        self.fused.changed(rows)
    }

    fn forest(&self) -> Result<(Forest, usize, DataFrame)> {
        let fresh = |batch: &Arc<Forest>| self.begun.as_ref().is_none_or(|begun| !Arc::ptr_eq(begun, batch));
        let fresh_trees = self.fused.champion().filter(|(batch, _)| fresh(batch)).count();
        Ok((self.trees.forest(self.fused.champion())?, fresh_trees, self.fused.recent()?))
    }
}
