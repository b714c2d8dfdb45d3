//! A question that is more than one SELECT over one table or an enriched one, bound: what of it is kept up to date by
//! itself, and what is asked of those answers again and again.

use std::collections::BTreeSet;
use std::sync::Arc;

use polars::prelude::*;
use sqlparser::keywords::Keyword;

use super::around::Around;
use super::join::conjuncts;
use super::levels::{self, LEVELS, Levels};
use super::subquery::{SubQueries, SubQuery};
use super::wider::wider;
use super::{Input, bind_above, bind_clauses, bind_layer, bind_select};
use crate::data::{Fault, Result};
use crate::query::Plan;
use crate::query::expr::{self, Scalar};
use crate::query::model::Models;
use crate::query::query::{Clause, Query, RerunClause, SelectItem};
use crate::query::rerun::{Leaf, Node, Rerun, SelectNode};
use crate::query::scope::{InputTable, Scope};
use crate::query::sql::layers::layers_of;
use crate::query::sql::question::{self, Named, SubKind, SubText, bare, select, with};
use crate::query::sql::sets::sets;
use crate::query::sql::span::{ClauseSpan, point};
use crate::query::sql::tokens::{SqlToken, span_of, split_commas, words};
use crate::query::sql::{quote, quote_always};
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
        inside: 0,
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
    /// In so many sub-queries stands what is bound.
    inside: usize,
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
        if self.inside > 0 && layer.has_alias() && words.windows(2).any(qualifies) {
            return Ok(None);
        }
        let table = self.table(name)?;
        let Some(input) = self.tables.get(table) else { return Ok(None) };
        if layer.has_levels() {
            return match &layer.below {
                None => self.leaf_levels(&layer.query, table, words, within),
                // Rows below which are not of a table are asked again and again.
                Some(_) => Ok(None),
            };
        }
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

    /// A question about the rows of one table at several levels: each level is kept up to date by itself.
    fn leaf_levels(&mut self, query: &Query, table: usize, words: &[SqlToken], within: bool) -> Result<Option<Bound>> {
        let Some(input) = self.tables.get(table) else { return Ok(None) };
        let bound = Scope::new(query, *input, None).and_then(|scope| {
            let Some(Levels { each, above }) = levels::split(query, self.sql, &scope)? else { return Ok(None) };
            let plan = |level: &Query| Ok(bind_select(level, self.sql, &[*input], self.models)?.whole());
            Ok(Some((each.iter().map(plan).collect::<Result<Vec<_>>>()?, above)))
        });
        let (plans, above) = match bound {
            Ok(Some(bound)) => bound,
            Ok(None) => return Ok(None),
            // It may name columns of the question around it.
            Err(_) if within => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let mut each = Vec::new();
        for plan in plans {
            let output = plan.output.clone();
            self.leaves.push(OwnLeaf::Asked { table, plan: Arc::new(plan) });
            each.push(Bound { node: Node::Leaf(self.leaves.len() - 1), output });
        }
        self.above_levels(each, &above, self.sql, words).map(Some)
    }

    /// What is asked of the rows of all levels.
    fn above_levels(&self, each: Vec<Bound>, above: &Query, text: &str, words: &[SqlToken]) -> Result<Bound> {
        let mut all: Option<Bound> = None;
        for level in each {
            all = Some(match all {
                None => level,
                Some(so_far) => self.union_all(so_far, level, span_of(words, 0))?,
            });
        }
        let all = all.ok_or_else(|| Fault::new("internal error: a question without levels"))?;
        let plan = bind_above(above, text, LEVELS, &all.output, self.models)?;
        let output = plan.output.clone();
        let select = SelectNode { from: all.node, of_rows: Vec::new(), of_kept: Vec::new(), plan: Arc::new(plan) };
        Ok(Bound { node: Node::Select(Box::new(select)), output })
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

    pub(super) fn share(&mut self, node: Node<Plan>) -> usize {
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
        let mut from = self.from(parsed.from.as_ref(), named, &text, &conditions)?;
        let mut conditions = conditions;
        let mut rows_of = Vec::new();
        if let Some(around) = around.as_deref_mut()
            && around.needs_rows(&query, &text, &conditions, &from.scope)
        {
            (from, rows_of) = self.beside_rows_around(&mut query, &text, from, around)?;
            conditions.clear();
        }
        let mut rows = 0;
        if !parsed.subs.is_empty() {
            rows = self.share(from.node);
            from.node = Node::Shared(rows);
        }
        let subs = self.subs(&parsed.subs, named, &from.scope, rows)?;
        let scope = from.scope.clone().with(subs.fields());
        query.table = quote(scope.table_name()).as_str().into();
        let first =
            InputTable { name: scope.first_name(), schema: &scope.schema, time: from.time.as_deref(), commas: &[] };
        let input = Input { first, scope: &scope, subs: &subs, answers: true };
        let keys = match around.as_deref_mut() {
            Some(around) => self.correlate(&mut query, &text, (conditions, rows_of), input, around)?,
            None => Vec::new(),
        };
        let leveled = levels::split(&query, &text, &scope)?;
        if let (Some(Levels { each, above }), true) = (&leveled, keys.is_empty()) {
            let from_all = self.share(from.node);
            let mut levels = Vec::new();
            for level in each {
                let (plan, of_rows, of_kept) = bind_clauses(level, &text, input, self.models)?;
                plan.columns.iter().for_each(|name| self.look_at(from.sources.get(name)));
                let output = plan.output.clone();
                let columns =
                    |bound: Vec<super::BoundSub>| bound.into_iter().filter_map(|sub| sub.column(&subs)).collect();
                let select = SelectNode {
                    from: Node::Shared(from_all),
                    of_rows: columns(of_rows),
                    of_kept: columns(of_kept),
                    plan: Arc::new(plan),
                };
                levels.push(Bound { node: Node::Select(Box::new(select)), output });
            }
            return self.above_levels(levels, above, &text, words);
        }
        if leveled.is_some() {
            let at = query.groups.first().map_or(0, |group| group.at);
            return Err(point(self.sql, "a sub-query at several levels cannot name columns around it", at..at + 1)
                .hint("join its answer by equations instead"));
        }
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

    /// The sub-queries in the clauses of a SELECT, whose tables are `scope` and whose rows are shared at `rows`.
    fn subs(&mut self, texts: &[SubText<'a>], named: &[Named<'a>], scope: &Scope, rows: usize) -> Result<SubQueries> {
        let mut subs = SubQueries::default();
        for (i, text) in texts.iter().enumerate() {
            let mut around = Around { scope, rows, kind: text.kind, keys: Vec::new(), of_none: None };
            self.inside += 1;
            let bound = self.question(text.words, named, Some(&mut around));
            self.inside -= 1;
            let bound = bound?;
            if text.kind == SubKind::Value && bound.output.len() != 1 {
                let what = format!("a sub-query that stands for one value has {} columns", bound.output.len());
                return Err(point(self.sql, what, text.at.clone()).hint("select one column in it"));
            }
            let values = bound.output.iter().map(|(name, dtype)| (name.clone(), dtype.clone())).collect();
            subs.0.push(SubQuery {
                name: question::sub_name(i).into(),
                kind: text.kind,
                shared: self.share(bound.node),
                values,
                keys: around.keys,
                of_none: around.of_none,
                clause: Clause { sql: self.sql.get(text.at.clone()).unwrap_or_default().to_owned(), at: text.at.start },
                sought: Default::default(),
                compared: Default::default(),
            });
        }
        Ok(subs)
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
