//! A pane beside what it changes, so that both are seen.

use eframe::egui::{Align, CornerRadius, Label, Layout, Rect, RichText, ScrollArea, Stroke, StrokeKind, Ui, UiBuilder};

use super::buttons::cross_ui;
use super::row;
use crate::ui::look;

/// Its width, and the largest share of the room that it takes.
const WIDE: f32 = 288.0;
const SHARE: f32 = 0.5;

/// A pane at the right end of a room, whose content is scrolled. Gives the room that is left, and whether the pane
/// should close.
pub fn side_ui(ui: &mut Ui, room: Rect, title: &str, content: impl FnOnce(&mut Ui)) -> (Rect, bool) {
    wide_ui(ui, room, title, WIDE, |ui| {
        let width = ui.available_width() - look::PAD;
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            // The scroll bar lies over the content.
            ui.set_max_width(width);
            content(ui);
        });
    })
}

/// The same of another width, whose content has its height.
pub fn wide_ui(ui: &mut Ui, room: Rect, title: &str, wide: f32, content: impl FnOnce(&mut Ui)) -> (Rect, bool) {
    let p = look::palette(ui);
    let wide = wide.min(room.width() * SHARE);
    let (left, pane) = room.split_left_right_at_x(room.right() - wide);
    let edge = Stroke::new(1.0, p.line);
    ui.painter().rect(pane, CornerRadius::same(look::ROUND), p.panel, edge, StrokeKind::Inside);
    let inner = pane.shrink(look::GAP);
    let mut closed = false;
    let place = UiBuilder::new().id_salt(("side", title)).max_rect(inner).layout(Layout::top_down(Align::Min));
    ui.scope_builder(place, |ui| {
        row::ends_ui(
            ui,
            |ui| _ = ui.add(Label::new(RichText::new(title).strong()).truncate().selectable(false)),
            |ui| closed = cross_ui(ui, &format!("Close {title}")).clicked(),
        );
        ui.add_space(look::STEP);
        content(ui);
    });
    (left.with_max_x(left.max.x - look::GAP), closed)
}
