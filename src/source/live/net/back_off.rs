//! When to connect again: soon after a connection that held, later and later while none does. Connecting is the feeds'.

use std::time::{Duration, Instant};

const AGAIN: &str = "; trying again in ";
const FIRST: Duration = Duration::from_millis(250);
/// A connection that was up for so long, and longer than was waited for it, has held.
const HELD: Duration = Duration::from_secs(10);

/// What is said of trouble, and of the wait for the next try.
pub fn told(reason: &str, wait: Duration) -> String {
    format!("{reason}{AGAIN}{:.1} s", wait.as_secs_f64())
}

/// Such a sentence without the wait, and the wait.
pub fn wait_of(told: &str) -> Option<(&str, Duration)> {
    let (reason, wait) = told.strip_suffix(" s")?.rsplit_once(AGAIN)?;
    Some((reason, Duration::try_from_secs_f64(wait.parse().ok()?).ok()?))
}

/// How often in a row a connection did not hold.
#[derive(Debug)]
pub struct BackOff {
    longest: Duration,
    streak: u32,
    waited: Duration,
    up: Option<Instant>,
}

impl BackOff {
    pub fn new(longest: Duration) -> Self {
        Self { longest, streak: 0, waited: Duration::ZERO, up: None }
    }

    /// The connection is made.
    pub fn up(&mut self, now: Instant) {
        self.up.get_or_insert(now);
    }

    /// The connection is lost or was not made: how long to wait. Many clients of one server do not come back all at
    /// once.
    pub fn down(&mut self, now: Instant) -> Duration {
        if self.up.take().is_some_and(|up| now.saturating_duration_since(up) >= HELD.max(self.waited)) {
            self.streak = 0;
        }
        let wait = FIRST.saturating_mul(1 << self.streak.min(16)).min(self.longest);
        self.waited = wait.mul_f64(0.75 + 0.5 * fastrand::f64()).min(self.longest);
        self.streak = self.streak.saturating_add(1);
        self.waited
    }
}
