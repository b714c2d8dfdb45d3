//! The overlap of a table's two faces, and the seam that keeps its rows from being counted twice.

use super::widget::numbers;
use super::worksheet::Worksheet;
use crate::engine::Seam;
use crate::query::window::Micros;

/// A range of event time in which both faces of a table have rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    pub history_until: Micros,
    pub live_from: Micros,
}

impl Overlap {
    /// The seam at the end of history: history keeps its rows, and live gives later ones.
    pub fn seam(&self) -> Seam {
        Seam::Time(self.history_until.saturating_add(1))
    }

    /// Why another seam is proposed.
    pub fn why(&self) -> String {
        format!(
            "live begins at {}, and history ends at {}: rows of both may be counted twice",
            numbers::time(self.live_from),
            numbers::time(self.history_until)
        )
    }
}

impl Worksheet {
    /// The overlap that a seam in time would resolve, if live has begun before the end of history.
    pub fn better_seam(&self) -> Option<Overlap> {
        let seam =
            &self.watch.newest.as_ref().filter(|s| s.history_share() >= 1.0 && !s.seam.warnings.is_empty())?.seam;
        let doubtful = self.table.seam == Seam::Append && self.table.time.is_some();
        let (history_until, live_from) =
            seam.at.zip(seam.live_from).filter(|(until, from)| doubtful && from <= until)?;
        Some(Overlap { history_until, live_from })
    }
}
