//! Columns of times as microseconds since 1970, and types in a person's words.

use polars::prelude::*;

use super::Micros;
use crate::data::{Fault, Result};

/// A column of times as microseconds since 1970: dates, times, or whole numbers since 1970.
///
/// # Errors
/// When the column is none of these.
pub fn micros_of(column: &Column) -> Result<Int64Chunked> {
    let series = column.as_materialized_series();
    let unit = match series.dtype() {
        DataType::Datetime(unit, _) => *unit,
        DataType::Date => {
            let days = series.cast(&DataType::Int32)?;
            return Ok(days.i32()?.iter().map(|d| d.map(|d| i64::from(d) * 86_400_000_000)).collect());
        }
        whole if whole.is_integer() => {
            let numbers = series.cast(&DataType::Int64)?;
            return Ok(numbers.i64()?.iter().map(|n| n.and_then(epoch)).collect());
        }
        other => {
            return Err(
                Fault::new(format!("column '{}' is {}, not a time", column.name(), type_word(other))).hint("pick a column of dates or times, or cast it")
            );
        }
    };
    let physical = series.to_physical_repr().rechunk();
    let ca = physical.i64()?.clone();
    Ok(match unit {
        TimeUnit::Microseconds => ca,
        TimeUnit::Milliseconds => ca.iter().map(|v| v.and_then(|v| v.checked_mul(1_000))).collect(),
        TimeUnit::Nanoseconds => ca.iter().map(|v| v.map(|v| v.div_euclid(1_000))).collect(),
    })
}

/// A whole number as a time: seconds, milli-, micro- or nanoseconds since 1970, told apart by their size (the year 5138
/// in seconds is 1973 in milliseconds).
fn epoch(number: i64) -> Option<Micros> {
    match number.unsigned_abs() {
        0..100_000_000_000 => number.checked_mul(1_000_000),
        100_000_000_000..100_000_000_000_000 => number.checked_mul(1_000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(number),
        _ => Some(number.div_euclid(1_000)),
    }
}

/// A type in a person's words.
pub fn type_word(dtype: &DataType) -> &'static str {
    match dtype {
        DataType::Boolean => "boolean",
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => "text",
        DataType::Date => "a date",
        DataType::Datetime(..) => "a time",
        DataType::Time => "a time of day",
        DataType::Duration(_) => "a duration",
        DataType::Float32 | DataType::Float64 => "a decimal number",
        d if d.is_integer() => "a whole number",
        DataType::Decimal(..) => "a decimal number",
        DataType::Null => "always null",
        _ => "nested",
    }
}

/// Microseconds since 1970 as ISO text in UTC, with as many digits of a second as there are.
pub fn iso(micros: Micros) -> String {
    let time = chrono::DateTime::from_timestamp_micros(micros);
    time.map_or_else(|| format!("{micros} µs since 1970"), |t| t.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string())
}
