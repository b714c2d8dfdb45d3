//! Values into codes: how a column of each type is read, for training and for scoring alike. Which columns and rows
//! are trained on is left to `question`, a forest that is asked about frames to `score`.

use hashbrown::HashMap;
use polars::prelude::*;

use super::bins::MISSING;
use super::forest::{Feature, FeatureKind, LabelKind};
use crate::data::Result;
use crate::data::time::convert;

impl LabelKind {
    /// Sorts labels as their column would, each once.
    pub fn sort(self, names: &mut Vec<String>) {
        match self {
            Self::Integer | Self::Number => names.sort_by(|a, b| {
                let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
                number(a).total_cmp(&number(b)).then_with(|| a.cmp(b))
            }),
            Self::Text | Self::Flag => names.sort_unstable(),
        }
        names.dedup();
    }

    /// The type of a column of such labels.
    pub fn dtype(self) -> DataType {
        match self {
            Self::Text => DataType::String,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Flag => DataType::Boolean,
        }
    }
}

/// How labels of this type are told apart; `None` where they cannot be.
pub(super) fn label_kind(dtype: &DataType) -> Option<LabelKind> {
    match dtype {
        DataType::Boolean => Some(LabelKind::Flag),
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Some(LabelKind::Text),
        dtype if dtype.is_integer() => Some(LabelKind::Integer),
        dtype if dtype.is_float() => Some(LabelKind::Number),
        _ => None,
    }
}

/// Labels as text, so that they are equal where they are meant to be.
pub(super) fn label_texts(column: &Column, kind: LabelKind) -> Result<Series> {
    let series = column.as_materialized_series();
    if kind != LabelKind::Number {
        return Ok(series.cast(&DataType::String)?);
    }
    let floats = series.cast(&DataType::Float64)?;
    let texts: StringChunked = floats.f64()?.iter().map(|v| v.map(|v| v.to_string())).collect();
    Ok(texts.into_series())
}

/// How a column of this type is read; `None` where it cannot be.
pub fn kind_of(dtype: &DataType) -> Option<FeatureKind> {
    match dtype {
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Some(FeatureKind::Category(Vec::new())),
        DataType::Date | DataType::Datetime(..) | DataType::Duration(_) | DataType::Time => Some(FeatureKind::Time),
        dtype if dtype.is_bool() || dtype.is_primitive_numeric() || dtype.is_null() => Some(FeatureKind::Number),
        _ => None,
    }
}

/// The codes of texts among `words`.
pub(super) fn categories<'a>(texts: &'a StringChunked, words: &'a [String]) -> impl Iterator<Item = usize> + 'a {
    let places: HashMap<&str, usize> = words.iter().map(String::as_str).zip(0..).collect();
    texts.iter().map(move |text| text.map_or(words.len() + 1, |text| places.get(text).copied().unwrap_or(words.len())))
}

/// A column as numbers: times in microseconds; what is missing or not a number lies below all of them.
pub(super) fn numbers(column: &Column, kind: &FeatureKind) -> Result<Vec<f64>> {
    let series = column.as_materialized_series();
    let plain = match (kind, series.dtype()) {
        (FeatureKind::Time, DataType::Date | DataType::Datetime(..)) => {
            convert(column, &DataType::Datetime(TimeUnit::Microseconds, None))?
                .cast(&DataType::Int64)?
                .take_materialized_series()
        }
        (FeatureKind::Time, DataType::Duration(_)) => {
            series.cast(&DataType::Duration(TimeUnit::Microseconds))?.cast(&DataType::Int64)?
        }
        (FeatureKind::Time, _) => series.cast(&DataType::Int64)?,
        _ => series.clone(),
    };
    let floats = plain.cast(&DataType::Float64)?;
    let value = |v: f64| if v.is_nan() { MISSING } else { v.max(f64::MIN) };
    Ok(floats.f64()?.iter().map(|v| v.map_or(MISSING, value)).collect())
}

/// Gives the code of each row, and whether it lacks a value.
pub(super) fn each_code(feature: &Feature, column: &Column, mut take: impl FnMut(u16, bool)) -> Result<()> {
    if let FeatureKind::Category(words) = &feature.kind {
        let texts = column.as_materialized_series().cast(&DataType::String)?;
        categories(texts.str()?, words).for_each(|code| take(code as u16, code == words.len() + 1));
        return Ok(());
    }
    numbers(column, &feature.kind)?.into_iter().for_each(|value| take(feature.code(value), value == MISSING));
    Ok(())
}
