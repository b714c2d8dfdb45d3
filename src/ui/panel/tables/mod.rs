//! The tables panel: what is open, each table in one line, with its files, feeds, models and columns folded under it;
//! and a search over their names.

mod columns;
mod faces;
mod menu;
mod table;

use eframe::egui::{Label, ScrollArea, TextEdit, Ui};

use super::unopened;
use crate::ui::action::Action;
use crate::ui::{App, focus, look};

/// More names than this ask for a search.
const MANY: usize = 12;

pub fn tables_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let names = app.sheets().iter().map(|sheet| 1 + sheet.table.schema.len()).sum::<usize>();
    let mut sought = String::new();
    if names > MANY {
        let id = ui.scope_id().with("search");
        sought = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_default();
        let field = TextEdit::singleline(&mut sought).hint_text("Tables and columns");
        let width = ui.available_width() - look::PAD;
        ui.add(field.desired_width(width)).accessible_name("Search tables and columns");
        ui.data_mut(|d| d.insert_temp(id, sought.clone()));
    } else {
        ui.label(look::faint("Tables", ui));
    }
    ui.add_space(look::STEP);
    let sought = sought.trim().to_lowercase();
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        // The scroll bar lies over the content: what is right-aligned must end before it.
        ui.set_max_width(ui.available_width() - look::PAD);
        unopened::unopened_ui(ui, app, actions);
        let mut any = false;
        for sheet in app.sheets() {
            any |= table::table_ui(ui, app, sheet, &sought, actions);
        }
        ui.add_space(look::GAP);
        let hint = if any || sought.is_empty() { "Drop files anywhere to open them" } else { "No name has this" };
        ui.add(Label::new(look::faint(hint, ui)).wrap());
        focus::keep_in_sight(ui);
    });
}
