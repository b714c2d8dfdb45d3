//! What a suggested tile would show, small.

use eframe::egui::{Label, Rect, RichText, Ui};
use polars::prelude::DataFrame;

use super::number::still_ui;
use crate::ui::board::TileRun;
use crate::ui::widget::cells;
use crate::ui::{look, wording};
use crate::workspace::bench::{Tile, TileKind};

/// Rows and columns of a grid that are shown.
const ROWS: usize = 4;
const COLUMNS: usize = 4;

pub fn sketch_ui(ui: &mut Ui, tile: &Tile, run: Option<&TileRun>, room: Rect) {
    let told = |ui: &mut Ui, text: String| {
        ui.centered_and_justified(|ui| ui.add(Label::new(look::faint(text, ui)).truncate().selectable(false)));
    };
    let reading = || "Reading".to_owned();
    let Some(run) = run else { return told(ui, reading()) };
    if let Some(fault) = run.fault.as_ref().or(run.chart.fault()) {
        return told(ui, wording::what(fault));
    }
    let Some(shown) = run.shown() else { return told(ui, reading()) };
    match &tile.show {
        _ if shown.answer.height() == 0 => told(ui, "No rows yet".to_owned()),
        TileKind::Number => still_ui(ui, run, room),
        TileKind::Grid => rows_ui(ui, &shown.answer),
        _ => {
            let drawn = run.chart.figure().map(|_| run.chart.draw_sketch(ui, room, |_| {}));
            match drawn {
                None => told(ui, reading()),
                Some(Some(fault)) => told(ui, wording::what(&fault)),
                Some(None) => {}
            }
        }
    }
}

/// The first rows, a line each.
fn rows_ui(ui: &mut Ui, answer: &DataFrame) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let line = |row: usize| {
        let cells = (0..answer.width().min(COLUMNS)).map(|column| cells::cell(answer, column, row).shown().to_owned());
        cells.collect::<Vec<_>>().join("   ")
    };
    for row in 0..answer.height().min(ROWS) {
        let text = RichText::new(line(row)).size(look::SMALL - 1.0).color(look::palette(ui).faint);
        ui.add(Label::new(text).truncate().selectable(false));
    }
}
