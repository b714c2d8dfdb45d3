//! A question that is more than one SELECT over one table or an enriched one, bound: what of it is kept up to date by
//! itself, and what is asked of those answers again and again.

use std::collections::BTreeSet;
use std::sync::Arc;

use polars::prelude::*;
use sqlparser::ast::{BinaryOperator, Expr as Ast};
use sqlparser::keywords::Keyword;

use super::expand::star_of;
use super::join::conjuncts;
use super::rows::has_aggregate;
use super::subquery::{SubQueries, SubQuery};
use super::wider::wider;
use super::{Input, bind_clauses, bind_layer, bind_select};
use crate::data::{Fault, Result};
use crate::query::Plan;
use crate::query::expr::{self, Scalar};
use crate::query::model::Models;
use crate::query::partial::Answer;
use crate::query::query::{Clause, Query, RerunClause, SelectItem};
use crate::query::rerun::{Leaf, Node, Rerun, SelectNode};
use crate::query::scope::{InputTable, Scope};
use crate::query::sql::layers::layers_of;
use crate::query::sql::question::{self, Named, SubKind, SubText, bare, select, with};
use crate::query::sql::sets::sets;
use crate::query::sql::span::{ClauseSpan, point};
use crate::query::sql::tokens::{SqlToken, span_of, split_commas, words};
use crate::query::sql::{quote, quote_always};
use crate::query::walk;
use crate::sync::deep;

/// Binds a question to its tables. Faults point into its own text.
///
/// # Errors
/// What is wrong with one of its SELECTs; what does not fit together.
pub(super) fn bind(
    asked: &RerunClause,
    tables: &[InputTable<'_>],
    models: &Models,
) -> Result<(Rerun<Plan>, SchemaRef)> {
    let sql = asked.text.sql.as_str();
    let words = words(sql)?;
    let mut composer = Composer {
        sql,
        tables,
        names: &asked.tables,
        models,
        leaves: Vec::new(),
        shared: Vec::new(),
        named: Vec::new(),
    };
    let bound = composer.question(&words, &[], None)?;
    let leaves = composer.leaves.iter().map(|leaf| composer.planned(leaf)).collect::<Result<_>>()?;
    let rerun = Rerun { text: sql.to_owned(), leaves, shared: composer.shared, node: bound.node };
    Ok((rerun, bound.output))
}

/// A question bound: its rows, and their columns.
pub(super) struct Bound {
    pub node: Node<Plan>,
    pub output: SchemaRef,
}

/// A question that is kept up to date.
enum OwnLeaf {
    /// As it was asked.
    Asked { table: usize, plan: Arc<Plan> },
    /// The rows of a table, with the columns that are looked at.
    Rows { table: usize, used: BTreeSet<PlSmallStr> },
}

pub(super) struct Composer<'a> {
    /// All of the text.
    pub sql: &'a str,
    pub tables: &'a [InputTable<'a>],
    /// What the question calls them.
    pub names: &'a [String],
    pub models: &'a Models,
    leaves: Vec<OwnLeaf>,
    shared: Vec<Node<Plan>>,
    /// Where the answers to the questions of WITH are shared, by where their words are.
    named: Vec<(*const SqlToken, usize, SchemaRef)>,
}

/// The tables of the SELECT around a sub-query, and the equations with them that were found in it: an expression of
/// that SELECT, the column that equals it, and its type.
pub(super) struct Around<'s> {
    scope: &'s Scope,
    kind: SubKind,
    keys: Vec<(Ast, PlSmallStr, DataType)>,
    of_none: Option<Column>,
}

impl<'a> Composer<'a> {
    pub(super) fn question(
        &mut self,
        words: &'a [SqlToken],
        named: &[Named<'a>],
        around: Option<&mut Around<'_>>,
    ) -> Result<Bound> {
        deep(|| self.question_here(words, named, around))
    }

    fn question_here(
        &mut self,
        words: &'a [SqlToken],
        named: &[Named<'a>],
        around: Option<&mut Around<'_>>,
    ) -> Result<Bound> {
        let mut named = named.to_vec();
        let mut body = bare(words);
        loop {
            let rest = bare(with(self.sql, body, &mut named)?);
            if rest.len() == body.len() {
                break;
            }
            body = rest;
        }
        if let Some((tree, end)) = sets(self.sql, body)? {
            let all = self.set(&tree, &named)?;
            return self.end(all, end);
        }
        match body.first().map(SqlToken::keyword) {
            Some(Keyword::SELECT) => {}
            Some(Keyword::VALUES) => return self.values(body),
            _ => {
                let at = body.first().map_or(0..self.sql.len(), |word| word.at.clone());
                return Err(point(self.sql, "a question begins with SELECT or WITH", at)
                    .hint("for example: SELECT count(*) AS n FROM my_table"));
            }
        }
        if let Some(bound) = self.leaf(body, &named, around.is_some())? {
            return Ok(bound);
        }
        self.select(body, &named, around)
    }

    /// A question about the rows of one table: it is kept up to date by itself.
    fn leaf(&mut self, words: &'a [SqlToken], named: &[Named<'a>], within: bool) -> Result<Option<Bound>> {
        let Some(layer) = layers_of(self.sql, words, named)? else { return Ok(None) };
        let tables = layer.tables();
        let [name] = &tables[..] else { return Ok(None) };
        let qualifies = |two: &[SqlToken]| {
            matches!(two, [table, point] if point.is_point()
                && table.name().is_some_and(|own| own.eq_ignore_ascii_case(name)))
        };
        // A table that has another name within is by its own name one around it.
        if within && layer.has_alias() && words.windows(2).any(qualifies) {
            return Ok(None);
        }
        let table = self.table(name)?;
        let Some(input) = self.tables.get(table) else { return Ok(None) };
        let mut exact = true;
        let plan = match bind_layer(&layer, self.sql, &[*input], self.models, &mut exact) {
            Ok(plan) => plan.whole(),
            // It may name columns of the question around it.
            Err(_) if within => return Ok(None),
            Err(fault) if exact => return Err(fault),
            Err(fault) => return Err(point(self.sql, fault.what, span_of(words, 0)).hint(fault.hint)),
        };
        let output = plan.output.clone();
        self.leaves.push(OwnLeaf::Asked { table, plan: Arc::new(plan) });
        Ok(Some(Bound { node: Node::Leaf(self.leaves.len() - 1), output }))
    }

    /// The place of a table among those of the question.
    pub(super) fn table(&self, name: &str) -> Result<usize> {
        let found = self.names.iter().position(|own| own.eq_ignore_ascii_case(name));
        found.ok_or_else(|| Fault::new(format!("there is no table '{name}'")).hint("name a table that is open"))
    }

    /// The leaf that has the rows of a table.
    pub(super) fn rows_of(&mut self, table: usize) -> usize {
        let known =
            self.leaves.iter().position(|leaf| matches!(leaf, OwnLeaf::Rows { table: own, .. } if *own == table));
        known.unwrap_or_else(|| {
            self.leaves.push(OwnLeaf::Rows { table, used: BTreeSet::new() });
            self.leaves.len() - 1
        })
    }

    /// Reads a column of a table, given by the leaf with its rows and its own name there.
    pub(super) fn look_at(&mut self, source: Option<&(usize, PlSmallStr)>) {
        if let Some((leaf, own)) = source
            && let Some(OwnLeaf::Rows { used, .. }) = self.leaves.get_mut(*leaf)
        {
            used.insert(own.clone());
        }
    }

    fn planned(&self, leaf: &OwnLeaf) -> Result<Leaf<Plan>> {
        match leaf {
            OwnLeaf::Asked { table, plan } => Ok(Leaf { table: *table, plan: plan.clone() }),
            OwnLeaf::Rows { table, used } => {
                let none = SchemaRef::default();
                let input = self.tables.get(*table).copied();
                let input = input.unwrap_or(InputTable { name: "", schema: &none, time: None, commas: &[] });
                let item = |sql: String, alias| SelectItem { expr: Clause { sql, at: 0 }, alias };
                let mut items: Vec<SelectItem> = input
                    .schema
                    .iter_names()
                    .filter(|name| used.contains(*name))
                    .map(|name| item(quote_always(name), None))
                    .collect();
                if items.is_empty() {
                    items.push(item("1".to_owned(), Some("one".to_owned())));
                }
                let query = Query { table: quote(input.name).as_str().into(), items, ..Query::default() };
                let plan = bind_select(&query, "", &[input], &Models::default())?.whole();
                Ok(Leaf { table: *table, plan: Arc::new(plan) })
            }
        }
    }

    /// The answer to a question of WITH, which is made once for all who name it.
    pub(super) fn named(&mut self, own: &Named<'a>, named: &[Named<'a>]) -> Result<Bound> {
        let key = own.words.as_ptr();
        if let Some((_, shared, output)) = self.named.iter().find(|(other, ..)| *other == key) {
            return Ok(Bound { node: Node::Shared(*shared), output: output.clone() });
        }
        let bound = self.question(own.words, named.get(..own.before).unwrap_or_default(), None)?;
        let shared = self.share(bound.node);
        self.named.push((key, shared, bound.output.clone()));
        Ok(Bound { node: Node::Shared(shared), output: bound.output })
    }

    fn share(&mut self, node: Node<Plan>) -> usize {
        self.shared.push(node);
        self.shared.len() - 1
    }

    /// One SELECT of any tables and answers.
    fn select(
        &mut self,
        words: &'a [SqlToken],
        named: &[Named<'a>],
        mut around: Option<&mut Around<'_>>,
    ) -> Result<Bound> {
        let parsed = select(self.sql, words)?;
        let (mut query, text) = (parsed.query, parsed.text);
        let conditions = match &query.filter {
            Some(clause) => {
                let mut parts = Vec::new();
                conjuncts(expr::parse(ClauseSpan { text: &text, clause })?, &mut parts);
                parts
            }
            None => Vec::new(),
        };
        let from = self.from(parsed.from.as_ref(), named, &text, &conditions)?;
        let subs = self.subs(&parsed.subs, named, &from.scope)?;
        let scope = from.scope.clone().with(subs.fields());
        query.table = quote(scope.table_name()).as_str().into();
        let first =
            InputTable { name: scope.first_name(), schema: &scope.schema, time: from.time.as_deref(), commas: &[] };
        let input = Input { first, scope: &scope, subs: &subs, answers: true };
        let keys = match around.as_deref_mut() {
            Some(around) => self.correlate(&mut query, &text, conditions, input, around)?,
            None => Vec::new(),
        };
        let (plan, of_rows, of_kept) = bind_clauses(&query, &text, input, self.models)?;
        plan.columns.iter().for_each(|name| self.look_at(from.sources.get(name)));
        let mut output = plan.output.clone();
        if let Some(around) = around {
            let at = output.len() - keys.len();
            let columns = keys.into_iter().zip(output.iter().skip(at));
            around.keys = columns.map(|(ast, (name, dtype))| (ast, name.clone(), dtype.clone())).collect();
            output =
                Arc::new(output.iter().take(at).map(|(name, dtype)| Field::new(name.clone(), dtype.clone())).collect());
        }
        let columns = |bound: Vec<super::BoundSub>| bound.into_iter().filter_map(|sub| sub.column(&subs)).collect();
        let select =
            SelectNode { from: from.node, of_rows: columns(of_rows), of_kept: columns(of_kept), plan: Arc::new(plan) };
        Ok(Bound { node: Node::Select(Box::new(select)), output })
    }

    /// The sub-queries in the clauses of a SELECT.
    fn subs(&mut self, texts: &[SubText<'a>], named: &[Named<'a>], scope: &Scope) -> Result<SubQueries> {
        let mut subs = SubQueries::default();
        for (i, text) in texts.iter().enumerate() {
            let mut around = Around { scope, kind: text.kind, keys: Vec::new(), of_none: None };
            let bound = self.question(text.words, named, Some(&mut around))?;
            if text.kind != SubKind::Exists && bound.output.len() != 1 {
                let what = format!("a sub-query that stands for one value has {} columns", bound.output.len());
                return Err(point(self.sql, what, text.at.clone()).hint("select one column in it"));
            }
            let value = bound.output.iter().next().map(|(name, dtype)| (name.clone(), dtype.clone()));
            let (value, value_type) = value.unwrap_or((PlSmallStr::EMPTY, DataType::Null));
            subs.0.push(SubQuery {
                name: question::sub_name(i).into(),
                kind: text.kind,
                shared: self.share(bound.node),
                value,
                value_type,
                keys: around.keys,
                of_none: around.of_none,
                clause: Clause { sql: self.sql.get(text.at.clone()).unwrap_or_default().to_owned(), at: text.at.start },
                sought: Default::default(),
            });
        }
        Ok(subs)
    }

    /// Where a sub-query names columns of the SELECT around it: its equations with them leave its WHERE, and their own
    /// sides become columns of its answer, by which its rows are found. Gives the sides of the SELECT around it.
    fn correlate(
        &self,
        query: &mut Query,
        text: &str,
        conditions: Vec<Ast>,
        input: Input<'_>,
        around: &mut Around<'_>,
    ) -> Result<Vec<Ast>> {
        let (mut keys, mut own, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for part in conditions {
            if !names_outside(&part, input.scope, around.scope) {
                rest.push(part);
                continue;
            }
            let sides = match &part {
                Ast::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                    let outside = |ast: &Ast| names_outside(ast, input.scope, around.scope);
                    let inside = |ast: &Ast| names_inside(ast, input.scope);
                    match (outside(left), inside(left), outside(right), inside(right)) {
                        (true, false, false, _) => Some((left, right)),
                        (false, _, true, false) => Some((right, left)),
                        _ => None,
                    }
                }
                _ => None,
            };
            let Some((theirs, mine)) = sides else {
                let clause = query.filter.clone().unwrap_or_default();
                return Err(ClauseSpan { text, clause: &clause }
                    .fault("a sub-query can name columns of the question around it only in equations")
                    .hint("write WHERE its.column = my.column AND …, or join its answer"));
            };
            keys.push((**theirs).clone());
            own.push(mine.to_string());
        }
        if keys.is_empty() {
            return Ok(keys);
        }
        let at = query.filter.as_ref().map_or(0, |filter| filter.at);
        let clause = |sql: String| Clause { sql, at };
        query.filter =
            rest.iter().map(|part| format!("({part})")).reduce(|all, part| format!("{all} AND {part}")).map(clause);
        let aggregates = query.having.is_some() || query.items.iter().any(|item| has_aggregate(&item.expr));
        let place = clause(String::new());
        let fault = |what: &str| ClauseSpan { text, clause: &place }.fault(what);
        let exists = around.kind == SubKind::Exists;
        if query.offset.is_some()
            || query.qualify.is_some()
            || (query.limit.is_some() && !(exists && query.limit != Some(0)))
        {
            return Err(fault("a sub-query that names columns of the question around it has no LIMIT and no QUALIFY")
                .hint("ask for min, max or arg_max of what is meant"));
        }
        (query.limit, query.order) = (None, Vec::new());
        if aggregates && query.groups.is_empty() {
            if exists {
                return Err(fault("an aggregate without GROUP BY has one row always")
                    .hint("write EXISTS (SELECT 1 FROM … WHERE …)"));
            }
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
        if exists {
            query.items.retain(|item| !query.groups.is_empty() && star_of(&item.expr).is_none());
            query.distinct = false;
        }
        for (i, sql) in own.into_iter().enumerate() {
            if aggregates || !query.groups.is_empty() {
                query.groups.push(clause(sql.clone()));
            }
            query.items.push(SelectItem { expr: clause(sql), alias: Some(format!("key {i} of the sub-query")) });
        }
        Ok(keys)
    }

    /// `VALUES (…), (…)`: columns `col0`, `col1` …
    fn values(&self, body: &[SqlToken]) -> Result<Bound> {
        let mut rows: Vec<Vec<Column>> = Vec::new();
        let one = DataFrame::new(1, Vec::new())?;
        let (scope, none) = (Scope::default(), Schema::default());
        for row in split_commas(body.get(1..).unwrap_or_default()) {
            let inner = bare(row);
            let at = span_of(row, 0);
            if inner.len() == row.len() {
                return Err(point(self.sql, "each row of VALUES stands in parentheses", at)
                    .hint("write VALUES (1, 'a'), (2, 'b')"));
            }
            let mut cells = Vec::new();
            for cell in split_commas(inner) {
                let span = span_of(cell, 0);
                let clause = Clause { sql: self.sql.get(span.clone()).unwrap_or_default().to_owned(), at: span.start };
                let place = ClauseSpan { text: self.sql, clause: &clause };
                let mut ast = expr::parse(place)?;
                expr::resolve(&mut ast, &none, &scope, place)?;
                let value = Scalar::bind(&ast, &none, place)?.0.of(&one)?;
                cells.push(if value.len() == 1 { value } else { value.new_from_index(0, 1) });
            }
            if rows.first().is_some_and(|first| first.len() != cells.len()) {
                return Err(point(self.sql, "the rows of VALUES have different lengths", at)
                    .hint("give each row as many values"));
            }
            rows.push(cells);
        }
        let mut columns = Vec::new();
        for i in 0..rows.first().map_or(0, Vec::len) {
            let cells: Vec<&Column> = rows.iter().filter_map(|row| row.get(i)).collect();
            let dtype = cells.iter().try_fold(DataType::Null, |dtype, cell| wider(&dtype, cell.dtype()));
            let dtype = dtype.ok_or_else(|| {
                Fault::new(format!("the values of column {} of VALUES are of different kinds", i + 1))
                    .at("SQL")
                    .hint("CAST them to one type")
            })?;
            let mut all = Column::new_empty(format!("col{i}").into(), &dtype);
            for cell in cells {
                all.append(&cell.cast(&dtype)?)?;
            }
            columns.push(all);
        }
        let frame = DataFrame::new(rows.len(), columns)?;
        let output = frame.schema().clone();
        Ok(Bound { node: Node::Values(frame), output })
    }
}

/// Whether an expression names columns that only the question around it has.
fn names_outside(ast: &Ast, own: &Scope, around: &Scope) -> bool {
    any_name(ast, &mut |name| !own.has(name) && around.has(name))
}

/// Whether an expression names columns of its own question.
fn names_inside(ast: &Ast, own: &Scope) -> bool {
    any_name(ast, &mut |name| own.has(name))
}

fn any_name(ast: &Ast, is: &mut dyn FnMut(&Ast) -> bool) -> bool {
    walk::visit_expressions(ast, |node| {
        let name = matches!(node, Ast::Identifier(_) | Ast::CompoundIdentifier(_));
        if name && is(node) { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    })
    .is_break()
}
