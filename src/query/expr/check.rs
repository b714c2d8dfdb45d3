//! Whether polars' SQL has a function, asked before the types of its arguments are known.

use sqlparser::ast::Expr as Ast;

use super::cut::cut;
use super::dialect::translate;
use super::functions::{unknown_call, unknown_function};
use super::lower::{extract_parts, sql_expr};
use crate::data::{Fault, Result};
use crate::query::sql::span::ClauseSpan;

/// Complains about a call of a function that polars' SQL does not have.
pub fn check_function(call: &Ast, place: ClauseSpan<'_>) -> Result<()> {
    let mut translated = call.clone();
    translate(&mut translated, place.clause.sql.len()).map_err(|(what, hint)| place.fault_on(what, call).hint(hint))?;
    let (_, last) = cut(&translated);
    let (bare, _) = extract_parts(&last, place, &mut Vec::new())?;
    let complaint = sql_expr(&bare.to_string()).err().map(|e| Fault::from(e).what);
    match complaint.and_then(|what| unknown_call(call, &what).break_value()) {
        Some((name, node)) => Err(unknown_function(&name, &node, place)),
        None => Ok(()),
    }
}
