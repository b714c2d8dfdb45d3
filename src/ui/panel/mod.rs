//! The panels of the window. Each reads the `App`, paints itself and proposes actions; none of them changes anything.

pub mod audit;
pub mod board;
pub mod builder;
pub mod challengers;
pub mod change;
pub mod chart;
pub mod classes;
pub mod column_drop;
pub mod complete;
pub mod consent;
pub mod cost;
pub mod feed;
pub mod grid;
pub mod guard;
pub mod lateness;
pub mod ledger;
pub mod load;
pub mod models;
pub mod notices;
pub mod palette;
pub mod path;
pub mod question;
pub mod quit;
pub mod rejects;
pub mod report;
pub mod rewind;
pub mod sql;
pub mod status;
pub mod storage;
pub mod tables;
pub mod top;
pub mod train;
pub mod unopened;
pub mod welcome;
pub mod zones;

use eframe::egui::{CentralPanel, Frame, Margin, Panel, Ui, UiBuilder};

use super::action::{Action, Pane, QuestionAction};
use super::board::onto_axis;
use super::focus::{Region, region};
use super::{App, Worksheet, look};

/// The whole window.
pub fn app_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let bar = Frame::new().fill(p.panel).inner_margin(Margin::symmetric(12, 6));
    let ground = Frame::new().fill(p.ground);
    if let Some(board) = app.board().filter(|_| app.boards.presenting) {
        CentralPanel::no_frame().frame(ground).show(ui, |ui| {
            region(ui, Region::Board);
            board::board_ui(ui, app, board, actions);
        });
        panes_ui(ui, app, actions);
        return;
    }
    Panel::top("top bar").frame(bar).exact_size(look::BAR + 4.0).show(ui, |ui| {
        region(ui, Region::Top);
        top::top_ui(ui, app, actions);
    });
    match app.sheet() {
        None if !app.bench().tables.is_empty() || app.board().is_some() => unread_ui(ui, app, actions),
        None => {
            strip_ui(ui, app, actions);
            CentralPanel::no_frame().frame(ground).show(ui, |ui| welcome::welcome_ui(ui, app, actions));
        }
        Some(sheet) => {
            Panel::bottom("status").frame(bar).exact_size(look::BAR - 4.0).show(ui, |ui| {
                region(ui, Region::Status);
                status::status_ui(ui, app, sheet, actions);
            });
            around_ui(ui, app, Some(sheet), actions);
            if let Some(board) = app.board() {
                CentralPanel::no_frame().frame(ground).show(ui, |ui| {
                    region(ui, Region::Board);
                    board::board_ui(ui, app, board, actions);
                });
                return panes_ui(ui, app, actions);
            }
            question_ui(ui, app, sheet, actions);
            CentralPanel::no_frame().frame(ground).show(ui, |ui| answer_ui(ui, app, sheet, actions));
        }
    }
    panes_ui(ui, app, actions);
}

/// The notices below, the tables at the left, and the views above.
fn around_ui(ui: &mut Ui, app: &App, sheet: Option<&Worksheet>, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    strip_ui(ui, app, actions);
    if !app.settings.folded.tables {
        Panel::left("tables")
            .frame(Frame::new().fill(p.panel).inner_margin(Margin { left: 12, right: 0, top: 12, bottom: 12 }))
            .default_size(look::TABLES_WIDTH)
            .size_range(180.0..=420.0)
            .show(ui, |ui| {
                region(ui, Region::Tables);
                tables::tables_ui(ui, app, actions);
            });
    }
    Panel::top("views")
        .frame(Frame::new().fill(p.panel).inner_margin(Margin { left: 12, right: 12, top: 4, bottom: 0 }))
        .exact_size(look::ROW + look::GAP)
        .show(ui, |ui| {
            region(ui, Region::Views);
            board::views_ui(ui, app, sheet, actions);
        });
}

/// What is set up while no table is open yet, or none can be.
fn unread_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let ground = Frame::new().fill(look::palette(ui).ground);
    around_ui(ui, app, None, actions);
    CentralPanel::no_frame().frame(ground).show(ui, |ui| match app.board() {
        Some(board) => board::board_ui(ui, app, board, actions),
        None => {
            let opening = app.session().unopened().len() < app.bench().tables.len();
            let text = if opening { "Opening what was open" } else { "No table could be opened" };
            ui.centered_and_justified(|ui| ui.label(look::faint(text, ui)));
        }
    });
}

/// The notices, in a strip of their own: they lie over nothing, and nothing above them moves when they come.
fn strip_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    if app.notices.all().is_empty() {
        return;
    }
    let frame =
        Frame::new().fill(look::palette(ui).panel).inner_margin(Margin { left: 0, right: 0, top: 0, bottom: 4 });
    Panel::bottom("notices").frame(frame).show(ui, |ui| {
        region(ui, Region::Notices);
        notices::notices_ui(ui, app, actions);
    });
}

/// What lies over the window.
fn panes_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    notices::tell_over(ui.ctx(), app);
    match app.pane {
        Some(Pane::Ledger) => ledger::ledger_ui(ui.ctx(), app, actions),
        Some(Pane::Rejects) => rejects::rejects_ui(ui.ctx(), app, actions),
        Some(Pane::Late) => rejects::late_ui(ui.ctx(), app, actions),
        Some(Pane::Lateness) => lateness::lateness_ui(ui.ctx(), app, actions),
        Some(Pane::Rewind) => rewind::rewind_ui(ui.ctx(), app, actions),
        Some(Pane::Cost) => cost::cost_ui(ui.ctx(), app, actions),
        Some(Pane::Train) => train::train_ui(ui.ctx(), app, actions),
        Some(Pane::Load) => load::load_ui(ui.ctx(), app, actions),
        Some(Pane::Report) => report::report_ui(ui.ctx(), app, actions),
        Some(Pane::Guard) => guard::guard_ui(ui.ctx(), app, actions),
        Some(Pane::Palette) => palette::palette_ui(ui.ctx(), app, actions),
        Some(Pane::Quit) => quit::quit_ui(ui.ctx(), app, actions),
        Some(Pane::Storage) => storage::storage_ui(ui.ctx(), app, actions),
        Some(Pane::Row) => grid::card_ui(ui.ctx(), app, actions),
        Some(Pane::Path) => path::path_ui(ui.ctx(), app, actions),
        Some(Pane::Log) => notices::log_ui(ui.ctx(), app, actions),
        Some(Pane::Zones) => zones::zones_ui(ui.ctx(), app, actions),
        Some(Pane::Keys) => palette::keys_ui(ui.ctx(), actions),
        None => {}
    }
    if app.feed.is_some() {
        feed::feed_ui(ui.ctx(), app, actions);
    }
    consent::consent_ui(ui.ctx(), app, actions);
    column_drop::name_ui(ui.ctx());
    welcome::drop_ui(ui.ctx());
}

/// The question of a table: beside its answer, or in a line above it. The settings of the chart take its place.
fn question_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let room = ui.available_width();
    if app.folds_question() || app.drawing {
        let line = Frame::new().fill(p.panel).inner_margin(Margin::symmetric(12, 8));
        let height = look::ROW + look::PAD + look::STEP;
        Panel::top("folded question").frame(line).exact_size(height).show(ui, |ui| {
            region(ui, Region::Question);
            question::folded_ui(ui, app, sheet, actions);
        });
        return;
    }
    Panel::right("question")
        .frame(Frame::new().fill(p.panel).inner_margin(Margin::same(12)))
        .resizable(true)
        .default_size(look::QUESTION_WIDTH.min(room * 0.5))
        .size_range(look::QUESTION_LEAST..=(room * 0.5).max(look::QUESTION_LEAST))
        .show(ui, |ui| {
            region(ui, Region::Question);
            question::question_ui(ui, app, sheet, actions);
        });
}

/// The answer, and the pane with the settings of its chart beside it.
fn answer_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let room = ui.available_rect_before_wrap();
    let left = chart::side_ui(ui, app, sheet, room, actions);
    if left == room {
        return pictured_ui(ui, app, sheet, actions);
    }
    ui.scope_builder(UiBuilder::new().max_rect(left), |ui| pictured_ui(ui, app, sheet, actions));
}

/// The chart over the grid, with a splitter between them.
fn pictured_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    rewind::banner_ui(ui, sheet, actions);
    change::strip_ui(ui, sheet, actions);
    let p = look::palette(ui);
    let grid = Frame::new().fill(p.panel).inner_margin(Margin { left: 12, right: 4, top: 4, bottom: 4 });
    Panel::bottom("grid")
        .frame(grid)
        .resizable(true)
        .default_size(look::GRID_HEIGHT.min(ui.available_height() * 0.36))
        .size_range(64.0..=(ui.available_height() - 160.0).max(80.0))
        .show(ui, |ui| {
            region(ui, Region::Rows);
            grid::grid_ui(ui, sheet, actions);
        });
    let chart = Frame::new().fill(p.ground).inner_margin(Margin::symmetric(12, 8));
    let room = CentralPanel::no_frame().frame(chart).show(ui, |ui| {
        region(ui, Region::Answer);
        chart::chart_ui(ui, app, sheet, actions);
    });
    let room = room.response.rect;
    if let Some((column, axis)) = column_drop::axis_ui(ui, sheet.id, room)
        && let Some(form) = onto_axis(&sheet.question.sql, sheet, &column, axis)
    {
        actions.push(Action::Question(sheet.written().of, QuestionAction::Form { form: Box::new(form), ask: true }));
    }
}
