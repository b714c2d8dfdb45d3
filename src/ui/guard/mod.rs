//! The guards of this session: a model each, what it has seen, the new forest that may be in training, and the figure
//! that was chosen. Carrying out what a person wants is left to `apply`, painting to `panel::guard`.

mod apply;
mod figure;

use std::sync::Arc;

use super::chart::Chart;
use super::models::{ModelEntry, ModelId, TrainedForest};
use super::train::reached;
use super::widget::numbers;
use super::worksheet::Worksheet;
use crate::data::Fault;
use crate::engine::guard::{self, Guarding, Rival, Watched, Who};
use crate::engine::lesson::{self, Learned, Lesson, Scope, Test};
use crate::engine::train::Training;
use crate::engine::{Job, Keep, Mark, Progress, Reached, Table};
use crate::learn::forest::{Forest, Missing, Task};
use crate::learn::question::{Question, TaskKind};
use crate::sync::{Latest, Wake};

/// One figure of a guard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// The error of the model and its challengers.
    #[default]
    Error,
    /// A feature in training and now.
    Feature(String),
}

/// Every model that was guarded, and the one that is shown.
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
    /// The table as it is watched.
    table: Option<Arc<Table>>,
    job: Option<Job<Watched>>,
    shelf: Latest<Watched>,
    /// Where a retrained forest is put, so that it takes part.
    challenger: Latest<Rival>,
    pub newest: Option<Arc<Watched>>,
    /// What keeps it from watching, or a training from ending.
    pub fault: Option<Fault>,
    pub window_rows: u64,
    pub view: View,
    pub chart: Chart,
    /// Which figure of what the picture is.
    built: Option<(u64, View)>,
    /// The newest rows to train on, as they were typed.
    pub rows: String,
    retraining: Option<Job<Learned>>,
    /// The newest forest that was retrained.
    pub retrained: Option<Arc<Learned>>,
    /// Whether the alert was given.
    alerted: bool,
    /// Whether a person wants it to watch: then it does so again when its table is opened again.
    on: bool,
    /// The model that was replaced last.
    replaced: Option<TrainedForest>,
}

/// What *Retrain* would train and test on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrainPlan {
    pub train_rows: u64,
    pub test_rows: u64,
    /// False where some rows may lack what is needed.
    pub exact: bool,
    /// Rows from before those that are watched.
    pub older: u64,
}

/// Fewer rows are too few for a new forest, more than these need not be held in memory.
const FEWEST: u64 = 1_000;
const MOST: u64 = 200_000;
/// The share of the newest rows that both are compared on.
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
            view: View::default(),
            chart: Chart::default(),
            built: None,
            rows: String::new(),
            retraining: None,
            retrained: None,
            alerted: false,
            on: false,
            replaced: None,
        }
    }

    /// Begins with the first row that the model was not trained on; what was seen before is forgotten. A forest that
    /// was retrained still takes part.
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
        let guarding = Guarding {
            table: sheet.table.clone(),
            target: entry.target.clone(),
            forest: entry.scorer.forest().clone(),
            baseline: entry.baseline.clone(),
            learnt: entry.until.clone(),
            reached: reached(sheet),
            window_rows: self.window_rows,
        };
        self.job = Some(guard::guard(guarding, self.challenger.clone(), self.shelf.clone(), wake.clone()));
    }

    /// Trains a new forest on the newest rows; both are judged on the last of them.
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
        let lesson = Lesson {
            table: sheet.table.clone(),
            reached: self.reached(sheet, entry),
            target: entry.target.clone(),
            training,
            scope: Scope::Kept(Keep::Newest(rows)),
            test: Test::Newest(TEST),
            champion: Some(forest),
        };
        self.retraining = Some(lesson::learn(lesson, Latest::default(), wake.clone()));
    }

    /// All that was read of the feeds, from where the first reading began.
    fn reached(&self, sheet: &Worksheet, entry: &ModelEntry) -> Reached {
        let mut all = reached(sheet);
        let own = self.table.as_ref().zip(self.newest.as_ref()).map(|(table, w)| Mark::new(table, w.reached.clone()));
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

    /// Those since the last change, as far as that is sensible.
    pub fn proposed_rows(&self) -> u64 {
        self.newest.as_ref().map_or(MOST, |w| w.rows_since_change()).clamp(FEWEST, MOST)
    }

    pub fn is_on(&self) -> bool {
        self.on
    }

    /// The model that could come back.
    pub fn replaced(&self) -> Option<&TrainedForest> {
        self.replaced.as_ref()
    }

    /// Of the newest rows, those that a new forest would learn from and those that it would be judged on: the share of
    /// rows that hold what both need is that of the rows watched so far. `None` while what was typed is no number.
    pub fn retrain_plan(&self, entry: &ModelEntry) -> Option<RetrainPlan> {
        let rows = self.rows_to_train().ok()? as u64;
        let watched = self.newest.as_deref()?;
        // A forest that keeps missing values needs only the truth.
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

    /// Why the model is stale, and since when; `None` while it is not.
    pub fn why(&self) -> Option<String> {
        let watched = self.newest.as_ref()?;
        let line = |stale: &crate::learn::drift::Stale| {
            format!("{}, since {}: {}", stale.reason, place(watched, stale.since), stale.evidence)
        };
        let lines: Vec<String> = watched.stale.iter().map(line).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// The forest that was retrained, unless it is the model itself.
    pub fn rival(&self, entry: &ModelEntry) -> Option<&Arc<Learned>> {
        self.retrained.as_ref().filter(|learned| !Arc::ptr_eq(&learned.forest, entry.scorer.forest()))
    }

    /// Whether there is a forest that `who` would bring.
    pub fn offers(&self, who: Who, entry: &ModelEntry) -> bool {
        match who {
            Who::Champion => false,
            Who::Fused => self.newest.as_ref().is_some_and(|w| w.fused.is_some()),
            Who::Retrained => self.rival(entry).is_some(),
        }
    }

    /// Whether the table has other feeds than those that are watched.
    fn feeds_changed(&self, sheet: &Worksheet) -> bool {
        self.on && self.table.as_ref().is_some_and(|table| table.live != sheet.table.live)
    }

    /// Takes in what jobs have brought.
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
        let key = (watched.version, self.view.clone());
        if self.built.as_ref() != Some(&key) {
            self.chart.show(figure::of(&self.view, watched, entry));
            self.built = Some(key);
        }
    }
}

/// A forest that was retrained, as it takes part.
fn rival(learned: &Learned) -> Rival {
    Rival { forest: learned.forest.clone(), until: Some(learned.until.clone()) }
}

/// How a forest from a file would have been trained.
fn training(forest: &Forest) -> Training {
    let task = if forest.task == Task::Numbers { TaskKind::Estimate } else { TaskKind::Classify };
    let features = forest.features.iter().map(|f| f.name.clone()).collect();
    let question =
        Question { target: forest.target.clone(), features, task: Some(task), missing: forest.missing, coarse: false };
    Training { question, trees: forest.trees.len().max(1), ..Training::default() }
}

/// A place in words.
pub fn place(watched: &Watched, at: i64) -> String {
    if watched.by_time {
        numbers::time(at.div_euclid(1_000_000).saturating_mul(1_000_000))
    } else {
        format!("row {}", numbers::count(at.unsigned_abs()))
    }
}

/// An error in words: a share of the rows, or a distance.
pub fn error(entry: &ModelEntry, error: f64) -> String {
    match entry.forest().task {
        _ if !error.is_finite() => "–".to_owned(),
        Task::Numbers => numbers::float((error * 1e4).round() / 1e4),
        Task::Classes { .. } => format!("{:.1} %", error * 100.0),
    }
}
