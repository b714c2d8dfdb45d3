//! A question bound to a schema: which columns it needs, how rows are grouped, what is kept and what is shown.
//! Doing it is left to `partial`.

use std::collections::{BTreeSet, HashMap};

use polars::prelude::*;

use super::aggregate::{Accumulator, Aggregate, Class, Distinct};
use super::bind::{Binder, Known};
use super::call::{classes_in, find_aggregate};
use super::expr::{self, Scalar};
use super::finish::{Finish, OrderBy};
use super::join::{self, Join};
use super::keys::Keys;
use super::model::Models;
use super::over;
use super::query::{Clause, Item, Query};
use super::rerun::{self, Rerun};
use super::rows::{Keep, Rows};
use super::scope::{Input, Scope};
use super::score::{Scorer, Scores};
use super::sql::span::Place;
use super::sql::{limits, quote_always};
use super::window::{Kind, Micros, Window, micros_of};
use crate::data::{Result, Setting};
use crate::sync::deep;

/// A question that can be run.
#[derive(Debug)]
pub struct Plan {
    pub query: Query,
    /// The input columns it needs, in the order chunks shall have them.
    pub columns: Vec<PlSmallStr>,
    /// Those of them that say when a row happened, where it is grouped by that: a row whose time cannot be read is
    /// none.
    pub vital: Vec<PlSmallStr>,
    pub filter: Option<Scalar>,
    /// What models say of the rows.
    pub scores: Scores,
    /// Where rows are joined with a dataset before anything else happens to them.
    pub join: Option<Join>,
    /// Set when rows are shown instead of groups.
    pub rows: Option<Rows>,
    /// Set when the question is asked again and again of the rows themselves; all else but `output` is then empty.
    pub rerun: Option<Rerun>,
    pub keys: Vec<Key>,
    pub calls: Vec<Call>,
    pub finish: Finish,
    /// Names and types of the answer's columns.
    pub output: SchemaRef,
}

/// One column that rows are grouped by.
#[derive(Debug)]
pub struct Key {
    pub scalar: Scalar,
    pub dtype: DataType,
    /// Set when the key is the window's start; `scalar` is then its time.
    pub window: Option<Window>,
}

/// One aggregate call; equal calls are kept once.
#[derive(Debug)]
pub struct Call {
    pub aggregate: &'static Aggregate,
    /// Whether it says DISTINCT (`count(DISTINCT x)` is an aggregate of its own).
    pub distinct: bool,
    /// What is read from each row, event time included; none for `count(*)`.
    pub inputs: Vec<Scalar>,
    /// The inputs' types.
    pub types: Vec<DataType>,
    /// The values of the constant parameters.
    pub parameters: Vec<f64>,
    /// The FILTER clause.
    pub filter: Option<Scalar>,
    /// As written, for errors and the class shown.
    pub sql: String,
}

impl Call {
    pub fn make(&self) -> Box<dyn Accumulator> {
        if self.distinct {
            return Distinct::boxed(self.aggregate, &self.types, &self.parameters);
        }
        (self.aggregate.make)(&self.types, &self.parameters)
    }

    /// The answer's type.
    pub fn output(&self) -> DataType {
        (self.aggregate.output)(&self.types).unwrap_or(DataType::Null)
    }

    /// How exact it is, and what it costs.
    pub fn class(&self) -> Class {
        if self.distinct { Class::KeepsValues } else { self.aggregate.class }
    }
}

impl Plan {
    /// Binds `query` to the columns of a table. `text` is what the query was parsed from: faults point into it. `time`
    /// is the table's event-time column.
    ///
    /// # Errors
    /// An unknown column or function, a type that does not fit.
    pub fn new(query: &Query, text: &str, schema: &SchemaRef, time: Option<&str>) -> Result<Self> {
        Self::over(query, text, &[Input { name: &query.table_name(), schema, time, commas: &[] }])
    }

    /// Binds `query` to the tables that `query.tables()` names, in that order.
    ///
    /// # Errors
    /// As `new`; and a join that cannot be made.
    pub fn over(query: &Query, text: &str, tables: &[Input<'_>]) -> Result<Self> {
        Self::with_models(query, text, tables, &Models::default())
    }

    /// `over` for a question that may ask `models`.
    ///
    /// # Errors
    /// As `over`; and a model, a class or a feature that is not there.
    pub fn with_models(query: &Query, text: &str, tables: &[Input<'_>], models: &Models) -> Result<Self> {
        deep(|| Self::bind(query, text, tables, models))
    }

    fn bind(query: &Query, text: &str, tables: &[Input<'_>], models: &Models) -> Result<Self> {
        limits::of_query(query).map_err(|(what, hint)| crate::data::Fault::new(what).at("SQL").hint(hint))?;
        if let Some(asked) = &query.rerun {
            let (rerun, output) = rerun::bind(asked, text, tables, models)?;
            return Ok(Self { rerun: Some(rerun), output, ..Self::empty(query) });
        }
        let name = query.table_name();
        let missing = SchemaRef::default();
        let first = tables.first().copied().unwrap_or(Input { name: &name, schema: &missing, time: None, commas: &[] });
        let at_join = join::clause(query);
        let point = |fault: crate::data::Fault| Place { text, clause: &at_join }.fault(fault.what).hint(fault.hint);
        let scope = Scope::new(query, first, tables.get(1).copied()).map_err(point)?;
        if query.join.is_some() && tables.len() < 2 {
            return Err(Place { text, clause: &at_join }.fault("the joined table is not open").hint(Setting::Table));
        }
        let scorer = Scorer::new(models, &scope);
        let schema = scorer.schema.clone();
        let (asked, query) = (query, &expand(query, text, &scope)?);
        let rows = is_rows(query, text)?;
        let mut binder = Binder {
            text,
            schema: &schema,
            scorer: &scorer,
            table: &scope,
            time: first.time,
            commas: first.commas,
            used: BTreeSet::new(),
            keys: Vec::new(),
            calls: Vec::new(),
            rows,
            values: Vec::new(),
            overs: Vec::new(),
            outputs: HashMap::new(),
            known: Known::default(),
        };
        let filter = query.filter.as_ref().map(|f| binder.condition(f, "WHERE")).transpose()?;
        let filtering = binder.used.clone();
        let mut join = Join::bind(query, text, &scope, &mut binder.used)?;
        binder.bind_keys(query)?;
        let mut finish = binder.bind_finish(query)?;
        let mut keeping = if rows { keep(&mut finish) } else { Keep::All };
        if let (Keep::Newest(rows), Some(time)) = (keeping, first.time) {
            // The newest rows of a table with event time are those of the latest times, wherever they came from.
            let at = Clause::from(time);
            let value = binder.bind_value(expr::column(time), Place { text, clause: &at })?;
            let (scalar, _) = Scalar::bind(&value, &binder.kept_schema(), Place { text, clause: &at })?;
            finish.order.push(OrderBy { scalar, descending: false, nulls_first: true });
            keeping = Keep::Top { rows, last: true };
        }
        let mut kept = binder.kept_schema();
        let Binder { mut used, keys, calls, values, .. } = binder;
        let scores = scorer.scores(&mut used, &filtering)?;
        if let Some(join) = &mut join {
            join.settle(&scope, &used);
        }
        let columns: Vec<PlSmallStr> = first.schema.iter_names().filter(|n| used.contains(*n)).cloned().collect();
        let timed = keys.iter().find_map(|k| k.window.as_ref()).map_or(&[][..], |window| window.time.columns());
        let vital = columns.iter().filter(|n| timed.contains(n)).cloned().collect();
        for (i, call) in finish.overs.iter().enumerate() {
            kept.insert(over::name(i), call.dtype.clone());
        }
        let none = DataFrame::empty_with_schema(&kept);
        let output =
            finish.items.iter().map(|(name, scalar)| Ok(Field::new(name.clone(), scalar.of(&none)?.dtype().clone())));
        let output = Arc::new(output.collect::<Result<Schema>>()?);
        let rows = rows.then_some(Rows { keep: keeping, values, whole: false });
        Ok(Self {
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
            output,
        })
    }

    fn empty(query: &Query) -> Self {
        Self {
            query: query.clone(),
            columns: Vec::new(),
            vital: Vec::new(),
            filter: None,
            scores: Scores::default(),
            join: None,
            rows: None,
            rerun: None,
            keys: Vec::new(),
            calls: Vec::new(),
            finish: Finish::default(),
            output: SchemaRef::default(),
        }
    }

    /// What each item of the answer costs to keep true: its text and its class.
    pub fn classes(&self) -> Vec<(String, Class)> {
        deep(|| self.classes_of_items())
    }

    fn classes_of_items(&self) -> Vec<(String, Class)> {
        if let Some(rerun) = &self.rerun {
            return vec![(rerun.text.clone(), Class::Rerun)];
        }
        let class = |item: &Item| {
            let all_rows = self.rows.as_ref().is_some_and(|rows| rows.keep == Keep::All);
            let plain = if all_rows { Class::KeepsRows { bytes: 0 } } else { Class::Exact };
            // What is no expression is a star.
            let Ok(ast) = expr::parse(Place { text: &item.expr.sql, clause: &Clause::from(item.expr.sql.as_str()) })
            else {
                return plain;
            };
            if over::is_in(&ast) {
                return Class::Rerun;
            }
            classes_in(&ast).into_iter().max_by_key(|c| c.rank()).unwrap_or(plain)
        };
        self.query.items.iter().map(|item| (item.expr.sql.clone(), class(item))).collect()
    }

    /// True when finished rows can be written as they come, because no row has to wait for another.
    pub fn streams(&self) -> bool {
        let finish = &self.finish;
        matches!(&self.rows, Some(rows) if rows.keep == Keep::All && !rows.whole)
            && finish.order.is_empty()
            && finish.limit.is_none()
            && finish.overs.is_empty()
            && finish.qualify.is_none()
            && !finish.distinct
    }

    /// The columns that it needs of the how many-th of its tables.
    pub fn columns_of(&self, table: usize) -> &[PlSmallStr] {
        match (&self.rerun, &self.join, table) {
            (Some(rerun), ..) => rerun.tables.get(table).map_or(&[], |t| &t.columns),
            (None, _, 0) => &self.columns,
            (None, join, _) => join.as_ref().map_or(&[], |join| &join.columns),
        }
    }

    /// The window, where the question has one.
    pub fn window(&self) -> Option<&Window> {
        self.keys.iter().find_map(|k| k.window.as_ref())
    }

    /// Which key is the window's start.
    pub fn window_key(&self) -> Option<usize> {
        self.keys.iter().position(|k| k.window.is_some())
    }

    /// The times that the windows of a partial as a table cover: two tables whose times do not meet hold no window in
    /// common, nor sessions that become one when they are merged. `None` without a window, for no groups, and where
    /// rows without time are among them, which are in a window anywhere.
    pub fn reach(&self, partial: &DataFrame) -> Option<(Micros, Micros)> {
        let starts = micros_of(partial.column(&key_name(self.window_key()?)).ok()?).ok()?;
        if starts.null_count() > 0 {
            return None;
        }
        let until = match self.gap() {
            Some(gap) => partial.column(LAST).ok()?.i64().ok()?.max()?.saturating_add(gap),
            None => starts.max()?,
        };
        Some((starts.min()?, until))
    }

    pub fn has_sessions(&self) -> bool {
        self.gap().is_some()
    }

    /// The gap of the question's sessions. Their starts are not keys that rows are looked up by: rows move them.
    pub(super) fn gap(&self) -> Option<Micros> {
        self.window().and_then(|window| match window.kind {
            Kind::Session { gap } => Some(gap),
            _ => None,
        })
    }

    /// An index of groups with the types of this plan's keys.
    pub fn new_keys(&self) -> Result<Keys> {
        let indexed = self.keys.iter().enumerate().filter(|(_, k)| k.window.is_none() || self.gap().is_none());
        let columns: Vec<_> = indexed.map(|(i, k)| (key_name(i), k.dtype.clone())).collect();
        Keys::new(&columns)
    }
}

pub fn key_name(i: usize) -> PlSmallStr {
    format!("__key{i}").into()
}

pub fn call_name(i: usize) -> PlSmallStr {
    format!("__agg{i}").into()
}

/// The end of the window, beside keys and aggregates.
pub const END: &str = "__end";
/// The last row of a session, in a partial as a table.
pub const LAST: &str = "__last";
/// Whether late rows were re-admitted to a group, in a partial as a table.
pub const CORRECTED: &str = "__corrected";

/// Writes the columns out that `*` stands for, and SELECT DISTINCT as the groups that it means.
fn expand(query: &Query, text: &str, scope: &Scope) -> Result<Query> {
    let mut own = query.clone();
    own.items.clear();
    let mut grouped = None;
    for item in &query.items {
        let star = item.expr.sql.strip_suffix('*').map(str::trim_end);
        let qualifier = match star {
            Some("") => None,
            Some(table) if table.ends_with('.') => {
                Some(Clause::from(table.trim_end_matches('.').trim_end()).unquoted())
            }
            _ => {
                own.items.push(item.clone());
                continue;
            }
        };
        // With groups a star has no meaning, which the binder says.
        if *grouped
            .get_or_insert_with(|| !query.groups.is_empty() || query.items.iter().any(|i| has_aggregate(&i.expr)))
        {
            own.items.push(item.clone());
            continue;
        }
        let place = Place { text, clause: &item.expr };
        let columns = scope.star(qualifier.as_deref()).ok_or_else(|| {
            place
                .fault(format!("there is no table '{}' here", qualifier.unwrap_or_default()))
                .hint("name a table of FROM, or its alias")
        })?;
        for (here, shown) in columns {
            let expr = Clause { sql: quote_always(&here), at: item.expr.at };
            own.items.push(Item { expr, alias: Some(shown.to_string()) });
        }
        if own.items.len() > limits::COLUMNS {
            let fault = place.fault(format!("this answer has more than {} columns", limits::COLUMNS));
            return Err(fault.hint("name the columns that you need"));
        }
    }
    if own.distinct && own.groups.is_empty() && own.having.is_none() && own.qualify.is_none() {
        let plain = |item: &Item| {
            let ast = expr::parse(Place { text, clause: &item.expr });
            ast.is_ok_and(|ast| find_aggregate(&ast).is_none() && !over::is_in(&ast))
        };
        if own.items.iter().all(plain) {
            own.groups = own.items.iter().map(|i| i.expr.clone()).collect();
            own.distinct = false;
        }
    }
    Ok(own)
}

fn has_aggregate(clause: &Clause) -> bool {
    expr::parse(Place { text: &clause.sql, clause }).is_ok_and(|ast| find_aggregate(&ast).is_some())
}

/// True when rows are asked for, not groups.
fn is_rows(query: &Query, text: &str) -> Result<bool> {
    let clauses = query.items.iter().map(|i| &i.expr).chain(&query.qualify).chain(query.order.iter().map(|o| &o.expr));
    if !query.groups.is_empty()
        || query.having.as_ref().is_some_and(has_aggregate)
        || clauses.into_iter().any(has_aggregate)
    {
        return Ok(false);
    }
    match &query.having {
        Some(having) => Err(Place { text, clause: having }
            .fault("HAVING looks at groups, and there are none")
            .hint("use WHERE, or add GROUP BY")),
        None => Ok(true),
    }
}

/// Which rows a question about rows has to keep.
fn keep(finish: &mut Finish) -> Keep {
    if !finish.overs.is_empty() || finish.qualify.is_some() || finish.distinct {
        return Keep::All;
    }
    match (finish.most(), finish.order.is_empty()) {
        (Some(limit), false) => Keep::Top { rows: limit as usize, last: false },
        (Some(limit), true) => {
            finish.limit = None;
            Keep::Newest(limit as usize)
        }
        (None, _) => Keep::All,
    }
}
