//! What the pointer does on a chart: zoom, pan, read, rewind, open the ledger.

use eframe::egui::{self, Pos2, Rect, Response, Ui, Vec2};

use super::reading::read_ui;
use crate::figure::{AxisKind, Figure, Layout, View};
use crate::ui::action::{Action, AppAction, ChartAction, Pane, RewindAction};
use crate::ui::canvas::{self, Drawn};
use crate::ui::look;
use crate::ui::rewind::TimeRange;
use crate::ui::worksheet::Worksheet;

/// How much one notch of the wheel zooms.
const WHEEL: f32 = 240.0;
/// A dragged box narrower or flatter than this is ignored, points.
const SLIP: f32 = 6.0;
/// How close to the seam a click selects it, points.
const NEAR: f32 = 6.0;

/// Zoom, pan, read, open the ledger.
pub(super) fn pointer_ui(
    ui: &Ui,
    sheet: &Worksheet,
    figure: &Figure,
    drawn: &Drawn,
    rect: Rect,
    response: &Response,
    actions: &mut Vec<Action>,
) {
    // Of the panel under the pointer, where there are several.
    let at = response.interact_pointer_pos().or(response.hover_pos()).map(|pos| canvas::inside(rect, pos));
    let whole = figure;
    let (figure, layout) = drawn.layout.part(figure, at.unwrap_or_default());
    let view = |view: View| Action::Chart(ChartAction::View(Some(view)));
    let inside = |pos: Pos2| canvas::inside(rect, pos);
    if layout.bare {
        return;
    }
    if response.double_clicked() {
        actions.push(Action::Chart(ChartAction::View(None)));
        return;
    }
    let hover = response.hover_pos();
    if let Some(pos) = hover.filter(|_| response.contains_pointer()) {
        let (scroll, pinch) = ui.input(|i| (i.smooth_scroll_delta(), i.zoom_delta()));
        let factor = f64::from((scroll.y / WHEEL).exp() * pinch);
        if (factor - 1.0).abs() > 1e-4 {
            actions.push(view(layout.zoomed(
                figure,
                inside(pos),
                if layout.free { [factor, factor] } else { [factor, 1.0] },
            )));
        }
        if scroll.x.abs() > 0.1 {
            actions.push(view(layout.panned(figure, [scroll.x, 0.0])));
        }
    }
    let shift = ui.input(|i| i.modifiers.shift);
    let pans = response.dragged_by(egui::PointerButton::Secondary)
        || response.dragged_by(egui::PointerButton::Middle)
        || (shift && response.dragged_by(egui::PointerButton::Primary));
    if pans {
        let by = response.drag_delta();
        let up = if layout.free || figure.view.is_some_and(|v| v.y.is_some()) { by.y } else { 0.0 };
        if by != Vec2::ZERO {
            actions.push(view(layout.panned(figure, [by.x, up])));
        }
        ui.set_cursor_icon(egui::CursorIcon::Grabbing);
        return;
    }
    let command = ui.input(|i| i.modifiers.command);
    if command && figure.x.kind == AxisKind::Time && sheet.can_rewind() {
        ui.set_cursor_icon(egui::CursorIcon::ResizeHorizontal);
        if response.dragged_by(egui::PointerButton::Primary) || response.drag_stopped_by(egui::PointerButton::Primary) {
            return time_range_ui(ui, layout, rect, response, actions);
        }
    }
    if !shift
        && (response.dragged_by(egui::PointerButton::Primary) || response.drag_stopped_by(egui::PointerButton::Primary))
    {
        box_ui(ui, figure, layout, rect, response, actions);
        return;
    }
    let Some(pos) = hover else { return };
    if let Some(seam) = figure.seam.filter(|_| !layout.bare) {
        let at = rect.min.x + layout.to_px((seam, 0.0))[0];
        if (pos.x - at).abs() <= NEAR && layout.plot.contains(inside(pos)) {
            ui.set_cursor_icon(egui::CursorIcon::PointingHand);
            if response.clicked() {
                actions.push(Action::App(AppAction::Show(Pane::Ledger)));
            }
        }
    }
    read_ui(ui, sheet.id, whole, drawn, rect, pos);
}

/// Rewinds to a range of time that is dragged with the pointer.
fn time_range_ui(ui: &Ui, layout: &Layout, rect: Rect, response: &Response, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let Some((from, to)) = dragged(ui, response) else { return };
    let plot = canvas::to_rect(&layout.plot).translate(rect.min.to_vec2());
    let area = Rect::from_x_y_ranges(Rect::from_two_pos(from, to).intersect(plot).x_range(), plot.y_range());
    if !area.is_positive() || area.width() < SLIP {
        return;
    }
    ui.painter().rect(area, 0.0, p.warn.gamma_multiply(0.14), egui::Stroke::new(1.0, p.warn), egui::StrokeKind::Inside);
    if response.drag_stopped() {
        let at = |pos: Pos2| layout.to_data(canvas::inside(rect, pos)).0;
        let (from, until) = (at(area.min), at(area.max));
        // Rounded to whole seconds in a long range, else to milliseconds.
        let grain = if until - from > 60e6 { 1_000_000.0 } else { 1_000.0 };
        let round = |v: f64| Some(((v / grain).round() * grain) as i64);
        actions.push(Action::Rewind(RewindAction::To(TimeRange { from: round(from), until: round(until) })));
    }
}

/// The positions where a drag began and where it is now.
pub fn dragged(ui: &Ui, response: &Response) -> Option<(Pos2, Pos2)> {
    // egui forgets the press origin in the frame in which the button is released.
    let corner = response.id.with("corner");
    if let Some(origin) = ui.input(|i| i.pointer.press_origin()) {
        ui.data_mut(|d| d.insert_temp(corner, origin));
    }
    ui.data(|d| d.get_temp::<Pos2>(corner)).zip(response.interact_pointer_pos())
}

/// Zooms to a box that is dragged with the pointer.
fn box_ui(ui: &Ui, figure: &Figure, layout: &Layout, rect: Rect, response: &Response, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let Some((from, to)) = dragged(ui, response) else { return };
    let plot = canvas::to_rect(&layout.plot).translate(rect.min.to_vec2());
    let mut area = Rect::from_two_pos(from, to).intersect(plot);
    // A flat box on a line chart selects a range of time.
    let flat = area.height() < 2.0 * SLIP
        || (!layout.free && area.height() < 0.25 * area.width() && area.height() < 0.25 * plot.height());
    if flat {
        area = Rect::from_x_y_ranges(area.x_range(), plot.y_range());
    }
    if !area.is_positive() || area.width() < SLIP {
        return;
    }
    ui.painter().rect(
        area,
        0.0,
        p.accent.gamma_multiply(0.12),
        egui::Stroke::new(1.0, p.accent),
        egui::StrokeKind::Inside,
    );
    if response.drag_stopped() {
        let corner = |pos: Pos2| layout.to_data(canvas::inside(rect, pos));
        let ((x0, y1), (x1, y0)) = (corner(area.min), corner(area.max));
        let y = if flat { figure.view.and_then(|v| v.y) } else { Some((y0, y1)) };
        actions.push(Action::Chart(ChartAction::View(Some(View { x: Some((x0, x1)), y }))));
    }
}
