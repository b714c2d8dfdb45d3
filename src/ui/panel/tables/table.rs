//! A table in one line, and what is folded under it.

use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{
    self, CornerRadius, Frame, Label, Margin, PopupCloseBehavior, ProgressBar, RichText, Role, Sense, Ui, UiBuilder,
    WidgetInfo,
};

use super::{columns, faces, menu};
use crate::ui::action::{Action, TableAction};
use crate::ui::panel::models::models_ui;
use crate::ui::watch::RunState;
use crate::ui::widget::badge::dot_ui;
use crate::ui::widget::rename::{self, Written};
use crate::ui::widget::{buttons, context, numbers, row};
use crate::ui::worksheet::{Worksheet, line_id};
use crate::ui::{App, look};

/// False when neither it nor a column of it has what is sought.
pub(super) fn table_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, sought: &str, actions: &mut Vec<Action>) -> bool {
    let named = sheet.table.name.to_lowercase().contains(sought);
    // A table that is sought shows all of its columns, a column that is sought itself.
    let columns = if named { columns::all(sheet) } else { columns::having(sheet, sought) };
    if !named && columns.is_empty() {
        return false;
    }
    let chosen = app.selected == Some(sheet.id);
    ui.push_id(sheet.id, |ui| {
        let id = ui.scope_id().with("unfolded");
        let mut open = ui.data(|d| d.get_temp::<bool>(id)).unwrap_or(chosen);
        if line_ui(ui, app, sheet, open, actions) {
            open = !open;
            ui.data_mut(|d| d.insert_temp(id, open));
        }
        if !chosen {
            loading_ui(ui, sheet, actions);
        }
        if open || !sought.is_empty() {
            let inset = Frame::new().inner_margin(Margin { left: 14, right: 0, top: 2, bottom: 4 });
            inset.show(ui, |ui| {
                faces::faces_ui(ui, sheet, actions);
                models_ui(ui, app, sheet, actions);
                columns::columns_ui(ui, app, sheet, &columns, actions);
            });
        }
    });
    true
}

/// The line: fold, state, name, rows, menu. True when it is to fold or unfold.
fn line_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, open: bool, actions: &mut Vec<Action>) -> bool {
    let p = look::palette(ui);
    let chosen = app.selected == Some(sheet.id);
    let fill = if chosen { p.accent_soft } else { p.panel };
    let frame =
        Frame::new().fill(fill).corner_radius(CornerRadius::same(look::ROUND)).inner_margin(Margin::symmetric(4, 2));
    let (mut folds, mut named) = (false, Vec::new());
    let card = ui.scope_builder(UiBuilder::new().scope_id(line_id(sheet.id)).sense(Sense::click()), |ui| {
        frame.show(ui, |ui| {
            let left = |ui: &mut Ui| {
                let title = format!("{} {}", if open { "Fold" } else { "Unfold" }, sheet.table.name);
                folds = buttons::fold_ui(ui, open, &title).on_hover_text(title).clicked();
                if !sheet.table.live.is_empty() {
                    dot_ui(ui, faces::color(sheet, p)).on_hover_text(faces::word(sheet));
                }
                if app.naming == Some(sheet.id) {
                    return name_ui(ui, sheet, &mut named);
                }
                let color = if chosen { p.accent } else { p.strong };
                let name = RichText::new(&sheet.table.name).strong().color(color);
                ui.add(Label::new(name).truncate().selectable(false)).on_hover_text(&sheet.table.name);
            };
            let right = |ui: &mut Ui| {
                menu_button_ui(ui, app, sheet, actions);
                if let Some(rows) = rows(sheet) {
                    ui.add(Label::new(look::faint(rows, ui)).selectable(false));
                }
            };
            row::ends_ui(ui, left, right);
        });
    });
    actions.append(&mut named);
    let title = format!("Table {}", sheet.table.name);
    card.response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &title));
    let card = card.response.on_hover_cursor(egui::CursorIcon::PointingHand);
    if card.clicked() {
        actions.push(Action::Table(sheet.id, TableAction::Select));
    }
    context::menu_ui(&card, |ui| menu::menu_ui(ui, app, sheet, actions));
    folds
}

/// The name of a table while it is being written.
fn name_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let mut act = |action| actions.push(Action::Table(sheet.id, action));
    let name = &sheet.table.name;
    match rename::rename_ui(ui, ("name of table", sheet.id), name, "Name of the table", f32::INFINITY) {
        Written::GoesOn => return,
        Written::Done(name) => act(TableAction::Rename(name)),
        Written::Left => {}
    }
    act(TableAction::Name(false));
}

fn menu_button_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let open = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let button = MenuButton::new("…")
        .config(open)
        .ui(ui, |ui| {
            let before = actions.len();
            menu::menu_ui(ui, app, sheet, actions);
            // A text field keeps the menu open; a choice closes it.
            if actions.len() > before {
                ui.close();
            }
        })
        .0;
    button.accessible_name(format!("Menu of {}", sheet.table.name)).on_hover_text("Time, seam, feeds, remove");
}

/// The progress of an unselected table, and a button that stops it; that of the selected one is in the status bar.
fn loading_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let RunState::Reading(share) = sheet.watch.state() else { return };
    if share >= 1.0 {
        return;
    }
    let p = look::palette(ui);
    let cancel = |ui: &mut Ui| {
        if buttons::cross_ui(ui, &format!("Stop reading {}", sheet.table.name)).clicked() {
            actions.push(Action::Table(sheet.id, TableAction::Stop));
        }
    };
    row::ends_ui(ui, |ui| drop(ui.add(ProgressBar::new(share as f32).desired_height(6.0).fill(p.accent))), cancel);
}

/// The number of rows, where it is known.
fn rows(sheet: &Worksheet) -> Option<String> {
    if let Some(shown) = sheet.watch.newest.as_ref().filter(|s| s.last || s.history_share() >= 1.0) {
        return Some(numbers::counted(shown.rows.come_in, "row"));
    }
    let known: Option<u64> = sheet.table.history.iter().map(|h| h.extent().rows).sum();
    known.filter(|_| !sheet.table.history.is_empty()).map(|n| numbers::counted(n, "row"))
}
