//! Rows into groups: filters, windows, late rows, panes of hops.

use super::{Partial, Spans, TOGETHER};
use crate::data::{Cells, Fault, Result};
use crate::query::expr::{Scalar, tell_loss};
use crate::query::join::{ORIGIN, distinct};
use crate::query::plan::key_name;
use crate::query::rows::{At, value_name};
use crate::query::score;
use crate::query::window::{Due, Hop, Micros, WATERMARK, as_times, micros_of};
use polars::prelude::*;

/// A chunk is taken in pieces, so that not more rows than this stand in hops at once.
const MOST_HOPS: i64 = 1 << 21;
/// From this many windows a row, and this many rows, a chunk is aggregated by panes first.
const PANES_FROM: (i64, usize) = (3, 512);

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

/// What an aggregate call takes of some rows.
struct Input {
    /// Its FILTER.
    mask: Option<BooleanChunked>,
    /// Its arguments.
    columns: Vec<Column>,
}

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
    pub fn absorb_at(&mut self, frame: &DataFrame, watermark: Option<Micros>, at: Option<At>) -> Result<Absorbed> {
        if self.rows.is_some() {
            return self.keep_rows(frame, at);
        }
        let absorbed = self.take_pieces(frame, Due::Open(watermark))?;
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
        self.take_pieces(frame, Due::Judged(&watermarks))
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
        self.take_pieces(late, Due::Missed(watermarks))
    }

    /// Keeps rows as they are: they are in no window, so they are never late.
    fn keep_rows(&mut self, frame: &DataFrame, at: Option<At>) -> Result<Absorbed> {
        let plan = self.plan.clone();
        let (Some(store), Some(kept)) = (&mut self.rows, &plan.rows) else { return Ok(Absorbed::default()) };
        let mut rows = frame.clone();
        let (mut lost, mut cells, mut mask) = (Cells::default(), Cells::default(), None);
        score::add(&plan.scores.before, &mut rows)?;
        if let Some(filter) = &plan.filter {
            let keeps = keep_telling(filter, &rows, &mut cells)?;
            rows = filter_rows(&rows, &keeps)?;
            mask = Some(keeps);
        }
        score::add(&plan.scores.after, &mut rows)?;
        let mut values = Vec::with_capacity(kept.values.len());
        for (i, value) in kept.values.iter().enumerate() {
            values.push(of(&value.scalar, &rows, &mut lost)?.with_name(value_name(i)));
        }
        store.add(at, DataFrame::new(rows.height(), values)?)?;
        self.untouched = false;
        let shown = distinct(&rows, None)?;
        cells.add(unfiltered(lost, mask.as_ref()));
        Ok(Absorbed { shown, filtered: (frame.height() - rows.height()) as u64, cells, ..Absorbed::default() })
    }

    fn take_pieces(&mut self, frame: &DataFrame, due: Due<'_>) -> Result<Absorbed> {
        let a_row = self.hop().map_or(1, |hop| hop.most_windows());
        let piece = usize::try_from(MOST_HOPS / a_row).unwrap_or(1).max(1);
        if a_row == 1 || frame.height() <= piece {
            return self.take(frame, due);
        }
        let mut absorbed = Absorbed::default();
        for from in (0..frame.height()).step_by(piece) {
            let rows = frame.slice(from as i64, piece);
            let mut taken = self.take(&rows, due.slice(from, rows.height()))?;
            taken.cells.kept.iter_mut().for_each(|cell| cell.line += from as u64);
            absorbed.add(taken)?;
        }
        Ok(absorbed)
    }

    fn take(&mut self, frame: &DataFrame, due: Due<'_>) -> Result<Absorbed> {
        let plan = self.plan.clone();
        let mut absorbed = Absorbed::default();
        let mut rows = frame.clone();
        let mut due = due;
        let (mut kept, mut keeps, mut lost) = (Vec::new(), None, Cells::default());
        score::add(&plan.scores.before, &mut rows)?;
        if let Some(filter) = &plan.filter {
            let mask = keep_telling(filter, &rows, &mut absorbed.cells)?;
            rows = filter_rows(&rows, &mask)?;
            absorbed.filtered = (frame.height() - rows.height()) as u64;
            due = due.filter(&mask, &mut kept);
            keeps = Some(mask);
        }
        score::add(&plan.scores.after, &mut rows)?;
        // Everything that can fail is evaluated before anything is changed.
        let mut keys = Vec::with_capacity(plan.keys.len());
        for key in plan.keys.iter().filter(|k| k.window.is_none()) {
            keys.push(of(&key.scalar, &rows, &mut lost)?);
        }
        let mut inputs = self.inputs(&rows, &mut lost)?;
        let Some(window) = plan.window() else {
            absorbed.shown = distinct(&rows, None)?;
            absorbed.cells.add(unfiltered(lost, keeps.as_ref()));
            self.fold(&keys, &Spans::None, rows.height(), &inputs, false)?;
            return Ok(absorbed);
        };
        let time = of(&window.time, &rows, &mut lost)?;
        let times = window.sound(&micros_of(&time)?);
        if times.null_count() > time.null_count() {
            for row in times.is_null().iter().enumerate().filter(|(_, null)| *null == Some(true)).map(|(row, _)| row) {
                let value = time.get(row)?;
                if !value.is_null() {
                    tell_loss(&window.sql, row, &value, &mut lost);
                }
            }
        }
        absorbed.cells.add(unfiltered(lost, keeps.as_ref()));
        let panes = match (self.hop(), due) {
            (Some(hop), Due::Open(watermark)) if self.worth_panes(hop, rows.height()) => Some((hop, watermark)),
            _ => None,
        };
        let placed = match panes {
            Some((hop, watermark)) => hop.panes(&times, watermark),
            None => window.place(&times, due),
        };
        absorbed.shown =
            if rows.column(ORIGIN).is_ok() { distinct(&rows, placed.rows.as_deref())? } else { placed.taken };
        absorbed.filtered += placed.nowhere;
        // Scores are no part of a row: it is scored again when it is re-admitted.
        let own = plan.scores.without(&rows);
        absorbed.late = pick(&own, placed.late)?;
        absorbed.partly_late = pick(&own, placed.partly_late)?;
        let mut height = rows.height();
        if let Some(entries) = placed.rows {
            // Only what was computed is repeated for each window, not the rows.
            let entries = IdxCa::from_vec("".into(), entries);
            height = entries.len();
            keys = keys.iter().map(|key| key.take(&entries)).collect::<PolarsResult<_>>()?;
            inputs = inputs.into_iter().map(|input| input.take(&entries)).collect::<Result<_>>()?;
        }
        let corrects = matches!(due, Due::Missed(_));
        match panes {
            Some((hop, watermark)) => self.fold_panes(hop, watermark, &keys, placed.starts, &inputs)?,
            None => self.fold(&keys, &Spans::Starts(placed.starts), height, &inputs, corrects)?,
        }
        self.tidy()?;
        Ok(absorbed)
    }

    /// What each aggregate call takes of these rows.
    fn inputs(&self, rows: &DataFrame, lost: &mut Cells) -> Result<Vec<Input>> {
        let each = self.plan.calls.iter().map(|call| {
            let mask = call.filter.as_ref().map(|f| keep_telling(f, rows, lost)).transpose()?;
            let columns = call.inputs.iter().map(|scalar| of(scalar, rows, lost)).collect::<Result<_>>()?;
            Ok(Input { mask, columns })
        });
        each.collect()
    }

    /// Adds rows to their groups. `keys` are the columns besides the window's. `corrects`: the rows were late.
    fn fold(&mut self, keys: &[Column], spans: &Spans, rows: usize, inputs: &[Input], corrects: bool) -> Result<()> {
        self.untouched = false;
        for start in (0..rows).step_by(TOGETHER) {
            let height = TOGETHER.min(rows - start);
            let cut = |column: &Column| column.slice(start as i64, height);
            self.assign(keys.iter().map(cut).collect(), &spans.slice(start, height), height)?;
            let count = self.slots();
            self.touch();
            if corrects {
                self.corrected.resize(count, false);
                for group in &self.groups {
                    self.corrected[*group as usize] = true;
                }
            }
            for (state, Input { mask, columns }) in self.states.iter_mut().zip(inputs) {
                state.resize(count);
                let columns = columns.iter().map(cut);
                let Some(mask) = mask else {
                    state.absorb(&self.groups, &columns.collect::<Vec<_>>())?;
                    continue;
                };
                let mask = mask.slice(start as i64, height);
                let kept: Vec<u32> = self
                    .groups
                    .iter()
                    .zip(mask.iter())
                    .filter(|(_, keep)| *keep == Some(true))
                    .map(|(g, _)| *g)
                    .collect();
                state.absorb(&kept, &columns.map(|column| column.filter(&mask)).collect::<PolarsResult<Vec<_>>>()?)?;
            }
        }
        self.unseen += rows;
        Ok(())
    }

    /// Adds rows to the panes of a hop first, and their states to the windows: where many rows share a pane, each is
    /// looked up once and not once a window.
    fn fold_panes(
        &mut self,
        hop: Hop,
        watermark: Option<Micros>,
        keys: &[Column],
        panes: Int64Chunked,
        inputs: &[Input],
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
            let placed = hop.place(&starts.slice(from as i64, piece), Due::Open(watermark));
            let entries = IdxCa::from_vec("".into(), placed.rows.unwrap_or_default());
            let mut expanded = states.slice(from as i64, piece).take(&entries)?;
            expanded.with_column(as_times(key_name(window), placed.starts))?;
            self.merge_frame(&expanded)?;
        }
        self.unseen += rows;
        Ok(())
    }

    fn worth_panes(&mut self, hop: Hop, rows: usize) -> bool {
        if hop.most_windows() < PANES_FROM.0 || rows < PANES_FROM.1 {
            return false;
        }
        self.no_panes = self.no_panes.saturating_sub(1);
        self.no_panes == 0
    }
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

impl Input {
    /// Repeats, drops or reorders rows.
    fn take(self, rows: &IdxCa) -> Result<Self> {
        let mask = self.mask.map(|m| m.take(rows)).transpose()?;
        let columns = self.columns.iter().map(|c| c.take(rows)).collect::<PolarsResult<_>>()?;
        Ok(Self { mask, columns })
    }
}

/// The values of a scalar, and what is lost in them.
fn of(scalar: &Scalar, rows: &DataFrame, lost: &mut Cells) -> Result<Column> {
    let column = scalar.of(rows)?;
    scalar.tell_losses(rows, &column, lost)?;
    Ok(column)
}

/// The rows for which a condition holds, and what is lost in it.
fn keep_telling(condition: &Scalar, rows: &DataFrame, lost: &mut Cells) -> Result<BooleanChunked> {
    let column = of(condition, rows, lost)?;
    let mask = column.bool()?;
    Ok(if mask.null_count() > 0 { mask.fill_null_with_values(false)? } else { mask.clone() })
}

/// Cells of filtered rows by their rows before.
fn unfiltered(mut cells: Cells, mask: Option<&BooleanChunked>) -> Cells {
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
fn pick(frame: &DataFrame, rows: Vec<IdxSize>) -> Result<Option<DataFrame>> {
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(frame.take(&IdxCa::from_vec("".into(), rows))?))
}

/// `frame.filter`, also for a frame without columns.
fn filter_rows(frame: &DataFrame, mask: &BooleanChunked) -> Result<DataFrame> {
    if frame.width() == 0 {
        return Ok(DataFrame::new(mask.sum().unwrap_or(0) as usize, Vec::new())?);
    }
    Ok(frame.filter(mask)?)
}
