//! Widgets that the rows of the builder share: a labelled row, a chip with a form, a text field whose change is asked
//! when the field is left; and the change that a widget has made.

use eframe::egui::{self, Align, Layout, TextEdit, Ui};
use polars::prelude::DataType;

use crate::ui::look;

/// The width of the labels in front of the rows.
pub const WORDS: f32 = 48.0;

/// The change that a widget has made to the form.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum FieldChange {
    #[default]
    None,
    /// Text is still being typed.
    Typed,
    /// The change is complete: ask.
    Done,
}

impl FieldChange {
    pub fn done(&mut self) {
        *self = Self::Done;
    }

    pub fn typed(&mut self) {
        if *self == Self::None {
            *self = Self::Typed;
        }
    }
}

/// A column of the table: its name as SQL has it.
pub struct SqlColumn {
    pub sql: String,
    pub dtype: DataType,
}

/// A row of the builder, with its label.
pub fn row_ui(ui: &mut Ui, word: &str, content: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.allocate_ui_with_layout(egui::vec2(WORDS, look::ROW), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(WORDS);
            ui.label(look::faint(word, ui));
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = look::STEP;
            content(ui);
        });
    });
}

pub fn text_ui(ui: &mut Ui, name: &str, hint: &str, text: &mut String, edit: &mut FieldChange) {
    sized_text_ui(ui, name, hint, ui.available_width(), text, edit);
}

/// A text field whose change is asked when the field is left.
pub fn sized_text_ui(ui: &mut Ui, name: &str, hint: &str, width: f32, text: &mut String, edit: &mut FieldChange) {
    let field = TextEdit::singleline(text).hint_text(hint).desired_width(width - 2.0 * look::GAP);
    let response = ui.add(field).accessible_name(name);
    if response.changed() {
        edit.typed();
    }
    if response.lost_focus() {
        edit.done();
    }
}
