//! The form for a model's file: its path, or the system's dialog.

use eframe::egui::{Align, Context, Key, Label, Layout, TextEdit};

use super::feed::fault_ui;
use crate::ui::action::{Action, AppAction, LoadAction};
use crate::ui::widget::buttons;
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::{App, look};

const WIDTH: f32 = 560.0;

pub fn load_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let Some(form) = &app.loading else { return };
    let Some(sheet) = app.sheet_of(form.sheet) else { return };
    let mut close = false;
    let closed = modal_ui(ctx, &format!("Load a model under {}", sheet.table.name), WIDTH, |ui| {
        let mut path = form.path.clone();
        let mut entered = false;
        ui.horizontal(|ui| {
            ui.label("Path");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.button("Choose…").on_hover_text("With the system's file dialog").clicked() {
                    actions.push(Action::Load(LoadAction::Choose));
                }
                let field = TextEdit::singleline(&mut path)
                    .hint_text("such as ~/models/late.json")
                    .desired_width(f32::INFINITY);
                let field = ui.add(field).accessible_name("Path of the model");
                entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
                // The path has the focus when the form opens. A modal is measured first, without focus.
                let first = ui.scope_id().with(form.since);
                let begun =
                    !ui.is_sizing_pass() && ui.data_mut(|d| !std::mem::replace(d.get_temp_mut_or(first, false), true));
                if begun || entered {
                    field.request_focus();
                }
            });
        });
        if path != form.path {
            actions.push(Action::Load(LoadAction::Edit(path.clone())));
        }
        ui.add_space(look::STEP);
        match &form.fault {
            Some(fault) => fault_ui(ui, fault),
            None => drop(
                ui.add(
                    Label::new(look::faint(
                        "A model that was saved here, or written by braid train. Its file can be dropped on the \
                         window as well.",
                        ui,
                    ))
                    .wrap(),
                ),
            ),
        }
        close = footer_ui(ui, "", |ui| {
            let ready = !path.trim().is_empty() && !form.reading;
            let load = ui.add_enabled_ui(ready, |ui| buttons::primary_ui(ui, "Load").clicked()).inner;
            if load || (entered && ready) {
                actions.push(Action::Load(LoadAction::Read));
            }
            if form.reading {
                ui.spinner();
            }
        });
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}
