//! A bell that a worker rings and a window hears. What happens on hearing it is the listener's.

use std::fmt;
use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded};

/// Something to call when there is news; cheap to clone, safe to ring from any thread.
#[derive(Clone)]
pub struct Wake(Arc<dyn Fn() + Send + Sync>);

impl Wake {
    pub fn new(bell: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(bell))
    }

    /// A bell for a thread that waits on the other end.
    pub fn channel() -> (Self, Receiver<()>) {
        let (bell, rung) = bounded(1);
        let wake = Self::new(move || {
            // A bell that has rung already need not ring again.
            let _ = bell.try_send(());
        });
        (wake, rung)
    }

    /// A bell that nobody hears.
    pub fn silent() -> Self {
        Self::new(|| {})
    }

    pub fn ring(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wake")
    }
}
