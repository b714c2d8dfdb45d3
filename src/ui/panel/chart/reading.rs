//! Reading values: a crosshair at the nearest point, and a tooltip beside it with what the legend does not tell.

use eframe::egui::{self, Label, Popup, PopupAnchor, Pos2, Rect, RichText, Ui, Vec2};

use super::values::Values;
use crate::data::words::shortened;
use crate::figure::{Figure, PointState};
use crate::ui::canvas::{self, Drawn};
use crate::ui::look;

/// The most letters of a name in a tooltip.
const LETTERS: usize = 40;

/// The most series that a tooltip lists.
const TOLD: usize = 12;

/// A crosshair at the nearest point, and a tooltip with the value of every series there that the legend does not tell;
/// of the nearest one with all its digits.
pub fn read_ui(
    ui: &Ui,
    of: impl std::hash::Hash + std::fmt::Debug,
    figure: &Figure,
    drawn: &Drawn,
    rect: Rect,
    pos: Pos2,
) {
    let p = look::palette(ui);
    let at = canvas::inside(rect, pos);
    let whole = figure;
    let (figure, layout) = drawn.layout.part(figure, at);
    let Some(values) = Values::at(figure, layout, at) else { return };
    let (series, index) = values.nearest;
    let Some(point) = layout.point_px(figure, series, index) else { return };
    let center = rect.min + Vec2::new(point[0], point[1]);
    let plot = canvas::to_rect(&layout.plot).translate(rect.min.to_vec2());
    let hair = egui::Stroke::new(1.0, p.faint.gamma_multiply(0.6));
    ui.painter().vline(center.x, plot.y_range(), hair);
    for (panel, own) in whole.panels.iter().zip(&drawn.layout.panels).filter(|(_, own)| own.plot != layout.plot) {
        same_place_ui(ui, panel, own, rect, layout.to_data(point).0);
    }
    if plot.contains(center) {
        ui.painter().circle(center, 4.0, p.panel, egui::Stroke::new(2.0, p.accent));
    }
    let in_legend = values.legend_ui(ui, figure, drawn, rect);
    let Some((x, exact)) = crate::figure::Layout::words(figure, series, index) else { return };
    let rounded = values.words(figure, series).is_none_or(|words| words != exact);
    let is_told = |own: &usize| in_legend.contains(own) && !(*own == series && rounded);
    let mut untold: Vec<usize> = (0..figure.series.len()).filter(|own| !is_told(own)).collect();
    let more = untold.len().saturating_sub(TOLD);
    untold.truncate(TOLD);
    // The uppermost of a stack is read first.
    if layout.stack.is_some() {
        untold.reverse();
    }
    let anchor = PopupAnchor::Position(Pos2::new(center.x + 14.0, pos.y));
    let id = ui.scope_id().with(("reading", of));
    Popup::new(id, ui.ctx().clone(), anchor, ui.layer_id())
        .kind(egui::PopupKind::Tooltip)
        .open(true)
        .interactable(false)
        .show(|ui| {
            ui.set_max_width(320.0);
            ui.horizontal(|ui| {
                ui.label(RichText::new(x).strong());
                if !untold.contains(&series)
                    && let Some(state) = figure.series.get(series).and_then(|line| line.state(index))
                {
                    state_ui(ui, state);
                }
            });
            egui::Grid::new("reading").num_columns(3).spacing([look::PAD, 2.0]).show(ui, |ui| {
                for i in untold {
                    let Some(line) = figure.series.get(i) else { continue };
                    let here = values.index(i);
                    let Some((_, y)) = here.and_then(|index| crate::figure::Layout::words(figure, i, index)) else {
                        continue;
                    };
                    let color = canvas::to_color(drawn.look.color(figure.colour(i)));
                    let name = if line.name.is_empty() { &figure.y_title } else { &line.name };
                    ui.horizontal(|ui| {
                        crate::ui::widget::badge::dot_ui(ui, color);
                        ui.add(Label::new(shortened(name, LETTERS)).extend());
                    });
                    let text = RichText::new(y).monospace();
                    ui.label(if i == series { text.strong() } else { text });
                    if let Some(state) = here.and_then(|index| line.state(index)) {
                        state_ui(ui, state);
                    }
                    ui.end_row();
                }
                if let Some(total) = layout.total_words(figure, series, index) {
                    ui.label(look::faint("all", ui));
                    ui.label(RichText::new(total).monospace());
                    ui.end_row();
                }
            });
            if more > 0 {
                ui.label(look::faint(format!("and {more} more"), ui));
            }
        });
}

fn state_ui(ui: &mut Ui, state: PointState) {
    let color = look::state_color(state, look::palette(ui));
    ui.label(RichText::new(state.word()).size(look::SMALL).color(color));
}

/// The same x in another panel, with a ring at each of its values.
fn same_place_ui(ui: &Ui, figure: &Figure, layout: &crate::figure::Layout, rect: Rect, x: f64) {
    let p = look::palette(ui);
    let plot = canvas::to_rect(&layout.plot).translate(rect.min.to_vec2());
    let at = rect.min.x + layout.to_px((x, layout.y.lo()))[0];
    if !plot.x_range().contains(at) {
        return;
    }
    ui.painter().vline(at, plot.y_range(), egui::Stroke::new(1.0, p.faint.gamma_multiply(0.4)));
    let middle = canvas::inside(rect, Pos2::new(at, plot.center().y));
    if let Some(values) = Values::at(figure, layout, middle) {
        values.rings_ui(ui, figure, layout, rect);
    }
}
