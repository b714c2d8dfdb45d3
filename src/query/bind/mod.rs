//! Binding: the clauses of a question become keys, aggregate calls and expressions over them, or a fault that points at
//! the place. What a bound question is stands in `plan`.

mod aggregates;
mod aliases;
mod around;
mod asof;
mod binder;
mod call;
mod classes;
mod correlate;
mod expand;
mod fold;
mod from;
mod join;
mod keys;
mod levels;
mod names;
mod output;
mod over;
mod over_frame;
mod read_call;
mod rerun;
mod rows;
mod score;
mod series;
mod sets;
mod star;
mod subquery;
mod wider;

use std::sync::Arc;

use polars::prelude::*;

pub(super) use self::aggregates::{aggregate_of, find_aggregate};
use self::binder::Binder;
use self::expand::expand;
use self::fold::fold;
use self::rows::{is_rows, retention};
use self::score::ScoreBinder;
use self::subquery::{BoundSub, SubQueries};
use super::join::Join;
use super::model::Models;
use super::plan::Plan;
use super::query::{Query, RerunClause};
use super::rows::{Retention, RowPlan};
use super::scope::{InputTable, Scope};
use super::sql::layers::{Layer, layers};
use super::sql::span::{ClauseSpan, point};
use super::sql::{limits, quote};
use crate::data::{Fault, Result, Setting};
use crate::sync::deep;

impl Plan {
    /// Binds `query` to the columns of a table. `text` is what the query was parsed from: faults point into it. `time`
    /// is the table's event-time column.
    ///
    /// # Errors
    /// An unknown column or function, a type that does not fit.
    pub fn new(query: &Query, text: &str, schema: &SchemaRef, time: Option<&str>) -> Result<Self> {
        Self::over(query, text, &[InputTable { name: &query.table_name(), schema, time, commas: &[] }])
    }

    /// Binds `query` to the tables that `query.tables()` names, in that order.
    ///
    /// # Errors
    /// As `new`; and a join that cannot be made.
    pub fn over(query: &Query, text: &str, tables: &[InputTable<'_>]) -> Result<Self> {
        Self::with_models(query, text, tables, &Models::default())
    }

    /// `over` for a question that may ask `models`.
    ///
    /// # Errors
    /// As `over`; and a model, a class or a feature that is not there.
    pub fn with_models(query: &Query, text: &str, tables: &[InputTable<'_>], models: &Models) -> Result<Self> {
        deep(|| bind(query, text, tables, models))
    }
}

fn bind(query: &Query, text: &str, tables: &[InputTable<'_>], models: &Models) -> Result<Plan> {
    let Some(asked) = &query.rerun else {
        let bound = bind_select(query, text, tables, models);
        if query.join.is_none() || bound.is_ok() || tables.len() < 2 {
            return bound;
        }
        // What cannot be looked up row by row may be joined once all rows are at hand.
        return bind_rerun(query, &RerunClause { text: text.into(), tables: query.tables() }, text, tables, models);
    };
    match bind_layers(asked, text, tables, models) {
        Ok(Some(plan)) => return Ok(plan),
        Err(fault) if asked.tables.len() < 2 => return Err(fault),
        // What cannot be looked up row by row may be joined once all rows are at hand.
        Ok(None) | Err(_) => {}
    }
    bind_rerun(query, asked, text, tables, models)
}

/// Binds a question that is asked again and again.
fn bind_rerun(
    query: &Query,
    asked: &RerunClause,
    text: &str,
    tables: &[InputTable<'_>],
    models: &Models,
) -> Result<Plan> {
    let bound = rerun::bind(asked, tables, models);
    let (rerun, output) = bound.map_err(|fault| placed(fault, asked, text))?;
    Ok(Plan { rerun: Some(rerun), output, ..Plan::empty(query) })
}

/// A fault about a question as one about the whole text that it stands in.
fn placed(fault: Fault, asked: &RerunClause, text: &str) -> Fault {
    let (own, at) = (asked.text.sql.len(), asked.text.at);
    let span = fault.span.clone().unwrap_or(0..own);
    point(text, fault.what, at + span.start.min(own)..at + span.end.min(own)).hint(fault.hint)
}

/// Binds questions over each other, each about the rows of one other; `None` for any other.
fn bind_layers(asked: &RerunClause, text: &str, tables: &[InputTable<'_>], models: &Models) -> Result<Option<Plan>> {
    let own = asked.text.sql.as_str();
    let layers = layers(own).map_err(|fault| placed(fault, asked, text))?;
    let Some(layers) = layers.filter(|layers| layers.tables() == asked.tables && !layers.has_levels()) else {
        return Ok(None);
    };
    let mut exact = true;
    let bound = bind_layer(&layers, own, tables, models, &mut exact);
    bound.map(Some).map_err(|fault| placed(Fault { span: fault.span.filter(|_| exact), ..fault }, asked, text))
}

/// Binds a question and those below it. `exact`: each clause that faults point into stands as it was written.
fn bind_layer(layer: &Layer, text: &str, tables: &[InputTable<'_>], models: &Models, exact: &mut bool) -> Result<Plan> {
    let none = SchemaRef::default();
    let schema = tables.first().map_or(&none, |table| table.schema);
    if let Some((query, changed)) = fold(layer, text, schema)? {
        *exact &= !changed;
        return bind_select(&query, text, tables, models);
    }
    let Some((below, called)) = &layer.below else { return bind_select(&layer.query, text, tables, models) };
    // What the lower question answers is the table of the upper one.
    let mut plan = bind_layer(below, text, tables, models, exact)?;
    let name = called.as_deref().unwrap_or(UNNAMED);
    let query = Query { table: quote(name).as_str().into(), ..layer.query.clone() };
    let above = bind_above(&query, text, name, &plan.output, models)?;
    plan = plan.whole();
    plan.output = above.output.clone();
    plan.above.push(Arc::new(above));
    Ok(plan)
}

/// What the answer to a question is called that has no name in FROM.
const UNNAMED: &str = "subquery";

/// Binds a SELECT to its table, which may be enriched from another.
fn bind_select(query: &Query, text: &str, tables: &[InputTable<'_>], models: &Models) -> Result<Plan> {
    let name = query.table_name();
    let missing = SchemaRef::default();
    let first =
        tables.first().copied().unwrap_or(InputTable { name: &name, schema: &missing, time: None, commas: &[] });
    let at_join = join::clause(query);
    let point = |fault: Fault| ClauseSpan { text, clause: &at_join }.fault(fault.what).hint(fault.hint);
    let scope = Scope::new(query, first, tables.get(1).copied()).map_err(point)?;
    if query.join.is_some() && tables.len() < 2 {
        return Err(ClauseSpan { text, clause: &at_join }.fault("the joined table is not open").hint(Setting::Table));
    }
    let input = Input { first, scope: &scope, subs: &SubQueries::default(), answers: false };
    Ok(bind_clauses(query, text, input, models)?.0)
}

/// Binds a SELECT to the answer of another question.
fn bind_above(query: &Query, text: &str, name: &str, answer: &SchemaRef, models: &Models) -> Result<Plan> {
    let first = InputTable { name, schema: answer, time: None, commas: &[] };
    let scope = Scope::new(query, first, None)?;
    let input = Input { first, scope: &scope, subs: &SubQueries::default(), answers: true };
    Ok(bind_clauses(query, text, input, models)?.0)
}

/// The rows that a SELECT is about.
#[derive(Clone, Copy)]
struct Input<'a> {
    first: InputTable<'a>,
    scope: &'a Scope,
    /// The sub-queries in its clauses.
    subs: &'a SubQueries,
    /// Whether they are answers, all of which are at hand in their order: not a table that is being read.
    answers: bool,
}

/// Binds the clauses of a SELECT; gives the sub-queries that are asked for each row, too, and those for each row that
/// is kept.
fn bind_clauses(
    query: &Query,
    text: &str,
    input: Input<'_>,
    models: &Models,
) -> Result<(Plan, Vec<BoundSub>, Vec<BoundSub>)> {
    limits::of_query(query).map_err(|(what, hint)| Fault::new(what).at("SQL").hint(hint))?;
    let Input { first, scope, subs, answers } = input;
    let scorer = ScoreBinder::new(models, scope);
    let (asked, query) = (query, &expand(query, text, scope)?);
    let rows = is_rows(query, text)?;
    let mut binder = Binder::new(text, &scorer, scope, first, subs, rows);
    let filter = query.filter.as_ref().map(|f| binder.condition(f, "WHERE")).transpose()?;
    let filtering = binder.used.clone();
    let mut join = Join::bind(query, text, scope, &mut binder.used)?;
    binder.bind_keys(query)?;
    let finish = binder.bind_finish(query)?;
    let keeping = if answers { Retention::All } else { retention(&finish) };
    let kept = binder.kept_schema();
    let of_kept = subs.of_kept(&binder.kept_subs, &kept, text)?;
    let Binder { mut used, keys, calls, values, .. } = binder;
    let of_rows = subs.of_rows((text, &scorer.schema, scope), &mut used)?;
    let scores = scorer.scores(&mut used, &filtering)?;
    if let Some(join) = &mut join {
        join.settle(scope, &used);
    }
    let columns: Vec<PlSmallStr> = first.schema.iter_names().filter(|n| used.contains(*n)).cloned().collect();
    let timed = keys.iter().find_map(|k| k.window.as_ref()).map_or(&[][..], |window| window.time.columns());
    let vital = columns.iter().filter(|n| timed.contains(n)).cloned().collect();
    let output = finish.output(kept)?;
    let rows = rows.then_some(RowPlan { keep: keeping, values, whole: false });
    let plan = Plan {
        query: asked.clone(),
        columns,
        vital,
        filter,
        scores,
        join,
        rows,
        rerun: None,
        keys,
        calls,
        finish,
        above: Vec::new(),
        output,
    };
    Ok((plan, of_rows, of_kept))
}
