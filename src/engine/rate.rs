//! How many live rows come a second.

use std::time::Instant;

/// It is counted for so long at least; where few rows come, until so many have, or for so long.
const LEAST: f64 = 0.5;
const ROWS: u64 = 50;
const MOST: f64 = 5.0;

/// Rows per second over about the last second; of a slow feed over the last few.
#[derive(Debug)]
pub struct Rate {
    rows: u64,
    since: Instant,
    last: Option<f64>,
}

impl Rate {
    pub fn new(now: Instant) -> Self {
        Self { rows: 0, since: now, last: None }
    }

    pub fn add(&mut self, rows: u64) {
        self.rows += rows;
    }

    pub fn get(&mut self, now: Instant) -> f64 {
        let seconds = (now - self.since).as_secs_f64();
        let rate = self.rows as f64 / seconds.max(LEAST);
        if seconds >= MOST || (seconds >= LEAST && self.rows >= ROWS) {
            (self.rows, self.since) = (0, now);
            self.last = Some(rate);
        }
        self.last.unwrap_or(rate)
    }
}
