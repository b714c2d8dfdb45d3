//! A run: one question over one table, from the first snapshot to the last.

use std::sync::Arc;
use std::time::Duration;

use super::{Snapshot, Table};
use crate::data::Result;
use crate::query::Plan;
use crate::sync::{Latest, StopOnDrop, Wake};

/// How a run may behave.
#[derive(Clone, Debug)]
pub struct Options {
    /// Workers; 0 means one a core.
    pub threads: usize,
    /// The most memory the process should use, bytes.
    pub memory: Option<u64>,
    /// The shortest time between two snapshots.
    pub pace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { threads: 0, memory: None, pace: Duration::from_millis(50) }
    }
}

/// A question being answered. Dropping it stops the work and lets go of all inputs.
#[derive(Debug)]
pub struct Run {
    newest: Latest<Snapshot>,
    #[expect(dead_code, reason = "its drop stops the work")]
    stop: StopOnDrop,
}

impl Run {
    /// Starts answering `plan` over `table`; `wake` is rung for each snapshot.
    ///
    /// # Errors
    /// When an input cannot be opened at all.
    pub fn start(_plan: Arc<Plan>, _table: Arc<Table>, _options: Options, _wake: Wake) -> Result<Self> {
        Ok(Self { newest: Latest::default(), stop: StopOnDrop::default() })
    }

    /// The newest snapshot; `None` before the first. Costs a clone of an `Arc`.
    pub fn latest(&self) -> Option<Arc<Snapshot>> {
        self.newest.get()
    }

    /// Ends all inputs; the last snapshot follows soon, complete for what was read.
    pub fn finish(&self) {}
}
