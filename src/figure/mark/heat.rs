//! A heat map: each series a band across the picture, each value a cell, the larger the further its colour from
//! the paper's. For matrices, and for many series of which lines would make a knot.

use plotters::style::text_anchor::{HPos, VPos};

use super::{Mark, PLAIN, Scene, bar, line};
use crate::data::Result;
use crate::figure::layout::{Rect, Slots};
use crate::figure::look::{blended, faded, readable};
use crate::figure::number;
use crate::figure::pen::{Pen, line_within, rect_within};
use crate::figure::spec::{Figure, Series};
use crate::figure::text;

pub(super) const HEAT: Mark = Mark {
    name: "heat",
    title: "Heat map",
    about: "a band a series, coloured by the value: matrices, and many series side by side",
    free: true,
    bands: true,
    slots: |figure| Some(Slots { width: bar::spacing(figure).unwrap_or(1.0), count: 1, shift: 0.0 }),
    draw,
    ..PLAIN
};

/// How opaque a value is that is still to change.
const OPEN: f32 = 0.6;

/// What the first and the last colour stand for: from 0 where nothing is below it. Panels share theirs.
pub fn range(figure: &Figure) -> Option<(f64, f64)> {
    if figure.y_range.is_some() {
        return figure.y_range;
    }
    let values = figure.all_series().flat_map(|s| (0..s.len()).filter_map(|i| Some(s.point(i)?.1)));
    let (lo, hi) = crate::figure::scale::extent(values)?;
    Some(if lo >= 0.0 { (0.0, hi) } else { (lo, hi) })
}

fn draw(scene: &Scene<'_>, pen: &mut dyn Pen) -> Result<()> {
    let Some(range) = range(scene.figure) else { return Ok(()) };
    let wide = scene.layout.slots.map_or(1.0, |slots| slots.width);
    let fine = wide / scene.layout.x.span() * f64::from(scene.layout.plot.width()) * f64::from(scene.look.scale) < 1.0;
    for (index, series) in scene.figure.series.iter().enumerate() {
        if fine {
            columns(scene, pen, index, series, range)?;
        } else {
            cells(scene, pen, index, series, wide, range)?;
        }
        line::corrected(scene, pen, index)?;
    }
    Ok(())
}

/// Where between the first and the last colour a value stands.
fn share(value: f64, (lo, hi): (f64, f64)) -> f64 {
    // Halved, so that the widest range stays finite.
    let (part, all) = (value / 2.0 - lo / 2.0, hi / 2.0 - lo / 2.0);
    if all > 0.0 { (part / all).clamp(0.0, 1.0) } else { 0.0 }
}

fn cells(
    scene: &Scene<'_>,
    pen: &mut dyn Pen,
    index: usize,
    series: &Series,
    wide: f64,
    range: (f64, f64),
) -> Result<()> {
    let (plot, look) = (scene.layout.plot, scene.look);
    let snap = |v: f64| (v as f32 * look.scale).round() / look.scale;
    for (point, (x, y)) in (0..series.len()).filter_map(|i| Some((i, series.point(i)?))) {
        let (_, band) = scene.layout.place(index, point, (x, y));
        let [left, bottom] = scene.px((x - wide / 2.0, band - 0.5));
        let [right, top] = scene.px((x + wide / 2.0, band + 0.5));
        // A pixel between neighbours where there is room for it.
        let gap = |length: f64| if length >= 8.0 { 1.0 } else { 0.0 };
        let cell = Rect::new(snap(left), snap(top), snap(right) - gap(right - left), snap(bottom) - gap(bottom - top));
        if cell.right < plot.left || cell.left > plot.right || cell.bottom < plot.top || cell.top > plot.bottom {
            continue;
        }
        let open = series.is_unfinished(point);
        let opaque = if open { OPEN } else { 1.0 };
        let color = look.ramp(share(y, range));
        rect_within(pen, &plot, cell, faded(color, opaque))?;
        if open {
            let [l, t, r, b] = [cell.left + 0.5, cell.top + 0.5, cell.right - 0.5, cell.bottom - 0.5].map(f64::from);
            line_within(pen, &plot, &[[l, b], [l, t], [r, t], [r, b], [l, b]], 1.5, look.ink)?;
        }
        let words = number::value((y * 100.0).round() / 100.0);
        let size = look.font_size;
        let inside = Rect::new(
            cell.left.max(plot.left),
            cell.top.max(plot.top),
            cell.right.min(plot.right),
            cell.bottom.min(plot.bottom),
        );
        if text::width(&words, size) + 6.0 < inside.width() && text::height(size) + 4.0 < inside.height() {
            let at = [f64::from(inside.left + inside.right) / 2.0, f64::from(inside.top + inside.bottom) / 2.0];
            let ink = readable(blended(look.paper, color, opaque), look.paper, look.ink);
            pen.text(&words, at, (HPos::Center, VPos::Center), size, ink)?;
        }
    }
    Ok(())
}

/// One cell for each device pixel column, of the mean of what lies in it.
fn columns(scene: &Scene<'_>, pen: &mut dyn Pen, index: usize, series: &Series, range: (f64, f64)) -> Result<()> {
    let plot = scene.layout.plot;
    let count = scene.columns();
    let mut means = vec![(0.0_f64, 0.0_f64); count];
    for (x, y) in (0..series.len()).filter_map(|i| series.point(i)) {
        let share = scene.layout.x.share(x);
        if let Some(mean) = means
            .get_mut((share * count as f64).clamp(-1.0, 1e9) as isize as usize)
            .filter(|_| (0.0..=1.0).contains(&share))
        {
            mean.1 += 1.0;
            mean.0 += (y - mean.0) / mean.1;
        }
    }
    let (_, band) = scene.layout.place(index, 0, (0.0, 0.0));
    let (top, bottom) = (scene.px((0.0, band + 0.5))[1] as f32, scene.px((0.0, band - 0.5))[1] as f32);
    let wide = plot.width() / count as f32;
    for (column, (mean, _)) in means.into_iter().enumerate().filter(|(_, (_, rows))| *rows > 0.0) {
        let left = plot.left + column as f32 * wide;
        rect_within(pen, &plot, Rect::new(left, top, left + wide, bottom), scene.look.ramp(share(mean, range)))?;
    }
    Ok(())
}
