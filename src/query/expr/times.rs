//! Calculating with times where they may leave the range: in the tree of an expression such places are marked, as calls
//! of names that SQL does not have. What they mean is left to `time_calls`.

use std::ops::ControlFlow;

use polars::prelude::{DataType, Schema, TimeUnit};
use sqlparser::ast::{
    BinaryOperator as Op, DataType as SqlType, Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments, Value,
};

use super::dialect::{interval_text, months_of};
use super::own;
use super::time_calls::{ADD, DATE, MICROS, PLAIN, PREFIX, STAMP, SUB};
use super::tree::{self, arguments, call};
use crate::data::Result;
use crate::data::time;
use crate::query::walk;
use crate::query::window::parse_interval;

/// Functions that take a time and give it back as it is.
pub(super) const NEUTRAL: &[&str] = &["coalesce", "nullif", "greatest", "least"];

/// Others that give a time of the type of the one they take.
const LIKE_ITS_TIME: &[&str] =
    &["date_trunc", "time_bucket", own::BUCKET_MONTHS, own::TRUNCATE_YEARS, own::TRUNCATE_ISO_YEAR, PLAIN, ADD, SUB];
/// Functions that take infinite times as well as any other.
const AS_THEY_ARE: &[&str] = &[own::AS_TEXT, "concat", "concat_ws", "format", "printf", "typeof", "strftime"];

/// The type of an expression that is a date, a time or a span, as far as its form tells.
fn kind(expr: &Ast, schema: &Schema) -> Option<DataType> {
    let span = DataType::Duration(TimeUnit::Microseconds);
    match expr {
        Ast::Identifier(ident) => {
            schema.get(&ident.value).filter(|t| time::is_time(t) || matches!(t, DataType::Duration(_))).cloned()
        }
        Ast::Nested(inner) => kind(inner, schema),
        Ast::Interval(_) => Some(span),
        Ast::Cast { data_type, .. } => cast_type(data_type),
        Ast::BinaryOp { left, op: Op::Plus | Op::Minus, right } => match (kind(left, schema), kind(right, schema)) {
            (Some(a), Some(b)) if time::is_time(&a) && time::is_time(&b) => Some(span),
            (Some(DataType::Date), _) if has_clock(right, schema) => Some(MICROS),
            (_, Some(DataType::Date)) if has_clock(left, schema) => Some(MICROS),
            (Some(a), _) if time::is_time(&a) => Some(a),
            (a, b) => b.or(a),
        },
        Ast::Case { conditions, else_result, .. } => conditions
            .iter()
            .map(|when| &when.result)
            .chain(else_result.as_deref())
            .find_map(|result| kind(result, schema)),
        Ast::Function(call) => match call.name.to_string().to_lowercase().as_str() {
            DATE => Some(DataType::Date),
            STAMP => Some(MICROS),
            name if NEUTRAL.contains(&name) || LIKE_ITS_TIME.contains(&name) => {
                arguments(call).into_iter().flatten().find_map(|arg| kind(arg, schema).filter(time::is_time))
            }
            _ => own::find(call).and_then(own::OwnFunction::time),
        },
        _ => None,
    }
}

/// Whether a span is not known to be of whole days, so that a date and that is a time.
fn has_clock(span: &Ast, schema: &Schema) -> bool {
    const DAY: i64 = 86_400_000_000;
    match interval_text(span) {
        Some(text) => parse_interval(&text).is_ok_and(|micros| micros % DAY != 0),
        None => matches!(kind(span, schema), Some(DataType::Duration(_))),
    }
}

fn cast_type(dtype: &SqlType) -> Option<DataType> {
    match dtype {
        SqlType::Date => Some(DataType::Date),
        SqlType::Timestamp(..) | SqlType::Datetime(_) => Some(MICROS),
        _ => None,
    }
}

/// Gives times of different types one in which they are compared, so that polars does not choose.
fn alike(parts: Vec<&mut Ast>, schema: &Schema) {
    let types: Vec<DataType> = parts.iter().filter_map(|part| kind(part, schema).filter(time::is_time)).collect();
    if types.iter().any(|t| Some(t) != types.first()) {
        for part in parts {
            // What has the type already stays as it is: a list may hold nothing but values as written.
            if kind(part, schema).is_some_and(|t| time::is_time(&t) && t != MICROS) {
                *part = call(STAMP, vec![part.clone()]);
            }
        }
    }
}

/// Marks where times are calculated with. Names in `expr` are resolved, and it is in polars' words.
///
/// # Errors
/// None.
pub(super) fn mark(expr: &mut Ast, schema: &Schema) -> Result<()> {
    // Most expressions know no time: they cost one look.
    let timed = walk::visit_expressions(expr, |node| {
        let timed = match node {
            Ast::Identifier(ident) => schema.get(&ident.value).is_some_and(time::is_time),
            Ast::Cast { data_type, .. } => cast_type(data_type).is_some(),
            Ast::Interval(_) => true,
            _ => false,
        };
        if timed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if timed.is_continue() {
        return Ok(());
    }
    tree::rewrite(expr, |node| {
        let is_time = |part: &Ast| kind(part, schema).is_some_and(|t| time::is_time(&t));
        let wrap = |part: &mut Ast, name: &str| {
            if is_time(part) {
                *part = call(name, vec![part.clone()]);
            }
        };
        match node {
            Ast::BinaryOp { left, op: op @ (Op::Plus | Op::Minus), right } if is_time(left) || is_time(right) => {
                let months = if is_time(left) { months_of(right) } else { months_of(left) };
                if let Some(months) = months {
                    let time = if is_time(left) { left } else { right };
                    let months = if *op == Op::Plus { months } else { -months };
                    let months = Ast::value(Value::Number(months.to_string(), false));
                    *node = call(own::MONTHS, vec![call(STAMP, vec![(**time).clone()]), months]);
                    return Ok(());
                }
                let name = if *op == Op::Plus { ADD } else { SUB };
                // The time first: it is the value that is reported.
                let (first, second) = if is_time(left) || *op == Op::Minus { (left, right) } else { (right, left) };
                if kind(first, schema) == Some(DataType::Date) && has_clock(second, schema) {
                    **first = call(STAMP, vec![(**first).clone()]);
                }
                *node = call(name, vec![(**first).clone(), (**second).clone()]);
            }
            Ast::BinaryOp {
                left,
                op: Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq | Op::Spaceship,
                right,
            } => alike(vec![left, right], schema),
            Ast::Between { expr, low, high, .. } => alike(vec![expr, low, high], schema),
            Ast::InList { expr, list, .. } => alike(std::iter::once(&mut **expr).chain(list).collect(), schema),
            Ast::Case { conditions, else_result, .. } => {
                alike(
                    conditions.iter_mut().map(|when| &mut when.result).chain(else_result.as_deref_mut()).collect(),
                    schema,
                );
            }
            Ast::Cast { expr: inner, data_type, .. } if is_time(inner) => match cast_type(data_type) {
                Some(DataType::Date) => *node = call(DATE, vec![(**inner).clone()]),
                Some(_) => *node = call(STAMP, vec![(**inner).clone()]),
                // Days as a number: an infinite date has none.
                None if kind(inner, schema) == Some(DataType::Date) => wrap(inner, PLAIN),
                None => {}
            },
            Ast::Extract { expr: inner, .. } => wrap(inner, PLAIN),
            Ast::Function(function) => {
                let name = function.name.to_string().to_lowercase();
                let FunctionArguments::List(list) = &mut function.args else { return Ok(()) };
                let parts = list.args.iter_mut().filter_map(|arg| match arg {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(part)) => Some(part),
                    _ => None,
                });
                match name.as_str() {
                    name if name.starts_with(PREFIX) => {}
                    name if NEUTRAL.contains(&name) => alike(parts.collect(), schema),
                    name if AS_THEY_ARE.contains(&name) => {}
                    _ => parts.for_each(|part| wrap(part, PLAIN)),
                }
            }
            _ => {}
        }
        Ok(())
    })
}
