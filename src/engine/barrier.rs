//! A moment at which every worker has handed over all that it absorbed, so that the merged partial holds exactly what
//! was taken from each input: a prefix of every partition. What is done with such a moment is left to `checkpoint`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::sync::Cancel;

/// The merger asks, workers hand over and wait, the merger lets them go.
#[derive(Debug, Default)]
pub struct Barrier {
    asked: AtomicU64,
    released: Mutex<u64>,
    go: Condvar,
}

/// How long a waiting worker goes without a look at whether the run was cancelled.
const LOOK: Duration = Duration::from_millis(50);

impl Barrier {
    /// Asks all workers to hand over; the number is the barrier's name.
    pub fn ask(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// The newest barrier that was asked for; 0 before the first.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Acquire)
    }

    pub fn release(&self, number: u64) {
        let mut released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        *released = released.max(number);
        self.go.notify_all();
    }

    /// Waits until barrier `number` is over.
    pub fn wait(&self, number: u64, cancel: &Cancel) {
        let mut released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        while *released < number && !cancel.is_set() {
            (released, _) = self.go.wait_timeout(released, LOOK).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
