//! A worker: takes chunks from history and feeds, absorbs them into a partial of its own, and hands that over at a
//! steady pace. No locks while it absorbs. What becomes of the rows of a chunk is told in `absorb`.

mod absorb;

use std::cell::Cell;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use polars::prelude::DataFrame;

use super::intake::{Handed, HistoryQueue};
use super::merge::Delta;
use super::piece::LiveChunk;
use super::reached::Reached;
use super::row_output::RowBatch;
use super::seam::Face;
use super::shared::Shared;
use super::watermark::InFlight;
use crate::data::{Chunk, Result};
use crate::query::{Partial, Plan};

/// Handing over must not cost more than a fortieth of the work; what a worker has to build anew is more than that.
const COST_SHARE: u32 = 40;
const LONGEST_PACE: Duration = Duration::from_secs(60);
/// Live rows are shown sooner: a tenth of the work, and after a second whatever it costs.
const LIVE_SHARE: u32 = 10;
const LONGEST_LIVE: Duration = Duration::from_secs(1);
/// Values, and words of the question for each row, that are worked on between two looks at whether to go on.
const AT_ONCE: usize = 1 << 22;
/// How long a worker without anything to do waits.
const WAIT: Duration = Duration::from_millis(10);

/// Where a worker's results go.
#[derive(Clone)]
pub struct Outputs {
    pub deltas: Sender<Delta>,
    /// Finished rows, where they go to a file.
    pub rows: Option<Sender<RowBatch>>,
}

struct Worker<'a> {
    shared: &'a Shared,
    out: &'a Outputs,
    partial: Partial,
    delta: Delta,
    last: Instant,
    pace: Duration,
    /// When the work began whose time was not handed over yet.
    since: Option<Instant>,
    /// The last barrier this worker took part in.
    barrier: u64,
    /// Finished rows of the piece at hand.
    finished: Vec<DataFrame>,
    /// The mark in the watermark of the live chunk at hand: it is handed over with the last of its rows.
    flight: Option<InFlight>,
    /// What counts as done when all of the chunk at hand was taken: bytes of the history, positions of a feed.
    due: (u64, Reached),
    /// When the worker saw first that the run is to end.
    ending: Cell<Option<Instant>>,
    /// Rows that are taken between two looks at whether to go on.
    at_once: usize,
}

/// Works until all inputs have ended and all was handed over.
///
/// # Errors
/// When a row makes an expression fail: the question cannot be answered.
pub fn run(shared: &Shared, history: &HistoryQueue, live: &Receiver<LiveChunk>, out: &Outputs) -> Result<()> {
    let mut worker = Worker {
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
    let outcome = absorb_all(shared, history, live, &mut worker);
    // The merger counts on a last word from every worker, also from one that gives up.
    worker.delta.gone = true;
    worker.hand_over()?;
    outcome
}

fn absorb_all(
    shared: &Shared,
    history: &HistoryQueue,
    live: &Receiver<LiveChunk>,
    worker: &mut Worker<'_>,
) -> Result<()> {
    let (mut more_history, mut more_live) = (true, true);
    while (more_history || more_live) && !shared.cancel.is_set() {
        // Both faces in turn, so that neither starves; while the run finishes, what feeds have sent is still taken.
        let mut busy = false;
        worker.join_barrier()?;
        if more_live {
            match live.try_recv() {
                Ok(chunk) => {
                    worker.take_live(chunk)?;
                    busy = true;
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => more_live = false,
            }
        }
        if more_history {
            match if shared.finish.is_set() { None } else { history.next(shared) } {
                Some(handed) => worker.take_piece(handed)?,
                None => more_history = false,
            }
            busy = true;
        }
        if busy {
            continue;
        }
        // Nothing waits, so what there is may be seen.
        worker.hand_over()?;
        if more_live {
            match live.recv_timeout(WAIT) {
                Ok(chunk) => worker.take_live(chunk)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => more_live = false,
            }
        }
    }
    Ok(())
}

impl Worker<'_> {
    fn take_piece(&mut self, handed: Handed) -> Result<()> {
        let Handed { piece, file, number } = handed;
        self.since = Some(Instant::now());
        match piece.decode() {
            Ok(chunks) => {
                for chunk in chunks {
                    self.take_history(chunk, file)?;
                }
            }
            Err(fault) => self.count_unreadable(fault),
        }
        self.send_rows(0, number);
        self.stop_clock();
        Ok(())
    }

    fn take_history(&mut self, chunk: Chunk, file: usize) -> Result<()> {
        self.due.0 = chunk.bytes;
        self.take(chunk, Face::History, None, file, 0)
    }

    fn take_live(&mut self, live: LiveChunk) -> Result<()> {
        self.since = Some(Instant::now());
        let taken = self.take_live_rows(live);
        self.stop_clock();
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
        self.send_rows(1 + live.feed, live.number);
        Ok(())
    }

    /// Hands finished rows to the file that they go to; `number` is the place of the piece in its stream.
    fn send_rows(&mut self, stream: usize, number: u64) {
        let Some(out) = &self.out.rows else { return };
        let mut rows = DataFrame::default();
        for more in self.finished.drain(..).filter(|f| f.height() > 0) {
            // Rows of one question have one schema, so that stacking cannot fail.
            rows = if rows.height() == 0 { more } else { rows.vstack(&more).unwrap_or(rows) };
        }
        // The writer is gone only when it has failed, which it said.
        let _ = out.send(RowBatch { stream, number, rows });
    }

    /// Hands over and waits, where a barrier was asked for.
    fn join_barrier(&mut self) -> Result<()> {
        let asked = self.shared.barrier.asked();
        if asked > self.barrier {
            self.barrier = asked;
            self.delta.barrier = Some(asked);
            self.hand_over()?;
            self.shared.barrier.wait(asked, &self.shared.cancel);
        }
        Ok(())
    }

    /// Counts the time since it began to work.
    fn stop_clock(&mut self) {
        if let Some(since) = self.since.take() {
            self.delta.busy += since.elapsed();
        }
    }

    /// Gives the merger what was absorbed since the last time.
    fn hand_over(&mut self) -> Result<()> {
        if self.delta.chunks == 0 && self.delta.barrier.is_none() && !self.delta.gone {
            return Ok(());
        }
        // Handing over in the middle of a piece counts the work so far; waiting for the merger is no work.
        let working = self.since.is_some();
        self.stop_clock();
        let begun = Instant::now();
        let full = std::mem::replace(&mut self.partial, Partial::new(self.shared.plan.clone())?);
        let mut delta = std::mem::take(&mut self.delta);
        delta.partial = Some(full);
        let live = delta.live_rows > 0;
        // The merger is gone only when the run was dropped.
        let _ = self.out.deltas.send(delta);
        self.since = working.then(Instant::now);
        // Handing over is a move: what costs is merging, which the merger tells, and waiting for it, which is felt
        // here.
        let cost = begun.elapsed().max(self.shared.merge_time.get());
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

/// The rows of a question's table that are absorbed between two looks at whether to go on. Rows that are shown as they
/// are stay in one piece.
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
