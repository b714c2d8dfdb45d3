//! The check for training-serving skew: the same rows, as history decodes them and as a feed does, must get the same
//! scores, bit for bit. Which rows to compare is left to the caller: those that a seam finds on both sides, or a sample
//! of a recording.

use polars::prelude::*;

use crate::data::time::texts;
use crate::data::{Fault, Result};
use crate::query::model::{Model, Score};

/// Rows of which the difference is shown.
const SHOWN: usize = 10;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Skew {
    /// Rows that both sides have.
    pub compared: usize,
    /// Compared rows whose scores differ in any bit.
    pub unequal: usize,
    /// Compared rows that got no score on either side, because they lack a value.
    pub unscored: usize,
    /// Rows that could not be compared: without a key, or with one that the other side has not, or that stands twice.
    pub alone: usize,
    /// Features that differ somewhere, most often first: how many rows.
    pub features: Vec<(String, usize)>,
    /// The first rows that differ.
    pub examples: Vec<Example>,
}

/// One row's score on both sides, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    pub key: String,
    pub score: String,
    pub offline: String,
    pub online: String,
}

impl Skew {
    /// Adds what was found in other rows.
    pub fn merge(&mut self, other: Self) {
        self.compared += other.compared;
        self.unequal += other.unequal;
        self.unscored += other.unscored;
        self.alone += other.alone;
        for (name, rows) in other.features {
            match self.features.iter_mut().find(|(own, _)| *own == name) {
                Some((_, own)) => *own += rows,
                None => self.features.push((name, rows)),
            }
        }
        self.features.sort_by_key(|feature| std::cmp::Reverse(feature.1));
        self.examples.extend(other.examples);
        self.examples.truncate(SHOWN);
    }

    /// Rows that were given a score twice.
    pub fn scored(&self) -> usize {
        self.compared - self.unscored.min(self.compared)
    }

    /// True when rows were compared and no bit differs.
    pub fn holds(&self) -> bool {
        self.compared > 0 && self.unequal == 0
    }
}

/// Scores the rows that both frames have, found by the column `key`, and compares prediction and probabilities.
///
/// # Errors
/// A key or an input that a side has not, or what the model says.
pub fn skew(model: &dyn Model, key: &str, offline: &DataFrame, online: &DataFrame) -> Result<Skew> {
    let (at_offline, at_online) = (places(offline, key)?, places(online, key)?);
    let mut pairs: Vec<(&str, IdxSize, IdxSize)> =
        at_offline.iter().filter_map(|(k, row)| Some((k.as_str(), (*row)?, (*at_online.get(k)?)?))).collect();
    pairs.sort_unstable_by_key(|(_, row, _)| *row);
    let take = |frame: &DataFrame, pick: fn(&(&str, IdxSize, IdxSize)) -> IdxSize| -> Result<DataFrame> {
        let inputs = frame
            .select(model.inputs().iter().cloned())
            .map_err(|e| Fault::from(e).hint("compare rows with all columns that the model reads"))?;
        Ok(inputs.take(&IdxCa::from_vec("row".into(), pairs.iter().map(pick).collect()))?)
    };
    let (before, after) = (take(offline, |p| p.1)?, take(online, |p| p.2)?);
    let asked = every_score(model);
    let offline_scores = model.score(&before, &asked)?;
    let online_scores = model.score(&after, &asked)?;
    let key = |row: usize| pairs.get(row).map_or_else(String::new, |p| p.0.to_owned());
    let found = compare(
        model,
        &Side { inputs: &before, scores: &offline_scores },
        &Side { inputs: &after, scores: &online_scores },
        key,
    )?;
    Ok(Skew { alone: offline.height() + online.height() - 2 * pairs.len(), ..found })
}

/// All that a model can be asked of a row.
pub fn every_score(model: &dyn Model) -> Vec<Score> {
    std::iter::once(Score::Prediction).chain((0..model.classes().len()).map(Score::Probability)).collect()
}

/// Rows with the scores that they were given, as `every_score` says.
pub struct Side<'a> {
    /// The columns that the model reads.
    pub inputs: &'a DataFrame,
    pub scores: &'a [Column],
}

/// Compares rows that stand at the same places; `key` names one to a person.
///
/// # Errors
/// When columns cannot be compared.
pub fn compare(
    model: &dyn Model,
    offline: &Side<'_>,
    online: &Side<'_>,
    key: impl Fn(usize) -> String,
) -> Result<Skew> {
    let rows = offline.inputs.height().min(online.inputs.height());
    let mut found = Skew { compared: rows, ..Skew::default() };
    for (one, other) in offline.inputs.columns().iter().zip(online.inputs.columns()) {
        let unequal = differences(one, other)?.len();
        if unequal > 0 {
            found.features.push((one.name().to_string(), unequal));
        }
    }
    found.features.sort_by_key(|feature| std::cmp::Reverse(feature.1));
    let mut differing = vec![false; rows];
    for ((score, one), other) in every_score(model).iter().zip(offline.scores).zip(online.scores) {
        for row in differences(one, other)? {
            let first = differing.get_mut(row).is_some_and(|seen| !std::mem::replace(seen, true));
            if first && found.examples.len() < SHOWN {
                let score = match score {
                    Score::Prediction => "prediction".to_owned(),
                    Score::Probability(class) => {
                        format!("probability of {}", model.classes().get(*class).map_or("", String::as_str))
                    }
                };
                found.examples.push(Example {
                    key: key(row),
                    score,
                    offline: one.get(row)?.to_string(),
                    online: other.get(row)?.to_string(),
                });
            }
        }
    }
    if let (Some(one), Some(other)) = (offline.scores.first(), online.scores.first()) {
        let neither = one.is_null() & other.is_null();
        found.unscored = neither.sum().unwrap_or(0) as usize;
    }
    found.unequal = differing.iter().filter(|d| **d).count();
    Ok(found)
}

/// Where each key stands; `None` where it stands twice. Rows without a key are nowhere.
fn places(frame: &DataFrame, key: &str) -> Result<PlHashMap<String, Option<IdxSize>>> {
    let column = frame.column(key).map_err(|_| {
        Fault::new(format!("there is no column '{key}' to find rows by")).hint("name a column that tells rows apart")
    })?;
    let texts = texts(column)?;
    let mut places = PlHashMap::default();
    for (row, text) in texts.str()?.iter().enumerate() {
        if let Some(text) = text {
            places.entry(text.to_owned()).and_modify(|row| *row = None).or_insert(Some(row as IdxSize));
        }
    }
    Ok(places)
}

/// The rows where two columns differ: numbers in any bit of a double, other values as text.
fn differences(one: &Column, other: &Column) -> Result<Vec<usize>> {
    let number = |c: &Column| c.dtype().is_primitive_numeric() || c.dtype().is_bool();
    if number(one) && number(other) {
        let (one, other) = (one.cast(&DataType::Float64)?, other.cast(&DataType::Float64)?);
        let unequal =
            one.f64()?.iter().zip(other.f64()?.iter()).map(|(a, b)| a.map(f64::to_bits) != b.map(f64::to_bits));
        return Ok(unequal.enumerate().filter(|(_, unequal)| *unequal).map(|(row, _)| row).collect());
    }
    let (one, other) = (texts(one)?, texts(other)?);
    Ok(one
        .str()?
        .iter()
        .zip(other.str()?.iter())
        .enumerate()
        .filter(|(_, (a, b))| a != b)
        .map(|(row, _)| row)
        .collect())
}
