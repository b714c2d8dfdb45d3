//! `stddev`, `stddev_pop`, `var_samp`, `var_pop`: from the exact sums of x and of x².
//!
//! The textbook formula (Σx² − (Σx)²/n) is known for cancelling (Chan, Golub and LeVeque 1983). Here both sums are
//! exact and the difference is taken in twice the precision, so that nothing is left to cancel, and the answer does not
//! depend on the order or the cuts of the rows, which pairwise updating cannot promise.

use std::ops::Range;

use polars::prelude::*;

use super::input::{NumberColumn, float_of_numbers, for_each, numbers, single};
use super::sum::{counts_state, merge_counts, merge_sums, sums_state};
use super::{Accumulator, Aggregate, BASE, like, nth, part};
use crate::data::Result;
use crate::query::exact::Sums;

pub const STDDEV: Aggregate = Aggregate {
    name: "stddev",
    aliases: &["stddev_samp"],
    about: "The standard deviation of a sample; null for fewer than two values.",
    usage: "stddev(x)",
    make: |_, _| Moments::boxed(1, true),
    ..SPREAD
};

pub const STDDEV_POP: Aggregate = Aggregate {
    name: "stddev_pop",
    about: "The standard deviation of a whole population; null for none.",
    usage: "stddev_pop(x)",
    make: |_, _| Moments::boxed(0, true),
    ..SPREAD
};

pub const SEM: Aggregate = Aggregate {
    name: "sem",
    about: "The standard error of the mean: the standard deviation of a whole population by the root of the count; \
            null for none.",
    usage: "sem(x)",
    make: |_, _| Box::new(Moments { of_mean: true, ..Moments::new(0, true) }),
    ..SPREAD
};

pub const VAR_SAMP: Aggregate = Aggregate {
    name: "var_samp",
    aliases: &["variance"],
    about: "The variance of a sample; null for fewer than two values.",
    usage: "var_samp(x)",
    make: |_, _| Moments::boxed(1, false),
    ..SPREAD
};

pub const VAR_POP: Aggregate = Aggregate {
    name: "var_pop",
    about: "The variance of a whole population; null for none.",
    usage: "var_pop(x)",
    make: |_, _| Moments::boxed(0, false),
    ..SPREAD
};

const SPREAD: Aggregate = Aggregate { output: float_of_numbers, ..BASE };

#[derive(Debug)]
struct Moments {
    /// Taken off the count: 1 for a sample, 0 for a population.
    ddof: i64,
    root: bool,
    /// Whether it is the error of the mean.
    of_mean: bool,
    /// Of x and of x².
    sums: Sums<2>,
}

impl Moments {
    fn new(ddof: i64, root: bool) -> Self {
        Self { ddof, root, of_mean: false, sums: Sums::default() }
    }

    fn boxed(ddof: i64, root: bool) -> Box<dyn Accumulator> {
        Box::new(Self::new(ddof, root))
    }

    fn add(&mut self, group: u32, x: f64) {
        self.sums.more(group, 1);
        self.sums.add_to(group, 0, x);
        self.sums.add_product_to(group, 1, x, x);
    }

    /// `add` for a whole number.
    #[inline]
    fn add_whole(&mut self, group: u32, x: i64) {
        /// Below this a double holds the square.
        const SMALL: u64 = 1 << 26;
        if x.unsigned_abs() >= SMALL {
            return self.add(group, x as f64);
        }
        self.sums.more(group, 1);
        self.sums.add_to(group, 0, x as f64);
        self.sums.add_to(group, 1, (x * x) as f64);
    }

    fn finished(&self, groups: Range<usize>) -> Column {
        let finish = |g: usize| self.variance(g).map(|v| if self.root { v.sqrt() } else { v });
        part("variance", groups.map(finish).collect::<Float64Chunked>().into_series())
    }

    /// Σx² − (Σx)²/n over n − ddof.
    fn variance(&self, group: usize) -> Option<f64> {
        let n = self.sums.count(group);
        if n <= self.ddof {
            return None;
        }
        let sum = self.sums.pair_of(group, 0);
        let spread = spread(self.sums.pair_of(group, 1), sum, n as f64);
        if !spread.is_finite() {
            return Some(f64::NAN);
        }
        let variance = spread / (n - self.ddof) as f64;
        Some(if self.of_mean { variance / n as f64 } else { variance })
    }
}

/// Σxy − Σx·Σy/n from the three sums as pairs, at twice the precision of a double.
pub fn centred((product, product_low): (f64, f64), (x, x_low): (f64, f64), (y, y_low): (f64, f64), n: f64) -> f64 {
    // (x + x_low)(y + y_low) = sums + sums_low, up to x_low * y_low.
    let sums = x * y;
    let sums_low = x.mul_add(y, -sums) + (x * y_low + x_low * y);
    let mean = sums / n;
    let remainder = mean.mul_add(-n, sums) + sums_low;
    (product - mean) + (product_low - remainder / n)
}

/// Σx² − (Σx)²/n. What is left of equal values is below the precision of the sums, and is nothing.
pub fn spread(squares: (f64, f64), sum: (f64, f64), n: f64) -> f64 {
    const NOISE: f64 = 1.0 / (1_u128 << 98) as f64;
    if !squares.0.is_finite() {
        // They are beyond what a double holds: nobody knows what is left of them.
        return f64::NAN;
    }
    let spread = centred(squares, sum, sum, n);
    if spread <= squares.0 * NOISE { 0.0 } else { spread }
}

impl Accumulator for Moments {
    fn resize(&mut self, groups: usize) {
        self.sums.resize(groups);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        match numbers(single(inputs)?)? {
            NumberColumn::Float(values) => for_each(groups, &values, |g, x| self.add(g, x)),
            NumberColumn::Int(values) => for_each(groups, &values, |g, x| self.add_whole(g, x)),
            NumberColumn::Unsigned(values) => for_each(groups, &values, |g, x| self.add(g, x as f64)),
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Column>> {
        let mut columns = sums_state(&self.sums, 0);
        columns.extend(sums_state(&self.sums, 1));
        columns.push(counts_state(&self.sums));
        Ok(columns)
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        merge_sums(&mut self.sums, 0, groups, state)?;
        merge_sums(&mut self.sums, 1, groups, state.get(3..).unwrap_or_default())?;
        merge_counts(&mut self.sums, groups, nth(state, 6)?)
    }

    fn unite(&mut self, groups: &[u32], other: &dyn Accumulator, from: Range<usize>) -> bool {
        like::<Self>(other).map(|other| self.sums.unite(groups, &other.sums, from)).is_some()
    }

    fn finish(&self) -> Result<Column> {
        Ok(self.finished(0..self.sums.len()))
    }

    fn finish_some(&self, groups: Range<usize>) -> Option<Result<Column>> {
        Some(Ok(self.finished(groups)))
    }

    fn size(&self) -> usize {
        self.sums.size()
    }
}
