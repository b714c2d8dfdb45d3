//! A job under way.

use eframe::egui::{Label, ProgressBar, Ui};

use crate::engine::Progress;
use crate::ui::look;

/// A way to end it, called `cancel`, and how far it is. True when it is to end.
pub fn job_ui(ui: &mut Ui, cancel: &str, progress: &Progress) -> bool {
    let ends = ui.button(cancel).clicked();
    ui.spinner();
    if let Some(share) = progress.share() {
        ui.add(ProgressBar::new(share).desired_width(140.0).desired_height(6.0).fill(look::palette(ui).accent));
    }
    ui.add(Label::new(look::faint(&progress.note, ui)).truncate());
    ends
}
