//! Widgets that the rows of the builder share: a labelled row, a chip with a form, a text field whose change is asked
//! when the field is left; and the change that a widget has made.

use eframe::egui::{self, Align, Button, Layout, Popup, PopupCloseBehavior, RichText, ScrollArea, TextEdit, Ui};
use polars::prelude::DataType;

use crate::ui::look;

/// The width of the labels in front of the rows.
pub const WORDS: f32 = 48.0;
/// The width of the forms that chips open.
const FORM: f32 = 264.0;

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

/// A button with a form that stays open while a person works in it.
pub fn chip_ui(ui: &mut Ui, text: &str, name: &str, content: impl FnOnce(&mut Ui)) {
    let chip = ui.add(Button::new(RichText::new(text)).truncate()).accessible_name(name);
    // A form rather than a menu: fields and buttons keep their frames.
    let popup = Popup::menu(&chip).style(egui::style::StyleModifier::default()).layout(Layout::top_down(Align::Min));
    popup.close_behavior(PopupCloseBehavior::CloseOnClickOutside).accessible_name(name).width(FORM).show(|ui| {
        ui.set_width(FORM);
        let tall = (ui.ctx().content_rect().height() - chip.rect.bottom() - 3.0 * look::PAD).max(160.0);
        ScrollArea::vertical().max_height(tall).min_scrolled_height(tall).auto_shrink([false, true]).show(ui, |ui| {
            // The scroll bar lies over the content.
            ui.set_max_width(FORM - look::PAD);
            content(ui);
        });
    });
}
