//! GROUP BY: what rows are grouped by, one of them perhaps a window, and which kept column an expression then means.

use std::mem::discriminant;

use polars::prelude::*;
use sqlparser::ast::{Expr as Ast, Ident, Value};

use super::aggregates::find_aggregate;
use super::binder::Binder;
use crate::data::Result;
use crate::query::expr::{self, Scalar};
use crate::query::keys::{Keys, MOST};
use crate::query::plan::{END, GroupKey, key_name};
use crate::query::query::{Clause, Query, SelectItem};
use crate::query::scope::{Scope, find_column};
use crate::query::sql::span::ClauseSpan;
use crate::query::window::{Window, WindowCall, micros_of, window_call};

impl Binder<'_> {
    pub(super) fn bind_keys(&mut self, query: &Query) -> Result<()> {
        for clause in &query.groups {
            let place = self.place(clause);
            let ast = self.parse(place)?;
            if matches!(&ast, Ast::Identifier(i) if i.quote_style.is_none() && i.value.eq_ignore_ascii_case("all"))
                && find_column(self.schema, &Ident::new("all")).is_none()
            {
                for item in &query.items {
                    let ast = self.parse(self.place(&item.expr))?;
                    if find_aggregate(&ast).is_none() {
                        self.bind_key(&item.expr.clone(), ast)?;
                    }
                }
                continue;
            }
            match item_meant(query, &ast, self.schema, self.table, place)? {
                Some(item) => {
                    let ast = self.parse(self.place(&item.expr))?;
                    self.bind_key(&item.expr.clone(), ast)?;
                }
                None => self.bind_key(clause, ast)?,
            }
        }
        Ok(())
    }

    fn bind_key(&mut self, clause: &Clause, mut ast: Ast) -> Result<()> {
        let place = self.place(clause);
        // What is in parentheses is what they hold.
        while let Ast::Nested(inner) = ast {
            ast = *inner;
        }
        if let Some(call) = find_aggregate(&ast) {
            return Err(place
                .fault_on("rows cannot be grouped by an aggregate", &call)
                .hint("group by columns, windows or expressions of them"));
        }
        let window = window_call(&ast, place)?;
        self.used.extend(expr::resolve(&mut ast, self.schema, self.table, place)?);
        if self.known.keys.contains_key(&ast) {
            return Ok(());
        }
        let key = match window {
            Some(call) => {
                if self.keys.iter().any(|k| k.window.is_some()) {
                    return Err(place.fault("rows are grouped by two windows, and a question has one").hint(
                        "ask the second as a question of its own, or group by date_trunc('hour', time) beside the \
                         window",
                    ));
                }
                let window = self.bind_window(call, place)?;
                GroupKey {
                    scalar: window.time.clone(),
                    dtype: DataType::Datetime(TimeUnit::Microseconds, None),
                    window: Some(window),
                }
            }
            None => {
                let (scalar, dtype) = Scalar::bind(&ast, self.schema, place)?;
                Keys::new(&[(clause.sql.as_str().into(), dtype.clone())])
                    .map_err(|f| place.fault(f.what).hint(f.hint))?;
                GroupKey { scalar, dtype, window: None }
            }
        };
        if self.keys.len() == MOST {
            return Err(place
                .fault(format!("rows are grouped by more than {MOST} columns"))
                .hint("group by fewer, or put some together with concat"));
        }
        self.known.kinds.insert(discriminant(&ast));
        self.known.keys.insert(ast, self.keys.len());
        self.keys.push(key);
        Ok(())
    }

    fn bind_window(&self, call: WindowCall, place: ClauseSpan<'_>) -> Result<Window> {
        let mut time = call.time;
        expr::resolve(&mut time, self.schema, self.table, place)?;
        let (scalar, dtype) = Scalar::bind(&time, self.schema, place)?;
        micros_of(&Column::full_null(time.to_string().trim_matches('"').into(), 0, &dtype))
            .map_err(|f| place.fault(f.what).hint(f.hint))?;
        Ok(Window { time: scalar, kind: call.kind, sql: place.clause.sql.clone() })
    }

    /// The kept column that a node means: an alias, a group, or a bound of the window.
    pub(super) fn as_key(&self, node: &Ast, aliases: bool) -> Option<Ast> {
        let kept = if self.known.kinds.contains(&discriminant(node)) { self.key_of(node) } else { None };
        if kept.is_some() {
            return kept;
        }
        let Ast::Identifier(ident) = node else { return None };
        let lower = ident.value.to_lowercase();
        if aliases && let Some(ast) = self.outputs.get(&lower) {
            return Some(Ast::Nested(Box::new(ast.clone())));
        }
        let window = self.keys.iter().position(|k| k.window.is_some())?;
        match lower.as_str() {
            "window_start" => Some(expr::column(&key_name(window))),
            "window_end" => Some(expr::column(END)),
            _ => None,
        }
    }

    /// The kept column of the key that a node is.
    fn key_of(&self, node: &Ast) -> Option<Ast> {
        let mut resolved = node.clone();
        let mut known = true;
        // Names that are not columns leave the node as it is: it may be an alias or a bound of the window.
        let _ = expr::rewrite(&mut resolved, |n| {
            expr::unqualify(n, self.table);
            if let Ast::Identifier(ident) = n {
                match self.table.find(self.schema, ident) {
                    Some(name) => *n = expr::column(name),
                    None => known = false,
                }
            }
            Ok(())
        });
        let place = if known { self.known.keys.get(&resolved) } else { None };
        place.map(|i| expr::column(&key_name(*i)))
    }
}

/// The item that a group means: a name the input column first, then an item's, as in PostgreSQL and DuckDB; a number,
/// the item of that place. `None` for anything else.
///
/// # Errors
/// A number that no item has.
pub(super) fn item_meant<'q>(
    query: &'q Query,
    ast: &Ast,
    schema: &Schema,
    table: &Scope,
    place: ClauseSpan<'_>,
) -> Result<Option<&'q SelectItem>> {
    Ok(match ast {
        Ast::Identifier(ident) if table.find(schema, ident).is_none() => {
            let named = |alias: &String| {
                if ident.quote_style.is_some() {
                    *alias == ident.value
                } else {
                    alias.eq_ignore_ascii_case(&ident.value)
                }
            };
            query.items.iter().find(|i| i.alias.as_ref().is_some_and(named))
        }
        Ast::Value(v) => match &v.value {
            Value::Number(n, _) => {
                let item = n.parse::<usize>().ok().and_then(|n| query.items.get(n.wrapping_sub(1)));
                Some(item.ok_or_else(|| {
                    place
                        .fault(format!("there is no item {n} in the SELECT list"))
                        .hint(format!("it has {} items", query.items.len()))
                })?)
            }
            _ => None,
        },
        _ => None,
    })
}
