//! What a guard knows of its model so far, and what it does with each row: score, test, learn.

use std::sync::Arc;

use polars::prelude::*;

use super::committee::{self, Committee};
use super::comparison::{Comparison, Contender, Tested};
use super::reader::{FeedReader, FeedRows, ReaderEvent};
use super::second_reading::SecondReading;
use super::settings::{GuardSettings, RetrainedForest};
use super::status::{ErrorChange, FusedForest, GuardStatus};
use crate::data::{Fault, Result};
use crate::engine::gather::RowSelector;
use crate::engine::intake::WAIT;
use crate::engine::job::Reporter;
use crate::engine::scorer::Scorer;
use crate::engine::skew::every_score;
use crate::engine::{Table, TablePosition};
use crate::learn::drift::{Baseline, ErrorScale, Guard, StaleReason};
use crate::learn::forest::Forest;
use crate::learn::score::{Scored, Truth};
use crate::query::model::Model;
use crate::query::window::{finite, micros_of};

/// Rows that are scored at a time.
const PIECE: usize = 1_024;

/// One feed, read twice.
pub(super) struct WatchedFeed {
    pub reader: FeedReader,
    pub second: SecondReading,
    pub ended: bool,
}

/// All that is known of the model so far.
pub(super) struct GuardState {
    pub scorer: Scorer,
    table: Arc<Table>,
    target: String,
    time: Option<String>,
    window_rows: u64,
    guard: Guard,
    fused: Option<Box<dyn Committee>>,
    /// The committee has other trees since the last chunk.
    renewed: bool,
    /// The forest that was put on the shelf last, and the same for as long as it takes part.
    newcomer: Option<Arc<Forest>>,
    retrained: Option<Arc<RetrainedForest>>,
    comparison: Comparison,
    /// The place of the newest row.
    at: i64,
    pub status: GuardStatus,
}

impl GuardState {
    pub fn new(settings: &GuardSettings) -> Self {
        let forest = settings.forest.clone();
        let baseline = settings.baseline.clone().unwrap_or_default();
        Self {
            table: settings.table.clone(),
            target: settings.target.name.clone(),
            time: settings.table.time.as_ref().map(|t| t.column.clone()),
            window_rows: settings.window_rows,
            fused: committee::begin(&forest).ok(),
            renewed: false,
            guard: Guard::new(baseline, settings.window_rows).scaled(ErrorScale::of(&forest)),
            newcomer: None,
            retrained: None,
            comparison: Comparison::default(),
            at: i64::MIN,
            status: GuardStatus {
                by_time: settings.table.time.is_some(),
                window_rows: settings.window_rows,
                has_baseline: settings.baseline.is_some(),
                from_training: settings.behind().is_some_and(|l| !l.partitions.is_empty()),
                ..GuardStatus::default()
            },
            scorer: Scorer::new(forest),
        }
    }

    /// A forest that was trained anew takes part from now on, unless it does already.
    pub fn admit(&mut self, rival: Arc<RetrainedForest>) {
        if self.newcomer.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &rival.forest)) {
            self.newcomer = Some(Arc::clone(&rival.forest));
            self.retrained = Some(rival);
            self.comparison.anew(Contender::Retrained);
        }
    }

    /// Reads what a feed has, and takes its rows.
    ///
    /// # Errors
    /// The feed's, or when rows cannot be scored.
    pub fn read(&mut self, feed: &mut WatchedFeed, selector: &RowSelector<'_>, report: &Reporter) -> Result<()> {
        match feed.reader.next(selector, WAIT)? {
            ReaderEvent::Rows(rows) => self.rows(feed, &rows, report),
            ReaderEvent::Note(word) => {
                self.status.note(word);
                Ok(())
            }
            ReaderEvent::Quiet => Ok(()),
            ReaderEvent::End => {
                feed.ended = true;
                Ok(())
            }
        }
    }

    fn rows(&mut self, feed: &mut WatchedFeed, rows: &FeedRows, report: &Reporter) -> Result<()> {
        self.status.unread += rows.unread;
        self.status.others += rows.others;
        for start in (0..rows.frame.height()).step_by(PIECE) {
            report.check()?;
            self.piece(feed, &rows.frame.slice(start as i64, PIECE), rows)?;
        }
        self.status.reached.add(&rows.at);
        // Only after its last piece is the chunk told as trained on.
        if std::mem::take(&mut self.renewed)
            && let Err(fault) = self.renew()
        {
            self.status.note(format!("the fused forest cannot be kept: {fault}"));
        }
        Ok(())
    }

    /// Scores rows, tests those whose truth is known, and then learns from them.
    fn piece(&mut self, feed: &mut WatchedFeed, piece: &DataFrame, of: &FeedRows) -> Result<()> {
        let forest = self.scorer.forest().clone();
        let inputs = piece.select(self.scorer.inputs().iter().cloned())?;
        let height = piece.height();
        let scored = forest.score(&inputs)?;
        let scores = self.scorer.columns(&scored, height, &every_score(&self.scorer));
        feed.second.first(of.at.partition, of.at.epoch, &inputs, scores)?;
        let places = self.places(piece)?;
        let drifted = self.drifted();
        self.guard.observe_each(&inputs, |row| places.get(row).copied().unwrap_or(self.at))?;
        if self.drifted() > drifted {
            self.changed(self.window_rows);
        }
        self.status.rows += height as u64;
        self.status.lacking += scored.lacks.as_ref().map_or(0, |lacks| lacks.iter().filter(|l| **l).count() as u64);
        if feed.reader.is_blind() {
            return Ok(());
        }
        let known = piece.column(&self.target)?.is_not_null();
        if !known.any() {
            return Ok(());
        }
        let truth = forest.truth(piece)?;
        let number = |row: usize| match &truth {
            Truth::Numbers(numbers) => numbers.get(row).copied().unwrap_or(f64::NAN),
            Truth::Classes(_) => f64::NAN,
        };
        let champion = errors(&scored, &truth);
        let retrained = match self.retrained.clone().filter(|rival| rival.is_new(&self.table, &of.at)) {
            Some(rival) => self.of_retrained(&rival.forest, piece),
            None => Vec::new(),
        };
        let fused = self.learn(piece);
        for (row, at) in places.into_iter().enumerate() {
            if known.get(row) != Some(true) {
                continue;
            }
            self.status.labelled += 1;
            let of = |errors: &[f64]| errors.get(row).copied().unwrap_or(f64::NAN);
            let error = of(&champion);
            if !error.is_finite() {
                continue;
            }
            self.status.tested += 1;
            self.comparison.add(Tested { errors: [error, of(&fused), of(&retrained)], truth: number(row), at });
            // A window that goes on shrinking has seen one change, not many.
            let known = self.errs_more();
            let Some(change) = self.guard.outcome(error, at) else { continue };
            let errs = self.errs_more();
            if errs != known {
                self.status.moment(ErrorChange { at, worse: errs });
            }
            if errs {
                // The longer it lasts, the better is known when it began.
                let since = self.status.rows.saturating_sub(change.kept);
                self.status.changed_rows = self.status.changed_rows.max(Some(since));
            }
        }
        Ok(())
    }

    /// Features that are distributed otherwise.
    fn drifted(&self) -> usize {
        self.guard.stale().iter().filter(|s| matches!(s.reason, StaleReason::Feature(_))).count()
    }

    fn errs_more(&self) -> bool {
        self.guard.stale().iter().any(|s| s.reason == StaleReason::Error)
    }

    /// A feature is another one since about so many rows.
    fn changed(&mut self, rows: u64) {
        self.status.changed_rows = Some(self.status.rows.saturating_sub(rows));
        let told = self.fused.as_mut().map(|fused| fused.changed(usize::try_from(rows).unwrap_or(usize::MAX)));
        if let Some(Err(fault)) = told {
            self.unlearnt(&fault);
        }
    }

    /// The committee cannot learn any more, and leaves the comparison.
    fn unlearnt(&mut self, fault: &Fault) {
        self.status.note(format!("the fused forest learns no more: {fault}"));
        self.fused = None;
        self.comparison.anew(Contender::Fused);
    }

    /// The errors of the committee on these rows, before it learns from them.
    fn learn(&mut self, piece: &DataFrame) -> Vec<f64> {
        let Some(fused) = &mut self.fused else { return Vec::new() };
        let outcome = match fused.learn(piece) {
            Ok(outcome) => outcome,
            Err(fault) => {
                self.unlearnt(&fault);
                return Vec::new();
            }
        };
        self.status.fitted += outcome.fitted;
        self.renewed |= outcome.renewed;
        outcome.errors
    }

    /// The committee has other trees: they are made one forest that could take over.
    fn renew(&mut self) -> Result<()> {
        let Some(fused) = &self.fused else { return Ok(()) };
        let (forest, fresh_trees, recent) = fused.forest()?;
        let baseline = Baseline::new(&recent, forest.features.iter().map(|f| f.name.as_str()))?;
        let (rows, until) = (recent.height() as u64, TablePosition::new(&self.table, self.status.reached.clone()));
        self.status.fused =
            Some(Arc::new(FusedForest { fresh_trees, rows, until, forest: forest.into(), baseline: baseline.into() }));
        Ok(())
    }

    fn of_retrained(&mut self, forest: &Forest, piece: &DataFrame) -> Vec<f64> {
        let found = forest.score(piece).and_then(|scored| Ok(errors(&scored, &forest.truth(piece)?)));
        found.unwrap_or_else(|fault| {
            self.status.note(format!("the retrained forest takes no part: {fault}"));
            self.retrained = None;
            self.comparison.anew(Contender::Retrained);
            Vec::new()
        })
    }

    /// Where each row stands: its event time, or its number among all rows.
    fn places(&mut self, piece: &DataFrame) -> Result<Vec<i64>> {
        let first = i64::try_from(self.status.rows).unwrap_or(i64::MAX);
        let Some(time) = &self.time else {
            return Ok((0..piece.height() as i64).map(|row| first.saturating_add(row + 1)).collect());
        };
        let times = finite(micros_of(piece.column(time)?)?);
        let mut places = Vec::with_capacity(piece.height());
        for time in times.iter() {
            // A row without a time stands where the one before it does.
            self.at = time.unwrap_or(self.at);
            places.push(self.at);
        }
        self.status.until = places.iter().copied().max().max(self.status.until);
        Ok(places)
    }

    /// How things stand.
    pub fn look(&mut self) -> GuardStatus {
        let full = self.guard.full();
        let features = match full {
            Some(_) => self.guard.features().to_vec(),
            None => self.guard.compare_open(),
        };
        let now = full.unwrap_or_else(|| self.guard.open()).clone();
        self.status.version += 1;
        GuardStatus {
            window: now,
            window_full: full.is_some(),
            features,
            stale: self.guard.stale().to_vec(),
            curve: self.comparison.curve().to_vec(),
            standings: self.comparison.standings(),
            ..self.status.clone()
        }
    }
}

/// The error on each row: 0 or 1 of a class, the distance of a number. `NaN` where there is no prediction.
fn errors(scored: &Scored, truth: &Truth) -> Vec<f64> {
    match truth {
        Truth::Classes(truth) => {
            let wrong = |(row, truth): (usize, &Option<usize>)| {
                scored.class(row).map_or(f64::NAN, |said| f64::from(u8::from(Some(said) != *truth)))
            };
            truth.iter().enumerate().map(wrong).collect()
        }
        Truth::Numbers(truth) => truth
            .iter()
            .enumerate()
            .map(|(row, truth)| scored.number(row).map_or(f64::NAN, |said| (said - truth).abs()))
            .collect(),
    }
}
