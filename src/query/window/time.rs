//! Columns of times as microseconds since 1970, and types in a person's words.

use polars::prelude::*;

use super::Micros;
use crate::data::{Fault, Result, time};

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
            Ok(numbers.i64()?.iter().map(|n| n.and_then(epoch)).collect())
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

/// The unit of a whole number since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochUnit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl EpochUnit {
    /// The unit of a number, told by its size (the year 5138 in seconds is 1973 in milliseconds).
    fn of(number: i64) -> Self {
        match number.unsigned_abs() {
            0..100_000_000_000 => Self::Seconds,
            100_000_000_000..100_000_000_000_000 => Self::Millis,
            100_000_000_000_000..100_000_000_000_000_000 => Self::Micros,
            _ => Self::Nanos,
        }
    }

    /// The unit in which a number is a time of the years 1990 to 2100, if there is one.
    pub fn plausible(number: i64) -> Option<Self> {
        const FROM: Micros = time::days_to(1990, 1, 1) * 86_400_000_000;
        const UNTIL: Micros = time::days_to(2101, 1, 1) * 86_400_000_000;
        let unit = Self::of(number);
        unit.micros(number).filter(|at| (FROM..UNTIL).contains(at)).map(|_| unit)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Millis => "ms",
            Self::Micros => "µs",
            Self::Nanos => "ns",
        }
    }

    /// A number of this unit as a time.
    fn micros(self, number: i64) -> Option<Micros> {
        match self {
            Self::Seconds => number.checked_mul(1_000_000),
            Self::Millis => number.checked_mul(1_000),
            Self::Micros => Some(number),
            Self::Nanos => Some(number.div_euclid(1_000)),
        }
    }

    /// The first number of this unit that is no earlier than a time.
    pub fn number(self, at: Micros) -> i64 {
        let up = |unit: i64| at.div_euclid(unit).saturating_add(i64::from(at.rem_euclid(unit) != 0));
        match self {
            Self::Seconds => up(1_000_000),
            Self::Millis => up(1_000),
            Self::Micros => at,
            Self::Nanos => at.saturating_mul(1_000),
        }
    }
}

/// A whole number as a time: its size tells its unit.
fn epoch(number: i64) -> Option<Micros> {
    EpochUnit::of(number).micros(number)
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
