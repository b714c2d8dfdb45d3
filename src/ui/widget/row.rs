//! A row with something at both of its ends.

use eframe::egui::{Align, Layout, Ui, UiBuilder};

/// `right` takes what it needs at the right end, `left` may use the rest.
pub fn ends_ui(ui: &mut Ui, left: impl FnOnce(&mut Ui), right: impl FnOnce(&mut Ui)) {
    // Inside a horizontal row: on its own, a right-to-left layout would be as high as the panel.
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            right(ui);
            ui.with_layout(Layout::left_to_right(Align::Center), left);
        });
    });
}

/// A cell whose content stands at its right end. It takes no room of its own: a layout to the left within one to the
/// right would make the cell as wide again.
pub fn to_the_right(ui: &mut Ui) -> Ui {
    ui.new_child(UiBuilder::new().max_rect(ui.max_rect()).layout(Layout::right_to_left(Align::Center)))
}
