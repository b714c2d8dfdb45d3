//! What a model goes by: how much worse it gets when a feature is shuffled, and how its answer moves with a feature.
//! The model is a function that predicts; the same seed gives the same numbers.

use polars::prelude::*;

use super::drift::{is_text, numbers, texts};
use crate::data::time::convert;
use crate::data::{Fault, Result};

/// How much a score falls when the values of one feature are dealt to other rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    pub feature: String,
    /// The mean fall over the repeats; below 0 where shuffling helped.
    pub mean: f64,
    /// Its standard deviation over the repeats.
    pub deviation: f64,
}

/// How the mean answer over all rows moves with one feature.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependence {
    pub feature: String,
    /// What the feature was set to: numbers, or the most frequent categories.
    pub grid: Grid,
    /// The mean answers there: those of each class, or of the one number that is estimated.
    pub means: Vec<Vec<f64>>,
}

/// Values that a feature was set to.
#[derive(Clone, Debug, PartialEq)]
pub enum Grid {
    Numbers(Vec<f64>),
    /// Microseconds since 1970.
    Times(Vec<i64>),
    Words(Vec<String>),
}

impl Grid {
    fn new(values: &Column) -> Result<Self> {
        Ok(match values.dtype() {
            dtype if dtype.is_primitive_numeric() => {
                Self::Numbers(numbers(values)?.iter().map(|v| v.unwrap_or(f64::NAN)).collect())
            }
            DataType::Date | DataType::Datetime(..) => {
                let times = convert(values, &DataType::Datetime(TimeUnit::Microseconds, None))?.to_physical_repr();
                Self::Times(times.i64()?.iter().flatten().collect())
            }
            _ => Self::Words(
                (0..values.len())
                    .map(|row| values.get(row).map_or_else(|_| String::new(), |v| v.str_value().into_owned()))
                    .collect(),
            ),
        })
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Times(values) => values.len(),
            Self::Words(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Permutation importance: `score` says how good the model is on some rows (more is better). Most important first;
/// equal ones in the order given.
///
/// # Errors
/// A feature that is no column, or what `score` says.
pub fn permutation(
    rows: &DataFrame,
    features: &[&str],
    repeats: u32,
    seed: u64,
    mut score: impl FnMut(&DataFrame) -> Result<f64>,
) -> Result<Vec<Importance>> {
    let whole = score(rows)?;
    let mut found = Vec::new();
    for (number, feature) in features.iter().enumerate() {
        let column = find(rows, feature)?;
        let mut falls = Vec::new();
        for repeat in 0..repeats.max(1) {
            // A seed of its own for each feature and repeat: leaving one out changes no other.
            let mut random = fastrand::Rng::with_seed(seed ^ (number as u64) << 32 ^ u64::from(repeat));
            let mut order: Vec<IdxSize> = (0..rows.height() as IdxSize).collect();
            random.shuffle(&mut order);
            let shuffled = column.take(&IdxCa::from_vec("row".into(), order))?;
            falls.push(whole - score(&with(rows, shuffled)?)?);
        }
        let count = falls.len() as f64;
        let mean = falls.iter().sum::<f64>() / count;
        let deviation = (falls.iter().map(|f| (f - mean) * (f - mean)).sum::<f64>() / count).sqrt();
        found.push(Importance { feature: (*feature).to_owned(), mean, deviation });
    }
    found.sort_by(|a, b| b.mean.total_cmp(&a.mean));
    Ok(found)
}

/// Partial dependence: every row is asked with the feature set to each of at most `points` values, and the answers are
/// averaged: `predict` gives a list of them a class. Rows without an answer (no finite number) are left out of the
/// mean.
///
/// # Errors
/// A feature that is no column or has no values, or what `predict` says.
pub fn dependence(
    rows: &DataFrame,
    feature: &str,
    points: usize,
    mut predict: impl FnMut(&DataFrame) -> Result<Vec<Vec<f64>>>,
) -> Result<Dependence> {
    let column = find(rows, feature)?;
    let grid = grid(column, points.max(2))?;
    if grid.is_empty() {
        return Err(Fault::new(format!("the feature '{feature}' has no values")).hint("take rows that have some"));
    }
    let mut means: Vec<Vec<f64>> = Vec::new();
    for value in 0..grid.len() {
        let constant = grid.new_from_index(value, rows.height()).with_name(column.name().clone());
        let answers = predict(&with(rows, constant)?)?;
        means.resize(answers.len(), Vec::new());
        for (mean, answers) in means.iter_mut().zip(answers) {
            let finite: Vec<f64> = answers.into_iter().filter(|a| a.is_finite()).collect();
            mean.push(finite.iter().sum::<f64>() / finite.len() as f64);
        }
    }
    Ok(Dependence { feature: feature.to_owned(), grid: Grid::new(&grid)?, means })
}

/// Values to try, of the column's own type: of numbers those at equal ranks between the 5th and the 95th hundredth, of
/// texts the most frequent.
fn grid(column: &Column, points: usize) -> Result<Column> {
    let first_of: Vec<IdxSize> = if is_text(column.dtype()) {
        let values = texts(column)?;
        let mut seen: PlHashMap<&str, (usize, IdxSize)> = PlHashMap::default();
        for (row, value) in values.iter().enumerate() {
            if let Some(value) = value {
                seen.entry(value).or_insert((0, row as IdxSize)).0 += 1;
            }
        }
        let mut ordered: Vec<(&str, (usize, IdxSize))> = seen.into_iter().collect();
        ordered.sort_unstable_by(|a, b| b.1.0.cmp(&a.1.0).then(a.0.cmp(b.0)));
        ordered.into_iter().take(points).map(|(_, (_, row))| row).collect()
    } else {
        let values = numbers(column)?;
        let mut ranked: Vec<(f64, IdxSize)> = values
            .iter()
            .enumerate()
            .filter_map(|(row, v)| v.filter(|v| v.is_finite()).map(|v| (v, row as IdxSize)))
            .collect();
        ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let last = ranked.len().saturating_sub(1) as f64;
        let mut chosen: Vec<(f64, IdxSize)> = Vec::new();
        for point in 0..points {
            let rank = last * (0.05 + 0.9 * point as f64 / (points - 1) as f64);
            chosen.extend(
                ranked.get(rank.round() as usize).filter(|(v, _)| chosen.last().is_none_or(|(before, _)| before < v)),
            );
        }
        chosen.into_iter().map(|(_, row)| row).collect()
    };
    Ok(column.take(&IdxCa::from_vec("row".into(), first_of))?)
}

fn find<'a>(rows: &'a DataFrame, feature: &str) -> Result<&'a Column> {
    rows.column(feature).map_err(|_| {
        Fault::new(format!("the feature '{feature}' is not among the columns")).hint("name one of the model's features")
    })
}

fn with(rows: &DataFrame, column: Column) -> Result<DataFrame> {
    let mut changed = rows.clone();
    changed.with_column(column)?;
    Ok(changed)
}
