//! Something that one thread asks another for, which looks now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Request(Arc<AtomicBool>);

impl Request {
    pub fn make(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was made since the last call.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}
