//! Carrying out what concerns lessons and models: setting up, training, asking, saving. Loading is left to `load`.

use std::path::PathBuf;

use super::App;
use super::action::{Action, Learn, ModelAction, Pane, Report as Shown};
use super::lesson::LessonForm;
use super::models::{Entry, ModelId};
use super::report::Report;
use super::sheet::{Sheet, SheetId};
use super::work::Kind;
use crate::engine::Job;
use crate::engine::lesson::Learned;
use crate::learn::model;

/// The ending of a model's file.
pub const MODEL: &str = "json";

impl App {
    pub(super) fn apply_learn(&mut self, learn: Learn) {
        let wake = self.wake.clone();
        if let Learn::Begin(id) = learn {
            let Some(sheet) = self.sheets.iter().find(|s| s.id == id) else { return };
            self.pane = Some(Pane::Learn);
            // A lesson that goes on, or one that was set up for this table, is shown as it is.
            if self.lesson.as_ref().is_some_and(|l| l.sheet == id || l.under_way.is_some()) {
                return;
            }
            let mut form = LessonForm::new(sheet);
            form.propose(sheet, &wake);
            self.lesson = Some(form);
            return;
        }
        let Some(form) = &mut self.lesson else { return };
        let Some(sheet) = self.sheets.iter().find(|s| s.id == form.sheet) else { return };
        match learn {
            Learn::Begin(_) => {}
            Learn::Edit(draft) => form.edit(*draft, sheet, &wake),
            Learn::Propose => form.propose(sheet, &wake),
            Learn::Train => form.fault = form.train(sheet, &wake).err(),
            Learn::Cancel => form.cancel(),
        }
    }

    /// Looks at the lesson and the report once.
    pub(super) fn look_at_lessons(&mut self) {
        if let Some(form) = &mut self.lesson
            && let Some(learned) = form.look()
        {
            let sheet = form.sheet;
            self.learned(sheet, learned);
        }
        if let Some(report) = &mut self.report
            && self.pane == Some(Pane::Report)
            && let Some(entry) = self.models.get(report.model)
        {
            report.look(entry);
        }
    }

    /// A lesson has ended well: the model stands under its table, and its report is shown where the lesson was.
    fn learned(&mut self, sheet: SheetId, learned: Learned) {
        let (name, target) = (learned.target.name.clone(), learned.target.clone());
        let id = self.models.add(sheet, &name, target, (&learned).into(), None);
        if self.pane == Some(Pane::Learn) {
            self.show_report(id);
        } else if let Some(entry) = self.models.get(id) {
            let score = entry.score().unwrap_or_default();
            self.notices.offer(
                format!("{} was learnt: {score}", entry.name),
                "See the report".to_owned(),
                Action::Model(id, ModelAction::Report),
            );
        }
    }

    pub(super) fn show_report(&mut self, id: ModelId) {
        let Some(entry) = self.models.get(id) else { return };
        if self.report.as_ref().is_none_or(|r| r.model != id) {
            self.report = Some(Report::new(entry));
        }
        self.pane = Some(Pane::Report);
    }

    pub(super) fn apply_report(&mut self, shown: Shown) {
        let Some(report) = &mut self.report else { return };
        match shown {
            Shown::View(view) => report.view = view,
            Shown::Class(class) => report.class = class,
            Shown::Feature(feature) => report.feature = feature,
        }
    }

    pub(super) fn apply_model(&mut self, id: ModelId, action: ModelAction) {
        match action {
            ModelAction::Report => self.show_report(id),
            ModelAction::Guard => self.show_guard(id),
            ModelAction::Rename(name) => {
                self.models.rename(id, &name);
                self.keep();
            }
            ModelAction::Remove => {
                self.models.remove(id);
                self.forget_guards();
                if self.report.as_ref().is_some_and(|r| r.model == id) {
                    self.report = None;
                    self.pane = self.pane.filter(|pane| *pane != Pane::Report);
                }
                self.keep();
            }
            ModelAction::AskPredictions => self.ask_model(id, |entry, sheet| Some(entry.predictions_sql(sheet))),
            ModelAction::AskAccuracy => self.ask_model(id, |entry, sheet| entry.accuracy_sql(sheet)),
        }
    }

    fn ask_model(&mut self, id: ModelId, sql: impl FnOnce(&Entry, &Sheet) -> Option<String>) {
        let (wake, known) = (self.wake.clone(), self.models.known().clone());
        let Some(entry) = self.models.get(id) else { return };
        let Some(sheet) = self.sheets.iter_mut().find(|s| s.id == entry.sheet) else { return };
        let Some(sql) = sql(entry, sheet) else { return };
        sheet.models = known;
        sheet.question.step();
        sheet.question.set_sql(sql);
        sheet.ask(&wake);
        self.selected = Some(sheet.id);
        self.pane = None;
        self.keep();
    }

    /// A table is taken away: what was learnt from it goes with it.
    pub(super) fn forget_lessons(&mut self, sheet: SheetId) {
        self.lesson = self.lesson.take().filter(|l| l.sheet != sheet);
        let models = &self.models;
        self.report = self.report.take().filter(|r| models.get(r.model).is_some());
        self.forget_guards();
    }

    pub(super) fn save_model(&mut self, id: ModelId, path: PathBuf) {
        let Some(entry) = self.models.get(id) else { return };
        let (file, saved) = (path.clone(), entry.saved());
        let job = Job::start("save the model", self.wake.clone(), move |_| model::save(&saved(), &path).map(|()| path));
        self.work.add(Kind::Save(job));
        self.models.saving(id, file);
    }
}
