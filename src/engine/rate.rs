//! How many live rows come a second.

use std::time::Instant;

/// Rows per second over about the last second.
#[derive(Debug)]
pub struct Rate {
    rows: u64,
    since: Instant,
    last: f64,
}

impl Rate {
    pub fn new(now: Instant) -> Self {
        Self { rows: 0, since: now, last: 0.0 }
    }

    pub fn add(&mut self, rows: u64) {
        self.rows += rows;
    }

    pub fn get(&mut self, now: Instant) -> f64 {
        let seconds = (now - self.since).as_secs_f64();
        if seconds >= 0.5 {
            self.last = self.rows as f64 / seconds;
            (self.rows, self.since) = (0, now);
        }
        self.last
    }
}
