//! The columns of a table: a sign and a word on the type of each.

use eframe::egui::{Label, RichText, ScrollArea, Sense, Ui, vec2};
use polars::prelude::DataType;

use crate::ui::action::{Action, AppAction};
use crate::ui::board::DraggedColumn;
use crate::ui::look;
use crate::ui::widget::badge::{Tone, badge_ui};
use crate::ui::widget::{cells, row};
use crate::ui::worksheet::Worksheet;

/// Above this many columns, only those in sight are laid out.
const MANY: usize = 200;
/// The width of a sign.
const SIGN: f32 = 26.0;

/// The numbers of all columns.
pub(super) fn all(sheet: &Worksheet) -> Vec<usize> {
    (0..sheet.table.schema.len()).collect()
}

/// Those with this in their names, which is written small.
pub(super) fn having(sheet: &Worksheet, sought: &str) -> Vec<usize> {
    let names = sheet.table.schema.iter_names().enumerate();
    names.filter(|(_, name)| name.to_lowercase().contains(sought)).map(|(i, _)| i).collect()
}

pub(super) fn columns_ui(ui: &mut Ui, sheet: &Worksheet, columns: &[usize], actions: &mut Vec<Action>) {
    if columns.len() <= MANY {
        return columns.iter().for_each(|column| column_ui(ui, sheet, *column, actions));
    }
    ScrollArea::vertical().id_salt(("columns of", sheet.id)).max_height(12.0 * look::ROW).show_rows(
        ui,
        look::ROW,
        columns.len(),
        |ui, seen| {
            columns.get(seen).into_iter().flatten().for_each(|column| column_ui(ui, sheet, *column, actions));
        },
    );
}

fn column_ui(ui: &mut Ui, sheet: &Worksheet, column: usize, actions: &mut Vec<Action>) {
    let Some((name, dtype)) = sheet.table.schema.get_at_index(column) else { return };
    let p = look::palette(ui);
    let is_time = sheet.table.time.as_ref().is_some_and(|time| time.column == name.as_str());
    let left = |ui: &mut Ui| {
        let sign = RichText::new(sign(dtype)).size(look::SMALL - 1.0).monospace().color(p.faint);
        ui.add_sized(vec2(SIGN, look::ROW - look::GAP), Label::new(sign).selectable(false));
        let label = Label::new(RichText::new(name.as_str()).color(p.text)).truncate().sense(Sense::click_and_drag());
        let label = ui.add(label).on_hover_text("Drag it onto a board, or onto an axis of a chart");
        label.dnd_set_drag_payload(DraggedColumn { table: sheet.id, column: name.to_string() });
        label.context_menu(|ui| {
            if ui.button("Copy the name").clicked() {
                actions.push(Action::App(AppAction::Copy(crate::query::sql::quote(name))));
                ui.close();
            }
        });
    };
    row::ends_ui(ui, left, |ui| {
        ui.label(look::faint(cells::type_word(dtype), ui));
        if is_time {
            badge_ui(ui, "time", Tone::Accent).on_hover_text("The event time: windows, lateness and the seam go by it");
        }
    });
}

/// A type in a sign that is as short as its values are read.
fn sign(dtype: &DataType) -> &'static str {
    match dtype {
        DataType::Boolean => "y/n",
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => "Aa",
        t if t.is_temporal() => "t",
        t if t.is_float() => "1.5",
        t if t.is_integer() => "12",
        _ => "{}",
    }
}
