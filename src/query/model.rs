//! What a question sees of a learned model: the columns it reads and the scores it gives. Learning, loading and threads
//! are left to others.

use std::fmt;
use std::sync::Arc;

use polars::prelude::*;

use crate::data::Result;

/// Scores rows, each by itself: how rows are cut into frames changes no bit of a score.
pub trait Model: fmt::Debug + Send + Sync {
    /// The columns it reads.
    fn inputs(&self) -> &[PlSmallStr];

    /// The type of what it predicts.
    fn output(&self) -> DataType;

    /// The classes it tells apart, as text; none where it estimates a number.
    fn classes(&self) -> &[String];

    /// What tells it from every other model: of two with the same fingerprint all scores are equal.
    fn fingerprint(&self) -> u64;

    /// One column of `rows.height()` values for each score asked, in that order; `rows` has the inputs, maybe none of
    /// the height. A row that the model cannot score, as one with a null where training had none, is null.
    ///
    /// # Errors
    /// An input of a type that the model does not read.
    fn score(&self, rows: &DataFrame, asked: &[Score]) -> Result<Vec<Column>>;
}

/// What a model can be asked of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// The class or the number it predicts.
    Prediction,
    /// The probability of the class of this number: a double.
    Probability(usize),
}

/// The models that questions may name. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct Models(Arc<Vec<(String, Arc<dyn Model>)>>);

impl Models {
    /// Where a name stands twice, the last one counts.
    pub fn new(models: impl IntoIterator<Item = (String, Arc<dyn Model>)>) -> Self {
        let mut own: Vec<(String, Arc<dyn Model>)> = Vec::new();
        for (name, model) in models {
            own.retain(|(other, _)| *other != name);
            own.push((name, model));
        }
        Self(Arc::new(own))
    }

    /// The model of a name; unless it must match exactly, without regard to case.
    pub fn find(&self, name: &str, exactly: bool) -> Option<(&str, &Arc<dyn Model>)> {
        let exact = self.0.iter().find(|(own, _)| own == name);
        let found = exact.or_else(|| self.0.iter().find(|(own, _)| !exactly && own.eq_ignore_ascii_case(name)));
        found.map(|(name, model)| (name.as_str(), model))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Whether both are the very same list.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
