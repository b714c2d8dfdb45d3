//! Buttons in their three ranks: the next step, an ordinary one, and one that only shows itself on hover.

use eframe::egui::collapsing_header::paint_default_icon;
use eframe::egui::{Button, Rect, Response, RichText, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, vec2};

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

/// A small triangle that folds what is open and opens what is folded; for the ear it has a name.
pub fn fold_ui(ui: &mut Ui, open: bool, name: &str) -> Response {
    let (_, response) = ui.allocate_exact_size(vec2(14.0, look::ROW - look::STEP), Sense::click());
    let square = Rect::from_center_size(response.rect.center(), Vec2::splat(12.0));
    paint_default_icon(ui, if open { 1.0 } else { 0.0 }, &response.clone().with_new_rect(square));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    response
}
