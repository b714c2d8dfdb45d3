//! What models say of the rows that come in: columns like any other, added before the rest of a question looks at them.
//! Filters, groups and aggregates need not know.

use polars::prelude::*;

use super::model::{Model, Score};
use crate::data::{Fault, Result};

/// The scores of one model that a question needs, and where its inputs are found.
#[derive(Debug)]
pub struct Scoring {
    pub name: String,
    pub model: Arc<dyn Model>,
    /// The model's name of an input, and the column's name here.
    pub inputs: Vec<(PlSmallStr, PlSmallStr)>,
    pub asked: Vec<Score>,
    /// What the scores are called.
    pub columns: Vec<PlSmallStr>,
}

/// All scores of a question.
#[derive(Debug, Default)]
pub struct ScoreColumns {
    /// Scores of models that WHERE looks at.
    pub before: Vec<Scoring>,
    /// Scores that are needed only of rows that WHERE lets through.
    pub after: Vec<Scoring>,
}

impl ScoreColumns {
    pub fn are_none(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// The rows as they came.
    pub fn without(&self, rows: &DataFrame) -> DataFrame {
        let mut names = self.before.iter().chain(&self.after).flat_map(|s| &s.columns).peekable();
        if names.peek().is_none() { rows.clone() } else { rows.drop_many(names.cloned()) }
    }

    /// The models asked, each with what tells it from any other of the name.
    pub fn fingerprints(&self) -> Vec<String> {
        self.before.iter().chain(&self.after).map(|s| format!("{} {:016x}", s.name, s.model.fingerprint())).collect()
    }
}

/// Adds the scores to rows.
///
/// # Errors
/// The model's.
pub fn add(scores: &[Scoring], rows: &mut DataFrame) -> Result<()> {
    for scoring in scores {
        let at_model = || format!("model {}", scoring.name);
        let inputs = scoring
            .inputs
            .iter()
            .map(|(own, here)| Ok(rows.column(here)?.clone().with_name(own.clone())))
            .collect::<Result<_>>()?;
        let inputs = DataFrame::new(rows.height(), inputs)?;
        let given = scoring.model.score(&inputs, &scoring.asked).map_err(|fault| fault.at(at_model()))?;
        if given.len() != scoring.columns.len() || given.iter().any(|c| c.len() != rows.height()) {
            return Err(Fault::new("the model gave other scores than it was asked for")
                .at(at_model())
                .hint("train it anew"));
        }
        for (column, name) in given.into_iter().zip(&scoring.columns) {
            rows.with_column(column.with_name(name.clone()))?;
        }
    }
    Ok(())
}
