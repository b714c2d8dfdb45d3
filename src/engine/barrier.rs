//! A moment at which every worker has handed over all that it absorbed, so that the merged partial holds exactly what
//! was taken from each input: a prefix of every partition. What is done with such a moment is left to `checkpoint`.

use std::sync::atomic::{AtomicU64, Ordering};

/// The merger asks, workers hand over and take nothing more of the scan, the merger lets them go.
#[derive(Debug, Default)]
pub struct Barrier {
    asked: AtomicU64,
    released: AtomicU64,
}

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
        self.released.fetch_max(number, Ordering::AcqRel);
    }

    /// Whether barrier `number` is over.
    pub fn is_over(&self, number: u64) -> bool {
        self.released.load(Ordering::Acquire) >= number
    }
}
