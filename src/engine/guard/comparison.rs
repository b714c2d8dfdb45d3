//! Champion and challengers on the same rows: each row is predicted by all of them before any learns from it, and their
//! errors are kept, over the newest rows and as a curve over all of them in bounded memory.

use std::collections::VecDeque;

/// The forests that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// The model in use.
    Champion,
    /// Its trees and those fitted on the stream.
    Fused,
    /// A new forest, trained on the newest rows.
    Retrained,
}

pub const ALL: [Contender; 3] = [Contender::Champion, Contender::Fused, Contender::Retrained];

impl Contender {
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
    /// By contender; `NaN` where it did not predict them.
    pub error: [f64; ALL.len()],
}

/// How a contender does, on the rows that all who take part have predicted: the newest of them, and all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    pub who: Contender,
    /// The mean error over the newest `rows` rows, the first of which stands at `since`.
    pub error: f64,
    pub rows: u64,
    pub since: i64,
    /// For numbers: the root of the mean squared error on these rows, and R².
    pub rmse: f64,
    pub r2: f64,
    /// The mean error over all `all` rows since `all_since`.
    pub error_of_all: f64,
    pub all: u64,
    pub all_since: i64,
}

/// A row that was tested.
#[derive(Clone, Copy, Debug)]
pub struct Tested {
    /// The error of each contender; `NaN` where it gave no prediction.
    pub errors: [f64; ALL.len()],
    /// The number that was to be predicted; `NaN` of a class.
    pub truth: f64,
    pub at: i64,
}

#[derive(Clone, Debug, Default)]
pub struct Comparison {
    recent: VecDeque<Tested>,
    curve: Vec<Point>,
    open: Sums,
    at: i64,
    rows: u64,
    /// Rows of a point.
    step: u64,
    /// Which contenders have predicted a row.
    present: [bool; ALL.len()],
    /// The rows that all present contenders predicted, since the last of them came, and where the first row stands.
    same: Sums,
    same_since: i64,
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

    /// The mean of each contender with at least so many rows.
    fn mean(&self, least: u64) -> [f64; ALL.len()] {
        self.0.map(|(sum, count)| if count >= least.max(1) { sum / count as f64 } else { f64::NAN })
    }
}

impl Comparison {
    pub fn add(&mut self, row: Tested) {
        self.rows += 1;
        for (present, error) in self.present.iter_mut().zip(&row.errors) {
            if !*present && error.is_finite() {
                *present = true;
                self.same = Sums::default();
            }
        }
        if self.by_all(&row) {
            if self.same.0.iter().all(|(_, rows)| *rows == 0) {
                self.same_since = row.at;
            }
            self.same.add(&row.errors);
        }
        self.recent.push_back(row);
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        self.open.add(&row.errors);
        self.at = self.at.max(row.at);
        self.step = self.step.max(ROWS);
        if self.rows.is_multiple_of(self.step) {
            self.curve.push(Point {
                at: self.at,
                rows: self.step,
                error: std::mem::take(&mut self.open).mean(self.step / 2),
            });
            if self.curve.len() >= POINTS {
                self.halve();
            }
        }
    }

    /// Whether all present contenders predicted it.
    fn by_all(&self, row: &Tested) -> bool {
        self.present.iter().zip(&row.errors).all(|(present, error)| !present || error.is_finite())
    }

    /// `who` leaves, or another forest takes its place.
    pub fn anew(&mut self, who: Contender) {
        let Some(at) = ALL.iter().position(|w| *w == who) else { return };
        for row in &mut self.recent {
            if let Some(error) = row.errors.get_mut(at) {
                *error = f64::NAN;
            }
        }
        if let Some(sum) = self.open.0.get_mut(at) {
            *sum = (0.0, 0);
        }
        if let Some(present) = self.present.get_mut(at) {
            *present = false;
        }
    }

    fn halve(&mut self) {
        let mean = |a: f64, b: f64| match (a.is_finite(), b.is_finite()) {
            (true, true) => f64::midpoint(a, b),
            (true, false) => a,
            _ => b,
        };
        let both = |pair: &[Point]| match pair {
            [a, b] => Some(Point {
                at: b.at,
                rows: a.rows + b.rows,
                error: std::array::from_fn(|i| mean(of(&a.error, i), of(&b.error, i))),
            }),
            _ => pair.first().copied(),
        };
        self.curve = self.curve.chunks(2).filter_map(both).collect();
        self.step *= 2;
    }

    pub fn curve(&self) -> &[Point] {
        &self.curve
    }

    /// The standing of each present contender.
    pub fn standings(&self) -> Vec<Standing> {
        let newest: Vec<&Tested> = self.recent.iter().filter(|row| self.by_all(row)).collect();
        let (rows, since) = (newest.len() as f64, newest.first().map_or(self.same_since, |row| row.at));
        let mean = newest.iter().map(|row| row.truth).sum::<f64>() / rows;
        let spread: f64 = newest.iter().map(|row| (row.truth - mean).powi(2)).sum();
        let standing = |(i, who): (usize, &Contender)| {
            let errors = || newest.iter().map(|row| of(&row.errors, i));
            let squares: f64 = errors().map(|e| e * e).sum();
            let (all_sum, all) = *self.same.0.get(i)?;
            self.present.get(i)?.then(|| Standing {
                who: *who,
                error: errors().sum::<f64>() / rows,
                rows: newest.len() as u64,
                since,
                rmse: if mean.is_finite() { (squares / rows).sqrt() } else { f64::NAN },
                r2: if spread > 0.0 { 1.0 - squares / spread } else { f64::NAN },
                error_of_all: all_sum / all as f64,
                all,
                all_since: self.same_since,
            })
        };
        ALL.iter().enumerate().filter_map(standing).collect()
    }
}

fn of(errors: &[f64], who: usize) -> f64 {
    errors.get(who).copied().unwrap_or(f64::NAN)
}
