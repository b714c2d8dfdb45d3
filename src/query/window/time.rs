//! Columns of times as microseconds since 1970, and types in a person's words.

use polars::prelude::*;

use crate::data::{Fault, Result, epoch, time};

/// A column of times as microseconds since 1970: dates, times, or whole numbers since 1970. Infinite times stay so;
/// what microseconds cannot say is null.
///
/// # Errors
/// When the column is none of these.
pub fn micros_of(column: &Column) -> Result<Int64Chunked> {
    let series = column.as_materialized_series();
    match series.dtype() {
        dtype if time::is_time(dtype) => {
            let micros = time::convert(column, &DataType::Datetime(TimeUnit::Microseconds, None))?;
            Ok(micros.to_physical_repr().as_materialized_series().rechunk().i64()?.clone())
        }
        whole if whole.is_integer() => {
            let numbers = series.cast(&DataType::Int64)?;
            Ok(numbers.i64()?.iter().map(|n| n.and_then(epoch::micros)).collect())
        }
        other => Err(Fault::new(format!("column '{}' is {}, not a time", column.name(), type_word(other)))
            .hint("pick a column of dates or times, or cast it")),
    }
}

/// The times that a clock can reach: infinite ones are null. Watermarks and seams are made of these.
pub fn finite(times: Int64Chunked) -> Int64Chunked {
    let all = times.min().is_none_or(|t| !time::is_infinite(t)) && times.max().is_none_or(|t| !time::is_infinite(t));
    if all { times } else { times.iter().map(|t| t.filter(|t| !time::is_infinite(*t))).collect() }
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
