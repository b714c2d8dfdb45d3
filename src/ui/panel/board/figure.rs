//! The figure of a tile: read and zoomed together with those of all tiles that share its axis of time.

use eframe::egui::{self, CornerRadius, Id, Pos2, Rect, Sense, Stroke, Ui, WidgetInfo};

use super::step;
use crate::figure::{AxisKind, Figure, Layout};
use crate::ui::action::{Action, BoardAction};
use crate::ui::board::{TileRun, at_place, literal, source};
use crate::ui::canvas::{self, Drawn};
use crate::ui::panel::chart;
use crate::ui::widget::numbers;
use crate::ui::{App, look};
use crate::workspace::bench::{Edit, Tile, TileId};

/// How much one notch of the wheel zooms.
const WHEEL: f32 = 240.0;
/// A dragged stretch narrower than this is ignored, points.
const SLIP: f32 = 6.0;

/// Where a person points on one tile: the others show the same moment.
#[derive(Clone, Copy)]
struct Reading {
    tile: TileId,
    x: f64,
    /// The frame in which it was read.
    frame: u64,
}

fn reading_id() -> Id {
    Id::unique("the moment that is read on a board")
}

pub fn figure_ui(ui: &mut Ui, app: &App, tile: &Tile, run: &TileRun, room: Rect, actions: &mut Vec<Action>) {
    let Some(figure) = run.chart.figure() else { return };
    let timed = figure.x.kind == AxisKind::Time;
    let response = ui.allocate_rect(room, if timed { Sense::click_and_drag() } else { Sense::click() });
    let label = format!("Figure: {}", figure.title);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &label));
    let fault = run.chart.draw_uncaptioned(ui, room, |drawn| {
        if let Some(settings) = chart::legend_ui(ui, drawn, room, run.chart.settings()) {
            actions.push(step(Edit::SetTile { tile: tile.clone().drawn(settings) }));
        }
        if timed && !pointer_ui(ui, &figure, drawn, room, &response, actions) {
            return;
        }
        let frame = ui.ctx().cumulative_frame_nr();
        if let Some(pos) = response.hover_pos().filter(|_| response.contains_pointer()) {
            let at = canvas::inside(room, pos);
            let (_, layout) = drawn.layout.part(&figure, at);
            if timed && !layout.bare {
                let x = layout.to_data(at).0;
                ui.data_mut(|d| d.insert_temp(reading_id(), Reading { tile: tile.id, x, frame }));
            }
            if let Some(filter) = named(&figure, layout, at).and_then(|place| filter(app, tile, run, place)) {
                ui.set_cursor_icon(egui::CursorIcon::PointingHand);
                actions.extend(Some(filter).filter(|_| response.clicked()));
            }
            chart::read_ui(ui, tile.id.0, &figure, drawn, room, pos);
        } else if let Some(read) = ui.data(|d| d.get_temp::<Reading>(reading_id()))
            && timed
            && read.tile != tile.id
            && frame.saturating_sub(read.frame) <= 1
        {
            for (figure, layout) in drawn.layout.parts(&figure) {
                same_moment_ui(ui, figure, layout, room, read.x);
            }
        }
    });
    if let Some(fault) = fault {
        ui.put(room, look::fault(&fault, ui));
    }
}

/// The place on an axis of names under a pixel of the picture.
fn named(figure: &Figure, layout: &Layout, at: [f32; 2]) -> Option<usize> {
    let AxisKind::Category(names) = &figure.x.kind else { return None };
    let place = layout.to_data(at).0.round();
    let is_place = layout.plot.contains(at) && !layout.bare && (0.0..names.len() as f64).contains(&place);
    is_place.then_some(place as usize)
}

/// The board limited to what stands at a place of an axis of names, or not any more.
fn filter(app: &App, tile: &Tile, run: &TileRun, place: usize) -> Option<Action> {
    let table = &app.sheets().iter().find(|sheet| sheet.table.name == tile.table)?.table;
    let shown = run.shown()?;
    let answer = run.chart.shown().x.as_deref()?;
    let column = source(tile, answer, table)?;
    let value = literal(&at_place(shown.answer.column(answer).ok()?, place)?)?;
    Some(Action::Board(BoardAction::Filter { column, value }))
}

/// Zooms and pans; false while something is dragged, so that nothing is read.
fn pointer_ui(
    ui: &Ui,
    figure: &Figure,
    drawn: &Drawn,
    room: Rect,
    response: &egui::Response,
    actions: &mut Vec<Action>,
) -> bool {
    // Of the panel under the pointer, where there are several.
    let at = response.interact_pointer_pos().or(response.hover_pos()).map(|pos| canvas::inside(room, pos));
    let (figure, layout) = drawn.layout.part(figure, at.unwrap_or_default());
    if layout.bare {
        return true;
    }
    let mut show = |range: Option<(f64, f64)>| actions.push(Action::Board(BoardAction::Range(range)));
    if response.double_clicked() {
        show(None);
        return false;
    }
    if let Some(pos) = response.hover_pos().filter(|_| response.contains_pointer()) {
        let (scroll, pinch) = ui.input(|i| (i.smooth_scroll_delta(), i.zoom_delta()));
        let factor = f64::from((scroll.y / WHEEL).exp() * pinch);
        if (factor - 1.0).abs() > 1e-4 {
            show(layout.zoomed(figure, canvas::inside(room, pos), [factor, 1.0]).x);
        }
    }
    let shift = ui.input(|i| i.modifiers.shift);
    let pans = response.dragged_by(egui::PointerButton::Secondary)
        || (shift && response.dragged_by(egui::PointerButton::Primary));
    if pans {
        let by = response.drag_delta().x;
        if by != 0.0 {
            show(layout.panned(figure, [by, 0.0]).x);
        }
        ui.set_cursor_icon(egui::CursorIcon::Grabbing);
        return false;
    }
    if !response.dragged_by(egui::PointerButton::Primary) && !response.drag_stopped_by(egui::PointerButton::Primary) {
        return true;
    }
    let Some((from, to)) = chart::dragged(ui, response) else { return false };
    let plot = canvas::to_rect(&layout.plot).translate(room.min.to_vec2());
    let area = Rect::from_x_y_ranges(Rect::from_two_pos(from, to).intersect(plot).x_range(), plot.y_range());
    if !area.is_positive() || area.width() < SLIP {
        return false;
    }
    let p = look::palette(ui);
    let edge = Stroke::new(1.0, p.accent);
    ui.painter().rect(area, 0.0, p.accent.gamma_multiply(0.12), edge, egui::StrokeKind::Inside);
    if response.drag_stopped() {
        let at = |x: f32| layout.to_data(canvas::inside(room, Pos2::new(x, plot.center().y))).0;
        show(Some((at(area.left()), at(area.right()))));
    }
    false
}

/// The values at a moment that is read on another tile.
fn same_moment_ui(ui: &Ui, figure: &Figure, layout: &Layout, room: Rect, x: f64) {
    if layout.bare {
        return;
    }
    let p = look::palette(ui);
    let plot = canvas::to_rect(&layout.plot).translate(room.min.to_vec2());
    let at = room.min.x + layout.to_px((x, 0.0))[0];
    if !plot.x_range().contains(at) {
        return;
    }
    ui.painter().vline(at, plot.y_range(), Stroke::new(1.0, p.faint.gamma_multiply(0.6)));
    let Some((series, index)) = layout.nearest(figure, canvas::inside(room, Pos2::new(at, plot.center().y))) else {
        return;
    };
    let Some([px, py]) = layout.point_px(figure, series, index) else { return };
    let center = room.min + egui::vec2(px, py);
    if plot.contains(center) {
        ui.painter().circle(center, 3.5, p.panel, Stroke::new(2.0, p.accent));
    }
    let Some((_, y)) = Layout::words(figure, series, index) else { return };
    let text = y.parse().map_or(y, numbers::float);
    let right = at < plot.center().x;
    let galley = ui.painter().layout_no_wrap(text, egui::FontId::proportional(look::SMALL), p.strong);
    let size = galley.size() + egui::vec2(look::GAP, 2.0);
    let x = if right { at + look::STEP } else { at - look::STEP - size.x };
    let words = Rect::from_min_size(Pos2::new(x, plot.top() + 2.0), size);
    ui.painter().rect_filled(words, CornerRadius::same(3), p.raised);
    ui.painter().galley(words.min + egui::vec2(look::STEP, 1.0), galley, p.strong);
}
