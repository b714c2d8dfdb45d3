//! The clauses about the answer: the SELECT list, HAVING, QUALIFY and ORDER BY over what is kept.

use std::ops::ControlFlow;

use std::collections::HashSet;

use polars::prelude::*;
use sqlparser::ast::{Expr as Ast, Function};

use super::aggregates::aggregate_of;
use super::binder::Binder;
use super::names::{OutputNames, plain_name};
use super::over::{UnboundOver, is_in};
use crate::data::Result;
use crate::query::expr::{self, Scalar};
use crate::query::finish::Finish;
use crate::query::order_by::SortExpr;
use crate::query::over;
use crate::query::query::{Clause, OrderItem, Query, SelectItem};
use crate::query::sql::span::ClauseSpan;
use crate::query::walk;
use crate::query::window::{is_window, window_call};

/// Whether an expression has the values of a window function, by the name of an item.
fn named_over(ast: &Ast) -> bool {
    let over = |e: &Ast| matches!(e, Ast::Identifier(own) if own.value.starts_with("__win"));
    walk::visit_expressions(ast, |e| if over(e) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        .is_break()
}

/// An item of the SELECT list while it is bound.
struct Output<'q> {
    name: String,
    /// Over the columns of what is kept.
    ast: Ast,
    clause: &'q Clause,
    /// Whether a division stands in it as it was written.
    divides: bool,
}

impl Binder<'_> {
    /// What becomes of groups or rows on their way to the answer.
    pub(super) fn bind_finish(&mut self, query: &Query) -> Result<Finish> {
        let rewritten = self.rewrite_items(query)?;
        let having =
            query.having.as_ref().map(|clause| self.output_expr(clause, true).map(|ast| (ast, clause))).transpose()?;
        let qualify =
            query.qualify.as_ref().map(|clause| self.output_expr(clause, true).map(|ast| (ast, clause))).transpose()?;
        let order = self.rewrite_order(query, &rewritten)?;

        // Everything is rewritten to keys and aggregates now, so their types are known.
        let mut kept = self.kept_schema();
        let groups = kept.clone();
        let mut overs = Vec::new();
        for (i, (read, clause)) in std::mem::take(&mut self.overs).into_iter().enumerate() {
            let call = read.bind(&groups, self.place(&clause))?;
            kept.insert(over::name(i), call.dtype.clone());
            overs.push(call);
        }
        let mut items: Vec<(PlSmallStr, Scalar)> = Vec::with_capacity(rewritten.len());
        let mut names = OutputNames::default();
        let mut divisions = Vec::new();
        for Output { name, ast, clause, divides } in rewritten {
            let (scalar, _) = Scalar::bind(&ast, &kept, self.place(clause))?;
            let unique = names.unique(&name);
            if divides {
                divisions.push(unique.clone());
            }
            items.push((unique, scalar));
        }
        let having = having.map(|(ast, clause)| self.verdict(&ast, clause, "HAVING", &groups)).transpose()?;
        let qualify = qualify.map(|(ast, clause)| self.verdict(&ast, clause, "QUALIFY", &kept)).transpose()?;
        let mut order_by = Vec::new();
        for (ast, by) in order {
            let (scalar, _) = Scalar::bind(&ast, &kept, self.place(&by.expr))?;
            order_by.push(SortExpr { scalar, descending: by.descending, nulls_first: by.nulls_first.unwrap_or(false) });
        }
        Ok(Finish {
            having,
            overs,
            qualify,
            items,
            order: order_by,
            limit: query.limit,
            offset: query.offset.unwrap_or(0),
            distinct: query.distinct,
            divisions,
        })
    }

    /// The SELECT list, each item as an expression over what is kept.
    fn rewrite_items<'q>(&mut self, query: &'q Query) -> Result<Vec<Output<'q>>> {
        let mut rewritten = Vec::new();
        let mut named = HashSet::new();
        // Window functions may name the other items, so those come first.
        let windowed = |item: &SelectItem| item.expr.sql.to_uppercase().contains("OVER");
        let mut places: Vec<usize> = (0..query.items.len()).collect();
        places.sort_by_cached_key(|i| query.items.get(*i).is_some_and(windowed));
        for (place, item) in places.iter().filter_map(|i| query.items.get(*i).map(|item| (*i, item))) {
            if item.expr.sql == "*" {
                return Err(self
                    .place(&item.expr)
                    .fault("* stands for all columns, and an answer has groups and aggregates")
                    .hint("name the columns you group by, and add aggregates"));
            }
            let mut ast = self.parse(self.place(&item.expr))?;
            let source = ast.clone();
            self.rewrite_output(&mut ast, &item.expr, false)?;
            let name = item.alias.clone().unwrap_or_else(|| plain_name(&item.expr.sql));
            // Of rows an alias stands for what was written, of groups for what is kept.
            // Of rows an alias stands for what was written, of groups for what is kept. A name that was given goes
            // before one that an item has anyway.
            let stands_for = if self.rows { source.clone() } else { ast.clone() };
            let given = item.alias.is_some();
            let key = name.to_lowercase();
            if given && named.insert(key.clone()) {
                self.outputs.insert(key, stands_for);
            } else {
                self.outputs.entry(key).or_insert(stands_for);
            }
            rewritten.push((place, Output { name, ast, clause: &item.expr, divides: expr::divides(&source) }));
        }
        rewritten.sort_by_key(|(place, _)| *place);
        Ok(rewritten.into_iter().map(|(_, output)| output).collect())
    }

    /// ORDER BY: numbers of items, aliases, or expressions over what is kept.
    fn rewrite_order<'q>(&mut self, query: &'q Query, items: &[Output<'_>]) -> Result<Vec<(Ast, &'q OrderItem)>> {
        let mut order = Vec::new();
        for by in &query.order {
            let position = by.expr.sql.parse::<usize>().ok();
            let ast = match position {
                Some(n) => {
                    let output = items.get(n.wrapping_sub(1)).map(|item| item.ast.clone());
                    output.ok_or_else(|| {
                        self.place(&by.expr)
                            .fault(format!("there is no item {n} in the SELECT list"))
                            .hint(format!("it has {} items", query.items.len()))
                    })?
                }
                // Alone a name is the item, also where a group is called so.
                None => match self.item_alone(&by.expr)? {
                    Some(item) => item,
                    None => self.output_expr(&by.expr, true)?,
                },
            };
            order.push((ast, by));
        }
        Ok(order)
    }

    /// The item that a name alone means, of an answer of groups.
    fn item_alone(&self, clause: &Clause) -> Result<Option<Ast>> {
        if self.rows {
            return Ok(None);
        }
        let Ast::Identifier(ident) = self.parse(self.place(clause))? else { return Ok(None) };
        Ok(self.outputs.get(&ident.value.to_lowercase()).map(|item| Ast::Nested(Box::new(item.clone()))))
    }

    fn output_expr(&mut self, clause: &Clause, aliases: bool) -> Result<Ast> {
        let mut ast = self.parse(self.place(clause))?;
        self.rewrite_output(&mut ast, clause, aliases)?;
        Ok(ast)
    }

    /// Rewrites an expression of the answer: groups, windows and aggregates become columns of the kept frame.
    pub(super) fn rewrite_output(&mut self, ast: &mut Ast, clause: &Clause, aliases: bool) -> Result<()> {
        let place = ClauseSpan { text: self.text, clause };
        if self.rows {
            return self.rewrite_row(ast, place, aliases);
        }
        expr::rewrite(ast, |node| {
            expr::unqualify(node, self.table);
            if let Some(column) = self.as_key(node, aliases) {
                *node = column;
                return Ok(());
            }
            if let Ast::Function(function) = &*node {
                if function.over.is_some() {
                    *node = self.bind_over(&function.clone(), &node.clone(), place)?;
                    return Ok(());
                }
                if let Some((aggregate, distinct)) = aggregate_of(function) {
                    *node = self.bind_call(aggregate, distinct, function, node, place)?;
                    return Ok(());
                }
                let name = function.name.to_string();
                if is_window(&name) {
                    window_call(node, place)?;
                    return Err(place
                        .fault_on("this window is selected but rows are not grouped by it", node)
                        .hint("give it an alias and add that to GROUP BY"));
                }
                expr::check_function(node, place)?;
            }
            if let Ast::Identifier(ident) = &*node {
                if let Some(at) = self.subs.find(&ident.value) {
                    return self.keep_sub(at);
                }
                return Err(match self.table.find(self.schema, ident) {
                    Some(name) if ident.value.starts_with("__") => place
                        .fault(format!("'{name}' begins with two underscores, which Braid keeps for itself"))
                        .hint("rename the column"),
                    Some(name) => place
                        .fault_on(format!("'{name}' is neither grouped by nor inside an aggregate"), node)
                        .hint(format!("add {name} to GROUP BY, or write min({name})")),
                    None if !ident.value.starts_with("__") => expr::unknown_column(self.schema, ident, place),
                    None => return Ok(()),
                });
            }
            Ok(())
        })
    }

    /// The value of a sub-query is looked at when the answer is made.
    fn keep_sub(&mut self, at: usize) -> Result<()> {
        let subs = self.subs;
        let Some(sub) = subs.0.get(at).filter(|_| !self.kept_subs.contains_key(&at)) else { return Ok(()) };
        let mut inputs = sub.inputs();
        for ast in &mut inputs {
            self.rewrite_output(ast, &sub.clause, true)?;
        }
        self.kept_subs.insert(at, inputs);
        Ok(())
    }

    /// The column that a window function's values will be in.
    pub(super) fn bind_over(&mut self, function: &Function, node: &Ast, place: ClauseSpan<'_>) -> Result<Ast> {
        let mut read = UnboundOver::new(function, node, place)?;
        for part in read.parts() {
            if is_in(part) {
                return Err(place
                    .fault_on("a window function cannot stand inside a window function", node)
                    .hint("use one of them"));
            }
            // A column is meant before an item of its name.
            let column =
                matches!(&*part, Ast::Identifier(own) if self.rows && self.table.find(self.schema, own).is_some());
            self.rewrite_output(part, place.clause, !column)?;
            if named_over(part) {
                return Err(place
                    .fault_on("a window function looks at another one, by its name", node)
                    .hint("ask for that one in a sub-query: FROM (SELECT … OVER (…) AS w FROM …)"));
            }
        }
        let known = self.overs.iter().position(|(other, _)| other.same(&read));
        let i = known.unwrap_or(self.overs.len());
        if known.is_none() {
            self.overs.push((read, place.clause.clone()));
        }
        Ok(expr::column(&over::name(i)))
    }
}
