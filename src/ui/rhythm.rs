//! How often rows come, learnt from their own rhythm: so that silence is told from a feed that is merely slow.

use std::time::{Duration, Instant};

/// Silence shorter than this is no news, however fast the feed was.
const LEAST: Duration = Duration::from_secs(10);
/// Silence is unusual when it is so many times as long as pauses usually are.
const UNUSUAL: u32 = 8;
/// The weight of a new pause in what is usual.
const WEIGHT: f64 = 0.2;

/// The rhythm of a feed.
#[derive(Clone, Debug, Default)]
pub struct Rhythm {
    rows: u64,
    newest: Option<Instant>,
    usual: Option<Duration>,
}

impl Rhythm {
    /// So many rows have come by now.
    pub fn note(&mut self, rows: u64, now: Instant) {
        if rows == self.rows && self.newest.is_some() {
            return;
        }
        if let Some(before) = self.newest.filter(|_| self.rows > 0) {
            let pause = now.saturating_duration_since(before);
            let usual = self.usual.unwrap_or(pause);
            self.usual = Some(usual.mul_f64(1.0 - WEIGHT) + pause.mul_f64(WEIGHT));
        }
        (self.rows, self.newest) = (rows, Some(now));
    }

    /// How long ago the newest row came.
    pub fn age(&self, now: Instant) -> Option<Duration> {
        self.newest.map(|newest| now.saturating_duration_since(newest))
    }

    /// How long no row has come, where that is longer than usual.
    pub fn silence(&self, now: Instant) -> Option<Duration> {
        let silent = now.saturating_duration_since(self.newest?);
        let usual = self.usual.unwrap_or_default();
        (silent >= LEAST && silent >= usual * UNUSUAL).then_some(silent)
    }
}
