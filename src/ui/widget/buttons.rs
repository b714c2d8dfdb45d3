//! Buttons in their three ranks: the next step, an ordinary one, and one that only shows itself on hover.

use eframe::egui::{Button, Response, RichText, Stroke, Ui};

use crate::ui::look;

/// The next step: at most one in a panel.
pub fn primary_ui(ui: &mut Ui, text: &str) -> Response {
    let p = look::palette(ui);
    ui.add(Button::new(RichText::new(text).color(p.on_accent)).fill(p.accent).stroke(Stroke::NONE))
}

/// Text that can be clicked, without a frame.
pub fn quiet_ui(ui: &mut Ui, text: &str) -> Response {
    let p = look::palette(ui);
    ui.add(Button::new(RichText::new(text).size(look::SMALL).color(p.faint)).frame_when_inactive(false))
}

/// A cross that closes or removes; `name` says what.
pub fn cross_ui(ui: &mut Ui, name: &str) -> Response {
    let p = look::palette(ui);
    ui.add(Button::new(RichText::new("×").color(p.faint)).frame_when_inactive(false))
        .accessible_name(name)
        .on_hover_text(name)
}

/// One of several, as a row of buttons.
pub fn choice_ui(ui: &mut Ui, chosen: bool, text: &str) -> Response {
    ui.add(Button::selectable(chosen, text))
}
