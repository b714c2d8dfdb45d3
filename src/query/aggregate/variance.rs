//! `stddev`, `stddev_pop`, `var_samp`, `var_pop`: from the exact sums of x and of x².
//!
//! The textbook formula (Σx² − (Σx)²/n) is known for cancelling (Chan, Golub and LeVeque 1983). Here both sums are
//! exact and the difference is taken in twice the precision, so that nothing is left to cancel, and the answer does not
//! depend on the order or the cuts of the rows, which pairwise updating cannot promise.

use polars::prelude::*;

use super::input::{Numbers, for_each, is_number, numbers};
use super::sum::{merge_sums, sums_state};
use super::{Accumulator, Aggregate, Class, nth, part};
use crate::data::Result;
use crate::query::exact::ExactSums;

const fn aggregate(
    name: &'static str,
    aliases: &'static [&'static str],
    about: &'static str,
    usage: &'static str,
    make: fn(&DataType) -> Box<dyn Accumulator>,
) -> Aggregate {
    Aggregate { name, aliases, about, usage, class: Class::Exact, star: false, output: |dtype| is_number(dtype).then_some(DataType::Float64), make }
}

pub const STDDEV: Aggregate =
    aggregate("stddev", &["stddev_samp"], "The standard deviation of a sample; null for fewer than two values.", "stddev(x)", |_| Moments::boxed(1, true));
pub const STDDEV_POP: Aggregate =
    aggregate("stddev_pop", &[], "The standard deviation of a whole population; null for none.", "stddev_pop(x)", |_| Moments::boxed(0, true));
pub const VAR_SAMP: Aggregate =
    aggregate("var_samp", &["variance"], "The variance of a sample; null for fewer than two values.", "var_samp(x)", |_| Moments::boxed(1, false));
pub const VAR_POP: Aggregate = aggregate("var_pop", &[], "The variance of a whole population; null for none.", "var_pop(x)", |_| Moments::boxed(0, false));

#[derive(Debug)]
struct Moments {
    /// Taken off the count: 1 for a sample, 0 for a population.
    ddof: i64,
    root: bool,
    counts: Vec<i64>,
    sums: ExactSums,
    squares: ExactSums,
}

impl Moments {
    fn boxed(ddof: i64, root: bool) -> Box<dyn Accumulator> {
        Box::new(Self { ddof, root, counts: Vec::new(), sums: ExactSums::default(), squares: ExactSums::default() })
    }

    fn add(&mut self, group: u32, x: f64) {
        self.counts[group as usize] += 1;
        self.sums.add(group, x);
        self.squares.add_product(group, x, x);
    }

    /// Σx² − (Σx)²/n over n − ddof, at twice the precision of a double.
    fn variance(&self, group: usize) -> Option<f64> {
        let n = self.counts[group];
        if n <= self.ddof {
            return None;
        }
        let (sum, sum_low) = self.sums.pair(group);
        let (square, square_low) = self.squares.pair(group);
        let count = n as f64;
        // (sum + sum_low)² = product + product_low, up to the square of sum_low.
        let product = sum * sum;
        let product_low = sum.mul_add(sum, -product) + 2.0 * sum * sum_low;
        let mean_square = product / count;
        let remainder = mean_square.mul_add(-count, product) + product_low;
        let spread = (square - mean_square) + (square_low - remainder / count);
        if !spread.is_finite() {
            return Some(f64::NAN);
        }
        Some(spread.max(0.0) / (n - self.ddof) as f64)
    }
}

impl Accumulator for Moments {
    fn resize(&mut self, groups: usize) {
        self.counts.resize(groups, 0);
        self.sums.resize(groups);
        self.squares.resize(groups);
    }

    fn absorb(&mut self, groups: &[u32], input: Option<&Column>) -> Result<()> {
        match input.map(numbers).transpose()? {
            Some(Numbers::Float(values)) => for_each(groups, &values, |g, x| self.add(g, x)),
            Some(Numbers::Int(values)) => for_each(groups, &values, |g, x| self.add(g, x as f64)),
            Some(Numbers::Unsigned(values)) => for_each(groups, &values, |g, x| self.add(g, x as f64)),
            None => {}
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Column>> {
        let mut columns = sums_state(&self.sums, self.counts.len());
        columns.extend(sums_state(&self.squares, self.counts.len()));
        columns.push(part("count", Series::new("".into(), &self.counts)));
        Ok(columns)
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        merge_sums(&mut self.sums, groups, state)?;
        merge_sums(&mut self.squares, groups, state.get(3..).unwrap_or_default())?;
        for_each(groups, nth(state, 6)?.i64()?, |g, n| self.counts[g as usize] += n);
        Ok(())
    }

    fn finish(&self) -> Result<Column> {
        let finish = |g: usize| self.variance(g).map(|v| if self.root { v.sqrt() } else { v });
        let values: Float64Chunked = (0..self.counts.len()).map(finish).collect();
        Ok(part("variance", values.into_series()))
    }

    fn size(&self) -> usize {
        self.counts.capacity() * 8 + self.sums.size() + self.squares.size()
    }
}
