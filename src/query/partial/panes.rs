//! Hops by panes: where windows overlap and many rows share a stretch of time, rows are aggregated by such stretches
//! first, and their states then go to the windows.

use super::inputs::CallInput;
use super::{MOST_HOPS, Partial, Spans};
use crate::data::Result;
use crate::query::plan::key_name;
use crate::query::window::{Admission, Hop, Micros, as_times, micros_of};
use polars::prelude::*;

/// From this many windows a row, and this many rows, a chunk is aggregated by panes first.
const PANES_FROM: (i64, usize) = (3, 512);

impl Partial {
    /// Adds rows to the panes of a hop first, and their states to the windows: where many rows share a pane, each is
    /// looked up once and not once a window.
    pub(super) fn fold_panes(
        &mut self,
        hop: Hop,
        watermark: Option<Micros>,
        keys: &[Column],
        panes: Int64Chunked,
        inputs: &[CallInput],
    ) -> Result<()> {
        let rows = panes.len();
        let mut by_pane = Self::new(self.plan.clone())?;
        by_pane.fold(keys, &Spans::Starts(panes), rows, inputs, false)?;
        if by_pane.groups() > rows / 2 {
            self.no_panes = 32;
        }
        let states = by_pane.to_frame()?;
        let Some(window) = self.plan.window_key() else { return Ok(()) };
        let starts = micros_of(states.column(&key_name(window))?)?;
        let piece = usize::try_from(MOST_HOPS / hop.most_windows()).unwrap_or(1).max(1);
        for from in (0..states.height()).step_by(piece) {
            let placed = hop.place(&starts.slice(from as i64, piece), Admission::Open(watermark));
            let entries = IdxCa::from_vec("".into(), placed.rows.unwrap_or_default());
            let mut expanded = states.slice(from as i64, piece).take(&entries)?;
            expanded.with_column(as_times(key_name(window), placed.starts))?;
            self.merge_frame(&expanded)?;
        }
        self.unseen += rows;
        Ok(())
    }

    /// Whether a chunk of so many rows is aggregated by panes.
    pub(super) fn worth_panes(&mut self, hop: Hop, rows: usize) -> bool {
        if hop.most_windows() < PANES_FROM.0 || rows < PANES_FROM.1 {
            return false;
        }
        self.no_panes = self.no_panes.saturating_sub(1);
        self.no_panes == 0
    }
}
