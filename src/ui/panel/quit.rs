//! The question whether to leave, where something would be lost by it.

use eframe::egui::{Context, Label};

use crate::ui::action::{Action, AppAction};
use crate::ui::widget::modal::modal_ui;
use crate::ui::widget::{buttons, row};
use crate::ui::{App, look};

pub fn quit_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let closed = modal_ui(ctx, "Quit Braid?", 460.0, |ui| {
        for line in app.ended_by_quitting() {
            ui.add(Label::new(line).wrap());
        }
        ui.add_space(look::STEP);
        ui.add(Label::new(look::faint("Everything that is set up is kept, and open again next time", ui)).wrap());
        ui.add_space(look::PAD);
        let choices = |ui: &mut eframe::egui::Ui| {
            if buttons::primary_ui(ui, "Stay").clicked() {
                actions.push(Action::App(AppAction::Hide));
            }
            if ui.button("Quit").clicked() {
                actions.push(Action::App(AppAction::Quit));
            }
        };
        row::ends_ui(ui, |_| {}, choices);
    });
    if closed {
        actions.push(Action::App(AppAction::Hide));
    }
}
