//! Parts of an expression that polars is not given as SQL text, but as expressions of its own: they are taken out of
//! the text, and put in where they stood.
//!
//! `date_trunc('hour', time)`, where the hour, day, month … begins that a time lies in: polars' SQL does not have it.
//! AND and OR: of long chains only the text is long, and its SQL would work them out one within the other.
//! Calculating with times, which `moment` has marked: polars' SQL would let them leave their range.

use polars::prelude::*;
use sqlparser::ast::{BinaryOperator, Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments, Value};

use super::expr::{self, Place};
use super::moment::{self, Loss};
use crate::data::Result;
use crate::data::near::nearest;

/// What SQL calls it, and polars.
const UNITS: &[(&str, &str)] = &[
    ("microsecond", "1us"),
    ("millisecond", "1ms"),
    ("second", "1s"),
    ("minute", "1m"),
    ("hour", "1h"),
    ("day", "1d"),
    ("week", "1w"),
    ("month", "1mo"),
    ("quarter", "1q"),
    ("year", "1y"),
];

/// What stands in the place of a part, with its number.
const PLACE: &str = "__taken";

/// The expression with a column in the place of each part, and what belongs there. Where that loses a time is added to
/// `losses`.
///
/// # Errors
/// When a unit is unknown, or the arguments do not fit.
pub fn take_out(expr: &Ast, place: Place<'_>, losses: &mut Vec<Loss>) -> Result<(Ast, Vec<Expr>)> {
    let (mut bare, mut parts) = (expr.clone(), Vec::new());
    expr::rewrite(&mut bare, |node| {
        let mut to_polars = |part: &Ast| expr::to_polars_telling(part, place, losses);
        let part = match &*node {
            Ast::BinaryOp { left, op: BinaryOperator::And, right } => Some(to_polars(left)?.and(to_polars(right)?)),
            Ast::BinaryOp { left, op: BinaryOperator::Or, right } => Some(to_polars(left)?.or(to_polars(right)?)),
            _ => match call(node, place)? {
                Some((unit, time)) => Some(to_polars(&time)?.dt().truncate(lit(unit))),
                None => moment::meaning(node, place, losses)?,
            },
        };
        if let Some(part) = part {
            parts.push(part);
            *node = expr::column(&format!("{PLACE}{}", parts.len() - 1));
        }
        Ok(())
    })?;
    Ok((bare, parts))
}

/// The parts in their places.
pub fn put_in(expr: Expr, parts: &[Expr]) -> Expr {
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

/// The unit and the time, where `node` is such a call.
fn call(node: &Ast, place: Place<'_>) -> Result<Option<(&'static str, Ast)>> {
    let Ast::Function(function) = node else { return Ok(None) };
    if !function.name.to_string().eq_ignore_ascii_case("date_trunc") {
        return Ok(None);
    }
    let usage = "write date_trunc('hour', time)";
    let FunctionArguments::List(list) = &function.args else {
        return Err(place.fault_on("date_trunc takes a unit and a time", node).hint(usage));
    };
    let [
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Ast::Value(unit))),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(time)),
    ] = &list.args[..]
    else {
        return Err(place.fault_on("date_trunc takes a unit in quotes and a time", node).hint(usage));
    };
    let Value::SingleQuotedString(unit) = &unit.value else {
        return Err(place.fault_on("date_trunc takes a unit in quotes and a time", node).hint(usage));
    };
    let lower = unit.to_lowercase();
    let wanted = lower.strip_suffix('s').filter(|one| UNITS.iter().any(|(name, _)| name == one)).unwrap_or(&lower);
    let found = UNITS.iter().find(|(name, _)| *name == wanted).ok_or_else(|| {
        let names: Vec<&str> = UNITS.iter().map(|(name, _)| *name).collect();
        let fault = place.fault_on(format!("'{unit}' is no unit of time"), node);
        match nearest(&lower, &names) {
            Some(near) => fault.hint(format!("did you mean '{near}'?")),
            None => fault.hint(format!("the units are {}", names.join(", "))),
        }
    })?;
    Ok(Some((found.1, time.clone())))
}
