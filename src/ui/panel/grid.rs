//! The answer as a grid: only the rows on screen are formatted.

use eframe::egui::{self, Align, Label, Layout, RichText, Sense, Ui};
use egui_extras::{Column, TableBuilder};

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
    });
    if shown.answer.height() == 0 {
        ui.centered_and_justified(|ui| ui.label(look::faint("No row fits this question: widen its Where or Having", ui)));
        return;
    }
    ui.push_id((sheet.id, sheet.watch.run_number), |ui| frame_ui(ui, &shown.answer, actions));
}

/// Any frame as a grid that scrolls both ways.
pub fn frame_ui(ui: &mut Ui, frame: &DataFrame, actions: &mut Vec<Action>) {
    let names = frame.get_column_names_owned();
    egui::ScrollArea::horizontal().auto_shrink([false, false]).show(ui, |ui| {
        let table = TableBuilder::new(ui)
            .striped(false)
            .resizable(true)
            .auto_shrink([false, false])
            .min_scrolled_height(0.0)
            .sense(Sense::hover())
            .cell_layout(Layout::left_to_right(Align::Center))
            .columns(Column::initial(132.0).at_least(48.0).clip(true), names.len());
        table
            .header(look::ROW, |mut header| {
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
                    for column in 0..names.len() {
                        row.col(|ui| cell_ui(ui, &cells::cell(frame, column, at), actions));
                    }
                });
            });
    });
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
