//! What the merger does when groups do not fit into memory: it writes them to disk, and merges and answers them at the
//! end, a share at a time. While some are on disk no answer is read: what is in memory is a part of every group.

use std::sync::Arc;

use polars::prelude::DataFrame;

use super::answering::Answering;
use crate::data::Result;
use crate::engine::budget;
use crate::engine::sealed::Sealed;
use crate::engine::sealed_answer::SealedAnswer;
use crate::engine::spill::{SHARES, Spill};
use crate::query::partial::{Answer, gather};
use crate::query::window::Micros;

/// How the note begins that is said once, when the first groups leave for disk.
pub const ON_DISK: &str = "groups do not fit into the memory that is allowed: they are kept on disk";

/// After so many shares it is known how large all of them are, about.
const JUDGED: usize = 8;

impl Answering {
    /// Keeps what is merged within its share of the memory.
    ///
    /// # Errors
    /// When neither letting rows go nor the disk helps.
    pub(super) fn relieve(&mut self) -> Result<()> {
        let budget = &self.query.budget;
        budget::let_go(&mut self.partial, budget.rows());
        let read = if self.snapshot.history_total == 0 { 1.0 } else { self.snapshot.history_share() };
        if !Spill::can_take(&self.partial) {
            return budget.exceeded(&self.partial, read).map_or(Ok(()), Err);
        }
        if self.partial.size() as u64 <= budget.merged() {
            return Ok(());
        }
        if self.spill.is_empty() {
            let folder = self.spill.folder().path()?.display().to_string();
            self.query.note(format!("{ON_DISK}, in {folder}: the answer comes at the end"));
        }
        // An answer would only be in the way.
        self.snapshot.answer = DataFrame::empty_with_schema(&self.partial.plan().output);
        self.snapshot.status = self.snapshot.status.take().map(|_| Arc::from([]));
        self.spill.take(&mut self.partial)?;
        self.snapshot.stats.spilled_bytes = self.spill.bytes();
        let plan = self.partial.plan();
        budget.exceeded_on_disk(plan, self.spill.groups(), self.spill.largest(), read).map_or(Ok(()), Err)
    }

    /// The answer; without rows while groups are on disk, and at the end where it is to be read a part at a time.
    ///
    /// # Errors
    /// As `Partial::answer`; the disk's; or when an answer that must be in one piece does not fit.
    pub(super) fn answer(&mut self, watermark: Option<Micros>, last: bool) -> Result<Answer> {
        let too_many = last && self.query.budget.is_set() && self.sealed.bytes() > self.query.budget.merged();
        if self.spill.is_empty() && !too_many {
            return self.partial.answer(watermark);
        }
        let plan = self.partial.plan().clone();
        let frame = DataFrame::empty_with_schema(&plan.output);
        let status = plan.window().map(|_| Vec::new());
        if !last {
            let groups = self.partial.groups();
            let on_disk = self.spill.groups();
            let notes = vec![format!(
                "partial: {on_disk} of {} groups are on disk, and the answer comes at the end",
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
        self.snapshot.sealed =
            Some(Arc::new(SealedAnswer::of_spilled(plan, self.spill.clone(), watermark, self.query.budget.answer())));
        Ok(Answer { frame, groups: self.spill.groups() as usize, notes: Vec::new(), status })
    }

    /// The answer from all shares; `None` where it is too large and can as well be read a part at a time.
    fn in_one_piece(&self, watermark: Option<Micros>) -> Result<Option<Answer>> {
        let (budget, plan) = (&self.query.budget, self.partial.plan());
        let (mut parts, mut bytes, mut groups) = (Vec::new(), 0, 0);
        for share in 0..SHARES {
            let partial = self.spill.share(plan, share)?;
            groups += partial.groups();
            let part = partial.share_of_answer(watermark)?;
            bytes += part.estimated_size() as u64;
            parts.push(part);
            let all = if share < JUDGED { bytes } else { bytes / (share as u64 + 1) * SHARES as u64 };
            if all > budget.answer() {
                // Where LIMIT keeps a few, whether they are too large is known only when all shares were read.
                let cut = plan.finish.limit.is_some();
                match plan.finish.merges() {
                    _ if cut && bytes <= budget.answer() => {}
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
