//! `avg(x)`: the exact sum by the count, so that it does not depend on the order of rows; null for nothing.

use std::ops::Range;

use polars::prelude::*;

use super::input::is_summed;
use super::sum::{FloatSum, IntSum, floating};
use super::{Accumulator, Aggregate, BASE, like, part};
use crate::data::Result;

pub const AVG: Aggregate = Aggregate {
    name: "avg",
    aliases: &["mean", "favg"],
    about: "The arithmetic mean; null for none.",
    usage: "avg(x)",
    output: |types| types.iter().all(is_summed).then_some(DataType::Float64),
    make: |types, _| {
        if floating(types) { Box::new(Mean(FloatSum::default())) } else { Box::new(Mean(IntSum::default())) }
    },
    ..BASE
};

/// A sum that is finished by dividing it.
#[derive(Debug)]
struct Mean<S>(S);

trait Divide: Accumulator {
    /// The means of some groups.
    fn divided(&self, groups: Range<usize>) -> Float64Chunked;
    fn groups(&self) -> usize;
}

impl Divide for IntSum {
    fn divided(&self, groups: Range<usize>) -> Float64Chunked {
        groups.map(|g| (self.count(g) > 0).then(|| self.sum(g) as f64 / self.count(g) as f64)).collect()
    }

    fn groups(&self) -> usize {
        self.len()
    }
}

impl Divide for FloatSum {
    fn divided(&self, groups: Range<usize>) -> Float64Chunked {
        groups.map(|g| (self.sums.count(g) > 0).then(|| self.sums.get(g) / self.sums.count(g) as f64)).collect()
    }

    fn groups(&self) -> usize {
        self.sums.len()
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

    fn unite(&mut self, groups: &[u32], other: &dyn Accumulator, from: Range<usize>) -> bool {
        like::<Self>(other).is_some_and(|other| self.0.unite(groups, &other.0, from))
    }

    fn finish(&self) -> Result<Column> {
        Ok(part("avg", self.0.divided(0..self.0.groups()).into_series()))
    }

    fn finish_some(&self, groups: Range<usize>) -> Option<Result<Column>> {
        Some(Ok(part("avg", self.0.divided(groups).into_series())))
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}
