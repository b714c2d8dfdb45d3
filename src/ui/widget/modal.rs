//! A pane over the window, with a title and room around its content.

use eframe::egui::{Context, Frame, Id, Margin, Modal, RichText, Ui};

use crate::ui::look;

/// True when it should close: Escape, or a click beside it.
pub fn modal_ui(ctx: &Context, title: &str, width: f32, content: impl FnOnce(&mut Ui)) -> bool {
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(20));
    let modal = Modal::new(Id::unique(("pane", title))).frame(frame).show(ctx, |ui| {
        ui.set_width(width.min(ctx.content_rect().width() - 96.0));
        ui.label(RichText::new(title).size(look::TITLE).strong());
        ui.add_space(look::GAP);
        content(ui);
    });
    modal.should_close()
}
