//! Where the rows went that a partial took.

use crate::data::{Cells, Result};
use crate::query::window::Micros;
use polars::prelude::*;

/// Where the rows of one `absorb` went: `rows == shown + filtered + late.height() + left`.
#[derive(Debug, Default)]
pub struct Absorbed {
    /// Rows that are in the answer; one that is in several windows is counted once.
    pub shown: u64,
    /// Rows that WHERE left out, and those between hops that are further apart than they are long.
    pub filtered: u64,
    /// Rows all of whose windows were final already; they are not in the answer. All columns that were absorbed.
    pub late: Option<DataFrame>,
    /// Rows some of whose windows were final already; they are in the others, and counted as shown.
    pub partly_late: Option<DataFrame>,
    /// Rows that were not looked at, because the work was to stop: the last ones.
    pub left: u64,
    /// The watermark that decided so: what `readmit` needs beside the rows.
    pub watermark: Option<Micros>,
    /// Values that are null because a time left the range; `line` is the row of what was absorbed, from 1, and there
    /// is no source.
    pub cells: Cells,
}

impl Absorbed {
    /// Adds what became of other rows.
    ///
    /// # Errors
    /// When their columns differ.
    pub fn add(&mut self, other: Self) -> Result<()> {
        let join = |one: Option<DataFrame>, other: Option<DataFrame>| match (one, other) {
            (Some(one), Some(other)) => one.vstack(&other).map(Some),
            (one, other) => Ok(one.or(other)),
        };
        self.shown += other.shown;
        self.filtered += other.filtered;
        self.left += other.left;
        self.late = join(self.late.take(), other.late)?;
        self.partly_late = join(self.partly_late.take(), other.partly_late)?;
        self.cells.add(other.cells);
        Ok(())
    }
}
