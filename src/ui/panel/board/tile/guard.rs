//! The guard of a model as a tile: what is said of the model, and its error as rows come.

use eframe::egui::{Rect, ScrollArea, Ui};

use crate::ui::panel::{chart, guard};
use crate::ui::{App, look};
use crate::workspace::bench::Tile;

pub fn guard_ui(ui: &mut Ui, app: &App, tile: &Tile, model: &str, room: Rect) {
    let sheet = app.sheet_named(&tile.table);
    let entry = sheet.and_then(|sheet| app.models().under(sheet.id).find(|entry| entry.name == model));
    let guard = entry.and_then(|entry| app.guards().of(entry.id));
    let (Some(sheet), Some(guard)) = (sheet, guard) else {
        let text = match entry {
            None => format!("There is no model {model} of {}: train or load it", tile.table),
            Some(_) => format!("The model {model} is not watched: choose Guard in its menu"),
        };
        ui.centered_and_justified(|ui| ui.label(look::faint(text, ui)));
        return;
    };
    // In a low tile the reasons are scrolled, rather than that the figure has no room.
    let most = (room.height() - LEAST).max(room.height() * 0.5);
    let head = ScrollArea::vertical().max_height(most).auto_shrink([false, true]);
    head.show(ui, |ui| guard::head_ui(ui, guard, sheet));
    ui.add_space(look::STEP);
    let below = room.with_min_y(ui.cursor().min.y);
    if below.height() > LEAST && guard.chart.figure().is_some_and(|figure| !figure.is_empty()) {
        chart::figure_ui(ui, &format!("guard of {}", tile.id.0), &guard.chart, below);
    }
}

/// The least height of a figure, points.
const LEAST: f32 = 60.0;
