//! What is guarded, and by which forest it is challenged.

use std::sync::Arc;

use polars::prelude::PlSmallStr;

use crate::data::{Fault, Result};
use crate::engine::gather::Selection;
use crate::engine::reached::PartitionPosition;
use crate::engine::train::Target;
use crate::engine::{Reached, Table, TablePosition};
use crate::learn::drift::Baseline;
use crate::learn::forest::Forest;

/// What is guarded, and where.
#[derive(Clone, Debug)]
pub struct GuardSettings {
    pub table: Arc<Table>,
    pub target: Target,
    pub forest: Arc<Forest>,
    /// How the features were distributed in training; without it their drift cannot be told.
    pub baseline: Option<Arc<Baseline>>,
    /// How far the feeds were read for the training; `None` begins with the first live row.
    pub trained: Option<TablePosition>,
    /// What a person sees already: a feed with a pace of its own hurries up to there.
    pub reached: Reached,
    /// Features are compared every so many rows.
    pub window_rows: u64,
}

impl GuardSettings {
    /// What is wanted of each row: features, target and time.
    ///
    /// # Errors
    /// When the table lacks a feature, or the target cannot be computed.
    pub(super) fn selection(&self) -> Result<Selection> {
        let derived = self.target.bind(&self.table)?;
        let target = PlSmallStr::from(self.target.name.as_str());
        let mut columns: Vec<PlSmallStr> = self.forest.features.iter().map(|f| f.name.as_str().into()).collect();
        let time = self.table.time.iter().map(|time| PlSmallStr::from(time.column.as_str()));
        for column in (derived.is_none()).then(|| target.clone()).into_iter().chain(time) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        if let Some(missing) = self.forest.features.iter().find(|f| !self.table.schema.contains(&f.name)) {
            return Err(Fault::new(format!("there is no column '{}', which the model asks for", missing.name))
                .at(self.table.name.clone())
                .hint("guard it under a table that has it, or train again without it"));
        }
        Ok(Selection { columns, derived: derived.map(|d| (target, d)) })
    }

    /// How far these feeds were read for the training.
    pub(super) fn behind(&self) -> Option<&Reached> {
        self.trained.as_ref()?.of(&self.table)
    }
}

/// The window that suits a model: a tenth of its training rows, within reason.
pub fn window_rows(baseline: Option<&Baseline>) -> u64 {
    (baseline.map_or(0, |b| b.rows) / 10).clamp(1_000, 20_000)
}

/// A forest that was trained anew, and how far the feeds were read for that: rows from there on are new to it.
#[derive(Clone, Debug)]
pub struct RetrainedForest {
    pub forest: Arc<Forest>,
    pub until: Option<TablePosition>,
}

impl RetrainedForest {
    /// Whether it was trained on none of the rows at a place.
    pub(super) fn is_new(&self, table: &Table, at: &PartitionPosition) -> bool {
        let trained = self.until.as_ref().and_then(|until| until.of(table)).map(|trained| trained.of(at.feed));
        trained.and_then(|trained| trained.get(&at.partition).copied()).is_none_or(|next| at.start >= next)
    }
}
