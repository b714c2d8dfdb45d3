//! Models that come from files: by a typed path, from the system's dialog, dropped on the window, or with a table that
//! is opened again. A model without a table goes under one that has its columns, or waits for one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::App;
use super::action::{Action, LoadAction, ModelAction, Pane};
use super::dialog;
use super::jobs::{JobKind, ModelSource};
use super::models::TrainedForest;
use super::notices::{NoticeOrigin, Severity};
use super::path::path_of;
use super::worksheet::Worksheet;
use crate::data::Fault;
use crate::engine::Job;
use crate::engine::table::name_of;
use crate::engine::train::Target;
use crate::learn::forest::Forest;
use crate::learn::model::{self, Saved};
use crate::workspace::TableId;
use crate::workspace::{ModelSetup, without_secrets};

/// The form for a model's path.
#[derive(Debug)]
pub struct LoadForm {
    pub sheet: TableId,
    pub since: Instant,
    pub path: String,
    pub reading: bool,
    pub fault: Option<Fault>,
}

/// A model that waits for a table with its columns.
#[derive(Debug)]
pub struct UnplacedModel {
    saved: Saved,
    file: PathBuf,
}

impl UnplacedModel {
    pub fn is_of(&self, file: &Path) -> bool {
        self.file == file
    }
}

impl App {
    pub(super) fn apply_load(&mut self, load: LoadAction) {
        if let LoadAction::Begin(sheet) = load {
            let path = self.loading.take().map_or_else(String::new, |form| form.path);
            self.loading = Some(LoadForm { sheet, since: Instant::now(), path, reading: false, fault: None });
            self.pane = Some(Pane::Load);
            return;
        }
        let Some(form) = &mut self.loading else { return };
        match load {
            LoadAction::Begin(_) => {}
            LoadAction::Edit(path) => form.path = path,
            LoadAction::Choose => {
                let job = Job::start("choose a model", self.wake.clone(), |_| dialog::pick_model());
                self.jobs.add(JobKind::PickModel(job, form.sheet));
            }
            LoadAction::Read => {
                let (sheet, file) = (form.sheet, typed_path(&form.path));
                self.load_model(sheet, file);
            }
        }
    }

    /// A file dialog was closed.
    pub(super) fn model_picked(&mut self, picked: crate::data::Result<Vec<PathBuf>>, sheet: TableId) {
        match picked.map(|paths| paths.into_iter().next()) {
            Ok(Some(file)) => {
                if let Some(form) = &mut self.loading {
                    form.path = file.display().to_string();
                }
                self.load_model(sheet, file);
            }
            Ok(None) => {}
            Err(fault) => self.no_model(fault),
        }
    }

    pub(super) fn load_model(&mut self, sheet: TableId, file: PathBuf) {
        if let Some(form) = &mut self.loading {
            (form.reading, form.fault) = (true, None);
        }
        self.read_model(ModelSource { sheet, setup: ModelSetup { file, ..ModelSetup::default() }, again: false });
    }

    /// Models that come with a table.
    pub(super) fn load_models(&mut self, sheet: TableId, models: &[ModelSetup]) {
        for setup in models.iter().cloned() {
            self.read_model(ModelSource { sheet, setup, again: true });
        }
    }

    fn read_model(&mut self, from: ModelSource) {
        let file = from.setup.file.clone();
        let job = Job::start("read the model", self.wake.clone(), move |_| model::load(&file));
        self.jobs.add(JobKind::Model(job, Box::new(from)));
    }

    /// Shows why a model could not be loaded: in the form, if it is open, else as a notice.
    pub(super) fn no_model(&mut self, fault: Fault) {
        let form = self.loading.as_mut().filter(|_| self.pane == Some(Pane::Load));
        match form {
            Some(form) => (form.reading, form.fault) = (false, Some(fault)),
            None => {
                self.notices.withdraw(&NoticeOrigin::Load);
                self.notices.post(NoticeOrigin::Load, Severity::Error, &fault);
            }
        }
    }

    /// A model could not be read. One that comes with its table stays set up.
    pub(super) fn model_failed(&mut self, fault: Fault, from: ModelSource) {
        if let Some(sheet) = self.sheets.iter_mut().find(|sheet| sheet.id == from.sheet && from.again) {
            sheet.unread.push(from.setup);
        }
        self.no_model(fault);
    }

    pub(super) fn model_arrived(&mut self, saved: Saved, from: ModelSource) {
        let Saved { name: own, forest, baseline, trained_to, report, stream_score, swaps } = saved;
        let Some(sheet) = self.sheets.iter().find(|s| s.id == from.sheet) else { return };
        let table = sheet.table.name.clone();
        let place = from.setup.file.display().to_string();
        // Earlier notices on this file no longer hold.
        self.notices.withdraw(&NoticeOrigin::Load);
        self.notices.withdraw(&NoticeOrigin::Waits(from.setup.file.clone()));
        self.notices.forget_place(&place);
        let missing = missing(&forest, sheet);
        if !missing.is_empty() {
            let fault =
                Fault::new(format!("this model asks for columns that {table} does not have: {}", missing.join(", ")));
            self.notices.warn(&fault.at(place).hint("load it under a table that has them"));
        }
        let ModelSetup { name, file, target_sql, trained, guard } = from.setup;
        let name = [name, own].into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| name_of(&file));
        let target = Target { name: forest.target.clone(), sql: target_sql };
        let (report, baseline) = (report.map(Arc::new), baseline.map(Arc::new));
        let until = trained.and_then(|mark| mark.again(&sheet.table, without_secrets));
        let guard = guard.filter(|_| !sheet.table.live.is_empty());
        let trained = TrainedForest { report, stream_score, baseline, trained_to, until, ..forest.into() };
        let said = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        // A file of autosave is not one that a person has saved.
        let saved = Some(file.clone()).filter(|file| !file.starts_with(self.folders.models()));
        let id = self.models.add(from.sheet, &name, target, trained, saved);
        self.models.remember(id, swaps);
        self.model_read(id, file);
        if let Some(guard) = guard {
            self.guard_again(id, guard);
        }
        // A question that failed because the model was missing is asked again.
        let (wake, known) = (self.wake.clone(), self.models.known().clone());
        if let Some(sheet) = self.sheets.iter_mut().find(|s| s.id == from.sheet) {
            sheet.models = known;
            if sheet.question.asked.is_empty() && sheet.question.fault.is_some() {
                sheet.ask(&wake);
            }
        }
        self.save_workspace();
        if from.again {
            return;
        }
        if self.pane == Some(Pane::Load) {
            self.loading = None;
            self.show_report(id);
        } else if let Some(entry) = self.models.get(id) {
            let what = format!("{said} is a model: it stands under {table} as {}", entry.name);
            self.notices.offer(what, "See the report", Action::Model(id, ModelAction::Report));
        }
    }

    /// A model was opened among the files of tables.
    pub(super) fn model_opened(&mut self, saved: Saved, file: PathBuf) {
        self.unplaced_models.retain(|waiting| waiting.file != file);
        self.unplaced_models.push(UnplacedModel { saved, file });
    }

    /// Places models under the selected table, or the newest, that has their columns. `notify`: post a notice for those
    /// that keep waiting.
    pub(super) fn place_models(&mut self, notify: bool) {
        for UnplacedModel { saved, file } in std::mem::take(&mut self.unplaced_models) {
            let fits = |s: &&Worksheet| missing(&saved.forest, s).is_empty();
            let home = self.sheet().filter(fits).or_else(|| self.sheets.iter().rev().find(fits)).map(|s| s.id);
            match home {
                Some(sheet) => self.model_arrived(
                    saved,
                    ModelSource { sheet, setup: ModelSetup { file, ..ModelSetup::default() }, again: false },
                ),
                None => {
                    if notify {
                        let features: Vec<&str> =
                            saved.forest.features.iter().take(6).map(|f| f.name.as_str()).collect();
                        let more = if saved.forest.features.len() > features.len() { ", …" } else { "" };
                        let fault = Fault::new("this is a model, and it waits for a table with its columns")
                            .at(file.display().to_string())
                            .hint(format!("open one that has {}{more}", features.join(", ")));
                        self.notices.post(NoticeOrigin::Waits(file.clone()), Severity::Warning, &fault);
                    }
                    self.unplaced_models.push(UnplacedModel { saved, file });
                }
            }
        }
    }
}

/// Columns that a forest needs and a table lacks.
fn missing<'a>(forest: &'a Forest, sheet: &Worksheet) -> Vec<&'a str> {
    forest.features.iter().map(|f| f.name.as_str()).filter(|name| !sheet.table.schema.contains(name)).collect()
}

/// Remembered paths are absolute, so that they are found from any folder.
fn typed_path(text: &str) -> PathBuf {
    let path = path_of(text);
    std::path::absolute(&path).unwrap_or(path)
}
