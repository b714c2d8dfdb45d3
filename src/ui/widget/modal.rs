//! A pane over the window: its title, what is told meanwhile, room around its content, and the row that every pane ends
//! with.

use eframe::egui::{Context, CornerRadius, Frame, Id, Label, Margin, Modal, RichText, Ui};

use super::badge::Tone;
use super::row;
use crate::ui::look;

/// True when it should close: Escape, or a click beside it.
pub fn modal_ui(ctx: &Context, title: &str, width: f32, content: impl FnOnce(&mut Ui)) -> bool {
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(20));
    let modal = Modal::new(Id::unique(("pane", title))).frame(frame).show(ctx, |ui| {
        ui.set_width(width.min(ctx.content_rect().width() - 96.0));
        ui.label(RichText::new(title).size(look::TITLE).strong());
        ui.add_space(look::GAP);
        for (tone, text) in ctx.data(|d| d.get_temp::<Vec<(Tone, String)>>(told())).unwrap_or_default() {
            told_ui(ui, tone, &text);
        }
        content(ui);
    });
    modal.should_close()
}

/// Says what the panes of this frame have to tell besides.
pub fn tell(ctx: &Context, lines: Vec<(Tone, String)>) {
    ctx.data_mut(|d| d.insert_temp(told(), lines));
}

fn told() -> Id {
    Id::unique("told over a pane")
}

fn told_ui(ui: &mut Ui, tone: Tone, text: &str) {
    let (color, ground) = tone.colors(ui);
    let frame = Frame::new().fill(ground).corner_radius(CornerRadius::same(look::ROUND));
    frame.inner_margin(Margin::symmetric(12, 4)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.add(Label::new(RichText::new(text).color(color)).truncate()).on_hover_text(text);
    });
    ui.add_space(look::STEP);
}

/// The last row of a pane: its own buttons at the left, *Close* at the right end, in the same place of all panes.
/// `hint` says what goes on when it is closed. True when *Close* was clicked.
pub fn footer_ui(ui: &mut Ui, hint: &str, own: impl FnOnce(&mut Ui)) -> bool {
    let mut closed = false;
    ui.add_space(look::GAP);
    row::ends_ui(ui, own, |ui| {
        let close = ui.button("Close");
        closed = if hint.is_empty() { close } else { close.on_hover_text(hint) }.clicked();
    });
    closed
}
