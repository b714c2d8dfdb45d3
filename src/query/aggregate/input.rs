//! An aggregate's arguments in one of the few shapes that accumulators loop over.

use polars::prelude::*;

use super::foreign;
use crate::data::Result;

/// Numbers of any width as one of three.
pub enum NumberColumn {
    Int(Int64Chunked),
    Unsigned(UInt64Chunked),
    Float(Float64Chunked),
}

/// The only input of most aggregates.
pub fn single(inputs: &[Column]) -> Result<&Column> {
    inputs.first().ok_or_else(foreign)
}

/// Both inputs of an aggregate of two.
pub fn both(inputs: &[Column]) -> Result<(&Column, &Column)> {
    match inputs {
        [a, b] => Ok((a, b)),
        _ => Err(foreign()),
    }
}

/// Reads a numeric column.
pub fn numbers(column: &Column) -> Result<NumberColumn> {
    let series = column.as_materialized_series();
    Ok(match series.dtype() {
        DataType::UInt64 => NumberColumn::Unsigned(series.u64()?.clone()),
        d if d.is_integer() || *d == DataType::Boolean => {
            NumberColumn::Int(series.cast(&DataType::Int64)?.i64()?.clone())
        }
        _ => NumberColumn::Float(series.cast(&DataType::Float64)?.f64()?.clone()),
    })
}

/// Reads a numeric column as floats.
pub fn floats(column: &Column) -> Result<Float64Chunked> {
    Ok(column.as_materialized_series().cast(&DataType::Float64)?.f64()?.clone())
}

/// Calls `each(group, value)` for every value that is not null.
pub fn for_each<T: PolarsNumericType>(groups: &[u32], values: &ChunkedArray<T>, mut each: impl FnMut(u32, T::Native)) {
    let mut rows = groups.iter();
    for array in values.downcast_iter() {
        if array.validity().is_none() {
            array.values().iter().zip(&mut rows).for_each(|(value, group)| each(*group, *value));
        } else {
            for (value, group) in array.iter().zip(&mut rows) {
                if let Some(value) = value {
                    each(*group, *value);
                }
            }
        }
    }
}

/// Calls `each(group)` for every row whose value is not null.
pub fn for_each_present(groups: &[u32], column: &Column, mut each: impl FnMut(u32)) {
    if column.null_count() == 0 {
        groups.iter().for_each(|g| each(*g));
        return;
    }
    let present = column.is_not_null();
    for (group, here) in groups.iter().zip(present.iter()) {
        if here == Some(true) {
            each(*group);
        }
    }
}

pub fn is_number(dtype: &DataType) -> bool {
    dtype.is_integer() || dtype.is_float() || *dtype == DataType::Null
}

/// Numbers, and conditions, which are 1 where they are true and 0 where they are false.
pub fn is_summed(dtype: &DataType) -> bool {
    is_number(dtype) || *dtype == DataType::Boolean
}

/// True and false, or nothing but null.
pub fn is_condition(dtype: &DataType) -> bool {
    matches!(dtype, DataType::Boolean | DataType::Null)
}

/// `Float64` where all inputs are numbers.
pub fn float_of_numbers(types: &[DataType]) -> Option<DataType> {
    types.iter().all(is_number).then_some(DataType::Float64)
}
