//! What a tile shows: a figure, a number, rows, words, the ledger of a table, or the guard of a model.

use eframe::egui::{Label, Rect, ScrollArea, Ui};

use super::super::figure;
use super::{guard, number, text};
use crate::ui::action::{Action, BoardAction, OpenAction};
use crate::ui::board::{TileRun, literal, source};
use crate::ui::panel::{chart, grid, ledger};
use crate::ui::rewind::TimeRange;
use crate::ui::{App, look, wording};
use crate::workspace::bench::{Board, Span, Tile, TileKind};

/// Said of an answer that cannot be shown.
const ON_DISK: &str = "More groups than memory has room for: they are on disk";

pub fn body_ui(
    ui: &mut Ui,
    app: &App,
    (board, tile): (&Board, &Tile),
    run: Option<&TileRun>,
    room: Rect,
    actions: &mut Vec<Action>,
) {
    let told = |ui: &mut Ui, text: String| {
        ui.centered_and_justified(|ui| ui.add(Label::new(look::faint(text, ui)).wrap()));
    };
    match &tile.show {
        TileKind::Text(words) => return text::text_ui(ui, app, tile, words, actions),
        TileKind::Unknown(_) => return told(ui, "A newer Braid knows how to show this tile".to_owned()),
        _ => {}
    }
    let Some(sheet) = app.sheet_named(&tile.table) else {
        return closed_ui(ui, app, &tile.table, actions);
    };
    if let TileKind::Guard(model) = &tile.show {
        return guard::guard_ui(ui, app, tile, model, room);
    }
    let Some(run) = run else { return told(ui, "Reading".to_owned()) };
    if let Some(fault) = &run.fault {
        ui.centered_and_justified(|ui| ui.add(look::fault(fault, ui)));
        return;
    }
    let Some(shown) = run.shown() else { return told(ui, "Reading".to_owned()) };
    if tile.show == TileKind::Ledger {
        let wide = ui.available_width() - look::PAD;
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            // The scroll bar lies over the content.
            ui.set_max_width(wide);
            ledger::sum_ui(ui, sheet, shown);
        });
        return;
    }
    if shown.answer.height() == 0 && shown.stats.spilled_bytes > 0 {
        let then = if shown.last { "" } else { ", and the answer comes at the end" };
        return told(ui, format!("{ON_DISK}{then}"));
    }
    if shown.answer.height() == 0 && shown.is_partial() {
        return told(ui, "Reading".to_owned());
    }
    if shown.answer.height() == 0 {
        return nothing_ui(ui, app, (board, tile), room, actions);
    }
    match &tile.show {
        TileKind::Number => number::number_ui(ui, tile, run, room),
        TileKind::Grid => {
            let frame = &shown.answer;
            // Asked of the cell alone that somebody clicks: the question is parsed for it.
            let limit = |column: usize, row: usize| {
                let shown = frame.columns().get(column)?;
                let column = source(tile, shown.name(), &sheet.table)?;
                let value = literal(&shown.get(row).ok()?)?;
                Some(Action::Board(BoardAction::Filter { board: board.id, column, value }))
            };
            grid::tile_ui(ui, frame, &limit, actions);
        }
        _ if run.chart.figure().is_some() => figure::figure_ui(ui, app, (board, tile), run, room, actions),
        _ => told(ui, run.chart.fault().map_or_else(|| "Drawing".to_owned(), wording::fault)),
    }
}

/// An answer without rows: of a board that is limited to a stretch of time there is a way to all of it.
fn nothing_ui(ui: &mut Ui, app: &App, (board, tile): (&Board, &Tile), room: Rect, actions: &mut Vec<Action>) {
    let scope = &board.scope;
    if tile.own_time || scope.span.is_all() {
        ui.centered_and_justified(|ui| ui.add(Label::new(look::faint("No row fits this question", ui)).wrap()));
        return;
    }
    let stretch = match scope.span {
        Span::Between { from: Some(from), until: Some(until) } => {
            let range = TimeRange { from: Some(from), until: Some(until) };
            format!("between {}", range.words().replace(" to ", " and "))
        }
        Span::Between { from, until } => TimeRange { from, until }.words(),
        span => format!("in this stretch: {}", span.words().to_lowercase()),
    };
    let fit = if scope.filters.is_empty() { "" } else { " that fit the filters" };
    if chart::nothing_ui(ui, room, &format!("No rows{fit} {stretch}"), "Show all of the time") {
        actions.extend(figure::whole(app, board, tile));
    }
}

/// The tile of a table that is not open, and the way to open it.
fn closed_ui(ui: &mut Ui, app: &App, table: &str, actions: &mut Vec<Action>) {
    if app.session().is_opening() {
        ui.centered_and_justified(|ui| ui.label(look::faint("Opening", ui)));
        return;
    }
    ui.add_space((ui.available_height() / 2.0 - look::ROW).max(0.0));
    ui.vertical_centered(|ui| {
        ui.label(look::faint(format!("The table {table} is not open"), ui));
        let known = app.settings.recent.iter().find(|item| item.name == table);
        if let Some(setup) = known.filter(|_| ui.button(format!("Open {table}")).clicked()) {
            actions.push(Action::Open(OpenAction::Setup(Box::new(setup.clone()))));
        }
    });
}
