//! Functions that nobody knows: which one polars complains about, and what was perhaps meant.

use std::ops::ControlFlow;

use sqlparser::ast::Expr as Ast;

use crate::data::near::nearest;
use crate::data::{Fault, Result};
use crate::query::aggregate::AGGREGATES;
use crate::query::sql::span::ClauseSpan;
use crate::query::walk;

/// Functions that polars knows and that make one value of many rows: none of ours, and no scalar functions either.
const OTHER_AGGREGATES: &[&str] = &[
    "string_agg",
    "array_agg",
    "listagg",
    "group_concat",
    "first_value",
    "last_value",
    "quantile_disc",
    "percentile_cont",
    "percentile_disc",
];

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
    const SCALARS: &[&str] = &[
        "tumble",
        "hop",
        "session",
        "abs",
        "round",
        "floor",
        "ceil",
        "sqrt",
        "log",
        "exp",
        "upper",
        "lower",
        "length",
        "substr",
        "replace",
        "concat",
        "coalesce",
        "nullif",
        "date_part",
        "date_trunc",
        "strftime",
        "predict",
        "predict_proba",
    ];
    let aggregates = AGGREGATES.iter().flat_map(|a| a.aliases.iter().copied().chain([a.name]));
    let names: Vec<&str> = aggregates.chain(SCALARS.iter().copied()).collect();
    let fault = place.fault_on(format!("there is no function '{name}'"), node);
    match nearest(name, &names) {
        Some(near) => fault.hint(format!("did you mean {near}?")),
        None => fault.hint("the aggregates are those of 'braid aggregates', scalar functions those of polars' SQL"),
    }
}
