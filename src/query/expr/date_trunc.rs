//! `date_trunc('hour', time)`: where the hour, day, month … begins that a time lies in.

use sqlparser::ast::{Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value};

use crate::data::Result;
use crate::data::near::nearest;
use crate::query::sql::span::ClauseSpan;

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

/// The unit and the time, where `function` is such a call; `node` is it as an expression.
///
/// # Errors
/// When the unit is unknown, or the arguments do not fit.
pub(super) fn read(function: &Function, node: &Ast, place: ClauseSpan<'_>) -> Result<Option<(&'static str, Ast)>> {
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
