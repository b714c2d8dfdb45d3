//! GROUP BY at several levels at once, bound: a question for each level, which is kept up to date like any other, and
//! one over the rows of all of them, which has the rest of what is asked.

use std::collections::BTreeSet;

use sqlparser::ast::{Expr as Ast, Function};

use super::aggregates::aggregate_of;
use super::expand::expand;
use super::keys::item_meant;
use super::names::plain_name;
use crate::data::Result;
use crate::query::expr;
use crate::query::query::{Clause, OrderItem, Query, SelectItem};
use crate::query::scope::Scope;
use crate::query::sql::levels::{has_levels, levels};
use crate::query::sql::quote;
use crate::query::sql::span::ClauseSpan;

/// What the rows of all levels are called.
pub(super) const LEVELS: &str = "levels";

/// A question at several levels.
pub(super) struct Levels {
    /// A question for each.
    pub each: Vec<Query>,
    /// What is asked of the rows of all.
    pub above: Query,
}

/// `None` for a question at one level.
///
/// # Errors
/// A GROUP BY that is not understood; a column that is neither grouped by nor inside an aggregate.
pub(super) fn split(query: &Query, text: &str, scope: &Scope) -> Result<Option<Levels>> {
    if !has_levels(&query.groups) {
        return Ok(None);
    }
    let query = &expand(query, text, scope)?;
    let mut parts = Parts { text, scope, keys: Vec::new(), calls: Vec::new(), groupings: Vec::new() };
    let mut sets: Vec<BTreeSet<usize>> = Vec::new();
    for level in levels(text, &query.groups)? {
        sets.push(level.iter().map(|clause| parts.key(query, clause)).collect::<Result<_>>()?);
    }
    let item = |item: &SelectItem, expr| {
        let alias = item.alias.clone().unwrap_or_else(|| plain_name(&item.expr.sql));
        SelectItem { expr, alias: Some(alias) }
    };
    let items: Vec<SelectItem> =
        query.items.iter().map(|own| Ok(item(own, parts.clause(&own.expr)?))).collect::<Result<_>>()?;
    let is_named =
        |name: &str| items.iter().any(|item| item.alias.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name)));
    let mut order = Vec::new();
    for by in &query.order {
        // The name of an item is meant before a column is.
        let expr = if by.expr.sql.parse::<usize>().is_ok() || is_named(&by.expr.unquoted()) {
            by.expr.clone()
        } else {
            parts.clause(&by.expr)?
        };
        order.push(OrderItem { expr, ..by.clone() });
    }
    let filter = query.having.as_ref().map(|clause| parts.clause(clause)).transpose()?;
    let qualify = query.qualify.as_ref().map(|clause| parts.clause(clause)).transpose()?;
    let each = sets.iter().map(|set| parts.level(query, set)).collect();
    let above = Query {
        table: quote(LEVELS).as_str().into(),
        distinct: query.distinct,
        items,
        filter,
        qualify,
        order,
        limit: query.limit,
        offset: query.offset,
        ..Query::default()
    };
    Ok(Some(Levels { each, above }))
}

/// What the levels have for the question above them.
struct Parts<'a> {
    text: &'a str,
    scope: &'a Scope,
    /// What any level groups by: as it is written, and with its columns found.
    keys: Vec<(Clause, Ast)>,
    /// Aggregates, as they are written.
    calls: Vec<(Ast, usize)>,
    /// Calls of `grouping`, by the keys that they are about.
    groupings: Vec<Vec<usize>>,
}

impl Parts<'_> {
    /// The place of the key that a group is.
    fn key(&mut self, query: &Query, clause: &Clause) -> Result<usize> {
        let place = ClauseSpan { text: self.text, clause };
        let ast = expr::parse(place)?;
        let written = match item_meant(query, &ast, &self.scope.schema, self.scope, place)? {
            Some(item) => &item.expr,
            None => clause,
        };
        let place = ClauseSpan { text: self.text, clause: written };
        let mut ast = expr::parse(place)?;
        expr::resolve(&mut ast, &self.scope.schema, self.scope, place)?;
        let known = self.keys.iter().position(|(_, own)| *own == ast);
        Ok(known.unwrap_or_else(|| {
            self.keys.push((written.clone(), ast));
            self.keys.len() - 1
        }))
    }

    fn find_key(&self, node: &Ast, place: ClauseSpan<'_>) -> Option<usize> {
        let mut ast = node.clone();
        expr::resolve(&mut ast, &self.scope.schema, self.scope, place).ok()?;
        self.keys.iter().position(|(_, own)| *own == ast)
    }

    /// A clause about the rows of all levels.
    fn clause(&mut self, clause: &Clause) -> Result<Clause> {
        let place = ClauseSpan { text: self.text, clause };
        let mut ast = expr::parse(place)?;
        expr::rewrite(&mut ast, |node| {
            if let Some(key) = self.find_key(node, place) {
                *node = expr::column(&key_name(key));
            } else if let Ast::Function(call) = &*node
                && is_grouping(call)
            {
                *node = expr::column(&grouping_name(self.grouping(call, node, place)?));
            } else if let Ast::Function(call) = &*node
                && call.over.is_none()
                && aggregate_of(call).is_some()
            {
                let known = self.calls.iter().position(|(own, _)| own == node);
                let at = known.unwrap_or(self.calls.len());
                if known.is_none() {
                    self.calls.push((node.clone(), clause.at));
                }
                *node = expr::column(&call_name(at));
            } else if self.scope.has(node) {
                return Err(place
                    .fault_on(format!("'{node}' is neither grouped by nor inside an aggregate"), node)
                    .hint(format!("add {node} to GROUP BY, or write min({node})")));
            }
            Ok(())
        })?;
        Ok(Clause { sql: ast.to_string(), at: clause.at })
    }

    fn grouping(&mut self, call: &Function, node: &Ast, place: ClauseSpan<'_>) -> Result<usize> {
        let keys: Option<Vec<usize>> = expr::arguments(call)
            .filter(|args| !args.is_empty())
            .and_then(|args| args.into_iter().map(|arg| self.find_key(arg, place)).collect());
        let keys = keys.ok_or_else(|| {
            place
                .fault_on("grouping tells of what is grouped by, and this is not", node)
                .hint("name what stands in GROUP BY: grouping(a)")
        })?;
        let known = self.groupings.iter().position(|own| *own == keys);
        Ok(known.unwrap_or_else(|| {
            self.groupings.push(keys);
            self.groupings.len() - 1
        }))
    }

    /// The question for the level that groups by these keys.
    fn level(&self, query: &Query, set: &BTreeSet<usize>) -> Query {
        let item = |sql: String, at, alias| SelectItem { expr: Clause { sql, at }, alias: Some(alias) };
        let keys = self.keys.iter().enumerate().map(|(i, (written, _))| {
            let sql = if set.contains(&i) { written.sql.clone() } else { "NULL".to_owned() };
            item(sql, written.at, key_name(i))
        });
        let calls = self.calls.iter().enumerate().map(|(i, (ast, at))| item(ast.to_string(), *at, call_name(i)));
        let groupings = self.groupings.iter().enumerate().map(|(i, keys)| {
            let bits = keys.iter().fold(0_i64, |bits, key| bits << 1 | i64::from(!set.contains(key)));
            item(bits.to_string(), 0, grouping_name(i))
        });
        // A level that groups by nothing has one row, of no rows as well.
        let rows = item("count(*)".to_owned(), 0, "rows of the level".to_owned());
        let keys: Vec<SelectItem> = keys.collect();
        let groups = set.iter().filter_map(|i| self.keys.get(*i)).map(|(written, _)| enclosed(written)).collect();
        Query {
            table: query.table.clone(),
            alias: query.alias.clone(),
            join: query.join.clone(),
            items: keys.into_iter().chain(calls).chain(groupings).chain([rows]).collect(),
            filter: query.filter.clone(),
            groups,
            ..Query::default()
        }
    }
}

/// A group that is no place of an item, where it is a number.
fn enclosed(written: &Clause) -> Clause {
    match written.sql.parse::<f64>() {
        Ok(_) => Clause { sql: format!("({})", written.sql), at: written.at },
        Err(_) => written.clone(),
    }
}

fn is_grouping(call: &Function) -> bool {
    let name = call.name.to_string();
    call.over.is_none() && (name.eq_ignore_ascii_case("grouping") || name.eq_ignore_ascii_case("grouping_id"))
}

fn key_name(i: usize) -> String {
    format!("key {i}")
}

fn call_name(i: usize) -> String {
    format!("value {i}")
}

fn grouping_name(i: usize) -> String {
    format!("grouping {i}")
}
