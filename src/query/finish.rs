//! From the kept groups to the answer: HAVING, the SELECT list, ORDER BY and LIMIT, over a frame of key columns
//! `__key0…` and aggregate columns `__agg0…`, one row a group.

use polars::prelude::*;

use super::expr::{Scalar, keep};
use crate::data::Result;

#[derive(Debug)]
pub struct Finish {
    pub having: Option<Scalar>,
    /// Name and value of each answer column.
    pub items: Vec<(PlSmallStr, Scalar)>,
    pub order: Vec<OrderBy>,
    pub limit: Option<u64>,
    /// Names of answer columns made by a division: where an infinite value deserves a word.
    pub divisions: Vec<PlSmallStr>,
}

#[derive(Debug)]
pub struct OrderBy {
    pub scalar: Scalar,
    pub descending: bool,
    pub nulls_first: bool,
}

/// A column of the kept frame that goes along with its rows, beside the answer's own.
pub(super) const STATUS: &str = "__status";

/// Above this many groups an answer without ORDER BY is left in the order of its groups: sorting it would cost more
/// than making it.
const SORTED_GROUPS: usize = 100_000;

impl Finish {
    /// True when the answer is ordered or cut as a whole, so that parts of it cannot be answered apart.
    pub fn needs_all(&self) -> bool {
        !self.order.is_empty() || self.limit.is_some()
    }

    /// # Errors
    /// What polars says while it evaluates an expression.
    pub fn apply(&self, kept: DataFrame) -> Result<DataFrame> {
        let mut kept = kept;
        if let Some(having) = &self.having {
            kept = kept.filter(&keep(having, &kept)?)?;
        }
        let height = kept.height();
        let mut columns = Vec::with_capacity(self.items.len());
        for (name, scalar) in &self.items {
            columns.push(scalar.of(&kept)?.with_name(name.clone()));
        }
        columns.extend(kept.column(STATUS).ok().cloned());
        let answer = DataFrame::new(height, columns)?;
        let Some(order) = self.ordering(&kept)? else { return Ok(self.cut(answer)) };
        Ok(self.cut(answer.take(order.idx()?)?))
    }

    fn cut(&self, answer: DataFrame) -> DataFrame {
        match self.limit {
            Some(limit) => answer.head(Some(limit as usize)),
            None => answer,
        }
    }

    /// Row numbers in the order of the answer. Ties, and an answer without ORDER BY, are ordered by the group keys, so
    /// that the same rows give the same table however they were cut.
    fn ordering(&self, kept: &DataFrame) -> Result<Option<Column>> {
        let keys = kept.columns().iter().filter(|c| c.name().starts_with("__key") && *c.dtype() != DataType::Null);
        let keys: Vec<Column> = keys.cloned().collect();
        if kept.height() < 2 || (self.order.is_empty() && (keys.is_empty() || kept.height() > SORTED_GROUPS)) {
            return Ok(None);
        }
        let rows = Column::new("__row".into(), (0..kept.height() as IdxSize).collect::<Vec<_>>());
        let mut columns = vec![rows];
        let mut options = SortMultipleOptions { descending: Vec::new(), nulls_last: Vec::new(), multithreaded: false, maintain_order: false, limit: None };
        let mut add = |column: Column, descending: bool, nulls_first: bool| {
            columns.push(column.with_name(format!("__by{}", columns.len()).into()));
            options.descending.push(descending);
            options.nulls_last.push(!nulls_first);
        };
        for by in &self.order {
            add(by.scalar.of(kept)?, by.descending, by.nulls_first);
        }
        for key in keys {
            add(key, false, false);
        }
        let by: Vec<PlSmallStr> = columns.iter().skip(1).map(|c| c.name().clone()).collect();
        let sorted = DataFrame::new(kept.height(), columns)?.sort(by, options)?;
        Ok(Some(sorted.column("__row")?.clone()))
    }
}
