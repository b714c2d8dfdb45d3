//! Functions that nobody knows: which one polars complains about, and what was perhaps meant.

use std::ops::ControlFlow;

use sqlparser::ast::Expr as Ast;

use crate::data::near::nearest;
use crate::data::{Fault, Result};
use crate::query::aggregate::AGGREGATES;
use crate::query::sql::span::ClauseSpan;
use crate::query::walk;

/// A function of one row, as help and completion show it.
#[derive(Clone, Copy, Debug)]
pub struct ScalarFunction {
    pub name: &'static str,
    pub usage: &'static str,
    pub about: &'static str,
}

const fn call(name: &'static str, usage: &'static str, about: &'static str) -> ScalarFunction {
    ScalarFunction { name, usage, about }
}

/// Functions of one row that people ask for, and windows; polars' SQL knows more.
pub const SCALARS: &[ScalarFunction] = &[
    call("tumble", "tumble(time, INTERVAL '1 hour')", "windows side by side"),
    call("hop", "hop(time, INTERVAL '5 minutes', INTERVAL '1 hour')", "windows that overlap: slide, size"),
    call("session", "session(time, INTERVAL '30 minutes')", "rows with no longer gap between them"),
    call("abs", "abs(x)", "without its sign"),
    call("round", "round(x, 2)", "to so many digits"),
    call("floor", "floor(x)", "rounded down"),
    call("ceil", "ceil(x)", "rounded up"),
    call("sqrt", "sqrt(x)", "square root"),
    call("log", "log(x)", "to base 10"),
    call("ln", "ln(x)", "natural logarithm"),
    call("exp", "exp(x)", "e to the power of x"),
    call("mod", "mod(x, 7)", "remainder"),
    call("upper", "upper(text)", "in capitals"),
    call("lower", "lower(text)", "in small letters"),
    call("length", "length(text)", "how many letters"),
    call("substr", "substr(text, 1, 3)", "from a letter on, so many"),
    call("replace", "replace(text, 'a', 'b')", "one text for another"),
    call("trim", "trim(text)", "without spaces around it"),
    call("concat", "concat(text, '-', text)", "joined"),
    call("starts_with", "starts_with(text, 'a')", "whether it begins so"),
    call("coalesce", "coalesce(x, 0)", "the first that is not null"),
    call("nullif", "nullif(x, 0)", "null where both are equal"),
    call("greatest", "greatest(x, 0)", "the largest"),
    call("least", "least(x, 0)", "the smallest"),
    call("date_part", "date_part('hour', time)", "a part of a time"),
    call("date_trunc", "date_trunc('hour', time)", "the beginning of its hour, day, …"),
    call("year", "year(time)", "of a time"),
    call("month", "month(time)", "of a time"),
    call("day", "day(time)", "of a time"),
    call("hour", "hour(time)", "of a time"),
    call("minute", "minute(time)", "of a time"),
    call("strftime", "strftime(time, '%Y-%m')", "a time as text"),
    call("predict", "predict(model)", "what a model says of the row"),
    call("predict_proba", "predict_proba(model, 'class')", "how likely a class is"),
];

/// Functions that polars knows and that make one value of many rows: none of ours, and no scalar functions either.
const OTHER_AGGREGATES: &[&str] = &["columns", "first_value", "last_value"];

/// Complains about an aggregate of other dialects.
pub(super) fn check_aggregates(expr: &Ast, place: ClauseSpan<'_>) -> Result<()> {
    let other = walk::visit_expressions(expr, |node| match node {
        Ast::Function(call)
            if call.over.is_none() && OTHER_AGGREGATES.contains(&call.name.to_string().to_lowercase().as_str()) =>
        {
            ControlFlow::Break((call.name.to_string(), node.clone()))
        }
        _ => ControlFlow::Continue(()),
    });
    match other.break_value() {
        Some((name, node)) => Err(unknown_function(&name, &node, place)),
        None => Ok(()),
    }
}

/// The call that polars complains about.
pub(super) fn unknown_call(node: &Ast, complaint: &str) -> ControlFlow<(String, Ast)> {
    match node {
        Ast::Function(call) if complaint.contains(&format!("'{}'", call.name.to_string().to_lowercase())) => {
            ControlFlow::Break((call.name.to_string(), node.clone()))
        }
        _ => ControlFlow::Continue(()),
    }
}

/// A fault about a function that is not there.
pub(super) fn unknown_function(name: &str, node: &Ast, place: ClauseSpan<'_>) -> Fault {
    let aggregates = AGGREGATES.iter().flat_map(|a| a.aliases.iter().copied().chain([a.name]));
    let names: Vec<&str> = aggregates.chain(SCALARS.iter().map(|f| f.name)).collect();
    let fault = place.fault_on(format!("there is no function '{name}'"), node);
    match nearest(name, &names) {
        Some(near) => fault.hint(format!("did you mean {near}?")),
        None => fault.hint("the aggregates are those of 'braid aggregates', scalar functions those of polars' SQL"),
    }
}
