//! Times written as text: `'2024-01-31'` beside a column of times, `TIMESTAMP '…'`, `CAST('…' AS DATE)`. polars' SQL
//! knows some of these forms; here all of them become casts of whole numbers, which it always knows.

use polars::prelude::*;
use sqlparser::ast::{BinaryOperator, CastKind, DataType as SqlType, Expr as Ast, TimezoneInfo, TypedString, Value};

use super::tree::text;
use crate::data::Result;
use crate::data::format::parse_datetime;
use crate::data::time::day_of;
use crate::query::sql::span::ClauseSpan;

/// The value and the type of a text that is marked as a time: `DATE '…'`, or a cast of a text.
///
/// # Errors
/// When it is none.
pub(super) fn typed_literal(node: &Ast, place: ClauseSpan<'_>) -> Result<Option<(Ast, DataType)>> {
    let (dtype, written) = match node {
        Ast::TypedString(TypedString { data_type, value, .. }) => match &value.value {
            Value::SingleQuotedString(text) => (data_type, Some(text.as_str())),
            _ => (data_type, None),
        },
        Ast::Cast { expr, data_type, kind: CastKind::Cast | CastKind::DoubleColon, .. } => (data_type, text(expr)),
        _ => return Ok(None),
    };
    let (Some(kind), Some(text)) = (TimeLiteral::of_sql(dtype), written) else { return Ok(None) };
    Ok(Some((literal(text, kind, place)?, kind.dtype())))
}

#[derive(Clone, Copy, PartialEq)]
enum TimeLiteral {
    Date,
    Time,
}

impl TimeLiteral {
    fn of_sql(dtype: &SqlType) -> Option<Self> {
        match dtype {
            SqlType::Date => Some(Self::Date),
            SqlType::Timestamp(..) | SqlType::Datetime(_) => Some(Self::Time),
            _ => None,
        }
    }

    fn dtype(self) -> DataType {
        match self {
            Self::Date => DataType::Date,
            Self::Time => DataType::Datetime(TimeUnit::Microseconds, None),
        }
    }
}

pub(super) fn compares(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(op, Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq | Op::Spaceship)
}

/// Types `other` when it is a text beside an expression of the type of a time, a number or a truth value: gives the
/// type that it has then.
///
/// # Errors
/// When it is no time.
pub(super) fn coerce_beside(dtype: &DataType, other: &mut Ast, place: ClauseSpan<'_>) -> Result<Option<DataType>> {
    let Some(text) = text(other) else { return Ok(None) };
    let kind = match dtype {
        DataType::Date if text.trim().len() <= 10 => TimeLiteral::Date,
        DataType::Date | DataType::Datetime(..) => TimeLiteral::Time,
        _ => {
            let Some((value, dtype)) = plain(dtype, text.trim()) else { return Ok(None) };
            *other = Ast::value(value);
            return Ok(Some(dtype));
        }
    };
    *other = literal(text, kind, place)?;
    Ok(Some(kind.dtype()))
}

/// A text as a number or a truth value, where it is one beside such a type.
fn plain(dtype: &DataType, text: &str) -> Option<(Value, DataType)> {
    match dtype {
        DataType::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "t" => Some((Value::Boolean(true), DataType::Boolean)),
            "false" | "f" => Some((Value::Boolean(false), DataType::Boolean)),
            _ => None,
        },
        whole if whole.is_integer() => {
            let number: i64 = text.parse().ok()?;
            Some((Value::Number(number.to_string(), false), DataType::Int64))
        }
        float if float.is_float() => {
            let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
            let digits = number.to_string();
            let digits = if digits.contains('.') { digits } else { digits + ".0" };
            Some((Value::Number(digits, false), DataType::Float64))
        }
        _ => None,
    }
}

fn literal(text: &str, kind: TimeLiteral, place: ClauseSpan<'_>) -> Result<Ast> {
    let micros = parse_datetime(text.trim(), TimeUnit::Microseconds).ok_or_else(|| {
        place
            .fault(format!("'{text}' is not a time"))
            .hint("write it like '2024-01-31' or '2024-01-31 12:30:00', in UTC")
    })?;
    let (number, dtype) = match kind {
        TimeLiteral::Date => (day_of(micros, TimeUnit::Microseconds).unwrap_or_default().into(), SqlType::Date),
        TimeLiteral::Time => (micros, SqlType::Timestamp(None, TimezoneInfo::None)),
    };
    let number = Ast::value(Value::Number(number.to_string(), false));
    Ok(Ast::Cast { kind: CastKind::Cast, expr: Box::new(number), data_type: dtype, array: false, format: None })
}
