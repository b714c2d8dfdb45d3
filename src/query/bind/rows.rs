//! Questions that show rows instead of groups: whether a question is one, which rows it keeps, and which values of
//! them.

use sqlparser::ast::Expr as Ast;

use super::aggregates::find_aggregate;
use super::binder::Binder;
use crate::data::Result;
use crate::query::expr::{self, Scalar};
use crate::query::finish::Finish;
use crate::query::query::{Clause, Query};
use crate::query::rows::{Retention, RowValue, value_name};
use crate::query::sql::span::ClauseSpan;
use crate::query::window::is_window;

/// True when rows are asked for, not groups.
pub(super) fn is_rows(query: &Query, text: &str) -> Result<bool> {
    let clauses = query.items.iter().map(|i| &i.expr).chain(&query.qualify).chain(query.order.iter().map(|o| &o.expr));
    if !query.groups.is_empty()
        || query.having.as_ref().is_some_and(has_aggregate)
        || clauses.into_iter().any(has_aggregate)
    {
        return Ok(false);
    }
    match &query.having {
        Some(having) => Err(ClauseSpan { text, clause: having }
            .fault("HAVING looks at groups, and there are none")
            .hint("use WHERE, or add GROUP BY")),
        None => Ok(true),
    }
}

pub(super) fn has_aggregate(clause: &Clause) -> bool {
    expr::parse(ClauseSpan { text: &clause.sql, clause }).is_ok_and(|ast| find_aggregate(&ast).is_some())
}

/// Which rows a question about rows has to keep.
pub(super) fn retention(finish: &Finish) -> Retention {
    if !finish.overs.is_empty() || finish.qualify.is_some() || finish.distinct {
        return Retention::All;
    }
    let most = finish.most().map(|most| usize::try_from(most).unwrap_or(usize::MAX));
    match (most, finish.order.is_empty()) {
        (Some(most), false) => Retention::Top(most),
        (Some(most), true) => Retention::First(most),
        (None, _) => Retention::All,
    }
}

impl Binder<'_> {
    /// The kept value of a row that an expression of its columns means.
    pub(super) fn bind_value(&mut self, mut ast: Ast, place: ClauseSpan<'_>) -> Result<Ast> {
        let used = expr::resolve(&mut ast, self.schema, self.table, place)?;
        if let Some(i) = self.known.values.get(&ast) {
            return Ok(expr::column(&value_name(*i)));
        }
        let (scalar, dtype) = Scalar::bind(&ast, self.schema, place)?;
        self.used.extend(used);
        self.known.values.insert(ast, self.values.len());
        self.values.push(RowValue { scalar, dtype });
        Ok(expr::column(&value_name(self.values.len() - 1)))
    }

    /// Rewrites an expression over rows: window functions become columns of the answer, the rest values that are kept.
    pub(super) fn rewrite_row(&mut self, ast: &mut Ast, place: ClauseSpan<'_>, aliases: bool) -> Result<()> {
        if aliases {
            // Alone a name is the item, inside an expression the column first, as in PostgreSQL. What the item is made
            // of is not looked at again: it may name a column as the item is called.
            let item = |node: &Ast| match node {
                Ast::Identifier(ident) => self.outputs.get(&ident.value.to_lowercase()).filter(|own| *own != node),
                _ => None,
            };
            let is_column =
                |node: &Ast| matches!(node, Ast::Identifier(own) if self.table.find(self.schema, own).is_some());
            if let Ast::Identifier(_) = &*ast {
                if let Some(source) = item(ast).cloned() {
                    *ast = Ast::Nested(Box::new(source));
                }
            } else {
                expr::rewrite(ast, |node| {
                    if let Some(source) = item(node).filter(|_| !is_column(node)) {
                        *node = Ast::Nested(Box::new(source.clone()));
                    }
                    Ok(())
                })?;
            }
        }
        if let Ast::Nested(inner) = ast
            && matches!(inner.as_ref(), Ast::Identifier(_) | Ast::Nested(_) | Ast::CompoundIdentifier(_))
        {
            *ast = (**inner).clone();
        }
        let mut windows = false;
        expr::rewrite(ast, |node| {
            windows |= matches!(node, Ast::Function(f) if f.over.is_some());
            if let Ast::Function(function) = &*node {
                let name = function.name.to_string();
                if is_window(&name) {
                    return Err(place
                        .fault_on("rows are not grouped by this window", node)
                        .hint("give it an alias, add that to GROUP BY, and add aggregates"));
                }
                if function.over.is_none() {
                    expr::check_function(node, place)?;
                }
            }
            Ok(())
        })?;
        if !windows {
            *ast = self.bind_value(ast.clone(), place)?;
            return Ok(());
        }
        expr::rewrite(ast, |node| {
            if let Ast::Function(function) = &*node
                && function.over.is_some()
            {
                *node = self.bind_over(&function.clone(), &node.clone(), place)?;
            } else if is_column(node) {
                *node = self.bind_value(node.clone(), place)?;
            }
            Ok(())
        })
    }
}

/// Whether it names a column of the table; names that the binder made are bound already.
fn is_column(ast: &Ast) -> bool {
    match ast {
        Ast::Identifier(name) => !name.value.starts_with("__win") && !name.value.starts_with("__val"),
        other => matches!(other, Ast::CompoundIdentifier(_)),
    }
}
