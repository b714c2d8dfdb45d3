//! Answers that are put together, bound: their columns in types that hold the values of both, and what is then asked of
//! all rows.

use std::ops::Range;
use std::sync::Arc;

use polars::prelude::*;

use super::bind_above;
use super::rerun::{Bound, Composer};
use super::wider::together;
use crate::data::Result;
use crate::query::Plan;
use crate::query::query::Query;
use crate::query::rerun::{BothNode, Node, SIDE, SelectNode};
use crate::query::sql::question::Named;
use crate::query::sql::quote_always;
use crate::query::sql::sets::{SetOp, SetTree};
use crate::query::sql::span::point;
use crate::query::sql::tokens::{SqlToken, span_of};
use crate::sync::deep;

/// The name of what is put together.
const BOTH: &str = "both";

impl<'a> Composer<'a> {
    /// Answers that are put together.
    pub(super) fn set(&mut self, tree: &SetTree<'a>, named: &[Named<'a>]) -> Result<Bound> {
        deep(|| match tree {
            SetTree::Question(words) => self.question(words, named, None),
            SetTree::Both { op, by_name, left, right, at } => {
                let (mut left, mut right) = (self.set(left, named)?, self.set(right, named)?);
                if *by_name {
                    let names = names_of_both(&left.output, &right.output);
                    (left, right) = (self.by_name(left, &names)?, self.by_name(right, &names)?);
                }
                self.both(*op, left, right, at.clone())
            }
        })
    }

    /// All rows of two answers. `at` is what puts them together.
    pub(super) fn union_all(&self, left: Bound, right: Bound, at: Range<usize>) -> Result<Bound> {
        self.both(SetOp::UnionAll, left, right, at)
    }

    fn both(&self, op: SetOp, left: Bound, right: Bound, at: Range<usize>) -> Result<Bound> {
        let output =
            together(&left.output, &right.output).map_err(|fault| point(self.sql, fault.what, at).hint(fault.hint))?;
        let of_both = self.of_both(op, &output)?;
        let both = BothNode { op, left: left.node, right: right.node, output: output.clone(), of_both };
        Ok(Bound { node: Node::Both(Box::new(both)), output })
    }

    /// An answer with the columns of these names, in this order: null where it has none.
    fn by_name(&self, all: Bound, names: &[PlSmallStr]) -> Result<Bound> {
        let column = |name: &PlSmallStr| {
            let own = all.output.iter_names().find(|own| own.eq_ignore_ascii_case(name));
            format!("{} AS {}", own.map_or_else(|| "NULL".to_owned(), |own| quote_always(own)), quote_always(name))
        };
        let columns: Vec<String> = names.iter().map(column).collect();
        let sql = format!("SELECT {} FROM {BOTH}", columns.join(", "));
        let plan = bind_above(&Query::parse(&sql)?, &sql, BOTH, &all.output, self.models)?;
        let output = plan.output.clone();
        let select = SelectNode { from: all.node, of_rows: Vec::new(), of_kept: Vec::new(), plan: Arc::new(plan) };
        Ok(Bound { node: Node::Select(Box::new(select)), output })
    }

    /// `ORDER BY … LIMIT …` of all rows.
    pub(super) fn end(&mut self, all: Bound, end: &[SqlToken]) -> Result<Bound> {
        if end.is_empty() {
            return Ok(all);
        }
        let at = span_of(end, 0);
        let begin = format!("SELECT * FROM {BOTH} ");
        let sql = format!("{begin}{}", self.sql.get(at.clone()).unwrap_or_default());
        let bound = Query::parse(&sql).and_then(|query| bind_above(&query, &sql, BOTH, &all.output, self.models));
        let plan = bound.map_err(|fault| {
            let span = fault.span.clone().filter(|span| span.start >= begin.len());
            let span = span.map_or(at.clone(), |span| {
                at.start + span.start - begin.len()..at.start + span.end.saturating_sub(begin.len())
            });
            point(self.sql, fault.what, span).hint(fault.hint)
        })?;
        let output = plan.output.clone();
        let select = SelectNode { from: all.node, of_rows: Vec::new(), of_kept: Vec::new(), plan: Arc::new(plan) };
        Ok(Bound { node: Node::Select(Box::new(select)), output })
    }

    /// The question about the rows of both that says which of them count.
    fn of_both(&self, op: SetOp, output: &SchemaRef) -> Result<Option<Arc<Plan>>> {
        let columns: Vec<String> = output.iter_names().map(|name| quote_always(name)).collect();
        let columns = columns.join(", ");
        let side = quote_always(SIDE);
        let mut schema = Schema::clone(output);
        let sql = match op {
            SetOp::UnionAll => return Ok(None),
            SetOp::Union => format!("SELECT DISTINCT * FROM {BOTH}"),
            SetOp::ExceptAll | SetOp::IntersectAll => {
                schema.insert(SIDE.into(), DataType::Int32);
                let counts = if op == SetOp::ExceptAll { ">" } else { "<=" };
                format!(
                    "SELECT {columns} FROM {BOTH} QUALIFY {side} = 0 AND row_number() OVER (PARTITION BY {side}, \
                     {columns}) {counts} sum({side}) OVER (PARTITION BY {columns})"
                )
            }
            SetOp::Except | SetOp::Intersect => {
                schema.insert(SIDE.into(), DataType::Int32);
                let other = if op == SetOp::Except { "= 0" } else { "> 0" };
                format!(
                    "SELECT {columns} FROM {BOTH} GROUP BY {columns} HAVING count(*) FILTER (WHERE {side} = 0) > 0 AND \
                     count(*) FILTER (WHERE {side} = 1) {other}"
                )
            }
        };
        Ok(Some(Arc::new(bind_above(&Query::parse(&sql)?, &sql, BOTH, &Arc::new(schema), self.models)?)))
    }
}

/// The names of the left answer's columns, and those that only the right one has.
fn names_of_both(left: &Schema, right: &Schema) -> Vec<PlSmallStr> {
    let only_right = right.iter_names().filter(|name| !left.iter_names().any(|own| own.eq_ignore_ascii_case(name)));
    left.iter_names().chain(only_right).cloned().collect()
}
