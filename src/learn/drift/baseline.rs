//! What the features looked like in training: a histogram a feature, kept in the model; and the same bins counted over
//! other rows. Judging the difference is left to `compare`.

use polars::prelude::*;

use crate::data::time::convert;
use crate::data::{Fault, Result};

/// Edges of a number's histogram.
const EDGES: usize = 254;
/// Categories that are told apart; the rest are counted together.
const CATEGORIES: usize = 255;

/// Of more rows than this, this number is counted, evenly spread: as telling, and done at once.
const ROWS: usize = 1 << 18;

/// The training data in histograms. In a file they are as `saved` says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    pub rows: u64,
    pub features: Vec<BaselineFeature>,
}

/// One feature. `counts` has a bin a shape's bin; nulls are apart.
#[derive(Clone, Debug, PartialEq)]
pub struct BaselineFeature {
    pub name: String,
    pub shape: Binning,
    pub counts: Vec<u64>,
    pub nulls: u64,
}

/// How a feature's values fall into bins.
#[derive(Clone, Debug, PartialEq)]
pub enum Binning {
    /// Bin `i` holds what is above edge `i - 1` and at most edge `i`; the last what is above all. No number: as a null.
    Number { edges: Vec<f64> },
    /// Bin `i` holds value `i`; the last but one what training had but is not named here, the last what it never saw.
    Category { values: Vec<String>, rare: Vec<String> },
}

/// Rows counted in the bins of a baseline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    rows: u64,
    /// A feature: its bins, and its nulls.
    counts: Vec<(Vec<u64>, u64)>,
}

impl Binning {
    pub(super) fn bins(&self) -> usize {
        match self {
            Self::Number { edges } => edges.len() + 1,
            Self::Category { values, .. } => values.len() + 2,
        }
    }

    /// Adds the values of a column to bins; nulls are returned.
    fn count(&self, column: &Column, counts: &mut [u64]) -> Result<u64> {
        let mut nulls = 0;
        let mut add = |bin: Option<usize>| match bin.and_then(|bin| counts.get_mut(bin)) {
            Some(count) => *count += 1,
            None => nulls += 1,
        };
        match self {
            Self::Number { edges } => {
                for value in numbers(&in_micros(column)?)?.iter() {
                    add(value.filter(|v| !v.is_nan()).map(|v| edges.partition_point(|edge| *edge < v)));
                }
            }
            Self::Category { values, rare } => {
                let place: PlHashMap<&str, usize> = rare
                    .iter()
                    .map(|v| (v.as_str(), values.len()))
                    .chain(values.iter().enumerate().map(|(i, v)| (v.as_str(), i)))
                    .collect();
                for value in texts(column)?.iter() {
                    add(value.map(|v| place.get(v).copied().unwrap_or(values.len() + 1)));
                }
            }
        }
        Ok(nulls)
    }
}

impl Baseline {
    /// The histograms of some columns of the training rows.
    ///
    /// # Errors
    /// A column that is missing, or neither numbers, times, truth values nor texts.
    pub fn new<'a>(rows: &DataFrame, features: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let step = rows.height().div_ceil(ROWS).max(1);
        let feature = |name: &str| {
            let whole = find(rows, name)?;
            let column = &if step > 1 { whole.gather_every(step, 0)? } else { whole.clone() };
            let shape = if is_text(column.dtype()) {
                categories(&texts(column)?)
            } else {
                edges(&numbers(&in_micros(column)?)?)
            };
            let mut counts = vec![0; shape.bins()];
            let nulls = shape.count(column, &mut counts)?;
            Ok(BaselineFeature { name: name.to_owned(), shape, counts, nulls })
        };
        Ok(Self {
            rows: rows.height().div_ceil(step) as u64,
            features: features.into_iter().map(feature).collect::<Result<_>>()?,
        })
    }
}

/// Edges at values of equal rank, or at every value where those are few. One lies just below the smallest and one at
/// the largest, so that values beyond what training saw are in bins of their own.
fn edges(values: &Float64Chunked) -> Binning {
    let mut sorted: Vec<f64> = values.iter().flatten().filter(|v| v.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> = sorted.first().map(|v| v.next_down()).into_iter().collect();
    let mut distinct = sorted.clone();
    distinct.dedup();
    if distinct.len() <= EDGES {
        edges.append(&mut distinct);
    } else {
        edges.extend((1..=EDGES).filter_map(|i| sorted.get((sorted.len() * i / EDGES).saturating_sub(1))));
    }
    edges.dedup();
    Binning::Number { edges }
}

/// The most frequent values by name; equally frequent ones by the alphabet.
fn categories(values: &StringChunked) -> Binning {
    let mut counts: PlHashMap<&str, u64> = PlHashMap::default();
    for value in values.iter().flatten() {
        *counts.entry(value).or_default() += 1;
    }
    let mut ordered: Vec<(&str, u64)> = counts.into_iter().collect();
    ordered.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let rare = ordered.split_off(ordered.len().min(CATEGORIES));
    let names = |part: Vec<(&str, u64)>| part.into_iter().map(|(name, _)| name.to_owned()).collect();
    // Of very many values only some can be remembered; the others are taken for new ones.
    Binning::Category { values: names(ordered), rare: names(rare.into_iter().take(16 * CATEGORIES).collect()) }
}

impl Tally {
    pub fn new(baseline: &Baseline) -> Self {
        Self { rows: 0, counts: baseline.features.iter().map(|f| (vec![0; f.shape.bins()], 0)).collect() }
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The bins of a feature, and its nulls.
    pub fn of(&self, feature: usize) -> Option<(&[u64], u64)> {
        self.counts.get(feature).map(|(bins, nulls)| (bins.as_slice(), *nulls))
    }

    /// Counts rows.
    ///
    /// # Errors
    /// A feature that is missing or of another kind; nothing is counted then.
    pub fn absorb(&mut self, baseline: &Baseline, rows: &DataFrame) -> Result<()> {
        let mut more = Self::new(baseline);
        for (feature, (bins, nulls)) in baseline.features.iter().zip(&mut more.counts) {
            *nulls = feature.shape.count(find(rows, &feature.name)?, bins)?;
        }
        more.rows = rows.height() as u64;
        self.merge(&more);
        Ok(())
    }

    /// Adds what another tally of the same baseline counted.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        for ((own, nulls), (more, more_nulls)) in self.counts.iter_mut().zip(&other.counts) {
            own.iter_mut().zip(more).for_each(|(a, b)| *a += b);
            *nulls += more_nulls;
        }
    }
}

fn find<'a>(rows: &'a DataFrame, name: &str) -> Result<&'a Column> {
    rows.column(name).map_err(|_| {
        Fault::new(format!("the feature '{name}' is not among the columns"))
            .hint("give the rows the columns that the model reads")
    })
}

pub(crate) fn is_text(dtype: &DataType) -> bool {
    matches!(dtype, DataType::String | DataType::Categorical(..) | DataType::Enum(..))
}

/// Times in the one unit that histograms know.
fn in_micros(column: &Column) -> Result<Column> {
    Ok(match column.dtype() {
        DataType::Date | DataType::Datetime(..) => convert(column, &DataType::Datetime(TimeUnit::Microseconds, None))?,
        DataType::Duration(_) => column.cast(&DataType::Duration(TimeUnit::Microseconds))?,
        _ => column.clone(),
    })
}

/// A column as numbers: times count in their own unit.
pub(crate) fn numbers(column: &Column) -> Result<Float64Chunked> {
    let dtype = column.dtype();
    if !(dtype.is_primitive_numeric() || dtype.is_temporal() || matches!(dtype, DataType::Boolean | DataType::Null)) {
        return Err(unfit(column, "numbers"));
    }
    Ok(column.to_physical_repr().cast(&DataType::Float64)?.f64()?.clone())
}

/// A column as texts.
pub(crate) fn texts(column: &Column) -> Result<StringChunked> {
    if !is_text(column.dtype()) && *column.dtype() != DataType::Null {
        return Err(unfit(column, "texts"));
    }
    Ok(column.cast(&DataType::String)?.str()?.clone())
}

fn unfit(column: &Column, wanted: &str) -> Fault {
    Fault::new(format!("the feature '{}' should be {wanted} and is {}", column.name(), column.dtype()))
        .hint("cast it, or leave it out")
}
