//! `count(DISTINCT x)`: how many different values, exactly. It remembers each pair of group and value once.

use polars::prelude::*;

use super::distinct::Pairs;
use super::{Accumulator, Aggregate, BASE, Class, Rewrite, SharedName, part};
use crate::data::Result;

pub const COUNT_DISTINCT: Aggregate = Aggregate {
    name: "count_distinct",
    shares: Some(SharedName { name: "count", distinct: true }),
    about: "How many different values of x, nulls left out; 0 for none.",
    usage: "count(DISTINCT x)",
    class: Class::KeepsValues,
    takes: "numbers, times, texts and conditions",
    output: |types| types.iter().all(Pairs::fits).then_some(DataType::Int64),
    make: |types, _| Box::new(CountDistinct(Pairs::new(types))),
    rewrite: Some(Rewrite {
        to: "approx_count_distinct",
        more: &[],
        words: "4 KiB a group at most, instead of every value; ±1.63 % standard error, nearly exact up to 512 values",
    }),
    ..BASE
};

#[derive(Debug)]
struct CountDistinct(Pairs);

impl Accumulator for CountDistinct {
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
        Ok(part("count", Series::new("".into(), &self.0.counts)))
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}
