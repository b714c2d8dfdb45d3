//! The beat of small chunks: a feed hands out what is there at once, but not more than about sixty times a second.
//! So a lone row is not delayed, and a dense feed does not become one chunk per row.

use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_millis(16);

/// When the next small chunk may be handed out.
#[derive(Debug, Default)]
pub struct Beat {
    next: Option<Instant>,
}

impl Beat {
    pub fn due(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| next <= now)
    }

    /// A chunk was handed out.
    pub fn mark(&mut self, now: Instant) {
        self.next = Some(now + EVERY);
    }

    /// The earlier of the next beat (if it is still to come) and `deadline`.
    pub fn or(&self, now: Instant, deadline: Instant) -> Instant {
        self.next.filter(|next| *next > now).map_or(deadline, |next| next.min(deadline))
    }
}

/// How long one looks away before asking again something that cannot be waited for.
pub const LOOK: Duration = EVERY;
