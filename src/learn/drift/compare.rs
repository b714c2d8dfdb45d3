//! Two histograms of one feature, held against each other: the population stability index and the distance of
//! Kolmogorov and Smirnov, each with what chance alone would give.

use super::baseline::{Baseline, BaselineFeature, Binning, Tally};
use crate::data::words::count;

/// From here a feature is watched, and from there it is another one (the usual thresholds of the index).
const PSI: (f64, f64) = (0.1, 0.25);
/// The chance, over all features together, that the KS test calls stale what is not.
const KS_CHANCE: f64 = 0.01;
/// A distance below this means little to a model, however sure it is.
const KS_LEAST: f64 = 0.1;
/// So unlikely it is at most that a window has no value by chance.
const NO_VALUE: f64 = 1e-3;
/// Fewer rows prove nothing.
const LEAST_ROWS: u64 = 100;
/// Groups of a number for the index.
const GROUPS: u64 = 10;
/// A category of fewer rows than this share is counted with the other rare ones.
const RARE: u64 = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Too few rows to tell.
    Few,
    /// Nothing beyond chance.
    Same,
    /// Different, but not much.
    Watch,
    /// Another distribution.
    Stale,
}

/// How far a feature is from its training.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureDrift {
    pub name: String,
    /// `NaN` where there are no values.
    pub psi: f64,
    /// The index that chance alone stays below in all but a few of a thousand windows.
    pub chance: f64,
    /// For numbers.
    pub ks: Option<Ks>,
    /// Shares of null in training and now.
    pub nulls: (f64, f64),
    /// The share of values that training never saw; of numbers those beyond its range.
    pub unseen: f64,
    pub rows: u64,
    pub level: Level,
    /// The window has no value of it, and training had: of a distribution nothing can be said.
    pub absent: bool,
}

/// The largest distance of two distributions, and how likely chance gives as much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ks {
    pub distance: f64,
    pub p: f64,
}

impl FeatureDrift {
    /// In words, with the numbers that show it.
    pub fn evidence(&self) -> String {
        if self.rows == 0 {
            return "no row yet".to_owned();
        }
        if self.absent {
            return format!("null in all {} rows, in training in {:.1} %", count(self.rows), self.nulls.0 * 100.0);
        }
        let mut text = format!("PSI {:.3} over {} rows", self.psi, count(self.rows));
        if let Some(ks) = self.ks {
            let p = if ks.p < 1e-9 { "below 1e-9".to_owned() } else { format!("{:.1e}", ks.p) };
            text += &format!(", KS distance {:.3} (p {p})", ks.distance);
        }
        if self.unseen > 0.0 {
            text += &format!(", {:.1} % never seen in training", self.unseen * 100.0);
        }
        if self.nulls.1 > self.nulls.0 {
            text += &format!(", null {:.1} % instead of {:.1} %", self.nulls.1 * 100.0, self.nulls.0 * 100.0);
        }
        text
    }
}

/// Every feature of a window against its training.
pub fn compare(baseline: &Baseline, window: &Tally) -> Vec<FeatureDrift> {
    let many = baseline.features.len();
    let each = baseline.features.iter().enumerate();
    each.filter_map(|(i, feature)| window.of(i).map(|(bins, nulls)| drift(feature, bins, nulls, many))).collect()
}

fn drift(feature: &BaselineFeature, bins: &[u64], nulls: u64, many: usize) -> FeatureDrift {
    let (trained, seen) = (feature.counts.iter().sum::<u64>(), bins.iter().sum::<u64>());
    let (before, now) = groups(feature, bins, nulls);
    let index = psi(&before, &now);
    let chance = chance(before.len(), trained + feature.nulls, seen + nulls);
    let ks = matches!(feature.shape, Binning::Number { .. }).then(|| kolmogorov(&feature.counts, bins)).flatten();
    let unseen = match feature.shape {
        Binning::Number { .. } => bins.first().unwrap_or(&0) + bins.last().unwrap_or(&0),
        Binning::Category { .. } => *bins.last().unwrap_or(&0),
    };
    let share = |part: u64, of: u64| if of > 0 { part as f64 / of as f64 } else { 0.0 };
    let enough = (trained + feature.nulls).min(seen + nulls) >= LEAST_ROWS;
    let far = trained.min(seen) >= LEAST_ROWS
        && ks.is_some_and(|ks| ks.distance >= KS_LEAST && ks.p * (many as f64) < KS_CHANCE);
    // Training may have had so few values that a window without any is nothing new.
    let gap = feature.nulls as f64 / (trained + feature.nulls).max(1) as f64;
    let absent = seen == 0 && enough && gap.powf(nulls as f64) < NO_VALUE;
    let level = match index {
        _ if far || absent => Level::Stale,
        _ if !enough => Level::Few,
        index if index < chance || index < PSI.0 => Level::Same,
        index if index < PSI.1 => Level::Watch,
        _ => Level::Stale,
    };
    let rows = seen + nulls;
    let nulls = (share(feature.nulls, trained + feature.nulls), share(nulls, rows));
    // Of nulls alone there is no index.
    let index = if absent { f64::NAN } else { index };
    FeatureDrift {
        name: feature.name.clone(),
        psi: index,
        chance,
        ks,
        nulls,
        unseen: share(unseen, seen),
        rows,
        level,
        absent,
    }
}

/// Both histograms in few groups, so that each holds enough rows to be compared: numbers in groups of about equal size
/// in training, categories by name unless they are rare; nulls are a group where there are any.
fn groups(feature: &BaselineFeature, bins: &[u64], nulls: u64) -> (Vec<u64>, Vec<u64>) {
    let trained: u64 = feature.counts.iter().sum();
    let (mut before, mut now) = (Vec::new(), Vec::new());
    match &feature.shape {
        Binning::Number { .. } => {
            let (mut open, mut cumulated) = ((0, 0), 0);
            for (b, n) in feature.counts.iter().zip(bins) {
                open = (open.0 + b, open.1 + n);
                cumulated += b;
                // A group ends where the next tenth of the training rows is full.
                if open.0 > 0 && cumulated * GROUPS >= trained * (before.len() as u64 + 1) {
                    before.push(open.0);
                    now.push(open.1);
                    open = (0, 0);
                }
            }
            // What lies beyond training's range belongs to the last group.
            match (before.last_mut(), now.last_mut()) {
                (Some(b), Some(n)) => (*b, *n) = (*b + open.0, *n + open.1),
                _ => (before, now) = (vec![open.0], vec![open.1]),
            }
        }
        Binning::Category { values, .. } => {
            let mut rare = (0, 0);
            for (i, (b, n)) in feature.counts.iter().zip(bins).enumerate() {
                if i < values.len() && b * RARE >= trained {
                    before.push(*b);
                    now.push(*n);
                } else if i <= values.len() {
                    rare = (rare.0 + b, rare.1 + n);
                } else if *n > 0 {
                    before.push(*b);
                    now.push(*n);
                }
            }
            if rare != (0, 0) {
                before.push(rare.0);
                now.push(rare.1);
            }
        }
    }
    if feature.nulls + nulls > 0 {
        before.push(feature.nulls);
        now.push(nulls);
    }
    (before, now)
}

/// The population stability index of two histograms of the same groups. Half a row is added to each group, so that an
/// empty one gives a large number and not an infinite one.
pub fn psi(before: &[u64], now: &[u64]) -> f64 {
    let groups = before.len().min(now.len()) as f64;
    let total = |counts: &[u64]| counts.iter().sum::<u64>() as f64 + groups / 2.0;
    let (all_before, all_now) = (total(before), total(now));
    let share = |count: u64, all: f64| (count as f64 + 0.5) / all;
    before
        .iter()
        .zip(now)
        .map(|(b, n)| (share(*b, all_before), share(*n, all_now)))
        .map(|(p, q)| (q - p) * (q / p).ln())
        .sum()
}

/// Without drift the index, over the sum of both sizes' inverses, is distributed as chi-square of one degree less than
/// groups: its mean and four times its deviation.
fn chance(groups: usize, trained: u64, seen: u64) -> f64 {
    let freedom = groups.saturating_sub(1) as f64;
    (freedom + 4.0 * (2.0 * freedom).sqrt()) * (1.0 / trained.max(1) as f64 + 1.0 / seen.max(1) as f64)
}

/// The test of Kolmogorov and Smirnov at the edges of the bins, which finds no more than the test of the values would.
/// `None` where one side is empty.
pub fn kolmogorov(before: &[u64], now: &[u64]) -> Option<Ks> {
    let (n, m) = (before.iter().sum::<u64>() as f64, now.iter().sum::<u64>() as f64);
    if n == 0.0 || m == 0.0 {
        return None;
    }
    let (mut below, mut distance) = ((0, 0), 0.0_f64);
    for (b, c) in before.iter().zip(now) {
        below = (below.0 + b, below.1 + c);
        distance = distance.max((below.0 as f64 / n - below.1 as f64 / m).abs());
    }
    let root = (n * m / (n + m)).sqrt();
    Some(Ks { distance, p: survival((root + 0.12 + 0.11 / root) * distance) })
}

/// The chance that Kolmogorov's distribution exceeds `x`.
fn survival(x: f64) -> f64 {
    if x < 0.2 {
        return 1.0;
    }
    let term = |k: i32| {
        let k = f64::from(k);
        2.0 * (-2.0 * k * k * x * x).exp()
    };
    (1..=100).map(|k| if k % 2 == 1 { term(k) } else { -term(k) }).sum::<f64>().clamp(0.0, 1.0)
}
