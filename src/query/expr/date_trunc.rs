//! `date_trunc('hour', time)`: where the hour, day, month … begins that a time lies in.

use sqlparser::ast::{Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value};

use super::own;
use super::tree::call;
use crate::data::Result;
use crate::data::near::nearest;
use crate::query::sql::span::ClauseSpan;

/// Where a unit of time begins.
pub(super) enum Truncation {
    /// A unit of polars, and the time.
    Polars(&'static str, Ast),
    /// A call of ours.
    Own(Ast),
}

/// The parts of a time, and what polars calls the units that have one.
const UNITS: &[(&str, &str)] = &[
    ("microsecond", "1us"),
    ("millisecond", "1ms"),
    ("second", "1s"),
    ("epoch", "1s"),
    ("minute", "1m"),
    ("hour", "1h"),
    ("day", "1d"),
    ("dayofweek", "1d"),
    ("isodow", "1d"),
    ("dayofyear", "1d"),
    ("week", "1w"),
    ("yearweek", "1w"),
    ("month", "1mo"),
    ("quarter", "1q"),
    ("year", "1y"),
];
/// Units of many years.
const YEARS: &[(&str, u32)] = &[("decade", 10), ("century", 100), ("millennium", 1_000)];

/// The unit and the time, where `function` is such a call; `node` is it as an expression.
///
/// # Errors
/// When the unit is unknown, or the arguments do not fit.
pub(super) fn read(function: &Function, node: &Ast, place: ClauseSpan<'_>) -> Result<Option<Truncation>> {
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
    let part = own::part_named(unit);
    let found = |name: &str| part == Some(name);
    if let Some((_, polars)) = UNITS.iter().find(|(name, _)| found(name)) {
        return Ok(Some(Truncation::Polars(polars, time.clone())));
    }
    if let Some((_, years)) = YEARS.iter().find(|(name, _)| found(name)) {
        let years = Ast::value(Value::Number(years.to_string(), false));
        return Ok(Some(Truncation::Own(call(own::TRUNCATE_YEARS, vec![time.clone(), years]))));
    }
    if found("isoyear") {
        return Ok(Some(Truncation::Own(call(own::TRUNCATE_ISO_YEAR, vec![time.clone()]))));
    }
    let names: Vec<&str> = UNITS.iter().map(|(name, _)| *name).chain(YEARS.iter().map(|(name, _)| *name)).collect();
    let fault = place.fault_on(format!("'{unit}' is no unit of time"), node);
    Err(match nearest(&unit.to_lowercase(), &names) {
        Some(near) => fault.hint(format!("did you mean '{near}'?")),
        None => fault.hint(format!("the units are {}", names.join(", "))),
    })
}
