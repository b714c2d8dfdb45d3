//! The values of a group put together: `string_agg(x, ',')` as one text, `array_agg(x)` as a list. They stand in the
//! order that ORDER BY in the call says, in that of the event time, or as they stood; where that leaves rows equal,
//! from the smallest value to the largest, so that the answer does not depend on who came first.

use std::cmp::Ordering;
use std::ops::Range;

use polars::prelude::*;

use super::lists::{flatten, lists};
use super::rank::{Rank, ranked};
use super::{Accumulator, Aggregate, BASE, Class, foreign, like, nth, pairs, part};
use crate::data::Result;

pub const STRING_AGG: Aggregate = Aggregate {
    name: "string_agg",
    aliases: &["group_concat", "listagg"],
    about: "The values as one text, with a comma or what a second argument says between them, by ORDER BY in the \
            call, by event time or as rows stand; nulls left out; null for none.",
    usage: "string_agg(x)",
    separated: true,
    output: |types| types.iter().take(1).all(ranked).then_some(DataType::String),
    ..VALUES
};

pub const ARRAY_AGG: Aggregate = Aggregate {
    name: "array_agg",
    aliases: &["list"],
    about: "A list of the values, nulls too, by ORDER BY in the call, by event time or as rows stand; null for no \
            rows.",
    usage: "array_agg(x)",
    output: |types| {
        let value = types.first().filter(|dtype| ranked(dtype) && **dtype != DataType::Null);
        value.map(|dtype| DataType::List(Box::new(dtype.clone())))
    },
    ..VALUES
};

const VALUES: Aggregate = Aggregate {
    class: Class::KeepsRows { bytes: 0 },
    by_time: true,
    by_order: true,
    takes: "numbers, times, texts and conditions",
    make,
    ..BASE
};

/// A parameter says that equal values are taken once.
fn make(types: &[DataType], parameters: &[f64]) -> Box<dyn Accumulator> {
    let value = types.first().cloned().unwrap_or(DataType::Null);
    let key = types.last().cloned().unwrap_or(DataType::Null);
    let (separated, distinct) = (types.len() > 2, !parameters.is_empty());
    match (&value, &key) {
        (DataType::String, DataType::Binary) => {
            Box::new(Gathered::<Box<str>, Box<[u8]>>::new(value, key, separated, distinct))
        }
        (DataType::String, _) => Box::new(Gathered::<Box<str>, u64>::new(value, key, separated, distinct)),
        (_, DataType::Binary) => Box::new(Gathered::<u64, Box<[u8]>>::new(value, key, separated, distinct)),
        _ => Box::new(Gathered::<u64, u64>::new(value, key, separated, distinct)),
    }
}

/// What a row is ordered by, and its value.
type Kept<V, K> = (Option<K>, Option<V>);

#[derive(Debug)]
struct Gathered<V, K> {
    value: DataType,
    key: DataType,
    /// Whether a text stands between the values: they become one text.
    separated: bool,
    distinct: bool,
    /// That text, the same for all rows.
    between: Option<Box<str>>,
    groups: Vec<Vec<Kept<V, K>>>,
    /// Bytes of values and keys on the heap.
    heap: usize,
}

impl<V: Rank, K: Rank> Gathered<V, K> {
    fn new(value: DataType, key: DataType, separated: bool, distinct: bool) -> Self {
        Self { value, key, separated, distinct, between: None, groups: Vec::new(), heap: 0 }
    }

    fn take(&mut self, groups: &[u32], values: &Column, keys: &Column) -> Result<()> {
        let (values, keys) = (V::lane(values)?, K::lane(keys)?);
        for (row, group) in groups.iter().enumerate() {
            let value = V::get(&values, row).map(V::own);
            if self.separated && value.is_none() {
                continue;
            }
            let key = K::get(&keys, row).map(K::own);
            self.heap += value.as_ref().map_or(0, V::heap) + key.as_ref().map_or(0, K::heap);
            self.groups.get_mut(*group as usize).into_iter().for_each(|kept| kept.push((key.clone(), value.clone())));
        }
        Ok(())
    }

    /// The values of a group in their order.
    fn ordered<'a>(&self, kept: &'a [Kept<V, K>]) -> Vec<Option<&'a V>> {
        fn beside<T: Ord>(one: Option<&T>, other: Option<&T>) -> Ordering {
            one.is_none().cmp(&other.is_none()).then_with(|| one.cmp(&other))
        }
        let mut rows: Vec<&Kept<V, K>> = kept.iter().collect();
        rows.sort_by(|one, other| {
            beside(one.0.as_ref(), other.0.as_ref()).then_with(|| beside(one.1.as_ref(), other.1.as_ref()))
        });
        let mut values: Vec<Option<&V>> = rows.into_iter().map(|(_, value)| value.as_ref()).collect();
        if self.distinct {
            values.dedup();
        }
        values
    }
}

impl<V: Rank, K: Rank> Accumulator for Gathered<V, K> {
    fn resize(&mut self, groups: usize) {
        self.groups.resize_with(groups, Vec::new);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let (Some(values), Some(keys)) = (inputs.first(), inputs.last()) else { return Err(foreign()) };
        if self.separated && self.between.is_none() && !groups.is_empty() {
            self.between = nth(inputs, 1)?.str()?.get(0).map(Into::into);
        }
        self.take(groups, values, keys)
    }

    /// A list of values, a list of what orders them, and what stands between them.
    fn state(&self) -> Result<Vec<Column>> {
        let lengths = || self.groups.iter().map(Vec::len);
        let values = V::series(self.groups.iter().flatten().map(|(_, value)| value.as_ref()), &self.value)?;
        let keys = K::series(self.groups.iter().flatten().map(|(key, _)| key.as_ref()), &self.key)?;
        let between = self.groups.iter().map(|_| self.between.as_deref()).collect::<StringChunked>();
        Ok(vec![
            lists("values", &values, lengths(), false)?,
            lists("keys", &keys, lengths(), false)?,
            part("between", between.into_series()),
        ])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        if self.between.is_none() {
            self.between = nth(state, 2)?.str()?.iter().flatten().next().map(Into::into);
        }
        let (owners, values) = flatten(groups, nth(state, 0)?)?;
        let (_, keys) = flatten(groups, nth(state, 1)?)?;
        self.take(&owners, &values, &keys)
    }

    fn unite(&mut self, groups: &[u32], other: &dyn Accumulator, from: Range<usize>) -> bool {
        let Some(other) = like::<Self>(other) else { return false };
        if self.between.is_none() {
            self.between.clone_from(&other.between);
        }
        let heap = |(key, value): &Kept<V, K>| value.as_ref().map_or(0, V::heap) + key.as_ref().map_or(0, K::heap);
        pairs(groups, &other.groups, from, |group, kept| {
            self.heap += kept.iter().map(heap).sum::<usize>();
            self.groups.get_mut(group as usize).into_iter().for_each(|own| own.extend_from_slice(kept));
        });
        true
    }

    fn finish(&self) -> Result<Column> {
        let ordered: Vec<Vec<Option<&V>>> = self.groups.iter().map(|kept| self.ordered(kept)).collect();
        let values = V::series(ordered.iter().flatten().copied(), &self.value)?;
        if !self.separated {
            return lists("values", &values, ordered.iter().map(Vec::len), true);
        }
        let texts = values.cast(&DataType::String)?;
        let mut texts = texts.str()?.iter();
        let between = self.between.as_deref().unwrap_or_default();
        let joined = ordered.iter().map(|own| {
            let own: Vec<&str> = texts.by_ref().take(own.len()).flatten().collect();
            (!own.is_empty()).then(|| own.join(between))
        });
        Ok(part("text", joined.collect::<StringChunked>().into_series()))
    }

    fn size(&self) -> usize {
        let held: usize = self.groups.iter().map(|kept| kept.capacity() * size_of::<Kept<V, K>>()).sum();
        self.groups.capacity() * size_of::<Vec<Kept<V, K>>>() + held + self.heap
    }
}
