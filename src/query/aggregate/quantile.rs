//! `median(x)` and `quantile_cont(x, q)`: exact, so every value is kept. Between two values they interpolate, as
//! DuckDB does; of dates they give times. NaN is greater than every number.
//!
//! Rows are kept in one log for all groups, which costs nothing to write; they are sorted out when the answer is read.

use std::ops::Range;

use polars::prelude::*;

use super::input::{is_number, single};
use super::lists::{flatten, lists};
use super::rank::{Rank, of_int, to_float, to_int};
use super::{Accumulator, Aggregate, BASE, Class, Parameter, Rewrite, like, nth, pairs, part};
use crate::data::Result;
use crate::data::time::{day_in_unit, is_infinite, is_time};

pub const MEDIAN: Aggregate = Aggregate {
    name: "median",
    about: "The value in the middle, or half-way between the two in the middle; null for none.",
    usage: "median(x)",
    make: |types, _| Quantile::boxed(types, 0.5),
    rewrite: Some(Rewrite { to: "approx_quantile", more: &["0.5"], words: SMALLER }),
    ..CONTINUOUS
};

pub const QUANTILE_CONT: Aggregate = Aggregate {
    by_value: true,
    name: "quantile_cont",
    aliases: &["percentile_cont"],
    about: "The value that a share q of the values does not exceed, interpolated; counted from the largest where q is \
            negative; null for none.",
    usage: "quantile_cont(x, q)",
    parameters: &[SIGNED_SHARE],
    make: |types, parameters| Quantile::boxed(types, parameters.first().copied().unwrap_or(0.5)),
    rewrite: Some(Rewrite { to: "approx_quantile", more: &[], words: SMALLER }),
    ..CONTINUOUS
};

const SMALLER: &str = "24 KiB a group at most, instead of every row; ±1 % of the value; numbers only";

pub const SHARE: Parameter = Parameter { name: "q", low: 0.0, high: 1.0, whole: false, start: "0.95" };

/// A share that is counted from the largest value where it is negative.
pub const SIGNED_SHARE: Parameter = Parameter { low: -1.0, ..SHARE };

const CONTINUOUS: Aggregate =
    Aggregate { takes: "numbers and times", class: Class::KeepsRows { bytes: ROW }, output: interpolated, ..BASE };

/// Bytes kept of a row: its group and its value.
const ROW: usize = 12;

fn interpolated(types: &[DataType]) -> Option<DataType> {
    match types.first()? {
        DataType::Float32 => Some(DataType::Float32),
        DataType::Date => Some(DataType::Datetime(TimeUnit::Microseconds, None)),
        time if time.is_temporal() => Some(time.clone()),
        number => is_number(number).then_some(DataType::Float64),
    }
}

#[derive(Debug)]
struct Quantile {
    dtype: DataType,
    q: f64,
    /// How many values a group has.
    counts: Vec<usize>,
    /// The log: group and value of each row.
    groups: Vec<u32>,
    words: Vec<u64>,
}

impl Quantile {
    fn boxed(types: &[DataType], q: f64) -> Box<dyn Accumulator> {
        let dtype = types.first().cloned().unwrap_or(DataType::Null);
        let q = if q.is_sign_negative() { 1.0 + q } else { q };
        Box::new(Self { dtype, q, counts: Vec::new(), groups: Vec::new(), words: Vec::new() })
    }

    /// The values in the order of their groups.
    fn by_group(&self) -> Vec<u64> {
        let mut ends: Vec<usize> = Vec::with_capacity(self.counts.len());
        let mut end = 0;
        for count in &self.counts {
            ends.push(end);
            end += count;
        }
        let mut sorted = vec![0; self.words.len()];
        for (group, word) in self.groups.iter().zip(&self.words) {
            let at = &mut ends[*group as usize];
            sorted[*at] = *word;
            *at += 1;
        }
        sorted
    }

    /// A number between two numbers.
    fn between(&self, low: u64, high: u64, share: f64) -> f64 {
        let value = |word| match self.dtype.to_physical() {
            DataType::Float32 | DataType::Float64 => to_float(word),
            DataType::UInt64 => word as f64,
            _ => to_int(word) as f64,
        };
        if low == high { value(low) } else { value(low) * (1.0 - share) + value(high) * share }
    }

    fn quantiles<T>(&self, mut between: impl FnMut(u64, u64, f64) -> T) -> Vec<Option<T>> {
        let mut sorted = self.by_group();
        let mut rest = &mut sorted[..];
        let mut quantiles = Vec::with_capacity(self.counts.len());
        for count in &self.counts {
            let (own, others) = rest.split_at_mut(*count);
            rest = others;
            if own.is_empty() {
                quantiles.push(None);
                continue;
            }
            let position = (count - 1) as f64 * self.q;
            let below = (position.floor() as usize).min(count - 1);
            let (_, low, above) = own.select_nth_unstable(below);
            let low = *low;
            let high = if position.fract() > 0.0 { above.iter().min().copied().unwrap_or(low) } else { low };
            quantiles.push(Some(between(low, high, position.fract())));
        }
        quantiles
    }
}

/// A time between two times, to the nearest unit.
fn between_times(low: i64, high: i64, share: f64) -> i64 {
    // Doubles hold the microseconds of 285 years; beyond, only the difference is interpolated.
    const EXACT: u64 = 1 << 53;
    if low.unsigned_abs() < EXACT && high.unsigned_abs() < EXACT {
        return (low as f64 * (1.0 - share) + high as f64 * share).round() as i64;
    }
    let difference = i128::from(high) - i128::from(low);
    (i128::from(low) + (difference as f64 * share).round() as i128) as i64
}

impl Accumulator for Quantile {
    fn resize(&mut self, groups: usize) {
        self.counts.resize(groups, 0);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let lane = u64::lane(single(inputs)?)?;
        let from = self.groups.len();
        match lane.whole() {
            Some(words) => {
                self.groups.extend_from_slice(groups);
                self.words.extend_from_slice(words);
            }
            None => {
                for (row, group) in groups.iter().enumerate() {
                    if let Some(word) = u64::get(&lane, row) {
                        self.groups.push(*group);
                        self.words.push(word);
                    }
                }
            }
        }
        for group in self.groups.iter().skip(from) {
            self.counts[*group as usize] += 1;
        }
        Ok(())
    }

    /// One list of values a group.
    fn state(&self) -> Result<Vec<Column>> {
        let sorted = self.by_group();
        Ok(vec![lists(
            "values",
            &u64::series(sorted.iter().map(Some), &self.dtype)?,
            self.counts.iter().copied(),
            false,
        )?])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        let (owners, values) = flatten(groups, nth(state, 0)?)?;
        self.absorb(&owners, &[values])
    }

    fn unite(&mut self, groups: &[u32], other: &dyn Accumulator, from: Range<usize>) -> bool {
        // The log is in no order, so that it is taken as a whole or not at all.
        let Some(other) = like::<Self>(other).filter(|other| from == (0..other.counts.len())) else { return false };
        self.groups.extend(other.groups.iter().map(|group| groups[*group as usize]));
        self.words.extend_from_slice(&other.words);
        pairs(groups, &other.counts, from, |g, n| self.counts[g as usize] += n);
        true
    }

    fn finish(&self) -> Result<Column> {
        if !self.dtype.is_temporal() {
            let values: Float64Chunked =
                self.quantiles(|low, high, share| self.between(low, high, share)).into_iter().collect();
            let series = values.into_series();
            return Ok(part(
                "quantile",
                if self.dtype == DataType::Float32 { series.cast(&DataType::Float32)? } else { series },
            ));
        }
        // A date is the midnight it begins with.
        let time = |word| match (&self.dtype, to_int(word)) {
            (DataType::Date, day) => i32::try_from(day).ok().and_then(|day| day_in_unit(day, TimeUnit::Microseconds)),
            (_, time) => Some(time),
        };
        let instant = is_time(&self.dtype);
        let between = |low, high, share: f64| match (time(low)?, time(high)?) {
            (low, high) if low == high || share <= 0.0 => Some(of_int(low)),
            // Between a moment and for ever there is nothing to say.
            (low, high) if instant && (is_infinite(low) || is_infinite(high)) => None,
            (low, high) => Some(of_int(between_times(low, high, share))),
        };
        let words: Vec<Option<u64>> = self.quantiles(between).into_iter().map(Option::flatten).collect();
        let dtype = interpolated(std::slice::from_ref(&self.dtype)).unwrap_or(DataType::Null);
        Ok(part("quantile", u64::series(words.iter().map(Option::as_ref), &dtype)?))
    }

    fn size(&self) -> usize {
        self.counts.capacity() * 8 + self.groups.capacity() * 4 + self.words.capacity() * 8
    }
}
