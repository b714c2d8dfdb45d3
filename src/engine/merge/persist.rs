//! What the merger writes down at a barrier: final windows that leave memory, checkpoints, and the input to verify.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{ASIDE, Merger, note_trouble};
use crate::data::Result;
use crate::engine::Feed;
use crate::engine::checkpoint::{self, CheckpointMeta, Counted, FeedAt};
use crate::engine::sealed::Unwritten;
use crate::engine::shared::Shared;
use crate::store::aside::{Aside, Limits};

/// The shortest time between two checkpoints; a costly one is written more rarely.
const CHECKPOINT: Duration = Duration::from_millis(500);
/// Writing checkpoints must not cost more than a twentieth of the time.
const CHECKPOINT_SHARE: u32 = 19;
/// Verifying must not cost more than a tenth of the time.
const AUDIT_SHARE: u32 = 9;

/// What is in trouble when final windows cannot leave memory.
pub(super) const SEALING: &str = "final windows";
/// What is in trouble when a checkpoint cannot be written.
pub(super) const CHECKPOINTS: &str = "checkpoints";

impl Merger {
    /// Lets final windows leave memory for disk, where there are many.
    pub(super) fn seal(&mut self) {
        self.settle(false);
        let timed = self.shared.table.time.as_ref().filter(|_| self.has_read());
        let Some(watermark) = timed.and_then(|_| self.shared.watermark.answered(Instant::now())) else { return };
        if self.sealed.is_writing() {
            return;
        }
        match self.partial.seal(watermark, self.shared.options.final_groups) {
            Ok(None) => {}
            Ok(Some(frame)) => {
                let pushed = self.sealed.push(self.partial.plan(), frame);
                self.take_back(pushed);
            }
            Err(fault) => note_trouble(&self.shared, SEALING, Err(fault)),
        }
    }

    /// Takes in whether final windows were written; with `wait`, all that were begun.
    pub(super) fn settle(&mut self, wait: bool) {
        if let Some(outcome) = self.sealed.settle(wait) {
            self.take_back(outcome);
        }
    }

    /// Windows that were not written come back, and are tried again.
    fn take_back(&mut self, outcome: std::result::Result<(), Box<Unwritten>>) {
        let kept = outcome.or_else(|unwritten| self.partial.merge(&unwritten.frame).and(Err(unwritten.fault)));
        note_trouble(&self.shared, SEALING, kept);
    }

    /// Asks for a barrier when a checkpoint or an audit is due, and does it once all workers have come. `last`: they
    /// are gone, so that it can be done at once.
    pub(super) fn persist(&mut self, last: bool) {
        if self.shared.rows_left.load(Ordering::Acquire) {
            // What was left comes again when the run goes on from the checkpoint before.
            if let Some((number, _)) = self.barrier.take() {
                self.shared.barrier.release(number);
            }
            return;
        }
        let now = Instant::now();
        // An audit is for idle time: not while history is still being read.
        let idle = self.has_read();
        let save = self.checkpoints.as_ref().is_some_and(|(_, due)| due.is(now) || last);
        let verify = self
            .auditor
            .as_ref()
            .is_some_and(|(auditor, due)| due.is(now) && !last && idle && auditor.is_empty() && self.spill.is_empty());
        if !last {
            match self.barrier {
                None if save || verify => {
                    self.barrier = Some((self.shared.barrier.ask(), 0));
                    return;
                }
                Some((_, come)) if come >= self.workers => {}
                _ => return,
            }
        }
        if last && !save {
            // A large state is not written down for nothing.
            if let Some((number, _)) = self.barrier.take() {
                self.shared.barrier.release(number);
            }
            return;
        }
        if let Some(aside) = self.aside.as_mut().filter(|_| save) {
            note_trouble(&self.shared, ASIDE, aside.flush());
        }
        self.settle(true);
        let known = self.partial.to_frame().and_then(|partial| Ok((partial, self.shared.seam_filter.seen()?)));
        let meta = self.meta();
        if let Some((number, _)) = self.barrier.take() {
            self.shared.barrier.release(number);
        }
        let (partial, seen) = match known {
            Ok(known) => known,
            Err(fault) => return self.shared.note(format!("the state cannot be written: {fault}")),
        };
        let input = verify.then(|| self.audit_input(partial.clone()));
        if let (Some((auditor, due)), Some(input)) = (&mut self.auditor, input) {
            // A full channel means that the one before is not done yet.
            let _ = auditor.try_send(input);
            let took = self.snapshot.audit.as_ref().map_or(Duration::ZERO, |a| a.took);
            due.done((took * AUDIT_SHARE).max(self.shared.options.audit.unwrap_or_default()));
        }
        if let Some((folder, due)) = self.checkpoints.as_mut().filter(|_| save) {
            let begun = Instant::now();
            // Positions in a recording are written down only when what stands before them is on disk.
            let synced = self.shared.table.live.iter().try_for_each(Feed::sync);
            let kept = synced
                .and_then(|()| self.sealed.sync())
                .and_then(|()| checkpoint::save(folder, &meta, &partial, self.late.frame(), seen.as_ref()));
            due.done((begun.elapsed() * CHECKPOINT_SHARE).max(CHECKPOINT));
            due.dirty = kept.is_err();
            note_trouble(&self.shared, CHECKPOINTS, kept);
        }
    }

    fn meta(&self) -> CheckpointMeta {
        let (table, s) = (&self.shared.table, &self.snapshot);
        let feed = |(number, feed): (usize, &Feed)| {
            let diagnostics = self.shared.diagnostics();
            let log = diagnostics.log(number);
            // A feed that was not asked yet stands where the last checkpoint left it.
            let before =
                self.shared.resumed.as_ref().and_then(|r| r.meta.feeds.get(number).cloned()).unwrap_or_default();
            let mut next = if before.next.is_empty() { feed.start() } else { before.next };
            next.extend(self.reached.of(number));
            match log {
                Some(log) => {
                    FeedAt { next, ends: log.ends.clone(), first_live: log.first_live.clone(), mark: log.mark.clone() }
                }
                None => FeedAt { next, ..before },
            }
        };
        CheckpointMeta {
            question: checkpoint::question(self.partial.plan(), table),
            // What history owns does not change when its file grows on.
            files: self.shared.resumed.as_ref().map_or_else(|| checkpoint::files(table), |r| r.meta.files.clone()),
            feeds: table.live.iter().enumerate().map(feed).collect(),
            history: self.history.done(),
            reached: self.reached.clone(),
            sealed: self.sealed.files().to_vec(),
            spilled: self.spill.files().to_vec(),
            aside: self.aside.as_ref().map(|a| (a.late_counts(), a.rejected_counts())).unwrap_or_default(),
            counted: Counted {
                rows: s.rows,
                chunks: s.stats.chunks,
                bytes_in: s.stats.bytes_in,
                history_done: s.history_done,
                history_rows: s.seam.history_rows,
                live_rows: s.seam.live_rows,
                overlap_removed: s.seam.overlap_removed,
                times: self.times,
            },
        }
    }
}

/// The files of rows set aside, as they were at the checkpoint that the run goes on from: what came after it comes
/// again.
pub(super) fn open_aside(shared: &Shared, folder: &std::path::Path) -> Result<Aside> {
    let (mut aside, faults) = Aside::open(folder, Limits::default())?;
    faults.into_iter().for_each(|fault| shared.note(fault.to_string()));
    let (late, rejected) = shared.resumed.as_ref().map(|r| r.meta.aside).unwrap_or_default();
    aside.truncate(&late, &rejected)?;
    Ok(aside)
}
