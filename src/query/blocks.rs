//! The finished groups of a large answer, kept in blocks: after a few groups have changed, only their blocks are
//! finished anew. Which groups there are and how one is finished is the partial's.

use std::ops::Range;

use polars::prelude::*;

use crate::data::Result;

/// Groups of a block.
const BLOCK: usize = 1_024;
/// From this many groups on, finished blocks are remembered.
pub const MANY: usize = 65_536;

#[derive(Debug, Default)]
pub struct AnswerBlocks {
    finished: Vec<DataFrame>,
    /// Blocks to be finished anew.
    changed: Vec<bool>,
}

impl AnswerBlocks {
    /// Groups that are held.
    pub fn groups(&self) -> usize {
        self.finished.len() * BLOCK
    }

    /// These groups have changed.
    pub fn touch(&mut self, groups: &[u32]) {
        for group in groups {
            // A group beyond the last block is new, and its block is finished anyway.
            if let Some(changed) = self.changed.get_mut(*group as usize / BLOCK) {
                *changed = true;
            }
        }
    }

    /// All groups. Where few blocks changed, those are finished by `some`, which gets the block as it was before if it
    /// covers the same groups; otherwise `all` finishes everything.
    ///
    /// # Errors
    /// Those of `all` and `some`.
    pub fn read(
        &mut self,
        groups: usize,
        all: impl FnOnce() -> Result<DataFrame>,
        mut some: impl FnMut(Range<usize>, Option<&DataFrame>) -> Result<DataFrame>,
    ) -> Result<DataFrame> {
        let ranges = (0..groups).step_by(BLOCK).map(|start| start..groups.min(start + BLOCK)).enumerate();
        let stale: Vec<(usize, Range<usize>)> =
            ranges.filter(|(number, range)| !self.knows(*number, range.len())).collect();
        let blocks = groups.div_ceil(BLOCK);
        if stale.len() > blocks / 4 {
            let whole = all()?;
            self.finished = (0..groups).step_by(BLOCK).map(|start| whole.slice(start as i64, BLOCK)).collect();
            self.changed = vec![false; blocks];
            return Ok(whole);
        }
        for (number, range) in stale {
            let before = self.finished.get(number).filter(|block| block.height() == range.len());
            let block = some(range, before)?;
            match self.finished.get_mut(number) {
                Some(place) => *place = block,
                None => self.finished.push(block),
            }
            self.changed.resize(self.changed.len().max(number + 1), false);
            self.changed[number] = false;
        }
        let mut blocks = self.finished.iter();
        let mut joined = blocks.next().cloned().unwrap_or_default();
        for block in blocks {
            joined.vstack_mut(block)?;
        }
        Ok(joined)
    }

    fn knows(&self, number: usize, height: usize) -> bool {
        self.changed.get(number) == Some(&false)
            && self.finished.get(number).is_some_and(|block| block.height() == height)
    }
}
