//! Whether there is a function, asked before the types of its arguments are known.

use sqlparser::ast::Expr as Ast;

use super::dialect::is_renamed;
use super::functions::{is_built_in, unknown_function};
use super::own;
use crate::data::Result;
use crate::query::sql::span::ClauseSpan;

/// Complains about a call of a function that is not there.
pub fn check_function(call: &Ast, place: ClauseSpan<'_>) -> Result<()> {
    let Ast::Function(function) = call else { return Ok(()) };
    let name = function.name.to_string();
    match own::find(function).is_some() || is_built_in(&name) || is_renamed(&name) {
        true => Ok(()),
        false => Err(unknown_function(&name, call, place)),
    }
}
