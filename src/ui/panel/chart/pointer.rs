//! What the pointer does on a chart: zoom, pan, read, rewind, open the ledger; and what of it figures of boards share.

use eframe::egui::{self, Color32, Pos2, Rect, Response, Ui, Vec2};

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
    let whole = figure;
    let (figure, layout) = under_pointer(figure, drawn, rect, response);
    let view = |view: View| Action::Chart(sheet.id, ChartAction::View(Some(view)));
    let inside = |pos: Pos2| canvas::inside(rect, pos);
    if layout.bare {
        return;
    }
    if response.double_clicked() {
        actions.push(Action::Chart(sheet.id, ChartAction::View(None)));
        return;
    }
    let hover = response.hover_pos();
    if let Some(pos) = hover.filter(|_| response.contains_pointer()) {
        if let Some(factor) = wheel(ui) {
            let across = if layout.free { [factor, factor] } else { [factor, 1.0] };
            actions.push(view(layout.zoomed(figure, inside(pos), across)));
        }
        let scroll = ui.input(|i| i.smooth_scroll_delta());
        if scroll.x.abs() > 0.1 {
            actions.push(view(layout.panned(figure, [scroll.x, 0.0])));
        }
    }
    if pans(ui, response) {
        let by = response.drag_delta();
        let up = if layout.free || figure.view.is_some_and(|v| v.y.is_some()) { by.y } else { 0.0 };
        if by != Vec2::ZERO {
            actions.push(view(layout.panned(figure, [by.x, up])));
        }
        return;
    }
    let drags = drags(response);
    let command = ui.input(|i| i.modifiers.command);
    if command && figure.x.kind == AxisKind::Time && sheet.can_rewind() {
        ui.set_cursor_icon(egui::CursorIcon::ResizeHorizontal);
        if drags {
            if let Some(range) = stretch_ui(ui, layout, rect, response, look::palette(ui).warn) {
                actions.push(Action::Rewind(sheet.id, RewindAction::To(whole_times(range))));
            }
            return;
        }
    }
    if drags && !ui.input(|i| i.modifiers.shift) {
        if let Some(boxed) = box_ui(ui, figure, layout, rect, response) {
            actions.push(view(boxed));
        }
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

/// The figure that is pointed at: the panel under the pointer, where there are several.
pub fn under_pointer<'a>(
    figure: &'a Figure,
    drawn: &'a Drawn,
    rect: Rect,
    response: &Response,
) -> (&'a Figure, &'a Layout) {
    let at = response.interact_pointer_pos().or(response.hover_pos()).map(|pos| canvas::inside(rect, pos));
    drawn.layout.part(figure, at.unwrap_or_default())
}

/// By how much the wheel or two fingers zoom, where they do.
pub fn wheel(ui: &Ui) -> Option<f64> {
    let (scroll, pinch) = ui.input(|i| (i.smooth_scroll_delta(), i.zoom_delta()));
    let factor = f64::from((scroll.y / WHEEL).exp() * pinch);
    ((factor - 1.0).abs() > 1e-4).then_some(factor)
}

/// Whether the paper is dragged: with the right or the middle button, or with Shift.
pub fn pans(ui: &Ui, response: &Response) -> bool {
    let shift = ui.input(|i| i.modifiers.shift);
    let pans = response.dragged_by(egui::PointerButton::Secondary)
        || response.dragged_by(egui::PointerButton::Middle)
        || (shift && response.dragged_by(egui::PointerButton::Primary));
    if pans {
        ui.set_cursor_icon(egui::CursorIcon::Grabbing);
    }
    pans
}

/// Whether something is dragged over the chart, or was until this frame.
pub fn drags(response: &Response) -> bool {
    response.dragged_by(egui::PointerButton::Primary) || response.drag_stopped_by(egui::PointerButton::Primary)
}

/// Shows a stretch of x that is dragged with the pointer; gives it once it is let go.
pub fn stretch_ui(ui: &Ui, layout: &Layout, rect: Rect, response: &Response, color: Color32) -> Option<(f64, f64)> {
    let (from, to) = dragged(ui, response)?;
    let plot = plot_of(layout, rect);
    let area = Rect::from_x_y_ranges(Rect::from_two_pos(from, to).intersect(plot).x_range(), plot.y_range());
    if !area.is_positive() || area.width() < SLIP {
        return None;
    }
    area_ui(ui, area, color);
    let at = |x: f32| layout.to_data(canvas::inside(rect, Pos2::new(x, plot.center().y))).0;
    response.drag_stopped().then(|| (at(area.left()), at(area.right())))
}

/// Rounded to whole seconds in a long range, else to milliseconds.
fn whole_times((from, until): (f64, f64)) -> TimeRange {
    let grain = if until - from > 60e6 { 1_000_000.0 } else { 1_000.0 };
    let round = |v: f64| Some(((v / grain).round() * grain) as i64);
    TimeRange { from: round(from), until: round(until) }
}

fn plot_of(layout: &Layout, rect: Rect) -> Rect {
    canvas::to_rect(&layout.plot).translate(rect.min.to_vec2())
}

fn area_ui(ui: &Ui, area: Rect, color: Color32) {
    let edge = egui::Stroke::new(1.0, color);
    ui.painter().rect(area, 0.0, color.gamma_multiply(0.13), edge, egui::StrokeKind::Inside);
}

/// The positions where a drag began and where it is now.
fn dragged(ui: &Ui, response: &Response) -> Option<(Pos2, Pos2)> {
    // egui forgets the press origin in the frame in which the button is released.
    let corner = response.id.with("corner");
    if let Some(origin) = ui.input(|i| i.pointer.press_origin()) {
        ui.data_mut(|d| d.insert_temp(corner, origin));
    }
    ui.data(|d| d.get_temp::<Pos2>(corner)).zip(response.interact_pointer_pos())
}

/// The view of a box that was dragged with the pointer, once it is let go.
fn box_ui(ui: &Ui, figure: &Figure, layout: &Layout, rect: Rect, response: &Response) -> Option<View> {
    let (from, to) = dragged(ui, response)?;
    let plot = plot_of(layout, rect);
    let mut area = Rect::from_two_pos(from, to).intersect(plot);
    // A flat box on a line chart selects a range of time.
    let flat = area.height() < 2.0 * SLIP
        || (!layout.free && area.height() < 0.25 * area.width() && area.height() < 0.25 * plot.height());
    if flat {
        area = Rect::from_x_y_ranges(area.x_range(), plot.y_range());
    }
    if !area.is_positive() || area.width() < SLIP {
        return None;
    }
    area_ui(ui, area, look::palette(ui).accent);
    let corner = |pos: Pos2| layout.to_data(canvas::inside(rect, pos));
    let ((x0, y1), (x1, y0)) = (corner(area.min), corner(area.max));
    let y = if flat { figure.view.and_then(|v| v.y) } else { Some((y0, y1)) };
    response.drag_stopped().then_some(View { x: Some((x0, x1)), y })
}
