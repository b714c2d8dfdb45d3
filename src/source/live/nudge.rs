//! A push that ends the wait before a lost connection is tried again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Nudge(Arc<AtomicBool>);

impl Nudge {
    pub fn push(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was pushed since it was asked last.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}
