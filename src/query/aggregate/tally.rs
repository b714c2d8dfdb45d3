//! How often each value occurs, and what is read from that: `mode`, `entropy`, `mad`, `quantile_disc`, `product` and
//! `geomean`. Whatever order rows come in, the values are read from the smallest to the largest, so that the answer is
//! the same bit for bit.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::extreme::ordered;
use super::input::{float_of_numbers, single};
use super::lists::{flatten, lists};
use super::quantile::SIGNED_SHARE;
use super::rank::{Rank, ranked};
use super::{Accumulator, Aggregate, BASE, Class, nth, part};
use crate::data::Result;

pub const MODE: Aggregate = Aggregate {
    name: "mode",
    about: "The most frequent value, of equal counts the smallest; nulls left out; null for none.",
    usage: "mode(x)",
    by_value: true,
    takes: "numbers, times, texts and conditions",
    output: ordered,
    make: |types, _| made(types, Statistic::Mode),
    ..VALUES
};

pub const ENTROPY: Aggregate = Aggregate {
    name: "entropy",
    about: "The entropy of the values in bits, by how often each occurs; nulls left out; 0 for none.",
    usage: "entropy(x)",
    takes: "numbers, times, texts and conditions",
    output: |types| types.iter().all(ranked).then_some(DataType::Float64),
    make: |types, _| made(types, Statistic::Entropy),
    ..VALUES
};

pub const QUANTILE_DISC: Aggregate = Aggregate {
    by_value: true,
    name: "quantile_disc",
    aliases: &["quantile", "percentile_disc"],
    about: "The smallest value that a share q of the values does not exceed; counted from the largest where q is \
            negative; nulls left out; null for none.",
    usage: "quantile_disc(x, q)",
    parameters: &[SIGNED_SHARE],
    takes: "numbers, times, texts and conditions",
    output: ordered,
    make: |types, parameters| made(types, Statistic::Quantile(parameters.first().copied().unwrap_or(0.5))),
    ..VALUES
};

pub const MAD: Aggregate = Aggregate {
    name: "mad",
    about: "The median distance of the values from their median; null for none.",
    usage: "mad(x)",
    make: |types, _| made(types, Statistic::Mad),
    ..VALUES
};

pub const PRODUCT: Aggregate = Aggregate {
    name: "product",
    about: "The values multiplied with each other, from the smallest to the largest; null for none.",
    usage: "product(x)",
    make: |types, _| made(types, Statistic::Product),
    ..VALUES
};

pub const GEOMEAN: Aggregate = Aggregate {
    name: "geomean",
    aliases: &["geometric_mean"],
    about: "The geometric mean: e to the mean logarithm; null for none.",
    usage: "geomean(x)",
    make: |types, _| made(types, Statistic::GeometricMean),
    ..VALUES
};

pub const SKEWNESS: Aggregate = Aggregate {
    name: "skewness",
    about: "How much the values lean to one side, of a sample; null for fewer than three values and for equal ones.",
    usage: "skewness(x)",
    make: |types, _| made(types, Statistic::Skewness),
    ..VALUES
};

pub const KURTOSIS: Aggregate = Aggregate {
    name: "kurtosis",
    about: "How far outliers reach, of a sample, 0 for a normal distribution; null for fewer than four values and for \
            equal ones.",
    usage: "kurtosis(x)",
    make: |types, _| made(types, Statistic::Kurtosis),
    ..VALUES
};

pub const KURTOSIS_POP: Aggregate = Aggregate {
    name: "kurtosis_pop",
    about: "How far outliers reach, of a whole population, 0 for a normal distribution; null for fewer than two values \
            and for equal ones.",
    usage: "kurtosis_pop(x)",
    make: |types, _| made(types, Statistic::KurtosisPop),
    ..VALUES
};

const VALUES: Aggregate = Aggregate { class: Class::KeepsValues, output: float_of_numbers, ..BASE };

#[derive(Clone, Copy, Debug)]
enum Statistic {
    Mode,
    Entropy,
    Quantile(f64),
    Mad,
    Product,
    GeometricMean,
    Skewness,
    Kurtosis,
    KurtosisPop,
}

fn made(types: &[DataType], statistic: Statistic) -> Box<dyn Accumulator> {
    let dtype = types.first().cloned().unwrap_or(DataType::Null);
    match dtype {
        DataType::String => Box::new(Tallies::<Box<str>> { dtype, statistic, groups: Vec::new(), heap: 0 }),
        _ => Box::new(Tallies::<u64> { dtype, statistic, groups: Vec::new(), heap: 0 }),
    }
}

/// How often each value of each group occurs.
#[derive(Debug)]
struct Tallies<V: Rank> {
    dtype: DataType,
    statistic: Statistic,
    groups: Vec<BTreeMap<V, i64>>,
    /// Bytes of the values, about.
    heap: usize,
}

impl<V: Rank> Tallies<V> {
    fn add(&mut self, group: u32, value: V::Of<'_>, times: i64) {
        let Some(known) = self.groups.get_mut(group as usize) else { return };
        let value = V::own(value);
        let bytes = value.heap() + size_of::<(V, i64)>() + 16;
        let count = known.entry(value).or_insert(0);
        if *count == 0 {
            self.heap += bytes;
        }
        *count += times;
    }

    /// A value of each group, of those that are there.
    fn chosen<'a>(&'a self, choose: impl Fn(&'a BTreeMap<V, i64>) -> Option<&'a V>) -> Result<Series> {
        V::series(self.groups.iter().map(choose), &self.dtype)
    }
}

impl<V: Rank> Accumulator for Tallies<V> {
    fn resize(&mut self, groups: usize) {
        self.groups.resize_with(groups, BTreeMap::new);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let lane = V::lane(single(inputs)?)?;
        for (row, group) in groups.iter().enumerate() {
            if let Some(value) = V::get(&lane, row) {
                self.add(*group, value, 1);
            }
        }
        Ok(())
    }

    /// A list of values, and one of how often each occurs.
    fn state(&self) -> Result<Vec<Column>> {
        let lengths = || self.groups.iter().map(BTreeMap::len);
        let values = V::series(self.groups.iter().flat_map(BTreeMap::keys).map(Some), &self.dtype)?;
        let counts: Int64Chunked = self.groups.iter().flat_map(BTreeMap::values).map(|count| Some(*count)).collect();
        Ok(vec![lists("values", &values, lengths(), false)?, lists("counts", &counts.into_series(), lengths(), false)?])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        let (owners, values) = flatten(groups, nth(state, 0)?)?;
        let (_, counts) = flatten(groups, nth(state, 1)?)?;
        let (lane, counts) = (V::lane(&values)?, counts.i64()?.clone());
        for (row, group) in owners.iter().enumerate() {
            if let (Some(value), Some(count)) = (V::get(&lane, row), counts.get(row)) {
                self.add(*group, value, count);
            }
        }
        Ok(())
    }

    fn finish(&self) -> Result<Column> {
        let column = match self.statistic {
            Statistic::Mode => {
                self.chosen(|values| values.iter().rev().max_by_key(|(_, count)| **count).map(|(value, _)| value))?
            }
            Statistic::Quantile(share) => self.chosen(|values| {
                let all: i64 = values.values().sum();
                let mut left = ((all as f64 * share.abs()).ceil() as i64).max(1);
                let mut reached = |(_, count): &(&V, &i64)| {
                    left -= **count;
                    left <= 0
                };
                let found = if share.is_sign_negative() {
                    values.iter().rev().find(&mut reached)
                } else {
                    values.iter().find(&mut reached)
                };
                found.map(|(value, _)| value)
            })?,
            Statistic::Entropy => {
                let bits = |values: &BTreeMap<V, i64>| {
                    let all = values.values().sum::<i64>() as f64;
                    let part = |count: &i64| {
                        let share = *count as f64 / all;
                        share * share.log2()
                    };
                    Some(0.0 - values.values().map(part).sum::<f64>())
                };
                self.groups.iter().map(bits).collect::<Float64Chunked>().into_series()
            }
            statistic => {
                let series = V::series(self.groups.iter().flat_map(BTreeMap::keys).map(Some), &self.dtype)?;
                let numbers = series.cast(&DataType::Float64)?;
                let mut numbers = numbers.f64()?.iter().map(|number| number.unwrap_or(f64::NAN));
                let value = |values: &BTreeMap<V, i64>| {
                    let counted: Vec<(f64, i64)> =
                        values.values().map(|count| (numbers.next().unwrap_or(f64::NAN), *count)).collect();
                    of_numbers(statistic, &counted)
                };
                self.groups.iter().map(value).collect::<Float64Chunked>().into_series()
            }
        };
        Ok(part("value", column))
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<BTreeMap<V, i64>>() + self.heap
    }
}

/// What is read from numbers, from the smallest to the largest, and how often each occurs.
fn of_numbers(statistic: Statistic, counted: &[(f64, i64)]) -> Option<f64> {
    let all = counted.iter().map(|(_, count)| *count).sum::<i64>();
    if all == 0 {
        return None;
    }
    let n = all as f64;
    match statistic {
        Statistic::Product => {
            Some(counted.iter().fold(1.0, |product, (x, count)| (0..*count).fold(product, |product, _| product * x)))
        }
        Statistic::GeometricMean => {
            Some((counted.iter().map(|(x, count)| x.ln() * *count as f64).sum::<f64>() / n).exp())
        }
        Statistic::Mad => {
            let middle = median(counted)?;
            let mut distances: Vec<(f64, i64)> =
                counted.iter().map(|(x, count)| ((x - middle).abs(), *count)).collect();
            distances.sort_by(|a, b| a.0.total_cmp(&b.0));
            median(&distances)
        }
        Statistic::Skewness | Statistic::Kurtosis | Statistic::KurtosisPop => shape(statistic, counted, n),
        Statistic::Mode | Statistic::Entropy | Statistic::Quantile(_) => None,
    }
}

/// From the central moments of n values.
fn shape(statistic: Statistic, counted: &[(f64, i64)], n: f64) -> Option<f64> {
    let mean = counted.iter().map(|(x, count)| x * *count as f64).sum::<f64>() / n;
    let moment = |power| counted.iter().map(|(x, count)| (x - mean).powi(power) * *count as f64).sum::<f64>() / n;
    if counted.len() < 2 {
        return None;
    }
    let square = moment(2);
    match statistic {
        Statistic::Skewness => (n > 2.0).then(|| (n * (n - 1.0)).sqrt() / (n - 2.0) * moment(3) / square.powf(1.5)),
        Statistic::Kurtosis => (n > 3.0)
            .then(|| (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * moment(4) / square.powi(2) - 3.0 * (n - 1.0))),
        _ => Some(moment(4) / square.powi(2) - 3.0),
    }
}

/// The value in the middle, or half-way between the two in the middle.
fn median(counted: &[(f64, i64)]) -> Option<f64> {
    let all = counted.iter().map(|(_, count)| *count).sum::<i64>();
    let at = |place: i64| {
        let mut left = place;
        counted
            .iter()
            .find(|(_, count)| {
                left -= count;
                left < 0
            })
            .map(|(x, _)| *x)
    };
    let (low, high) = (at((all - 1) / 2)?, at(all / 2)?);
    Some(if low == high { low } else { low + (high - low) / 2.0 })
}
