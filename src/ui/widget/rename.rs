//! A name that is written in place.

use eframe::egui::{Id, Key, TextEdit, Ui};

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    GoesOn,
    /// It is this from now on.
    Done(String),
    Left,
}

/// The field for a name, all of it chosen at first; `label` says of what. It is done when it is left, and given up with
/// Escape.
pub fn rename_ui(
    ui: &mut Ui,
    salt: impl std::hash::Hash + std::fmt::Debug,
    name: &str,
    label: &str,
    width: f32,
) -> Written {
    let id = ui.scope_id().with(("rename", Id::unique(salt)));
    let begun = ui.data(|d| d.get_temp::<String>(id));
    let mut text = begun.clone().unwrap_or_else(|| name.to_owned());
    let mut field = TextEdit::singleline(&mut text).desired_width(width).show(ui);
    let response = field.response.response.clone().accessible_name(label);
    if begun.is_none() {
        use eframe::egui::text::{CCursor, CCursorRange};
        let all = CCursorRange::two(CCursor::new(0), CCursor::new(text.chars().count()));
        field.state.cursor.set_char_range(Some(all));
        field.state.store(ui.ctx(), response.id);
    }
    if !response.has_focus() && !response.lost_focus() {
        response.request_focus();
    }
    if !response.lost_focus() {
        ui.data_mut(|d| d.insert_temp(id, text));
        return Written::GoesOn;
    }
    ui.data_mut(|d| d.remove::<String>(id));
    let text = text.trim();
    if ui.input(|i| i.key_pressed(Key::Escape)) || text == name {
        Written::Left
    } else {
        Written::Done(text.to_owned())
    }
}
