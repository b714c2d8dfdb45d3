//! Where an expression gave null because a time left the range: such values are reported, row by row.

use polars::prelude::*;

use super::evaluate::evaluate;
use super::scalar::Scalar;
use crate::data::{Cells, Reject, Result, time};

impl Scalar {
    /// Adds to `cells` where `column`, the values for `frame`, is null because a time left the range: by row, from 1.
    ///
    /// # Errors
    /// What polars says while it looks.
    pub fn report_overflows(&self, frame: &DataFrame, column: &Column, cells: &mut Cells) -> Result<()> {
        let Self::Computed(computed) = self else { return Ok(()) };
        let overflows = computed.steps.overflows();
        if overflows.is_empty() || column.null_count() == 0 {
            return Ok(());
        }
        let (mut seen, nulls) = (vec![false; frame.height()], column.is_null());
        let frame = &computed.steps.before(&computed.read(frame)?)?;
        for overflow in overflows {
            let lost = evaluate(frame, &overflow.lost)?;
            let rows = lost.bool()?.iter().zip(nulls.iter()).enumerate();
            let rows: Vec<usize> = rows
                .filter(|(_, (lost, null))| *lost == Some(true) && *null == Some(true))
                .map(|(row, _)| row)
                .collect();
            if rows.is_empty() {
                continue;
            }
            let value = evaluate(frame, &overflow.value)?;
            for row in rows {
                if let Some(seen) = seen.get_mut(row).filter(|seen| !**seen) {
                    *seen = true;
                    report_overflow(&computed.sql, row, &value.get(row)?, cells);
                }
            }
        }
        Ok(())
    }
}

/// Adds a row to `cells` whose value a time had made leave the range.
pub fn report_overflow(sql: &str, row: usize, value: &AnyValue<'_>, cells: &mut Cells) {
    let column = PlSmallStr::from(sql);
    cells.push(&column, || {
        let text = time::value_text(value).unwrap_or_else(|| value.to_string());
        Reject::new(&"".into(), row as u64 + 1, format!("{sql}: '{text}' leaves the range of time"), text.as_bytes())
    });
}
