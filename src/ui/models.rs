//! The models of this session: trained here or read from a file. Each belongs to the table that it was trained for, and
//! any question may call it by its name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::first;
use super::train::reached;
use super::watch::RunState;
use super::widget::numbers;
use super::worksheet::Worksheet;
use crate::engine::TablePosition;
use crate::engine::scorer::Scorer;
use crate::engine::train::Training;
use crate::engine::train::{Target, Trained};
use crate::learn::drift::Baseline;
use crate::learn::forest::{Forest, Task};
use crate::learn::model::{Saved, StreamScore, TrainedTo};
use crate::learn::report::Report;
use crate::query::model;
use crate::query::sql::quote;
use crate::workspace::TableId;

/// A model's number; never used twice in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub u64);

#[derive(Clone, Debug)]
pub struct ModelEntry {
    pub id: ModelId,
    /// The worksheet that it belongs to.
    pub sheet: TableId,
    /// Its name in questions.
    pub name: String,
    pub target: Target,
    pub scorer: Arc<Scorer>,
    /// The report of its training, where there is one.
    pub report: Option<Arc<Report>>,
    /// Its score on the stream that it was trained on, if there is no report.
    pub stream_score: Option<StreamScore>,
    /// The settings of its training, if it was trained here.
    pub training: Option<Training>,
    /// The distributions of its features in training, and how far the feeds were trained on, where that is known.
    pub baseline: Option<Arc<Baseline>>,
    pub until: Option<TablePosition>,
    /// The newest row that it was trained on.
    pub trained_to: Option<TrainedTo>,
    /// The swaps that led to this forest, newest last.
    pub swaps: Vec<String>,
    /// The file that it was saved to or read from, and the file that it is being saved to.
    pub file: Option<PathBuf>,
    saving: Option<PathBuf>,
}

impl ModelEntry {
    pub fn forest(&self) -> &Forest {
        self.scorer.forest()
    }

    /// The content of its file; the copy is made when the result is called, in a job.
    pub fn saved(&self) -> impl FnOnce() -> Saved + Send + 'static {
        let (name, forest, trained_to) = (self.name.clone(), self.scorer.forest().clone(), self.trained_to.clone());
        let (baseline, report, stream_score, swaps) =
            (self.baseline.clone(), self.report.clone(), self.stream_score, self.swaps.clone());
        move || Saved {
            name,
            forest,
            baseline: baseline.as_deref().cloned(),
            trained_to,
            report: report.as_deref().cloned(),
            stream_score,
            swaps,
        }
    }

    /// What it predicts and how, in a few words.
    pub fn about(&self) -> String {
        let forest = self.forest();
        let what = match &forest.task {
            Task::Classes { names, .. } => format!("{} classes of {}", names.len(), forest.target),
            Task::Numbers => format!("the number {}", forest.target),
        };
        let (trees, features) = (forest.trees.len() as u64, forest.features.len() as u64);
        format!("Predicts {what}: {} over {}", numbers::counted(trees, "tree"), numbers::counted(features, "feature"))
    }

    /// Its score on the rows held out, or on those of the stream, in a word.
    pub fn score(&self) -> Option<String> {
        let numbers = self.forest().task == Task::Numbers;
        let of_stream = |stream_score: StreamScore| if numbers { stream_score.r2 } else { 1.0 - stream_score.error };
        let score = self
            .report
            .as_ref()
            .and_then(|r| r.verdict.score())
            .or(self.stream_score.map(of_stream).filter(|score| score.is_finite()))?;
        Some(if numbers { format!("R² {score:.3}") } else { format!("{:.1} %", score * 100.0) })
    }

    /// The expression of the label of a row, where the table holds it.
    fn truth(&self, sheet: &Worksheet) -> Option<String> {
        match &self.target.sql {
            Some(sql) => Some(format!("({sql})")),
            None => sheet.table.schema.contains(&self.target.name).then(|| quote(&self.target.name)),
        }
    }

    /// Whether rows of the table are labelled, so that predictions can be checked.
    pub fn has_truth(&self, sheet: &Worksheet) -> bool {
        self.truth(sheet).is_some()
    }

    /// A question that counts its predictions, over time.
    pub fn predictions_sql(&self, sheet: &Worksheet) -> String {
        let (window, order) = window(sheet);
        let (table, model) = (quote(&sheet.table.name), quote(&self.name));
        let rows = first::free_name(&sheet.table, &["rows", "count", "how_many"]);
        if self.forest().task == Task::Numbers {
            let mean = self.truth(sheet).map_or_else(String::new, |truth| format!(", avg({truth}) AS mean"));
            let groups = if order.is_empty() { String::new() } else { format!("\nGROUP BY {order}\nORDER BY {order}") };
            return format!(
                "SELECT {window}avg(predict({model})) AS predicted{mean}, count(*) AS {rows}\nFROM {table}{groups}"
            );
        }
        let by = if order.is_empty() { "said".to_owned() } else { format!("{order}, said") };
        format!(
            "SELECT {window}predict({model}) AS said, count(*) AS {rows}\nFROM {table}\nGROUP BY {by}\nORDER BY {by}"
        )
    }

    /// The newest row that it was trained on, if the table has newer ones, or may get some.
    fn newer(&self, sheet: &Worksheet) -> Option<&TrainedTo> {
        let (trained_to, time) = (self.trained_to.as_ref()?, sheet.table.time.as_ref()?);
        let flows = !sheet.table.live.is_empty() && sheet.running().state() != RunState::Done;
        let newest = reached(sheet).newest().max(sheet.history_ends());
        (time.column == trained_to.column && (flows || newest.is_some_and(|newest| newest > trained_to.micros)))
            .then_some(trained_to)
    }

    /// The label of the question on its accuracy, and which rows that question is about.
    pub fn accuracy_words(&self, sheet: &Worksheet) -> (&'static str, String) {
        match self.newer(sheet) {
            Some(TrainedTo { column, micros, .. }) => {
                let about = format!(
                    "Over the rows whose {column} is after {}: it was trained on none of them",
                    numbers::time(*micros)
                );
                ("Ask how often it is right on new rows", about)
            }
            None => {
                let about = "Over all rows, those that it was trained on included; Guard tests it on new ones alone";
                ("Ask how often it is right on all rows", about.to_owned())
            }
        }
    }

    /// A question on its accuracy over time: of the rows newer than those it was trained on, if there can be any; else
    /// of all rows, also of those that it was trained on.
    pub fn accuracy_sql(&self, sheet: &Worksheet) -> Option<String> {
        let truth = self.truth(sheet)?;
        let (window, order) = window(sheet);
        let (table, model) = (quote(&sheet.table.name), quote(&self.name));
        let measure = if self.forest().task == Task::Numbers {
            format!("avg(abs(predict({model}) - {truth})) AS mean_error")
        } else {
            format!("avg(CASE WHEN predict({model}) = {truth} THEN 1.0 ELSE 0.0 END) AS accuracy")
        };
        let groups = if order.is_empty() { String::new() } else { format!("\nGROUP BY {order}\nORDER BY {order}") };
        let newer = self.newer(sheet).map_or_else(String::new, |TrainedTo { column, micros, number }| {
            let at = number.map_or_else(|| format!("'{}'", numbers::utc(*micros)), |number| number.to_string());
            format!("{} > {at} AND ", quote(column))
        });
        Some(format!(
            "SELECT {window}{measure}\nFROM {table}\nWHERE {newer}{truth} IS NOT NULL AND predict({model}) IS NOT \
             NULL{groups}"
        ))
    }
}

/// The window of the current question, or one that fits the table's pace, as an item of SELECT; and its alias.
fn window(sheet: &Worksheet) -> (String, String) {
    let Some(time) = &sheet.table.time else { return (String::new(), String::new()) };
    let asked = sheet.question.form.window.as_ref().map(|w| w.size.clone());
    let pace =
        || if sheet.running().state() == RunState::Done { "1 day" } else { first::live_size(&sheet.table) }.to_owned();
    let size = asked.unwrap_or_else(pace);
    let alias = first::free_name(&sheet.table, &["time", "start", "bucket"]);
    (format!("tumble({}, INTERVAL '{size}') AS {alias}, ", quote(&time.column)), alias)
}

/// A forest, and what is known of its training.
#[derive(Clone, Debug)]
pub struct TrainedForest {
    pub forest: Arc<Forest>,
    pub report: Option<Arc<Report>>,
    pub stream_score: Option<StreamScore>,
    pub training: Option<Training>,
    pub baseline: Option<Arc<Baseline>>,
    pub until: Option<TablePosition>,
    pub trained_to: Option<TrainedTo>,
}

impl From<Arc<Forest>> for TrainedForest {
    fn from(forest: Arc<Forest>) -> Self {
        Self { forest, report: None, stream_score: None, training: None, baseline: None, until: None, trained_to: None }
    }
}

impl From<&ModelEntry> for TrainedForest {
    fn from(entry: &ModelEntry) -> Self {
        Self {
            forest: entry.scorer.forest().clone(),
            report: entry.report.clone(),
            stream_score: entry.stream_score,
            training: entry.training.clone(),
            baseline: entry.baseline.clone(),
            until: entry.until.clone(),
            trained_to: entry.trained_to.clone(),
        }
    }
}

impl From<&Trained> for TrainedForest {
    fn from(learned: &Trained) -> Self {
        Self {
            forest: learned.forest.clone(),
            report: Some(learned.report.clone()),
            stream_score: None,
            training: Some(learned.training.clone()),
            baseline: Some(learned.baseline.clone()),
            until: Some(learned.until.clone()),
            trained_to: learned.trained_to.clone(),
        }
    }
}

#[derive(Debug, Default)]
pub struct ModelList {
    pub entries: Vec<ModelEntry>,
    next: u64,
    known: model::Models,
}

impl ModelList {
    /// Adds a model under a table, by `name` or one like it that is free.
    pub fn add(
        &mut self,
        sheet: TableId,
        name: &str,
        target: Target,
        trained: TrainedForest,
        file: Option<PathBuf>,
    ) -> ModelId {
        self.next += 1;
        let id = ModelId(self.next);
        let name = self.free_name(name, None);
        let TrainedForest { forest, report, stream_score, training, baseline, until, trained_to } = trained;
        let (scorer, swaps) = (Arc::new(Scorer::new(forest)), Vec::new());
        self.entries.push(ModelEntry {
            id,
            sheet,
            name,
            target,
            scorer,
            report,
            stream_score,
            training,
            baseline,
            until,
            trained_to,
            swaps,
            file,
            saving: None,
        });
        self.renew();
        id
    }

    /// Replaces the forest of a model: questions that name it call the new forest from now on.
    pub fn swap(&mut self, id: ModelId, trained: TrainedForest, note: String) {
        self.change(id, |entry| {
            let TrainedForest { forest, report, stream_score, training, baseline, until, trained_to } = trained;
            (entry.scorer, entry.report, entry.stream_score, entry.training) =
                (Arc::new(Scorer::new(forest)), report, stream_score, training);
            (entry.baseline, entry.until, entry.trained_to) = (baseline, until, trained_to);
            entry.swaps.push(note);
        });
    }

    /// Sets the swaps that its file lists.
    pub fn remember(&mut self, id: ModelId, swaps: Vec<String>) {
        self.change(id, |entry| entry.swaps = swaps);
    }

    pub fn get(&self, id: ModelId) -> Option<&ModelEntry> {
        self.entries.iter().find(|e| e.id == id)
    }

    pub fn under(&self, sheet: TableId) -> impl Iterator<Item = &ModelEntry> {
        self.entries.iter().filter(move |e| e.sheet == sheet)
    }

    pub fn remove(&mut self, id: ModelId) {
        self.entries.retain(|e| e.id != id);
        self.renew();
    }

    /// A table was taken away.
    pub fn remove_under(&mut self, sheet: TableId) {
        self.entries.retain(|e| e.sheet != sheet);
        self.renew();
    }

    pub fn rename(&mut self, id: ModelId, name: &str) {
        if name.trim().is_empty() {
            return;
        }
        let name = self.free_name(name.trim(), Some(id));
        self.change(id, |entry| entry.name = name);
    }

    fn change(&mut self, id: ModelId, change: impl FnOnce(&mut ModelEntry)) {
        if let Some(entry) = self.entries.iter_mut().find(|e| e.id == id) {
            change(entry);
        }
        self.renew();
    }

    /// Notes that a model is being written to `path`.
    pub fn saving(&mut self, id: ModelId, path: PathBuf) {
        self.change(id, |entry| entry.saving = Some(path));
    }

    /// A file was written: true if it is the file of a model that was being written.
    pub fn saved(&mut self, path: &Path) -> bool {
        let Some(entry) = self.entries.iter_mut().find(|e| e.saving.as_deref() == Some(path)) else { return false };
        entry.file = entry.saving.take();
        true
    }

    /// The models as questions know them.
    pub fn known(&self) -> &model::Models {
        &self.known
    }

    fn renew(&mut self) {
        self.known = model::Models::new(
            self.entries.iter().map(|e| (e.name.clone(), e.scorer.clone() as Arc<dyn model::Model>)),
        );
    }

    fn free_name(&self, name: &str, own: Option<ModelId>) -> String {
        let taken = |name: &str| self.entries.iter().any(|e| Some(e.id) != own && e.name.eq_ignore_ascii_case(name));
        let numbered = (2..).map(|n| format!("{name}_{n}"));
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_else(|| name.to_owned())
    }
}
