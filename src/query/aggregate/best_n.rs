//! `arg_min(x, y, n)` and `arg_max(x, y, n)`: a list of the values in the n rows with the smallest or the largest keys.
//! Of rows with equal keys the smaller value comes first.

use std::cmp::Ordering;

use polars::prelude::*;

use super::input::both;
use super::lists::{flatten, lists};
use super::rank::{Rank, ranked};
use super::{Accumulator, Aggregate, BASE, Parameter, SharedName, nth};
use crate::data::Result;

pub const ARG_MIN_N: Aggregate = Aggregate {
    by_value: true,
    name: "arg_min_n",
    shares: Some(SharedName { name: "arg_min", distinct: false }),
    aliases: &["argmin", "min_by"],
    about: "A list of x in the n rows where y is smallest, of rows where neither is null; of equal y the smaller x \
            first; null for none.",
    usage: "arg_min(x, y, n)",
    make: |types, parameters| make(types, parameters, false),
    ..LIST
};

pub const ARG_MAX_N: Aggregate = Aggregate {
    by_value: true,
    name: "arg_max_n",
    shares: Some(SharedName { name: "arg_max", distinct: false }),
    aliases: &["argmax", "max_by"],
    about: "A list of x in the n rows where y is largest, of rows where neither is null; of equal y the smaller x \
            first; null for none.",
    usage: "arg_max(x, y, n)",
    make: |types, parameters| make(types, parameters, true),
    ..LIST
};

const LIST: Aggregate = Aggregate {
    inputs: 2,
    takes: "numbers, times, texts and conditions",
    parameters: &[Parameter { name: "n", low: 1.0, high: 999_999.0, whole: true, start: "3" }],
    output: |types| {
        let value = types.first().filter(|_| types.iter().all(ranked))?;
        Some(DataType::List(Box::new(value.clone())))
    },
    ..BASE
};

fn make(types: &[DataType], parameters: &[f64], largest: bool) -> Box<dyn Accumulator> {
    let dtypes = [0, 1].map(|i| types.get(i).cloned().unwrap_or(DataType::Null));
    let n = parameters.first().map_or(1, |n| *n as usize).max(1);
    match &dtypes {
        [DataType::String, DataType::String] => Box::new(BestRows::<Box<str>, Box<str>>::new(dtypes, n, largest)),
        [DataType::String, _] => Box::new(BestRows::<Box<str>, u64>::new(dtypes, n, largest)),
        [_, DataType::String] => Box::new(BestRows::<u64, Box<str>>::new(dtypes, n, largest)),
        _ => Box::new(BestRows::<u64, u64>::new(dtypes, n, largest)),
    }
}

#[derive(Debug)]
struct BestRows<V, K> {
    /// Of values and keys.
    dtypes: [DataType; 2],
    n: usize,
    largest: bool,
    /// Up to 2n rows a group, so that the worse half is thrown away once in n rows.
    groups: Vec<Vec<(K, V)>>,
}

impl<V: Rank, K: Rank> BestRows<V, K> {
    fn new(dtypes: [DataType; 2], n: usize, largest: bool) -> Self {
        Self { dtypes, n, largest, groups: Vec::new() }
    }

    /// Which row comes first.
    fn beside(largest: bool, one: &(K, V), other: &(K, V)) -> Ordering {
        let keys = if largest { other.0.cmp(&one.0) } else { one.0.cmp(&other.0) };
        keys.then_with(|| one.1.cmp(&other.1))
    }

    /// The best n rows of each group in their order.
    fn sorted(&self) -> Vec<Vec<(K, V)>> {
        let sorted = |rows: &Vec<(K, V)>| {
            let mut rows = rows.clone();
            rows.sort_unstable_by(|one, other| Self::beside(self.largest, one, other));
            rows.truncate(self.n);
            rows
        };
        self.groups.iter().map(sorted).collect()
    }
}

impl<V: Rank, K: Rank> Accumulator for BestRows<V, K> {
    fn resize(&mut self, groups: usize) {
        self.groups.resize(groups, Vec::new());
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let (values, keys) = both(inputs)?;
        let (values, keys) = (V::lane(values)?, K::lane(keys)?);
        for (row, group) in groups.iter().enumerate() {
            let (Some(value), Some(key)) = (V::get(&values, row), K::get(&keys, row)) else { continue };
            let Some(rows) = self.groups.get_mut(*group as usize) else { continue };
            rows.push((K::own(key), V::own(value)));
            if rows.len() >= 2 * self.n {
                rows.select_nth_unstable_by(self.n - 1, |one, other| Self::beside(self.largest, one, other));
                rows.truncate(self.n);
            }
        }
        Ok(())
    }

    /// A list of values, and one of their keys.
    fn state(&self) -> Result<Vec<Column>> {
        let sorted = self.sorted();
        let lengths = || sorted.iter().map(Vec::len);
        let values = V::series(sorted.iter().flatten().map(|(_, value)| Some(value)), &self.dtypes[0])?;
        let keys = K::series(sorted.iter().flatten().map(|(key, _)| Some(key)), &self.dtypes[1])?;
        Ok(vec![lists("values", &values, lengths(), false)?, lists("keys", &keys, lengths(), false)?])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        let (owners, values) = flatten(groups, nth(state, 0)?)?;
        let (_, keys) = flatten(groups, nth(state, 1)?)?;
        self.absorb(&owners, &[values, keys])
    }

    fn finish(&self) -> Result<Column> {
        let sorted = self.sorted();
        let values = V::series(sorted.iter().flatten().map(|(_, value)| Some(value)), &self.dtypes[0])?;
        lists("best", &values, sorted.iter().map(Vec::len), true)
    }

    fn size(&self) -> usize {
        let held = |rows: &Vec<(K, V)>| {
            rows.capacity() * size_of::<(K, V)>()
                + rows.iter().map(|(key, value)| key.heap() + value.heap()).sum::<usize>()
        };
        self.groups.capacity() * size_of::<Vec<(K, V)>>() + self.groups.iter().map(held).sum::<usize>()
    }
}
