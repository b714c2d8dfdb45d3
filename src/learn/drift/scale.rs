//! Distances as shares from 0 to 1, for all that must be bounded: ADWIN, and how good a tree is of late. One row that
//! is far off then weighs as much as a few, not as all others together.

use crate::learn::forest::{Forest, Task};

/// A distance as a model usually makes it. A squared error becomes `e² / (e² + s²)`: one half where it is as usual, in
/// proportion to the square below, and hardly more than one however large (the robust loss of Geman and McClure, 1987).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorScale(f64);

impl ErrorScale {
    /// `None` of what is no distance.
    pub fn new(usual: f64) -> Option<Self> {
        (usual > 0.0 && usual.is_finite()).then_some(Self(usual))
    }

    /// The root of the mean squared error on the rows that trees did not see or, where that is not known, a tenth of
    /// what its leaves span. `None` of a forest of classes, whose errors are shares already.
    pub fn of(forest: &Forest) -> Option<Self> {
        if forest.task != Task::Numbers {
            return None;
        }
        let values = || forest.trees.iter().flat_map(|t| t.values.iter().copied());
        let (low, high) = values().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        let unseen = forest.oob.as_ref().and_then(|oob| oob.errors.last().copied()).and_then(Self::new);
        unseen.or_else(|| Self::new((high - low) / 10.0)).or(Some(Self(f64::MIN_POSITIVE)))
    }

    pub fn share(self, distance: f64) -> f64 {
        // Neither the largest nor the smallest distances leave the range of numbers.
        1.0 / (1.0 + (self.0 / distance).powi(2))
    }

    /// The distance that has this share.
    pub fn distance(self, share: f64) -> f64 {
        self.0 * (share / (1.0 - share).max(f64::EPSILON)).sqrt()
    }
}
