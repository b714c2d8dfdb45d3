//! A worker: takes chunks from history and feeds, absorbs them into a partial of its own, and hands that over at a
//! steady pace. No locks while it absorbs.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use polars::prelude::{ChunkAgg, Column, DataFrame};

use super::intake::HistoryQueue;
use super::merge::Delta;
use super::piece::LiveChunk;
use super::pour::Sheaf;
use super::reached::Reached;
use super::seam::{Face, Seam};
use super::shared::Shared;
use super::watermark::Flight;
use crate::data::{Chunk, Fault, Reject, Rejects, Result};
use crate::query::rows::SourceRange;
use crate::query::window::{Micros, WATERMARK, finite, micros_of};
use crate::query::{Absorbed, Partial, Plan};

/// Handing over must not cost more than a fortieth of the work; what a worker has to learn anew is more than that.
const COST_SHARE: u32 = 40;
const LONGEST_PACE: Duration = Duration::from_secs(60);
/// Live rows are shown sooner: a tenth of the work, and after a second whatever it costs.
const LIVE_SHARE: u32 = 10;
const LONGEST_LIVE: Duration = Duration::from_secs(1);
/// How long what was read already may take once the run is to end; then it is left. A join is left sooner: nobody knows
/// what a row will make.
const GRACE: Duration = Duration::from_secs(4);
const GRACE_OF_JOIN: Duration = Duration::from_millis(500);
/// Values, and words of the question for each row, that are worked on between two looks at whether to go on.
const AT_ONCE: usize = 1 << 22;
/// How long a worker without anything to do waits.
const WAIT: Duration = Duration::from_millis(10);

/// Where a worker's results go.
#[derive(Clone)]
pub struct Out {
    pub deltas: Sender<Delta>,
    /// Finished rows, where they go to a file.
    pub rows: Option<Sender<Sheaf>>,
}

struct Hand<'a> {
    shared: &'a Shared,
    out: &'a Out,
    partial: Partial,
    delta: Delta,
    last: Instant,
    pace: Duration,
    /// Since when it has been at work without handing over what that took.
    since: Option<Instant>,
    /// The last barrier this worker took part in.
    barrier: u64,
    /// Finished rows of the piece at hand.
    finished: Vec<DataFrame>,
    /// Of the live chunk at hand: it goes with the last of its rows.
    flight: Option<Flight>,
    /// What is said to be done when all of the chunk at hand was taken: bytes of the history, positions of a feed.
    due: (u64, Reached),
    /// Since when it knows that the run is to end.
    ending: Cell<Option<Instant>>,
    /// Rows that are taken between two looks at whether to go on.
    at_once: usize,
}

/// Works until all inputs have ended and all was handed over.
///
/// # Errors
/// When a row makes an expression fail: the question cannot be answered.
pub fn work(shared: &Shared, history: &HistoryQueue, live: &Receiver<LiveChunk>, out: &Out) -> Result<()> {
    let mut hand = Hand {
        shared,
        out,
        partial: Partial::new(shared.plan.clone())?,
        delta: Delta::default(),
        last: Instant::now(),
        pace: Duration::ZERO,
        since: None,
        barrier: 0,
        finished: Vec::new(),
        flight: None,
        due: Default::default(),
        ending: Cell::new(None),
        at_once: at_once(&shared.plan),
    };
    let outcome = work_on(shared, history, live, &mut hand);
    // The merger counts on a last word from every worker, also from one that gives up.
    hand.delta.gone = true;
    hand.over()?;
    outcome
}

fn work_on(shared: &Shared, history: &HistoryQueue, live: &Receiver<LiveChunk>, hand: &mut Hand<'_>) -> Result<()> {
    let (mut more_history, mut more_live) = (true, true);
    while (more_history || more_live) && !shared.cancel.is_set() {
        // Both faces in turn, so that neither starves; while the run finishes, what feeds have sent is still taken.
        let mut busy = false;
        hand.meet()?;
        if more_live {
            match live.try_recv() {
                Ok(chunk) => {
                    hand.take_live(chunk)?;
                    busy = true;
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => more_live = false,
            }
        }
        if more_history {
            match if shared.finish.is_set() { None } else { history.next(shared) } {
                Some(handed) => {
                    hand.since = Some(Instant::now());
                    match handed.piece.decode() {
                        Ok(chunks) => {
                            for chunk in chunks {
                                hand.take_history(chunk, handed.file)?;
                            }
                        }
                        Err(fault) => hand.lose(fault),
                    }
                    hand.pour(0, handed.number);
                    hand.rest();
                }
                None => more_history = false,
            }
            busy = true;
        }
        if busy {
            continue;
        }
        // Nothing waits, so what there is may be seen.
        hand.over()?;
        if more_live {
            match live.recv_timeout(WAIT) {
                Ok(chunk) => hand.take_live(chunk)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => more_live = false,
            }
        }
    }
    Ok(())
}

impl Hand<'_> {
    fn take_history(&mut self, chunk: Chunk, file: usize) -> Result<()> {
        self.due.0 = chunk.bytes;
        self.take(chunk, Face::History, None, file, 0)
    }

    /// A piece of history that cannot be read: its rows came and are set aside, as far as they are known.
    fn lose(&mut self, fault: Fault) {
        let rows = fault.lost.unwrap_or(0);
        self.delta.rows.come_in += rows;
        self.delta.rows.rejected += rows;
        if rows > 0 {
            let reject = Reject::new(&fault.place.as_str().into(), 1, fault.what.clone(), b"");
            self.delta.rejects.add(Rejects { count: rows, kept: vec![reject], ..Rejects::default() });
        }
        self.shared.fault(fault);
    }

    fn take_live(&mut self, live: LiveChunk) -> Result<()> {
        self.since = Some(Instant::now());
        let taken = self.take_live_rows(live);
        self.rest();
        taken
    }

    fn take_live_rows(&mut self, live: LiveChunk) -> Result<()> {
        if let Some(arrived) = live.chunk.arrived {
            self.delta.arrivals.push((arrived, live.chunk.rows_in()));
        }
        self.due.1.note(&live);
        self.delta.overlap += live.numbered.map_or(0, |numbered| numbered.repeated);
        self.flight = live.flight;
        self.take(live.chunk, live.face, live.times, self.shared.table.history.len() + live.feed, live.epoch)?;
        self.pour(1 + live.feed, live.number);
        Ok(())
    }

    /// Hands finished rows to the file they go to: the how many-th of a stream.
    fn pour(&mut self, stream: usize, number: u64) {
        let Some(out) = &self.out.rows else { return };
        let mut rows = DataFrame::default();
        for more in self.finished.drain(..).filter(|f| f.height() > 0) {
            // Rows of one question have one schema, so that stacking cannot fail.
            rows = if rows.height() == 0 { more } else { rows.vstack(&more).unwrap_or(rows) };
        }
        // The writer is gone only when it has failed, which it said.
        let _ = out.send(Sheaf { stream, number, rows });
    }

    /// Hands over and waits, where a barrier was asked for.
    fn meet(&mut self) -> Result<()> {
        let asked = self.shared.barrier.asked();
        if asked > self.barrier {
            self.barrier = asked;
            self.delta.barrier = Some(asked);
            self.over()?;
            self.shared.barrier.wait(asked, &self.shared.cancel);
        }
        Ok(())
    }

    /// `times` are the smallest and the largest event time, where they are known. `source` numbers the files and then
    /// the feeds of the table, `epoch` says how often a log began anew.
    fn take(
        &mut self,
        chunk: Chunk,
        face: Face,
        times: Option<(Micros, Micros)>,
        source: usize,
        epoch: u64,
    ) -> Result<()> {
        let delta = &mut self.delta;
        let (rejected, mut rejects) = (chunk.rejects.count, chunk.rejects);
        // A feed's time is read for its watermark, too: only what the question reads harms it.
        rejects.cells.only(&self.shared.plan.columns);
        delta.bytes += chunk.bytes;
        delta.rows.rejected += rejected;
        delta.rows.come_in += rejected;
        delta.rows.cells += rejects.cells.count();
        delta.rejects.add(rejects);
        let (frame, removed) = self.shared.divider.own(chunk.frame, face)?;
        delta.overlap += removed;
        if let (false, Some(time)) = (self.shared.table.live.is_empty(), &self.shared.table.time) {
            let at_time = matches!(self.shared.table.seam, Seam::Time(_));
            match (face, times) {
                (Face::History, _) => {
                    delta.times.note_history(&finite(micros_of(frame.column(&time.column)?)?), at_time)
                }
                (Face::Live, Some(_)) if removed == 0 => delta.times.note_live(times),
                (Face::Live, _) => {
                    let own = finite(micros_of(frame.column(&time.column)?)?);
                    delta.times.note_live(own.min().zip(own.max()));
                }
            }
        }
        // Of a columnar file whose rows are all here it is known which is which.
        let numbered = chunk.arrived.is_none()
            && rejected == 0
            && removed == 0
            && chunk.offsets.end - chunk.offsets.start == frame.height() as u64;
        let partition = epoch << 32 | u64::from(chunk.partition);
        let at =
            Some(SourceRange { source: source as u32, partition, from: chunk.offsets.start, to: chunk.offsets.end });
        // Where memory is short, a part of the rows may be all that a partial can hold before it is handed over.
        let most = self.shared.budget.rows_together(&self.shared.plan).min(self.at_once);
        let mut left = 0;
        for start in (0..frame.height().max(1)).step_by(most) {
            if self.is_over() {
                left += (frame.height() - start) as u64;
                break;
            }
            let part = if frame.height() <= most { frame.clone() } else { frame.slice(start as i64, most) };
            let height = part.height() as u64;
            let Some(mut absorbed) = self.absorb(part, at).map_err(|fault| place(fault, &chunk.source))? else {
                left += height;
                continue;
            };
            let rows = height - absorbed.left;
            left += absorbed.left;
            *(if face == Face::Live { &mut self.delta.live_rows } else { &mut self.delta.history_rows }) += rows;
            for cell in &mut absorbed.cells.kept {
                cell.source = chunk.source.clone();
                cell.line = if numbered && cell.line > 0 { chunk.offsets.start + start as u64 + cell.line } else { 0 };
            }
            self.delta.chunks += 1;
            self.delta.rows.come_in += rows;
            self.note(absorbed)?;
            // What grows too large goes at once: only the merger can let rows go, or groups leave for disk.
            if self.partial.size() as u64 > self.shared.budget.worker(&self.shared.plan) {
                self.over()?;
            }
        }
        self.delta.flights.extend(self.flight.take());
        let (bytes, reached) = std::mem::take(&mut self.due);
        if left == 0 {
            self.delta.history_bytes += bytes;
            self.delta.reached.merge(&reached);
        } else {
            // What was left in the middle is not done.
            self.shared.tear(left, &chunk.source);
        }
        // Live rows go on when nothing more waits; history at its pace.
        if self.last.elapsed() >= self.pace { self.over() } else { Ok(()) }
    }

    /// Counts what became of some rows.
    fn note(&mut self, absorbed: Absorbed) -> Result<()> {
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
    fn is_over(&self) -> bool {
        is_over(self.shared, &self.ending, if self.shared.dataset.is_some() { GRACE_OF_JOIN } else { GRACE })
    }

    /// Takes rows; those that may be late are judged one by one. `None` when the run is to end before they could be
    /// joined.
    fn absorb(&mut self, mut frame: DataFrame, at: Option<SourceRange>) -> Result<Option<Absorbed>> {
        let lookup = match self.shared.lookup() {
            Err(_) if self.shared.ending() => return Ok(None),
            lookup => lookup?,
        };
        let (shared, ending) = (self.shared, &self.ending);
        let stopped = || is_over(shared, ending, GRACE_OF_JOIN);
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

    /// Counts the time since it began to work.
    fn rest(&mut self) {
        if let Some(since) = self.since.take() {
            self.delta.busy += since.elapsed();
        }
    }

    /// Gives the merger what was absorbed since the last time.
    fn over(&mut self) -> Result<()> {
        if self.delta.chunks == 0 && self.delta.barrier.is_none() && !self.delta.gone {
            return Ok(());
        }
        // What is handed over in the middle of a piece took time, too; waiting for the merger is no work.
        let working = self.since.is_some();
        self.rest();
        let begun = Instant::now();
        let full = std::mem::replace(&mut self.partial, Partial::new(self.shared.plan.clone())?);
        let mut delta = std::mem::take(&mut self.delta);
        delta.partial = Some(full);
        let live = delta.live_rows > 0;
        // The merger is gone only when nobody looks any more.
        let _ = self.out.deltas.send(delta);
        self.since = working.then(Instant::now);
        // Handing over is a move: what costs is merging, which the merger tells, and waiting for it, which is felt
        // here.
        let cost = begun.elapsed().max(self.shared.merging.get());
        let pace = self.shared.options.pace;
        // A snapshot shows what was handed over before it, so live rows are handed over more often than it is made.
        self.pace = if live {
            (cost * LIVE_SHARE).clamp(pace / 4, LONGEST_LIVE)
        } else {
            (cost * COST_SHARE).clamp(pace, LONGEST_PACE)
        };
        self.last = Instant::now();
        Ok(())
    }
}

fn is_over(shared: &Shared, ending: &Cell<Option<Instant>>, grace: Duration) -> bool {
    if shared.finish.is_set() && ending.get().is_none() {
        ending.set(Some(Instant::now()));
    }
    shared.cancel.is_set() || ending.get().is_some_and(|since| since.elapsed() > grace)
}

/// So many rows of a question's table are not too much at once. Those that are shown as they are stand where they
/// stood, in one piece.
fn at_once(plan: &Plan) -> usize {
    if plan.rows.is_some() {
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

fn place(fault: Fault, source: &str) -> Fault {
    if fault.place.is_empty() { fault.at(source.to_owned()) } else { fault }
}
