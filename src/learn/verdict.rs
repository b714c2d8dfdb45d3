//! How good a forest is on rows that it has not seen: what it said of them held against their truth, in all the ways
//! that `measure` knows. Drawing it is left to others.

use polars::prelude::DataFrame;

use super::forest::{Forest, Task};
use super::measure::{Calibration, ClassScore, Confusion, PrecisionRecall, Regression, Roc, log_loss};
use super::score::{Scored, Truth};
use crate::data::Result;

/// Classes that get curves of their own: those with most rows.
pub const CURVES: usize = 8;
const BINS: usize = 40;
const CALIBRATION: usize = 10;
/// Points that a curve is drawn from at most: as many as there are pixels to tell apart.
const POINTS: usize = 400;
/// Rows whose probabilities are judged at a time.
const BLOCK: usize = 1 << 14;

#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub rows: usize,
    pub told: Metrics,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Metrics {
    Classes(ClassMetrics),
    /// `None` without rows.
    Numbers(Option<Regression>),
}

/// How well classes were told apart.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMetrics {
    /// Rows of a class that the forest does not know: they count as wrong.
    pub unknown: usize,
    pub accuracy: Option<f64>,
    pub matrix: Confusion,
    pub log_loss: Option<f64>,
    pub curves: Vec<Curves>,
}

/// One class against the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    pub class: usize,
    pub roc: Roc,
    pub precision_recall: PrecisionRecall,
    pub calibration: Calibration,
}

impl Verdict {
    /// # Errors
    /// When the rows have no target to compare with.
    pub fn new(forest: &Forest, scored: &Scored, tested: &DataFrame) -> Result<Self> {
        let rows = tested.height();
        let told = match forest.truth(tested)? {
            Truth::Classes(truth) => Metrics::Classes(ClassMetrics::new(&forest.task, scored, &truth)?),
            Truth::Numbers(truth) => {
                let said: Vec<f64> = (0..rows).map(|row| scored.number(row).unwrap_or(f64::NAN)).collect();
                Metrics::Numbers(Regression::new(&truth, &said, BINS)?)
            }
        };
        Ok(Self { rows, told })
    }

    /// Accuracy, or R²: more is better.
    pub fn score(&self) -> Option<f64> {
        match &self.told {
            Metrics::Classes(classes) => classes.accuracy,
            Metrics::Numbers(numbers) => numbers.as_ref()?.r2,
        }
    }

    pub fn classes(&self) -> Option<&ClassMetrics> {
        match &self.told {
            Metrics::Classes(classes) => Some(classes),
            Metrics::Numbers(_) => None,
        }
    }

    pub fn numbers(&self) -> Option<&Regression> {
        match &self.told {
            Metrics::Classes(_) => None,
            Metrics::Numbers(numbers) => numbers.as_ref(),
        }
    }
}

impl ClassMetrics {
    fn new(task: &Task, scored: &Scored, truth: &[Option<usize>]) -> Result<Self> {
        let count = task.classes().len();
        let mut matrix = Confusion::empty(count);
        let mut known = Vec::with_capacity(truth.len());
        for (row, truth) in truth.iter().enumerate() {
            if let (Some(truth), Some(said)) = (truth, scored.class(row)) {
                matrix.add(*truth as u32, said as u32)?;
                known.push((row, *truth as u32));
            }
        }
        let (unknown, curves) = (truth.len() - known.len(), curves(&matrix, scored, &known)?);
        Ok(Self::of(matrix, unknown, loss(scored, &known, count)?, curves))
    }

    /// What was counted. The accuracy follows from it.
    pub fn of(matrix: Confusion, unknown: usize, log_loss: Option<f64>, curves: Vec<Curves>) -> Self {
        let (right, rows) = (matrix.accuracy().unwrap_or(0.0) * matrix.rows() as f64, matrix.rows() + unknown as u64);
        let accuracy = (rows > 0).then(|| right / rows as f64);
        Self { unknown, accuracy, matrix, log_loss, curves }
    }

    /// The area under the ROC curve: of two classes, or the plain mean over all of them, each against the rest. `None`
    /// where a class does not occur, or more classes have no curve.
    pub fn roc_area(&self) -> Option<f64> {
        let whole = self.curves.len() == self.matrix.classes() || self.matrix.classes() == 2;
        let areas = self.curves.iter().map(|curves| curves.roc.area).collect::<Option<Vec<f64>>>()?;
        (whole && !areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64)
    }

    pub fn per_class(&self) -> Vec<ClassScore> {
        self.matrix.per_class()
    }
}

/// Of two classes the second alone is drawn: the first mirrors it.
fn curves(matrix: &Confusion, scored: &Scored, known: &[(usize, u32)]) -> Result<Vec<Curves>> {
    let support: Vec<u64> = matrix.per_class().iter().map(|c| c.support).collect();
    let mut chosen: Vec<usize> = if support.len() == 2 { vec![1] } else { (0..support.len()).collect() };
    chosen.sort_by_key(|class| std::cmp::Reverse(support.get(*class).copied()));
    chosen.truncate(CURVES);
    chosen.sort_unstable();
    let of = |class: usize| {
        let truth: Vec<bool> = known.iter().map(|(_, truth)| *truth as usize == class).collect();
        let shares: Vec<f64> = known.iter().map(|(row, _)| scored.share(*row, class).unwrap_or(0.0)).collect();
        let (roc, precision_recall) =
            (Roc::new(&truth, &shares)?.thinned(POINTS), PrecisionRecall::new(&truth, &shares)?.thinned(POINTS));
        Ok(Curves { class, roc, precision_recall, calibration: Calibration::new(&truth, &shares, CALIBRATION)? })
    };
    chosen.into_iter().map(of).collect()
}

fn loss(scored: &Scored, known: &[(usize, u32)], classes: usize) -> Result<Option<f64>> {
    let mut sum = 0.0;
    for block in known.chunks(BLOCK) {
        let truth: Vec<u32> = block.iter().map(|(_, truth)| *truth).collect();
        let shares: Vec<f64> = block
            .iter()
            .flat_map(|(row, _)| (0..classes).map(|class| scored.share(*row, class).unwrap_or(0.0)))
            .collect();
        sum += log_loss(&truth, &shares, classes)?.unwrap_or(0.0) * block.len() as f64;
    }
    Ok((!known.is_empty()).then(|| sum / known.len() as f64))
}
