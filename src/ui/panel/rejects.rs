//! Rows that were set aside: those that could not be read, with line and reason, and those that came late.

use eframe::egui::{self, Align, Context, Id, Label, Layout, Modal, RichText, Ui};
use egui_extras::{Column, TableBuilder};

use super::grid;
use crate::data::Rejects;
use crate::ui::action::{Action, Window};
use crate::ui::widget::numbers;
use crate::ui::{App, look};

pub fn rejects_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    pane_ui(ctx, "Rejected rows", actions, |ui, _| {
        let Some(shown) = app.sheet().and_then(|s| s.watch.newest.as_ref()) else { return };
        let rejects = &shown.rejects;
        let kept = rejects.kept.len() as u64;
        let text = if kept < rejects.count {
            format!("{}, the first {} of them:", numbers::counted(rejects.count, "row"), numbers::count(kept))
        } else {
            numbers::counted(rejects.count, "row")
        };
        ui.label(look::faint(text, ui));
        list_ui(ui, rejects);
    });
}

pub fn late_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    pane_ui(ctx, "Late rows", actions, |ui, actions| {
        let Some(shown) = app.sheet().and_then(|s| s.watch.newest.as_ref()) else { return };
        let kept = shown.late.height() as u64;
        let text = format!("{} came after the watermark had passed their window; {} of them:", numbers::counted(shown.rows.late, "row"), numbers::count(kept));
        ui.add(Label::new(look::faint(text, ui)).wrap());
        ui.add(Label::new(look::faint("Allow more lateness in the table's menu to count such rows in time.", ui)).wrap());
        grid::frame_ui(ui, &shown.late, actions);
    });
}

fn pane_ui(ctx: &Context, title: &str, actions: &mut Vec<Action>, content: impl FnOnce(&mut Ui, &mut Vec<Action>)) {
    let modal = Modal::new(Id::unique(title)).show(ctx, |ui| {
        let room = ctx.content_rect().size() - egui::vec2(160.0, 200.0);
        ui.set_width(room.x.min(880.0));
        ui.label(RichText::new(title).size(look::TITLE).strong());
        ui.allocate_ui(egui::vec2(ui.available_width(), room.y.min(480.0)), |ui| content(ui, actions));
        ui.add_space(look::GAP);
        if ui.button("Close").clicked() {
            actions.push(Action::Window(Window::Hide));
        }
    });
    if modal.should_close() {
        actions.push(Action::Window(Window::Hide));
    }
}

fn list_ui(ui: &mut Ui, rejects: &Rejects) {
    let p = look::palette(ui);
    let table = TableBuilder::new(ui)
        .resizable(true)
        .auto_shrink([false, false])
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::initial(160.0).at_least(60.0).clip(true))
        .column(Column::initial(72.0).at_least(40.0).clip(true))
        .column(Column::initial(240.0).at_least(80.0).clip(true))
        .column(Column::remainder().at_least(120.0).clip(true));
    table
        .header(look::ROW, |mut header| {
            for title in ["Where", "Line", "Why", "What stood there"] {
                header.col(|ui| {
                    ui.label(look::faint(title, ui));
                });
            }
        })
        .body(|body| {
            body.rows(look::ROW - 2.0, rejects.kept.len(), |mut row| {
                let Some(reject) = rejects.kept.get(row.index()) else { return };
                row.col(|ui| {
                    ui.add(Label::new(reject.source.as_ref()).truncate());
                });
                row.col(|ui| {
                    ui.label(numbers::count(reject.line));
                });
                row.col(|ui| {
                    ui.add(Label::new(RichText::new(&reject.reason).color(p.warn)).truncate());
                });
                row.col(|ui| {
                    ui.add(Label::new(RichText::new(&reject.body).monospace()).truncate());
                });
            });
        });
}
