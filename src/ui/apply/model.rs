//! Carrying out what concerns the training of models, their reports, and the models themselves. Loading is left to
//! `load`.

use std::path::PathBuf;

use super::super::App;
use super::super::action::{Action, ModelAction, Pane, ReportAction, TrainAction};
use super::super::jobs::JobKind;
use super::super::models::{ModelEntry, ModelId};
use super::super::report::OpenReport;
use super::super::train::TrainForm;
use super::super::worksheet::Worksheet;
use crate::engine::Job;
use crate::engine::train::Trained;
use crate::learn::model;
use crate::workspace::TableId;

/// The ending of a model's file.
pub const MODEL: &str = "json";

impl App {
    pub(in crate::ui) fn apply_train(&mut self, train: TrainAction) {
        let wake = self.wake.clone();
        if let TrainAction::Begin(id) = train {
            let Some(sheet) = self.sheets.iter().find(|s| s.id == id) else { return };
            self.pane = Some(Pane::Train);
            // A running training, or one that was set up for this table, is shown as it is.
            if self.train_form.as_ref().is_some_and(|l| l.sheet == id || l.training.is_some()) {
                return;
            }
            let mut form = TrainForm::new(sheet);
            form.propose(sheet, &wake);
            self.train_form = Some(form);
            return;
        }
        let Some(form) = &mut self.train_form else { return };
        let Some(sheet) = self.sheets.iter().find(|s| s.id == form.sheet) else { return };
        match train {
            TrainAction::Begin(_) => {}
            TrainAction::Edit(draft) => form.edit(*draft, sheet, &wake),
            TrainAction::Propose => form.propose(sheet, &wake),
            TrainAction::Start => form.fault = form.train(sheet, &wake).err(),
            TrainAction::Cancel => form.cancel(),
        }
    }

    /// Polls the training and updates the report.
    pub(in crate::ui) fn poll_training(&mut self) {
        if let Some(form) = &mut self.train_form
            && let Some(learned) = form.poll()
        {
            let sheet = form.sheet;
            self.model_trained(sheet, learned);
        }
        if let Some(report) = &mut self.report
            && self.pane == Some(Pane::Report)
            && let Some(entry) = self.models.get(report.model)
        {
            report.poll(entry);
        }
    }

    /// Adds a trained model under its table, and shows its report if the form of the training is open.
    fn model_trained(&mut self, sheet: TableId, learned: Trained) {
        let (name, target) = (learned.target.name.clone(), learned.target.clone());
        let id = self.models.add(sheet, &name, target, (&learned).into(), None);
        if self.pane == Some(Pane::Train) {
            self.show_report(id);
        } else if let Some(entry) = self.models.get(id) {
            let score = entry.score().unwrap_or_default();
            self.notices.offer(
                format!("{} was trained: {score}", entry.name),
                "See the report".to_owned(),
                Action::Model(id, ModelAction::Report),
            );
        }
    }

    pub(in crate::ui) fn show_report(&mut self, id: ModelId) {
        let Some(entry) = self.models.get(id) else { return };
        if self.report.as_ref().is_none_or(|r| r.model != id) {
            self.report = Some(OpenReport::new(entry));
        }
        self.pane = Some(Pane::Report);
    }

    pub(in crate::ui) fn apply_report(&mut self, shown: ReportAction) {
        let Some(report) = &mut self.report else { return };
        match shown {
            ReportAction::View(view) => report.view = view,
            ReportAction::Class(class) => report.class = class,
            ReportAction::Feature(feature) => report.feature = feature,
        }
    }

    pub(in crate::ui) fn apply_model(&mut self, id: ModelId, action: ModelAction) {
        match action {
            ModelAction::Report => self.show_report(id),
            ModelAction::Guard => self.show_guard(id),
            ModelAction::Rename(name) => {
                self.models.rename(id, &name);
                self.save_workspace();
            }
            ModelAction::Remove => {
                let name = self.models.get(id).map(|entry| entry.name.clone()).unwrap_or_default();
                self.models.remove(id);
                self.forget_guards();
                if self.report.as_ref().is_some_and(|r| r.model == id) {
                    self.report = None;
                    self.pane = self.pane.filter(|pane| *pane != Pane::Report);
                }
                self.save_workspace();
                self.notices.offer_undo(format!("{name} was removed"));
            }
            ModelAction::AskPredictions => self.ask_model(id, |entry, sheet| Some(entry.predictions_sql(sheet))),
            ModelAction::AskAccuracy => self.ask_model(id, |entry, sheet| entry.accuracy_sql(sheet)),
        }
    }

    fn ask_model(&mut self, id: ModelId, sql: impl FnOnce(&ModelEntry, &Worksheet) -> Option<String>) {
        let (wake, known) = (self.wake.clone(), self.models.known().clone());
        let Some(entry) = self.models.get(id) else { return };
        let Some(sheet) = self.sheets.iter_mut().find(|s| s.id == entry.sheet) else { return };
        let Some(sql) = sql(entry, sheet) else { return };
        sheet.models = known;
        sheet.question.set_sql(sql);
        sheet.ask(&wake);
        self.selected = Some(sheet.id);
        self.pane = None;
        self.save_workspace();
    }

    /// A table is removed: its training, its models' report and their guards are removed as well.
    pub(in crate::ui) fn forget_training(&mut self, sheet: TableId) {
        self.train_form = self.train_form.take().filter(|l| l.sheet != sheet);
        let models = &self.models;
        self.report = self.report.take().filter(|r| models.get(r.model).is_some());
        self.forget_guards();
    }

    pub(in crate::ui) fn save_model(&mut self, id: ModelId, path: PathBuf) {
        let Some(entry) = self.models.get(id) else { return };
        let (file, saved) = (path.clone(), entry.saved());
        let job = Job::start("save the model", self.wake.clone(), move |_| model::save(&saved(), &path).map(|()| path));
        self.jobs.add(JobKind::Save(job));
        self.models.saving(id, file);
    }
}
