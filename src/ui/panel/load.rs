//! The form for a model's file: its path, or the system's dialog.

use eframe::egui::{Button, Context, Key, Label, TextEdit};

use super::feed::fault_ui;
use crate::ui::action::{Action, Load, Window};
use crate::ui::widget::buttons;
use crate::ui::widget::modal::modal_ui;
use crate::ui::{App, look};

const WIDTH: f32 = 560.0;

pub fn load_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let Some(form) = &app.loading else { return };
    let Some(sheet) = app.sheets().iter().find(|s| s.id == form.sheet) else { return };
    let closed = modal_ui(ctx, &format!("Load a model under {}", sheet.table.name), WIDTH, |ui| {
        let mut path = form.path.clone();
        let mut entered = false;
        ui.horizontal(|ui| {
            ui.label("Path");
            let wide = ui.available_width() - 96.0;
            let field = ui.add(TextEdit::singleline(&mut path).hint_text("such as ~/models/late.json").desired_width(wide)).accessible_name("Path of the model");
            entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            // It is what one came for.
            let first = ui.scope_id().with("begun");
            if ui.data_mut(|d| !std::mem::replace(d.get_temp_mut_or(first, false), true)) {
                field.request_focus();
            }
            if ui.button("Choose…").on_hover_text("With the system's file dialog").clicked() {
                actions.push(Action::Load(Load::Choose));
            }
        });
        if path != form.path {
            actions.push(Action::Load(Load::Edit(path.clone())));
        }
        ui.add_space(look::STEP);
        match &form.fault {
            Some(fault) => fault_ui(ui, fault),
            None => drop(ui.add(Label::new(look::faint("A file that Save or braid train wrote. It can be dropped on the window as well.", ui)).wrap())),
        }
        ui.add_space(look::GAP);
        ui.horizontal(|ui| {
            let ready = !path.trim().is_empty() && !form.reading;
            let load = ui.add_enabled_ui(ready, |ui| buttons::primary_ui(ui, "Load").clicked()).inner;
            if load || (entered && ready) {
                actions.push(Action::Load(Load::Read));
            }
            if ui.add(Button::new("Close")).clicked() {
                actions.push(Action::Window(Window::Hide));
            }
            if form.reading {
                ui.spinner();
            }
        });
    });
    if closed {
        actions.push(Action::Window(Window::Hide));
    }
}
