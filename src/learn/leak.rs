//! How much of the target one column leaves unknown: a rule learned from every other row and tried on the rest. What is
//! then said of the column is left to `propose`.

use polars::prelude::*;

use super::drift::{is_text, numbers, texts};
use crate::data::{Fault, Result};

/// Bins of a number when it is asked what it tells of the target.
const BINS: usize = 64;
/// More classes than this in numbers are a quantity.
const CLASSES: usize = 20;
/// Fewer rows prove neither identifiers nor leaks.
pub(super) const LEAST_ROWS: usize = 20;

/// The target, a row an entry.
pub(super) enum TargetValues {
    Classes { codes: Vec<Option<usize>>, many: usize },
    Number(Vec<Option<f64>>),
}

impl TargetValues {
    pub fn new(column: &Column) -> Result<Self> {
        let fault = |what: &str| Fault::new(format!("'{}' {what}", column.name())).hint("predict another column");
        if column.null_count() == column.len() {
            return Err(fault("has no values to learn from"));
        }
        let codes = codes(column).map_err(|_| fault(&format!("is {}, which cannot be predicted", column.dtype())))?;
        let many = codes.iter().flatten().max().map_or(0, |c| c + 1);
        if many < 2 {
            return Err(fault("has one value only: there is nothing to learn"));
        }
        let number = column.dtype().is_float() || (column.dtype().is_integer() && many > CLASSES);
        Ok(if number { Self::Number(finite(column)?) } else { Self::Classes { codes, many } })
    }

    /// How many classes there are; `None` of a number.
    pub fn classes(&self) -> Option<usize> {
        match self {
            Self::Classes { many, .. } => Some(*many),
            Self::Number(_) => None,
        }
    }

    /// The share of the target that a column leaves unknown, by rule learned from every other row and tried on the
    /// rest: 1 is as much as without it, 0 is nothing. `None` where rows are too few, or too few have both.
    pub fn unknown(&self, column: &Column) -> Result<Option<f64>> {
        let groups =
            if is_text(column.dtype()) || column.dtype().is_bool() { codes(column)? } else { bins(&finite(column)?) };
        let many = groups.iter().flatten().max().map_or(0, |g| g + 1);
        Ok(match self {
            Self::Classes { codes, many: classes } => classes_unknown(&groups, many, codes, *classes),
            Self::Number(target) => {
                let stepped = number_unknown(&groups, many, target);
                let straight = if is_text(column.dtype()) { None } else { line_unknown(&finite(column)?, target) };
                match (stepped, straight) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                }
            }
        })
    }
}

/// Every distinct value by a number of its own, in the order they come.
pub(super) fn codes(column: &Column) -> Result<Vec<Option<usize>>> {
    if is_text(column.dtype()) {
        let values = texts(column)?;
        let mut known: PlHashMap<&str, usize> = PlHashMap::default();
        return Ok(values
            .iter()
            .map(|v| {
                let next = known.len();
                v.map(|v| *known.entry(v).or_insert(next))
            })
            .collect());
    }
    let mut known: PlHashMap<u64, usize> = PlHashMap::default();
    Ok(finite(column)?
        .into_iter()
        .map(|v| {
            let next = known.len();
            v.map(|v| *known.entry(v.to_bits()).or_insert(next))
        })
        .collect())
}

fn finite(column: &Column) -> Result<Vec<Option<f64>>> {
    // Adding 0 makes -0 and 0 one.
    Ok(numbers(column)?.iter().map(|v| v.filter(|v| v.is_finite()).map(|v| v + 0.0)).collect())
}

/// Numbers in bins of equal rank; few distinct ones each in a bin of its own.
fn bins(values: &[Option<f64>]) -> Vec<Option<usize>> {
    let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut edges = sorted.clone();
    edges.dedup();
    if edges.len() > BINS {
        edges = (1..BINS).filter_map(|i| sorted.get(sorted.len() * i / BINS).copied()).collect();
        edges.dedup();
    }
    values.iter().map(|v| v.map(|v| edges.partition_point(|edge| *edge < v))).collect()
}

/// Errors of the best class a group, over errors of the best class of all: learned from even rows, tried on odd ones.
fn classes_unknown(groups: &[Option<usize>], many: usize, target: &[Option<usize>], classes: usize) -> Option<f64> {
    // A column of thousands of texts times thousands of classes tells nothing that could be counted on.
    let mut counts = vec![0_u32; many.checked_mul(classes).filter(|cells| *cells <= 1 << 24)?];
    let mut all = vec![0_u32; classes];
    let pairs = || groups.iter().zip(target).enumerate().filter_map(|(row, (g, t))| Some((row, (*g)?, (*t)?)));
    for (_, group, class) in pairs().filter(|(row, ..)| row % 2 == 0) {
        if let (Some(count), Some(sum)) = (counts.get_mut(group * classes + class), all.get_mut(class)) {
            (*count, *sum) = (*count + 1, *sum + 1);
        }
    }
    let best = |counts: &[u32]| {
        counts
            .iter()
            .enumerate()
            .max_by_key(|(class, n)| (**n, std::cmp::Reverse(*class)))
            .filter(|(_, n)| **n > 0)
            .map(|(class, _)| class)
    };
    let usual = best(&all)?;
    let of_group: Vec<usize> = counts.chunks(classes).map(|counts| best(counts).unwrap_or(usual)).collect();
    let (mut tried, mut guessed, mut wrong) = (0_usize, 0_usize, 0_usize);
    for (_, group, class) in pairs().filter(|(row, ..)| row % 2 == 1) {
        tried += 1;
        guessed += usize::from(class != usual);
        wrong += usize::from(of_group.get(group) != Some(&class));
    }
    (tried >= LEAST_ROWS / 2 && guessed > 0).then(|| wrong as f64 / guessed as f64)
}

/// Squared errors of the mean a group, over those of the mean of all.
fn number_unknown(groups: &[Option<usize>], many: usize, target: &[Option<f64>]) -> Option<f64> {
    let mut sums = vec![(0.0, 0_u32); many];
    let mut all = (0.0, 0_u32);
    let pairs = || groups.iter().zip(target).enumerate().filter_map(|(row, (g, t))| Some((row, (*g)?, (*t)?)));
    for (_, group, value) in pairs().filter(|(row, ..)| row % 2 == 0) {
        if let Some(sum) = sums.get_mut(group) {
            *sum = (sum.0 + value, sum.1 + 1);
        }
        all = (all.0 + value, all.1 + 1);
    }
    let mean = |(sum, n): (f64, u32)| (n > 0).then(|| sum / f64::from(n));
    let usual = mean(all)?;
    let (mut tried, mut guessed, mut wrong) = (0, 0.0, 0.0);
    for (_, group, value) in pairs().filter(|(row, ..)| row % 2 == 1) {
        let said = sums.get(group).copied().and_then(mean).unwrap_or(usual);
        tried += 1;
        guessed += (value - usual) * (value - usual);
        wrong += (value - said) * (value - said);
    }
    (tried >= LEAST_ROWS / 2 && guessed > 0.0).then(|| wrong / guessed)
}

/// What a straight line leaves of the target's variance.
fn line_unknown(values: &[Option<f64>], target: &[Option<f64>]) -> Option<f64> {
    let pairs: Vec<(f64, f64)> = values.iter().zip(target).filter_map(|(v, t)| Some(((*v)?, (*t)?))).collect();
    if pairs.len() < LEAST_ROWS {
        return None;
    }
    let n = pairs.len() as f64;
    let (mean_v, mean_t) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let (mut vv, mut tt, mut vt) = (0.0, 0.0, 0.0);
    for (v, t) in pairs {
        let (v, t) = (v - mean_v, t - mean_t);
        (vv, tt, vt) = (vv + v * v, tt + t * t, vt + v * t);
    }
    (vv > 0.0 && tt > 0.0).then(|| 1.0 - vt * vt / (vv * tt))
}
