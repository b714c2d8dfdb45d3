//! Where an expression gave null because a time left the range: the rows are told to the reader.

use polars::prelude::*;

use super::evaluate::evaluate;
use super::scalar::Scalar;
use crate::data::{Cells, Reject, Result, time};

impl Scalar {
    /// Adds to `cells` where `column`, the values for `frame`, is null because a time left the range: by row, from 1.
    ///
    /// # Errors
    /// What polars says while it looks.
    pub fn tell_losses(&self, frame: &DataFrame, column: &Column, cells: &mut Cells) -> Result<()> {
        let Self::Computed(computed) = self else { return Ok(()) };
        let losses = computed.steps.losses();
        if losses.is_empty() || column.null_count() == 0 {
            return Ok(());
        }
        let (mut seen, nulls) = (vec![false; frame.height()], column.is_null());
        let frame = &computed.steps.before(&computed.read(frame)?)?;
        for loss in losses {
            let lost = evaluate(frame, &loss.lost)?;
            let rows = lost.bool()?.iter().zip(nulls.iter()).enumerate();
            let rows: Vec<usize> = rows
                .filter(|(_, (lost, null))| *lost == Some(true) && *null == Some(true))
                .map(|(row, _)| row)
                .collect();
            if rows.is_empty() {
                continue;
            }
            let value = evaluate(frame, &loss.value)?;
            for row in rows {
                if let Some(seen) = seen.get_mut(row).filter(|seen| !**seen) {
                    *seen = true;
                    tell_loss(&computed.sql, row, &value.get(row)?, cells);
                }
            }
        }
        Ok(())
    }
}

/// Adds a row to `cells` whose value a time had made leave the range.
pub fn tell_loss(sql: &str, row: usize, value: &AnyValue<'_>, cells: &mut Cells) {
    let column = PlSmallStr::from(sql);
    cells.push(&column, || {
        let text = time::value_text(value).unwrap_or_else(|| value.to_string());
        Reject::new(&"".into(), row as u64 + 1, format!("{sql}: '{text}' leaves the range of time"), text.as_bytes())
    });
}
