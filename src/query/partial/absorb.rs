//! Rows into groups: filters, windows, late rows.

use super::absorbed::Absorbed;
use super::inputs::{CallInput, pick, unfiltered};
use super::rows::Rows;
use super::shared::SharedRows;
use super::{MOST_HOPS, Partial, RowPlace, Spans, TOGETHER};
use crate::data::{Cells, Fault, Result};
use crate::query::aggregate_call::CallOrder;
use crate::query::expr::report_overflow;
use crate::query::join::{ORIGIN, distinct};
use crate::query::keys::Coded;
use crate::query::order_key::{order_key, place_key};
use crate::query::rows::{SourceRange, value_name};
use crate::query::window::{Admission, Micros, WATERMARK, micros_of};
use polars::prelude::*;

impl Partial {
    /// Takes rows. `frame` has the plan's columns, and maybe others. Where `watermark` is given, rows are set aside
    /// from windows that are final by it.
    ///
    /// # Errors
    /// When an expression cannot be evaluated over these rows; the partial is then unchanged, unless the rows were so
    /// many that they were taken in pieces.
    pub fn absorb(&mut self, frame: &DataFrame, watermark: Option<Micros>) -> Result<Absorbed> {
        self.absorb_at(frame, watermark, None)
    }

    /// `absorb` for rows of which it is known where they stood.
    ///
    /// # Errors
    /// As `absorb`.
    pub fn absorb_at(
        &mut self,
        frame: &DataFrame,
        watermark: Option<Micros>,
        at: Option<SourceRange>,
    ) -> Result<Absorbed> {
        self.absorb_shared(frame, watermark, at, None)
    }

    /// `absorb_at` for rows that other questions take, too: `shared` are the same rows.
    ///
    /// # Errors
    /// As `absorb`.
    pub fn absorb_shared(
        &mut self,
        frame: &DataFrame,
        watermark: Option<Micros>,
        at: Option<SourceRange>,
        shared: Option<&mut SharedRows<'_>>,
    ) -> Result<Absorbed> {
        if self.rows.is_some() {
            return self.keep_rows(frame, at, shared);
        }
        self.stand(at, frame.height());
        let absorbed = self.take_pieces(frame, Admission::Open(watermark), shared)?;
        Ok(Absorbed { watermark, ..absorbed })
    }

    /// `absorb` for rows that may be late, each judged by a watermark of its own: the column `WATERMARK`, null for
    /// none.
    ///
    /// # Errors
    /// As `absorb`.
    pub fn absorb_judged(&mut self, frame: &DataFrame) -> Result<Absorbed> {
        let watermarks: Vec<Micros> =
            frame.column(WATERMARK)?.i64()?.iter().map(|w| w.unwrap_or(Micros::MIN)).collect();
        self.stand(None, frame.height());
        self.take_pieces(frame, Admission::Judged(&watermarks), None)
    }

    /// Takes rows that were set aside, `late` or `partly_late`, into exactly the windows that they missed, and marks
    /// those as corrected. `watermarks` are those by which the rows were set aside: one a row, or one for all; rows
    /// that missed all their windows can be re-admitted with the largest one. The rows are counted as `shown`, also
    /// those that were shown in part before; rows that missed nothing are `late` again.
    ///
    /// A window that was sealed may be corrected too: its new group then merges with the sealed one.
    ///
    /// # Errors
    /// As `absorb`; or when there is neither one watermark nor one a row.
    pub fn readmit(&mut self, late: &DataFrame, watermarks: &[Micros]) -> Result<Absorbed> {
        let all;
        let watermarks = match watermarks {
            [one] => {
                all = vec![*one; late.height()];
                &all
            }
            each if each.len() == late.height() => each,
            each => {
                let what = format!("{} late rows have {} watermarks", late.height(), each.len());
                return Err(Fault::new(what).hint("give one watermark a row, or one for all"));
            }
        };
        self.stand(None, late.height());
        self.take_pieces(late, Admission::Missed(watermarks), None)
    }

    /// Notes where the rows stood that are taken next; parts of the same piece follow each other. Those of which nobody
    /// says it stood behind all others, as they came.
    fn stand(&mut self, at: Option<SourceRange>, height: usize) {
        let from = self.place.came;
        let at = at.unwrap_or_else(|| {
            self.place.came += height as u64;
            SourceRange { source: u32::MAX, partition: 0, from, to: self.place.came }
        });
        if at != self.place.at {
            (self.place.at, self.place.row) = (at, 0);
        }
    }

    /// Keeps rows as they are: they are in no window, so they are never late.
    fn keep_rows(
        &mut self,
        frame: &DataFrame,
        at: Option<SourceRange>,
        shared: Option<&mut SharedRows<'_>>,
    ) -> Result<Absorbed> {
        let plan = self.plan.clone();
        let (Some(store), Some(kept)) = (&mut self.rows, &plan.rows) else { return Ok(Absorbed::default()) };
        let (mut lost, mut cells) = (Cells::default(), Cells::default());
        let mut rows = Rows::new(&plan, frame, shared, &mut cells)?;
        let mut values = Vec::with_capacity(kept.values.len());
        for (i, value) in kept.values.iter().enumerate() {
            values.push(rows.evaluate(&value.scalar, &mut lost)?.with_name(value_name(i)));
        }
        store.add(at, DataFrame::new(rows.height, values)?)?;
        self.untouched = false;
        let shown = rows.origins()?;
        cells.add(unfiltered(lost, rows.mask()));
        Ok(Absorbed { shown, filtered: (frame.height() - rows.height) as u64, cells, ..Absorbed::default() })
    }

    fn take_pieces(
        &mut self,
        frame: &DataFrame,
        due: Admission<'_>,
        shared: Option<&mut SharedRows<'_>>,
    ) -> Result<Absorbed> {
        let a_row = self.hop().map_or(1, |hop| hop.most_windows());
        let piece = usize::try_from(MOST_HOPS / a_row).unwrap_or(1).max(1);
        if a_row == 1 || frame.height() <= piece {
            return self.take(frame, due, shared);
        }
        let mut absorbed = Absorbed::default();
        for from in (0..frame.height()).step_by(piece) {
            let rows = frame.slice(from as i64, piece);
            let mut taken = self.take(&rows, due.slice(from, rows.height()), None)?;
            taken.cells.kept.iter_mut().for_each(|cell| cell.line += from as u64);
            absorbed.add(taken)?;
        }
        Ok(absorbed)
    }

    fn take(&mut self, frame: &DataFrame, due: Admission<'_>, shared: Option<&mut SharedRows<'_>>) -> Result<Absorbed> {
        let taken = self.take_rows(frame, due, shared);
        self.place.row += frame.height() as u64;
        taken
    }

    fn take_rows(
        &mut self,
        frame: &DataFrame,
        due: Admission<'_>,
        shared: Option<&mut SharedRows<'_>>,
    ) -> Result<Absorbed> {
        let plan = self.plan.clone();
        let (mut absorbed, mut lost) = (Absorbed::default(), Cells::default());
        let mut rows = Rows::new(&plan, frame, shared, &mut absorbed.cells)?;
        absorbed.filtered = (frame.height() - rows.height) as u64;
        // Everything that can fail is evaluated before anything is changed.
        if let Admission::Open(None) = due
            && let Some(keys) = rows.coded(&plan.keys)
        {
            // Every row is taken, into one group.
            let inputs = self.inputs(&mut rows, &mut lost)?;
            if self.fold_coded(&keys, &inputs)? {
                absorbed.shown = rows.height as u64;
                absorbed.cells.add(unfiltered(lost, rows.mask()));
                return Ok(absorbed);
            }
            lost = Cells::default();
        }
        let mut keys = Vec::with_capacity(plan.keys.len());
        for key in plan.keys.iter().filter(|k| k.window.is_none()) {
            keys.push(rows.evaluate(&key.scalar, &mut lost)?);
        }
        let mut inputs = self.inputs(&mut rows, &mut lost)?;
        let Some(window) = plan.window() else {
            absorbed.shown = rows.origins()?;
            absorbed.cells.add(unfiltered(lost, rows.mask()));
            self.fold(&keys, &Spans::None, rows.height, &inputs, false)?;
            return Ok(absorbed);
        };
        let mut kept = Vec::new();
        let due = rows.mask().map_or(due, |mask| due.filter(mask, &mut kept));
        let time = rows.evaluate(&window.time, &mut lost)?;
        let times = window.sound(&micros_of(&time)?);
        if times.null_count() > time.null_count() {
            for row in times.is_null().iter().enumerate().filter(|(_, null)| *null == Some(true)).map(|(row, _)| row) {
                let value = time.get(row)?;
                if !value.is_null() {
                    report_overflow(&window.sql, row, &value, &mut lost);
                }
            }
        }
        absorbed.cells.add(unfiltered(lost, rows.mask()));
        let panes = match (self.hop(), due) {
            (Some(hop), Admission::Open(watermark)) if self.worth_panes(hop, rows.height) => Some((hop, watermark)),
            _ => None,
        };
        let placed = match panes {
            Some((hop, watermark)) => hop.panes(&times, watermark),
            None => window.place(&times, due),
        };
        absorbed.shown = match rows.origin()? {
            Some(origin) => distinct(&origin, placed.rows.as_deref())?,
            None => placed.taken,
        };
        absorbed.filtered += placed.nowhere;
        if !placed.late.is_empty() || !placed.partly_late.is_empty() {
            // Scores are no part of a row: it is scored again when it is re-admitted.
            let own = plan.scores.without(&rows.all()?);
            absorbed.late = pick(&own, placed.late)?;
            absorbed.partly_late = pick(&own, placed.partly_late)?;
        }
        let mut height = rows.height;
        if let Some(entries) = placed.rows {
            // Only what was computed is repeated for each window, not the rows.
            let entries = IdxCa::from_vec("".into(), entries);
            height = entries.len();
            keys = keys.iter().map(|key| key.take(&entries)).collect::<PolarsResult<_>>()?;
            inputs = inputs.into_iter().map(|input| input.take(&entries)).collect::<Result<_>>()?;
        }
        let corrects = matches!(due, Admission::Missed(_));
        match panes {
            Some((hop, watermark)) => self.fold_panes(hop, watermark, &keys, placed.starts, &inputs)?,
            None => self.fold(&keys, &Spans::Starts(placed.starts), height, &inputs, corrects)?,
        }
        self.compact_if_due()?;
        Ok(absorbed)
    }

    /// What each aggregate call takes of these rows.
    fn inputs(&self, rows: &mut Rows<'_, '_>, lost: &mut Cells) -> Result<Vec<CallInput>> {
        let each = self.plan.calls.iter().map(|call| {
            let mask = call.filter.as_ref().map(|f| rows.holds(f, lost)).transpose()?;
            let mut columns =
                call.inputs.iter().map(|scalar| rows.evaluate(scalar, lost)).collect::<Result<Vec<_>>>()?;
            match &call.order {
                CallOrder::By(order) => columns.push(order_key(order, |scalar| rows.evaluate(scalar, lost))?),
                CallOrder::Rows => columns.push(self.places(rows)?),
                CallOrder::None | CallOrder::Places => {}
            }
            Ok(CallInput { mask, columns })
        });
        each.collect()
    }

    /// Where rows stood.
    fn places(&self, rows: &mut Rows<'_, '_>) -> Result<Column> {
        let RowPlace { at, row, .. } = self.place;
        Ok(match rows.origin()? {
            // Rows that were joined stood where the row stood that they are of.
            Some(origin) => {
                let origin = origin.column(ORIGIN)?.idx()?;
                place_key(at, origin.iter().map(|origin| row + u64::from(origin.unwrap_or_default())))
            }
            None => place_key(at, row..row + rows.height as u64),
        })
    }

    /// Adds rows to their groups. `keys` are the columns besides the window's. `corrects`: the rows were late.
    pub(super) fn fold(
        &mut self,
        keys: &[Column],
        spans: &Spans,
        rows: usize,
        inputs: &[CallInput],
        corrects: bool,
    ) -> Result<()> {
        self.untouched = false;
        for start in (0..rows).step_by(TOGETHER) {
            let height = TOGETHER.min(rows - start);
            let cut = |column: &Column| column.slice(start as i64, height);
            self.assign(keys.iter().map(cut).collect(), &spans.slice(start, height), height)?;
            self.add_to_groups(start, inputs, corrects)?;
        }
        self.unseen += rows;
        Ok(())
    }

    /// `fold` for rows whose keys are coded, the window's as well; false, and nothing is taken, where that is of no
    /// use.
    fn fold_coded(&mut self, keys: &[Coded], inputs: &[CallInput]) -> Result<bool> {
        let mut groups = Vec::new();
        if !self.keys.assign_coded(keys, &mut groups)? {
            return Ok(false);
        }
        self.untouched = false;
        for (i, groups) in groups.chunks(TOGETHER).enumerate() {
            self.groups.clear();
            self.groups.extend_from_slice(groups);
            self.add_to_groups(i * TOGETHER, inputs, false)?;
        }
        self.unseen += groups.len();
        Ok(true)
    }

    /// Adds the rows from `start` on to `groups`, one a row.
    fn add_to_groups(&mut self, start: usize, inputs: &[CallInput], corrects: bool) -> Result<()> {
        let (count, height) = (self.slots(), self.groups.len());
        self.touch();
        if corrects {
            self.corrected.resize(count, false);
            for group in &self.groups {
                self.corrected[*group as usize] = true;
            }
        }
        for (state, CallInput { mask, columns }) in self.states.iter_mut().zip(inputs) {
            state.resize(count);
            let columns = columns.iter().map(|column| column.slice(start as i64, height));
            let Some(mask) = mask else {
                state.absorb(&self.groups, &columns.collect::<Vec<_>>())?;
                continue;
            };
            let mask = mask.slice(start as i64, height);
            let kept: Vec<u32> =
                self.groups.iter().zip(mask.iter()).filter(|(_, keep)| *keep == Some(true)).map(|(g, _)| *g).collect();
            state.absorb(&kept, &columns.map(|column| column.filter(&mask)).collect::<PolarsResult<Vec<_>>>()?)?;
        }
        Ok(())
    }
}
