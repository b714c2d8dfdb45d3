//! `weighted_avg(x, w)`: Σxw over Σw, both exact, so that it does not depend on the order of rows.

use std::ops::Range;

use polars::prelude::*;

use super::input::{both, float_of_numbers, floats};
use super::sum::{counts_state, merge_counts, merge_sums, sums_state};
use super::{Accumulator, Aggregate, BASE, like, nth, part};
use crate::data::Result;
use crate::query::exact::Sums;

pub const WEIGHTED_AVG: Aggregate = Aggregate {
    name: "weighted_avg",
    aliases: &["wavg"],
    about: "The mean of x where each is taken w times, of rows where neither is null; null for none.",
    usage: "weighted_avg(x, w)",
    inputs: 2,
    output: float_of_numbers,
    make: |_, _| Box::new(WeightedSums(Sums::default())),
    ..BASE
};

/// Of xw and of w.
#[derive(Debug)]
struct WeightedSums(Sums<2>);

impl Accumulator for WeightedSums {
    fn resize(&mut self, groups: usize) {
        self.0.resize(groups);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let (values, weights) = both(inputs)?;
        for ((group, x), w) in groups.iter().zip(floats(values)?.iter()).zip(floats(weights)?.iter()) {
            let (Some(x), Some(w)) = (x, w) else { continue };
            self.0.more(*group, 1);
            self.0.add_product_to(*group, 0, x, w);
            self.0.add_to(*group, 1, w);
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Column>> {
        let mut columns = sums_state(&self.0, 0);
        columns.extend(sums_state(&self.0, 1));
        columns.push(counts_state(&self.0));
        Ok(columns)
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        merge_sums(&mut self.0, 0, groups, state)?;
        merge_sums(&mut self.0, 1, groups, state.get(3..).unwrap_or_default())?;
        merge_counts(&mut self.0, groups, nth(state, 6)?)
    }

    fn unite(&mut self, groups: &[u32], other: &dyn Accumulator, from: Range<usize>) -> bool {
        like::<Self>(other).map(|other| self.0.unite(groups, &other.0, from)).is_some()
    }

    fn finish(&self) -> Result<Column> {
        let sum = |group, nth| {
            let (high, low) = self.0.pair_of(group, nth);
            high + low
        };
        let mean = |group| (self.0.count(group) > 0).then(|| sum(group, 0) / sum(group, 1));
        Ok(part("mean", (0..self.0.len()).map(mean).collect::<Float64Chunked>().into_series()))
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}
