//! What of a question is written down at a barrier: final windows that leave memory, checkpoints, and the input to
//! verify.

use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use polars::prelude::DataFrame;

use super::answering::{ASIDE, Answering};
use crate::engine::Feed;
use crate::engine::audit::AuditInput;
use crate::engine::checkpoint::{self, CheckpointMeta, Counted, FeedAt};
use crate::engine::sealed::Unwritten;

/// Writing checkpoints must not cost more than a twentieth of the time.
const CHECKPOINT_SHARE: u32 = 19;
/// Verifying must not cost more than a tenth of the time.
const AUDIT_SHARE: u32 = 9;

/// What is in trouble when final windows cannot leave memory.
pub(super) const SEALING: &str = "final windows";
/// What is in trouble when a checkpoint cannot be written.
pub(super) const CHECKPOINTS: &str = "checkpoints";

/// What is known of a question at a barrier.
pub(super) struct Known {
    meta: CheckpointMeta,
    partial: DataFrame,
    /// Keys that the seam has seen.
    seen: Option<DataFrame>,
    save: bool,
    verify: bool,
}

impl Answering {
    /// Lets final windows leave memory for disk, where there are many.
    pub(super) fn seal(&mut self) {
        // A question about the answer is asked of all of it.
        if !self.partial.plan().above.is_empty() {
            return;
        }
        self.settle(false);
        let timed = self.scan.table.time.as_ref().filter(|_| self.has_read());
        let Some(watermark) = timed.and_then(|_| self.scan.watermark.answered(Instant::now())) else { return };
        if self.sealed.is_writing() {
            return;
        }
        match self.partial.seal(watermark, self.query.final_groups) {
            Ok(None) => {}
            Ok(Some(frame)) => {
                let pushed = self.sealed.push(self.partial.plan(), frame);
                self.take_back(pushed);
            }
            Err(fault) => self.query.diagnostics().trouble(SEALING, Err(fault)),
        }
    }

    /// Takes in whether final windows were written; with `wait`, all that were begun.
    pub(super) fn settle(&mut self, wait: bool) {
        if let Some(outcome) = self.sealed.settle(wait) {
            self.take_back(outcome);
        }
    }

    /// Windows that were not written come back, and are tried again.
    fn take_back(&mut self, outcome: Result<(), Box<Unwritten>>) {
        let kept = outcome.or_else(|unwritten| self.partial.merge(&unwritten.frame).and(Err(unwritten.fault)));
        self.query.diagnostics().trouble(SEALING, kept);
    }

    pub(super) fn save_is_due(&self, now: Instant) -> bool {
        self.can_save() && self.save.as_ref().is_some_and(|due| due.is(now))
    }

    /// Whether what it knows is of a prefix of every input, all of it.
    pub(super) fn can_save(&self) -> bool {
        let is_small = || self.partial.size() <= self.query.saving.most;
        let lacks = self.query.diagnostics().fault.is_some();
        self.save.is_some() && !lacks && !self.is_catching_up() && !self.has_ended() && is_small()
    }

    /// An audit is for idle time: not while history is still being read.
    pub(super) fn audit_is_due(&self, now: Instant) -> bool {
        self.has_read() && self.spill.is_empty() && self.audit.as_ref().is_some_and(|due| due.is(now))
    }

    /// What is known at this moment, at which no worker is in the middle of anything; `None` when it cannot be told.
    pub(super) fn known(&mut self, save: bool, verify: bool) -> Option<Known> {
        if let Some(aside) = self.aside.as_mut().filter(|_| save) {
            self.query.diagnostics().trouble(ASIDE, aside.flush());
        }
        self.settle(true);
        let known = self.partial.to_frame().and_then(|partial| Ok((partial, self.query.rule.seam_filter.seen()?)));
        match known {
            Ok((partial, seen)) => Some(Known { meta: self.meta(), partial, seen, save, verify }),
            Err(fault) => {
                self.query.note(format!("the state cannot be written: {fault}"));
                None
            }
        }
    }

    /// Writes a checkpoint, and hands the auditor what is to be verified.
    pub(super) fn write_down(&mut self, known: Known, auditor: Option<&Sender<AuditInput>>) {
        let input = known.verify.then(|| self.audit_input(known.partial.clone())).flatten();
        if let (Some(due), Some(auditor), Some(input)) = (&mut self.audit, auditor, input) {
            // A full channel means that the one before is not done yet.
            let _ = auditor.try_send(input);
            let took = self.snapshot.audit.as_ref().map_or(Duration::ZERO, |a| a.took);
            due.done((took * AUDIT_SHARE).max(self.query.audit_rest.unwrap_or_default()));
        }
        let Some((folder, due)) = self.query.checkpoints.as_ref().zip(self.save.as_mut()).filter(|_| known.save) else {
            return;
        };
        // Positions in a recording are written down only when what stands before them is on disk.
        let synced = self.scan.table.live.iter().try_for_each(Feed::sync);
        let kept = synced.and_then(|()| self.sealed.sync()).and_then(|()| {
            checkpoint::save(folder, &known.meta, &known.partial, self.late.frame(), known.seen.as_ref())
        });
        due.dirty = kept.is_err();
        self.query.diagnostics().trouble(CHECKPOINTS, kept);
    }

    /// Checkpoints of all questions of a scan were written together, and it took so long.
    pub(super) fn rest_from_saving(&mut self, took: Duration) {
        let rest = (took * CHECKPOINT_SHARE).max(self.query.saving.pace);
        self.save.iter_mut().for_each(|due| due.rest(rest));
    }

    fn meta(&self) -> CheckpointMeta {
        let (table, s) = (&self.scan.table, &self.snapshot);
        let feed = |(number, feed): (usize, &Feed)| {
            let feeds = self.scan.feeds();
            let log = feeds.log(number);
            // A feed that was not asked yet stands where the last checkpoint left it.
            let before = self.query.before.get();
            let before = before.and_then(|before| before.feeds.get(number).cloned()).unwrap_or_default();
            let mut next = if before.next.is_empty() { feed.start() } else { before.next };
            next.extend(self.reached.of(number));
            match log {
                Some(log) => {
                    let (mark, first) = (log.mark(self.reached.epoch(number)), log.first_mark());
                    FeedAt { next, ends: log.ends.clone(), first_live: log.first_live.clone(), mark, first }
                }
                None => FeedAt { next, ..before },
            }
        };
        CheckpointMeta {
            question: self.query.words.clone(),
            // What history owns does not change when its file grows on.
            files: self.query.before.get().map_or_else(|| checkpoint::files(table), |before| before.files.clone()),
            feeds: table.live.iter().enumerate().map(feed).collect(),
            history: self.history.done(),
            reached: self.reached.clone(),
            sealed: self.sealed.files().to_vec(),
            spilled: self.spill.files().to_vec(),
            gaps: self.scan.feeds().gaps.clone(),
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
