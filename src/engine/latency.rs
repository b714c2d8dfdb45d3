//! From a live row's arrival to the snapshot that shows it, as a histogram whose buckets grow by 5 %.

use std::time::Duration;

use super::counts::Latency;

#[derive(Debug)]
pub struct LatencyHistogram {
    /// Rows a bucket; bucket `i` holds delays up to `FIRST_MS * 1.05^i`.
    buckets: Vec<u64>,
    rows: u64,
    max: f64,
}

const BUCKETS: usize = 400;
const FIRST_MS: f64 = 0.01;
const GROWTH: f64 = 1.05;

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], rows: 0, max: 0.0 }
    }
}

impl LatencyHistogram {
    pub fn add(&mut self, delay: Duration, rows: u64) {
        let ms = delay.as_secs_f64() * 1e3;
        let bucket = ((ms / FIRST_MS).max(1.0).ln() / GROWTH.ln()).ceil() as usize;
        if let Some(count) = self.buckets.get_mut(bucket.min(BUCKETS - 1)) {
            *count += rows;
        }
        self.rows += rows;
        self.max = self.max.max(ms);
    }

    /// `None` before the first row.
    pub fn get(&self) -> Option<Latency> {
        (self.rows > 0).then(|| Latency { p50: self.quantile(0.5), p99: self.quantile(0.99), max: self.max })
    }

    fn quantile(&self, q: f64) -> f64 {
        let wanted = (q * self.rows as f64).ceil() as u64;
        let mut seen = 0;
        let bucket = self.buckets.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        bucket.map_or(self.max, |i| (FIRST_MS * GROWTH.powi(i as i32)).min(self.max))
    }
}
