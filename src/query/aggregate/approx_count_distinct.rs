//! `approx_count_distinct(x)`: how many different values, by a HyperLogLog a group (see `sketch`).

use polars::prelude::*;

use super::input::single;
use super::rank::{Rank, ranked};
use super::sketch::Hll;
use super::{Accumulator, Aggregate, BASE, Class, foreign, nth, part};
use crate::data::Result;

pub const APPROX_COUNT_DISTINCT: Aggregate = Aggregate {
    name: "approx_count_distinct",
    about: "About how many different values of x, nulls left out; all but exact up to 512; 0 for none.",
    usage: "approx_count_distinct(x)",
    class: Class::Sketch { bound: "±1.63 % standard error" },
    takes: "numbers, times, texts and conditions",
    output: |types| types.iter().all(ranked).then_some(DataType::Int64),
    make: |types, _| match types.first() {
        Some(DataType::String) => Box::new(DistinctSketches { sketches: Vec::new(), read: insert_all::<Box<str>> }),
        _ => Box::new(DistinctSketches { sketches: Vec::new(), read: insert_all::<u64> }),
    },
    ..BASE
};

#[derive(Debug)]
struct DistinctSketches {
    sketches: Vec<Hll>,
    read: fn(&mut [Hll], &[u32], &Column) -> Result<()>,
}

fn insert_all<V: Rank>(sketches: &mut [Hll], groups: &[u32], column: &Column) -> Result<()> {
    let lane = V::lane(column)?;
    for (row, group) in groups.iter().enumerate() {
        if let Some(value) = V::get(&lane, row) {
            sketches[*group as usize].insert(V::hash(value));
        }
    }
    Ok(())
}

impl Accumulator for DistinctSketches {
    fn resize(&mut self, groups: usize) {
        self.sketches.resize(groups, Hll::default());
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        (self.read)(&mut self.sketches, groups, single(inputs)?)
    }

    /// The sketch's bytes; null for an empty one.
    fn state(&self) -> Result<Vec<Column>> {
        let bytes: BinaryChunked = self.sketches.iter().map(|s| (!s.is_empty()).then(|| s.to_bytes())).collect();
        Ok(vec![part("hll", bytes.into_series())])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        for (group, bytes) in groups.iter().zip(nth(state, 0)?.binary()?.iter()) {
            if let Some(bytes) = bytes {
                self.sketches[*group as usize].merge(&Hll::from_bytes(bytes).ok_or_else(foreign)?);
            }
        }
        Ok(())
    }

    fn finish(&self) -> Result<Column> {
        let counts: Int64Chunked = self.sketches.iter().map(|s| Some(s.estimate().round() as i64)).collect();
        Ok(part("count", counts.into_series()))
    }

    fn size(&self) -> usize {
        self.sketches.capacity() * size_of::<Hll>() + self.sketches.iter().map(Hll::heap).sum::<usize>()
    }
}
