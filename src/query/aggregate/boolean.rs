//! `bool_and(x)` and `bool_or(x)`: whether a condition holds always, or ever.

use polars::prelude::*;

use super::input::{is_condition, single};
use super::{Accumulator, Aggregate, BASE, nth, part};
use crate::data::Result;

pub const BOOL_AND: Aggregate = Aggregate {
    name: "bool_and",
    aliases: &["every"],
    about: "True when x is true in all rows, nulls left out; null for none.",
    usage: "bool_and(x)",
    make: |_, _| Box::new(BoolStates { wanted: false, seen: Vec::new() }),
    ..CONDITION
};

pub const BOOL_OR: Aggregate = Aggregate {
    name: "bool_or",
    about: "True when x is true in any row, nulls left out; null for none.",
    usage: "bool_or(x)",
    make: |_, _| Box::new(BoolStates { wanted: true, seen: Vec::new() }),
    ..CONDITION
};

const CONDITION: Aggregate = Aggregate {
    takes: "conditions",
    output: |types| types.iter().all(is_condition).then_some(DataType::Boolean),
    ..BASE
};

/// What each group has seen. One value decides: a false for AND, a true for OR.
#[derive(Debug)]
struct BoolStates {
    wanted: bool,
    seen: Vec<Option<bool>>,
}

impl Accumulator for BoolStates {
    fn resize(&mut self, groups: usize) {
        self.seen.resize(groups, None);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let column = single(inputs)?.as_materialized_series().cast(&DataType::Boolean)?;
        for (group, value) in groups.iter().zip(column.bool()?.iter()) {
            let seen = &mut self.seen[*group as usize];
            if let Some(value) = value
                && *seen != Some(self.wanted)
            {
                *seen = Some(value);
            }
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Column>> {
        Ok(vec![self.finish()?])
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        self.absorb(groups, &[nth(state, 0)?.clone().into_column()])
    }

    fn finish(&self) -> Result<Column> {
        Ok(part("seen", self.seen.iter().copied().collect::<BooleanChunked>().into_series()))
    }

    fn size(&self) -> usize {
        self.seen.capacity()
    }
}
