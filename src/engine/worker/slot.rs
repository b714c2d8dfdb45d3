//! One question in one worker: its partial since the last handing over, and what was counted for it.

use std::sync::Arc;
use std::time::Duration;

use polars::prelude::{Column, DataFrame, PlSmallStr};

use crate::data::broken::is_mark;
use crate::data::{Rejects, Result};
use crate::engine::continuous::ContinuousQuery;
use crate::engine::handover::Delta;
use crate::engine::row_rule::RuledRows;
use crate::engine::seam::Face;
use crate::query::aggregate_call::AggregateCall;
use crate::query::rows::SourceRange;
use crate::query::window::WATERMARK;
use crate::query::{Absorbed, Partial, Plan, SharedRows};

/// Values, and words of the question for each row, that are worked on between two looks at whether to go on.
const AT_ONCE: usize = 1 << 22;

pub(super) struct Slot {
    pub(super) query: Arc<ContinuousQuery>,
    pub(super) partial: Partial,
    pub(super) delta: Delta,
    /// Rows that are taken between two looks at whether to go on.
    at_once: usize,
    /// Finished rows of the piece at hand.
    finished: Vec<DataFrame>,
    /// Rows of the chunk at hand that were left because the scan is to end.
    pub(super) left: u64,
}

/// Where some rows stood.
pub(super) struct Origin<'a> {
    pub(super) source: &'a Arc<str>,
    pub(super) face: Face,
    pub(super) at: Option<SourceRange>,
    /// The position of the first row, where rows are numbered from there on and none is missing.
    pub(super) first: Option<u64>,
    /// Whether the rows of this question go to a file.
    pub(super) to_file: bool,
}

impl Slot {
    pub(super) fn new(query: Arc<ContinuousQuery>) -> Result<Self> {
        Ok(Self {
            partial: Partial::new(query.plan.clone())?,
            delta: Delta::default(),
            at_once: at_once(&query.plan),
            finished: Vec::new(),
            left: 0,
            query,
        })
    }

    pub(super) fn has_news(&self) -> bool {
        self.delta.chunks > 0 || self.delta.rows.come_in > 0 || self.delta.overlap > 0
    }

    /// Rows that are taken for so many questions between two looks at whether to go on, and at what they hold: where
    /// memory is short, a part of the rows may be all that a worker can hold.
    pub(super) fn at_once(&self, questions: usize) -> usize {
        self.at_once.min(self.query.budget.rows_together(&self.query.plan, questions))
    }

    /// What its partial takes of what a worker may hold, where 1 is all.
    pub(super) fn share(&self) -> f64 {
        self.query.budget.share_of_worker(&self.partial)
    }

    /// What there is to hand over. What is at hand goes on with an empty partial.
    pub(super) fn take(&mut self, busy: Duration) -> Result<Delta> {
        let full = std::mem::replace(&mut self.partial, Partial::new(self.query.plan.clone())?);
        let mut delta = std::mem::take(&mut self.delta);
        delta.partial = Some(full);
        delta.busy = busy;
        Ok(delta)
    }

    /// The finished rows of the piece at hand.
    pub(super) fn take_finished(&mut self) -> DataFrame {
        let mut rows = DataFrame::default();
        for more in self.finished.drain(..).filter(|f| f.height() > 0) {
            // Rows of one question have one schema, so that stacking cannot fail.
            rows = if rows.height() == 0 { more } else { rows.vstack(&more).unwrap_or(rows) };
        }
        rows
    }

    /// Counts what was read, and what of it could not be.
    pub(super) fn count_read(&mut self, bytes: u64, mut rejects: Rejects) {
        let delta = &mut self.delta;
        // Other columns are read for other questions, or for the watermark: only what this one reads harms it.
        rejects.cells.only(&self.query.plan.columns);
        delta.bytes += bytes;
        delta.rows.rejected += rejects.count;
        delta.rows.come_in += rejects.count;
        delta.rows.cells += rejects.cells.count();
        delta.rejects.add(rejects);
    }

    /// Takes the rows of a part of a chunk; `shared` are the same rows, where other questions take them, too.
    ///
    /// # Errors
    /// When a row makes an expression fail: the question cannot be answered.
    pub(super) fn absorb(
        &mut self,
        ruled: &RuledRows,
        shared: Option<&mut SharedRows<'_>>,
        origin: &Origin<'_>,
        join: &Join<'_>,
    ) -> Result<()> {
        let frame = self.own_columns(&ruled.frame)?;
        let height = frame.height() as u64;
        let Some(mut absorbed) = self.absorb_rows(frame, &ruled.frame, shared, origin.at, join)? else {
            self.left += height;
            return Ok(());
        };
        let rows = height - absorbed.left;
        self.left += absorbed.left;
        let delta = &mut self.delta;
        *(if origin.face == Face::Live { &mut delta.live_rows } else { &mut delta.history_rows }) += rows;
        for cell in &mut absorbed.cells.kept {
            cell.source = origin.source.clone();
            cell.line = origin.first.filter(|_| cell.line > 0).map_or(0, |first| first + cell.line);
        }
        delta.chunks += 1;
        delta.rows.come_in += rows;
        if origin.to_file {
            self.finished.push(self.partial.drain()?);
        }
        let delta = &mut self.delta;
        delta.rows.cells += absorbed.cells.count();
        delta.rejects.cells.add(std::mem::take(&mut absorbed.cells));
        delta.rows.shown += absorbed.shown;
        delta.rows.filtered += absorbed.filtered;
        delta.rows.late += absorbed.late.as_ref().map_or(0, |late| late.height() as u64);
        delta.late.note(&mut absorbed)
    }

    /// The columns that it would read if it were alone, and the watermarks of rows, where it has windows.
    fn own_columns(&self, frame: &DataFrame) -> Result<DataFrame> {
        let judged = self.query.plan.window().is_some().then_some(WATERMARK);
        let own = self.query.columns.iter().map(PlSmallStr::as_str).chain(judged);
        let columns = own.filter_map(|name| frame.column(name).ok().cloned()).collect();
        Ok(DataFrame::new(frame.height(), columns)?)
    }

    /// Takes rows; those that may be late are judged one by one, and kept with all that was `read` of them. `None` when
    /// the scan is to end before they could be joined.
    fn absorb_rows(
        &mut self,
        mut frame: DataFrame,
        read: &DataFrame,
        mut shared: Option<&mut SharedRows<'_>>,
        at: Option<SourceRange>,
        join: &Join<'_>,
    ) -> Result<Option<Absorbed>> {
        let lookup = match (join.lookup)(&self.query) {
            Err(_) if (join.is_ending)() => return Ok(None),
            lookup => lookup?,
        };
        let mut late = None;
        if let Some(judged) = frame.column(WATERMARK).ok().map(Column::is_not_null) {
            if judged.any() {
                // A joined row has columns of the dataset, which may be called as those that it does not read.
                let whole = if lookup.is_some() { frame.clone() } else { with_others(&frame, read)? };
                late = Some(whole.filter(&judged)?);
                frame = frame.filter(&!&judged)?;
                shared = None;
            }
            frame = frame.drop(WATERMARK)?;
        }
        let mut absorbed = match &lookup {
            Some(lookup) => self.partial.absorb_joined(&frame, lookup, None, at, join.must_stop)?,
            None => self.partial.absorb_shared(&frame, None, at, shared)?,
        };
        if let Some(rows) = late {
            absorbed.cells.kept.iter_mut().for_each(|cell| cell.line = 0);
            let mut judged = match &lookup {
                Some(lookup) => self.partial.absorb_joined_judged(&rows, lookup, join.must_stop)?,
                None => self.partial.absorb_judged(&rows)?,
            };
            judged.cells.kept.iter_mut().for_each(|cell| cell.line = 0);
            absorbed.add(judged)?;
        }
        Ok(Some(absorbed))
    }
}

/// Rows with the columns that others read of them behind their own.
fn with_others(own: &DataFrame, read: &DataFrame) -> Result<DataFrame> {
    let is_other = |column: &&Column| !is_mark(column.name()) && own.get_column_index(column.name()).is_none();
    let columns = own.columns().iter().chain(read.columns().iter().filter(is_other)).cloned().collect();
    Ok(DataFrame::new(own.height(), columns)?)
}

type Lookups<'a> = dyn Fn(&ContinuousQuery) -> Result<Option<Arc<crate::query::join::Lookup>>> + 'a;

/// What a join needs of the scan: what rows are joined with, and when to leave the rest.
pub(super) struct Join<'a> {
    pub(super) lookup: &'a Lookups<'a>,
    pub(super) is_ending: &'a dyn Fn() -> bool,
    pub(super) must_stop: &'a dyn Fn() -> bool,
}

/// The rows of a question's table that are absorbed between two looks at whether to go on. Rows that are shown as they
/// are stay in one piece, and so do those of which it matters where they stood.
fn at_once(plan: &Plan) -> usize {
    if plan.rows.is_some() || plan.calls.iter().any(AggregateCall::goes_by_rows) {
        return usize::MAX;
    }
    let query = &plan.query;
    let written = query
        .items
        .iter()
        .map(|i| &i.expr)
        .chain(&query.groups)
        .chain(&query.filter)
        .map(|clause| clause.sql.len())
        .sum::<usize>()
        / 8;
    (AT_ONCE / (plan.columns.len() + plan.keys.len() + plan.calls.len() + written).max(1)).max(1)
}
