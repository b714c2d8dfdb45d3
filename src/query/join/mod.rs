//! Enrichment: rows of a table joined with a dataset that is held in memory, by an index from key to rows. Loading the
//! dataset, and again when it changes, is left to the engine.
//!
//! Null keys never match. A row that matches several rows of the dataset becomes several; it is still one row that came
//! in, so it counts once as shown, filtered or late.

mod both;
mod lookup;
mod matched;
mod nearest;
mod origin;

use polars::prelude::*;

pub use self::both::RowJoin;
pub use self::lookup::Lookup;
use self::lookup::{KeyCells, LOOK};
pub use self::matched::{Matched, Perhaps, Sought};
pub use self::nearest::{Nearest, Way};
pub(super) use self::origin::{ORIGIN, distinct, origins};
use super::expr::{Scalar, keep};
use crate::data::Result;

/// How a question's rows are enriched.
#[derive(Debug)]
pub struct Join {
    /// LEFT JOIN: rows without a match stay.
    pub left: bool,
    /// The dataset's name.
    pub table: String,
    /// The columns of it that are read, by their own names.
    pub columns: Vec<PlSmallStr>,
    /// What those are called in the question.
    pub here: Vec<PlSmallStr>,
    pub equations: Vec<Equation>,
    /// Conditions of ON that look at the dataset alone.
    pub only: Vec<Scalar>,
}

#[derive(Debug)]
pub struct Equation {
    pub first: Scalar,
    pub second: Scalar,
    /// What both sides are compared as.
    pub compare: DataType,
}

/// Joined rows that are made at once: few enough to take little memory, and little time between two looks at whether
/// to stop.
const AT_ONCE: usize = 1 << 17;

impl Join {
    /// Makes the index of a dataset: `frame` has `columns`.
    ///
    /// `None` where `stopped` ended the work.
    ///
    /// # Errors
    /// When a key or a condition cannot be evaluated over it.
    pub fn index(&self, frame: DataFrame, stopped: &dyn Fn() -> bool) -> Result<Option<Lookup>> {
        let height = frame.height();
        let columns =
            frame.columns().iter().zip(&self.here).map(|(c, name)| c.clone().with_name(name.clone())).collect();
        let mut frame = DataFrame::new(height, columns)?;
        for condition in &self.only {
            frame = frame.filter(&keep(condition, &frame)?)?;
        }
        frame.rechunk_mut();
        let cells = self
            .equations
            .iter()
            .map(|e| KeyCells::of(&e.second.of(&frame)?, &e.compare))
            .collect::<Result<Vec<_>>>()?;
        Ok(Lookup::new(frame, cells, stopped))
    }

    /// Joins `rows` with the dataset, in pieces of bounded size: each joined row, and which of `rows` it is of. A piece
    /// begins and ends with whole rows; a row that alone makes more than a piece holds has pieces of its own. Gives how
    /// many of `rows` are done: all, unless `stopped` ended the work. Pieces of a row whose last one is missing do not
    /// count.
    ///
    /// # Errors
    /// When a key cannot be evaluated, or what `take` says.
    pub fn apply(
        &self,
        rows: &DataFrame,
        lookup: &Lookup,
        stopped: &dyn Fn() -> bool,
        mut take: impl FnMut(JoinedRows) -> Result<()>,
    ) -> Result<usize> {
        let cells =
            self.equations.iter().map(|e| KeyCells::of(&e.first.of(rows)?, &e.compare)).collect::<Result<Vec<_>>>()?;
        let (mut origin, mut matched): (Vec<IdxSize>, Vec<Option<IdxSize>>) = (Vec::new(), Vec::new());
        for row in 0..rows.height() {
            let found = lookup.find(&cells, row);
            let full = origin.len() + found.len() > AT_ONCE;
            if full || row % LOOK == 0 {
                if !origin.is_empty() && full {
                    take(JoinedRows::Rows(lookup.pair(
                        rows,
                        std::mem::take(&mut origin),
                        std::mem::take(&mut matched),
                    )?))?;
                }
                // What was found of rows before this one is taken, too.
                if stopped() {
                    if !origin.is_empty() {
                        take(JoinedRows::Rows(lookup.pair(rows, origin, matched)?))?;
                    }
                    return Ok(row);
                }
            }
            if found.len() > AT_ONCE {
                let pieces = found.len().div_ceil(AT_ONCE);
                for (i, some) in found.chunks(AT_ONCE).enumerate() {
                    if stopped() {
                        return Ok(row);
                    }
                    let (origin, matched) =
                        (vec![row as IdxSize; some.len()], some.iter().map(|other| Some(*other)).collect());
                    take(JoinedRows::OfRow { joined: lookup.pair(rows, origin, matched)?, last: i + 1 == pieces })?;
                }
                continue;
            }
            if found.is_empty() && self.left {
                origin.push(row as IdxSize);
                matched.push(None);
            }
            for other in found {
                origin.push(row as IdxSize);
                matched.push(Some(*other));
            }
        }
        take(JoinedRows::Rows(lookup.pair(rows, origin, matched)?))?;
        Ok(rows.height())
    }
}

/// Some joined rows.
pub enum JoinedRows {
    /// Of whole rows.
    Rows(DataFrame),
    /// Of one row, one after the other.
    OfRow { joined: DataFrame, last: bool },
}
