//! What a committee predicts: how the votes of its trees become an answer, and how good an answer is. Classes are the
//! most votes, and right or wrong; numbers are the mean, and the better the nearer. Where votes come from is `trees`'s.

use std::fmt::Debug;
use std::ops::AddAssign;

use super::Strength;
use crate::learn::drift::ErrorScale;

/// An answer costs between 0, as good as can be, and 1; what it does not cost is gained.
pub trait Objective {
    /// What trees say, in units whose sum does not depend on an order.
    type Vote: Copy + Default + AddAssign;
    /// An answer, or the truth.
    type Prediction: Copy + Debug + Default + PartialEq;
    /// What is summed up of what a tree by itself gains.
    type Gains: Copy + Default;

    /// Votes of a row.
    fn width(&self) -> usize;

    /// What the votes of a row come to; `None` without any.
    fn decide(&self, votes: &[Self::Vote]) -> Option<Self::Prediction>;

    fn loss(&self, said: Self::Prediction, truth: Self::Prediction) -> f64;

    /// Adds what the votes of one tree gain on a row.
    fn gain(&self, votes: &[Self::Vote], truth: Self::Prediction, gains: &mut Self::Gains);

    fn strength(&self, gains: Self::Gains, seen: u64) -> Strength;

    /// What was wrong, in the measure of a report: 0 or 1 of a class, the distance of a number. `None` where nothing
    /// can be said.
    fn error(&self, said: Option<Self::Prediction>, truth: Option<Self::Prediction>) -> Option<f64>;
}

/// Classes by their codes. A row has a vote a class, in shares of a tree.
#[derive(Clone, Debug)]
pub struct ClassObjective {
    pub(super) names: Vec<String>,
}

impl Objective for ClassObjective {
    type Vote = u32;
    type Prediction = u32;
    type Gains = u64;

    fn width(&self) -> usize {
        self.names.len()
    }

    fn decide(&self, votes: &[u32]) -> Option<u32> {
        largest(votes)
    }

    fn loss(&self, said: u32, truth: u32) -> f64 {
        f64::from(u8::from(said != truth))
    }

    fn gain(&self, votes: &[u32], truth: u32, gains: &mut u64) {
        *gains += u64::from(largest(votes) == Some(truth));
    }

    fn strength(&self, gains: u64, seen: u64) -> Strength {
        Strength::new(gains, seen)
    }

    /// A class that the model does not know: whatever was said is wrong.
    fn error(&self, said: Option<u32>, truth: Option<u32>) -> Option<f64> {
        match (said, truth) {
            (Some(said), Some(truth)) => Some(self.loss(said, truth)),
            (_, None) => Some(1.0),
            (None, Some(_)) => None,
        }
    }
}

/// The class with the most votes, the first of equals; `None` without votes.
fn largest(votes: &[u32]) -> Option<u32> {
    let (mut best, mut most) = (None, 0);
    for (class, &votes) in votes.iter().enumerate() {
        if votes > most {
            (best, most) = (Some(class as u32), votes);
        }
    }
    best
}

/// Numbers. A row has two votes: the sum of what trees say, in whole units, so that it is exact in any order; and how
/// many they are. A row's loss is that of its squared error, bounded by the scale: no single row decides over a tree.
#[derive(Clone, Copy, Debug)]
pub struct NumberObjective {
    /// A power of two.
    unit: f64,
    scale: ErrorScale,
}

impl NumberObjective {
    /// The unit is that in which forests add up numbers as large as this one.
    pub(super) fn new(largest: f64, scale: ErrorScale) -> Self {
        let unit = if largest > 0.0 && largest.is_finite() { (largest.log2().ceil() - 44.0).exp2() } else { 1.0 };
        Self { unit, scale }
    }

    /// The votes of a tree that says this.
    pub(super) fn votes(self, value: f64) -> [i128; 2] {
        [(value / self.unit).round() as i128, 1]
    }
}

impl Objective for NumberObjective {
    type Vote = i128;
    type Prediction = f64;
    type Gains = (f64, f64);

    fn width(&self) -> usize {
        2
    }

    fn decide(&self, votes: &[i128]) -> Option<f64> {
        match votes {
            [sum, trees] if *trees > 0 => Some(*sum as f64 / *trees as f64 * self.unit),
            _ => None,
        }
    }

    fn loss(&self, said: f64, truth: f64) -> f64 {
        self.scale.share(said - truth)
    }

    fn gain(&self, votes: &[i128], truth: f64, gains: &mut (f64, f64)) {
        let gain = self.decide(votes).map_or(0.0, |said| 1.0 - self.loss(said, truth));
        gains.0 += gain;
        gains.1 += gain * gain;
    }

    fn strength(&self, (gained, squares): (f64, f64), seen: u64) -> Strength {
        Strength { gained, squares, seen: seen as f64 }
    }

    fn error(&self, said: Option<f64>, truth: Option<f64>) -> Option<f64> {
        Some((said? - truth?).abs())
    }
}
