//! Sub-queries that name columns of the SELECT around them. Where they do so in equations, these leave WHERE, and the
//! answer of the sub-query is found by its own sides of them. Anything else is asked of the rows of the sub-query
//! beside the different rows of those columns, and its answer is found by them.

use std::sync::Arc;

use polars::prelude::*;
use sqlparser::ast::Expr as Ast;

use super::aggregates::aggregate_of;
use super::around::{
    AROUND, Around, OuterColumn, clauses, equation, is_item, is_of_around, nothing, outer_column, outer_name,
};
use super::expand::order_text;
use super::from::BoundFrom;
use super::join::conjuncts;
use super::over;
use super::rerun::{Bound, Composer};
use super::rows::has_aggregate;
use super::star::star_of;
use super::{Input, bind_above, bind_clauses};
use crate::data::Result;
use crate::query::expr;
use crate::query::partial::Answer;
use crate::query::query::{Clause, Query, SelectItem};
use crate::query::rerun::{Node, SelectNode};
use crate::query::sql::question::SubKind;
use crate::query::sql::quote_always;
use crate::query::sql::span::ClauseSpan;

impl<'a> Composer<'a> {
    /// The rows of a sub-query beside the different rows of the columns that it names of the SELECT around it; and
    /// these columns, which its clauses then name.
    pub(super) fn beside_rows_around(
        &mut self,
        query: &mut Query,
        text: &str,
        from: BoundFrom,
        around: &Around<'_>,
    ) -> Result<(BoundFrom, Vec<OuterColumn>)> {
        let mut columns: Vec<OuterColumn> = Vec::new();
        let named = query.clone();
        let mut renamed = |clause: &mut Clause| -> Result<()> {
            let place = ClauseSpan { text, clause };
            let Ok(mut ast) = expr::parse(place) else { return Ok(()) };
            if is_item(&named, &ast) {
                return Ok(());
            }
            let mut changed = false;
            expr::rewrite(&mut ast, |node| {
                if let Ast::Function(call) = &*node
                    && call.over.is_none()
                    && aggregate_of(call).is_some()
                    && is_of_around(node, &from.scope, around.scope)
                {
                    return Err(place
                        .fault_on("this aggregate is of columns around the sub-query alone", node)
                        .hint("write it in the question around, or name a column of the sub-query in it"));
                }
                let Some((here, dtype)) = outer_column(node, &from.scope, around.scope) else { return Ok(()) };
                let known = columns.iter().position(|own| own.here == here);
                let at = known.unwrap_or(columns.len());
                if known.is_none() {
                    columns.push(OuterColumn { written: node.clone(), here, dtype });
                }
                *node = expr::column(&outer_name(at));
                changed = true;
                Ok(())
            })?;
            if changed {
                *clause = Clause { sql: ast.to_string(), at: clause.at };
            }
            Ok(())
        };
        for item in query.items.iter_mut().filter(|item| star_of(&item.expr).is_none()) {
            renamed(&mut item.expr)?;
        }
        query.groups.iter_mut().try_for_each(&mut renamed)?;
        query.distinct_on.iter_mut().try_for_each(&mut renamed)?;
        query.filter.iter_mut().try_for_each(&mut renamed)?;
        query.having.iter_mut().try_for_each(&mut renamed)?;
        query.qualify.iter_mut().try_for_each(&mut renamed)?;
        query.order.iter_mut().map(|by| &mut by.expr).try_for_each(&mut renamed)?;
        let mut conditions = Vec::new();
        if let Some(clause) = &query.filter {
            conjuncts(expr::parse(ClauseSpan { text, clause })?, &mut conditions);
        }
        let items: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(i, column)| format!("{} AS {}", quote_always(&column.here), quote_always(&outer_name(i))))
            .collect();
        let sql = format!("SELECT DISTINCT {} FROM {AROUND}", items.join(", "));
        let plan = bind_above(&Query::parse(&sql)?, &sql, AROUND, &around.scope.schema, self.models)?;
        let output = plan.output.clone();
        let rows = Node::Shared(around.rows);
        let select = SelectNode { from: rows, of_rows: Vec::new(), of_kept: Vec::new(), plan: plan.into() };
        let outer = Bound { node: Node::Select(Box::new(select)), output };
        Ok((self.beside_hidden(from, outer, text, &conditions)?, columns))
    }

    /// What ties a sub-query to the SELECT around it becomes columns of its answer, by which its rows are found: the
    /// equations among its conditions, or the columns `rows_of` of rows around it that it was put beside. Gives the
    /// sides of the SELECT around it.
    pub(super) fn correlate(
        &self,
        query: &mut Query,
        text: &str,
        (conditions, rows_of): (Vec<Ast>, Vec<OuterColumn>),
        input: Input<'_>,
        around: &mut Around<'_>,
    ) -> Result<Vec<Ast>> {
        let at = query.filter.as_ref().map_or(0, |filter| filter.at);
        let clause = |sql: String| Clause { sql, at };
        let place = clause(String::new());
        let fault = |what: &str| ClauseSpan { text, clause: &place }.fault(what);
        // Expressions around it, its own, and what its own rows are grouped by.
        let (mut keys, mut own, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for (i, column) in rows_of.iter().enumerate() {
            let name = quote_always(&outer_name(i));
            let none = nothing(&column.dtype).ok_or_else(|| {
                fault("a sub-query names a column around it of a type that it is not found by")
                    .hint("join its answer by equations instead")
            })?;
            // Null is as good as any other value here.
            for of in
                [|c: &str, _: &str| format!("{c} IS NULL"), |c: &str, none: &str| format!("coalesce({c}, {none})")]
            {
                let sql = clause(of(&column.written.to_string(), none));
                keys.push(expr::parse(ClauseSpan { text: &sql.sql, clause: &sql })?);
                own.push(of(&name, none));
            }
            groups.push(name);
        }
        let mut rest = Vec::new();
        for part in conditions {
            match equation(&part, input.scope, around.scope) {
                Some((theirs, mine)) => {
                    keys.push(theirs);
                    own.push(mine.to_string());
                    groups.push(mine.to_string());
                }
                None => rest.push(part),
            }
        }
        if keys.is_empty() {
            return Ok(keys);
        }
        if rows_of.is_empty() {
            query.filter =
                rest.iter().map(|part| format!("({part})")).reduce(|all, part| format!("{all} AND {part}")).map(clause);
        }
        let aggregates = query.having.is_some() || query.items.iter().any(|item| has_aggregate(&item.expr));
        let exists = around.kind == SubKind::Exists;
        let windows =
            clauses(query).any(|clause| expr::parse(ClauseSpan { text, clause }).is_ok_and(|ast| over::is_in(&ast)));
        if windows || query.qualify.is_some() {
            return Err(fault("a sub-query that names columns of the question around it has no OVER and no QUALIFY")
                .hint("ask for min, max or arg_max of what is meant, or join its answer"));
        }
        if aggregates && query.groups.is_empty() {
            if exists {
                return Err(fault("an aggregate without GROUP BY has one row always")
                    .hint("write EXISTS (SELECT 1 FROM … WHERE …)"));
            }
            if query.limit == Some(0) || query.offset.is_some_and(|offset| offset > 0) {
                return Err(fault("this sub-query never has a row").hint("leave out its LIMIT and OFFSET"));
            }
            (query.limit, query.offset, query.order) = (None, None, Vec::new());
            // Where it has no rows it is what it is of none.
            let (plan, ..) = bind_clauses(query, text, input, self.models)?;
            let none = DataFrame::empty_with_schema(input.first.schema);
            let mut sub = |kept: &mut DataFrame| {
                for field in input.subs.fields() {
                    if kept.column(&field.name).is_err() {
                        kept.with_column(Column::full_null(field.name, kept.height(), &field.dtype))?;
                    }
                }
                Ok(())
            };
            let answer = Answer::over(&Arc::new(plan), &none, &mut sub)?.frame;
            around.of_none = answer.columns().first().filter(|_| answer.height() == 1).cloned();
        }
        let skipped = query.offset.unwrap_or(0);
        if !exists && let Some(limit) = query.limit {
            if query.distinct || !query.distinct_on.is_empty() {
                return Err(fault(
                    "a sub-query that names columns of the question around it has no DISTINCT and LIMIT",
                )
                .hint("ask for min or max of what is meant"));
            }
            let order = order_text(query, text)?;
            let partition = groups.join(", ");
            query.qualify = Some(clause(format!(
                "row_number() OVER (PARTITION BY {partition}{order}) BETWEEN {} AND {}",
                skipped.saturating_add(1),
                skipped.saturating_add(limit).min(i64::MAX as u64)
            )));
        } else if exists && (query.limit == Some(0) || skipped > 0) {
            return Err(fault("EXISTS asks whether there is any row").hint("leave out its LIMIT and OFFSET"));
        }
        (query.limit, query.offset, query.order) = (None, None, Vec::new());
        if exists {
            query.items.retain(|item| !query.groups.is_empty() && star_of(&item.expr).is_none());
            (query.distinct, query.distinct_on) = (false, Vec::new());
        }
        if !query.distinct_on.is_empty() {
            query.distinct_on.extend(groups.iter().cloned().map(clause));
        }
        if aggregates || !query.groups.is_empty() {
            query.groups.extend(groups.into_iter().map(clause));
        }
        for (i, sql) in own.into_iter().enumerate() {
            query.items.push(SelectItem { expr: clause(sql), alias: Some(format!("key {i} of the sub-query")) });
        }
        Ok(keys)
    }
}
