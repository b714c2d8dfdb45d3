//! The confusion matrix and what is read from it: accuracy, precision, recall and F1. A matrix merges with another, so
//! it can be kept of a stream. Probabilities are judged by `log_loss`.

use super::same_length;
use crate::data::{Fault, Result};

/// How often each class was taken for each: a row a true class, a column a predicted one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    counts: Vec<u64>,
}

/// One class against the rest. A ratio without a denominator is 0, as scikit-learn has it with `zero_division=0`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassScore {
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    /// Rows that are of this class.
    pub support: u64,
}

impl Confusion {
    /// A matrix of nothing seen yet.
    pub fn empty(classes: usize) -> Self {
        Self { classes, counts: vec![0; classes * classes] }
    }

    /// Counts pairs of codes below `classes`.
    ///
    /// # Errors
    /// When the slices differ in length, or a code is no class.
    pub fn new(truth: &[u32], predicted: &[u32], classes: usize) -> Result<Self> {
        same_length("predictions", truth.len(), predicted.len())?;
        let mut matrix = Self::empty(classes);
        for (t, p) in truth.iter().zip(predicted) {
            matrix.add(*t, *p)?;
        }
        Ok(matrix)
    }

    /// A matrix as it was counted: a list a true class, in it a number a predicted one. `None` where it is not square.
    pub fn from_rows(rows: Vec<Vec<u64>>) -> Option<Self> {
        let classes = rows.len();
        rows.iter()
            .all(|row| row.len() == classes)
            .then(|| Self { classes, counts: rows.into_iter().flatten().collect() })
    }

    /// Counts one row.
    ///
    /// # Errors
    /// When a code is no class.
    pub fn add(&mut self, truth: u32, predicted: u32) -> Result<()> {
        let classes = self.classes;
        let unknown =
            |code: u32| Fault::new(format!("class {code} is not one of {classes}")).hint("classes are numbered from 0");
        if truth as usize >= classes {
            return Err(unknown(truth));
        }
        if predicted as usize >= classes {
            return Err(unknown(predicted));
        }
        if let Some(count) = self.counts.get_mut(truth as usize * classes + predicted as usize) {
            *count += 1;
        }
        Ok(())
    }

    /// Adds what another matrix of the same classes counted.
    ///
    /// # Errors
    /// When it has other classes.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.classes != other.classes {
            return Err(Fault::new(format!(
                "a matrix of {} classes does not merge with one of {}",
                self.classes, other.classes
            )));
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, more)| *own += more);
        Ok(())
    }

    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Rows of class `truth` that were taken for `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        if predicted >= self.classes {
            0
        } else {
            self.counts.get(truth * self.classes + predicted).copied().unwrap_or(0)
        }
    }

    pub fn rows(&self) -> u64 {
        self.counts.iter().sum()
    }

    fn right(&self) -> u64 {
        (0..self.classes).map(|c| self.count(c, c)).sum()
    }

    fn support(&self, class: usize) -> u64 {
        (0..self.classes).map(|p| self.count(class, p)).sum()
    }

    fn predicted(&self, class: usize) -> u64 {
        (0..self.classes).map(|t| self.count(t, class)).sum()
    }

    /// The share of rows that are right; `None` without rows.
    pub fn accuracy(&self) -> Option<f64> {
        let rows = self.rows();
        (rows > 0).then(|| self.right() as f64 / rows as f64)
    }

    /// The accuracy of always guessing the class that most rows are of; `None` without rows.
    pub fn guessing(&self) -> Option<f64> {
        let most = (0..self.classes).map(|class| self.support(class)).max()?;
        (self.rows() > 0).then(|| most as f64 / self.rows() as f64)
    }

    /// The mean recall of the classes that occur; `None` without rows.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let recalls: Vec<f64> = self.per_class().iter().filter(|c| c.support > 0).map(|c| c.recall).collect();
        (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
    }

    pub fn per_class(&self) -> Vec<ClassScore> {
        let ratio = |part: u64, of: u64| if of > 0 { part as f64 / of as f64 } else { 0.0 };
        let score = |class: usize| {
            let (right, support, predicted) = (self.count(class, class), self.support(class), self.predicted(class));
            ClassScore {
                precision: ratio(right, predicted),
                recall: ratio(right, support),
                f1: ratio(2 * right, support + predicted),
                support,
            }
        };
        (0..self.classes).map(score).collect()
    }

    /// The plain mean over the classes that are true or predicted somewhere; `support` counts all rows.
    pub fn macro_mean(&self) -> ClassScore {
        let each = self.per_class();
        let seen: Vec<&ClassScore> = each
            .iter()
            .enumerate()
            .filter(|(class, c)| c.support > 0 || self.predicted(*class) > 0)
            .map(|(_, c)| c)
            .collect();
        let mean = |pick: fn(&ClassScore) -> f64| {
            if seen.is_empty() { 0.0 } else { seen.iter().map(|c| pick(c)).sum::<f64>() / seen.len() as f64 }
        };
        ClassScore {
            precision: mean(|c| c.precision),
            recall: mean(|c| c.recall),
            f1: mean(|c| c.f1),
            support: self.rows(),
        }
    }
}

/// The mean of minus the logarithm of the probability that the true class was given; `None` without rows.
/// `probabilities` holds a row of `classes` values for each row; they are kept away from 0 and 1 by the smallest step
/// of a double, as scikit-learn does.
///
/// # Errors
/// When the slices do not fit each other.
pub fn log_loss(truth: &[u32], probabilities: &[f64], classes: usize) -> Result<Option<f64>> {
    same_length("rows of probabilities", truth.len() * classes, probabilities.len())?;
    let mut sum = 0.0;
    for (class, row) in truth.iter().zip(probabilities.chunks(classes.max(1))) {
        let given =
            row.get(*class as usize).ok_or_else(|| Fault::new(format!("class {class} is not one of {classes}")))?;
        sum -= given.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
    }
    Ok((!truth.is_empty()).then(|| sum / truth.len() as f64))
}
