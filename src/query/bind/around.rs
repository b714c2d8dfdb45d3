//! What a sub-query names of the SELECT around it: which columns these are, and the equations that tie it to them.

use std::ops::ControlFlow;

use polars::prelude::*;
use sqlparser::ast::{BinaryOperator, Expr as Ast};

use super::star::star_of;
use crate::query::expr;
use crate::query::query::{Clause, Query};
use crate::query::scope::Scope;
use crate::query::sql::question::SubKind;
use crate::query::sql::span::ClauseSpan;
use crate::query::walk;

/// What the rows around a sub-query are called.
pub(super) const AROUND: &str = "around";

/// The tables of the SELECT around a sub-query, and what was found in it that ties it to them: an expression of that
/// SELECT, the column that equals it, and its type.
pub(super) struct Around<'s> {
    pub scope: &'s Scope,
    /// Where its rows are shared.
    pub rows: usize,
    pub kind: SubKind,
    pub keys: Vec<(Ast, PlSmallStr, DataType)>,
    /// The value where the sub-query has no rows.
    pub of_none: Option<Column>,
}

/// A column of the SELECT around, as it is called there and beside the rows of the sub-query.
pub(super) struct OuterColumn {
    pub written: Ast,
    pub here: PlSmallStr,
    pub dtype: DataType,
}

impl Around<'_> {
    /// Whether a question names columns around it other than in equations.
    pub fn needs_rows(&self, query: &Query, text: &str, conditions: &[Ast], own: &Scope) -> bool {
        let is_outside = |ast: &Ast| names_outside(ast, own, self.scope);
        let of_where = conditions.iter().any(is_outside);
        let equations = conditions.iter().all(|part| !is_outside(part) || equation(part, own, self.scope).is_some());
        let mut of_others = false;
        for clause in clauses(query) {
            // What cannot be read is told where it is bound.
            let ast = expr::parse(ClauseSpan { text, clause });
            of_others |= ast.is_ok_and(|ast| is_outside(&ast) && !is_item(query, &ast));
        }
        let cut = query.limit.is_some() && self.kind != SubKind::Exists;
        of_others || of_where && (!equations || cut || query.offset.is_some() || !query.distinct_on.is_empty())
    }
}

/// The clauses besides WHERE.
pub(super) fn clauses(query: &Query) -> impl Iterator<Item = &Clause> {
    let items = query.items.iter().map(|item| &item.expr).filter(|clause| star_of(clause).is_none());
    items
        .chain(&query.groups)
        .chain(&query.distinct_on)
        .chain(&query.having)
        .chain(&query.qualify)
        .chain(query.order.iter().map(|by| &by.expr))
}

/// Whether a name is that of an item.
pub(super) fn is_item(query: &Query, ast: &Ast) -> bool {
    let Ast::Identifier(ident) = ast else { return false };
    query.items.iter().any(|item| item.alias.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(&ident.value)))
}

/// What a column around is called beside the rows of the sub-query.
pub(super) fn outer_name(i: usize) -> String {
    format!("{AROUND} {i}")
}

/// Some value of a type, as it is written.
pub(super) fn nothing(dtype: &DataType) -> Option<&'static str> {
    match dtype {
        dtype if dtype.is_primitive_numeric() => Some("0"),
        DataType::String => Some("''"),
        DataType::Boolean => Some("FALSE"),
        DataType::Date => Some("DATE '1970-01-01'"),
        DataType::Datetime(..) => Some("TIMESTAMP '1970-01-01 00:00:00'"),
        _ => None,
    }
}

/// The column that a name means which only the question around has.
pub(super) fn outer_column(node: &Ast, own: &Scope, around: &Scope) -> Option<(PlSmallStr, DataType)> {
    if own.has(node) || !around.has(node) {
        return None;
    }
    let mut ast = node.clone();
    around.unqualify(&mut ast);
    let Ast::Identifier(ident) = ast else { return None };
    let here = around.find(&around.schema, &ident)?.clone();
    let dtype = around.schema.get(&here).cloned()?;
    Some((here, dtype))
}

/// The sides of an equation between a question and the one around it: theirs, and its own.
pub(super) fn equation(part: &Ast, own: &Scope, around: &Scope) -> Option<(Ast, Ast)> {
    let Ast::BinaryOp { left, op: BinaryOperator::Eq, right } = part else { return None };
    let outside = |ast: &Ast| names_outside(ast, own, around);
    let inside = |ast: &Ast| any_name(ast, &mut |name| own.has(name));
    match (outside(left), inside(left), outside(right), inside(right)) {
        (true, false, false, _) => Some(((**left).clone(), (**right).clone())),
        (false, _, true, false) => Some(((**right).clone(), (**left).clone())),
        _ => None,
    }
}

/// Whether an expression names columns, and all of them are ones that only the question around it has.
pub(super) fn is_of_around(ast: &Ast, own: &Scope, around: &Scope) -> bool {
    names_outside(ast, own, around) && !any_name(ast, &mut |name| own.has(name))
}

/// Whether an expression names columns that only the question around it has.
fn names_outside(ast: &Ast, own: &Scope, around: &Scope) -> bool {
    any_name(ast, &mut |name| !own.has(name) && around.has(name))
}

fn any_name(ast: &Ast, is: &mut dyn FnMut(&Ast) -> bool) -> bool {
    walk::visit_expressions(ast, |node| {
        let name = matches!(node, Ast::Identifier(_) | Ast::CompoundIdentifier(_));
        if name && is(node) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .is_break()
}
