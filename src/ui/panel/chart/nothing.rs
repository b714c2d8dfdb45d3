//! What a chart says where it is zoomed to a stretch without a point.

use eframe::egui::{Align, CornerRadius, Frame, Label, Layout, Margin, Rect, Ui, UiBuilder, vec2};

use crate::figure::{AxisKind, Figure, axis, series};
use crate::ui::look;

/// Why nothing is seen in the stretch that is looked at; nothing where something is.
pub fn nothing_in(figure: &Figure) -> Option<String> {
    let (a, b) = figure.view?.x?;
    let (from, until) = (a.min(b), a.max(b));
    let points = || figure.all_series().flat_map(|own| (0..own.len()).filter_map(|i| Some(own.point(i)?.0)));
    if matches!(figure.x.kind, AxisKind::Category(_)) || points().any(|x| from <= x && x <= until) {
        return None;
    }
    let all: Vec<f64> = points().collect();
    if all.is_empty() {
        return None;
    }
    let before = all.iter().copied().filter(|x| *x < from).reduce(f64::max);
    // A window holds the rows up to the next one.
    if before.zip(series::step(&all)).is_some_and(|(before, step)| from < before + step) {
        return Some("Zoomed in further than points lie apart".to_owned());
    }
    let told = |x: f64| {
        // Rounded to what can be told apart.
        let grain = if until - from > 60e6 { 1e6 } else { 1e3 };
        let x = if figure.x.kind == AxisKind::Time { (x / grain).round() * grain } else { x };
        axis::x_value((&figure.x.kind, figure.zone), x)
    };
    let (from, until) = (told(from), told(until));
    // The day is written once if both ends are on the same day.
    let same = from.split_once(' ').zip(until.split_once(' ')).filter(|(a, b)| a.0 == b.0);
    let until = same.map_or(until.as_str(), |(_, (_, time))| time);
    Some(format!("No rows between {from} and {until}"))
}

/// Says it in the middle of a picture, with a way back; true when that is taken.
pub fn nothing_ui(ui: &mut Ui, room: Rect, words: &str, back: &str) -> bool {
    let middle = Rect::from_center_size(room.center(), vec2(room.width() * 0.9, look::ROW * 3.0));
    let layout = Layout::top_down(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(middle).layout(layout), |ui| {
        let frame = Frame::new().fill(look::palette(ui).panel).corner_radius(CornerRadius::same(look::ROUND));
        let shown = frame.inner_margin(Margin::symmetric(8, 4)).show(ui, |ui| {
            ui.add(Label::new(look::faint(words, ui)).wrap());
            ui.button(back).clicked()
        });
        shown.inner
    })
    .inner
}
