//! Columns that become one: the type that holds the values of both.

use std::sync::Arc;

use polars::prelude::*;

use crate::data::{Fault, Result};

/// The columns of two answers as those of one; else what does not fit, and what to do.
pub(super) fn together(left: &Schema, right: &Schema) -> Result<SchemaRef> {
    if left.len() != right.len() {
        let what = format!("the answers that are put together have {} and {} columns", left.len(), right.len());
        return Err(Fault::new(what).hint("select as many in both"));
    }
    let mut both = Schema::default();
    for ((name, own), (other_name, other)) in left.iter().zip(right.iter()) {
        let Some(dtype) = wider(own, other) else {
            let what = format!("the columns '{name}' and '{other_name}' that are put together are of different kinds");
            return Err(Fault::new(what).hint("CAST one of them to the type of the other"));
        };
        both.insert(name.clone(), dtype);
    }
    Ok(Arc::new(both))
}

/// The type that holds the values of both exactly, or as near as decimal numbers are.
pub(super) fn wider(left: &DataType, right: &DataType) -> Option<DataType> {
    match (left, right) {
        (left, right) if left == right => Some(left.clone()),
        (DataType::Null, other) | (other, DataType::Null) => Some(other.clone()),
        (left, right) if left.is_integer() && right.is_integer() => {
            let unsigned = left.is_unsigned_integer() && right.is_unsigned_integer();
            let is_wide = |dtype: &DataType| *dtype == DataType::UInt64;
            Some(match unsigned {
                true => DataType::UInt64,
                false if is_wide(left) || is_wide(right) => DataType::Float64,
                false => DataType::Int64,
            })
        }
        (left, right) if left.is_primitive_numeric() && right.is_primitive_numeric() => Some(DataType::Float64),
        (DataType::Date, DataType::Datetime(unit, zone)) | (DataType::Datetime(unit, zone), DataType::Date) => {
            Some(DataType::Datetime(*unit, zone.clone()))
        }
        (DataType::Datetime(left, zone), DataType::Datetime(_, other)) if zone == other => {
            Some(DataType::Datetime(*left, zone.clone()))
        }
        _ => None,
    }
}
