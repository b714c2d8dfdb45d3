//! The questions that a scan reads for, and what they need of a row together.

use std::sync::Arc;

use polars::prelude::PlSmallStr;

use super::continuous::ContinuousQuery;
use super::row_rule::RowRule;
use super::table::Table;
use crate::query::Sharing;

/// Some questions of one table. A chunk carries the set that it was read for: a question that joins later has no part
/// in it.
#[derive(Debug, Default)]
pub struct QuerySet {
    /// Grows with each change.
    pub generation: u64,
    pub queries: Vec<Arc<ContinuousQuery>>,
    /// The columns that are read: those that any question needs, and those that time and seam need.
    pub columns: Vec<PlSmallStr>,
    /// Columns that are vital to some question: rows that lack one are marked.
    pub vital: Vec<PlSmallStr>,
    /// What several of the questions look at.
    pub sharing: Sharing,
    /// Whether any question judges rows by the watermark, and whether any judges all.
    pub judges: Option<bool>,
}

impl QuerySet {
    pub fn new(table: &Table, queries: Vec<Arc<ContinuousQuery>>) -> Self {
        Self::default().with(table, queries)
    }

    /// The set after a change. It reads what the set before read, and what is new: so a feed that reads enough already
    /// goes on as it is.
    pub fn with(&self, table: &Table, queries: Vec<Arc<ContinuousQuery>>) -> Self {
        let (mut columns, mut vital) = (self.columns.clone(), self.vital.clone());
        for query in &queries {
            add(&mut columns, query.plan.columns.iter());
            add(&mut vital, query.plan.vital.iter());
            add(&mut columns, query.rule.seam_filter.column().map(PlSmallStr::from).iter());
        }
        let time = table.time.as_ref().filter(|_| !table.live.is_empty());
        add(&mut columns, time.map(|time| time.column.as_str().into()).iter());
        let judges = queries.iter().filter_map(|query| table.judges_all(&query.plan)).reduce(|a, b| a || b);
        let sharing = Sharing::of(queries.iter().map(|query| &*query.plan));
        Self { generation: self.generation + 1, queries, columns, vital, sharing, judges }
    }

    /// Whether what is read for this set is enough for another.
    pub fn reads_for(&self, other: &Self) -> bool {
        let has = |own: &[PlSmallStr], wanted: &[PlSmallStr]| wanted.iter().all(|column| own.contains(column));
        has(&self.columns, &other.columns) && has(&self.vital, &other.vital)
    }

    /// The rules by which rows are rows, each once.
    pub fn rules(&self) -> Vec<Arc<RowRule>> {
        let mut rules: Vec<Arc<RowRule>> = Vec::new();
        for query in &self.queries {
            if rules.iter().all(|rule| !Arc::ptr_eq(rule, &query.rule)) {
                rules.push(query.rule.clone());
            }
        }
        rules
    }
}

fn add<'a>(columns: &mut Vec<PlSmallStr>, more: impl Iterator<Item = &'a PlSmallStr>) {
    for column in more {
        if !columns.contains(column) {
            columns.push(column.clone());
        }
    }
}
