//! The name under which tiles of a table share a question.

use eframe::egui::{Role, TextEdit, Ui, WidgetInfo};

use crate::ui::widget::numbers;
use crate::ui::{App, look};
use crate::workspace::bench::Tile;

/// Chooses the question that is shared, or names this one; gives the tile as it is then.
pub fn share_ui(ui: &mut Ui, app: &App, tile: &Tile) -> Option<Tile> {
    let mut chosen = None;
    let named = app.bench().questions(&tile.table);
    if !tile.question.is_empty() && ui.radio(false, "Its own again").clicked() {
        chosen = Some(Tile { question: String::new(), ..tile.clone() });
    }
    for question in &named {
        let tiles = numbers::counted(question.tiles as u64, "tile");
        let choice = ui.radio(tile.question == question.name, format!("{} ({tiles})", question.name));
        if choice.on_hover_text(&question.sql).clicked() {
            chosen = Some(Tile { question: question.name.clone(), sql: question.sql.clone(), ..tile.clone() });
        }
    }
    let id = ui.scope_id().with(("shared question", tile.id.0));
    let mut name = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_default();
    ui.horizontal(|ui| {
        let field = ui.add(TextEdit::singleline(&mut name).desired_width(140.0).hint_text("A new name"));
        field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Name of the question"));
        let new = name.trim().to_owned();
        let free = !new.is_empty() && named.iter().all(|question| question.name != new);
        let share = ui.add_enabled(free, eframe::egui::Button::new("Share"));
        if share.on_disabled_hover_text("Write a name that no other question of this table has").clicked() {
            chosen = Some(Tile { question: new, ..tile.clone() });
        }
    });
    ui.label(look::faint("Tiles that share a question change together", ui));
    ui.data_mut(|d| d.insert_temp(id, name));
    if chosen.is_some() {
        ui.data_mut(|d| d.remove::<String>(id));
        ui.close();
    }
    chosen
}
