//! Whether the world still is as it was when a model was fitted: every feature of the stream against the training
//! histograms, and the error against itself. Showing and alerting is left to the floors above.

mod adwin;
mod baseline;
mod compare;
mod saved;
mod scale;

use std::fmt;
use std::sync::Arc;

use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};

pub use adwin::{Adwin, Change};
pub use baseline::{Baseline, BaselineFeature, Binning, Tally};
pub(super) use baseline::{is_text, numbers, texts};
pub use compare::{FeatureDrift, Ks, Level, compare, kolmogorov, psi};
pub use scale::ErrorScale;

use crate::data::Result;
use crate::data::words::count;

/// Why a model may no longer be trusted, since when, and what shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stale {
    pub reason: StaleReason,
    /// The place, in the caller's own measure (event time in microseconds, or rows), of the first row that shows it.
    pub since: i64,
    pub evidence: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StaleReason {
    /// A feature is no longer distributed as it was.
    Feature(String),
    /// A feature has no values any more.
    Lacks(String),
    /// The model errs more than it did.
    Error,
}

impl fmt::Display for StaleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feature(name) => write!(f, "'{name}' is not distributed as in training"),
            Self::Lacks(name) => write!(f, "the feed has no values of '{name}'"),
            Self::Error => f.write_str("the error has grown"),
        }
    }
}

/// Watches a stream for a model: features in windows of so many rows, outcomes one by one as they become known.
#[derive(Clone, Debug)]
pub struct Guard {
    baseline: Arc<Baseline>,
    window_rows: u64,
    window: Tally,
    since: Option<i64>,
    /// Of each feature: the place of the first row after its last value.
    empty: Vec<Option<i64>>,
    /// The newest full window, and what came of it.
    full: Option<Tally>,
    newest: Vec<FeatureDrift>,
    adwin: Adwin,
    /// The usual error of a model of numbers; `None` where errors are shares of rows.
    scale: Option<ErrorScale>,
    /// The mean error before it grew.
    before: Option<f64>,
    stale: Vec<Stale>,
}

impl Guard {
    /// Features are compared every `window_rows` rows.
    pub fn new(baseline: Arc<Baseline>, window_rows: u64) -> Self {
        Self {
            window: Tally::new(&baseline),
            empty: vec![None; baseline.features.len()],
            baseline,
            window_rows: window_rows.max(1),
            since: None,
            full: None,
            newest: Vec::new(),
            adwin: Adwin::default(),
            scale: None,
            before: None,
            stale: Vec::new(),
        }
    }

    /// Errors are distances, and this is one as the model usually makes it.
    #[must_use]
    pub fn of_numbers(self, usual: f64) -> Self {
        self.scaled(ErrorScale::new(usual))
    }

    /// Errors are distances in this measure; without one they are shares.
    #[must_use]
    pub fn scaled(self, scale: Option<ErrorScale>) -> Self {
        Self { scale, ..self }
    }

    /// Takes rows of the stream as they stand at `at`. Rows of one call are in one window.
    ///
    /// # Errors
    /// When a feature is missing or of another kind; nothing is counted then.
    pub fn observe(&mut self, rows: &DataFrame, at: i64) -> Result<()> {
        self.observe_each(rows, |_| at)
    }

    /// The same of rows that each have a place.
    ///
    /// # Errors
    /// As `observe`.
    pub fn observe_each(&mut self, rows: &DataFrame, at: impl Fn(usize) -> i64) -> Result<()> {
        self.window.absorb(&self.baseline, rows)?;
        if rows.height() == 0 {
            return Ok(());
        }
        self.renew_evidence();
        let began = *self.since.get_or_insert(at(0));
        for (feature, empty) in self.baseline.features.iter().zip(&mut self.empty) {
            match last_value(rows.column(&feature.name)?) {
                Some(last) if last + 1 == rows.height() => *empty = None,
                Some(last) => *empty = Some(at(last + 1)),
                None => *empty = empty.or(Some(at(0))),
            }
        }
        if self.window.rows() < self.window_rows {
            return Ok(());
        }
        self.newest = compare(&self.baseline, &self.window);
        self.since = None;
        for (feature, empty) in self.newest.iter().zip(&self.empty) {
            let (drifts, lacks) =
                (StaleReason::Feature(feature.name.clone()), StaleReason::Lacks(feature.name.clone()));
            let (reason, other) = if feature.absent { (lacks, drifts) } else { (drifts, lacks) };
            self.stale.retain(|s| s.reason != other);
            let known = self.stale.iter().position(|s| s.reason == reason);
            match (feature.level, known) {
                // At the edge between the two nothing goes to and fro.
                (Level::Stale | Level::Watch, Some(known)) => {
                    if let Some(stale) = self.stale.get_mut(known) {
                        stale.evidence = feature.evidence();
                    }
                }
                (Level::Stale, None) => {
                    let since = empty.filter(|_| feature.absent).unwrap_or(began);
                    self.stale.push(Stale { reason, since, evidence: feature.evidence() });
                }
                // What has come back is no reason any more.
                (Level::Same, Some(known)) => drop(self.stale.remove(known)),
                (Level::Few, Some(_)) | (_, None) => {}
            }
        }
        self.full = Some(std::mem::replace(&mut self.window, Tally::new(&self.baseline)));
        Ok(())
    }

    /// Takes how wrong the model was about one row, from 0 to 1 or as a distance, in the order that the truth became
    /// known. A change of the error, for better or worse, is returned.
    pub fn outcome(&mut self, error: f64, at: i64) -> Option<Change> {
        // ADWIN knows values from 0 to 1.
        let change = self.adwin.add(self.scale.map_or(error, |scale| scale.share(error)))?;
        let known = self.stale.iter().position(|s| s.reason == StaleReason::Error);
        let before = *self.before.get_or_insert(change.before);
        let evidence = self.told(before, change);
        if change.after < change.before {
            self.before = None;
        }
        match known {
            Some(known) if change.after < change.before => drop(self.stale.remove(known)),
            Some(known) => {
                if let Some(stale) = self.stale.get_mut(known) {
                    stale.evidence = evidence;
                }
            }
            None if change.after > change.before => {
                self.stale.push(Stale { reason: StaleReason::Error, since: at, evidence })
            }
            None => {}
        }
        Some(change)
    }

    /// The error as it is by now.
    fn renew_evidence(&mut self) {
        let Some((before, after)) = self.before.zip(self.adwin.mean()) else { return };
        let told = self.told(before, Change { before, after, kept: self.adwin.width() });
        if let Some(stale) = self.stale.iter_mut().find(|s| s.reason == StaleReason::Error) {
            stale.evidence = told;
        }
    }

    fn told(&self, before: f64, change: Change) -> String {
        let newest = format!("over the newest {} rows tested (ADWIN)", count(change.kept));
        match self.scale {
            None => format!("from {:.1} % of the rows to {:.1} % {newest}", before * 100.0, change.after * 100.0),
            Some(scale) => {
                format!(
                    "from about {:.3} to {:.3} {newest}; of large errors little is counted",
                    scale.distance(before),
                    scale.distance(change.after)
                )
            }
        }
    }

    /// What speaks against the model now.
    pub fn stale(&self) -> &[Stale] {
        &self.stale
    }

    /// Every feature in the newest full window.
    pub fn features(&self) -> &[FeatureDrift] {
        &self.newest
    }

    /// The rows of the newest full window.
    pub fn full(&self) -> Option<&Tally> {
        self.full.as_ref()
    }

    /// The features in the rows of the window that is not full yet.
    pub fn compare_open(&self) -> Vec<FeatureDrift> {
        compare(&self.baseline, &self.window)
    }

    /// The rows of the window that is not full yet.
    pub fn open(&self) -> &Tally {
        &self.window
    }

    /// The error that the newest outcomes agree on; `None` before the first.
    pub fn error(&self) -> Option<f64> {
        self.adwin.mean()
    }

    /// Another model took over: what was said of the old one is forgotten.
    pub fn reset(&mut self, baseline: Arc<Baseline>) {
        *self = Self { scale: self.scale, ..Self::new(baseline, self.window_rows) };
    }
}

/// The last row that has a value.
fn last_value(column: &Column) -> Option<usize> {
    let rows = column.len();
    if column.null_count() == rows {
        return None;
    }
    let there = column.is_not_null();
    (0..rows).rev().find(|row| there.get(*row) == Some(true))
}
