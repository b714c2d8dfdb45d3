//! What each allowed lateness would have cost: how late rows come is measured on rows in the order in which they came.
//! Choosing a setting is left to a person, reading the rows to the engine.
//!
//! A row's delay is the lateness that it would have needed: how far its event time, or where there are windows the end
//! of its last one, lies behind the largest time that its partition had sent by then. Delays are counted in buckets
//! whose width is at most 1/128 of the delay (below 256 µs each value has its own), so a delay that is read back is at
//! most 0.8 % too large and never too small; the largest one, and how many rows the usual settings set aside, are kept
//! exactly. Counts of different partitions, or of rows after each other, add up.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::window::{Micros, WindowAssigner};

/// How late rows came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delays {
    /// The windows by which rows are late; `None`: by their times.
    window: Option<WindowAssigner>,
    /// Rows that each of the usual settings sets aside.
    late: [u64; USUAL.len()],
    /// Rows by bucket.
    counts: Vec<u64>,
    rows: u64,
    largest: Micros,
    /// The largest event time of each partition.
    newest: BTreeMap<u32, Micros>,
}

/// What one setting would have cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatenessCost {
    /// Microseconds.
    pub lateness: Micros,
    /// The share of rows that would have been set aside, 0 to 1.
    pub late_share: f64,
    /// How much longer than without lateness each window stays open, in event time (microseconds).
    pub added_delay: Micros,
    /// How many windows are open at once, at most; of sessions, for each key. 0 without windows.
    pub open_windows: u64,
    /// How many groups these windows keep in memory.
    pub open_groups: f64,
}

const SECOND: Micros = 1_000_000;
/// Settings that a person would try.
const USUAL: &[Micros] = &[
    0,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    30 * SECOND,
    60 * SECOND,
    300 * SECOND,
    900 * SECOND,
    3600 * SECOND,
];
/// Shares of late rows for which the smallest setting is looked up.
const WANTED: &[f64] = &[0.001, 0.0001, 0.0];

impl Delays {
    /// Measures against these windows.
    pub fn by(window: Option<WindowAssigner>) -> Self {
        Self { window, ..Self::default() }
    }

    /// Takes the event times of rows of one partition, in the order in which they came, and the times by which their
    /// windows go. Rows without time are ignored.
    pub fn absorb(&mut self, partition: u32, times: &Int64Chunked, windowed: &Int64Chunked) {
        let mut newest = self.newest.get(&partition).copied();
        for (t, windowed) in times.iter().zip(windowed.iter()) {
            let Some(t) = t else { continue };
            newest = newest.max(Some(t));
            let delay = self.needed(newest.unwrap_or(t), t, windowed);
            let bucket = bucket(delay);
            if self.counts.len() <= bucket {
                self.counts.resize(bucket + 1, 0);
            }
            self.counts[bucket] += 1;
            self.rows += 1;
            self.largest = self.largest.max(delay);
            if delay > 0 {
                self.late.iter_mut().zip(USUAL).for_each(|(late, setting)| *late += u64::from(delay > *setting));
            }
        }
        if let Some(newest) = newest {
            self.newest.insert(partition, newest);
        }
    }

    /// The lateness with which a row is not late: its last window is final once the watermark has reached its end.
    fn needed(&self, newest: Micros, time: Micros, windowed: Option<Micros>) -> Micros {
        match self.window {
            None => newest.saturating_sub(time),
            Some(window) => windowed
                .and_then(|t| window.last_end(t))
                .filter(|end| *end <= newest)
                .map_or(0, |end| newest.saturating_sub(end).saturating_add(1)),
        }
    }

    /// Adds what was measured elsewhere: from other partitions, or from rows before or after these.
    pub fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.late.iter_mut().zip(&other.late).for_each(|(late, more)| *late += more);
        self.rows += other.rows;
        self.largest = self.largest.max(other.largest);
        for (partition, newest) in &other.newest {
            let own = self.newest.entry(*partition).or_insert(*newest);
            *own = (*own).max(*newest);
        }
    }

    /// Rows measured.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The largest delay, exactly.
    pub fn largest(&self) -> Micros {
        self.largest
    }

    /// The delay that a share `q` of all rows does not exceed, at most 0.8 % too large; `None` without rows.
    pub fn quantile(&self, q: f64) -> Option<Micros> {
        let wanted = (q.clamp(0.0, 1.0) * self.rows as f64).ceil().max(1.0);
        let mut seen = 0;
        self.delays().find_map(|(delay, count)| {
            seen += count;
            (seen as f64 >= wanted).then_some(delay)
        })
    }

    /// The share of rows that would have been set aside with this lateness: of a usual setting exactly, of another at
    /// most a bucket too many.
    pub fn late_share(&self, lateness: Micros) -> f64 {
        let counted = USUAL.iter().zip(&self.late).find(|(setting, _)| **setting == lateness).map(|(_, late)| *late);
        self.share(counted.unwrap_or_else(|| self.beyond(lateness)))
    }

    /// Rows in the buckets that reach beyond a lateness.
    fn beyond(&self, lateness: Micros) -> u64 {
        self.delays().filter(|(delay, _)| *delay > lateness).map(|(_, count)| count).sum()
    }

    fn share(&self, rows: u64) -> f64 {
        if self.rows == 0 { 0.0 } else { rows as f64 / self.rows as f64 }
    }

    /// The smallest lateness with which at most this share of rows would have been set aside.
    pub fn lateness_for(&self, share: f64) -> Micros {
        let (mut low, mut high) = (0, self.largest);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.share(self.beyond(middle)) <= share {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    /// What the usual settings would have cost, and the smallest ones that set aside 0.1 %, 0.01 % and none of the
    /// rows; in rising order. `groups` is how many groups a window has.
    pub fn curve(&self, groups: f64) -> Vec<LatenessCost> {
        let mut settings: Vec<Micros> =
            USUAL.iter().copied().chain(WANTED.iter().map(|share| self.lateness_for(*share))).collect();
        settings.sort_unstable();
        settings.dedup();
        let mut least = 1.0_f64;
        let cost = |lateness| {
            let open_windows = self.window.map_or(0, |window| open_windows(window, lateness));
            // More lateness never sets aside more: what is counted exactly bounds what follows.
            least = least.min(self.late_share(lateness));
            LatenessCost {
                lateness,
                late_share: least,
                added_delay: lateness,
                open_windows,
                open_groups: open_windows as f64 * groups,
            }
        };
        settings.into_iter().map(cost).collect()
    }

    /// Each bucket's largest delay and its rows.
    fn delays(&self) -> impl Iterator<Item = (Micros, u64)> + '_ {
        (0..).zip(&self.counts).filter(|(_, count)| **count > 0).map(|(i, count)| (upper(i).min(self.largest), *count))
    }
}

/// How many windows are not final at once, at most: those that begin by now and end after the watermark.
fn open_windows(kind: WindowAssigner, lateness: Micros) -> u64 {
    let (span, step) = match kind {
        WindowAssigner::Tumble(tumble) => (tumble.size, tumble.size),
        WindowAssigner::Calendar(calendar) => (calendar.length(), calendar.length()),
        WindowAssigner::Hop(hop) => (hop.size, hop.slide),
        // Sessions of a key are more than a gap apart, and final a gap after their end.
        WindowAssigner::Session { gap } => (gap.saturating_mul(2), gap),
    };
    (lateness.saturating_add(span) as u64).div_ceil(step.max(1) as u64)
}

/// The bucket of a delay: below 256 its own, above that its leading eight bits.
fn bucket(delay: Micros) -> usize {
    let delay = delay.max(0) as u64;
    let shift = (64 - delay.leading_zeros()).saturating_sub(8);
    shift as usize * 128 + (delay >> shift) as usize
}

/// The largest delay of a bucket.
fn upper(bucket: usize) -> Micros {
    let shift = (bucket / 128).saturating_sub(1);
    let leading = (bucket - shift * 128) as u128;
    Micros::try_from(((leading + 1) << shift) - 1).unwrap_or(Micros::MAX)
}
