//! Which rows of a chunk are rows for a question: those that lack none of its vital columns, and that the seam gives to
//! the face which brought them.

use polars::prelude::*;

use super::seam::Face;
use super::seam_filter::SeamFilter;
use super::table::Table;
use crate::data::broken::{Whole, whole_rows};
use crate::data::{Rejects, Result};

/// The rule of one question, or of several for which the same rows are rows.
#[derive(Debug)]
pub struct RowRule {
    /// The vital columns.
    pub vital: Vec<PlSmallStr>,
    pub seam_filter: SeamFilter,
}

/// The rows of a chunk by a rule.
#[derive(Debug)]
pub struct RuledRows {
    pub frame: DataFrame,
    pub rejects: Rejects,
    /// Rows that the other face owns.
    pub removed: u64,
}

impl RowRule {
    /// `seen` are keys that a checkpoint knows of.
    ///
    /// # Errors
    /// When the seam cannot be what the table says.
    pub fn new(vital: Vec<PlSmallStr>, table: &Table, seen: Option<&DataFrame>) -> Result<Self> {
        Ok(Self { vital, seam_filter: SeamFilter::new(table, seen)? })
    }

    /// Whether another question may share it: what it removes must not depend on the rows that came before.
    pub fn is_for(&self, vital: &[PlSmallStr]) -> bool {
        self.vital == vital && !self.seam_filter.remembers()
    }

    /// Takes the rows of a chunk of `face`.
    ///
    /// # Errors
    /// When the seam's column cannot be read as what it should be.
    pub fn apply(&self, frame: DataFrame, rejects: Rejects, face: Face) -> Result<RuledRows> {
        let Whole { frame, mut rejects, cells } = whole_rows(frame, rejects, &self.vital)?;
        rejects.cells.set_counts(cells);
        let (frame, removed) = self.seam_filter.own(frame, face)?;
        Ok(RuledRows { frame, rejects, removed })
    }
}
