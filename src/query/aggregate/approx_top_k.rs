//! `approx_top_k(x, k)`: a list of the k most frequent values, by a summary of counters a group (see `sketch`).

use polars::prelude::*;

use super::input::single;
use super::lists::{flatten, lists};
use super::rank::{Rank, ranked};
use super::sketch::{CAPACITY, Frequent};
use super::{Accumulator, Aggregate, BASE, Class, Parameter, foreign, nth, part};
use crate::data::Result;

pub const APPROX_TOP_K: Aggregate = Aggregate {
    name: "approx_top_k",
    about: "A list of the k most frequent values, most frequent first, of equal counts the smaller first; nulls left \
            out; null for none.",
    usage: "approx_top_k(x, k)",
    class: Class::Sketch {
        bound: "exact up to 2,048 different values a group, beyond that each count is at most 0.1 % of the rows too \
                small",
    },
    // What a full summary forgets depends on what came before.
    cut_free: false,
    takes: "numbers, times, texts and conditions",
    parameters: &[Parameter { name: "k", low: 1.0, high: 999_999.0, whole: true, start: "3" }],
    output: |types| types.first().filter(|t| ranked(t)).map(|t| DataType::List(Box::new(t.clone()))),
    make: |types, parameters| {
        let dtype = types.first().cloned().unwrap_or(DataType::Null);
        let k = parameters.first().map_or(1, |k| *k as usize);
        match dtype {
            DataType::String => Box::new(Summaries::<Box<str>> { dtype, k, groups: Vec::new() }),
            _ => Box::new(Summaries::<u64> { dtype, k, groups: Vec::new() }),
        }
    },
    ..BASE
};

#[derive(Debug)]
struct Summaries<V> {
    dtype: DataType,
    k: usize,
    groups: Vec<Option<Box<Frequent<V>>>>,
}

impl<V: Rank> Summaries<V> {
    /// Four counters for each value asked for, so that those at the end of the list are told apart too.
    fn capacity(&self) -> usize {
        CAPACITY.max(4 * self.k)
    }
}

impl<V: Rank> Accumulator for Summaries<V> {
    fn resize(&mut self, groups: usize) {
        self.groups.resize_with(groups, || None);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let (lane, capacity) = (V::lane(single(inputs)?)?, self.capacity());
        for (row, group) in groups.iter().enumerate() {
            if let Some(value) = V::get(&lane, row) {
                self.groups[*group as usize].get_or_insert_default().add(value, 1, capacity);
            }
        }
        Ok(())
    }

    /// A list of values, a list of their counts, and how much the counts may be too small.
    fn state(&self) -> Result<Vec<Column>> {
        let (mut values, mut counts, mut lengths, mut lost) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for group in &self.groups {
            let all = group.as_ref().map(|g| g.top(g.len())).unwrap_or_default();
            lengths.push(all.len());
            lost.push(group.as_ref().map_or(0, |g| g.lost()));
            for (value, count) in all {
                values.push(value);
                counts.push(count);
            }
        }
        let values = V::series(values.into_iter().map(Some), &self.dtype)?;
        let counts = Series::new("".into(), counts);
        Ok(vec![
            lists("values", &values, lengths.iter().copied(), false)?,
            lists("counts", &counts, lengths.iter().copied(), false)?,
            part("lost", Series::new("".into(), lost)),
        ])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        let capacity = self.capacity();
        let (owners, values) = flatten(groups, nth(state, 0)?)?;
        let (same, counts) = flatten(groups, nth(state, 1)?)?;
        if owners != same {
            return Err(foreign());
        }
        let (lane, counts) = (V::lane(&values)?, counts.u64()?.clone());
        for (row, (group, count)) in owners.iter().zip(counts.into_no_null_iter()).enumerate() {
            if let Some(value) = V::get(&lane, row) {
                self.groups[*group as usize].get_or_insert_default().add(value, count, capacity);
            }
        }
        for_each_lost(groups, nth(state, 2)?, |g, lost| self.groups[g as usize].get_or_insert_default().add_lost(lost))
    }

    fn finish(&self) -> Result<Column> {
        let tops = self.groups.iter().map(|g| g.as_ref().map(|g| g.top(self.k)).unwrap_or_default());
        let (mut values, mut lengths) = (Vec::new(), Vec::new());
        for top in tops {
            lengths.push(top.len());
            values.extend(top.into_iter().map(|(value, _)| value));
        }
        lists("top", &V::series(values.into_iter().map(Some), &self.dtype)?, lengths.into_iter(), true)
    }

    fn size(&self) -> usize {
        let held = self.groups.iter().flatten().map(|g| size_of::<Frequent<V>>() + g.heap());
        self.groups.capacity() * size_of::<usize>() + held.sum::<usize>()
    }
}

/// Calls `each(group, lost)` where something was lost.
fn for_each_lost(groups: &[u32], lost: &Series, mut each: impl FnMut(u32, u64)) -> Result<()> {
    for (group, lost) in groups.iter().zip(lost.u64()?.into_no_null_iter()) {
        if lost > 0 {
            each(*group, lost);
        }
    }
    Ok(())
}
