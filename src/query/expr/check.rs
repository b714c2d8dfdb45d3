//! Whether there is a function, asked before the types of its arguments are known.

use sqlparser::ast::Expr as Ast;

use super::cut::cut;
use super::dialect::translate;
use super::lower::extract_parts;
use crate::data::Result;
use crate::query::sql::span::ClauseSpan;

/// Complains about a call of a function that is not there.
pub fn check_function(call: &Ast, place: ClauseSpan<'_>) -> Result<()> {
    let mut translated = call.clone();
    translate(&mut translated, place.clause.sql.len()).map_err(|(what, hint)| place.fault_on(what, call).hint(hint))?;
    let (_, last) = cut(&translated);
    extract_parts(&last, place, &mut Vec::new()).map(drop)
}
