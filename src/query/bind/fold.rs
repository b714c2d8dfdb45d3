//! A question about the rows of another that filters and computes, row by row: the two are one. What the upper one says
//! of the lower one's columns is said of what these are made from.

use std::collections::HashSet;
use std::ops::ControlFlow;

use polars::prelude::{DataType, Schema};
use sqlparser::ast::{Expr as Ast, Ident};

use super::aliases;
use super::expand::is_by_all;
use super::names::plain_name;
use super::rows::has_aggregate;
use super::star::{Star, star_of};
use super::{aggregate_of, find_aggregate, over};
use crate::data::Result;
use crate::query::expr::{self, unknown_column};
use crate::query::query::{Clause, OrderItem, Query, SelectItem};
use crate::query::scope::find_column;
use crate::query::sql::layers::Layer;
use crate::query::sql::span::ClauseSpan;
use crate::query::walk;

/// The question that says the same as several over each other, of a table with these columns, and whether a clause of
/// it stands nowhere as it is; `None` where a lower one is more than rows that are filtered and computed.
///
/// # Errors
/// A name that the lower one does not have.
pub(super) fn fold(layer: &Layer, text: &str, schema: &Schema) -> Result<Option<(Query, bool)>> {
    let Some((below, called)) = &layer.below else { return Ok(Some((layer.query.clone(), false))) };
    let Some((lower, changed)) = fold(below, text, schema)? else { return Ok(None) };
    // What is joined has columns that are not known here.
    let lower = if lower.join.is_some() {
        lower
    } else {
        aliases::written_out(&lower, text, &|ident| find_column(schema, ident).is_some()).into_owned()
    };
    if !lower.order.is_empty() && minds_order(&layer.query) {
        return Ok(None);
    }
    let Some(columns) = Columns::of(&lower, called.clone(), text, schema)? else { return Ok(None) };
    let is_column =
        |ident: &Ident| columns.named(ident).is_some() || columns.has_star() && find_column(schema, ident).is_some();
    let upper = aliases::written_out(&layer.query, text, &is_column).into_owned();
    let (query, more) = columns.under(upper, lower)?;
    Ok(Some((query, changed || more)))
}

/// Whether an answer depends on the order in which rows are given.
fn minds_order(query: &Query) -> bool {
    let clauses = query.items.iter().map(|item| &item.expr).chain(&query.having).chain(&query.qualify);
    let minds = |call: &Ast| match call {
        Ast::Function(call) => {
            call.over.is_some() || aggregate_of(call).is_some_and(|(aggregate, _)| aggregate.by_time)
        }
        _ => false,
    };
    clauses.chain(query.order.iter().map(|by| &by.expr)).any(|clause| {
        expr::parse(ClauseSpan { text: &clause.sql, clause }).is_ok_and(|ast| {
            let step = |node: &Ast| if minds(node) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            walk::visit_expressions(&ast, step).is_break()
        })
    })
}

/// What the columns of a question are made from.
struct Columns<'a> {
    text: &'a str,
    /// What the question is called above.
    called: Option<String>,
    /// Names and expressions, in order; a star for all columns of the table.
    items: Vec<Option<(String, Ast)>>,
    changed: bool,
}

impl<'a> Columns<'a> {
    /// `None` for a question that is more than rows that are filtered and computed.
    fn of(query: &Query, called: Option<String>, text: &'a str, schema: &Schema) -> Result<Option<Self>> {
        let counts = query.distinct || !query.distinct_on.is_empty() || query.limit.is_some() || query.offset.is_some();
        if counts || !query.groups.is_empty() || query.having.is_some() || query.qualify.is_some() {
            return Ok(None);
        }
        let mut items: Vec<Option<(String, Ast)>> = Vec::new();
        for item in &query.items {
            match star_of(&item.expr) {
                // Which columns are meant is the binder's to say, where it is not plain.
                Some(star) if !star.is_plain() => return Ok(None),
                Some(Star { table: None, .. }) => items.push(None),
                Some(Star { table: Some(own), .. }) => {
                    let known = [Some(query.table_name()), query.alias.clone()];
                    if query.join.is_some() || !known.iter().flatten().any(|name| name.eq_ignore_ascii_case(&own)) {
                        return Ok(None);
                    }
                    items.push(None);
                }
                None => {
                    let ast = expr::parse(ClauseSpan { text, clause: &item.expr })?;
                    if find_aggregate(&ast).is_some() || over::is_in(&ast) {
                        return Ok(None);
                    }
                    let name = item.alias.clone().unwrap_or_else(|| plain_name(&item.expr.sql));
                    items.push(Some((name, ast)));
                }
            }
        }
        let stars = items.iter().filter(|item| item.is_none()).count();
        if stars > 0 && query.join.is_some() {
            return Ok(None);
        }
        if stars > 0 && items.len() > 1 {
            // Beside other columns it stands for those of the table by their names.
            let all = || schema.iter_names().map(|name| Some((name.to_string(), expr::column(name))));
            let one_or_all = |item: Option<(String, Ast)>| match item {
                None => all().collect::<Vec<_>>(),
                one => vec![one],
            };
            items = items.into_iter().flat_map(one_or_all).collect();
        }
        // Which of two columns of one name is meant is the binder's to say, where each has its own.
        let mut names = HashSet::new();
        if !items.iter().flatten().all(|(name, _)| names.insert(name.to_lowercase())) {
            return Ok(None);
        }
        Ok(Some(Self { text, called, items, changed: false }))
    }

    fn has_star(&self) -> bool {
        self.items.iter().any(Option::is_none)
    }

    fn named(&self, ident: &Ident) -> Option<&Ast> {
        let named = || self.items.iter().flatten();
        let exact = named().find(|(name, _)| *name == ident.value);
        let found = exact.or_else(|| {
            named().find(|(name, _)| ident.quote_style.is_none() && name.eq_ignore_ascii_case(&ident.value))
        });
        found.map(|(_, ast)| ast)
    }

    /// The upper question, of the table that the lower one is about.
    fn under(mut self, upper: Query, lower: Query) -> Result<(Query, bool)> {
        let aliases: Vec<String> = upper.items.iter().filter_map(|item| item.alias.clone()).collect();
        let rows = upper.groups.is_empty()
            && !upper.distinct
            && upper.distinct_on.is_empty()
            && !upper.items.iter().any(|item| has_aggregate(&item.expr))
            && upper.having.is_none();
        let mut items = Vec::new();
        for item in upper.items {
            match star_of(&item.expr) {
                Some(star) if star.table.as_ref().is_none_or(|table| self.is_called(table)) => {
                    items.extend(self.all(&item, &star)?);
                }
                _ => items.push(self.item(item)?),
            }
        }
        // GROUP BY ALL is of the items, which are rewritten already.
        let is_all = |clause: &Clause| clause.sql.eq_ignore_ascii_case("all");
        let mut groups = Vec::new();
        for clause in &upper.groups {
            let by_items = is_all(clause) && self.named(&Ident::new("all")).is_none();
            groups.push(if by_items { clause.clone() } else { self.clause(clause, &aliases, false)? });
        }
        let having = upper.having.as_ref().map(|clause| self.clause(clause, &aliases, false)).transpose()?;
        let qualify = upper.qualify.as_ref().map(|clause| self.clause(clause, &aliases, false)).transpose()?;
        let own: Vec<String> = items.iter().filter_map(|item| item.alias.clone()).chain(aliases.clone()).collect();
        let mut order = Vec::new();
        for by in &upper.order {
            let is_named =
                |ident: &Ident| own.iter().any(|name| name.eq_ignore_ascii_case("all")) || self.named(ident).is_some();
            // Alone a name is the item; in an expression over rows a column is meant before it.
            let alone = matches!(expr::parse(ClauseSpan { text: self.text, clause: &by.expr })?, Ast::Identifier(_));
            let expr = match is_by_all(&upper.order, is_named) {
                true => by.expr.clone(),
                false => self.clause(&by.expr, &own, alone || !rows)?,
            };
            order.push(OrderItem { expr, ..by.clone() });
        }
        if order.is_empty() && rows {
            // Rows stay in the order that they were given.
            for by in &lower.order {
                order.push(OrderItem { expr: self.clause_of_own(&by.expr)?, ..by.clone() });
            }
        }
        let distinct_on =
            upper.distinct_on.iter().map(|clause| self.clause(clause, &own, false)).collect::<Result<_>>()?;
        let filter = upper.filter.as_ref().map(|clause| self.clause(clause, &aliases, false)).transpose()?;
        let filter = match (lower.filter, filter) {
            (Some(lower), Some(upper)) => {
                self.changed = true;
                Some(Clause { sql: format!("({}) AND ({})", lower.sql, upper.sql), at: upper.at })
            }
            (lower, upper) => lower.or(upper),
        };
        let query = Query {
            table: lower.table,
            alias: lower.alias,
            join: lower.join,
            items,
            distinct_on,
            filter,
            groups,
            having,
            qualify,
            order,
            ..upper
        };
        Ok((query, self.changed))
    }

    fn is_called(&self, name: &str) -> bool {
        self.called.as_ref().is_some_and(|called| called.eq_ignore_ascii_case(name))
    }

    /// All columns, where a star stands, but for some.
    fn all(&mut self, item: &SelectItem, star: &Star) -> Result<Vec<SelectItem>> {
        if self.has_star() {
            // All columns of the table, by their own names.
            let tail = item.expr.sql.find('*').and_then(|at| item.expr.sql.get(at..)).unwrap_or("*");
            let expr = Clause { sql: tail.to_owned(), at: item.expr.at };
            return Ok(vec![SelectItem { expr, alias: None }]);
        }
        self.changed = true;
        let place = ClauseSpan { text: self.text, clause: &item.expr };
        let names = self.items.iter().flatten().map(|(name, _)| (name.as_str().into(), name.as_str().into()));
        let items = star.items(names.collect(), place)?;
        items.into_iter().map(|item| self.item(item)).collect()
    }

    fn item(&mut self, item: SelectItem) -> Result<SelectItem> {
        let expr = self.clause(&item.expr, &[], false)?;
        let alias = item.alias.or_else(|| (expr != item.expr).then(|| plain_name(&item.expr.sql)));
        Ok(SelectItem { expr, alias })
    }

    /// A clause of the upper question, of the columns below. With `first` a name that the upper one gives itself is
    /// meant before a column is.
    fn clause(&mut self, clause: &Clause, aliases: &[String], first: bool) -> Result<Clause> {
        let place = ClauseSpan { text: self.text, clause };
        let mut ast = expr::parse(place)?;
        let is_alias = |ident: &Ident| aliases.iter().any(|own| own.eq_ignore_ascii_case(&ident.value));
        let mut changed = false;
        let walked = walk::visit_expressions_mut(&mut ast, |node| {
            let (ident, qualified) = match &*node {
                Ast::Identifier(ident) => (ident.clone(), false),
                Ast::CompoundIdentifier(parts) => match &parts[..] {
                    [table, column] if self.is_called(&table.value) => (column.clone(), true),
                    [table, ..] => {
                        let fault = place.fault_on(format!("there is no table '{}' here", table.value), node);
                        return ControlFlow::Break(fault.hint("name a table of FROM, or its alias"));
                    }
                    [] => return ControlFlow::Continue(()),
                },
                _ => return ControlFlow::Continue(()),
            };
            if first && !qualified && is_alias(&ident) {
                return ControlFlow::Continue(());
            }
            match self.named(&ident) {
                Some(own) => *node = enclosed(own.clone()),
                None if !qualified && is_alias(&ident) => return ControlFlow::Continue(()),
                None if self.has_star() && !qualified => return ControlFlow::Continue(()),
                None if self.has_star() => *node = Ast::Identifier(ident),
                None => return ControlFlow::Break(unknown_column(&self.schema(), &ident, place)),
            }
            changed = true;
            ControlFlow::Continue(())
        });
        if let ControlFlow::Break(fault) = walked {
            return Err(fault);
        }
        if !changed {
            return Ok(clause.clone());
        }
        // What stands alone needs no parentheses.
        let sql = if let Ast::Nested(alone) = &ast { alone.to_string() } else { ast.to_string() };
        self.changed |= sql != clause.sql;
        Ok(Clause { sql, at: clause.at })
    }

    /// A clause of the lower question itself, in which its own names stand for what they are made from.
    fn clause_of_own(&mut self, clause: &Clause) -> Result<Clause> {
        let mut ast = expr::parse(ClauseSpan { text: self.text, clause })?;
        let _ = walk::visit_expressions_mut(&mut ast, |node| {
            if let Ast::Identifier(ident) = &*node
                && let Some(own) = self.named(ident)
            {
                *node = enclosed(own.clone());
            }
            ControlFlow::<()>::Continue(())
        });
        self.changed = true;
        Ok(Clause { sql: ast.to_string(), at: clause.at })
    }

    /// The names, for what is said of one that is not among them.
    fn schema(&self) -> Schema {
        self.items.iter().flatten().map(|(name, _)| (name.as_str().into(), DataType::Null)).collect()
    }
}

/// In parentheses, where something stands beside it.
fn enclosed(ast: Ast) -> Ast {
    match ast {
        plain @ (Ast::Identifier(_) | Ast::CompoundIdentifier(_) | Ast::Nested(_) | Ast::Value(_)) => plain,
        other => Ast::Nested(Box::new(other)),
    }
}
