//! Carrying out exports: a path is asked for, then a chart, an answer, a figure or a model is written there.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::action::{AnswerFile, ChartFile, ExportAction, Pane};
use super::super::board::title;
use super::super::chart::{self, Chart};
use super::super::consent::WORKSPACE;
use super::super::jobs::JobKind;
use super::super::path::{Purpose, with_extension};
use super::super::{App, dialog};
use super::model::MODEL;
use crate::data::Fault;
use crate::engine::Job;
use crate::engine::save::{save_answer, save_sealed};
use crate::figure::Figure;

impl App {
    pub(in crate::ui) fn apply_export(&mut self, export: ExportAction) {
        let wake = self.wake.clone();
        match export {
            ExportAction::Chart(None, table, file) => {
                self.ask_where(ExportAction::Chart(None, table, file), "chart", file.extension())
            }
            ExportAction::Figure(None, file) => {
                self.ask_where(ExportAction::Figure(None, file), "figure", file.extension())
            }
            ExportAction::Tile(None, tile, file) => {
                self.ask_where(ExportAction::Tile(None, tile, file), "figure", file.extension())
            }
            ExportAction::Model(None, id) => self.ask_where(ExportAction::Model(None, id), "model", MODEL),
            ExportAction::Model(Some(path), id) => self.save_model(id, with_extension(path, MODEL)),
            ExportAction::Workspace(None) => self.ask_where(ExportAction::Workspace(None), "workspace", WORKSPACE),
            ExportAction::Workspace(Some(path)) => self.save_as(with_extension(path, WORKSPACE)),
            ExportAction::Answer(None, table, file) => {
                self.ask_where(ExportAction::Answer(None, table, file), "answer", file.extension())
            }
            ExportAction::Chart(Some(path), table, file) => {
                let figure = self.sheet_of(table).and_then(|sheet| sheet.chart.figure());
                self.save_figure(figure, path, file);
            }
            ExportAction::Figure(Some(path), file) => {
                let chart = match self.pane {
                    Some(Pane::Guard) => self.guards.shown().map(|g| &g.chart),
                    _ => self.report.as_ref().map(|r| &r.chart),
                };
                self.save_figure(chart.and_then(Chart::figure), path, file);
            }
            ExportAction::Tile(Some(path), tile, file) => {
                // Its head is its title.
                let figure = self.boards.run(tile).and_then(|run| run.chart.figure());
                let title = self.bench().tile(tile).map(title).unwrap_or_default();
                let titled = figure.map(|figure| Arc::new(Figure { title, ..Figure::clone(&figure) }));
                self.save_figure(titled, path, file);
            }
            ExportAction::Answer(Some(path), table, file) => {
                let sheet = self.sheet_of(table);
                let Some(shown) = sheet.and_then(|sheet| sheet.watch.answered.clone()) else {
                    self.notices.fault(&Fault::new("there is no answer to save yet").hint("ask a question first"));
                    return;
                };
                let path = with_extension(path, AnswerFile::extension(file));
                let job = match &shown.sealed {
                    Some(sealed) => save_sealed(sealed.clone(), path, self.formulas, wake),
                    None => save_answer(shown.answer.clone(), path, self.formulas, wake),
                };
                self.jobs.add(JobKind::Save(job));
            }
        }
    }

    fn save_figure(&mut self, figure: Option<Arc<Figure>>, path: PathBuf, file: ChartFile) {
        let Some(figure) = figure else {
            self.notices.fault(&Fault::new("there is no chart to save yet").hint("ask a question first"));
            return;
        };
        let path = with_extension(path, file.extension());
        let wake = self.wake.clone();
        let job = Job::start("save the chart", wake, move |_| chart::export(&figure, &path).map(|()| path));
        self.jobs.add(JobKind::Save(job));
    }

    fn ask_where(&mut self, export: ExportAction, what: &str, extension: &'static str) {
        let model = match export {
            ExportAction::Model(_, id) => Some(id),
            ExportAction::Figure(..) if self.pane == Some(Pane::Guard) => self.guards.shown().map(|guard| guard.model),
            ExportAction::Figure(..) => self.report.as_ref().map(|report| report.model),
            _ => None,
        };
        let model = model.and_then(|id| self.models.get(id)).map(|entry| entry.name.clone());
        let table = match export {
            ExportAction::Tile(_, tile, _) => self.bench().tile(tile).map(|tile| tile.table.clone()),
            ExportAction::Chart(_, table, _) | ExportAction::Answer(_, table, _) => {
                self.sheet_of(table).map(|sheet| sheet.table.name.clone())
            }
            _ => None,
        };
        let of = model.or(table).unwrap_or_else(|| "braid".to_owned());
        let name = format!("{of}-{what}.{extension}");
        if !dialog::is_there() {
            // Without a dialog, the path is written.
            return self.write_path(self.save_folder().join(name), Purpose::Save { export, extension });
        }
        let job = Job::start("choose a file", self.wake.clone(), move |_| Ok(dialog::save_file(&name, extension)));
        self.jobs.add(JobKind::PickSave { job, export });
    }
}
