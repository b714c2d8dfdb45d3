//! Times written as text: `'2024-01-31'` beside a column of times, `TIMESTAMP '…'`, `CAST('…' AS DATE)`. polars' SQL knows
//! some of these forms; here all of them become casts of whole numbers, which it always knows.

use polars::prelude::*;
use sqlparser::ast::{BinaryOperator, CastKind, DataType as SqlType, Expr as Ast, TimezoneInfo, TypedString, Value};

use super::expr::{self, Place};
use super::window::Micros;
use crate::data::Result;
use crate::data::format::parse_datetime;

const DAY: Micros = 86_400_000_000;

/// Gives every text that stands for a time its type. Names in `expr` are resolved.
///
/// # Errors
/// When a text beside a time is none.
pub fn type_times(expr: &mut Ast, schema: &Schema, place: Place<'_>) -> Result<()> {
    expr::rewrite(expr, |node| {
        match node {
            Ast::TypedString(TypedString { data_type, value, .. }) => {
                if let (Some(kind), Value::SingleQuotedString(text)) = (Kind::of_sql(data_type), &value.value) {
                    *node = literal(text, kind, place)?;
                }
            }
            Ast::Cast { expr, data_type, .. } => {
                if let (Some(kind), Some(text)) = (Kind::of_sql(data_type), text(expr)) {
                    *node = literal(&text, kind, place)?;
                }
            }
            Ast::BinaryOp { left, op, right } if compares(op) => {
                beside(left, right, schema, place)?;
                beside(right, left, schema, place)?;
            }
            Ast::Between { expr, low, high, .. } => {
                beside(expr, low, schema, place)?;
                beside(expr, high, schema, place)?;
            }
            Ast::InList { expr, list, .. } => {
                for item in list {
                    beside(expr, item, schema, place)?;
                }
            }
            _ => {}
        }
        Ok(())
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Date,
    Time,
}

impl Kind {
    fn of_sql(dtype: &SqlType) -> Option<Self> {
        match dtype {
            SqlType::Date => Some(Self::Date),
            SqlType::Timestamp(..) | SqlType::Datetime(_) => Some(Self::Time),
            _ => None,
        }
    }
}

fn compares(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(op, Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq | Op::Spaceship)
}

fn text(expr: &Ast) -> Option<String> {
    match expr {
        Ast::Value(v) => match &v.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Types `other` when it is a text beside an expression that is a time.
fn beside(expr: &Ast, other: &mut Ast, schema: &Schema, place: Place<'_>) -> Result<()> {
    let Some(text) = text(other) else { return Ok(()) };
    // What has no type of its own is complained about when the whole is bound.
    let dtype = expr::Scalar::bind(expr, schema, place).map(|(_, dtype)| dtype);
    let kind = match dtype {
        Ok(DataType::Date) if text.trim().len() <= 10 => Kind::Date,
        Ok(DataType::Date | DataType::Datetime(..)) => Kind::Time,
        _ => return Ok(()),
    };
    *other = literal(&text, kind, place)?;
    Ok(())
}

fn literal(text: &str, kind: Kind, place: Place<'_>) -> Result<Ast> {
    let micros = parse_datetime(text.trim(), TimeUnit::Microseconds)
        .ok_or_else(|| place.fault(format!("'{text}' is not a time")).hint("write it like '2024-01-31' or '2024-01-31 12:30:00', in UTC"))?;
    let (number, dtype) = match kind {
        Kind::Date => (micros.div_euclid(DAY), SqlType::Date),
        Kind::Time => (micros, SqlType::Timestamp(None, TimezoneInfo::None)),
    };
    let number = Ast::value(Value::Number(number.to_string(), false));
    Ok(Ast::Cast { kind: CastKind::Cast, expr: Box::new(number), data_type: dtype, array: false, format: None })
}
