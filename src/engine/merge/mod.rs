//! The merger: folds what workers hand over into what is known of each question of a scan, and decides when answers are
//! read, when checkpoints are written and when answers are verified. All questions publish from the same rows: an
//! epoch. What is known of one question is `answering`'s, what a snapshot says `publish`'s, what is written down
//! `persist`'s, and how a question that joins reads what came before `past`'s.

mod answering;
mod past;
mod persist;
mod publish;
mod spill;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select};

pub use self::answering::Answering;
use self::past::{Joining, PastScan};
pub use self::spill::{ON_DISK, PARTIAL};
use super::audit::AuditInput;
use super::continuous::ContinuousQuery;
use super::handover::Handover;
use super::moment::{Moment, tick_after};
use super::piece::HistoryDone;
use super::scan::Scan;
use crate::sync::Wake;

/// Reading the answers must not cost more than a quarter of the time, nor an eighth while feeds give all that is taken
/// of them, nor a twentieth while history is read: then it takes from the rows that wait.
const ANSWER_SHARE: u32 = 3;
const FLAT_OUT_SHARE: u32 = 7;
const HISTORY_SHARE: u32 = 19;
/// While workers have time to spare it may take half of it: what is shown is newer.
const SPARE_SHARE: u32 = 1;
/// A snapshot without new rows: rates and watermark move on.
const TICK: Duration = Duration::from_millis(500);
/// How often the answer of a question that nobody looks at is read.
pub const HIDDEN: Duration = Duration::from_secs(2);
/// How often the merger looks for requests and audits once the last row is taken.
const SERVE: Duration = Duration::from_millis(50);

/// Questions that join a scan under way.
pub enum Join {
    /// Rows are absorbed for them soon.
    Questions(Vec<Answering>),
    /// They are in the sets of questions from this generation on; so much of the files was handed out before.
    At { queries: Vec<Arc<ContinuousQuery>>, generation: u64, history: HistoryDone },
}

/// Where a merger hears from others.
pub struct Inputs {
    pub handovers: Receiver<Handover>,
    pub joins: Receiver<Join>,
    /// For the workers that read the past for questions which join.
    pub to_self: Sender<Handover>,
    /// The auditor, where any question is verified.
    pub auditor: Option<Sender<AuditInput>>,
}

/// A moment at which answers are published.
#[derive(Clone, Copy, Debug)]
pub struct Epoch {
    /// Grows with each.
    number: u64,
    at: Moment,
}

impl Epoch {
    fn next(&mut self, at: Instant) -> Self {
        *self = Self { number: self.number + 1, at: Moment::of(at) };
        *self
    }
}

/// The merger of one scan.
pub struct Merger {
    scan: Arc<Scan>,
    inputs: Inputs,
    answers: Vec<Answering>,
    joining: Vec<Joining>,
    pasts: Vec<PastScan>,
    /// Workers of the scan itself that have not said their last word.
    workers: usize,
    /// The barrier that was asked for, and how many workers have come to it.
    barrier: Option<(u64, usize)>,
    epoch: Epoch,
    /// When answers were published last, and when they may be again.
    shown: Instant,
    due: Instant,
    /// When rows were taken last.
    taken: Instant,
    /// Answers are published at ticks of the clock.
    ticks: bool,
    /// The work of all workers up to then.
    busy: Duration,
}

impl Merger {
    pub fn new(scan: Arc<Scan>, inputs: Inputs, answers: Vec<Answering>) -> Self {
        let now = Instant::now();
        let merger = Self {
            workers: scan.options.workers(),
            scan,
            inputs,
            answers,
            joining: Vec::new(),
            pasts: Vec::new(),
            barrier: None,
            epoch: Epoch { number: 0, at: Moment::of(now) },
            shown: now,
            due: now,
            taken: now,
            ticks: false,
            busy: Duration::ZERO,
        };
        merger.answers.iter().for_each(|answer| merger.hears(answer));
        merger
    }

    /// Merges until nobody asks any more.
    pub fn merge(mut self) {
        let (handovers, joins) = (self.inputs.handovers.clone(), self.inputs.joins.clone());
        let mut ended = false;
        loop {
            select! {
                recv(handovers) -> handover => if let Ok(handover) = handover { self.take(handover) },
                recv(joins) -> join => if let Ok(join) = join { self.join(join) },
                default(self.wait()) => {}
            }
            if self.scan.cancel.is_set() {
                return;
            }
            self.make_room();
            self.answers.retain(|answer| !answer.query().left.is_set());
            self.read_pasts();
            self.close_failed();
            for answer in &mut self.answers {
                answer.readmit();
                answer.seal();
            }
            if self.workers > 0 {
                self.persist();
                self.publish();
            } else if !std::mem::replace(&mut ended, true) {
                self.end();
            } else {
                self.serve();
            }
        }
    }

    /// Whether rows came that an answer which is to be read lacks.
    fn has_news(&self, now: Instant) -> bool {
        self.answers.iter().any(|answer| answer.is_dirty() && answer.is_wanted(now))
    }

    fn wait(&self) -> Duration {
        match self.workers {
            0 => SERVE,
            _ if self.has_news(Instant::now()) => self.due.saturating_duration_since(Instant::now()),
            _ => TICK,
        }
    }

    fn take(&mut self, handover: Handover) {
        let begun = Instant::now();
        // Questions were told before any row was absorbed for them.
        while let Ok(join) = self.inputs.joins.try_recv() {
            self.join(join);
        }
        if self.ticks && !handover.deltas.is_empty() && !self.has_news(begun) {
            // Rows that come after a pause wait for a tick as well, the next that any table has.
            self.due = self.due.max(tick_after(begun, self.scan.options.pace));
        }
        for (id, delta) in handover.deltas {
            if let Some(answer) = self.answers.iter_mut().find(|answer| answer.query().id == id) {
                answer.take(delta, Moment::of(begun));
            }
            self.taken = begun;
        }
        self.make_room();
        self.scan.merge_time.set(begun.elapsed());
        // The answers hold these rows now.
        drop(handover.flights);
        if handover.scan != 0 {
            self.pasts.iter_mut().filter(|past| past.id == handover.scan).for_each(|past| past.heard(handover.gone));
            return;
        }
        self.workers -= usize::from(handover.gone);
        if let (Some((asked, come)), Some(at)) = (&mut self.barrier, handover.barrier)
            && *asked == at
        {
            *come += 1;
        }
    }

    /// Where the questions of the process hold more than they may, the largest gives way: at once where it is one of
    /// these, and else nothing more is taken before it has. Who waits here gives way as well, so that none waits for
    /// ever.
    fn make_room(&mut self) {
        self.answers.iter().for_each(Answering::note_memory);
        let due = |answer: &Answering| Some((answer.query().id, answer.account.due()?));
        while let Some((by, (account, way))) = self.answers.iter().find_map(due) {
            if let Some(largest) = self.answers.iter_mut().find(|answer| answer.account.id() == account) {
                largest.give_way(way, self.epoch);
            } else if self.scan.cancel.is_set() {
                return;
            } else {
                let waits = self.answers.iter().find(|answer| answer.query().id == by);
                waits.iter().for_each(|answer| answer.account.await_other(account));
            }
        }
    }

    /// Is woken where one of these questions is to give way.
    fn hears(&self, answer: &Answering) {
        let to_self = self.inputs.to_self.clone();
        // A full channel means that it is awake.
        answer.account.rung_by(Wake::new(move || drop(to_self.try_send(Handover::default()))));
    }

    /// A question that cannot be answered says its last word while others go on. Where none can, the scan ends.
    fn close_failed(&mut self) {
        let failed = |answer: &Answering| answer.query().failed.is_set();
        if !self.answers.is_empty() && self.answers.iter().all(failed) {
            self.scan.finish.set();
            return;
        }
        let epoch = self.epoch;
        for answer in self.answers.iter_mut().filter(|answer| failed(answer) && !answer.has_ended()) {
            answer.publish(true, true, epoch);
        }
    }

    /// Asks for a barrier when a checkpoint or an audit is due, and does it once all workers have come.
    fn persist(&mut self) {
        if self.scan.rows_left.load(Ordering::Acquire) {
            // What was left comes again when the scan goes on from the checkpoint before.
            return self.release();
        }
        let now = Instant::now();
        let free = self.inputs.auditor.as_ref().is_some_and(Sender::is_empty);
        let saves = self.answers.iter().any(|answer| answer.save_is_due(now));
        let verifies = free && self.answers.iter().any(|answer| answer.audit_is_due(now));
        match self.barrier {
            None if saves || verifies => self.barrier = Some((self.scan.barrier.ask(), 0)),
            Some((_, come)) if come >= self.workers => {
                let mut known = Vec::new();
                let mut verified = false;
                for answer in &mut self.answers {
                    let verify = free && !verified && answer.audit_is_due(now);
                    // Those of one scan are saved together, so that they go on from one place.
                    let save = saves && answer.can_save();
                    if save || verify {
                        known.extend(answer.known(save, verify).map(|known| (answer.query().id, known)));
                        verified |= verify;
                    }
                }
                self.release();
                let begun = Instant::now();
                for (id, known) in known {
                    if let Some(answer) = self.answers.iter_mut().find(|answer| answer.query().id == id) {
                        answer.write_down(known, self.inputs.auditor.as_ref());
                    }
                }
                if saves {
                    let took = begun.elapsed();
                    self.answers.iter_mut().for_each(|answer| answer.rest_from_saving(took));
                }
            }
            _ => {}
        }
    }

    fn release(&mut self) {
        if let Some((number, _)) = self.barrier.take() {
            self.scan.barrier.release(number);
            (0..self.workers).for_each(|_| self.scan.ring());
        }
    }

    /// Publishes the answers when it is time. All that are published together hold the same rows.
    fn publish(&mut self) {
        let now = Instant::now();
        let dirty = self.has_news(now);
        if dirty && now >= self.due {
            let first = self.epoch.number == 0;
            // What was taken was so at the tick that is due.
            let epoch = self.epoch.next(if self.taken <= self.due { self.due } else { now });
            for answer in self.answers.iter_mut().filter(|answer| answer.is_wanted(now) && !answer.has_ended()) {
                answer.publish(true, false, epoch);
            }
            let cost = now.elapsed();
            // The first answers tighten quickly.
            let pace = if first { Duration::from_millis(10) } else { self.scan.pace() };
            let busy = self.answers.iter().map(|answer| answer.busy()).max().unwrap_or_default();
            let spare = busy.saturating_sub(self.busy) < self.shown.elapsed() * self.workers as u32 * 2 / 3;
            self.busy = busy;
            let share = match (self.answers.iter().any(Answering::is_flat_out), spare) {
                _ if !self.answers.iter().all(Answering::has_read) => HISTORY_SHARE,
                (true, _) => FLAT_OUT_SHARE,
                (false, true) => SPARE_SHARE,
                (false, false) => ANSWER_SHARE,
            };
            let rest = (cost * (share + 1)).max(pace);
            // While nothing but history is read, there is nothing to keep step with.
            self.ticks = !first && self.scan.feeds().open > 0 && self.answers.iter().any(Answering::has_read);
            self.due = if self.ticks { tick_after(now, rest) } else { now + rest };
            self.shown = now;
        } else if !dirty && self.shown.elapsed() >= TICK {
            for answer in self.answers.iter_mut().filter(|answer| answer.is_shown() && !answer.has_ended()) {
                answer.publish(false, false, self.epoch);
            }
            self.shown = Instant::now();
        }
    }

    /// The last row of every input is taken: the last word of all questions that have read everything.
    fn end(&mut self) {
        self.release();
        let epoch = self.epoch.next(Instant::now());
        for answer in self.answers.iter_mut().filter(|answer| !answer.is_catching_up()) {
            answer.end(epoch, self.inputs.auditor.as_ref());
        }
    }

    /// After the last row: verifies the answers, re-admits late rows when asked, and ends questions that joined.
    fn serve(&mut self) {
        let now = Instant::now();
        for answer in &mut self.answers {
            if answer.has_ended() {
                answer.verify_again(self.inputs.auditor.as_ref());
                if answer.is_dirty() || answer.has_news() {
                    let fresh = answer.is_dirty();
                    let epoch = if fresh { self.epoch.next(now) } else { self.epoch };
                    answer.publish(fresh, true, epoch);
                }
            } else if !answer.is_catching_up() {
                answer.end(self.epoch.next(now), self.inputs.auditor.as_ref());
            } else if answer.is_dirty() && now >= self.due {
                answer.publish(true, false, self.epoch.next(now));
                self.due = now + now.elapsed() * (HISTORY_SHARE + 1) + self.scan.pace();
            }
        }
    }
}
