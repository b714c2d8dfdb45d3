//! Whether polars' SQL has a function, asked before the types of its arguments are known.

use sqlparser::ast::Expr as Ast;

use super::cut::cut;
use super::dialect::translate;
use super::functions::{unknown_call, unknown_function};
use super::lower::{sql_expr, take_out};
use crate::data::{Fault, Result};
use crate::query::sql::span::Place;

/// Complains about a call of a function that polars' SQL does not have.
pub fn check_function(call: &Ast, place: Place<'_>) -> Result<()> {
    let mut said = call.clone();
    translate(&mut said, place.clause.sql.len()).map_err(|(what, hint)| place.fault_on(what, call).hint(hint))?;
    let (_, last) = cut(&said);
    let (bare, _) = take_out(&last, place, &mut Vec::new())?;
    let complaint = sql_expr(&bare.to_string()).err().map(|e| Fault::from(e).what);
    match complaint.and_then(|what| unknown_call(call, &what).break_value()) {
        Some((name, node)) => Err(unknown_function(&name, &node, place)),
        None => Ok(()),
    }
}
