//! An answer that is too large for memory, read from disk a part at a time. Writing what it is of is left to `sealed`
//! and `spill`, its order to `ordered`.

use std::sync::Arc;

use polars::prelude::DataFrame;

use super::ordered;
use super::sealed::{Sealed, SealedFile};
use super::spill::{SHARES, Spill};
use super::state_folder::StateFolder;
use crate::data::Result;
use crate::query::window::Micros;
use crate::query::{Partial, Plan};

/// An answer that is too large for memory: its sealed windows, and those that still were in memory when the run ended.
#[derive(Clone, Debug)]
pub struct SealedAnswer {
    plan: Arc<Plan>,
    folder: Arc<StateFolder>,
    files: Vec<SealedFile>,
    rest: DataFrame,
    watermark: Option<Micros>,
    /// All of it, where it did not fit into memory: then there are no files and no rest.
    spilled: Option<Spill>,
    /// Bytes that an answer in order may take while it is merged.
    room: u64,
}

impl SealedAnswer {
    /// Whether it is divided by keys, so that nothing of it is in memory.
    pub fn is_spilled(&self) -> bool {
        self.spilled.is_some()
    }

    /// The windows that are sealed, and `rest`, what is still in memory.
    pub fn of_sealed(plan: Arc<Plan>, sealed: &Sealed, rest: DataFrame, watermark: Option<Micros>) -> Self {
        Self {
            plan,
            folder: sealed.folder().clone(),
            files: sealed.files().to_vec(),
            rest,
            watermark,
            spilled: None,
            room: u64::MAX,
        }
    }

    /// All groups are on disk, divided by their keys; of the answer `room` bytes may be in memory.
    pub fn of_spilled(plan: Arc<Plan>, spilled: Spill, watermark: Option<Micros>, room: u64) -> Self {
        Self {
            plan,
            folder: spilled.folder().clone(),
            files: Vec::new(),
            rest: DataFrame::empty(),
            watermark,
            spilled: Some(spilled),
            room,
        }
    }

    /// The whole answer, a part at a time, in its order where it has one. How many groups it is of.
    ///
    /// # Errors
    /// When a file is gone or damaged, or an expression of the answer cannot be evaluated.
    pub fn each(&self, mut take: impl FnMut(DataFrame) -> Result<()>) -> Result<u64> {
        let mut groups = 0;
        if let Some(spilled) = self.spilled.as_ref().filter(|_| self.plan.finish.needs_all()) {
            return ordered::each(spilled, &self.plan, self.watermark, self.room, &mut take);
        }
        if let Some(spilled) = &self.spilled {
            for share in 0..SHARES {
                let answer = spilled.share(&self.plan, share)?.answer(self.watermark)?;
                groups += answer.groups as u64;
                if answer.frame.height() > 0 {
                    take(answer.frame)?;
                }
            }
            return Ok(groups);
        }
        for cluster in self.clusters() {
            let mut partial = Partial::new(self.plan.clone())?;
            for part in cluster {
                match part {
                    Some(file) => partial.merge(&file.read(&self.folder)?)?,
                    None => partial.merge(&self.rest)?,
                }
            }
            let answer = partial.answer(self.watermark)?;
            groups += answer.groups as u64;
            take(answer.frame)?;
        }
        Ok(groups)
    }

    /// Groups on disk and in memory; one that is in several places is counted each time.
    pub fn groups(&self) -> u64 {
        self.files.iter().map(|f| f.groups).sum::<u64>()
            + self.rest.height() as u64
            + self.spilled.as_ref().map_or(0, Spill::groups)
    }

    /// Adds all that is known to a partial of the same plan.
    ///
    /// # Errors
    /// When a file is gone or damaged.
    pub fn merge_into(&self, partial: &mut Partial) -> Result<()> {
        for file in &self.files {
            partial.merge(&file.read(&self.folder)?)?;
        }
        partial.merge(&self.rest)
    }

    /// Files (and, as `None`, what is in memory) that must be merged because they may hold the same windows.
    fn clusters(&self) -> Vec<Vec<Option<&SealedFile>>> {
        let whole = self.plan.finish.needs_all();
        let rest = self.plan.reach(&self.rest).unwrap_or((Micros::MIN, Micros::MAX));
        let mut parts: Vec<(Micros, Micros, Option<&SealedFile>)> =
            self.files.iter().map(|f| (f.from, f.until, Some(f))).collect();
        parts.push((rest.0, rest.1, None));
        parts.sort_by_key(|part| part.0);
        let mut clusters: Vec<(Micros, Vec<Option<&SealedFile>>)> = Vec::new();
        for (from, until, part) in parts {
            match clusters.last_mut() {
                Some((end, cluster)) if whole || from <= *end => {
                    *end = until.max(*end);
                    cluster.push(part);
                }
                _ => clusters.push((until, vec![part])),
            }
        }
        clusters.into_iter().map(|(_, cluster)| cluster).collect()
    }
}
