//! Rows on their way into groups: those that WHERE leaves. Only the columns that are looked at are cut to them.

use super::inputs::{as_mask, evaluate, filter_mask};
use super::shared::SharedRows;
use crate::data::{Cells, Result};
use crate::query::Plan;
use crate::query::expr::{Scalar, ScalarId};
use crate::query::join::{ORIGIN, distinct};
use crate::query::keys::Coded;
use crate::query::plan::GroupKey;
use crate::query::score;
use polars::prelude::*;

pub(super) struct Rows<'s, 'a> {
    /// As they came, with the scores that WHERE may look at; and with all scores, where there is no WHERE.
    came: DataFrame,
    filter: Option<(ScalarId, BooleanChunked)>,
    /// Rows that are left.
    pub(super) height: usize,
    /// Columns of those rows, as far as they were looked at.
    left: Vec<Column>,
    shared: Option<&'s mut SharedRows<'a>>,
}

impl<'s, 'a> Rows<'s, 'a> {
    /// The rows of `frame` that a question takes, and in `cells` what its WHERE loses. `shared` are the same rows.
    pub(super) fn new(
        plan: &Plan,
        frame: &DataFrame,
        shared: Option<&'s mut SharedRows<'a>>,
        cells: &mut Cells,
    ) -> Result<Self> {
        let mut came = frame.clone();
        score::add(&plan.scores.before, &mut came)?;
        let (height, shared) = (came.height(), shared.and_then(|shared| shared.of(plan)));
        let mut rows = Self { came, filter: None, height, left: Vec::new(), shared };
        if let Some(filter) = &plan.filter {
            let mask = match rows.shared.as_mut().and_then(|shared| shared.mask(filter)) {
                Some(mask) => mask,
                None => filter_mask(filter, &rows.came, cells)?,
            };
            rows.height = mask.sum().unwrap_or(0) as usize;
            rows.filter = Some((filter.id(), mask));
        }
        if !plan.scores.after.is_empty() {
            let mut all = rows.all()?;
            score::add(&plan.scores.after, &mut all)?;
            match &rows.filter {
                Some(_) => rows.left = all.columns().to_vec(),
                None => rows.came = all,
            }
        }
        Ok(rows)
    }

    /// Which of the rows that came are left, where there is a WHERE.
    pub(super) fn mask(&self) -> Option<&BooleanChunked> {
        self.filter.as_ref().map(|(_, mask)| mask)
    }

    pub(super) fn column(&mut self, name: &PlSmallStr) -> Result<Column> {
        let Some((filter, mask)) = &self.filter else { return Ok(self.came.column(name)?.clone()) };
        if let Some(column) = self.left.iter().find(|column| column.name() == name) {
            return Ok(column.clone());
        }
        let column = match self.shared.as_mut().and_then(|shared| shared.column((filter, mask), name)) {
            Some(column) => column,
            None => self.came.column(name)?.filter(mask)?,
        };
        self.left.push(column.clone());
        Ok(column)
    }

    fn columns<'n>(&mut self, names: impl IntoIterator<Item = &'n PlSmallStr>) -> Result<DataFrame> {
        let columns = names.into_iter().map(|name| self.column(name)).collect::<Result<_>>()?;
        Ok(DataFrame::new(self.height, columns)?)
    }

    /// All columns, but for scores that WHERE does not look at.
    pub(super) fn all(&mut self) -> Result<DataFrame> {
        if self.filter.is_none() {
            return Ok(self.came.clone());
        }
        let names: Vec<_> = self.came.get_column_names_owned();
        self.columns(&names)
    }

    /// Which rows were joined, where they were.
    pub(super) fn origin(&mut self) -> Result<Option<DataFrame>> {
        let name = PlSmallStr::from_static(ORIGIN);
        if self.came.column(&name).is_err() {
            return Ok(None);
        }
        self.columns([&name]).map(Some)
    }

    /// How many rows came in of which these were made.
    pub(super) fn origins(&mut self) -> Result<u64> {
        Ok(match self.origin()? {
            Some(origin) => distinct(&origin, None)?,
            None => self.height as u64,
        })
    }

    /// The values of a scalar, and what is lost in them.
    pub(super) fn evaluate(&mut self, scalar: &Scalar, lost: &mut Cells) -> Result<Column> {
        if let Scalar::Column(name) = scalar {
            return self.column(name);
        }
        let filter = self.filter.as_ref().map(|(filter, mask)| (filter, mask));
        if let Some(column) = self.shared.as_mut().and_then(|shared| shared.value(filter, scalar)) {
            return Ok(column);
        }
        evaluate(scalar, &self.columns(scalar.columns())?, lost)
    }

    /// The rows for which a condition holds, and what is lost in it.
    pub(super) fn holds(&mut self, condition: &Scalar, lost: &mut Cells) -> Result<BooleanChunked> {
        as_mask(&self.evaluate(condition, lost)?)
    }

    /// The codes of all keys, where other questions look at any of them.
    pub(super) fn coded(&mut self, keys: &[GroupKey]) -> Option<Vec<Coded>> {
        let filter = self.filter.as_ref().map(|(filter, mask)| (filter, mask));
        self.shared.as_mut()?.coded(filter, keys)
    }
}
