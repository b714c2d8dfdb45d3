//! The value that stands in the row with the smallest or the largest key: `arg_min(x, y)`, `arg_max(x, y)`, and
//! `first(x)`, `last(x)`, `any_value(x)`, whose key is what ORDER BY in the call says, the event time, or where a row
//! stood. Rows of equal keys do not depend on who came first: `arg_min`, `arg_max` and `first` take the smallest value,
//! `last` the largest.

use std::cmp::Ordering;

use polars::prelude::*;

use super::extreme;
use super::input::both;
use super::rank::{Rank, ranked};
use super::{Accumulator, Aggregate, BASE, nth};
use crate::data::Result;

pub const FIRST: Aggregate = Aggregate {
    name: "first",
    aliases: &["arbitrary"],
    about: "x of the first row by ORDER BY in the call, by event time or as rows stand, also where that is null; of \
            equal ones the smallest; null for none.",
    usage: "first(x)",
    by_time: true,
    by_order: true,
    make: |types, _| make(types, Pick { largest: false, largest_tie: false, nulls: true }),
    ..ANY
};

pub const LAST: Aggregate = Aggregate {
    name: "last",
    about: "x of the last row by ORDER BY in the call, by event time or as rows stand, also where that is null; of \
            equal ones the largest; null for none.",
    usage: "last(x)",
    by_time: true,
    by_order: true,
    make: |types, _| make(types, Pick { largest: true, largest_tie: true, nulls: true }),
    ..ANY
};

pub const ARG_MIN: Aggregate = Aggregate {
    by_value: true,
    name: "arg_min",
    aliases: &["argmin", "min_by"],
    about: "x where y is smallest, of rows where neither is null; of equal y the smallest x; null for none.",
    usage: "arg_min(x, y)",
    inputs: 2,
    make: |types, _| make(types, Pick { largest: false, largest_tie: false, nulls: false }),
    ..ANY
};

pub const ARG_MAX: Aggregate = Aggregate {
    by_value: true,
    name: "arg_max",
    aliases: &["argmax", "max_by"],
    about: "x where y is largest, of rows where neither is null; of equal y the smallest x; null for none.",
    usage: "arg_max(x, y)",
    inputs: 2,
    make: |types, _| make(types, Pick { largest: true, largest_tie: false, nulls: false }),
    ..ANY
};

pub const ARG_MIN_NULL: Aggregate = Aggregate {
    by_value: true,
    name: "arg_min_null",
    about: "x where y is smallest, also where x is null; of equal y the smallest x; null for none.",
    usage: "arg_min_null(x, y)",
    inputs: 2,
    make: |types, _| make(types, Pick { largest: false, largest_tie: false, nulls: true }),
    ..ANY
};

pub const ARG_MAX_NULL: Aggregate = Aggregate {
    by_value: true,
    name: "arg_max_null",
    about: "x where y is largest, also where x is null; of equal y the smallest x; null for none.",
    usage: "arg_max_null(x, y)",
    inputs: 2,
    make: |types, _| make(types, Pick { largest: true, largest_tie: false, nulls: true }),
    ..ANY
};

pub const ANY_VALUE: Aggregate = Aggregate {
    name: "any_value",
    about: "A value that is there, the smallest, or the first by ORDER BY in the call; nulls left out; null for none.",
    usage: "any_value(x)",
    by_order: true,
    make: |types, parameters| match types {
        [_, _] => make(types, Pick { largest: false, largest_tie: false, nulls: false }),
        _ => (extreme::MIN.make)(types, parameters),
    },
    ..ANY
};

const ANY: Aggregate = Aggregate {
    takes: "numbers, times, texts and conditions",
    output: |types| {
        // What orders the rows has an order of its own.
        let fits = |dtype: &DataType| ranked(dtype) || *dtype == DataType::Binary;
        types.first().filter(|value| ranked(value) && types.iter().all(fits)).cloned()
    },
    ..BASE
};

/// Which row is taken.
#[derive(Clone, Copy, Debug)]
struct Pick {
    /// Of the keys.
    largest: bool,
    /// Of the values of rows with equal keys; a value goes before null.
    largest_tie: bool,
    /// Whether rows with a null value take part.
    nulls: bool,
}

fn make(types: &[DataType], pick: Pick) -> Box<dyn Accumulator> {
    let [value, key] = [0, 1].map(|i| types.get(i).cloned().unwrap_or(DataType::Null));
    match (&value, &key) {
        (DataType::String, DataType::Binary) => Box::new(BestRows::<Box<str>, Box<[u8]>>::new(value, key, pick)),
        (_, DataType::Binary) => Box::new(BestRows::<u64, Box<[u8]>>::new(value, key, pick)),
        (DataType::String, DataType::String) => Box::new(BestRows::<Box<str>, Box<str>>::new(value, key, pick)),
        (DataType::String, _) => Box::new(BestRows::<Box<str>, u64>::new(value, key, pick)),
        (_, DataType::String) => Box::new(BestRows::<u64, Box<str>>::new(value, key, pick)),
        _ => Box::new(BestRows::<u64, u64>::new(value, key, pick)),
    }
}

#[derive(Debug)]
struct BestRows<V, K> {
    value: DataType,
    key: DataType,
    pick: Pick,
    /// Key and value of the row taken so far.
    rows: Vec<Option<(K, Option<V>)>>,
}

impl<V: Rank, K: Rank> BestRows<V, K> {
    fn new(value: DataType, key: DataType, pick: Pick) -> Self {
        Self { value, key, pick, rows: Vec::new() }
    }

    fn offer(&mut self, group: u32, key: K::Of<'_>, value: Option<V::Of<'_>>) {
        let best = &mut self.rows[group as usize];
        let beaten = |order: Ordering, largest: bool| order == if largest { Ordering::Less } else { Ordering::Greater };
        let better =
            best.as_ref().is_none_or(|(best_key, best_value)| match (best_key.order(key), best_value, value) {
                (Ordering::Equal, Some(best), Some(value)) => beaten(best.order(value), self.pick.largest_tie),
                (Ordering::Equal, best, value) => best.is_none() && value.is_some(),
                (order, ..) => beaten(order, self.pick.largest),
            });
        if better {
            *best = Some((K::own(key), value.map(V::own)));
        }
    }
}

impl<V: Rank, K: Rank> Accumulator for BestRows<V, K> {
    fn resize(&mut self, groups: usize) {
        self.rows.resize(groups, None);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let (values, keys) = both(inputs)?;
        let (values, keys) = (V::lane(values)?, K::lane(keys)?);
        for (row, group) in groups.iter().enumerate() {
            let Some(key) = K::get(&keys, row) else { continue };
            let value = V::get(&values, row);
            if self.pick.nulls || value.is_some() {
                self.offer(*group, key, value);
            }
        }
        Ok(())
    }

    /// The value and its key, which is null where there is no row.
    fn state(&self) -> Result<Vec<Column>> {
        let keys = K::series(self.rows.iter().map(|r| r.as_ref().map(|(key, _)| key)), &self.key)?;
        Ok(vec![self.finish()?, super::part("key", keys)])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        let [values, keys] = [nth(state, 0)?, nth(state, 1)?].map(|s| s.clone().into_column());
        self.absorb(groups, &[values, keys])
    }

    fn finish(&self) -> Result<Column> {
        let values = self.rows.iter().map(|r| r.as_ref().and_then(|(_, value)| value.as_ref()));
        Ok(super::part("value", V::series(values, &self.value)?))
    }

    fn size(&self) -> usize {
        let heap: usize =
            self.rows.iter().flatten().map(|(key, value)| key.heap() + value.as_ref().map_or(0, V::heap)).sum();
        self.rows.capacity() * size_of::<Option<(K, Option<V>)>>() + heap
    }
}
