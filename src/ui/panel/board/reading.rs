//! Reading values on a board: what is pointed at on one tile is told on it, and shown at the same moment on all others
//! that share its time.

use eframe::egui::{Id, Pos2, Rect, Response, Stroke, Ui};

use crate::figure::{AxisKind, Figure, Layout};
use crate::ui::canvas::{self, Drawn};
use crate::ui::look;
use crate::ui::panel::chart::{self, Values};
use crate::workspace::bench::{Tile, TileId};

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

/// Tells the values under the pointer, or those of the moment that is read on another tile.
pub fn reading_ui(ui: &Ui, tile: &Tile, figure: &Figure, drawn: &Drawn, room: Rect, response: &Response) {
    let frame = ui.ctx().cumulative_frame_nr();
    let shares = figure.x.kind == AxisKind::Time && !tile.own_time;
    if let Some(pos) = response.hover_pos().filter(|pos| response.contains_pointer() && room.contains(*pos)) {
        let at = canvas::inside(room, pos);
        let (_, layout) = drawn.layout.part(figure, at);
        if shares && !layout.bare {
            let x = layout.to_data(at).0;
            ui.data_mut(|d| d.insert_temp(reading_id(), Reading { tile: tile.id, x, frame }));
        }
        chart::read_ui(ui, tile.id.0, figure, drawn, room, pos);
    } else if let Some(read) = ui.data(|d| d.get_temp::<Reading>(reading_id()))
        && shares
        && read.tile != tile.id
        && frame.saturating_sub(read.frame) <= 1
    {
        for (figure, layout) in drawn.layout.parts(figure) {
            same_moment_ui(ui, figure, drawn, (layout, room), read.x);
        }
    }
}

/// The values at a moment that is read on another tile.
fn same_moment_ui(ui: &Ui, figure: &Figure, drawn: &Drawn, (layout, room): (&Layout, Rect), x: f64) {
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
    let middle = canvas::inside(room, Pos2::new(at, plot.center().y));
    let Some(values) = Values::at(figure, layout, middle) else { return };
    values.rings_ui(ui, figure, layout, room);
    if values.legend_ui(ui, figure, drawn, room).is_empty() {
        values.plot_ui(ui, figure, drawn, (layout, room), at);
    }
}
