//! `sum(x)`: whole numbers in 128 bits, decimal numbers exactly (see `exact`); null for nothing.

use std::ops::Range;

use polars::prelude::*;

use super::input::{Numbers, for_each, is_number, numbers, single};
use super::{Accumulator, Aggregate, BASE, nth, part};
use crate::data::{Fault, Result};
use crate::query::exact::ExactSums;

pub const SUM: Aggregate = Aggregate {
    name: "sum",
    about: "The sum; of whole numbers it is exact and never wraps, of decimal numbers it is the true sum rounded once; null for none.",
    usage: "sum(x)",
    output: |types| types.iter().all(is_number).then(|| if floating(types) { DataType::Float64 } else { DataType::Int64 }),
    make: |types, _| if floating(types) { Box::new(FloatSum::default()) } else { Box::new(IntSum::default()) },
    ..BASE
};

/// Whether the input is of decimal numbers.
pub fn floating(types: &[DataType]) -> bool {
    types.first().is_some_and(DataType::is_float)
}

/// Sums of whole numbers and how many were summed. Also what `avg` and `variance` keep of whole numbers.
#[derive(Debug, Default)]
pub struct IntSum {
    pub sums: Vec<i128>,
    pub counts: Vec<i64>,
}

impl IntSum {
    fn add(&mut self, group: u32, x: i128) {
        // 2^63 rows of 64 bits each still fit into 128.
        self.sums[group as usize] += x;
        self.counts[group as usize] += 1;
    }
}

impl Accumulator for IntSum {
    fn resize(&mut self, groups: usize) {
        self.sums.resize(groups, 0);
        self.counts.resize(groups, 0);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        match numbers(single(inputs)?)? {
            Numbers::Int(values) => for_each(groups, &values, |g, x| self.add(g, i128::from(x))),
            Numbers::Unsigned(values) => for_each(groups, &values, |g, x| self.add(g, i128::from(x))),
            // A column of nothing but nulls.
            Numbers::Float(_) => {}
        }
        Ok(())
    }

    /// The high and the low 64 bits, and the count.
    fn state(&self) -> Result<Vec<Column>> {
        let high: Vec<i64> = self.sums.iter().map(|s| (s >> 64) as i64).collect();
        let low: Vec<u64> = self.sums.iter().map(|s| *s as u64).collect();
        Ok(vec![part("high", Series::new("".into(), high)), part("low", Series::new("".into(), low)), part("count", Series::new("".into(), &self.counts))])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        for_each(groups, nth(state, 0)?.i64()?, |g, high| self.sums[g as usize] += i128::from(high) << 64);
        for_each(groups, nth(state, 1)?.u64()?, |g, low| self.sums[g as usize] += i128::from(low));
        for_each(groups, nth(state, 2)?.i64()?, |g, n| self.counts[g as usize] += n);
        Ok(())
    }

    fn finish(&self) -> Result<Column> {
        self.finished(0..self.sums.len())
    }

    fn finish_some(&self, groups: Range<usize>) -> Option<Result<Column>> {
        Some(self.finished(groups))
    }

    fn size(&self) -> usize {
        self.sums.capacity() * 16 + self.counts.capacity() * 8
    }
}

impl IntSum {
    fn finished(&self, groups: Range<usize>) -> Result<Column> {
        let (sums, counts) = (self.sums.get(groups.clone()).unwrap_or_default(), self.counts.get(groups).unwrap_or_default());
        let beyond = sums.iter().filter(|s| i64::try_from(**s).is_err()).count();
        if beyond > 0 {
            return Err(Fault::new(format!("a sum of whole numbers does not fit into 64 bits (in {beyond} of {} groups)", self.sums.len()))
                .hint("sum them as decimal numbers: sum(CAST(x AS DOUBLE))"));
        }
        let sums: Int64Chunked = sums.iter().zip(counts).map(|(s, n)| (*n > 0).then_some(*s as i64)).collect();
        Ok(part("sum", sums.into_series()))
    }
}

/// Exact sums of decimal numbers and how many were summed.
#[derive(Debug, Default)]
pub struct FloatSum {
    pub sums: ExactSums,
    pub counts: Vec<i64>,
}

impl Accumulator for FloatSum {
    fn resize(&mut self, groups: usize) {
        self.sums.resize(groups);
        self.counts.resize(groups, 0);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let column = single(inputs)?;
        if let Numbers::Float(values) = numbers(column)? {
            for_each(groups, &values, |g, x| {
                self.counts[g as usize] += 1;
                self.sums.add(g, x);
            });
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Column>> {
        let mut columns = sums_state(&self.sums, self.counts.len());
        columns.push(part("count", Series::new("".into(), &self.counts)));
        Ok(columns)
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        merge_sums(&mut self.sums, groups, state)?;
        for_each(groups, nth(state, 3)?.i64()?, |g, n| self.counts[g as usize] += n);
        Ok(())
    }

    fn finish(&self) -> Result<Column> {
        Ok(self.finished(0..self.counts.len()))
    }

    fn finish_some(&self, groups: Range<usize>) -> Option<Result<Column>> {
        Some(Ok(self.finished(groups)))
    }

    fn size(&self) -> usize {
        self.sums.size() + self.counts.capacity() * 8
    }
}

impl FloatSum {
    fn finished(&self, groups: Range<usize>) -> Column {
        let sums: Float64Chunked = groups.map(|g| (self.counts[g] > 0).then(|| self.sums.get(g))).collect();
        part("sum", sums.into_series())
    }
}

/// Exact sums as three columns: the pair, and the register's bytes where there is one.
pub fn sums_state(sums: &ExactSums, groups: usize) -> Vec<Column> {
    let (mut high, mut low) = (Vec::with_capacity(groups), Vec::with_capacity(groups));
    for (hi, lo) in (0..groups).map(|group| sums.pair_kept(group)) {
        high.push(hi);
        low.push(lo);
    }
    let register = if sums.are_pairs() {
        BinaryChunked::full_null("register".into(), groups)
    } else {
        let mut register = BinaryChunkedBuilder::new("register".into(), groups);
        (0..groups).for_each(|group| register.append_option(sums.register(group)));
        register.finish()
    };
    vec![part("high", Series::new("".into(), high)), part("low", Series::new("".into(), low)), register.into_column()]
}

/// Adds what `sums_state` gave; `state` begins with its three columns.
pub fn merge_sums(sums: &mut ExactSums, groups: &[u32], state: &[Column]) -> Result<()> {
    let (high, low, register) = (nth(state, 0)?.f64()?, nth(state, 1)?.f64()?, nth(state, 2)?.binary()?);
    if register.null_count() == register.len() {
        for_each(groups, high, |group, hi| sums.add(group, hi));
        for_each(groups, low, |group, lo| sums.add(group, lo));
        return Ok(());
    }
    for (((group, hi), lo), bytes) in groups.iter().zip(high.into_no_null_iter()).zip(low.into_no_null_iter()).zip(register.iter()) {
        sums.add_parts(*group, hi, lo, bytes);
    }
    Ok(())
}
