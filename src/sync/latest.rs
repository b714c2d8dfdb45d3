//! A shelf that holds only the newest of something: for what must be fresh, not complete.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Holds the newest value put there; older ones are simply gone. Clones share the shelf.
#[derive(Debug)]
pub struct Latest<T>(Arc<Shelf<T>>);

#[derive(Debug)]
struct Shelf<T> {
    newest: Mutex<Option<Arc<T>>>,
    version: AtomicU64,
}

impl<T> Clone for Latest<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(Arc::new(Shelf { newest: Mutex::new(None), version: AtomicU64::new(0) }))
    }
}

impl<T> Latest<T> {
    pub fn put(&self, value: T) {
        *self.0.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(value));
        self.0.version.fetch_add(1, Ordering::Release);
    }

    pub fn get(&self) -> Option<Arc<T>> {
        self.0.newest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Grows by one with each `put`; 0 while the shelf is empty.
    pub fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }
}
