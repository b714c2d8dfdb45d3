//! ADWIN (Bifet and Gavaldà, 2007): the mean of a stream over a window that grows while nothing changes and shrinks
//! when something does. The window is kept in buckets of doubling size, so memory is logarithmic in what it covers.

use std::collections::VecDeque;

/// Buckets of one size before two of them become one of the next.
const BUCKETS: usize = 5;
/// A change is looked for once in this number of values.
const EVERY: u64 = 32;
/// Neither side of a cut is shorter.
const SHORTEST: f64 = 5.0;

/// Some neighbouring values: their number is the bucket's row.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    count: f64,
    sum: f64,
    /// The sum of squared distances from the mean.
    squares: f64,
}

impl Bucket {
    fn mean(&self) -> f64 {
        self.sum / self.count
    }

    fn with(self, other: Self) -> Self {
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { other } else { self };
        }
        let apart = self.mean() - other.mean();
        let count = self.count + other.count;
        Self {
            count,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares + apart * apart * self.count * other.count / count,
        }
    }
}

/// The window over a stream of values between 0 and 1.
#[derive(Clone, Debug)]
pub struct Adwin {
    /// The chance to see a change where there is none.
    delta: f64,
    /// Row `i` holds buckets of `2^i` values, oldest first; later rows are older.
    rows: Vec<VecDeque<Bucket>>,
    all: Bucket,
    added: u64,
}

/// The window was cut: the mean of what left it and of what stays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    pub before: f64,
    pub after: f64,
    /// Values that stay.
    pub kept: u64,
}

impl Default for Adwin {
    fn default() -> Self {
        Self::new(0.002)
    }
}

impl Adwin {
    pub fn new(delta: f64) -> Self {
        Self { delta, rows: Vec::new(), all: Bucket::default(), added: 0 }
    }

    /// Takes a value, and says whether older ones no longer go with the newest.
    pub fn add(&mut self, value: f64) -> Option<Change> {
        if !value.is_finite() {
            return None;
        }
        self.added += 1;
        let one = Bucket { count: 1.0, sum: value, squares: 0.0 };
        self.all = self.all.with(one);
        self.insert(one);
        if self.added.is_multiple_of(EVERY) { self.cut() } else { None }
    }

    /// The mean of the window; `None` before the first value.
    pub fn mean(&self) -> Option<f64> {
        (self.all.count > 0.0).then(|| self.all.mean())
    }

    /// Values in the window.
    pub fn width(&self) -> u64 {
        self.all.count as u64
    }

    /// Buckets held: what memory goes by.
    pub fn buckets(&self) -> usize {
        self.rows.iter().map(VecDeque::len).sum()
    }

    fn insert(&mut self, bucket: Bucket) {
        let mut carried = Some(bucket);
        for row in &mut self.rows {
            let Some(bucket) = carried.take() else { return };
            row.push_back(bucket);
            if row.len() > BUCKETS
                && let (Some(oldest), Some(next)) = (row.pop_front(), row.pop_front())
            {
                carried = Some(oldest.with(next));
            }
        }
        if let Some(bucket) = carried {
            self.rows.push(VecDeque::from([bucket]));
        }
    }

    /// Lets the oldest buckets go while some cut of the window has two different sides.
    fn cut(&mut self) -> Option<Change> {
        let mut gone = Bucket::default();
        while self.differs() {
            let Some(oldest) = self.rows.last_mut().and_then(VecDeque::pop_front) else { break };
            while self.rows.last().is_some_and(VecDeque::is_empty) {
                self.rows.pop();
            }
            gone = gone.with(oldest);
            // Summed anew, so that no rounding of what left stays behind.
            self.all = self.oldest_first().fold(Bucket::default(), Bucket::with);
        }
        (gone.count > 0.0 && self.all.count > 0.0).then(|| Change {
            before: gone.mean(),
            after: self.all.mean(),
            kept: self.width(),
        })
    }

    fn oldest_first(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.rows.iter().rev().flat_map(|row| row.iter().copied())
    }

    /// Whether the window falls into two parts whose means are further apart than chance allows.
    fn differs(&self) -> bool {
        let width = self.all.count;
        if width < 2.0 * SHORTEST {
            return false;
        }
        let variance = self.all.squares / width;
        // The chance is shared among the cuts that are tried.
        let surprise = (2.0 * width.ln() / self.delta).ln();
        let mut old = Bucket::default();
        for bucket in self.oldest_first() {
            old = old.with(bucket);
            let (rest, rest_sum) = (width - old.count, self.all.sum - old.sum);
            if rest < SHORTEST {
                return false;
            }
            if old.count < SHORTEST {
                continue;
            }
            let harmonic = 1.0 / old.count + 1.0 / rest;
            let allowed = (2.0 * harmonic * variance * surprise).sqrt() + 2.0 / 3.0 * harmonic * surprise;
            if (old.mean() - rest_sum / rest).abs() > allowed {
                return true;
            }
        }
        false
    }
}
