//! A question bound to a schema: which columns it needs, how rows are grouped, what is kept and what is shown.
//! Doing it is left to `partial`.

use std::collections::BTreeSet;

use polars::prelude::*;
use sqlparser::ast::Expr as Ast;

use super::aggregate::{Accumulator, Aggregate, Class, Distinct};
use super::bind::Binder;
use super::expr::Scalar;
use super::finish::Finish;
use super::keys::Keys;
use super::query::Query;
use super::window::{Kind, Micros, Window};
use crate::data::Result;

/// A question that can be run.
#[derive(Debug)]
pub struct Plan {
    pub query: Query,
    /// The input columns it needs, in the order chunks shall have them.
    pub columns: Vec<PlSmallStr>,
    pub filter: Option<Scalar>,
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
    pub(super) expr: Ast,
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
    pub(super) expr: Ast,
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
        let table = query.table_name();
        let mut binder = Binder { text, schema, table: &table, time, used: BTreeSet::new(), keys: Vec::new(), calls: Vec::new(), outputs: Vec::new() };
        let filter = query.filter.as_ref().map(|f| binder.condition(f, "WHERE")).transpose()?;
        binder.bind_keys(query)?;
        let finish = binder.bind_finish(query)?;
        if binder.keys.is_empty() && binder.calls.is_empty() {
            let fault =
                binder.place(&query.items.first().map(|i| i.expr.clone()).unwrap_or_default()).fault("this question has neither an aggregate nor GROUP BY");
            return Err(fault.hint("add an aggregate such as count(*), or GROUP BY the columns you select"));
        }
        let kept = binder.kept_schema();
        let Binder { used, keys, calls, .. } = binder;
        let columns = schema.iter_names().filter(|n| used.contains(*n)).cloned().collect();
        let output = finish.apply(DataFrame::empty_with_schema(&kept))?.schema().clone();
        Ok(Self { query: query.clone(), columns, filter, keys, calls, finish, output })
    }

    /// The window, where the question has one.
    pub fn window(&self) -> Option<&Window> {
        self.keys.iter().find_map(|k| k.window.as_ref())
    }

    /// Which key is the window's start.
    pub fn window_key(&self) -> Option<usize> {
        self.keys.iter().position(|k| k.window.is_some())
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
