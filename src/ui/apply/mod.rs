//! The one place where actions are carried out after a frame, in a file for each group.

mod board;
mod export;
mod feed;
mod grid;
pub(super) mod model;
mod question;
mod table;

use std::sync::Arc;

use eframe::egui::Context;

use super::action::{
    Action, AppAction, BoardAction, ChartAction, CostAction, Pane, RewindAction, RunAction, StorageAction,
};
use super::board::{head_id, value};
use super::notices::NoticeOrigin;
use super::{App, focus};
use crate::workspace::TableId;
use crate::workspace::bench::Board;

impl App {
    pub(super) fn apply(&mut self, ctx: &Context, action: Action) {
        self.share_tables();
        match action {
            Action::Open(open) => self.apply_open(open),
            Action::Table(id, action) => self.apply_table(id, action),
            Action::Question(of, question) => self.apply_question(of, question),
            Action::Board(board) => {
                if let BoardAction::Reach(tile) = board {
                    ctx.memory_mut(|memory| memory.request_focus(head_id(tile)));
                }
                self.apply_board(board);
            }
            Action::Run(table, action) => self.apply_run(table, action),
            Action::Grid(table, grid) => self.apply_grid(ctx, table, grid),
            Action::Chart(table, chart) => self.apply_chart(table, chart),
            Action::Rewind(table, rewind) => self.apply_rewind(table, rewind),
            Action::Cost(cost) => self.apply_cost(cost),
            Action::Feed(feed) => self.apply_feed(feed),
            Action::Train(train) => self.apply_train(train),
            Action::Load(load) => self.apply_load(load),
            Action::Model(id, action) => self.apply_model(id, action),
            Action::Storage(StorageAction::Keep(retention)) => self.set_retention(retention),
            Action::Storage(StorageAction::LetGo(table)) => self.let_go(table),
            Action::Guard(id, guard) => self.apply_guard(id, guard),
            Action::Report(report) => self.apply_report(report),
            Action::Export(export) => self.apply_export(export),
            Action::Consent(consent) => self.apply_consent(consent),
            Action::App(action) => self.apply_app(ctx, action),
        }
    }

    /// Gives each worksheet the other tables, which its question may join, and the questions that it may ask.
    pub(super) fn share_tables(&mut self) {
        let named = self.named.of(self.bench.now());
        let all: Vec<_> = self.sheets.iter().map(|s| s.table.clone()).collect();
        let bench = self.bench.now();
        let edited = self.boards.editing.and_then(|tile| bench.board_of(tile));
        for sheet in &mut self.sheets {
            let own = |board: &&Board| board.tiles.iter().any(|tile| tile.table == sheet.table.name);
            let boards = edited.into_iter().chain(&bench.boards).filter(own);
            let known = boards.flat_map(|board| &board.scope.variables);
            sheet.variables = known.map(|variable| (variable.name.clone(), value(variable))).collect();
            sheet.others = all.iter().filter(|t| !Arc::ptr_eq(t, &sheet.table)).cloned().collect();
            sheet.models = self.models.known().clone();
            sheet.call_questions(&named, &self.wake);
        }
    }

    fn apply_run(&mut self, table: TableId, action: RunAction) {
        let Some(sheet) = self.sheet_mut(table) else { return };
        match action {
            RunAction::Pause => sheet.watch.pause(),
            RunAction::Resume => sheet.watch.resume(),
            RunAction::Stop => sheet.stop(),
            RunAction::Readmit => sheet.watch.readmit(),
            RunAction::ShowNow => {
                if sheet.watch.swap() {
                    sheet.notified.clear();
                }
            }
            RunAction::KeepOld => sheet.keep_old(false),
        }
    }

    fn apply_rewind(&mut self, table: TableId, rewind: RewindAction) {
        let wake = self.wake.clone();
        let Some(sheet) = self.sheet_mut(table) else { return };
        let fault = match rewind {
            RewindAction::To(range) => sheet.rewind(range, &wake).err(),
            RewindAction::Now => {
                sheet.return_to_now();
                None
            }
        };
        match fault {
            Some(fault) => self.notices.fault(&fault),
            None => self.pane = self.pane.filter(|pane| *pane != Pane::Rewind),
        }
    }

    fn apply_cost(&mut self, cost: CostAction) {
        match cost {
            CostAction::Cancel => self.costs.cancel(),
            CostAction::Choose(id) => self.costs.choose(id),
            CostAction::Against(against) => self.costs.draw_against(against),
            CostAction::Benchmark(table) => {
                let Some(sheet) = self.sheets.iter().find(|sheet| sheet.id == table) else { return };
                if let Err(fault) = self.costs.benchmark(sheet, &self.wake) {
                    self.costs.fault = Some(fault);
                }
            }
        }
    }

    fn apply_chart(&mut self, table: TableId, chart: ChartAction) {
        match &chart {
            ChartAction::Settings { goes_on: true, .. } => self.session.go_on(),
            ChartAction::Form(open) => self.drawing = *open,
            _ => {}
        }
        let Some(sheet) = self.sheet_mut(table) else { return };
        sheet.chart.choose(chart);
    }

    fn apply_app(&mut self, ctx: &Context, action: AppAction) {
        match action {
            AppAction::Undo => self.take_back(true),
            AppAction::Redo => self.take_back(false),
            AppAction::Dismiss(id) => {
                if let Some(NoticeOrigin::Guard(model)) = self.notices.dismiss(id) {
                    self.dismiss_guard(model);
                }
            }
            AppAction::Show(pane) => {
                self.pane = Some(pane);
                if pane == Pane::Storage {
                    self.measure_storage();
                }
            }
            // A path is asked for on the way to something else.
            AppAction::Hide => self.pane = self.path.over.take().filter(|_| self.pane == Some(Pane::Path)),
            AppAction::Quit => self.quit(ctx),
            AppAction::Leave if self.ended_by_quitting().is_empty() => self.quit(ctx),
            AppAction::Leave => self.pane = Some(Pane::Quit),
            AppAction::Panel(by) => focus::to_region(ctx, by),
            AppAction::Formulas(formulas) => self.formulas = formulas,
            AppAction::Tab(tab) => self.tab = tab,
            AppAction::Fold(folded) => {
                self.settings.folded = folded;
                self.save_workspace();
            }
            AppAction::Copy(text) => ctx.copy_text(text),
            AppAction::Theme(theme) => {
                self.settings.theme = theme;
                self.apply_theme(ctx);
                self.save_workspace();
            }
            AppAction::Zone(zone) => {
                self.settings.zone = zone;
                self.save_workspace();
            }
            AppAction::ForgetRecent => {
                self.settings.recent.clear();
                self.save_workspace();
            }
        }
    }
}
