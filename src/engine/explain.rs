//! What a forest goes by, found out in jobs: it is asked again and again about the same rows. The arithmetic is
//! `learn::explain`'s.

use std::cell::Cell;
use std::sync::Arc;

use polars::prelude::DataFrame;

use super::Job;
use crate::data::Result;
use crate::learn::explain::{self, Dependence, Importance};
use crate::learn::forest::{Forest, Task};
use crate::learn::measure::Regression;
use crate::learn::score::Truth;
use crate::sync::Wake;

/// How often each feature is shuffled, and how many values of it are tried.
const REPEATS: u32 = 3;
const POINTS: usize = 20;
const SEED: u64 = 42;

/// How much accuracy, or R², falls when a feature is shuffled.
pub fn importance(forest: Arc<Forest>, rows: DataFrame, wake: Wake) -> Job<Vec<Importance>> {
    Job::start("importance", wake, move |report| {
        let names: Vec<&str> = forest.features.iter().map(|f| f.name.as_str()).collect();
        let (total, done) = (names.len() as u64 * u64::from(REPEATS) + 1, Cell::new(0));
        explain::permutation(&rows, &names, REPEATS, SEED, |rows| {
            report.check()?;
            done.set(done.get() + 1);
            report.progress(done.get(), total, "shuffling each feature");
            good(&forest, rows)
        })
    })
}

/// How the mean answer moves with `feature`: the probability of a class by its number, or the number that is estimated.
pub fn dependence(forest: Arc<Forest>, rows: DataFrame, feature: String, class: usize, wake: Wake) -> Job<Dependence> {
    Job::start("dependence", wake, move |report| {
        let done = Cell::new(0);
        explain::dependence(&rows, &feature, POINTS, |rows| {
            report.check()?;
            done.set(done.get() + 1);
            report.progress(done.get(), POINTS as u64, format!("trying values of {feature}"));
            let scored = forest.score(rows)?;
            let of = |row: usize| if forest.task == Task::Numbers { scored.number(row) } else { scored.share(row, class) };
            Ok((0..rows.height()).map(|row| of(row).unwrap_or(f64::NAN)).collect())
        })
    })
}

/// Accuracy, or R².
fn good(forest: &Forest, rows: &DataFrame) -> Result<f64> {
    let scored = forest.score(rows)?;
    Ok(match forest.truth(rows)? {
        Truth::Classes(truth) => {
            let right = truth.iter().enumerate().filter(|(row, truth)| truth.is_some() && scored.class(*row) == **truth).count();
            right as f64 / truth.len().max(1) as f64
        }
        Truth::Numbers(truth) => {
            let said: Vec<f64> = (0..truth.len()).map(|row| scored.number(row).unwrap_or(f64::NAN)).collect();
            Regression::new(&truth, &said, 1)?.and_then(|r| r.r2).unwrap_or(0.0)
        }
    })
}
