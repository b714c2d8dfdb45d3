//! A run: one question over one table, from the first snapshot to the last. Here is the handle on it; a question that
//! is kept up to date row by row is started by `incremental`, one that is asked again and again by `rerun`.

mod incremental;
mod rerun;

use std::sync::Arc;

use super::shared::Request;
use super::{Options, Snapshot, Table};
use crate::data::Result;
use crate::query::Plan;
use crate::sync::{Cancel, Latest, StopOnDrop, Wake};

/// A question being answered. Dropping it stops the work and lets go of all inputs.
#[derive(Debug)]
pub struct Run {
    newest: Latest<Snapshot>,
    finish: Cancel,
    readmit: Request,
    _stop: StopOnDrop,
}

impl Run {
    /// Starts answering `plan` over `table`; `wake` is rung for each snapshot.
    ///
    /// # Errors
    /// When the seam cannot be what the table says, or there are no threads.
    pub fn start(plan: Arc<Plan>, table: Arc<Table>, options: Options, wake: Wake) -> Result<Self> {
        match &plan.rerun {
            Some(rerun) => rerun::start(plan.clone(), rerun, &table, options, wake),
            None => incremental::start(plan, table, options, wake),
        }
    }

    /// The newest snapshot; `None` before the first. Costs a clone of an `Arc`.
    pub fn latest(&self) -> Option<Arc<Snapshot>> {
        self.newest.get()
    }

    /// Puts late rows into the windows that they missed; the next snapshot shows those as corrected.
    pub fn readmit(&self) {
        self.readmit.make();
    }

    /// Ends all inputs; the last snapshot follows soon, complete for what was read.
    pub fn finish(&self) {
        self.finish.set();
    }
}
