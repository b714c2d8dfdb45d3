//! A resolved expression in polars' form. Most of it goes there as SQL text; what polars' SQL does not have, or would
//! do otherwise, is taken out of the text as an expression of its own, and put in where it stood:
//!
//! - `date_trunc('hour', time)`: polars' SQL does not have it.
//! - AND and OR: of long chains only the text is long, and its SQL would work them out one within the other.
//! - Calculating with times, which `times` has marked: polars' SQL would let them leave their range.
//! - Functions of ours.
//! - Calculating with whole numbers, which `coercion` has marked: polars' SQL would wrap them.
//!
//! Parts of expressions are expressions, so the functions here call each other.

use polars::prelude::*;
use sqlparser::ast::{BinaryOperator, DataType as SqlType, Expr as Ast};

use super::date_trunc::Truncation;
use super::functions::{is_built_in, unknown_function};
use super::operators::operator_of;
use super::time_calls::{self, TimeOverflow};
use super::tree::{arguments, column, rewrite};
use super::{date_trunc, dialect, own, whole};
use crate::data::{Fault, Result};
use crate::query::sql::span::ClauseSpan;
use crate::sync::deep;

/// What stands in the place of a part, with its number.
const PLACE: &str = "__taken";

/// A resolved expression in polars' form. Where it loses a time is added to `losses`.
pub(super) fn to_polars(expr: &Ast, place: ClauseSpan<'_>, overflows: &mut Vec<TimeOverflow>) -> Result<Expr> {
    let (bare, parts) = extract_parts(expr, place, overflows)?;
    let parsed = sql_expr(&bare.to_string()).map_err(|e| {
        let what = Fault::from(e).what;
        match what.starts_with("unable to parse") {
            true => place
                .fault("this is nested too deeply")
                .hint("take out parentheses that change nothing, or calculate in steps, in sub-questions"),
            false => place
                .fault_on(format!("{} is not understood", form(&what)), expr)
                .hint("say it with operators, CASE and the functions that are offered as you type"),
        }
    })?;
    Ok(insert_parts(parsed, &parts))
}

/// polars goes as deep as the expression, and does not look whether there is room.
pub(super) fn sql_expr(sql: &str) -> PolarsResult<Expr> {
    // polars panics on some texts, such as an interval without a unit.
    let read = crate::sync::caught(|| deep(|| polars::sql::sql_expr(sql)));
    read.unwrap_or_else(|_| Err(polars_err!(InvalidOperation: "this expression cannot be read")))
}

/// The expression with a column in the place of each part, and what belongs there. Where that loses a time is added to
/// `losses`.
///
/// # Errors
/// When a unit is unknown, or the arguments do not fit.
pub(super) fn extract_parts(
    expr: &Ast,
    place: ClauseSpan<'_>,
    overflows: &mut Vec<TimeOverflow>,
) -> Result<(Ast, Vec<Expr>)> {
    let (mut bare, mut parts) = (expr.clone(), Vec::new());
    rewrite(&mut bare, |node| {
        let mut lower = |part: &Ast| to_polars(part, place, overflows);
        let part = match &*node {
            Ast::BinaryOp { left, op: BinaryOperator::And, right } => Some(lower(left)?.and(lower(right)?)),
            Ast::BinaryOp { left, op: BinaryOperator::Or, right } => Some(lower(left)?.or(lower(right)?)),
            Ast::Interval(interval) => Some(time_calls::interval(interval, node, place)?),
            Ast::Cast { data_type, .. }
                if matches!(data_type, SqlType::Decimal(_) | SqlType::Numeric(_) | SqlType::Dec(_)) =>
            {
                return Err(place
                    .fault_on(
                        format!("there is no type {data_type} here: numbers of fixed digits are read as DOUBLE"),
                        node,
                    )
                    .hint("write CAST(… AS DOUBLE), or count in whole cents: CAST(100 * x AS BIGINT)"));
            }
            Ast::Cast { data_type, .. } if !is_known(data_type) => {
                return Err(place.fault_on(format!("there is no type {data_type} here"), node).hint(
                    "the types are BIGINT, INTEGER, SMALLINT, TINYINT, DOUBLE, REAL, VARCHAR, BOOLEAN, DATE, TIMESTAMP",
                ));
            }
            Ast::Collate { .. } => {
                return Err(place
                    .fault_on("COLLATE is not understood: texts are compared by their bytes", node)
                    .hint("leave it out, or compare lower(text)"));
            }
            Ast::Tuple(_) => {
                return Err(place
                    .fault_on("rows in parentheses are not compared as a whole", node)
                    .hint("compare each: a = 1 AND b = 2"));
            }
            Ast::Array(_) | Ast::CompoundFieldAccess { .. } => {
                return Err(place
                    .fault_on("lists are no values here", node)
                    .hint("make a row of each value; of JSON, write json_extract(json, '$[0]')"));
            }
            Ast::Function(function) => match date_trunc::read(function, node, place)? {
                Some(Truncation::Polars(unit, time)) => Some(lower(&time)?.dt().truncate(lit(unit))),
                Some(Truncation::Own(call)) => Some(lower(&call)?),
                None if time_calls::is_marked(function) => {
                    let parts = arguments(function).unwrap_or_default();
                    let parts = parts.into_iter().map(&mut lower).collect::<Result<Vec<_>>>()?;
                    Some(time_calls::meaning(function, &parts, place, overflows)?)
                }
                None if whole::is_marked(function) => {
                    let parts = arguments(function).unwrap_or_default();
                    let parts = parts.into_iter().map(&mut lower).collect::<Result<Vec<_>>>()?;
                    Some(whole::meaning(function, &parts, place)?)
                }
                None => match own::find(function) {
                    Some(own) => {
                        let parts = arguments(function).unwrap_or_default();
                        let parts = parts.into_iter().map(&mut lower).collect::<Result<Vec<_>>>()?;
                        let name = function.name.to_string();
                        let shown = operator_of(&name).unwrap_or(&name);
                        let made = own::meaning(own, (shown, function), &parts, place)?;
                        if let (true, [time, ..]) = (own.names.contains(&own::MONTHS), &parts[..]) {
                            let lost = time.clone().is_not_null().and(made.clone().is_null());
                            overflows.push(TimeOverflow { lost, value: time.clone() });
                        }
                        Some(made)
                    }
                    None if !is_built_in(&function.name.to_string()) => {
                        return Err(unknown_function(&function.name.to_string(), node, place));
                    }
                    None => None,
                },
            },
            _ => None,
        };
        if let Some(part) = part {
            parts.push(part);
            *node = column(&format!("{PLACE}{}", parts.len() - 1));
        }
        Ok(())
    })?;
    Ok((bare, parts))
}

/// What polars calls an expression that it does not understand.
fn form(complaint: &str) -> String {
    let name = complaint.split('\'').nth(1).unwrap_or_default();
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == ' ');
    if plain { format!("'{name}' in an expression") } else { "this form of an expression".to_owned() }
}

/// Whether a cast to a type is polars' to do: ours are functions by now.
fn is_known(dtype: &SqlType) -> bool {
    use SqlType as T;
    let of_time = matches!(dtype, T::Date | T::Timestamp(..) | T::Datetime(_) | T::Time(..));
    let unsigned = matches!(dtype, T::UTinyInt | T::USmallInt | T::UBigInt | T::Custom(..));
    of_time || unsigned || dialect::target(dtype).is_some() || dialect::is_text(dtype)
}

/// The parts in their places.
fn insert_parts(expr: Expr, parts: &[Expr]) -> Expr {
    if parts.is_empty() {
        return expr;
    }
    let number = |name: &str| name.strip_prefix(PLACE).and_then(|n| n.parse::<usize>().ok());
    let part = |name: &str| number(name).and_then(|n| parts.get(n).cloned());
    if let Expr::Column(name) = &expr {
        // Nothing but that part.
        return part(name).unwrap_or(expr);
    }
    expr.map_expr(|node| match &node {
        Expr::Column(name) => part(name).unwrap_or(node),
        _ => node,
    })
}
