//! `sum(x)`: whole numbers in 128 bits, decimal numbers exactly (see `exact`); null for nothing.

use std::collections::HashMap;
use std::ops::Range;

use polars::prelude::*;

use super::input::{NumberColumn, float_of_numbers, floats, for_each, is_condition, is_summed, numbers, single};
use super::{Accumulator, Aggregate, BASE, like, nth, part, prefetch};
use crate::data::{Fault, Result};
use crate::query::exact::{ExactSums, Sums};

pub const SUM: Aggregate = Aggregate {
    name: "sum",
    about: "The sum; of whole numbers it is exact and never wraps, of decimal numbers it is the true sum rounded \
            once; null for none.",
    usage: "sum(x)",
    output: |types| {
        types.iter().all(is_summed).then(|| if floating(types) { DataType::Float64 } else { DataType::Int64 })
    },
    make: |types, _| if floating(types) { Box::new(FloatSum::default()) } else { Box::new(IntSum::default()) },
    ..BASE
};

pub const COUNT_IF: Aggregate = Aggregate {
    name: "count_if",
    aliases: &["countif"],
    about: "How many rows a condition is true in, nulls left out; null for none.",
    usage: "count_if(x)",
    takes: "conditions",
    output: |types| types.iter().all(is_condition).then_some(DataType::Int64),
    make: |_, _| Box::new(IntSum::default()),
    ..BASE
};

pub const FSUM: Aggregate = Aggregate {
    name: "fsum",
    aliases: &["kahan_sum", "sumkahan"],
    about: "The sum as a decimal number, the true one rounded once; null for none.",
    usage: "fsum(x)",
    output: float_of_numbers,
    make: |_, _| Box::new(FloatSum::default()),
    ..BASE
};

/// Whether the input is of decimal numbers.
pub fn floating(types: &[DataType]) -> bool {
    types.first().is_some_and(DataType::is_float)
}

/// Sums of whole numbers and how many were summed. Also what `avg` keeps of whole numbers.
#[derive(Debug, Default)]
pub struct IntSum {
    rows: Vec<IntState>,
    /// What 64 bits are too few for; it belongs to the sum as well.
    large: HashMap<u32, i128>,
}

#[derive(Clone, Copy, Debug, Default)]
struct IntState {
    sum: i64,
    count: i64,
}

impl IntSum {
    #[inline]
    fn add(&mut self, group: u32, x: i64) {
        let row = &mut self.rows[group as usize];
        row.count += 1;
        match row.sum.checked_add(x) {
            Some(sum) => row.sum = sum,
            None => self.spill(group, i128::from(x)),
        }
    }

    #[cold]
    fn spill(&mut self, group: u32, x: i128) {
        // 2^63 rows of 64 bits each still fit into 128.
        *self.large.entry(group).or_default() += x;
    }

    /// The sum in 128 bits.
    pub fn sum(&self, group: usize) -> i128 {
        let large =
            if self.large.is_empty() { 0 } else { self.large.get(&(group as u32)).copied().unwrap_or_default() };
        large + i128::from(self.rows[group].sum)
    }

    pub fn count(&self, group: usize) -> i64 {
        self.rows[group].count
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }
}

impl Accumulator for IntSum {
    fn resize(&mut self, groups: usize) {
        self.rows.resize(groups, IntState::default());
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        match numbers(single(inputs)?)? {
            NumberColumn::Int(values) => for_each(groups, &values, |g, x| self.add(g, x)),
            NumberColumn::Unsigned(values) => for_each(groups, &values, |g, x| match i64::try_from(x) {
                Ok(x) => self.add(g, x),
                Err(_) => {
                    self.rows[g as usize].count += 1;
                    self.spill(g, i128::from(x));
                }
            }),
            // A column of nothing but nulls.
            NumberColumn::Float(_) => {}
        }
        Ok(())
    }

    /// The high and the low 64 bits, and the count.
    fn state(&self) -> Result<Vec<Column>> {
        let high: Vec<i64> = (0..self.len()).map(|g| (self.sum(g) >> 64) as i64).collect();
        let low: Vec<u64> = (0..self.len()).map(|g| self.sum(g) as u64).collect();
        let counts: Vec<i64> = self.rows.iter().map(|row| row.count).collect();
        Ok(vec![
            part("high", Series::new("".into(), high)),
            part("low", Series::new("".into(), low)),
            part("count", Series::new("".into(), counts)),
        ])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        let (high, low) = (nth(state, 0)?.i64()?, nth(state, 1)?.u64()?);
        for ((group, high), low) in groups.iter().zip(high.into_no_null_iter()).zip(low.into_no_null_iter()) {
            self.take(*group, i128::from(high) << 64 | i128::from(low));
        }
        for_each(groups, nth(state, 2)?.i64()?, |g, n| self.rows[g as usize].count += n);
        Ok(())
    }

    fn unite(&mut self, groups: &[u32], other: &dyn Accumulator, from: Range<usize>) -> bool {
        let Some(other) = like::<Self>(other) else { return false };
        prefetch(&self.rows, groups, |row| row.count as u64);
        for (group, theirs) in groups.iter().zip(from) {
            self.rows[*group as usize].count += other.count(theirs);
            self.take(*group, other.sum(theirs));
        }
        true
    }

    fn finish(&self) -> Result<Column> {
        self.finished(0..self.len())
    }

    fn finish_some(&self, groups: Range<usize>) -> Option<Result<Column>> {
        Some(self.finished(groups))
    }

    fn size(&self) -> usize {
        self.rows.capacity() * size_of::<IntState>() + self.large.len() * 32
    }
}

impl IntSum {
    /// Adds a sum, not a row.
    #[inline]
    fn take(&mut self, group: u32, sum: i128) {
        let row = &mut self.rows[group as usize];
        match i64::try_from(sum).ok().and_then(|sum| row.sum.checked_add(sum)) {
            Some(sum) => row.sum = sum,
            None => self.spill(group, sum),
        }
    }

    fn finished(&self, groups: Range<usize>) -> Result<Column> {
        let fits = |g: usize| i64::try_from(self.sum(g)).ok();
        let beyond = groups.clone().filter(|g| fits(*g).is_none()).count();
        if beyond > 0 {
            return Err(Fault::new(format!(
                "a sum of whole numbers does not fit into 64 bits (in {beyond} of {} groups)",
                self.len()
            ))
            .hint("sum them as decimal numbers: sum(CAST(x AS DOUBLE))"));
        }
        let sums: Int64Chunked = groups.map(|g| fits(g).filter(|_| self.count(g) > 0)).collect();
        Ok(part("sum", sums.into_series()))
    }
}

/// Exact sums of decimal numbers and how many were summed.
#[derive(Debug, Default)]
pub struct FloatSum {
    pub sums: ExactSums,
}

impl Accumulator for FloatSum {
    fn resize(&mut self, groups: usize) {
        self.sums.resize(groups);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        for_each(groups, &floats(single(inputs)?)?, |g, x| {
            self.sums.more(g, 1);
            self.sums.add(g, x);
        });
        Ok(())
    }

    fn state(&self) -> Result<Vec<Column>> {
        let mut columns = sums_state(&self.sums, 0);
        columns.push(counts_state(&self.sums));
        Ok(columns)
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        merge_sums(&mut self.sums, 0, groups, state)?;
        merge_counts(&mut self.sums, groups, nth(state, 3)?)
    }

    fn unite(&mut self, groups: &[u32], other: &dyn Accumulator, from: Range<usize>) -> bool {
        like::<Self>(other).map(|other| self.sums.unite(groups, &other.sums, from)).is_some()
    }

    fn finish(&self) -> Result<Column> {
        Ok(self.finished(0..self.sums.len()))
    }

    fn finish_some(&self, groups: Range<usize>) -> Option<Result<Column>> {
        Some(Ok(self.finished(groups)))
    }

    fn size(&self) -> usize {
        self.sums.size()
    }
}

impl FloatSum {
    fn finished(&self, groups: Range<usize>) -> Column {
        let sums: Float64Chunked = groups.map(|g| (self.sums.count(g) > 0).then(|| self.sums.get(g))).collect();
        part("sum", sums.into_series())
    }
}

/// How many rows were summed, as a column.
pub fn counts_state<const N: usize>(sums: &Sums<N>) -> Column {
    part("count", Series::new("".into(), sums.counts().collect::<Vec<i64>>()))
}

/// Adds what `counts_state` gave.
pub fn merge_counts<const N: usize>(sums: &mut Sums<N>, groups: &[u32], counts: &Series) -> Result<()> {
    for_each(groups, counts.i64()?, |g, n| sums.more(g, n));
    Ok(())
}

/// The `at`-th exact sums as three columns: the pair, and the register's bytes where there is one.
pub fn sums_state<const N: usize>(sums: &Sums<N>, at: usize) -> Vec<Column> {
    let groups = sums.len();
    let (mut high, mut low) = (Vec::with_capacity(groups), Vec::with_capacity(groups));
    for (hi, lo) in (0..groups).map(|group| sums.pair_kept_of(group, at)) {
        high.push(hi);
        low.push(lo);
    }
    let register = if sums.are_pairs() {
        BinaryChunked::full_null("register".into(), groups)
    } else {
        let mut register = BinaryChunkedBuilder::new("register".into(), groups);
        (0..groups).for_each(|group| register.append_option(sums.register_of(group, at)));
        register.finish()
    };
    vec![part("high", Series::new("".into(), high)), part("low", Series::new("".into(), low)), register.into_column()]
}

/// Adds what `sums_state` gave; `state` begins with its three columns.
pub fn merge_sums<const N: usize>(sums: &mut Sums<N>, at: usize, groups: &[u32], state: &[Column]) -> Result<()> {
    let (high, low, register) = (nth(state, 0)?.f64()?, nth(state, 1)?.f64()?, nth(state, 2)?.binary()?);
    if register.null_count() == register.len() {
        for_each(groups, high, |group, hi| sums.add_to(group, at, hi));
        for_each(groups, low, |group, lo| sums.add_to(group, at, lo));
        return Ok(());
    }
    for (((group, hi), lo), bytes) in
        groups.iter().zip(high.into_no_null_iter()).zip(low.into_no_null_iter()).zip(register.iter())
    {
        sums.add_parts_to(*group, at, hi, lo, bytes);
    }
    Ok(())
}
