//! Picking one text from a list.

use eframe::egui::{ComboBox, Ui};

/// A combo box named `name`; the newly picked text, if one was picked.
pub fn pick_ui<'a>(ui: &mut Ui, name: &str, shown: &str, width: f32, choices: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut picked = None;
    let combo = ComboBox::from_id_salt(name).selected_text(shown).width(width).truncate();
    let response = combo.show_ui(ui, |ui| {
        for choice in choices {
            if ui.selectable_label(choice == shown, choice).clicked() && choice != shown {
                picked = Some(choice.to_owned());
            }
        }
    });
    response.response.accessible_name(name).on_hover_text(name);
    picked
}
