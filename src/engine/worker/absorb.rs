//! What a worker does with a chunk: it counts what came, leaves what the other face owns, and absorbs the rest into its
//! partial, a part at a time.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::{ChunkAgg, Column, DataFrame};

use super::Worker;
use crate::data::{Chunk, Fault, Reject, Rejects, Result};
use crate::engine::seam::{Face, Seam};
use crate::engine::shared::Shared;
use crate::query::Absorbed;
use crate::query::rows::SourceRange;
use crate::query::window::{Micros, WATERMARK, finite, micros_of};

/// How long what was read already may take once the run is to end; then it is left. A join is left sooner: one row
/// may match many.
const GRACE: Duration = Duration::from_secs(4);
const GRACE_OF_JOIN: Duration = Duration::from_millis(500);

/// Where the rows of a chunk stood.
struct Origin<'a> {
    source: &'a Arc<str>,
    face: Face,
    at: Option<SourceRange>,
    /// The position of the first row, where rows are numbered from there on and none is missing.
    first: Option<u64>,
}

impl Worker<'_> {
    /// A piece of history that cannot be read: its rows came and are set aside, as far as they are known.
    pub(super) fn count_unreadable(&mut self, fault: Fault) {
        let rows = fault.lost.unwrap_or(0);
        self.delta.rows.come_in += rows;
        self.delta.rows.rejected += rows;
        if rows > 0 {
            let reject = Reject::new(&fault.place.as_str().into(), 1, fault.what.clone(), b"");
            self.delta.rejects.add(Rejects { count: rows, kept: vec![reject], ..Rejects::default() });
        }
        self.shared.fault(fault);
    }

    /// `times` are the smallest and the largest event time, where they are known. `source` numbers the files and then
    /// the feeds of the table, `epoch` says how often a log began anew.
    pub(super) fn take(
        &mut self,
        chunk: Chunk,
        face: Face,
        times: Option<(Micros, Micros)>,
        source: usize,
        epoch: u64,
    ) -> Result<()> {
        let rejected = chunk.rejects.count;
        self.count_read(chunk.bytes, chunk.rejects);
        let (frame, removed) = self.shared.seam_filter.own(chunk.frame, face)?;
        self.delta.overlap += removed;
        self.note_times(&frame, face, times, removed)?;
        // Where all rows of a piece of a columnar file are here, their order gives each its number.
        let numbered = chunk.arrived.is_none()
            && rejected == 0
            && removed == 0
            && chunk.offsets.end - chunk.offsets.start == frame.height() as u64;
        let partition = epoch << 32 | u64::from(chunk.partition);
        let at =
            Some(SourceRange { source: source as u32, partition, from: chunk.offsets.start, to: chunk.offsets.end });
        let first = numbered.then_some(chunk.offsets.start);
        let left = self.absorb_parts(&frame, &Origin { source: &chunk.source, face, at, first })?;
        self.delta.flights.extend(self.flight.take());
        let (bytes, reached) = std::mem::take(&mut self.due);
        if left == 0 {
            self.delta.history_bytes += bytes;
            self.delta.reached.merge(&reached);
        } else {
            // What was left in the middle is not done.
            self.shared.leave_rows(left, &chunk.source);
        }
        // Live rows go on when nothing more waits; history at its pace.
        if self.last.elapsed() >= self.pace { self.hand_over() } else { Ok(()) }
    }

    /// Counts what was read, and what of it could not be.
    fn count_read(&mut self, bytes: u64, mut rejects: Rejects) {
        let delta = &mut self.delta;
        // A feed's time is read for its watermark, too: only what the question reads harms it.
        rejects.cells.only(&self.shared.plan.columns);
        delta.bytes += bytes;
        delta.rows.rejected += rejects.count;
        delta.rows.come_in += rejects.count;
        delta.rows.cells += rejects.cells.count();
        delta.rejects.add(rejects);
    }

    /// Notes which event times a face brought, where there are two faces that may meet.
    fn note_times(
        &mut self,
        frame: &DataFrame,
        face: Face,
        times: Option<(Micros, Micros)>,
        removed: u64,
    ) -> Result<()> {
        let table = &self.shared.table;
        let (false, Some(time)) = (table.live.is_empty(), &table.time) else { return Ok(()) };
        let own = || Ok::<_, Fault>(finite(micros_of(frame.column(&time.column)?)?));
        match (face, times) {
            (Face::History, _) => {
                self.delta.times.note_history(&own()?, matches!(table.seam, Seam::Time(_)));
            }
            (Face::Live, Some(_)) if removed == 0 => self.delta.times.note_live(times),
            (Face::Live, _) => {
                let own = own()?;
                self.delta.times.note_live(own.min().zip(own.max()));
            }
        }
        Ok(())
    }

    /// Absorbs rows a part at a time; how many were left because the run is to end.
    fn absorb_parts(&mut self, frame: &DataFrame, origin: &Origin<'_>) -> Result<u64> {
        // Where memory is short, a part of the rows may be all that a partial can hold before it is handed over.
        let most = self.shared.budget.rows_together(&self.shared.plan).min(self.at_once);
        let mut left = 0;
        for start in (0..frame.height().max(1)).step_by(most) {
            if self.must_stop() {
                left += (frame.height() - start) as u64;
                break;
            }
            let part = if frame.height() <= most { frame.clone() } else { frame.slice(start as i64, most) };
            let height = part.height() as u64;
            let Some(mut absorbed) = self.absorb(part, origin.at).map_err(|fault| place(fault, origin.source))? else {
                left += height;
                continue;
            };
            let rows = height - absorbed.left;
            left += absorbed.left;
            let live = origin.face == Face::Live;
            *(if live { &mut self.delta.live_rows } else { &mut self.delta.history_rows }) += rows;
            for cell in &mut absorbed.cells.kept {
                cell.source = origin.source.clone();
                cell.line = origin.first.filter(|_| cell.line > 0).map_or(0, |first| first + start as u64 + cell.line);
            }
            self.delta.chunks += 1;
            self.delta.rows.come_in += rows;
            self.count(absorbed)?;
            // What grows too large goes at once: only the merger can let rows go, or groups leave for disk.
            if self.partial.size() as u64 > self.shared.budget.worker(&self.shared.plan) {
                self.hand_over()?;
            }
        }
        Ok(left)
    }

    /// Counts what became of some rows.
    fn count(&mut self, absorbed: Absorbed) -> Result<()> {
        let mut absorbed = absorbed;
        if self.out.rows.is_some() {
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

    /// Whether what was read already is to be left: the run is to end, and that takes long.
    fn must_stop(&self) -> bool {
        is_past_grace(self.shared, &self.ending, if self.shared.dataset.is_some() { GRACE_OF_JOIN } else { GRACE })
    }

    /// Takes rows; those that may be late are judged one by one. `None` when the run is to end before they could be
    /// joined.
    fn absorb(&mut self, mut frame: DataFrame, at: Option<SourceRange>) -> Result<Option<Absorbed>> {
        let lookup = match self.shared.lookup() {
            Err(_) if self.shared.ending() => return Ok(None),
            lookup => lookup?,
        };
        let (shared, ending) = (self.shared, &self.ending);
        let stopped = || is_past_grace(shared, ending, GRACE_OF_JOIN);
        let mut late = None;
        if let Some(judged) = frame.column(WATERMARK).ok().map(Column::is_not_null) {
            late = Some(frame.filter(&judged)?).filter(|rows| rows.height() > 0);
            frame = frame.filter(&!&judged)?.drop(WATERMARK)?;
        }
        let mut absorbed = match &lookup {
            Some(lookup) => self.partial.absorb_joined(&frame, lookup, None, at, &stopped)?,
            None => self.partial.absorb_at(&frame, None, at)?,
        };
        if let Some(rows) = late {
            absorbed.cells.kept.iter_mut().for_each(|cell| cell.line = 0);
            let mut judged = match &lookup {
                Some(lookup) => self.partial.absorb_joined_judged(&rows, lookup, &stopped)?,
                None => self.partial.absorb_judged(&rows)?,
            };
            judged.cells.kept.iter_mut().for_each(|cell| cell.line = 0);
            absorbed.add(judged)?;
        }
        Ok(Some(absorbed))
    }
}

fn is_past_grace(shared: &Shared, ending: &Cell<Option<Instant>>, grace: Duration) -> bool {
    if shared.finish.is_set() && ending.get().is_none() {
        ending.set(Some(Instant::now()));
    }
    shared.cancel.is_set() || ending.get().is_some_and(|since| since.elapsed() > grace)
}

fn place(fault: Fault, source: &str) -> Fault {
    if fault.place.is_empty() { fault.at(source.to_owned()) } else { fault }
}
