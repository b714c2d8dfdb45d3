//! The guards of this session, one a model: the results so far, the retraining that may run, and the chosen figure.
//! Carrying out actions is left to `apply`, painting to `panel::guard`.

mod apply;
mod figure;

use std::sync::Arc;

use super::chart::Chart;
use super::models::{ModelEntry, ModelId, TrainedForest};
use super::train::reached;
use super::widget::numbers;
use super::worksheet::Worksheet;
use crate::data::Fault;
use crate::data::zone::Zone;
use crate::engine::guard::{self, Contender, GuardSettings, GuardStatus, RetrainedForest};
use crate::engine::train::Training;
use crate::engine::train::{self, HoldOut, Trained, TrainingRows, TrainingSpec};
use crate::engine::{Job, Progress, Reached, Sampling, Table, TablePosition};
use crate::learn::drift::StaleReason;
use crate::learn::forest::{Forest, Missing, Task};
use crate::learn::question::{Question, TaskKind};
use crate::sync::{Latest, Wake};
use crate::workspace::GuardSetup;

/// One figure of a guard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum GuardView {
    /// The error of the model and its challengers.
    #[default]
    Error,
    /// A feature in training and now.
    Feature(String),
}

/// All guards, and the model whose guard is shown.
#[derive(Debug, Default)]
pub struct Guards {
    list: Vec<ModelGuard>,
    shown: Option<ModelId>,
}

impl Guards {
    pub fn of(&self, model: ModelId) -> Option<&ModelGuard> {
        self.list.iter().find(|s| s.model == model)
    }

    pub fn shown(&self) -> Option<&ModelGuard> {
        self.of(self.shown?)
    }

    pub fn is_idle(&self) -> bool {
        self.list.iter().all(|s| s.job.is_none() && s.retraining.is_none())
    }
}

/// The guard of one model.
#[derive(Debug)]
pub struct ModelGuard {
    pub model: ModelId,
    /// The table at the start of the watching.
    table: Option<Arc<Table>>,
    job: Option<Job<GuardStatus>>,
    shelf: Latest<GuardStatus>,
    /// A retrained forest is put here, so that the running guard compares it.
    challenger: Latest<RetrainedForest>,
    pub newest: Option<Arc<GuardStatus>>,
    /// The fault of the watching, or of a retraining.
    pub fault: Option<Fault>,
    pub window_rows: u64,
    pub view: GuardView,
    pub chart: Chart,
    /// What the chart was built for: the version of the results, the view, and the zone of its times.
    built: Option<(u64, GuardView, Zone)>,
    /// The number of newest rows to train on, as typed.
    pub rows: String,
    retraining: Option<Job<Trained>>,
    /// The newest forest that was retrained.
    pub retrained: Option<Arc<Trained>>,
    /// Of what speaks against the model, what a person was told of, and what need not be told again.
    told: Vec<StaleReason>,
    dismissed: Vec<StaleReason>,
    /// Whether the guard is switched on: then it starts again when its table is opened again.
    on: bool,
    /// The model that was replaced last.
    replaced: Option<TrainedForest>,
}

/// What *Retrain* would train and test on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrainPlan {
    pub train_rows: u64,
    pub test_rows: u64,
    /// False where some rows may lack a label or a value.
    pub exact: bool,
    /// Rows that are older than the watched ones.
    pub older: u64,
}

/// The fewest and the most rows that are proposed for a new forest.
const FEWEST: u64 = 1_000;
const MOST: u64 = 200_000;
/// The share of the newest rows that both forests are tested on.
const TEST: f64 = 0.2;

impl ModelGuard {
    fn new(model: ModelId) -> Self {
        Self {
            model,
            table: None,
            job: None,
            shelf: Latest::default(),
            challenger: Latest::default(),
            newest: None,
            fault: None,
            window_rows: 0,
            view: GuardView::default(),
            chart: Chart::default(),
            built: None,
            rows: String::new(),
            retraining: None,
            retrained: None,
            told: Vec::new(),
            dismissed: Vec::new(),
            on: false,
            replaced: None,
        }
    }

    /// Starts with the first row that the model was not trained on, and clears earlier results. A retrained forest is
    /// still compared.
    fn begin(&mut self, sheet: &Worksheet, entry: &ModelEntry, wake: &Wake) {
        if self.window_rows == 0 {
            self.window_rows = guard::window_rows(entry.baseline.as_deref());
        }
        (self.newest, self.fault, self.built) = (None, None, None);
        (self.shelf, self.challenger, self.chart) = (Latest::default(), Latest::default(), Chart::default());
        if let Some(learned) = self.rival(entry) {
            self.challenger.put(rival(learned));
        }
        (self.table, self.on) = (Some(sheet.table.clone()), true);
        let guarding = GuardSettings {
            table: sheet.table.clone(),
            target: entry.target.clone(),
            forest: entry.scorer.forest().clone(),
            baseline: entry.baseline.clone(),
            trained: entry.until.clone(),
            reached: reached(sheet),
            window_rows: self.window_rows,
        };
        self.job = Some(guard::guard(guarding, self.challenger.clone(), self.shelf.clone(), wake.clone()));
    }

    /// Trains a new forest on the newest rows; both forests are tested on the last of them.
    fn retrain(&mut self, sheet: &Worksheet, entry: &ModelEntry, wake: &Wake) {
        let rows = match self.rows_to_train() {
            Ok(rows) => rows,
            Err(fault) => {
                self.fault = Some(fault);
                return;
            }
        };
        self.fault = None;
        let forest = entry.scorer.forest().clone();
        let training = entry.training.clone().unwrap_or_else(|| training(&forest));
        let spec = TrainingSpec {
            table: sheet.table.clone(),
            reached: self.reached(sheet, entry),
            target: entry.target.clone(),
            training,
            rows: TrainingRows::Sample(Sampling::Newest(rows)),
            test: HoldOut::Newest(TEST),
            champion: Some(forest),
        };
        self.retraining = Some(train::train_on_table(spec, Latest::default(), wake.clone()));
    }

    /// How far the feeds were read, by the live run, the guard and the training together.
    fn reached(&self, sheet: &Worksheet, entry: &ModelEntry) -> Reached {
        let mut all = reached(sheet);
        let own = self
            .table
            .as_ref()
            .zip(self.newest.as_ref())
            .map(|(table, w)| TablePosition::new(table, w.reached.clone()));
        entry.until.iter().chain(&own).filter_map(|mark| mark.of(&sheet.table)).for_each(|more| all.merge(more));
        all
    }

    fn rows_to_train(&self) -> crate::data::Result<usize> {
        if self.rows.trim().is_empty() {
            return Ok(usize::try_from(self.proposed_rows()).unwrap_or(usize::MAX));
        }
        let plain = self.rows.replace([',', '_', ' '], "");
        let rows = plain.parse::<usize>().ok().filter(|rows| *rows >= 50);
        rows.ok_or_else(|| {
            Fault::new(format!("'{}' newest rows cannot be trained on", self.rows))
                .at("Newest rows")
                .hint("write a number from 50 up")
        })
    }

    /// The number of rows since the last change, within bounds.
    pub fn proposed_rows(&self) -> u64 {
        self.newest.as_ref().map_or(MOST, |w| w.rows_since_change()).clamp(FEWEST, MOST)
    }

    /// How it begins again when its table is opened again.
    pub(super) fn setup(&self) -> GuardSetup {
        GuardSetup { window_rows: self.window_rows, dismissed: self.dismissed.clone() }
    }

    pub fn is_on(&self) -> bool {
        self.on
    }

    /// The model that could come back.
    pub fn replaced(&self) -> Option<&TrainedForest> {
        self.replaced.as_ref()
    }

    /// How the newest rows would be divided into rows to train on and rows to test on. The share of usable rows is that
    /// of the rows watched so far. `None` while the typed number is invalid.
    pub fn retrain_plan(&self, entry: &ModelEntry) -> Option<RetrainPlan> {
        let rows = self.rows_to_train().ok()? as u64;
        let watched = self.newest.as_deref()?;
        // A forest that keeps missing values needs only labels.
        let fit = if entry.forest().missing == Missing::Keep { watched.labelled } else { watched.tested };
        let share = fit as f64 / watched.rows.max(1) as f64;
        let usable = (rows as f64 * share).round();
        let judged = (usable * TEST).ceil();
        let exact = fit == watched.rows && rows <= watched.rows;
        Some(RetrainPlan {
            train_rows: (usable - judged) as u64,
            test_rows: judged as u64,
            exact,
            older: rows.saturating_sub(watched.rows),
        })
    }

    pub fn is_watching(&self) -> bool {
        self.job.is_some()
    }

    pub fn retraining(&self) -> Option<Progress> {
        self.retraining.as_ref().map(Job::progress)
    }

    /// Whether anything speaks against the model that a person was not told of.
    fn has_news(&self, watched: &GuardStatus) -> bool {
        let is_known = |reason: &StaleReason| self.told.contains(reason) || self.dismissed.contains(reason);
        !watched.stale.iter().all(|stale| is_known(&stale.reason))
    }

    /// Why the model is stale, and since when; `None` while the model is not stale.
    pub fn why(&self) -> Option<String> {
        let watched = self.newest.as_ref()?;
        let line = |stale: &crate::learn::drift::Stale| {
            format!("{}, since {}: {}", stale.reason, place(watched, stale.since), stale.evidence)
        };
        let lines: Vec<String> = watched.stale.iter().map(line).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// The forest that was retrained, unless it is the model itself.
    pub fn rival(&self, entry: &ModelEntry) -> Option<&Arc<Trained>> {
        self.retrained.as_ref().filter(|learned| !Arc::ptr_eq(&learned.forest, entry.scorer.forest()))
    }

    /// Whether there is a forest to swap to.
    pub fn offers(&self, who: Contender, entry: &ModelEntry) -> bool {
        match who {
            Contender::Champion => false,
            Contender::Fused => self.newest.as_ref().is_some_and(|w| w.fused.is_some()),
            Contender::Retrained => self.rival(entry).is_some(),
        }
    }

    /// Whether the table has other feeds than those that are watched.
    fn feeds_changed(&self, sheet: &Worksheet) -> bool {
        self.on && self.table.as_ref().is_some_and(|table| table.live != sheet.table.live)
    }

    /// Polls the jobs, and updates the chart.
    fn poll(&mut self, entry: &ModelEntry) {
        if let Some(outcome) = self.job.as_mut().and_then(Job::take) {
            self.job = None;
            match outcome {
                Ok(last) => self.newest = Some(last.into()),
                Err(fault) if fault.what == super::jobs::CANCELLED => {}
                Err(fault) => self.fault = Some(fault),
            }
        } else if self.job.is_some() {
            self.newest = self.shelf.get().or(self.newest.take());
        }
        if let Some(outcome) = self.retraining.as_mut().and_then(Job::take) {
            self.retraining = None;
            match outcome {
                Ok(learned) => {
                    self.challenger.put(rival(&learned));
                    self.retrained = Some(learned.into());
                }
                Err(fault) if fault.what == super::jobs::CANCELLED => {}
                Err(fault) => self.fault = Some(fault),
            }
        }
        let Some(watched) = &self.newest else { return };
        let key = (watched.version, self.view.clone(), numbers::zone());
        if self.built.as_ref() != Some(&key) {
            self.chart.show(figure::of(&self.view, watched, entry));
            self.built = Some(key);
        }
    }
}

/// A retrained forest, as the guard compares it.
fn rival(learned: &Trained) -> RetrainedForest {
    RetrainedForest { forest: learned.forest.clone(), until: Some(learned.until.clone()) }
}

/// Settings of training for a forest from a file.
fn training(forest: &Forest) -> Training {
    let task = if forest.task == Task::Numbers { TaskKind::Estimate } else { TaskKind::Classify };
    let features = forest.features.iter().map(|f| f.name.clone()).collect();
    let question =
        Question { target: forest.target.clone(), features, task: Some(task), missing: forest.missing, coarse: false };
    Training { question, trees: forest.trees.len().max(1), ..Training::default() }
}

/// A position in the stream, as a time or a row number.
pub fn place(watched: &GuardStatus, at: i64) -> String {
    if watched.by_time {
        numbers::time(at.div_euclid(1_000_000).saturating_mul(1_000_000))
    } else {
        format!("row {}", numbers::count(at.unsigned_abs()))
    }
}

/// An error as text: a share of the rows, or a distance.
pub fn error(entry: &ModelEntry, error: f64) -> String {
    match entry.forest().task {
        _ if !error.is_finite() => "–".to_owned(),
        Task::Numbers => numbers::float((error * 1e4).round() / 1e4),
        Task::Classes { .. } => format!("{:.1} %", error * 100.0),
    }
}
