//! From what is kept to the answer: HAVING, window functions, QUALIFY, the SELECT list, ORDER BY and LIMIT, over a
//! frame of key columns `__key0…` and aggregate columns `__agg0…`, one row a group; or, where rows are kept, of values
//! `__val0…`.

use polars::prelude::*;

use super::expr::{Scalar, keep};
use super::keys::Keys;
use super::order::{SortColumn, sorted};
use super::order_by::{SortExpr, sort_columns};
use super::over::{self, OverCall};
use crate::data::Result;

#[derive(Debug, Default)]
pub struct Finish {
    pub having: Option<Scalar>,
    /// Window functions over what HAVING left: columns `__win0…` of the kept frame.
    pub overs: Vec<OverCall>,
    pub qualify: Option<Scalar>,
    /// Name and value of each answer column.
    pub items: Vec<(PlSmallStr, Scalar)>,
    pub order: Vec<SortExpr>,
    pub limit: Option<u64>,
    /// Rows in order that are left out before the first one of those.
    pub offset: u64,
    /// SELECT DISTINCT: equal rows of the answer are shown once.
    pub distinct: bool,
    /// Names of answer columns made by a division: where an infinite value deserves a word.
    pub divisions: Vec<PlSmallStr>,
}

/// A column of the kept frame that goes along with its rows, beside the answer's own.
pub(super) const STATUS: &str = "__status";
/// A column that orders the answer, beside the answer's own.
const BY: &str = "__by";

/// Above this many groups an answer without ORDER BY is left in the order of its groups: sorting it would cost more
/// than making it.
const SORTED_GROUPS: usize = 100_000;

impl Finish {
    /// True when the answer is ordered or cut as a whole, so that parts of it cannot be answered apart.
    pub fn needs_all(&self) -> bool {
        !self.order.is_empty() || self.limit.is_some() || !self.overs.is_empty() || self.distinct
    }

    /// True when parts of the answer, each in order, can be merged to all of it: no row is looked at beside others.
    pub fn merges(&self) -> bool {
        self.overs.is_empty() && self.qualify.is_none() && !self.distinct
    }

    /// The answer's columns of kept rows.
    fn shown(&self, kept: &DataFrame) -> Result<Vec<Column>> {
        self.items.iter().map(|(name, scalar)| Ok(scalar.of(kept)?.with_name(name.clone()))).collect()
    }

    /// The answer's columns of kept rows that `narrow` left, and beside them, `__by0…`, what orders them.
    ///
    /// # Errors
    /// What polars says while it evaluates an expression.
    pub fn with_order(&self, kept: &DataFrame) -> Result<DataFrame> {
        let mut columns = self.shown(kept)?;
        for (i, (column, ..)) in sort_columns(&self.order, kept)?.into_iter().enumerate() {
            columns.push(column.with_name(format!("{BY}{i}").into()));
        }
        Ok(DataFrame::new(kept.height(), columns)?)
    }

    /// What orders the rows of such a frame.
    pub fn ordered_by(&self, frame: &DataFrame) -> Vec<SortColumn> {
        let ways = self
            .order
            .iter()
            .map(|order| (order.descending, order.nulls_first))
            .chain(std::iter::repeat((false, false)));
        frame
            .columns()
            .iter()
            .skip(self.items.len())
            .cloned()
            .zip(ways)
            .map(|(column, (descending, nulls_first))| (column, descending, nulls_first))
            .collect()
    }

    /// The names and types of the answer's columns, for what is kept before window functions add theirs.
    ///
    /// # Errors
    /// What polars says while it evaluates an expression.
    pub(super) fn output(&self, mut kept: Schema) -> Result<SchemaRef> {
        for (i, call) in self.overs.iter().enumerate() {
            kept.insert(over::name(i), call.dtype.clone());
        }
        let none = DataFrame::empty_with_schema(&kept);
        let fields =
            self.items.iter().map(|(name, scalar)| Ok(Field::new(name.clone(), scalar.of(&none)?.dtype().clone())));
        Ok(Arc::new(fields.collect::<Result<Schema>>()?))
    }

    /// The answer, from what is kept.
    ///
    /// # Errors
    /// What polars says while it evaluates an expression.
    pub fn apply(&self, kept: DataFrame) -> Result<DataFrame> {
        let mut kept = kept;
        if let Some(having) = &self.having {
            kept = kept.filter(&keep(having, &kept)?)?;
        }
        for (i, call) in self.overs.iter().enumerate() {
            let column = call.evaluate(&kept)?.with_name(over::name(i));
            kept.with_column(column)?;
        }
        if let Some(qualify) = &self.qualify {
            kept = kept.filter(&keep(qualify, &kept)?)?;
        }
        let height = kept.height();
        let mut columns = self.shown(&kept)?;
        columns.extend(kept.column(STATUS).ok().cloned());
        let mut answer = DataFrame::new(height, columns)?;
        if let Some(order) = self.ordering(&kept)? {
            answer = answer.take(&order)?;
        }
        if self.distinct {
            answer = once(&answer)?;
        }
        Ok(self.cut(answer))
    }

    /// The rows of the kept frame that can be in the answer: what is left of some groups before others are known.
    ///
    /// # Errors
    /// What polars says while it evaluates an expression.
    pub fn narrow(&self, kept: DataFrame) -> Result<DataFrame> {
        let mut kept = kept;
        if let Some(having) = &self.having {
            kept = kept.filter(&keep(having, &kept)?)?;
        }
        let Some(most) = self.most().filter(|most| kept.height() as u64 > *most && self.merges()) else {
            return Ok(kept);
        };
        let order = self
            .ordering(&kept)?
            .unwrap_or_else(|| IdxCa::from_vec("".into(), (0..kept.height() as IdxSize).collect()));
        // A copy: a slice would hold all that it was cut from.
        Ok(kept.take(&order.head(Some(usize::try_from(most).unwrap_or(usize::MAX))))?)
    }

    /// How many of the first rows there must be for the ones that are shown; `None` for all.
    pub fn most(&self) -> Option<u64> {
        self.limit.map(|limit| limit.saturating_add(self.offset))
    }

    fn cut(&self, answer: DataFrame) -> DataFrame {
        match self.limit {
            Some(limit) => answer
                .slice(i64::try_from(self.offset).unwrap_or(i64::MAX), usize::try_from(limit).unwrap_or(usize::MAX)),
            None => answer,
        }
    }

    /// Row numbers in the order of the answer. Ties, and an answer without ORDER BY, are ordered by the group keys, so
    /// that the same rows give the same table however they were cut.
    fn ordering(&self, kept: &DataFrame) -> Result<Option<IdxCa>> {
        let rows = kept.columns().iter().any(|c| c.name().starts_with("__val"));
        if self.order.is_empty() && (rows || kept.height() > SORTED_GROUPS) {
            return Ok(None);
        }
        sorted(kept.height(), sort_columns(&self.order, kept)?)
    }
}

/// Each row once, where it stands first.
fn once(answer: &DataFrame) -> Result<DataFrame> {
    let columns: Vec<Column> = answer.columns().iter().filter(|c| c.name() != STATUS).cloned().collect();
    let mut seen = Keys::new(&columns.iter().map(|c| (c.name().clone(), c.dtype().clone())).collect::<Vec<_>>())?;
    let mut numbers = Vec::new();
    seen.assign(&columns, answer.height(), &mut numbers)?;
    let mut next = 0;
    let first = numbers.iter().map(|n| {
        let new = *n == next;
        next += u32::from(new);
        new
    });
    Ok(answer.filter(&first.collect::<BooleanChunked>())?)
}
