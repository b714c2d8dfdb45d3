//! When a small chunk is handed out: a feed hands out the rows that are there at once, but not more than about sixty
//! times a second. So a lone row is not delayed, and a dense feed does not become one chunk per row.

use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_millis(16);

/// When the next small chunk may be handed out.
#[derive(Debug, Default)]
pub struct FlushTimer {
    next: Option<Instant>,
}

impl FlushTimer {
    pub fn due(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| next <= now)
    }

    /// A chunk was handed out.
    pub fn mark(&mut self, now: Instant) {
        self.next = Some(now + EVERY);
    }

    /// The earlier of the next flush (if it is still to come) and `deadline`.
    pub fn or(&self, now: Instant, deadline: Instant) -> Instant {
        self.next.filter(|next| *next > now).map_or(deadline, |next| next.min(deadline))
    }
}

/// How long to pause before something is asked again that cannot be waited for.
pub const POLL_PAUSE: Duration = EVERY;
