//! The name under which tiles of a table share a question, and others ask it like a table.

use eframe::egui::{Button, Role, TextEdit, Ui, WidgetInfo};

use crate::query::sql::quote;
use crate::ui::widget::numbers;
use crate::ui::{App, look};
use crate::workspace::bench::{Edit, NamedQuestion, Tile};

/// Chooses the question that is shared, or names this one; gives the step by which that is so.
pub fn share_ui(ui: &mut Ui, app: &App, tile: &Tile) -> Option<Edit> {
    let set = |tile: Tile| Edit::SetTile { tile };
    let mut chosen = None;
    let named = app.bench().questions(&tile.table);
    if !tile.question.is_empty() && ui.radio(false, "Its own again").clicked() {
        chosen = Some(set(Tile { question: String::new(), ..tile.clone() }));
    }
    for question in &named {
        let tiles = numbers::counted(question.tiles as u64, "tile");
        let choice = ui.radio(tile.question == question.name, format!("{} ({tiles})", question.name));
        if choice.on_hover_text(&question.sql).clicked() {
            chosen = Some(set(Tile { question: question.name.clone(), sql: question.sql.clone(), ..tile.clone() }));
        }
    }
    let id = ui.scope_id().with(("shared question", tile.id.0));
    let mut name = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_default();
    ui.horizontal(|ui| {
        let field = ui.add(TextEdit::singleline(&mut name).desired_width(140.0).hint_text("A new name"));
        field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Name of the question"));
        let new = name.trim().to_owned();
        let is_of = |question: &NamedQuestion| question.name.eq_ignore_ascii_case(&new);
        let free = !new.is_empty() && !app.bench().is_named(&new, &tile.table) && !named.iter().any(is_of);
        let hint = "Write a name that no table and no other question has";
        let button =
            |ui: &mut Ui, word: &str| ui.add_enabled(free, Button::new(word)).on_disabled_hover_text(hint).clicked();
        if !tile.question.is_empty() && button(ui, "Rename it") {
            let (table, question) = (tile.table.clone(), tile.question.clone());
            chosen = Some(Edit::RenameQuestion { table, question, name: new.clone() });
        } else if button(ui, "Share") {
            chosen = Some(set(Tile { question: new, ..tile.clone() }));
        }
    });
    ui.label(look::faint("Tiles that share a question change together", ui));
    let asked = if tile.question.is_empty() { "its_name".to_owned() } else { quote(&tile.question) };
    ui.label(look::faint(format!("Others ask it like a table: FROM {asked}"), ui));
    ui.data_mut(|d| d.insert_temp(id, name));
    if chosen.is_some() {
        ui.data_mut(|d| d.remove::<String>(id));
        ui.close();
    }
    chosen
}
