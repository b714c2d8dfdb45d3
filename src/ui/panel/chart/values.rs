//! The values of a moment: in the legend, each behind the name of its series; where there is no legend, over the plot.

use eframe::egui::{Align2, CornerRadius, FontId, Pos2, Rect, Stroke, Ui, Vec2, pos2, vec2};

use crate::data::words::shortened;
use crate::figure::{Figure, Layout, LegendSpot, legend};
use crate::ui::canvas::{self, Drawn};
use crate::ui::look;

/// The most letters of a name where there is no room for whole ones.
const LETTERS: usize = 8;

/// The points of a figure at one x.
#[derive(Debug)]
pub struct Values {
    /// Series and index of the point that is nearest to where they were asked for.
    pub nearest: (usize, usize),
    /// Series, and the index in it.
    points: Vec<(usize, usize)>,
}

impl Values {
    /// Those nearest to a pixel of the picture, along x.
    pub fn at(figure: &Figure, layout: &Layout, pixel: [f32; 2]) -> Option<Self> {
        let (series, index) = layout.nearest(figure, pixel)?;
        let x = figure.series.get(series)?.point(index)?.0;
        let own = |(number, line): (usize, &crate::figure::Series)| {
            let at = if number == series { Some(index) } else { index_at(&line.x, x) };
            at.filter(|at| line.point(*at).is_some()).map(|at| (number, at))
        };
        let points = figure.series.iter().enumerate().filter_map(own).collect();
        Some(Self { nearest: (series, index), points })
    }

    /// The index of a series' point; `None` where it has none there.
    pub fn index(&self, series: usize) -> Option<usize> {
        self.points.iter().find(|(own, _)| *own == series).map(|(_, index)| *index)
    }

    /// A ring at each of them that is in sight.
    pub fn rings_ui(&self, ui: &Ui, figure: &Figure, layout: &Layout, room: Rect) {
        let p = look::palette(ui);
        let plot = canvas::to_rect(&layout.plot).translate(room.min.to_vec2());
        for (series, index) in &self.points {
            let Some([x, y]) = layout.point_px(figure, *series, *index) else { continue };
            let center = room.min + Vec2::new(x, y);
            if plot.contains(center) {
                ui.painter().circle(center, 3.0, p.panel, Stroke::new(1.5, p.accent));
            }
        }
    }

    /// The value of a series in few words.
    pub fn words(&self, figure: &Figure, series: usize) -> Option<String> {
        Layout::brief_words(figure, series, self.index(series)?)
    }

    /// Writes them into the legend; gives the series that it tells: none where it does not name what is drawn.
    pub fn legend_ui(&self, ui: &Ui, figure: &Figure, drawn: &Drawn, room: Rect) -> Vec<usize> {
        let shown = || drawn.layout.legend.iter().filter(|spot| !spot.hidden);
        let named = |spot: &LegendSpot| figure.series.iter().position(|series| series.name == spot.name);
        let series: Vec<usize> = shown().filter_map(named).collect();
        // One name alone is no legend.
        let names = series.len() > 1 && series.len() == shown().count() && drawn.layout.panels.is_empty();
        if names { self.write_ui(ui, figure, drawn, room, &series) } else { Vec::new() }
    }

    fn write_ui(&self, ui: &Ui, figure: &Figure, drawn: &Drawn, room: Rect, series: &[usize]) -> Vec<usize> {
        let p = look::palette(ui);
        let look = &drawn.look;
        let spots = drawn.layout.legend.iter().map(|spot| canvas::to_rect(&spot.rect).translate(room.min.to_vec2()));
        let Some(place) = spots.clone().reduce(Rect::union) else { return Vec::new() };
        let mut tops: Vec<f32> = spots.map(|rect| rect.top()).collect();
        tops.dedup();
        let words = |series: usize, letters: Option<usize>| {
            let name = figure.series.get(series).map_or("", |series| series.name.as_str());
            let name = letters.map_or_else(|| name.to_owned(), |letters| shortened(name, letters));
            format!("{name} {}", self.words(figure, series).unwrap_or_else(|| "–".to_owned()))
        };
        let place_of = |letters: Option<usize>, wide: f32, rows: usize| {
            let labels: Vec<String> = series.iter().map(|own| words(*own, letters)).collect();
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            legend::place(&labels, wide, rows, look)
        };
        let whole = |entry: &legend::Entry| entry.named.is_some() && !entry.label.ends_with('…');
        let fits = |legend: &legend::Legend| legend.entries.len() == series.len() && legend.entries.iter().all(whole);
        // Over the title of the axis, too, and the top of the plot, where the legend's own room is too small.
        let (own, all) = (room.right() - place.left(), room.width() - look.font_size);
        let rows = tops.len();
        let tries = [(None, own, rows), (None, all, rows), (None, all, rows + 1), (Some(LETTERS), all, rows + 1)];
        let mut placed = tries.into_iter().map(|(letters, wide, rows)| place_of(letters, wide, rows));
        let legend = placed.find(fits).unwrap_or_else(|| place_of(Some(LETTERS), all, rows + 1));
        let line = place.height() / rows.max(1) as f32;
        if legend.rows > rows {
            tops.push(place.bottom());
        }
        let place = place.with_max_y(place.bottom() + line * (tops.len() - rows) as f32);
        let left = place.left().min(room.right() - legend.width - look.font_size * 0.5).max(room.left());
        let begins = if left < place.left() { room.left() } else { place.left() - 2.0 };
        let covered = Rect::from_min_max(pos2(begins, place.top()), pos2(room.right(), place.bottom()));
        ui.painter().rect_filled(covered, 0.0, p.panel);
        for entry in &legend.entries {
            let Some(top) = tops.get(entry.row) else { continue };
            let middle = top + place.height() / tops.len() as f32 / 2.0;
            let mut at = pos2(left + entry.at, middle);
            if let Some(own) = entry.named.and_then(|named| series.get(named)) {
                let color = canvas::to_color(look.color(figure.colour(*own)));
                ui.painter().circle_filled(at + vec2(look.font_size * 0.45, 0.0), 4.0, color);
                at.x += legend::key(look);
            }
            let font = FontId::proportional(look.font_size);
            ui.painter().text(at, Align2::LEFT_CENTER, &entry.label, font, p.strong);
        }
        let told = legend.entries.iter().filter(|entry| whole(entry));
        told.filter_map(|entry| series.get(entry.named?)).copied().collect()
    }

    /// Beside a moment, a line a series, as many as there is room for.
    pub fn plot_ui(&self, ui: &Ui, figure: &Figure, drawn: &Drawn, (layout, room): (&Layout, Rect), at: f32) {
        let p = look::palette(ui);
        let plot = canvas::to_rect(&layout.plot).translate(room.min.to_vec2());
        let one = figure.series.len() == 1;
        let line = |(series, _): &(usize, usize)| {
            let own = figure.series.get(*series)?;
            let name = if own.name.is_empty() { &figure.y_title } else { &own.name };
            // The title of the axis names what is alone, where there is one.
            let name = if one && figure.sketch { "" } else { name.as_str() };
            let text = format!("{} {}", shortened(name, 2 * LETTERS), self.words(figure, *series)?);
            // The colours of bands are those of values.
            let color = if one || layout.bands.is_some() {
                p.strong
            } else {
                canvas::to_color(drawn.look.color(figure.colour(*series)))
            };
            let font = FontId::proportional(look::SMALL);
            Some(ui.painter().layout_no_wrap(text.trim().to_owned(), font, color))
        };
        let high = look::SMALL + 4.0;
        let most = ((plot.height() / high) as usize).max(1);
        let galleys: Vec<_> = self.points.iter().filter_map(line).take(most).collect();
        let wide = galleys.iter().map(|galley| galley.size().x).fold(0.0, f32::max);
        let size = vec2(wide + look::GAP, galleys.len() as f32 * high + 2.0);
        let x = if at + size.x + look::STEP < plot.right() { at + look::STEP } else { at - look::STEP - size.x };
        let place = Rect::from_min_size(Pos2::new(x.max(room.left()), plot.top() + 2.0), size);
        ui.painter().rect_filled(place, CornerRadius::same(3), p.raised);
        for (row, galley) in galleys.into_iter().enumerate() {
            ui.painter().galley(place.min + vec2(look::STEP, 1.0 + row as f32 * high), galley, p.strong);
        }
    }
}

/// The index of exactly `x` in a sorted column.
fn index_at(xs: &[f64], x: f64) -> Option<usize> {
    let at = xs.partition_point(|v| *v < x);
    xs.get(at).is_some_and(|v| *v == x).then_some(at)
}
