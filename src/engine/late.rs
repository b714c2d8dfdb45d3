//! Rows that came after their window was final: set aside with all that was read of them, counted, shown, and kept
//! until they are re-admitted.

use polars::prelude::*;

use super::reached::Readmitted;
use crate::data::Result;
use crate::query::join::Lookup;
use crate::query::window::{Micros, WATERMARK};
use crate::query::{Absorbed, Partial};
use crate::store::aside::stack;

/// Whether a row is in some of its windows (hops overlap) and was late for the others only.
const PARTLY: &str = "__partly";

/// Late rows in the order in which workers met them.
#[derive(Clone, Debug, Default)]
pub struct Late {
    rows: DataFrame,
}

impl Late {
    /// What a checkpoint kept.
    pub fn from_frame(rows: DataFrame) -> Self {
        Self { rows }
    }

    pub fn frame(&self) -> &DataFrame {
        &self.rows
    }

    pub fn len(&self) -> usize {
        self.rows.height()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps what an `absorb_judged` set aside.
    ///
    /// # Errors
    /// When the rows have other columns than those before.
    pub fn note(&mut self, absorbed: &mut Absorbed) -> Result<()> {
        for (rows, partly) in [(absorbed.late.take(), false), (absorbed.partly_late.take(), true)] {
            let Some(mut rows) = rows else { continue };
            let height = rows.height();
            rows.with_column(Column::new(PARTLY.into(), vec![partly; height]))?;
            self.add(Self { rows })?;
        }
        Ok(())
    }

    /// What is read changes with the questions that are asked: what is not known of some rows is null there.
    ///
    /// # Errors
    /// When the columns of the two cannot stand below each other.
    pub fn add(&mut self, other: Self) -> Result<()> {
        if self.rows.width() == 0 {
            self.rows = other.rows;
        } else if self.rows.schema() == other.rows.schema() {
            self.rows.vstack_mut(&other.rows)?;
        } else if other.rows.width() > 0 {
            self.rows = stack(std::mem::take(&mut self.rows), other.rows)?;
        }
        Ok(())
    }

    /// The rows as they came, the first `most` of them.
    pub fn shown(&self, most: usize) -> DataFrame {
        self.rows.head(Some(most)).drop_many([WATERMARK, PARTLY])
    }

    /// How far event time had come when each row came; `lateness` is what they were judged by.
    fn came_at(&self, lateness: Micros) -> Result<Vec<Micros>> {
        let judged = self.rows.column(WATERMARK)?.i64()?;
        Ok(judged.iter().map(|at| at.unwrap_or(Micros::MIN).saturating_add(lateness)).collect())
    }

    /// Which rows these are, once they are re-admitted.
    ///
    /// # Errors
    /// An error of polars, which is not expected.
    pub fn readmitted(&self, lateness: Micros) -> Result<Option<Readmitted>> {
        if self.is_empty() {
            return Ok(None);
        }
        let came = self.came_at(lateness)?;
        let until = came.iter().copied().max();
        Ok(until.map(|until| Readmitted { until, rows: came.iter().filter(|at| **at == until).count() as u64 }))
    }

    /// Takes out the rows that were re-admitted before; `left` is what is still to be found of them.
    ///
    /// # Errors
    /// An error of polars, which is not expected.
    pub fn take_readmitted(&mut self, lateness: Micros, left: &mut Readmitted) -> Result<Self> {
        if self.is_empty() {
            return Ok(Self::default());
        }
        let mut again = |at: &Micros| {
            let last = *at == left.until && left.rows > 0;
            left.rows -= u64::from(last);
            last || *at < left.until
        };
        let again: BooleanChunked = self.came_at(lateness)?.iter().map(|at| Some(again(at))).collect();
        let taken = self.rows.filter(&again)?;
        self.rows = self.rows.filter(&!&again)?;
        Ok(Self { rows: taken })
    }

    /// Puts all rows into the windows that they missed. Gives how many are shown now, of those that were not at all,
    /// and how many of those WHERE leaves out. `lookup` is what they are joined with, where they are.
    ///
    /// # Errors
    /// When an expression cannot be evaluated over them.
    pub fn readmit(&self, partial: &mut Partial, lookup: Option<&Lookup>) -> Result<(u64, u64)> {
        if self.is_empty() {
            return Ok((0, 0));
        }
        let partly = self.rows.column(PARTLY)?.bool()?.clone();
        let (mut shown, mut filtered) = (0, 0);
        for (rows, counts) in [(self.rows.filter(&!&partly)?, true), (self.rows.filter(&partly)?, false)] {
            let watermarks: Vec<Micros> = rows.column(WATERMARK)?.i64()?.into_no_null_iter().collect();
            if rows.height() == 0 {
                continue;
            }
            let rows = rows.drop_many([WATERMARK, PARTLY]);
            let absorbed = match lookup {
                Some(lookup) => partial.readmit_joined(&rows, &watermarks, lookup)?,
                None => partial.readmit(&rows, &watermarks)?,
            };
            if counts {
                shown += absorbed.shown;
                filtered += absorbed.filtered;
            }
        }
        Ok((shown, filtered))
    }
}
