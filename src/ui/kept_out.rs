//! The rows that the seam of a worksheet keeps out, or that the offered one would: looked up beside the run, so that
//! those which the other face lacks can be told and looked at.

use eframe::egui::Context;

use super::look_up::LookUp;
use super::overlap::Overlap;
use super::rewind::TimeRange;
use super::widget::numbers;
use super::worksheet::Worksheet;
use crate::data::{Fault, Result};
use crate::engine::kept_out::{Division, KeptOut, look};
use crate::engine::overlap::replays_its_history;
use crate::engine::{Seam, Table};
use crate::query::window::Micros;
use crate::sync::Wake;

/// What is looked up: a seam, and how many rows it may keep out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeptOutOf {
    at: Micros,
    rows: u64,
}

/// What was looked up, for which seam.
pub type KeptOutLook = LookUp<KeptOutOf, KeptOut>;

impl Worksheet {
    /// The time that divides the faces, or would if the offer were taken, and the rows on which it depends what that
    /// keeps out.
    fn divided(&self) -> Option<KeptOutOf> {
        let newest = self.watch.newest.as_ref().filter(|s| s.history_share() >= 1.0 && self.rewound.is_none())?;
        let seam = &newest.seam;
        if let Some(Seam::Time(at)) = self.better_seam().map(|overlap| overlap.seam()) {
            return Some(KeptOutOf { at, rows: seam.live_rows + seam.overlap_removed });
        }
        let Seam::Time(at) = self.table.seam else { return None };
        if seam.overlap_removed == 0 || replays_its_history(&self.table) {
            return None;
        }
        // Live may still bring what history has from the seam on.
        let awaits = self.looked_up().is_some_and(|kept| kept.as_ref().is_ok_and(|kept| kept.history > 0));
        Some(KeptOutOf { at, rows: seam.overlap_removed + if awaits { seam.live_rows } else { 0 } })
    }

    /// Begins to look where the seam or the rows have changed; true when something was found.
    pub(super) fn look_after_kept_out(&mut self, ctx: &Context, wake: &Wake) -> bool {
        let found = self.kept_out.as_mut().is_some_and(LookUp::take);
        let Some((of, newest)) = self.divided().zip(self.watch.newest.clone()) else {
            self.kept_out = None;
            return found;
        };
        let before = self.kept_out.take().filter(|own| own.of().at == of.at);
        if before.as_ref().is_some_and(|own| own.rests(of, newest.last, ctx)) {
            self.kept_out = before;
            return found;
        }
        let lateness = self.table.time.as_ref().map_or(0, |time| time.lateness.as_micros() as Micros);
        let live_until = newest.reached.newest().map_or(Micros::MIN, |newest| newest.saturating_sub(lateness));
        let live_until = if newest.last { Micros::MAX } else { live_until };
        let division = Division { at: of.at, reached: newest.reached.clone(), live_until };
        let job = look(Table::clone(&self.table), division, wake.clone());
        self.kept_out = Some(LookUp::begin(of, job, before));
        found
    }

    /// What was found of the seam that holds, or of the one that is offered.
    pub fn looked_up(&self) -> Option<&Result<KeptOut>> {
        self.kept_out.as_ref().and_then(LookUp::found).map(|(_, found)| found)
    }

    /// What to say of rows that are in neither face; nothing where there are none, or it is not known.
    pub(super) fn in_neither(&self) -> Option<Fault> {
        let kept = self.looked_up()?.as_ref().ok().filter(|kept| kept.absent() > 0)?;
        let live = (kept.live_absent > 0)
            .then(|| format!("{} older than the seam", numbers::counted(kept.live_absent, "live row")));
        let history = (kept.history_absent > 0)
            .then(|| format!("{} of history from the seam on", numbers::counted(kept.history_absent, "row")));
        let which = live.into_iter().chain(history).collect::<Vec<_>>().join(" and ");
        Some(Fault::new(format!("in neither face: {which}, as the other face has no row of the same time")))
    }

    /// Why another seam is proposed, and what it would keep out.
    pub(super) fn why(&self, overlap: &Overlap) -> String {
        match self.looked_up() {
            Some(Ok(kept)) if kept.live_absent > 0 => {
                let both = TimeRange { from: Some(overlap.live_from), until: Some(overlap.history_until) }.words();
                let rows = numbers::counted(kept.live_absent, "live row");
                format!("{both}: rows of both may be counted twice; the offered seam would leave {rows} in neither")
            }
            Some(Ok(kept)) if kept.live > 0 => {
                overlap.why() + "; history holds a row of the time of every older live row"
            }
            _ => overlap.why(),
        }
    }
}
