//! How far predicted numbers are from the true ones: R², mean and root mean squared error, and what is left over.

use super::same_length;
use crate::data::Result;

/// The errors of a regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    /// The share of the variance that is explained: 1 is all, 0 as good as the mean. `None` where the truth does not
    /// vary.
    pub r2: Option<f64>,
    /// The mean absolute error.
    pub mae: f64,
    /// The root of the mean squared error.
    pub rmse: f64,
    /// Truth minus prediction.
    pub residuals: Histogram,
}

/// Counts between edges of equal distance: `counts[i]` is from `edges[i]` up to `edges[i + 1]`, the last with its end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    pub edges: Vec<f64>,
    pub counts: Vec<u64>,
    /// Values that are no finite number.
    pub outside: u64,
}

impl Regression {
    /// `None` without rows.
    ///
    /// # Errors
    /// When the slices differ in length.
    pub fn new(truth: &[f64], predicted: &[f64], bins: usize) -> Result<Option<Self>> {
        same_length("predictions", truth.len(), predicted.len())?;
        if truth.is_empty() {
            return Ok(None);
        }
        let rows = truth.len() as f64;
        let mean = truth.iter().sum::<f64>() / rows;
        let varies: f64 = truth.iter().map(|t| (t - mean) * (t - mean)).sum();
        let residuals: Vec<f64> = truth.iter().zip(predicted).map(|(t, p)| t - p).collect();
        let squares: f64 = residuals.iter().map(|r| r * r).sum();
        Ok(Some(Self {
            r2: (varies > 0.0).then(|| 1.0 - squares / varies),
            mae: residuals.iter().map(|r| r.abs()).sum::<f64>() / rows,
            rmse: (squares / rows).sqrt(),
            residuals: Histogram::new(&residuals, bins),
        }))
    }
}

impl Histogram {
    pub fn new(values: &[f64], bins: usize) -> Self {
        let bins = bins.max(1);
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let outside = values.iter().filter(|v| !v.is_finite()).count() as u64;
        if low > high {
            return Self { outside, ..Self::default() };
        }
        // All equal: a bin around them, as numpy has it.
        let (low, high) = if low == high { (low - 0.5, high + 0.5) } else { (low, high) };
        let width = (high - low) / bins as f64;
        let mut edges: Vec<f64> = (0..bins).map(|i| low + width * i as f64).collect();
        edges.push(high);
        let mut counts = vec![0; bins];
        for value in finite() {
            let at = edges.partition_point(|edge| *edge <= value).clamp(1, bins) - 1;
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
        }
        Self { edges, counts, outside }
    }
}
