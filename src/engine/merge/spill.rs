//! What the merger does where memory is short: it lets groups leave for disk, and merges and answers them at the end, a
//! share at a time; the oldest rows go; and what cannot be held is refused. While some are on disk no answer is read:
//! what is in memory is a part of every group.

use std::sync::Arc;

use polars::prelude::DataFrame;

use super::Epoch;
use super::answering::Answering;
use crate::data::Result;
use crate::engine::memory::Way;
use crate::engine::sealed::Sealed;
use crate::engine::sealed_answer::SealedAnswer;
use crate::engine::spill::SHARES;
use crate::query::Partial;
use crate::query::partial::{Answer, gather};
use crate::query::window::Micros;

/// How the note begins that is said once, when the first groups leave for disk.
pub const ON_DISK: &str = "groups do not fit into the memory that is allowed: they are kept on disk";

/// How the note begins that says how much of an answer is on disk.
pub const PARTIAL: &str = "partial: ";

/// After so many shares it is known how large all of them are, about.
const JUDGED: usize = 8;

impl Answering {
    /// Accounts what is merged.
    pub(super) fn note_memory(&self) {
        let from_disk = if self.spill.is_empty() { 0 } else { self.snapshot.answer.estimated_size() as u64 };
        let (bytes, way) = self.query.budget.price(&self.partial, from_disk);
        // An answer that is complete is not taken back.
        let way = if self.has_ended() && way != Way::Disk { Way::Stays } else { way };
        self.account.hold(bytes, way);
    }

    /// Makes room for others, or for itself. A question that cannot says its last word, and what it needs.
    pub(super) fn give_way(&mut self, way: Way, epoch: Epoch) {
        let budget = &self.query.budget;
        let read = if self.snapshot.history_total == 0 { 1.0 } else { self.snapshot.history_share() };
        let given = match way {
            Way::Disk => self.leave_for_disk(read),
            Way::Oldest => {
                let most = budget.rows(self.account.left()).max(self.partial.size() as u64 / 2);
                self.partial.keep_to(usize::try_from(most).unwrap_or(usize::MAX));
                Ok(())
            }
            Way::Fail | Way::Stays | Way::Passes => Err(budget.exceeded(&self.partial, read)),
        };
        if let Err(fault) = given {
            self.query.fail(fault);
            self.publish(!self.has_ended(), true, epoch);
            match Partial::new(self.partial.plan().clone()) {
                Ok(empty) => self.partial = empty,
                Err(fault) => self.query.fail(fault),
            }
            return self.account.hold(0, Way::Stays);
        }
        self.note_memory();
    }

    /// # Errors
    /// The disk's, or when too much of the groups belongs together.
    fn leave_for_disk(&mut self, read: f64) -> Result<()> {
        if self.spill.is_empty() {
            let folder = self.spill.folder().path()?.display().to_string();
            self.query.note(format!("{ON_DISK}, in {folder}: the answer comes at the end"));
        }
        // An answer would only be in the way, unless it is the last.
        if !self.has_ended() {
            self.snapshot.answer = DataFrame::empty_with_schema(&self.partial.plan().output);
            self.snapshot.status = self.snapshot.status.take().map(|_| Arc::from([]));
        }
        self.spill.take(&mut self.partial)?;
        self.snapshot.stats.spilled_bytes = self.spill.bytes();
        let plan = self.partial.plan();
        self.query.budget.exceeded_on_disk(plan, self.spill.groups(), self.spill.largest(), read).map_or(Ok(()), Err)
    }

    /// The answer; without rows while groups are on disk, and at the end where it is to be read a part at a time.
    ///
    /// # Errors
    /// As `Partial::answer`; the disk's; or when an answer that must be in one piece does not fit.
    pub(super) fn answer(&mut self, watermark: Option<Micros>, last: bool) -> Result<Answer> {
        let too_many = last && self.query.budget.is_too_much(self.sealed.bytes());
        if self.spill.is_empty() && !too_many {
            return self.partial.answer(watermark);
        }
        let plan = self.partial.plan().clone();
        let frame = DataFrame::empty_with_schema(&plan.output);
        let status = plan.window().filter(|_| plan.above.is_empty()).map(|_| Vec::new());
        if !last {
            let groups = self.partial.groups();
            let on_disk = self.spill.groups();
            let notes = vec![format!(
                "{PARTIAL}{on_disk} of {} groups are on disk, and the answer comes at the end",
                on_disk + groups as u64
            )];
            return Ok(Answer { frame, groups: groups + on_disk as usize, notes, status });
        }
        self.spill.take(&mut self.partial)?;
        self.snapshot.stats.spilled_bytes = self.spill.bytes();
        let sealed = std::mem::replace(&mut self.sealed, Sealed::new(None, Vec::new())?);
        sealed.each_file(|windows| self.spill.take_frame(&plan, windows))?;
        if let Some(whole) = self.in_one_piece(watermark)? {
            self.snapshot.sealed = None;
            return Ok(whole);
        }
        let room = self.query.budget.answer(self.account.left());
        self.snapshot.sealed = Some(Arc::new(SealedAnswer::of_spilled(plan, self.spill.clone(), watermark, room)));
        Ok(Answer { frame, groups: self.spill.groups() as usize, notes: Vec::new(), status })
    }

    /// The answer from all shares; `None` where it is too large and can as well be read a part at a time.
    fn in_one_piece(&self, watermark: Option<Micros>) -> Result<Option<Answer>> {
        let (budget, plan) = (&self.query.budget, self.partial.plan());
        let (mut parts, mut bytes, mut groups) = (Vec::new(), 0, 0);
        let largest = self.spill.largest();
        for share in 0..SHARES {
            let partial = self.spill.share(plan, share)?;
            groups += partial.groups();
            let part = partial.share_of_answer(watermark)?;
            bytes += part.estimated_size() as u64;
            parts.push(part);
            let all = if share < JUDGED { bytes } else { bytes / (share as u64 + 1) * SHARES as u64 };
            self.account.hold(budget.price_of_answer(bytes, largest), Way::Passes);
            let most = budget.answer(self.account.left());
            if all > most {
                // Where LIMIT keeps a few, whether they are too large is known only when all shares were read.
                let cut = plan.finish.limit.is_some();
                match plan.answers_in_parts() {
                    _ if cut && bytes <= most => {}
                    true => return Ok(None),
                    false => return Err(budget.exceeded_answer(all, self.spill.groups())),
                }
            }
            if self.scan.cancel.is_set() {
                return Ok(None);
            }
        }
        gather(plan, parts, groups, watermark).map(Some)
    }
}
