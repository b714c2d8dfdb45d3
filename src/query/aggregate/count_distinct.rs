//! `count(DISTINCT x)`: how many different values, exactly. It remembers each pair of group and value once.

use polars::prelude::*;

use super::{Accumulator, Aggregate, Class, nth, part};
use crate::data::Result;
use crate::query::keys::Keys;

pub const COUNT_DISTINCT: Aggregate = Aggregate {
    name: "count_distinct",
    aliases: &[],
    about: "How many different values of x, nulls left out; 0 for none.",
    usage: "count(DISTINCT x)",
    class: Class::KeepsValues,
    star: false,
    output: |dtype| Keys::new(&[("x".into(), dtype.clone())]).is_ok().then_some(DataType::Int64),
    make: |dtype| Box::new(CountDistinct::new(dtype)),
};

#[derive(Debug)]
struct CountDistinct {
    dtype: DataType,
    /// Pairs of (group, value); `None` for a type that `output` refuses.
    pairs: Option<Keys>,
    counts: Vec<i64>,
    scratch: Vec<u32>,
}

impl CountDistinct {
    fn new(dtype: &DataType) -> Self {
        let pairs = Keys::new(&[("group".into(), DataType::UInt32), ("value".into(), dtype.clone())]).ok();
        Self { dtype: dtype.clone(), pairs, counts: Vec::new(), scratch: Vec::new() }
    }

    fn take(&mut self, groups: &[u32], values: &Column) -> Result<()> {
        let Some(pairs) = &mut self.pairs else { return Ok(()) };
        let groups = Column::new("group".into(), groups);
        let (groups, values) = if values.null_count() > 0 {
            let present = values.is_not_null();
            (groups.filter(&present)?, values.filter(&present)?)
        } else {
            (groups, values.clone())
        };
        let mut known = pairs.len() as u32;
        pairs.assign(&[groups.clone(), values], groups.len(), &mut self.scratch)?;
        // Pairs are numbered as they are met, so a new one is the next number.
        for (pair, group) in self.scratch.iter().zip(groups.u32()?.into_no_null_iter()) {
            if *pair == known {
                self.counts[group as usize] += 1;
                known += 1;
            }
        }
        Ok(())
    }
}

impl Accumulator for CountDistinct {
    fn resize(&mut self, groups: usize) {
        self.counts.resize(groups, 0);
    }

    fn absorb(&mut self, groups: &[u32], input: Option<&Column>) -> Result<()> {
        input.map_or(Ok(()), |values| self.take(groups, values))
    }

    /// One list of values a group.
    fn state(&self) -> Result<Vec<Column>> {
        let groups = self.counts.len();
        let Some(pairs) = &self.pairs else { return Ok(vec![Column::full_null("values".into(), groups, &DataType::List(Box::new(self.dtype.clone())))]) };
        let mut columns = pairs.columns()?;
        let (Some(values), Some(owners)) = (columns.pop(), columns.pop()) else { return Ok(Vec::new()) };
        // Values in the order of their groups, then cut at the groups' ends.
        let order = owners.arg_sort(SortOptions { maintain_order: true, multithreaded: false, ..Default::default() });
        let values = values.take(&order)?;
        let mut start = 0;
        let lists = self.counts.iter().map(|n| {
            let list = values.slice(start, *n as usize).take_materialized_series();
            start += n;
            Some(list)
        });
        let lists: Vec<Option<Series>> = lists.collect();
        let mut builder = polars::chunked_array::builder::get_list_builder(&self.dtype, values.len(), groups, "values".into());
        for list in &lists {
            builder.append_opt_series(list.as_ref())?;
        }
        Ok(vec![builder.finish().into_column()])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        let lists = nth(state, 0)?.list()?;
        let lengths = lists.downcast_iter().flat_map(|a| a.offsets().lengths().collect::<Vec<_>>());
        let owners: Vec<u32> = groups.iter().zip(lengths).flat_map(|(g, n)| std::iter::repeat_n(*g, n)).collect();
        let values = lists.get_inner().into_column();
        self.take(&owners, &values)
    }

    fn finish(&self) -> Result<Column> {
        Ok(part("count", Series::new("".into(), &self.counts)))
    }

    fn size(&self) -> usize {
        self.counts.capacity() * 8 + self.pairs.as_ref().map_or(0, Keys::size)
    }
}
