//! A question bound to a schema: which columns it needs, how rows are grouped, what is kept and what is shown.
//! Binding is left to `bind`, doing it to `partial`.

use std::collections::BTreeSet;
use std::sync::Arc;

use polars::prelude::*;

use super::aggregate_call::AggregateCall;
use super::expr::Scalar;
use super::finish::Finish;
use super::join::Join;
use super::keys::Keys;
use super::query::Query;
use super::rerun::Rerun;
use super::rows::{Retention, RowPlan};
use super::score::ScoreColumns;
use super::window::{Micros, Window, WindowAssigner, micros_of};
use crate::data::Result;

/// A question that can be run.
#[derive(Debug)]
pub struct Plan {
    pub query: Query,
    /// The input columns it needs, in the order chunks shall have them.
    pub columns: Vec<PlSmallStr>,
    /// Input columns that say when a row happened, where rows are grouped by that: a row whose time cannot be read is
    /// none.
    pub vital: Vec<PlSmallStr>,
    pub filter: Option<Scalar>,
    /// What models say of the rows.
    pub scores: ScoreColumns,
    /// Where rows are joined with a dataset before anything else happens to them.
    pub join: Option<Join>,
    /// Set when rows are shown instead of groups.
    pub rows: Option<RowPlan>,
    /// Set when the question is asked again and again of the rows themselves; all else but `output` is then empty.
    pub rerun: Option<Rerun<Self>>,
    pub keys: Vec<GroupKey>,
    pub calls: Vec<AggregateCall>,
    pub finish: Finish,
    /// The questions that are asked of the answer, one of the other: what they give is the answer that is seen.
    pub above: Vec<Arc<Self>>,
    /// Names and types of the answer's columns.
    pub output: SchemaRef,
}

/// One column that rows are grouped by.
#[derive(Debug)]
pub struct GroupKey {
    pub scalar: Scalar,
    pub dtype: DataType,
    /// Set when the key is the window's start; `scalar` is then its time.
    pub window: Option<Window>,
}

impl Plan {
    /// Whether a model scores its rows.
    pub fn asks_models(&self) -> bool {
        let mut asks = !self.scores.are_none() || self.above.iter().any(|above| above.asks_models());
        if let Some(rerun) = &self.rerun {
            rerun.each(&mut |plan| asks |= plan.asks_models());
        }
        asks
    }

    /// A plan that does nothing yet.
    pub(super) fn empty(query: &Query) -> Self {
        Self {
            query: query.clone(),
            columns: Vec::new(),
            vital: Vec::new(),
            filter: None,
            scores: ScoreColumns::default(),
            join: None,
            rows: None,
            rerun: None,
            keys: Vec::new(),
            calls: Vec::new(),
            finish: Finish::default(),
            above: Vec::new(),
            output: SchemaRef::default(),
        }
    }

    /// With all of its rows or none, where it shows rows: something is asked of them.
    pub(super) fn whole(mut self) -> Self {
        self.rows.iter_mut().for_each(|rows| rows.whole = true);
        self
    }

    /// True when finished rows can be written as they come, because no row has to wait for another.
    pub fn streams(&self) -> bool {
        let finish = &self.finish;
        matches!(&self.rows, Some(rows) if rows.keep == Retention::All && !rows.whole)
            && self.above.is_empty()
            && finish.order.is_empty()
            && finish.limit.is_none()
            && finish.overs.is_empty()
            && finish.qualify.is_none()
            && !finish.distinct
    }

    /// Whether the answer can be read a part at a time.
    pub fn answers_in_parts(&self) -> bool {
        self.finish.merges() && self.above.is_empty()
    }

    /// The columns that the question needs of one of its tables, by the table's place in `query.tables()`.
    pub fn columns_of(&self, table: usize) -> Vec<PlSmallStr> {
        match (&self.rerun, &self.join, table) {
            (Some(rerun), ..) => {
                let leaves = rerun.leaves.iter().filter(|leaf| leaf.table == table);
                let columns: BTreeSet<_> = leaves.flat_map(|leaf| leaf.plan.columns.iter().cloned()).collect();
                columns.into_iter().collect()
            }
            (None, _, 0) => self.columns.clone(),
            (None, join, _) => join.as_ref().map(|join| join.columns.clone()).unwrap_or_default(),
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
            WindowAssigner::Session { gap } => Some(gap),
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
