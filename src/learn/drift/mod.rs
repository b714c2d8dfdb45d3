//! Whether the world still is as it was when a model was fitted: every feature of the stream against the training
//! histograms, and the error against itself. Showing and alerting is left to the floors above.

mod adwin;
mod baseline;
mod compare;
mod saved;

use std::fmt;
use std::sync::Arc;

use polars::prelude::DataFrame;

pub use adwin::{Adwin, Change};
pub use baseline::{Baseline, Feature, Shape, Tally};
pub(super) use baseline::{is_text, numbers, texts};
pub use compare::{FeatureDrift, Ks, Level, compare, kolmogorov, psi};

use crate::data::Result;

/// Why a model may no longer be trusted, since when, and what shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stale {
    pub reason: Reason,
    /// The place, in the caller's own measure (event time in microseconds, or rows), of the first row that shows it.
    pub since: i64,
    pub evidence: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A feature is no longer distributed as it was.
    Feature(String),
    /// The model errs more than it did.
    Error,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feature(name) => write!(f, "'{name}' is not distributed as in training"),
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
    /// The newest full window, and what came of it.
    full: Option<Tally>,
    newest: Vec<FeatureDrift>,
    adwin: Adwin,
    /// The usual error of a model of numbers; `None` where errors are shares of rows.
    scale: Option<f64>,
    /// The mean error before it grew.
    before: Option<f64>,
    stale: Vec<Stale>,
}

impl Guard {
    /// Features are compared every `window_rows` rows.
    pub fn new(baseline: Arc<Baseline>, window_rows: u64) -> Self {
        Self {
            window: Tally::new(&baseline),
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
    pub fn of_numbers(self, scale: f64) -> Self {
        Self { scale: (scale > 0.0 && scale.is_finite()).then_some(scale), ..self }
    }

    /// Takes rows of the stream as they stand at `at`. Rows of one call are in one window.
    ///
    /// # Errors
    /// When a feature is missing or of another kind; nothing is counted then.
    pub fn observe(&mut self, rows: &DataFrame, at: i64) -> Result<()> {
        self.window.absorb(&self.baseline, rows)?;
        self.renew_evidence();
        self.since.get_or_insert(at);
        if self.window.rows() < self.window_rows {
            return Ok(());
        }
        self.newest = compare(&self.baseline, &self.window);
        let began = self.since.take().unwrap_or(at);
        for feature in &self.newest {
            let reason = Reason::Feature(feature.name.clone());
            let known = self.stale.iter().position(|s| s.reason == reason);
            match (feature.level, known) {
                // At the edge between the two nothing goes to and fro.
                (Level::Stale | Level::Watch, Some(known)) => {
                    if let Some(stale) = self.stale.get_mut(known) {
                        stale.evidence = feature.evidence();
                    }
                }
                (Level::Stale, None) => self.stale.push(Stale { reason, since: began, evidence: feature.evidence() }),
                // What has come back is no reason any more.
                (Level::Same, Some(known)) => drop(self.stale.remove(known)),
                (_, None) => {}
            }
        }
        self.full = Some(std::mem::replace(&mut self.window, Tally::new(&self.baseline)));
        Ok(())
    }

    /// Takes how wrong the model was about one row, from 0 to 1 or as a distance, in the order that the truth became known.
    /// A change of the error, for better or worse, is returned.
    pub fn outcome(&mut self, error: f64, at: i64) -> Option<Change> {
        // ADWIN knows values from 0 to 1: a distance is one half where it is as usual.
        let change = self.adwin.add(self.scale.map_or(error, |scale| error / (error + scale)))?;
        let known = self.stale.iter().position(|s| s.reason == Reason::Error);
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
            None if change.after > change.before => self.stale.push(Stale { reason: Reason::Error, since: at, evidence }),
            None => {}
        }
        Some(change)
    }

    /// The error as it is by now.
    fn renew_evidence(&mut self) {
        let Some((before, after)) = self.before.zip(self.adwin.mean()) else { return };
        let told = self.told(before, Change { before, after, kept: self.adwin.width() });
        if let Some(stale) = self.stale.iter_mut().find(|s| s.reason == Reason::Error) {
            stale.evidence = told;
        }
    }

    fn told(&self, before: f64, change: Change) -> String {
        let newest = format!("over the newest {} rows tested (ADWIN)", change.kept);
        match self.scale {
            None => format!("from {:.1} % of the rows to {:.1} % {newest}", before * 100.0, change.after * 100.0),
            Some(scale) => {
                let distance = |share: f64| scale * share / (1.0 - share).max(f64::EPSILON);
                format!("from about {:.3} to {:.3} {newest}", distance(before), distance(change.after))
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
