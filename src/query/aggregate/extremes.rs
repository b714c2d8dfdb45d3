//! `min(x, n)` and `max(x, n)`: a list of the n smallest or largest values, best first; null for none.

use std::cmp::Ordering;

use polars::prelude::*;

use super::input::single;
use super::lists::{flatten, lists};
use super::rank::{Rank, ranked};
use super::{Accumulator, Aggregate, BASE, Parameter, SharedName, nth};
use crate::data::Result;

pub const MIN_N: Aggregate = Aggregate {
    name: "min_n",
    shares: Some(SharedName { name: "min", distinct: false }),
    about: "A list of the n smallest values, smallest first; nulls left out; null for none.",
    usage: "min(x, n)",
    make: |types, parameters| make(types, parameters, false),
    ..LIST
};

pub const MAX_N: Aggregate = Aggregate {
    name: "max_n",
    shares: Some(SharedName { name: "max", distinct: false }),
    about: "A list of the n largest values, largest first; nulls left out; NaN is greater than every number; null for \
            none.",
    usage: "max(x, n)",
    make: |types, parameters| make(types, parameters, true),
    ..LIST
};

const LIST: Aggregate = Aggregate {
    takes: "numbers, times, texts and conditions",
    parameters: &[Parameter { name: "n", low: 1.0, high: 999_999.0, whole: true, start: "3" }],
    output: |types| types.first().filter(|t| ranked(t)).map(|t| DataType::List(Box::new(t.clone()))),
    ..BASE
};

fn make(types: &[DataType], parameters: &[f64], largest: bool) -> Box<dyn Accumulator> {
    let dtype = types.first().cloned().unwrap_or(DataType::Null);
    let n = parameters.first().map_or(1, |n| *n as usize).max(1);
    match dtype {
        DataType::String => Box::new(Extremes::<Box<str>> { dtype, n, largest, best: Vec::new() }),
        _ => Box::new(Extremes::<u64> { dtype, n, largest, best: Vec::new() }),
    }
}

#[derive(Debug)]
struct Extremes<V> {
    dtype: DataType,
    n: usize,
    largest: bool,
    /// Up to 2n values a group, so that the worse half is thrown away once in n values. From n values on, the worst of
    /// the best n stands at n - 1.
    best: Vec<Vec<V>>,
}

/// Leaves the best n, with the worst of them last.
fn cut<V: Rank>(best: &mut Vec<V>, n: usize, largest: bool) {
    if best.len() >= n {
        best.select_nth_unstable_by(n - 1, |a, b| if largest { b.cmp(a) } else { a.cmp(b) });
        best.truncate(n);
    }
}

impl<V: Rank> Extremes<V> {
    fn offer(&mut self, group: u32, value: V::Of<'_>) {
        let best = &mut self.best[group as usize];
        let worse = if self.largest { Ordering::Less } else { Ordering::Greater };
        if best.len() < self.n {
            best.push(V::own(value));
            if best.len() == self.n {
                cut(best, self.n, self.largest);
            }
        } else if best.get(self.n - 1).is_some_and(|worst| worst.order(value) == worse) {
            best.push(V::own(value));
            if best.len() >= 2 * self.n {
                cut(best, self.n, self.largest);
            }
        }
    }

    /// The best n of each group in their order, one group after the other; and how many each has.
    fn sorted(&self) -> (Vec<V>, Vec<usize>) {
        let (mut all, mut lengths) = (Vec::new(), Vec::with_capacity(self.best.len()));
        for best in &self.best {
            let mut best = best.clone();
            best.sort_unstable_by(|a, b| if self.largest { b.cmp(a) } else { a.cmp(b) });
            best.truncate(self.n);
            lengths.push(best.len());
            all.append(&mut best);
        }
        (all, lengths)
    }
}

impl<V: Rank> Accumulator for Extremes<V> {
    fn resize(&mut self, groups: usize) {
        self.best.resize(groups, Vec::new());
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let lane = V::lane(single(inputs)?)?;
        for (row, group) in groups.iter().enumerate() {
            if let Some(value) = V::get(&lane, row) {
                self.offer(*group, value);
            }
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Column>> {
        Ok(vec![self.finish()?])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        let (owners, values) = flatten(groups, nth(state, 0)?)?;
        self.absorb(&owners, &[values])
    }

    fn finish(&self) -> Result<Column> {
        let (values, lengths) = self.sorted();
        lists("best", &V::series(values.iter().map(Some), &self.dtype)?, lengths.into_iter(), true)
    }

    fn size(&self) -> usize {
        let held = |best: &Vec<V>| best.capacity() * size_of::<V>() + best.iter().map(V::heap).sum::<usize>();
        self.best.capacity() * size_of::<Vec<V>>() + self.best.iter().map(held).sum::<usize>()
    }
}
