//! What an argument has to be, and what types are called.

use polars::prelude::*;

use super::{Arguments, OwnFunction, own, text};
use crate::data::time::is_time;

pub(super) const OWN: &[OwnFunction] =
    &[own(&["typeof"], &[ANY], text, type_of).told("typeof(x)", "the name of its type")];

/// What an argument has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::query::expr) enum Kind {
    Any,
    Text,
    Whole,
    Number,
    Time,
    Truth,
    Span,
}

pub(in crate::query::expr) const ANY: Kind = Kind::Any;
pub(in crate::query::expr) const TEXT: Kind = Kind::Text;
pub(in crate::query::expr) const WHOLE: Kind = Kind::Whole;
pub(in crate::query::expr) const NUMBER: Kind = Kind::Number;
pub(in crate::query::expr) const TIME: Kind = Kind::Time;
pub(in crate::query::expr) const TRUTH: Kind = Kind::Truth;
pub(in crate::query::expr) const SPAN: Kind = Kind::Span;

impl Kind {
    /// Whether a type is of this kind; null is of any.
    pub fn holds(self, dtype: &DataType) -> bool {
        match self {
            _ if *dtype == DataType::Null => true,
            Self::Any => true,
            Self::Text => dtype.is_string() || dtype.is_categorical() || dtype.is_enum(),
            Self::Whole => dtype.is_integer(),
            Self::Number => dtype.is_primitive_numeric() || dtype.is_decimal(),
            Self::Time => is_time(dtype),
            Self::Truth => dtype.is_bool(),
            Self::Span => matches!(dtype, DataType::Duration(_)),
        }
    }

    /// In a person's words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Text => "text",
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::Time => "a date or a time",
            Self::Truth => "true or false",
            Self::Span => "an interval",
        }
    }

    /// How a value is written that is of this kind.
    pub fn cast(self, written: &str) -> String {
        match self {
            Self::Text | Self::Any => format!("write CAST({written} AS VARCHAR)"),
            Self::Whole => format!("write CAST({written} AS BIGINT)"),
            Self::Number => format!("write CAST({written} AS DOUBLE)"),
            Self::Time => format!("write CAST({written} AS TIMESTAMP)"),
            Self::Truth => "write a comparison, such as x > 0".to_owned(),
            Self::Span => "write it like INTERVAL '15 minutes'".to_owned(),
        }
    }
}

/// Whether an argument is of another type than a function takes: what it should be.
pub(in crate::query::expr) fn wrong_type(kind: Kind, dtype: Option<&DataType>) -> Option<Kind> {
    dtype.is_some_and(|dtype| !kind.holds(dtype)).then_some(kind)
}

/// As DuckDB names types.
fn name(dtype: &DataType) -> &'static str {
    match dtype {
        DataType::Boolean => "BOOLEAN",
        DataType::Int8 => "TINYINT",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INTEGER",
        DataType::Int64 => "BIGINT",
        DataType::UInt8 => "UTINYINT",
        DataType::UInt16 => "USMALLINT",
        DataType::UInt32 => "UINTEGER",
        DataType::UInt64 => "UBIGINT",
        DataType::Float32 => "FLOAT",
        DataType::Float64 => "DOUBLE",
        DataType::Date => "DATE",
        DataType::Time => "TIME",
        DataType::Datetime(TimeUnit::Nanoseconds, _) => "TIMESTAMP_NS",
        DataType::Datetime(TimeUnit::Milliseconds, _) => "TIMESTAMP_MS",
        DataType::Datetime(..) => "TIMESTAMP",
        DataType::Duration(_) => "INTERVAL",
        DataType::Null => "\"NULL\"",
        DataType::Binary => "BLOB",
        DataType::List(_) => "LIST",
        _ => "VARCHAR",
    }
}

fn type_of(a: &Arguments<'_>) -> PolarsResult<Column> {
    let name = name(&a.dtype(0));
    Ok(a.each(|_| Some(name.to_owned())))
}
