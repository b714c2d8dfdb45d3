//! A run: one question over one table, from the first snapshot to the last. Here is the handle on it; questions that
//! are kept up to date row by row share a `table_scan`, one that is asked again and again is started by `rerun`.

mod rerun;
mod table_scan;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use self::table_scan::{Asking, TableScan};
use super::moment::{Moment, Unread};
use super::{Options, Snapshot, Table};
use crate::data::Result;
use crate::query::Plan;
use crate::sync::{Cancel, Latest, Request, StopOnDrop, Wake};

/// A question being answered. Dropping it stops the work and lets go of all inputs.
#[derive(Debug)]
pub struct Run {
    newest: Latest<Snapshot>,
    unread: Unread,
    finish: Cancel,
    readmit: Request,
    hidden: Arc<AtomicBool>,
    _stop: StopOnDrop,
    /// The reading of the table, which goes on as long as anybody asks.
    _scan: Option<TableScan>,
}

impl Run {
    /// Starts answering `plan` over `table`; `wake` is rung for each snapshot.
    ///
    /// # Errors
    /// When the seam cannot be what the table says, or there are no threads.
    pub fn start(plan: Arc<Plan>, table: Arc<Table>, options: Options, wake: Wake) -> Result<Self> {
        match &plan.rerun {
            Some(rerun) => rerun::start(plan.clone(), rerun, &table, options, wake),
            None => table_scan::alone(plan, table, options, wake),
        }
    }

    /// The newest snapshot; `None` before the first. Costs a clone of an `Arc`.
    pub fn latest(&self) -> Option<Arc<Snapshot>> {
        self.newest.get()
    }

    /// The newest snapshot, and when the first row was taken that it does not have: now, where there is none.
    pub fn latest_until(&self) -> (Option<Arc<Snapshot>>, Moment) {
        // In this order: a row that is in the snapshot may be taken for one that is not, and never the other way round.
        let next = self.unread.since().min(Moment::now());
        (self.latest(), next)
    }

    /// Puts late rows into the windows that they missed; the next snapshot shows those as corrected.
    pub fn readmit(&self) {
        self.readmit.make();
    }

    /// Whether anybody looks at its answer: one that nobody looks at is answered more rarely.
    pub fn show(&self, shown: bool) {
        self.hidden.store(!shown, Ordering::Relaxed);
    }

    /// Ends all inputs of its table; the last snapshot follows soon, complete for what was read.
    pub fn finish(&self) {
        self.finish.set();
    }
}
