//! A worker: takes chunks from history and feeds, absorbs them into a partial a question, and hands all of those over
//! at a steady pace. No locks while it absorbs. What becomes of the rows of a chunk is told in `absorb`.

mod absorb;
mod pool;
mod slot;

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError};

pub use self::pool::Pool;
use self::slot::Slot;
use super::handover::Handover;
use super::intake::{Handed, HistoryQueue};
use super::live_chunk::LiveChunk;
use super::memory::ReadingMemory;
use super::query_set::QuerySet;
use super::reached::Reached;
use super::row_output::RowBatch;
use super::scan::Scan;
use super::seam::Face;
use super::watermark::InFlight;
use crate::data::Fault;

/// Handing over must not cost more than a fortieth of the work; what a worker has to build anew is more than that.
const COST_SHARE: u32 = 40;
const LONGEST_PACE: Duration = Duration::from_secs(60);
/// Live rows are shown sooner: a tenth of the work, and after a second whatever it costs.
const LIVE_SHARE: u32 = 10;
const LONGEST_LIVE: Duration = Duration::from_secs(1);
/// Where a worker's results go.
#[derive(Debug)]
pub struct Outputs {
    /// The number of its scan for the merger.
    pub scan: u64,
    pub merger: Sender<Handover>,
    /// Finished rows of questions, by `id`, whose rows go to files.
    pub rows: Vec<(u64, Sender<RowBatch>)>,
}

/// What there is to take in for a scan.
#[derive(Debug)]
pub struct Intake {
    pub scan: Arc<Scan>,
    pub history: Arc<HistoryQueue>,
    pub live: Receiver<LiveChunk>,
    pub out: Outputs,
    /// Its workers hold what they absorb.
    pub _reading: Option<ReadingMemory>,
}

/// What a worker came to in one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It did something, and there may be more.
    Busy,
    /// There is nothing to do at the moment.
    Idle,
    /// There will be nothing more to do.
    Over,
}

/// One worker's part in a scan.
struct Worker {
    intake: Arc<Intake>,
    /// Whether more may come of each face.
    more: (bool, bool),
    slots: Vec<Slot>,
    last: Instant,
    pace: Duration,
    /// How long it was at work since it handed over, and when the work began that is not in there yet.
    busy: Duration,
    since: Option<Instant>,
    /// The last barrier this worker took part in.
    barrier: u64,
    /// It waits for the end of that barrier.
    held: bool,
    /// The marks in the watermark of the live chunks that were not handed over yet.
    flights: Vec<InFlight>,
    /// When the worker saw first that the scan is to end.
    ending: Cell<Option<Instant>>,
}

/// Where the rows of a chunk came from, and what counts as done when all of them were taken.
struct Piece {
    face: Face,
    /// Numbers the files and then the feeds of the table.
    source: usize,
    /// How often a log began anew.
    epoch: u64,
    /// The smallest and the largest event time, where they are known.
    times: Option<(i64, i64)>,
    /// Rows that came again by their number, and were left out.
    repeated: u64,
    history_bytes: u64,
    reached: Reached,
}

/// The merger counts on a last word from each worker, whatever ends it.
impl Drop for Worker {
    fn drop(&mut self) {
        let out = &self.intake.out;
        // The merger is gone only when the scan was dropped.
        let _ = out.merger.send(Handover { scan: out.scan, gone: true, ..Handover::default() });
    }
}

impl Worker {
    fn new(intake: Arc<Intake>) -> Self {
        Self {
            intake,
            more: (true, true),
            slots: Vec::new(),
            last: Instant::now(),
            pace: Duration::ZERO,
            busy: Duration::ZERO,
            since: None,
            barrier: 0,
            held: false,
            flights: Vec::new(),
            ending: Cell::new(None),
        }
    }

    fn scan(&self) -> &Scan {
        &self.intake.scan
    }

    /// It panicked: no question of the scan can be answered.
    fn fail(&self, said: &str) {
        let fault = Fault::new(format!("internal error: {said}"));
        self.scan().fail(fault.hint("please report it with the question and the data"));
    }

    /// Takes one piece of each face, so that neither starves. While the scan finishes, what feeds have sent is still
    /// taken.
    fn step(&mut self) -> Step {
        if self.scan().cancel.is_set() {
            return Step::Over;
        }
        if self.is_held() {
            return Step::Idle;
        }
        let mut busy = false;
        if self.more.1 {
            match self.intake.live.try_recv() {
                Ok(chunk) => {
                    self.take_live(chunk);
                    busy = true;
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => self.more.1 = false,
            }
        }
        if self.more.0 {
            let finish = self.scan().finish.is_set();
            match if finish { None } else { self.intake.history.next(self.scan()) } {
                Some(handed) => self.take_piece(handed),
                None => self.more.0 = false,
            }
            busy = true;
        }
        if busy {
            return Step::Busy;
        }
        // Nothing waits, so what there is may be seen.
        self.hand_over();
        if self.more == (false, false) { Step::Over } else { Step::Idle }
    }

    fn take_piece(&mut self, handed: Handed) {
        let Handed { piece, set, file, number } = handed;
        self.since = Some(Instant::now());
        self.open_slots(&set);
        match piece.decode() {
            Ok(chunks) => {
                for chunk in chunks {
                    let piece = Piece {
                        face: Face::History,
                        source: file,
                        epoch: 0,
                        times: None,
                        repeated: 0,
                        history_bytes: chunk.bytes,
                        reached: Reached::default(),
                    };
                    self.take(chunk, piece, &set);
                }
            }
            Err(fault) => self.count_unreadable(fault, &set),
        }
        self.send_rows(0, number);
        self.stop_clock();
    }

    fn take_live(&mut self, live: LiveChunk) {
        self.since = Some(Instant::now());
        self.open_slots(&live.set);
        if let Some(arrived) = live.chunk.arrived {
            let rows = live.chunk.rows_in();
            self.slots_of(&live.set).for_each(|slot| slot.delta.arrivals.push((arrived, rows)));
        }
        let reached = live.reached();
        let piece = Piece {
            face: live.face,
            source: self.scan().table.history.len() + live.feed,
            epoch: live.epoch,
            times: live.times,
            repeated: live.numbered.map_or(0, |numbered| numbered.repeated),
            history_bytes: 0,
            reached,
        };
        self.flights.extend(live.flight);
        self.take(live.chunk, piece, &live.set);
        self.send_rows(1 + live.feed, live.number);
        self.stop_clock();
    }

    /// Makes room for the questions of a set; those that nobody asks any more are let go.
    fn open_slots(&mut self, set: &QuerySet) {
        self.slots.retain(|slot| slot.query.is_asked());
        for query in set.queries.iter().filter(|query| query.is_asked()) {
            if self.slots.iter().any(|slot| slot.query.id == query.id) {
                continue;
            }
            match Slot::new(query.clone()) {
                Ok(slot) => self.slots.push(slot),
                Err(fault) => query.fail(fault),
            }
        }
    }

    /// The questions of a set that are still asked.
    fn slots_of<'s>(&'s mut self, set: &'s QuerySet) -> impl Iterator<Item = &'s mut Slot> {
        self.slots.iter_mut().filter(|slot| set.queries.iter().any(|query| query.id == slot.query.id))
    }

    /// Hands finished rows to the files that they go to; `number` is the place of the piece in its stream.
    fn send_rows(&mut self, stream: usize, number: u64) {
        let intake = self.intake.clone();
        for (id, out) in &intake.out.rows {
            let slot = self.slots.iter_mut().find(|slot| slot.query.id == *id);
            let rows = slot.map(Slot::take_finished).unwrap_or_default();
            // The writer is gone only when it has failed, which it said.
            let _ = out.send(RowBatch { stream, number, rows });
        }
    }

    /// Whether it has handed over at a barrier that is not over yet.
    fn is_held(&mut self) -> bool {
        let asked = self.scan().barrier.asked();
        if asked > self.barrier {
            (self.barrier, self.held) = (asked, true);
            self.send(Some(asked));
        }
        self.held &= !self.scan().barrier.is_over(self.barrier);
        self.held
    }

    /// Counts the time since it began to work.
    fn stop_clock(&mut self) {
        if let Some(since) = self.since.take() {
            self.busy += since.elapsed();
        }
    }

    /// Gives the merger what was absorbed since the last time.
    fn hand_over(&mut self) {
        if !self.flights.is_empty() || self.slots.iter().any(Slot::has_news) {
            self.send(None);
        }
    }

    fn send(&mut self, barrier: Option<u64>) {
        // Handing over in the middle of a piece counts the work so far; waiting for the merger is no work.
        let working = self.since.is_some();
        self.stop_clock();
        let begun = Instant::now();
        let busy = std::mem::take(&mut self.busy);
        let mut live = false;
        let mut deltas = Vec::with_capacity(self.slots.len());
        for slot in self.slots.iter_mut().filter(|slot| slot.has_news()) {
            match slot.take(busy) {
                Ok(delta) => {
                    live |= delta.live_rows > 0;
                    deltas.push((slot.query.id, delta));
                }
                Err(fault) => slot.query.fail(fault),
            }
        }
        let flights = std::mem::take(&mut self.flights);
        let handover = Handover { scan: self.intake.out.scan, deltas, flights, barrier, gone: false };
        // The merger is gone only when the scan was dropped.
        let _ = self.intake.out.merger.send(handover);
        self.since = working.then(Instant::now);
        // Handing over is a move: what costs is merging, which the merger tells, and waiting for it, which is felt
        // here.
        let cost = begun.elapsed().max(self.scan().merge_time.get());
        let pace = self.scan().pace();
        // A snapshot shows what was handed over before it, so live rows are handed over more often than it is made.
        self.pace = if live {
            (cost * LIVE_SHARE).clamp(pace / 4, LONGEST_LIVE)
        } else {
            (cost * COST_SHARE).clamp(pace, LONGEST_PACE)
        };
        self.last = Instant::now();
    }
}
