//! What expressions make of some rows: filters and values, and the cells in which a value was lost.

use crate::data::{Cells, Result};
use crate::query::expr::Scalar;
use polars::prelude::*;

/// What an aggregate call takes of some rows.
pub(super) struct CallInput {
    /// Its FILTER.
    pub(super) mask: Option<BooleanChunked>,
    /// Its arguments.
    pub(super) columns: Vec<Column>,
}

impl CallInput {
    /// Repeats, drops or reorders rows.
    pub(super) fn take(self, rows: &IdxCa) -> Result<Self> {
        let mask = self.mask.map(|m| m.take(rows)).transpose()?;
        let columns = self.columns.iter().map(|c| c.take(rows)).collect::<PolarsResult<_>>()?;
        Ok(Self { mask, columns })
    }
}

/// The values of a scalar, and what is lost in them.
pub(super) fn evaluate(scalar: &Scalar, rows: &DataFrame, lost: &mut Cells) -> Result<Column> {
    let column = scalar.of(rows)?;
    scalar.report_overflows(rows, &column, lost)?;
    Ok(column)
}

/// The rows for which a condition holds, and what is lost in it.
pub(super) fn filter_mask(condition: &Scalar, rows: &DataFrame, lost: &mut Cells) -> Result<BooleanChunked> {
    as_mask(&evaluate(condition, rows, lost)?)
}

/// Where the values of a condition are true: null is not.
pub(super) fn as_mask(values: &Column) -> Result<BooleanChunked> {
    let mask = values.bool()?;
    Ok(if mask.null_count() > 0 { mask.fill_null_with_values(false)? } else { mask.clone() })
}

/// Cells of filtered rows by their rows before.
pub(super) fn unfiltered(mut cells: Cells, mask: Option<&BooleanChunked>) -> Cells {
    if let Some(mask) = mask.filter(|_| !cells.kept.is_empty()) {
        let rows: Vec<u64> =
            (1..).zip(mask.iter()).filter(|(_, keep)| *keep == Some(true)).map(|(row, _)| row).collect();
        for cell in &mut cells.kept {
            let at = usize::try_from(cell.line).unwrap_or(0).checked_sub(1);
            cell.line = at.and_then(|at| rows.get(at)).copied().unwrap_or(0);
        }
    }
    cells
}

/// The rows with these numbers; `None` for none.
pub(super) fn pick(frame: &DataFrame, rows: Vec<IdxSize>) -> Result<Option<DataFrame>> {
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(frame.take(&IdxCa::from_vec("".into(), rows))?))
}
