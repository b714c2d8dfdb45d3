//! What DISTINCT inside a call keeps: each pair of group and value once. `sum(DISTINCT x)` and its like are the plain
//! aggregate over those pairs, computed when the answer is read.

use polars::prelude::*;

use super::input::single;
use super::lists::{flatten, lists};
use super::{Accumulator, Aggregate, nth};
use crate::data::Result;
use crate::query::keys::Keys;

/// The different values of each group.
#[derive(Debug)]
pub struct Pairs {
    dtype: DataType,
    /// Pairs of (group, value); `None` for a type that `fits` refuses.
    keys: Option<Keys>,
    /// How many values a group has.
    pub counts: Vec<i64>,
    scratch: Vec<u32>,
}

impl Pairs {
    pub fn fits(dtype: &DataType) -> bool {
        Keys::new(&[("x".into(), dtype.clone())]).is_ok()
    }

    pub fn new(types: &[DataType]) -> Self {
        let dtype = types.first().cloned().unwrap_or(DataType::Null);
        let keys = Keys::new(&[("group".into(), DataType::UInt32), ("value".into(), dtype.clone())]).ok();
        Self { dtype, keys, counts: Vec::new(), scratch: Vec::new() }
    }

    pub fn resize(&mut self, groups: usize) {
        self.counts.resize(groups, 0);
    }

    pub fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let (Some(keys), values) = (&mut self.keys, single(inputs)?) else { return Ok(()) };
        let groups = Column::new("group".into(), groups);
        let (groups, values) = if values.null_count() > 0 {
            let present = values.is_not_null();
            (groups.filter(&present)?, values.filter(&present)?)
        } else {
            (groups, values.clone())
        };
        let mut known = keys.len() as u32;
        keys.assign(&[groups.clone(), values], groups.len(), &mut self.scratch)?;
        // Pairs are numbered as they are met, so a new one is the next number.
        for (pair, group) in self.scratch.iter().zip(groups.u32()?.into_no_null_iter()) {
            if *pair == known {
                self.counts[group as usize] += 1;
                known += 1;
            }
        }
        Ok(())
    }

    /// The group and the value of each pair.
    fn columns(&self) -> Result<(Column, Column)> {
        let mut columns = self.keys.as_ref().map(Keys::columns).transpose()?.unwrap_or_default();
        match (columns.pop(), columns.pop()) {
            (Some(values), Some(owners)) => Ok((owners, values)),
            _ => Ok((
                Column::new_empty("group".into(), &DataType::UInt32),
                Column::new_empty("value".into(), &self.dtype),
            )),
        }
    }

    /// One list of values a group.
    pub fn state(&self) -> Result<Vec<Column>> {
        let (owners, values) = self.columns()?;
        // Values in the order of their groups, then cut at the groups' ends.
        let order = owners.arg_sort(SortOptions { maintain_order: true, multithreaded: false, ..Default::default() });
        let values = values.take(&order)?;
        Ok(vec![lists("values", values.as_materialized_series(), self.counts.iter().map(|n| *n as usize), false)?])
    }

    pub fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        let (owners, values) = flatten(groups, nth(state, 0)?)?;
        self.absorb(&owners, &[values])
    }

    pub fn size(&self) -> usize {
        self.counts.capacity() * 8 + self.scratch.capacity() * 4 + self.keys.as_ref().map_or(0, Keys::size)
    }
}

/// Another aggregate over the different values of each group.
#[derive(Debug)]
pub struct Distinct {
    aggregate: &'static Aggregate,
    types: Vec<DataType>,
    parameters: Vec<f64>,
    pairs: Pairs,
}

impl Distinct {
    /// Whether DISTINCT has a meaning for it.
    pub fn fits(aggregate: &Aggregate, types: &[DataType]) -> bool {
        aggregate.inputs == 1 && !aggregate.by_time && types.iter().all(Pairs::fits)
    }

    pub fn boxed(aggregate: &'static Aggregate, types: &[DataType], parameters: &[f64]) -> Box<dyn Accumulator> {
        Box::new(Self { aggregate, types: types.to_vec(), parameters: parameters.to_vec(), pairs: Pairs::new(types) })
    }
}

impl Accumulator for Distinct {
    fn resize(&mut self, groups: usize) {
        self.pairs.resize(groups);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        self.pairs.absorb(groups, inputs)
    }

    fn state(&self) -> Result<Vec<Column>> {
        self.pairs.state()
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        self.pairs.merge(groups, state)
    }

    fn finish(&self) -> Result<Column> {
        let mut inner = (self.aggregate.make)(&self.types, &self.parameters);
        inner.resize(self.pairs.counts.len());
        let (owners, values) = self.pairs.columns()?;
        let owners: Vec<u32> = owners.u32()?.into_no_null_iter().collect();
        inner.absorb(&owners, &[values])?;
        inner.finish()
    }

    fn size(&self) -> usize {
        self.pairs.size()
    }
}
