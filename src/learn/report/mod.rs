//! The report on a forest: how many rows it was trained on, how good it was on those held out, and what it goes by. It
//! travels with the forest in its file, in the shape of `saved`; drawing it is left to others.

mod saved;

use std::cell::Cell;

use polars::prelude::{DataFrame, IdxCa, IdxSize};

use super::dropped::Dropped;
use super::explain::{Dependence, Importance, dependence, permutation};
use super::forest::{Forest, Task};
use super::measure::Regression;
use super::score::Truth;
use super::verdict::Verdict;
use crate::data::Result;
pub(super) use saved::SavedReport;

#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Rows that there were, and those that could not be read.
    pub seen: u64,
    pub unread: u64,
    /// Rows that it was trained on; those that it was tested on are the verdict's.
    pub trained: usize,
    /// Parts of the rows that each fitted a share of the trees; 1 where all trees were trained on the same rows.
    pub parts: usize,
    pub dropped: Dropped,
    pub seconds: f64,
    pub verdict: Verdict,
    /// Most important first.
    pub importance: Vec<Importance>,
    /// Of the features that it goes by most.
    pub dependences: Vec<Dependence>,
}

impl Report {
    /// Rows that were held out; of many, evenly spread ones are tested on.
    pub fn held_out(&self) -> usize {
        (self.dropped.of - self.dropped.rows.min(self.dropped.of)).saturating_sub(self.trained)
    }
}

/// What a forest goes by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explained {
    pub importance: Vec<Importance>,
    pub dependences: Vec<Dependence>,
}

/// Features that are explained: those with the largest decrease of impurity.
pub const FEATURES: usize = 24;
/// Rows that each is shuffled in, and that are asked with each of its values: fewer where they are very wide.
const ROWS: usize = 2_000;
const ASKED: usize = 500;
const FEWEST: usize = 100;
/// Cells of a row times rows.
const CELLS: usize = 1_000_000;
/// How often each feature is shuffled, and how many values of it are tried.
const REPEATS: u32 = 3;
const POINTS: usize = 20;
const SEED: u64 = 42;

/// Finds out what a forest goes by, from rows that it was not trained on and their target. The same rows give the same
/// numbers. `step` hears how much of the work is done, from 0 to 1, and may end it.
///
/// # Errors
/// What scoring says, or `step`.
pub fn explain(forest: &Forest, rows: &DataFrame, step: impl Fn(f64) -> Result<()>) -> Result<Explained> {
    let width = forest.features.len().max(1);
    let rows = spread(rows, (CELLS / width).clamp(FEWEST, ROWS))?;
    if rows.height() == 0 {
        return Ok(Explained::default());
    }
    let mut order: Vec<(&str, f64)> =
        forest.features.iter().map(|f| f.name.as_str()).zip(forest.importance()).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let features: Vec<&str> = order.into_iter().take(FEATURES).map(|(name, _)| name).collect();
    let asked = spread(&rows, ASKED)?;
    // By the rows that are scored.
    let (shuffled, set) =
        ((features.len() * REPEATS as usize + 1) * rows.height(), features.len() * POINTS * asked.height());
    let done = Cell::new(0);
    let scored = |frame: &DataFrame| {
        step(done.get() as f64 / (shuffled + set) as f64)?;
        done.set(done.get() + frame.height());
        forest.score(frame)
    };
    let importance = permutation(&rows, &features, REPEATS, SEED, |frame| {
        let scored = scored(frame)?;
        Ok(match forest.truth(frame)? {
            Truth::Classes(truth) => {
                let right = truth
                    .iter()
                    .enumerate()
                    .filter(|(row, truth)| truth.is_some() && scored.class(*row) == **truth)
                    .count();
                right as f64 / truth.len().max(1) as f64
            }
            Truth::Numbers(truth) => {
                let said: Vec<f64> = (0..truth.len()).map(|row| scored.number(row).unwrap_or(f64::NAN)).collect();
                Regression::new(&truth, &said, 1)?.and_then(|r| r.r2).unwrap_or(0.0)
            }
        })
    })?;
    let answers = |frame: &DataFrame| {
        let (scored, height) = (scored(frame)?, frame.height());
        let of = |read: &dyn Fn(usize) -> Option<f64>| {
            (0..height).map(|row| read(row).unwrap_or(f64::NAN)).collect::<Vec<f64>>()
        };
        Ok(match &forest.task {
            Task::Numbers => vec![of(&|row| scored.number(row))],
            Task::Classes { names, .. } => (0..names.len()).map(|class| of(&|row| scored.share(row, class))).collect(),
        })
    };
    let valued = |feature: &&&str| asked.column(feature).is_ok_and(|c| c.null_count() < c.len());
    let dependences = features
        .iter()
        .filter(valued)
        .map(|feature| dependence(&asked, feature, POINTS, answers))
        .collect::<Result<_>>()?;
    Ok(Explained { importance, dependences })
}

/// At most `most` rows, evenly spread.
fn spread(rows: &DataFrame, most: usize) -> Result<DataFrame> {
    let height = rows.height();
    if height <= most {
        return Ok(rows.clone());
    }
    let places = (0..most).map(|i| (i * height / most) as IdxSize).collect();
    Ok(rows.take(&IdxCa::from_vec("row".into(), places))?)
}
