//! Rows that are joined with a dataset before a partial takes them: what it counts are the rows that came in.

use super::{Absorbed, Partial};
use crate::data::{Fault, Result};
use crate::query::join::{JoinedRows, Lookup, ORIGIN, origins};
use crate::query::rows::SourceRange;
use crate::query::window::Micros;
use polars::prelude::*;

impl Partial {
    /// `absorb` for rows that are to be joined first. What it counts are the rows of `frame`, and late ones are those.
    ///
    /// # Errors
    /// As `absorb`; pieces taken before the fault stay.
    pub fn absorb_joined(
        &mut self,
        frame: &DataFrame,
        lookup: &Lookup,
        watermark: Option<Micros>,
        at: Option<SourceRange>,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Absorbed> {
        let absorbed =
            self.take_joined(frame, lookup, stopped, |partial, joined| partial.absorb_at(&joined, watermark, at))?;
        Ok(Absorbed { watermark, ..absorbed })
    }

    /// `absorb_judged` for rows that are to be joined first.
    ///
    /// # Errors
    /// As `absorb_joined`.
    pub fn absorb_joined_judged(
        &mut self,
        frame: &DataFrame,
        lookup: &Lookup,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Absorbed> {
        self.take_joined(frame, lookup, stopped, |partial, joined| partial.absorb_judged(&joined))
    }

    /// `readmit` for rows that are to be joined first.
    ///
    /// # Errors
    /// As `readmit`.
    pub fn readmit_joined(&mut self, late: &DataFrame, watermarks: &[Micros], lookup: &Lookup) -> Result<Absorbed> {
        self.take_joined(late, lookup, &|| false, |partial, joined| match watermarks {
            [_] => partial.readmit(&joined, watermarks),
            each => {
                let rows = joined.column(ORIGIN)?.idx()?;
                let each: Vec<Micros> =
                    rows.iter().flatten().filter_map(|row| each.get(row as usize).copied()).collect();
                partial.readmit(&joined, &each)
            }
        })
    }

    fn take_joined(
        &mut self,
        frame: &DataFrame,
        lookup: &Lookup,
        stopped: &dyn Fn() -> bool,
        mut take: impl FnMut(&mut Self, DataFrame) -> Result<Absorbed>,
    ) -> Result<Absorbed> {
        let plan = self.plan().clone();
        let Some(join) = &plan.join else { return take(self, frame.clone()) };
        let mut all = Absorbed::default();
        let mut own = |partial: &mut Self, joined: DataFrame| {
            let origin = joined.column(ORIGIN)?.idx()?.clone();
            let mut absorbed = take(partial, joined)?;
            for cell in &mut absorbed.cells.kept {
                let row = usize::try_from(cell.line).ok().and_then(|line| origin.get(line.checked_sub(1)?));
                cell.line = row.map_or(0, |row| u64::from(row) + 1);
            }
            absorbed.late = absorbed.late.map(|late| origins(frame, &late)).transpose()?;
            absorbed.partly_late = absorbed.partly_late.map(|late| origins(frame, &late)).transpose()?;
            Ok::<_, Fault>(absorbed)
        };
        // What one row makes in many pieces, until they are all there: it is taken whole or not at all, and counted
        // once.
        let mut one: Option<(Self, Absorbed)> = None;
        let done = join.apply(frame, lookup, stopped, |piece| match piece {
            JoinedRows::Rows(joined) => all.add(own(self, joined)?),
            JoinedRows::OfRow { joined, last } => {
                let (mut partial, mut so_far) = match one.take() {
                    Some(one) => one,
                    None => (Self::new(plan.clone())?, Absorbed::default()),
                };
                let absorbed = own(&mut partial, joined)?;
                if so_far.shown == 0 && so_far.late.is_none() {
                    so_far = absorbed;
                }
                if last {
                    self.unite(partial)?;
                    return all.add(so_far);
                }
                one = Some((partial, so_far));
                Ok(())
            }
        })?;
        let late = all.late.as_ref().map_or(0, DataFrame::height) as u64;
        all.left = (frame.height() - done) as u64;
        all.filtered = (done as u64).saturating_sub(all.shown + late);
        Ok(all)
    }
}
