//! Champion and challengers on the same rows: each row is foretold by all of them before any learns from it, and what they
//! were wrong by is kept, over the newest rows and as a curve over all of them in bounded memory.

use std::collections::VecDeque;

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The model in use.
    Champion,
    /// Its trees and those that the stream has taught.
    Fused,
    /// A new forest, trained on the newest rows.
    Retrained,
}

pub const ALL: [Who; 3] = [Who::Champion, Who::Fused, Who::Retrained];

impl Who {
    pub fn word(self) -> &'static str {
        match self {
            Self::Champion => "in use",
            Self::Fused => "fused",
            Self::Retrained => "retrained",
        }
    }
}

/// Newest rows on which all are compared.
const RECENT: usize = 1_000;
/// Points of the curve; with more of them two become one.
const POINTS: usize = 240;
/// Rows of a point at first.
const ROWS: u64 = 100;

/// The mean error over some rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The place of the last of them.
    pub at: i64,
    pub rows: u64,
    /// `NaN` of who did not foretell them.
    pub error: [f64; ALL.len()],
}

/// How somebody does on the newest rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    pub who: Who,
    /// The mean error over `rows` rows, those that all who take part foretold.
    pub error: f64,
    pub rows: u64,
    /// Over all rows that this one foretold.
    pub error_of_all: f64,
    pub all: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Race {
    recent: VecDeque<[f64; ALL.len()]>,
    curve: Vec<Point>,
    open: Sums,
    at: i64,
    all: Sums,
    rows: u64,
    /// Rows of a point.
    step: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums([(f64, u64); ALL.len()]);

impl Sums {
    fn add(&mut self, errors: &[f64; ALL.len()]) {
        for ((sum, count), error) in self.0.iter_mut().zip(errors).filter(|(_, e)| e.is_finite()) {
            *sum += error;
            *count += 1;
        }
    }

    /// Of who has foretold at least so many.
    fn mean(&self, least: u64) -> [f64; ALL.len()] {
        self.0.map(|(sum, count)| if count >= least.max(1) { sum / count as f64 } else { f64::NAN })
    }
}

impl Race {
    /// What each was wrong by in one row; `NaN` of who said nothing.
    pub fn add(&mut self, errors: [f64; ALL.len()], at: i64) {
        self.rows += 1;
        self.all.add(&errors);
        self.recent.push_back(errors);
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        self.open.add(&errors);
        self.at = self.at.max(at);
        self.step = self.step.max(ROWS);
        if self.rows.is_multiple_of(self.step) {
            self.curve.push(Point { at: self.at, rows: self.step, error: std::mem::take(&mut self.open).mean(self.step / 2) });
            if self.curve.len() >= POINTS {
                self.halve();
            }
        }
    }

    /// Somebody else takes part in the place of `who`.
    pub fn anew(&mut self, who: Who) {
        let Some(at) = ALL.iter().position(|w| *w == who) else { return };
        for errors in &mut self.recent {
            if let Some(error) = errors.get_mut(at) {
                *error = f64::NAN;
            }
        }
        for sums in [&mut self.all, &mut self.open] {
            if let Some(sum) = sums.0.get_mut(at) {
                *sum = (0.0, 0);
            }
        }
    }

    fn halve(&mut self) {
        let mean = |a: f64, b: f64| match (a.is_finite(), b.is_finite()) {
            (true, true) => f64::midpoint(a, b),
            (true, false) => a,
            _ => b,
        };
        let both = |pair: &[Point]| match pair {
            [a, b] => Some(Point { at: b.at, rows: a.rows + b.rows, error: std::array::from_fn(|i| mean(of(a, i), of(b, i))) }),
            _ => pair.first().copied(),
        };
        self.curve = self.curve.chunks(2).filter_map(both).collect();
        self.step *= 2;
    }

    pub fn curve(&self) -> &[Point] {
        &self.curve
    }

    /// Of all who take part, on the rows that all of them foretold.
    pub fn standings(&self) -> Vec<Standing> {
        let takes_part = |i: usize| self.all.0.get(i).is_some_and(|(_, count)| *count > 0);
        let present: Vec<usize> = (0..ALL.len()).filter(|i| takes_part(*i)).collect();
        let same = self.recent.iter().filter(|errors| present.iter().all(|i| errors.get(*i).is_some_and(|e| e.is_finite())));
        let mut sums = Sums::default();
        same.for_each(|errors| sums.add(errors));
        let standing = |(i, who): (usize, &Who)| {
            let ((sum, rows), (all_sum, all)) = (*sums.0.get(i)?, *self.all.0.get(i)?);
            (all > 0).then(|| Standing { who: *who, error: sum / rows as f64, rows, error_of_all: all_sum / all as f64, all })
        };
        ALL.iter().enumerate().filter_map(standing).collect()
    }
}

fn of(point: &Point, who: usize) -> f64 {
    point.error.get(who).copied().unwrap_or(f64::NAN)
}
