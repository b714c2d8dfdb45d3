//! `min(x)` and `max(x)` of anything that has an order. NaN is greater than every number, as in DuckDB and PostgreSQL.

use std::ops::Range;

use polars::prelude::*;

use super::input::{NumberColumn, for_each, numbers, single};
use super::rank::ranked;
use super::{Accumulator, Aggregate, BASE, like, nth, pairs, part, prefetch};
use crate::data::Result;

pub const MIN: Aggregate = Aggregate {
    name: "min",
    about: "The smallest value; NaN is greater than every number; null for none.",
    usage: "min(x)",
    takes: "numbers, times, texts and conditions",
    output: ordered,
    make: |types, _| make(types, false),
    ..BASE
};

pub const MAX: Aggregate = Aggregate {
    name: "max",
    about: "The largest value; NaN is greater than every number; null for none.",
    usage: "max(x)",
    takes: "numbers, times, texts and conditions",
    output: ordered,
    make: |types, _| make(types, true),
    ..BASE
};

/// The type of the first input, where its values have an order.
pub fn ordered(types: &[DataType]) -> Option<DataType> {
    types.first().filter(|t| ranked(t)).cloned()
}

fn make(types: &[DataType], largest: bool) -> Box<dyn Accumulator> {
    let dtype = types.first().cloned().unwrap_or(DataType::Null);
    match dtype.to_physical() {
        DataType::String => Box::new(Extreme::<Box<str>> { dtype, largest, best: Vec::new() }),
        DataType::Float32 | DataType::Float64 => Box::new(Extreme::<Ordered> { dtype, largest, best: Vec::new() }),
        DataType::UInt64 => Box::new(Extreme::<u64> { dtype, largest, best: Vec::new() }),
        _ => Box::new(Extreme::<i64> { dtype, largest, best: Vec::new() }),
    }
}

/// A float in a total order: `-0.0` is `0.0`, and NaN comes last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let canonical = |x: f64| if x.is_nan() { f64::NAN.abs() } else { x + 0.0 };
        canonical(self.0).total_cmp(&canonical(other.0))
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Debug)]
struct Extreme<V> {
    /// The type of the argument and of the answer.
    dtype: DataType,
    largest: bool,
    best: Vec<Option<V>>,
}

impl<V: ExtremeValue> Extreme<V> {
    #[inline]
    fn offer(&mut self, group: u32, value: &V) {
        let best = &mut self.best[group as usize];
        let better = best.as_ref().is_none_or(|b| if self.largest { value.beats(b) } else { b.beats(value) });
        if better {
            *best = Some(value.clone());
        }
    }
}

/// How a kind of value is read from a column and written to one.
trait ExtremeValue: Ord + Clone + Send + Sync + std::fmt::Debug + Sized {
    fn read(column: &Column, groups: &[u32], into: &mut Extreme<Self>) -> Result<()>;
    fn write(best: &[Option<Self>]) -> Series;
    /// Whether it is greater than `other`.
    #[inline]
    fn beats(&self, other: &Self) -> bool {
        self > other
    }
    /// Bytes on the heap.
    fn heap(&self) -> usize {
        0
    }
}

impl ExtremeValue for i64 {
    fn read(column: &Column, groups: &[u32], into: &mut Extreme<Self>) -> Result<()> {
        let physical = column.to_physical_repr().cast(&DataType::Int64)?;
        for_each(groups, physical.i64()?, |g, x| into.offer(g, &x));
        Ok(())
    }

    fn write(best: &[Option<Self>]) -> Series {
        Series::new("".into(), best)
    }
}

impl ExtremeValue for u64 {
    fn read(column: &Column, groups: &[u32], into: &mut Extreme<Self>) -> Result<()> {
        for_each(groups, column.u64()?, |g, x| into.offer(g, &x));
        Ok(())
    }

    fn write(best: &[Option<Self>]) -> Series {
        Series::new("".into(), best)
    }
}

impl ExtremeValue for Ordered {
    #[inline]
    fn beats(&self, other: &Self) -> bool {
        // Nearly all pairs are settled by the machine's own comparison; NaN is greater than every number.
        self.0 > other.0 || (self.0.is_nan() && !other.0.is_nan())
    }

    fn read(column: &Column, groups: &[u32], into: &mut Extreme<Self>) -> Result<()> {
        if let NumberColumn::Float(values) = numbers(column)? {
            // `x + 0.0` makes -0.0 into 0.0, so that the answer does not depend on which came first.
            for_each(groups, &values, |g, x| into.offer(g, &Self(x + 0.0)));
        }
        Ok(())
    }

    fn write(best: &[Option<Self>]) -> Series {
        best.iter().map(|b| b.map(|b| b.0)).collect::<Float64Chunked>().into_series()
    }
}

impl ExtremeValue for Box<str> {
    fn read(column: &Column, groups: &[u32], into: &mut Extreme<Self>) -> Result<()> {
        for (group, text) in groups.iter().zip(column.str()?.iter()) {
            let Some(text) = text else { continue };
            let best = into.best[*group as usize].as_deref();
            if best.is_none_or(|b| if into.largest { text > b } else { text < b }) {
                into.best[*group as usize] = Some(text.into());
            }
        }
        Ok(())
    }

    fn write(best: &[Option<Self>]) -> Series {
        best.iter().map(Option::as_deref).collect::<StringChunked>().into_series()
    }

    fn heap(&self) -> usize {
        self.len()
    }
}

impl<V: ExtremeValue> Extreme<V> {
    fn finished(&self, best: &[Option<V>]) -> Result<Column> {
        let series = V::write(best);
        // Dates and narrow integers were widened to be compared.
        let physical = series.cast(&self.dtype.to_physical())?;
        Ok(part("best", physical.cast(&self.dtype)?))
    }
}

impl<V: ExtremeValue + 'static> Accumulator for Extreme<V> {
    fn resize(&mut self, groups: usize) {
        self.best.resize(groups, None);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        V::read(single(inputs)?, groups, self)
    }

    fn state(&self) -> Result<Vec<Column>> {
        Ok(vec![part("best", V::write(&self.best))])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        let best = nth(state, 0)?.clone().into_column();
        V::read(&best, groups, self)
    }

    fn unite(&mut self, groups: &[u32], other: &dyn Accumulator, from: Range<usize>) -> bool {
        let Some(other) = like::<Self>(other) else { return false };
        prefetch(&self.best, groups, |best| u64::from(best.is_some()));
        pairs(groups, &other.best, from, |g, best| {
            if let Some(best) = best {
                self.offer(g, best);
            }
        });
        true
    }

    fn finish(&self) -> Result<Column> {
        self.finished(&self.best)
    }

    fn finish_some(&self, groups: Range<usize>) -> Option<Result<Column>> {
        Some(self.finished(self.best.get(groups)?))
    }

    fn size(&self) -> usize {
        self.best.capacity() * size_of::<Option<V>>()
            + self.best.iter().flatten().map(ExtremeValue::heap).sum::<usize>()
    }
}
