//! Which functions of one row there are; and of those that nobody knows, what was perhaps meant.

use std::ops::ControlFlow;

use sqlparser::ast::Expr as Ast;

use super::own;
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

/// Windows, what models say, and what is not in the tables of `own`: polars' own functions, and those that are another
/// expression.
const BUILT_IN: &[ScalarFunction] = &[
    call("tumble", "tumble(time, INTERVAL '1 hour')", "windows side by side"),
    call("hop", "hop(time, INTERVAL '5 minutes', INTERVAL '1 hour')", "windows that overlap: slide, size"),
    call("session", "session(time, INTERVAL '30 minutes')", "rows with no longer gap between them"),
    call("abs", "abs(x)", "without its sign"),
    call("floor", "floor(x)", "rounded down"),
    call("ceil", "ceil(x)", "rounded up"),
    call("mod", "mod(x, 7)", "remainder"),
    call("pi", "pi()", "3.14159…"),
    call("coalesce", "coalesce(x, 0)", "the first that is not null"),
    call("ifnull", "ifnull(x, 0)", "the second where the first is null"),
    call("nullif", "nullif(x, 0)", "null where both are equal"),
    call("if", "if(x > 0, 'a', 'b')", "one of both"),
    call("greatest", "greatest(x, 0)", "the largest"),
    call("least", "least(x, 0)", "the smallest"),
    call("date_part", "date_part('hour', time)", "a part of a time"),
    call("date_trunc", "date_trunc('hour', time)", "the beginning of its hour, day, …"),
    call("date_add", "date_add(time, INTERVAL '1 day')", "so much later"),
    call("predict", "predict(model)", "what a model says of the row"),
    call("predict_proba", "predict_proba(model, 'class')", "how likely a class is"),
];

/// The functions of one row that people ask for, and windows.
pub fn scalars() -> impl Iterator<Item = ScalarFunction> {
    let ours = own::all().filter(|own| !own.usage.is_empty()).filter_map(|own| {
        let name = own.names.iter().find(|name| !name.starts_with("__"))?;
        Some(call(name, own.usage, own.about))
    });
    BUILT_IN.iter().copied().chain(ours)
}

/// Whether polars or a translation knows a function that is not one of ours.
pub(super) fn is_built_in(name: &str) -> bool {
    let known = |other: &ScalarFunction| other.name.eq_ignore_ascii_case(name);
    BUILT_IN.iter().any(known) || name.starts_with("__") || name.eq_ignore_ascii_case("round")
}

/// Why no function tells the time of the clock, and what to write.
const CLOCK: (&str, &str) = (
    "an answer is the same whenever it is asked, and this changes with the clock",
    "write the moment: TIMESTAMP '2024-01-31 12:00:00', or DATE '2024-01-31'",
);

/// Functions of DuckDB that are refused: why, and what to write.
const REFUSED: &[(&str, &str, &str)] = &[
    ("age", "an interval of months and days is no value here", "use date_diff('day', a, b) or date_sub('month', a, b)"),
    ("now", CLOCK.0, CLOCK.1),
    ("today", CLOCK.0, CLOCK.1),
    ("current_timestamp", CLOCK.0, CLOCK.1),
    ("current_date", CLOCK.0, CLOCK.1),
    ("current_time", CLOCK.0, CLOCK.1),
    ("localtimestamp", CLOCK.0, CLOCK.1),
    ("localtime", CLOCK.0, CLOCK.1),
    ("get_current_timestamp", CLOCK.0, CLOCK.1),
    ("transaction_timestamp", CLOCK.0, CLOCK.1),
    ("hash", "hash has other values in every version", "use md5(text) or sha256(text)"),
    ("from_base64", "bytes are no values here", "decode them before they come here"),
    ("try", "TRY takes any expression, and faults are not told by row here", "use TRY_CAST or try_strptime"),
    ("nvl", "DuckDB calls it otherwise", "use coalesce(x, y)"),
    ("json_keys", "lists are no values here", "use json_exists(json, '$.a') or json_extract(json, '$.a')"),
    ("string_split", "lists are no values here", "use split_part(text, ',', 1)"),
    ("str_split", "lists are no values here", "use split_part(text, ',', 1)"),
    ("regexp_split_to_array", "lists are no values here", "use regexp_extract(text, pattern, 1)"),
    ("regexp_extract_all", "lists are no values here", "use regexp_extract(text, pattern)"),
    ("list_contains", "lists are no values here", "use IN, or contains(text, part)"),
    ("list_value", "lists are no values here", "make a row of each value"),
    ("unnest", "lists are no values here", "make a row of each value"),
    ("make_time", "a time of day is no value here", "use make_timestamp"),
    ("random", "an answer that is asked again has to be the same", "use a column that is random"),
    ("uuid", "an answer that is asked again has to be the same", "use a column that is random"),
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

/// A fault about a function that is not there.
pub(super) fn unknown_function(name: &str, node: &Ast, place: ClauseSpan<'_>) -> Fault {
    if let Some((name, why, instead)) = REFUSED.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)) {
        return place.fault_on(format!("{name} is refused: {why}"), node).hint(*instead);
    }
    let aggregates = AGGREGATES.iter().flat_map(|a| a.aliases.iter().copied().chain([a.name]));
    let ours = own::all().flat_map(|own| own.names.iter().copied()).filter(|name| !name.starts_with("__"));
    let names: Vec<&str> = aggregates.chain(BUILT_IN.iter().map(|f| f.name)).chain(ours).collect();
    let fault = place.fault_on(format!("there is no function '{name}'"), node);
    match nearest(name, &names) {
        Some(near) => fault.hint(format!("did you mean {near}?")),
        None => fault.hint("names are offered as you type, and 'braid aggregates' lists what goes over many rows"),
    }
}
