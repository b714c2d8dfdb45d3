//! Picking one text from a list.

use eframe::egui::{self, ComboBox, ScrollArea, Ui};

use crate::ui::look;

/// More names than this are no help in a list: those after them are written.
pub const MOST: usize = 1_000;

/// A combo box named `name`; the newly picked text, if one was picked.
pub fn pick_ui<'a>(
    ui: &mut Ui,
    name: &str,
    shown: &str,
    width: f32,
    choices: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let mut picked = None;
    let combo = ComboBox::from_id_salt(name).selected_text(shown).width(width).height(TALL).truncate();
    let response = combo.show_ui(ui, |ui| {
        for choice in choices.into_iter().take(MOST) {
            if ui.selectable_label(choice == shown, choice).clicked() && choice != shown {
                picked = Some(choice.to_owned());
            }
        }
    });
    response.response.accessible_name(name).on_hover_text(name);
    picked
}

/// The height of a list that opens: as many rows as fit beside most buttons.
const TALL: f32 = 12.0 * look::ROW;

/// How many rows of a list are seen at once.
const ROWS: f32 = 5.0;

/// A list to pick from that stands open: for forms that are popups themselves, in which egui opens no other. The first
/// of each pair is the choice, the second its name.
pub fn list_ui<'a>(
    ui: &mut Ui,
    name: &str,
    shown: &str,
    choices: impl IntoIterator<Item = (&'a str, String)>,
) -> Option<String> {
    let mut picked = None;
    ScrollArea::vertical().id_salt(name).max_height(ROWS * look::ROW).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (choice, title) in choices.into_iter().take(MOST) {
            if ui.selectable_label(choice == shown, title).clicked() && choice != shown {
                picked = Some(choice.to_owned());
            }
        }
    });
    picked
}

/// The same for a few short words, side by side.
pub fn words_ui<'a>(ui: &mut Ui, shown: &str, choices: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut picked = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(look::STEP / 2.0, look::STEP / 2.0);
        for choice in choices {
            if ui.selectable_label(choice == shown, choice).clicked() && choice != shown {
                picked = Some(choice.to_owned());
            }
        }
    });
    picked
}
