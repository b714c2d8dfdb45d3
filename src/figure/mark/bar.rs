//! Bars: lengths from zero, side by side where there are several series.

use super::{Key, Mark, Scene, line};
use crate::data::Result;
use crate::figure::layout::{Rect, Slots};
use crate::figure::look::{Rgba, faded};
use crate::figure::pen::{Pen, line_within, rect_within};
use crate::figure::spec::{AxisKind, Figure, Series};

pub(super) const BAR: Mark = Mark {
    name: "bar",
    title: "Bar",
    about: "amounts of categories or of windows of time, compared by length",
    key: Key::Box,
    unfinished: "outlined",
    zero: true,
    joins: false,
    free: false,
    bands: false,
    slots: |figure| Some(slots(figure)),
    draw,
};

/// The share of the room at one x that bars fill.
const FILLED: f64 = 0.8;
/// The most of the plot's width that the bars of one category take.
const WIDEST: f64 = 0.14;

fn slots(figure: &Figure) -> Slots {
    let width = match &figure.x.kind {
        // Few categories do not make slabs of their bars.
        AxisKind::Category(names) => FILLED.min(WIDEST * names.len() as f64),
        _ => spacing(figure).unwrap_or(1.0) * FILLED,
    };
    Slots { width, count: figure.series.len().max(1) }
}

/// The smallest distance between two different x; of a single x, something in proportion to it.
pub(super) fn spacing(figure: &Figure) -> Option<f64> {
    let mut xs: Vec<f64> =
        figure.series.iter().flat_map(|series| series.x.iter().copied()).filter(|x| x.is_finite()).collect();
    // Ascending runs one after another: what a stable sort is fast at.
    xs.sort_by(f64::total_cmp);
    let apart = xs.windows(2).map(|pair| pair[1] - pair[0]).filter(|d| *d > 0.0).fold(f64::INFINITY, f64::min);
    if apart.is_finite() {
        return Some(apart);
    }
    let only = xs.first()?.abs();
    Some(match figure.x.kind {
        // A lone window of time may have any length.
        AxisKind::Time | AxisKind::Clock => 60e6,
        _ => (only * 0.1).clamp(1e-290, 1e290).max(if only < 1e3 { 1.0 } else { 0.0 }),
    })
}

fn draw(scene: &Scene<'_>, pen: &mut dyn Pen) -> Result<()> {
    let slots = scene.layout.slots.unwrap_or_default();
    let count = slots.count.max(1);
    let each = slots.width / count as f64;
    let wide = each / scene.layout.x.span() * f64::from(scene.layout.plot.width());
    // Finer than a device pixel: bars of one pixel column look like their longest.
    let fine = wide * f64::from(scene.look.scale) < 1.0;
    for (index, (series, color)) in scene.figure.series.iter().zip((0..).map(|i| scene.color(i))).enumerate() {
        if fine {
            columns(scene, pen, series, color)?;
        } else {
            each_bar(scene, pen, series, (slots.offset(index), each, count), color)?;
        }
        line::corrected(scene, pen, index)?;
    }
    Ok(())
}

fn each_bar(
    scene: &Scene<'_>,
    pen: &mut dyn Pen,
    series: &Series,
    (offset, width, count): (f64, f64, usize),
    color: Rgba,
) -> Result<()> {
    let plot = scene.layout.plot;
    let base = scene.px((0.0, 0.0))[1] as f32;
    for (point, (x, y)) in (0..series.len()).filter_map(|i| Some((i, series.point(i)?))) {
        let left = scene.px((x + offset - width / 2.0, 0.0))[0] as f32;
        let [right, end] = scene.px((x + offset + width / 2.0, y));
        let (mut left, mut right) = (left, right as f32);
        if right < plot.left || left > plot.right {
            continue;
        }
        if right - left >= 3.0 {
            // Whole pixels: sharp sides, and neighbours that keep their distance.
            let snap = |v: f32| (v * scene.look.scale).round() / scene.look.scale;
            let apart = if count > 1 && right - left >= 8.0 { 1.0 } else { 0.0 };
            (left, right) = (snap(left), snap(right) - apart);
        }
        let mut end = end as f32;
        if y != 0.0 && (end - base).abs() < 1.0 {
            // A value that is not zero is not drawn as nothing.
            end = base - if y > 0.0 { 1.0 } else { -1.0 };
        }
        let bar = Rect::new(left, end.min(base), right, end.max(base));
        if series.is_unfinished(point) {
            rect_within(pen, &plot, bar, faded(color, 0.25))?;
            let [l, t, r, b] = [bar.left + 0.5, bar.top, bar.right - 0.5, bar.bottom].map(f64::from);
            line_within(pen, &plot, &[[l, b], [l, t], [r, t], [r, b], [l, b]], 1.0, color)?;
        } else {
            rect_within(pen, &plot, bar, color)?;
        }
    }
    Ok(())
}

/// One bar for each device pixel column, from the lowest to the highest end in it.
fn columns(scene: &Scene<'_>, pen: &mut dyn Pen, series: &Series, color: Rgba) -> Result<()> {
    let plot = scene.layout.plot;
    let count = scene.columns();
    let mut ends = vec![(0.0f64, 0.0f64); count];
    for (x, y) in (0..series.len()).filter_map(|i| series.point(i)) {
        let share = scene.layout.x.share(x);
        if let Some(column) = ends
            .get_mut((share * count as f64).clamp(-1.0, 1e9) as isize as usize)
            .filter(|_| (0.0..=1.0).contains(&share))
        {
            *column = (column.0.min(y), column.1.max(y));
        }
    }
    let wide = plot.width() / count as f32;
    for (index, (low, high)) in ends.into_iter().enumerate().filter(|(_, ends)| *ends != (0.0, 0.0)) {
        let left = plot.left + index as f32 * wide;
        let (top, bottom) = (scene.px((0.0, high))[1] as f32, scene.px((0.0, low))[1] as f32);
        rect_within(pen, &plot, Rect::new(left, top, left + wide, bottom), color)?;
    }
    Ok(())
}
