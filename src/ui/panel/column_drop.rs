//! Where a dragged column can be dropped on a picture: its axes.

use eframe::egui::{
    Align2, Area, Context, DragAndDrop, FontId, Frame, Id, Label, Order, Rect, Stroke, StrokeKind, Ui, vec2,
};

use crate::ui::board::{DraggedColumn, DropAxis};
use crate::ui::look;
use crate::workspace::TableId;

/// The share of a picture that is an axis, and what it is at least and at most, points.
const SHARE: f32 = 0.3;
const LEAST: f32 = 36.0;
const MOST: f32 = 110.0;

/// The name of a column that is dragged, beside the pointer.
pub fn name_ui(ctx: &Context) {
    let Some(dragged) = DragAndDrop::payload::<DraggedColumn>(ctx) else { return };
    let Some(pointer) = ctx.pointer_interact_pos() else { return };
    let id = Id::unique("the column that is dragged");
    let area = Area::new(id).order(Order::Tooltip).interactable(false).fixed_pos(pointer + vec2(14.0, 10.0));
    area.show(ctx, |ui| Frame::popup(ui.style()).show(ui, |ui| ui.add(Label::new(&dragged.column).extend())));
}

/// Shows the axis under a column of this table that is dragged over `room`; gives the column once it is dropped there.
pub fn axis_ui(ui: &Ui, table: TableId, room: Rect) -> Option<(String, DropAxis)> {
    let dragged = DragAndDrop::payload::<DraggedColumn>(ui.ctx()).filter(|dragged| dragged.table == table)?;
    let pointer = ui.ctx().pointer_interact_pos().filter(|pos| room.contains(*pos))?;
    let deep = |length: f32| (length * SHARE).clamp(LEAST, MOST);
    let y = room.with_max_x(room.left() + deep(room.width()));
    let x = room.with_min_y(room.bottom() - deep(room.height()));
    let (band, axis, words) = if x.contains(pointer) {
        (x, DropAxis::X, format!("{} on the x axis", dragged.column))
    } else if y.contains(pointer) {
        (y, DropAxis::Y, format!("{} on the y axis", dragged.column))
    } else {
        return None;
    };
    let p = look::palette(ui);
    let painter = ui.painter();
    let edge = Stroke::new(1.5, p.accent);
    painter.rect(band, f32::from(look::ROUND), p.accent.gamma_multiply(0.18), edge, StrokeKind::Inside);
    let at = if axis == DropAxis::X { band.center() } else { band.center_top() + vec2(0.0, 20.0) };
    let clip = painter.with_clip_rect(room);
    clip.text(at, Align2::CENTER_CENTER, words, FontId::proportional(look::SMALL), p.strong);
    if !ui.input(|i| i.pointer.any_released()) {
        return None;
    }
    DragAndDrop::clear_payload(ui.ctx());
    Some((dragged.column.clone(), axis))
}
