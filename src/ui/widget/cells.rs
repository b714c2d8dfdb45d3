//! One cell of an answer as text. Only cells that are on screen are ever formatted.

use polars::prelude::{AnyValue, DataFrame, DataType};

use super::numbers;
use crate::data::{epoch, time};

/// What stands where a value is missing.
pub const MISSING: &str = "missing";

/// A cell ready to be painted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Null,
    /// To the right.
    Number(String),
    Text(String),
}

impl Cell {
    /// As it is read; empty for what is missing.
    pub fn shown(&self) -> &str {
        match self {
            Self::Null => "",
            Self::Number(text) | Self::Text(text) => text,
        }
    }

    /// As it goes into the clipboard: plain digits, nothing for what is missing.
    pub fn plain(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Number(text) => text.replace(',', ""),
            Self::Text(text) => text.clone(),
        }
    }
}

/// The cell at `row` of the column at `column`.
pub fn cell(frame: &DataFrame, column: usize, row: usize) -> Cell {
    frame.select_at_idx(column).and_then(|c| c.get(row).ok()).map_or(Cell::Null, |value| text(&value))
}

/// A date or time cell in microseconds since 1970.
pub fn micros(frame: &DataFrame, column: usize, row: usize) -> Option<i64> {
    time::value_micros(&frame.select_at_idx(column)?.get(row).ok()?)
}

/// The same of an event time, which may be whole numbers since 1970.
pub fn event_micros(frame: &DataFrame, column: usize, row: usize) -> Option<i64> {
    let number = || frame.select_at_idx(column)?.get(row).ok()?.try_extract::<i64>().ok();
    micros(frame, column, row).or_else(|| epoch::micros(number()?))
}

fn text(value: &AnyValue<'_>) -> Cell {
    match value {
        AnyValue::Null => Cell::Null,
        AnyValue::Boolean(v) => Cell::Text(v.to_string()),
        AnyValue::String(v) => Cell::Text((*v).to_owned()),
        AnyValue::StringOwned(v) => Cell::Text(v.to_string()),
        AnyValue::Float32(v) => Cell::Number(numbers::float(f64::from(*v))),
        AnyValue::Float64(v) => Cell::Number(numbers::float(*v)),
        AnyValue::Date(days) => Cell::Text(time::day_text(*days)),
        AnyValue::Datetime(v, unit, _) | AnyValue::DatetimeOwned(v, unit, _) => Cell::Text(numbers::moment(*v, *unit)),
        AnyValue::Duration(v, unit) => Cell::Text(numbers::duration(*v as f64 / time::per_second(*unit) as f64)),
        v if v.is_integer() => Cell::Number(numbers::grouped(&v.to_string())),
        v => Cell::Text(v.to_string()),
    }
}

/// A type in a word that a person who does not program understands.
pub fn type_word(dtype: &DataType) -> &'static str {
    match dtype {
        DataType::Boolean => "yes/no",
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => "text",
        DataType::Date => "date",
        DataType::Datetime(..) => "date, time",
        DataType::Time => "time",
        DataType::Duration(_) => "duration",
        t if t.is_float() => "decimal",
        t if t.is_integer() => "integer",
        _ => "other",
    }
}

/// The same with the zone in which its times are shown.
pub fn type_hint(dtype: &DataType) -> String {
    let zoned = matches!(dtype, DataType::Datetime(..));
    if zoned { format!("{}, {}", type_word(dtype), numbers::zone()) } else { type_word(dtype).to_owned() }
}
