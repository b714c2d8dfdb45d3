//! The answer as a grid: only the rows on screen are formatted.

use eframe::egui::{self, Align, Label, Layout, RichText, Sense, Ui};
use egui_extras::{Column, TableBuilder};

use super::audit;
use crate::engine::Snapshot;
use crate::query::window::WindowStatus;
use crate::ui::action::{Action, Window};
use crate::ui::look;
use crate::ui::sheet::Sheet;
use crate::ui::widget::cells::{self, Cell};
use crate::ui::widget::numbers;
use crate::workspace::percent;
use polars::prelude::DataFrame;

pub fn grid_ui(ui: &mut Ui, sheet: &Sheet, actions: &mut Vec<Action>) {
    let Some(shown) = &sheet.watch.shown else {
        ui.centered_and_justified(|ui| ui.label(look::faint("The answer will stand here", ui)));
        return;
    };
    ui.horizontal(|ui| {
        ui.label(look::faint(numbers::counted(shown.answer.height() as u64, "row"), ui));
        if shown.history_share() < 1.0 {
            let p = look::palette(ui);
            let text = format!("from {} of the rows", percent(shown.history_share()));
            ui.label(RichText::new(text).size(look::SMALL).color(p.warn));
        }
        if shown.sealed_groups > 0 {
            let text = format!("{} older groups are on disk", numbers::count(shown.sealed_groups));
            ui.label(look::faint(text, ui)).on_hover_text("Windows that are final leave memory; a saved answer of an ended run has them all");
        }
        states_ui(ui, shown);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(look::GAP);
            audit::quiet_ui(ui, shown);
        });
    });
    audit::loud_ui(ui, shown);
    if shown.answer.height() == 0 {
        ui.centered_and_justified(|ui| ui.label(look::faint("No row fits this question: widen its Where or Having", ui)));
        return;
    }
    let status = shown.status.as_ref().map(|status| move |row: usize| status.get(row).copied());
    let status = status.as_ref().map(|status| status as &dyn Fn(usize) -> Option<WindowStatus>);
    ui.push_id((sheet.id, sheet.watch.run_number, status.is_some()), |ui| table_ui(ui, &shown.answer, status, actions));
}

/// How many windows are open, and how many were corrected.
fn states_ui(ui: &mut Ui, shown: &Snapshot) {
    let Some(status) = &shown.status else { return };
    let count = |wanted: WindowStatus| status.iter().filter(|s| **s == wanted).count() as u64;
    let (open, corrected) = (count(WindowStatus::Open), count(WindowStatus::Corrected));
    if open > 0 && shown.watermark.is_some() {
        ui.label(look::faint(format!("{} open", numbers::count(open)), ui)).on_hover_text("Rows may still come to these windows");
    }
    if corrected > 0 {
        let text = RichText::new(format!("{} corrected", numbers::count(corrected))).size(look::SMALL).color(look::palette(ui).accent);
        ui.label(text).on_hover_text("Late rows were re-admitted to these windows");
    }
}

/// Any frame as a grid that scrolls both ways.
pub fn frame_ui(ui: &mut Ui, frame: &DataFrame, actions: &mut Vec<Action>) {
    table_ui(ui, frame, None, actions);
}

/// The width of the column that says what a row's window is.
const STATUS: f32 = 84.0;

/// `status`: what the window of each row is, as a column before the others.
fn table_ui(ui: &mut Ui, frame: &DataFrame, status: Option<&dyn Fn(usize) -> Option<WindowStatus>>, actions: &mut Vec<Action>) {
    let names = frame.get_column_names_owned();
    egui::ScrollArea::horizontal().auto_shrink([false, false]).show(ui, |ui| {
        let mut table = TableBuilder::new(ui).resizable(true);
        if status.is_some() {
            table = table.column(Column::exact(STATUS));
        }
        let table = table
            .striped(false)
            .auto_shrink([false, false])
            .min_scrolled_height(0.0)
            .sense(Sense::hover())
            .cell_layout(Layout::left_to_right(Align::Center))
            .columns(Column::initial(132.0).at_least(48.0).clip(true), names.len());
        table
            .header(look::ROW, |mut header| {
                if status.is_some() {
                    header.col(|ui| {
                        let name = Label::new(RichText::new("window").size(look::SMALL).color(look::palette(ui).faint)).truncate();
                        ui.add(name).on_hover_text("open: rows may still come to it; final: none will; corrected: late rows were re-admitted");
                    });
                }
                for (name, column) in names.iter().zip(frame.columns()) {
                    header.col(|ui| {
                        // Over its numbers, which stand to the right.
                        let layout =
                            if column.dtype().is_primitive_numeric() { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
                        let name = Label::new(RichText::new(name.as_str()).size(look::SMALL).strong()).truncate();
                        ui.with_layout(layout, |ui| ui.add(name).on_hover_text(cells::type_word(column.dtype())));
                    });
                }
            })
            .body(|body| {
                body.rows(look::ROW - 2.0, frame.height(), |mut row| {
                    let at = row.index();
                    if let Some(status) = status {
                        row.col(|ui| status_ui(ui, status(at)));
                    }
                    for column in 0..names.len() {
                        row.col(|ui| cell_ui(ui, &cells::cell(frame, column, at), actions));
                    }
                });
            });
    });
}

/// A ring for an open window, a disc for a final one.
fn status_ui(ui: &mut Ui, status: Option<WindowStatus>) {
    let p = look::palette(ui);
    let Some(status) = status else { return };
    let color = match status {
        WindowStatus::Open => p.live,
        WindowStatus::Final => p.faint,
        WindowStatus::Corrected => p.accent,
    };
    let (rect, _) = ui.allocate_exact_size(egui::vec2(8.0, 8.0), Sense::hover());
    match status {
        WindowStatus::Open => ui.painter().circle_stroke(rect.center(), 3.0, egui::Stroke::new(1.5, color)),
        _ => ui.painter().circle_filled(rect.center(), 3.0, color),
    };
    ui.add(Label::new(RichText::new(status.word()).size(look::SMALL).color(color)));
}

fn cell_ui(ui: &mut Ui, cell: &Cell, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let response = match cell {
        Cell::Null => ui.add(Label::new(RichText::new("null").size(look::SMALL).italics().color(p.faint)).sense(Sense::click())),
        Cell::Text(text) => ui.add(Label::new(text).truncate().sense(Sense::click())),
        Cell::Number(text) => ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.add(Label::new(text).truncate().sense(Sense::click()))).inner,
    };
    response.context_menu(|ui| {
        if ui.button("Copy").clicked() {
            actions.push(Action::Window(Window::Copy(cell.plain())));
            ui.close();
        }
    });
    if response.double_clicked() {
        actions.push(Action::Window(Window::Copy(cell.plain())));
    }
}
