//! Questions that are asked again and again of the rows themselves, bound: which tables, columns and scores they may
//! look at, and every name as the tables have it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use polars::prelude::*;
use sqlparser::ast::{
    Expr as Ast, Ident, ObjectName, ObjectNamePart, Query as SqlQuery, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, TableFactor, Visitor, VisitorMut,
};

use super::score;
use crate::data::{Fault, Result};
use crate::query::expr::{column, rewrite, translate};
use crate::query::model::Models;
use crate::query::query::{Clause, RerunClause};
use crate::query::rerun::{Needed, Rerun};
use crate::query::scope::InputTable;
use crate::query::sql::limits::keep_balance;
use crate::query::sql::span::{ClauseSpan, point};
use crate::query::sql::statement;
use crate::query::walk;

/// Binds a question to its tables, and finds its answer's columns by asking it of no rows.
///
/// # Errors
/// polars' complaint.
pub(super) fn bind(
    asked: &RerunClause,
    text: &str,
    tables: &[InputTable<'_>],
    models: &Models,
) -> Result<(Rerun, SchemaRef)> {
    let mut tree = statement::tree(text, &asked.text)?;
    let names = names(&tree.body);
    let scores = scores(&mut tree, tables, models, ClauseSpan { text, clause: &asked.text })?;
    let mut words = Mentioned::default();
    let _ = walk::visit(&tree, &mut words);
    if words.all && scores.iter().any(|s| !s.is_empty()) {
        let place = ClauseSpan { text, clause: &asked.text };
        return Err(place
            .fault("a question of this kind cannot have both * and the scores of a model")
            .hint("name the columns instead of *"));
    }
    let needed = |(table, scores): (&InputTable<'_>, Vec<(String, DataType)>)| {
        let wanted = |name: &&PlSmallStr| words.all || words.names.contains(&name.to_lowercase());
        Needed {
            table: table.name.to_owned(),
            columns: table.schema.iter_names().filter(wanted).cloned().collect(),
            scores,
        }
    };
    let needed: Vec<Needed> = tables.iter().zip(scores).map(needed).collect();
    // polars' SQL tells capitals apart; people do not.
    let _ = walk::visit_mut(&mut tree, &mut ColumnCase { tables: &needed });
    translate(&mut tree, asked.text.sql.len())
        .map_err(|(what, hint)| ClauseSpan { text, clause: &asked.text }.fault(what).hint(hint))?;
    keep_balance(&mut tree);
    let rerun = Rerun {
        text: asked.text.sql.clone(),
        sql: tree.to_string(),
        tables: needed,
        models: models.clone(),
        ordered: tree.order_by.is_some(),
        names,
    };
    let empty = rerun.tables.iter().zip(tables).map(|(needed, table)| {
        let columns =
            needed.columns.iter().filter_map(|c| table.schema.get(c).map(|d| Field::new(c.clone(), d.clone())));
        let scores = needed.scores.iter().map(|(sql, dtype)| Field::new(sql.as_str().into(), dtype.clone()));
        DataFrame::empty_with_schema(&columns.chain(scores).collect::<Schema>())
    });
    let output =
        rerun.answer(&empty.collect::<Vec<_>>()).map_err(|fault| place(fault, &asked.text, text))?.schema().clone();
    Ok((rerun, output))
}

/// Replaces the scores of models by columns; of each table those that it is to be asked for, with their types.
fn scores(
    tree: &mut SqlQuery,
    tables: &[InputTable<'_>],
    models: &Models,
    place: ClauseSpan<'_>,
) -> Result<Vec<Vec<(String, DataType)>>> {
    let mut scores = vec![Vec::new(); tables.len()];
    rewrite(tree, |node| {
        let Some(call) = score::read(node, models, place)? else { return Ok(()) };
        let has = |table: &InputTable<'_>| call.model.inputs().iter().all(|own| table.schema.contains(own));
        let mut able = tables.iter().zip(&mut scores).filter(|(table, _)| has(table)).map(|(_, scores)| scores);
        let (Some(of_table), None) = (able.next(), able.next()) else {
            let fault = place.fault_on(
                format!("the columns that the model '{}' reads must be in exactly one of the tables", call.name),
                node,
            );
            return Err(fault.hint("it reads ".to_owned() + &call.model.inputs().join(", ")));
        };
        let sql = call.sql();
        let named = column(&sql);
        let score = (sql, call.dtype());
        if !of_table.contains(&score) {
            of_table.push(score);
        }
        *node = named;
        Ok(())
    })?;
    Ok(scores)
}

/// polars says what, and sometimes which name: the fault points at it, else at the whole question.
fn place(fault: Fault, clause: &Clause, text: &str) -> Fault {
    let named =
        fault.what.split(['\'', '"', '`']).nth(1).and_then(|name| clause.sql.find(name).map(|at| at..at + name.len()));
    let span = named.unwrap_or(0..clause.sql.len());
    point(text, fault.what, clause.at + span.start..clause.at + span.end).hint(
        "this question is outside what Braid keeps up to date, and polars' SQL, which is asked instead, does not know \
         it either",
    )
}

/// What the items of a SELECT are called that are no plain columns and have no alias: by their text. Nothing where a
/// star stands for columns.
fn names(body: &SetExpr) -> Vec<Option<String>> {
    let item = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(Ast::Identifier(_) | Ast::CompoundIdentifier(_)) | SelectItem::ExprWithAlias { .. } => {
            Some(None)
        }
        SelectItem::UnnamedExpr(expr) => Some(Some(expr.to_string())),
        _ => None,
    };
    match body {
        SetExpr::Select(select) => select.projection.iter().map(item).collect::<Option<_>>().unwrap_or_default(),
        SetExpr::SetOperation { left, .. } => names(left),
        SetExpr::Query(query) => names(&query.body),
        _ => Vec::new(),
    }
}

/// Every name in a question, in lower case, and whether `*` stands for columns somewhere.
#[derive(Default)]
struct Mentioned {
    names: BTreeSet<String>,
    all: bool,
}

impl Visitor for Mentioned {
    type Break = ();

    fn pre_visit_query(&mut self, query: &SqlQuery) -> ControlFlow<()> {
        self.all |= has_star(&query.body);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        // NATURAL and USING name columns outside of expressions.
        let text = factor.to_string();
        self.all |= text.to_uppercase().contains("NATURAL ");
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Ast) -> ControlFlow<()> {
        match expr {
            Ast::Identifier(ident) => {
                self.names.insert(ident.value.to_lowercase());
            }
            Ast::CompoundIdentifier(parts) => self.names.extend(parts.iter().map(|p| p.value.to_lowercase())),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Whether `*` stands for columns in a SELECT, or in one of those that a UNION, EXCEPT or INTERSECT puts together.
fn has_star(body: &SetExpr) -> bool {
    let star = |item: &SelectItem| {
        matches!(
            item,
            SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(_), _)
        )
    };
    match body {
        SetExpr::Select(select) => select.projection.iter().any(star),
        SetExpr::SetOperation { left, right, .. } => has_star(left) || has_star(right),
        SetExpr::Query(query) => has_star(&query.body),
        _ => false,
    }
}

/// Gives names the capitals that the tables' columns have.
struct ColumnCase<'a> {
    tables: &'a [Needed],
}

impl ColumnCase<'_> {
    fn settle(&self, ident: &mut Ident) {
        let names = || self.tables.iter().flat_map(|t| &t.columns);
        if ident.quote_style.is_none() && names().all(|n| n.as_str() != ident.value) {
            let lower = ident.value.to_lowercase();
            if let Some(name) = names().find(|n| n.to_lowercase() == lower) {
                (ident.value, ident.quote_style) = (name.to_string(), Some('"'));
            }
        }
    }
}

impl VisitorMut for ColumnCase<'_> {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        if let [ObjectNamePart::Identifier(ident)] = &mut relation.0[..]
            && let Some(table) = self.tables.iter().find(|t| t.table.eq_ignore_ascii_case(&ident.value))
        {
            ident.value.clone_from(&table.table);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Ast) -> ControlFlow<()> {
        match expr {
            Ast::Identifier(ident) => self.settle(ident),
            Ast::CompoundIdentifier(parts) => parts.iter_mut().skip(1).for_each(|part| self.settle(part)),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
