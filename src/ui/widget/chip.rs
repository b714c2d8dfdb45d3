//! A button that opens a form.

use eframe::egui::{self, Align, Button, Layout, Popup, PopupCloseBehavior, Rect, RichText, ScrollArea, Ui};

use crate::ui::{focus, look};

/// The width of the forms that chips open.
const FORM: f32 = 264.0;

/// A button with a form that stays open while a person works in it.
pub fn chip_ui(ui: &mut Ui, text: &str, name: &str, content: impl FnOnce(&mut Ui)) {
    let chip = ui.add(Button::new(RichText::new(text)).truncate()).accessible_name(name);
    form_ui(Popup::menu(&chip), chip.rect, name, content);
}

/// The form of a button that lies here.
pub fn form_ui(popup: Popup<'_>, button: Rect, name: &str, content: impl FnOnce(&mut Ui)) {
    // A form rather than a menu: fields and buttons keep their frames.
    let popup = popup.style(egui::style::StyleModifier::default()).layout(Layout::top_down(Align::Min));
    popup.close_behavior(PopupCloseBehavior::CloseOnClickOutside).accessible_name(name).width(FORM).show(|ui| {
        ui.set_width(FORM);
        // Below the button or above it, whichever has more room.
        let all = ui.ctx().content_rect();
        let room = (all.bottom() - button.bottom()).max(button.top() - all.top());
        let tall = (room - 3.0 * look::PAD).max(160.0);
        ScrollArea::vertical().max_height(tall).min_scrolled_height(tall).auto_shrink([false, true]).show(ui, |ui| {
            // The scroll bar lies over the content.
            ui.set_max_width(FORM - look::PAD);
            content(ui);
            focus::form(ui.ctx());
            focus::keep_in_sight(ui);
        });
    });
}
