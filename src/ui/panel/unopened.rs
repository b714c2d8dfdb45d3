//! Tables that are set up and could not be opened: why, and what can be done: they are found elsewhere, tried again, or
//! let go.

use std::path::PathBuf;

use eframe::egui::{Key, Label, RichText, Role, TextEdit, Ui, WidgetInfo};

use crate::ui::action::{Action, TableAction};
use crate::ui::widget::buttons;
use crate::ui::{App, look, wording};
use crate::workspace::TableSetup;

pub fn unopened_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    for (id, tried) in app.session().unopened() {
        let Some(table) = app.bench().table(*id) else { continue };
        let p = look::palette(ui);
        ui.push_id(id.0, |ui| {
            ui.add(Label::new(RichText::new(&table.name).strong()).truncate()).on_hover_text(table.origin());
            ui.add(Label::new(RichText::new(wording::fault(&tried.fault)).size(look::SMALL).color(p.error)).wrap());
            ui.horizontal_wrapped(|ui| {
                let mut act = |action| actions.push(Action::Table(*id, action));
                if ui.button("Try again").clicked() {
                    act(TableAction::OpenAgain);
                }
                let name = format!("Remove {}", table.name);
                let remove = ui.button("Remove").on_hover_text("Ctrl+Z brings it back");
                remove.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
                if remove.clicked() {
                    act(TableAction::Remove);
                }
            });
            if !table.paths.is_empty() {
                found_ui(ui, table, actions);
            }
        });
        ui.add_space(look::GAP);
    }
}

/// Where the files of a table are now.
fn found_ui(ui: &mut Ui, table: &TableSetup, actions: &mut Vec<Action>) {
    let id = ui.scope_id().with("path");
    let Some(mut path) = ui.data(|d| d.get_temp::<String>(id)) else {
        let first = table.paths.first().map(|path| path.display().to_string()).unwrap_or_default();
        let name = format!("Find {}", table.name);
        let find = buttons::quiet_ui(ui, "It has moved…");
        find.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        if find.clicked() {
            ui.data_mut(|d| d.insert_temp(id, first));
            ui.data_mut(|d| d.insert_temp(id.with("begun"), true));
        }
        return;
    };
    let field = ui.add(TextEdit::singleline(&mut path).desired_width(f32::INFINITY).hint_text("Where it is now"));
    let name = format!("Path of {}", table.name);
    field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, &name));
    if ui.data_mut(|d| d.remove_temp::<bool>(id.with("begun"))).is_some() {
        field.request_focus();
    }
    let entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
    ui.horizontal(|ui| {
        if ui.button("Open it").clicked() || entered {
            actions.push(Action::Table(table.id, TableAction::Moved(PathBuf::from(path.trim()))));
        }
        if ui.button("Browse…").clicked() {
            actions.push(Action::Table(table.id, TableAction::FindMoved));
        }
    });
    ui.data_mut(|d| d.insert_temp(id, path));
}
