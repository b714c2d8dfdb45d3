//! What a tile shows: a figure, a number, rows, words, the ledger of a table, or the guard of a model.

use eframe::egui::{Label, Rect, ScrollArea, Ui};

use super::super::figure;
use super::{guard, number, text};
use crate::ui::action::{Action, BoardAction, OpenAction};
use crate::ui::board::{TileRun, literal, source};
use crate::ui::panel::{grid, ledger};
use crate::ui::{App, look, wording};
use crate::workspace::bench::{Tile, TileKind};

pub fn body_ui(ui: &mut Ui, app: &App, tile: &Tile, run: Option<&TileRun>, room: Rect, actions: &mut Vec<Action>) {
    let told = |ui: &mut Ui, text: String| {
        ui.centered_and_justified(|ui| ui.add(Label::new(look::faint(text, ui)).wrap()));
    };
    match &tile.show {
        TileKind::Text(words) => return text::text_ui(ui, tile, words, actions),
        TileKind::Unknown => return told(ui, "A newer Braid knows how to show this tile".to_owned()),
        _ => {}
    }
    let Some(sheet) = app.sheets().iter().find(|sheet| sheet.table.name == tile.table) else {
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
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| ledger::sum_ui(ui, sheet, shown));
        return;
    }
    if shown.answer.height() == 0 {
        return told(ui, "No row fits this question".to_owned());
    }
    match &tile.show {
        TileKind::Number => number::number_ui(ui, run.number.as_ref(), room),
        TileKind::Grid => {
            let frame = &shown.answer;
            // Asked of the cell alone that somebody clicks: the question is parsed for it.
            let limit = |column: usize, row: usize| {
                let shown = frame.columns().get(column)?;
                let column = source(tile, shown.name(), &sheet.table)?;
                Some(Action::Board(BoardAction::Filter { column, value: literal(&shown.get(row).ok()?)? }))
            };
            grid::tile_ui(ui, frame, &limit, actions);
        }
        _ if run.chart.figure().is_some() => figure::figure_ui(ui, app, tile, run, room, actions),
        _ => told(ui, run.chart.fault().map_or_else(|| "Drawing".to_owned(), wording::fault)),
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
            actions.push(Action::Open(OpenAction::Setup(setup.clone())));
        }
    });
}
