//! `count(*)` and `count(x)`: rows, or rows where `x` is not null.

use std::ops::Range;

use polars::prelude::*;

use super::input::{for_each, for_each_present};
use super::{Accumulator, Aggregate, BASE, like, nth, pairs, part, prefetch};
use crate::data::Result;

pub const COUNT: Aggregate = Aggregate {
    name: "count",
    about: "How many rows, or how many where x is not null; 0 for none.",
    usage: "count(*), count(x)",
    star: true,
    takes: "anything",
    output: |_| Some(DataType::Int64),
    make: |_, _| Box::new(Count::default()),
    ..BASE
};

#[derive(Debug, Default)]
pub struct Count(Vec<i64>);

impl Accumulator for Count {
    fn resize(&mut self, groups: usize) {
        self.0.resize(groups, 0);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let counts = &mut self.0;
        match inputs.first() {
            None => groups.iter().for_each(|g| counts[*g as usize] += 1),
            Some(column) => for_each_present(groups, column, |g| counts[g as usize] += 1),
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Column>> {
        Ok(vec![part("count", Series::new("".into(), &self.0))])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        for_each(groups, nth(state, 0)?.i64()?, |g, n| self.0[g as usize] += n);
        Ok(())
    }

    fn unite(&mut self, groups: &[u32], other: &dyn Accumulator, from: Range<usize>) -> bool {
        let Some(other) = like::<Self>(other) else { return false };
        prefetch(&self.0, groups, |n| *n as u64);
        pairs(groups, &other.0, from, |g, n| self.0[g as usize] += n);
        true
    }

    fn finish(&self) -> Result<Column> {
        Ok(part("count", Series::new("".into(), &self.0)))
    }

    fn finish_some(&self, groups: Range<usize>) -> Option<Result<Column>> {
        Some(Ok(part("count", Series::new("".into(), self.0.get(groups)?))))
    }

    fn size(&self) -> usize {
        self.0.capacity() * 8
    }
}
