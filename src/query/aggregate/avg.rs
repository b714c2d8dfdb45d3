//! `avg(x)`: the exact sum by the count, so that it does not depend on the order of rows; null for nothing.

use polars::prelude::*;

use super::input::float_of_numbers;
use super::sum::{FloatSum, IntSum, floating};
use super::{Accumulator, Aggregate, BASE, part};
use crate::data::Result;

pub const AVG: Aggregate = Aggregate {
    name: "avg",
    aliases: &["mean"],
    about: "The arithmetic mean; null for none.",
    usage: "avg(x)",
    output: float_of_numbers,
    make: |types, _| if floating(types) { Box::new(Mean(FloatSum::default())) } else { Box::new(Mean(IntSum::default())) },
    ..BASE
};

/// A sum that is finished by dividing it.
#[derive(Debug)]
struct Mean<S>(S);

trait Divide: Accumulator {
    fn divided(&self) -> Float64Chunked;
}

impl Divide for IntSum {
    fn divided(&self) -> Float64Chunked {
        self.sums.iter().zip(&self.counts).map(|(s, n)| (*n > 0).then(|| *s as f64 / *n as f64)).collect()
    }
}

impl Divide for FloatSum {
    fn divided(&self) -> Float64Chunked {
        self.counts.iter().enumerate().map(|(g, n)| (*n > 0).then(|| self.sums.get(g) / *n as f64)).collect()
    }
}

impl<S: Divide> Accumulator for Mean<S> {
    fn resize(&mut self, groups: usize) {
        self.0.resize(groups);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        self.0.absorb(groups, inputs)
    }

    fn state(&self) -> Result<Vec<Column>> {
        self.0.state()
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        self.0.merge(groups, state)
    }

    fn finish(&self) -> Result<Column> {
        Ok(part("avg", self.0.divided().into_series()))
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}
