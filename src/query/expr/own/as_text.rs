//! Values as texts: what a cast, `||`, `concat` and `format` write.

use polars::prelude::*;

use super::{ANY, Arguments, OwnFunction, own, text};
use crate::data::time;
use crate::query::window::type_word;

pub(super) const OWN: &[OwnFunction] = &[
    own(&[AS_TEXT], &[ANY], text, |a| a.texts(0).map(|texts| texts.0.into_column())),
    own(&["concat"], &[ANY], text, concat).more().told("concat(text, '-', text)", "joined; nulls are left out"),
    own(&["concat_ws"], &[ANY, ANY], text, concat_ws)
        .more()
        .told("concat_ws('-', text, n)", "joined with a sign between"),
];

/// A value as text: what a cast means.
pub(in crate::query::expr) const AS_TEXT: &str = "__text";

/// A column as texts.
///
/// # Errors
/// When it holds what has no text.
pub(super) fn texts(column: &Column) -> PolarsResult<StringChunked> {
    let name = column.name().clone();
    Ok(match column.dtype() {
        DataType::String => column.str()?.clone(),
        DataType::Float64 => column.f64()?.iter().map(|x| x.map(float)).collect(),
        DataType::Float32 => {
            column.f32()?.iter().map(|x| x.map(|x| spelled(&format!("{x:e}"), &x.to_string()))).collect()
        }
        DataType::Date | DataType::Datetime(..) | DataType::Time => time::plain_texts(column)?,
        other @ (DataType::Duration(_) | DataType::List(_) | DataType::Binary) => polars_bail!(ComputeError:
            "{} has no text here; of times that lie apart, write date_diff('second', a, b)", type_word(other)),
        _ => column.cast(&DataType::String)?.str()?.clone(),
    }
    .with_name(name))
}

/// `1.0`, `1e+20`, `nan`.
pub(super) fn float(x: f64) -> String {
    match x {
        x if x.is_nan() => "nan".to_owned(),
        x if x.is_infinite() => if x > 0.0 { "inf" } else { "-inf" }.to_owned(),
        x => spelled(&format!("{x:e}"), &x.to_string()),
    }
}

/// The shortest digits that say a number, with a point in them; with an exponent from 16 digits on, and below 0.0001.
fn spelled(scientific: &str, plain: &str) -> String {
    let Some((digits, exponent)) = scientific.split_once('e') else { return plain.to_lowercase() };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    match exponent {
        -4..16 if plain.contains('.') => plain.to_owned(),
        -4..16 => format!("{plain}.0"),
        _ => format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()),
    }
}

fn concat(a: &Arguments<'_>) -> PolarsResult<Column> {
    let parts = (0..a.len()).map(|at| a.texts(at)).collect::<PolarsResult<Vec<_>>>()?;
    Ok(a.each(|row| Some(parts.iter().filter_map(|part| part.get(row)).collect::<String>())))
}

fn concat_ws(a: &Arguments<'_>) -> PolarsResult<Column> {
    let parts = (0..a.len()).map(|at| a.texts(at)).collect::<PolarsResult<Vec<_>>>()?;
    Ok(a.each(|row| {
        let (between, rest) = parts.split_first()?;
        let between = between.get(row)?;
        Some(rest.iter().filter_map(|part| part.get(row)).collect::<Vec<_>>().join(between))
    }))
}
