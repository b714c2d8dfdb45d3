//! `bit_and(x)`, `bit_or(x)` and `bit_xor(x)`: whole numbers put together bit by bit.

use polars::prelude::*;

use super::input::single;
use super::{Accumulator, Aggregate, BASE, nth, part};
use crate::data::Result;

pub const BIT_AND: Aggregate = Aggregate {
    name: "bit_and",
    about: "The bits that all values have; nulls left out; null for none.",
    usage: "bit_and(x)",
    make: |types, _| BitStates::boxed(types, |one, other| one & other),
    ..WHOLE
};

pub const BIT_OR: Aggregate = Aggregate {
    name: "bit_or",
    about: "The bits that any value has; nulls left out; null for none.",
    usage: "bit_or(x)",
    make: |types, _| BitStates::boxed(types, |one, other| one | other),
    ..WHOLE
};

pub const BIT_XOR: Aggregate = Aggregate {
    name: "bit_xor",
    about: "The bits that an odd number of values have; nulls left out; null for none.",
    usage: "bit_xor(x)",
    make: |types, _| BitStates::boxed(types, |one, other| one ^ other),
    ..WHOLE
};

const WHOLE: Aggregate = Aggregate {
    takes: "whole numbers",
    output: |types| types.first().filter(|dtype| dtype.is_integer()).cloned(),
    ..BASE
};

#[derive(Debug)]
struct BitStates {
    dtype: DataType,
    join: fn(i64, i64) -> i64,
    groups: Vec<Option<i64>>,
}

impl BitStates {
    fn boxed(types: &[DataType], join: fn(i64, i64) -> i64) -> Box<dyn Accumulator> {
        let dtype = types.first().cloned().unwrap_or(DataType::Int64);
        Box::new(Self { dtype, join, groups: Vec::new() })
    }
}

/// The bits of whole numbers; those of unsigned ones of 64 bits are the same as those of signed ones.
fn bits(series: &Series) -> Result<Int64Chunked> {
    Ok(match series.dtype() {
        DataType::UInt64 => series.u64()?.iter().map(|word| word.map(|word| word as i64)).collect(),
        _ => series.cast(&DataType::Int64)?.i64()?.clone(),
    })
}

impl Accumulator for BitStates {
    fn resize(&mut self, groups: usize) {
        self.groups.resize(groups, None);
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let values = bits(single(inputs)?.as_materialized_series())?;
        for (group, value) in groups.iter().zip(values.iter()) {
            let (Some(own), Some(value)) = (self.groups.get_mut(*group as usize), value) else { continue };
            *own = Some(own.map_or(value, |own| (self.join)(own, value)));
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
        let series = match self.dtype {
            DataType::UInt64 => {
                self.groups.iter().map(|bits| bits.map(|bits| bits as u64)).collect::<UInt64Chunked>().into_series()
            }
            _ => self.groups.iter().copied().collect::<Int64Chunked>().into_series().cast(&self.dtype)?,
        };
        Ok(part("bits", series))
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<Option<i64>>()
    }
}
