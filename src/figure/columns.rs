//! The columns of an answer as what a picture shows: numbers along an axis, or names. Which column is shown how is left
//! to `encode`.

use std::collections::HashMap;

use polars::prelude::{AnyValue, Column, DataFrame, DataType, TimeUnit};

use super::spec::AxisKind;
use crate::data::{Fault, Result, time};

/// What a column can be in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Time,
    Clock,
    Name,
    Number,
    Flag,
    Other,
}

pub(super) fn role(kind: &DataType) -> Role {
    match kind {
        DataType::Date | DataType::Datetime(..) => Role::Time,
        DataType::Time => Role::Clock,
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Role::Name,
        DataType::Boolean => Role::Flag,
        DataType::Duration(_) => Role::Number,
        kind if kind.is_primitive_numeric() => Role::Number,
        _ => Role::Other,
    }
}

pub(super) fn column<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Column> {
    frame.columns().iter().find(|column| column.name() == name).ok_or_else(|| {
        let names: Vec<_> = frame.columns().iter().map(|column| column.name().as_str()).collect();
        Fault::new(format!("there is no column '{name}' in the answer"))
            .hint(format!("columns are {}", names.join(", ")))
    })
}

/// A column along x: numbers, and what they stand for.
pub(super) fn positions(column: &Column) -> Result<(Vec<f64>, AxisKind)> {
    match role(column.dtype()) {
        Role::Time => Ok((numbers(column)?, AxisKind::Time)),
        Role::Clock => Ok((numbers(column)?, AxisKind::Clock)),
        Role::Number => Ok((numbers(column)?, AxisKind::Number)),
        _ => {
            // In the order of the answer, which the question chose.
            let mut names: Vec<String> = Vec::new();
            let mut seen: HashMap<String, usize> = HashMap::new();
            let index = |label: String| {
                let next = names.len();
                let at = *seen.entry(label).or_insert_with_key(|label| {
                    names.push(label.clone());
                    next
                });
                at as f64
            };
            let x = labels(column)?.into_iter().map(index).collect();
            Ok((x, AxisKind::Category(names)))
        }
    }
}

/// Which values of a column are infinite times; nothing for other columns.
pub(super) fn infinite(column: &Column) -> Vec<bool> {
    if time::is_plain(column) {
        return Vec::new();
    }
    let infinite = |value: AnyValue<'_>| match value {
        AnyValue::Date(days) => time::is_infinite_day(days),
        AnyValue::Datetime(v, ..) => time::is_infinite(v),
        _ => false,
    };
    (0..column.len()).map(|row| column.get(row).is_ok_and(infinite)).collect()
}

/// How many values of a column are no numbers, though they are there.
pub(super) fn nan(column: &Column) -> usize {
    let found = column.as_materialized_series().is_nan().ok();
    found.filter(|_| column.dtype().is_float()).and_then(|nan| nan.sum()).map_or(0, |n| n as usize)
}

/// A column as numbers: times in microseconds, durations in seconds, flags as 0 and 1, nulls and infinite times as NaN.
pub(super) fn numbers(column: &Column) -> Result<Vec<f64>> {
    let whole = |scale: f64| -> Result<Vec<f64>> {
        let cast = column.cast(&DataType::Int64)?;
        let mut numbers: Vec<f64> = cast.i64()?.iter().map(|v| v.map_or(f64::NAN, |v| v as f64 * scale)).collect();
        numbers.iter_mut().zip(infinite(column)).filter(|(_, far)| *far).for_each(|(number, _)| *number = f64::NAN);
        Ok(numbers)
    };
    match column.dtype() {
        DataType::Date => whole(86_400e6),
        DataType::Datetime(unit, _) => match unit {
            TimeUnit::Milliseconds => whole(1e3),
            TimeUnit::Microseconds => whole(1.0),
            TimeUnit::Nanoseconds => whole(1e-3),
        },
        DataType::Time => whole(1e-3),
        DataType::Duration(unit) => match unit {
            TimeUnit::Milliseconds => whole(1e-3),
            TimeUnit::Microseconds => whole(1e-6),
            TimeUnit::Nanoseconds => whole(1e-9),
        },
        DataType::Boolean | DataType::Null => {
            let cast = column.cast(&DataType::Float64)?;
            Ok(cast.f64()?.iter().map(|v| v.unwrap_or(f64::NAN)).collect())
        }
        kind if kind.is_primitive_numeric() => {
            let cast = column.cast(&DataType::Float64)?;
            Ok(cast.f64()?.iter().map(|v| v.unwrap_or(f64::NAN)).collect())
        }
        kind => Err(Fault::new(format!("column '{}' holds {kind}, which has no height", column.name()))
            .hint("choose a column of numbers")),
    }
}

/// A column as names; a missing value is one, too.
pub(super) fn labels(column: &Column) -> Result<Vec<String>> {
    let cast = time::texts(column).map_err(|_| {
        Fault::new(format!("column '{}' holds {}, which cannot be written as names", column.name(), column.dtype()))
            .hint("choose another column")
    })?;
    let label = |v: Option<&str>| match v {
        None => "(missing)".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(text) => text.to_owned(),
    };
    Ok(cast.str()?.iter().map(label).collect())
}

/// Whether its numbers are the beginnings of buckets: what is counted in them is a histogram.
pub fn is_bucket(column: &Column) -> bool {
    matches!(last_word(&column.name().to_lowercase()), "bucket" | "bin")
}

/// `flight_no`, `carrier id`: the last word says what it is; `day_count` is a count.
pub fn last_word(name: &str) -> &str {
    name.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default()
}
