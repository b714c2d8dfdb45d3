//! Bars: lengths from zero, side by side where there are several series.

use super::{Mark, PLAIN, Scene, line};
use crate::data::Result;
use crate::figure::layout::{Rect, Slots};
use crate::figure::look::{Rgba, faded};
use crate::figure::pen::{Pen, line_within, rect_within};
use crate::figure::spec::{AxisKind, Figure, Series};

pub(super) const BAR: Mark = Mark {
    name: "bar",
    title: "Bar",
    about: "amounts of categories or of windows of time, compared by length; several series stand side by side",
    zero: true,
    slots: |figure| Some(slots(figure, figure.series.len())),
    draw: |scene, pen| draw(scene, pen, true),
    ..PLAIN
};

/// The share of the room at one x that bars fill.
const FILLED: f64 = 0.8;
/// The most of the plot's width that the bars of one category take.
const WIDEST: f64 = 0.14;

/// The room for so many bars at one x.
pub(super) fn slots(figure: &Figure, count: usize) -> Slots {
    let width = match &figure.x.kind {
        // Few categories do not make slabs of their bars.
        AxisKind::Category(names) => FILLED.min(WIDEST * names.len() as f64),
        _ => spacing(figure).unwrap_or(1.0) * FILLED,
    };
    Slots { width, count: count.max(1), shift: 0.0 }
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

/// Bars in their slots, `apart` with a pixel between neighbours.
pub(super) fn draw(scene: &Scene<'_>, pen: &mut dyn Pen, apart: bool) -> Result<()> {
    let slots = scene.layout.slots.unwrap_or_default();
    let each = slots.width / slots.count.max(1) as f64;
    let wide = each / scene.layout.x.span() * f64::from(scene.layout.plot.width());
    // Finer than a device pixel: bars of one pixel column look like their longest.
    if wide * f64::from(scene.look.scale) < 1.0 {
        columns(scene, pen)?;
    } else {
        let gap = if apart && slots.count > 1 && wide >= 8.0 { 1.0 } else { 0.0 };
        for (number, series) in scene.figure.series.iter().enumerate() {
            each_bar(scene, pen, (number, series), (slots.offset(number), each, gap))?;
        }
    }
    (0..scene.figure.series.len()).try_for_each(|series| line::corrected(scene, pen, series))
}

fn each_bar(
    scene: &Scene<'_>,
    pen: &mut dyn Pen,
    (number, series): (usize, &Series),
    (offset, width, gap): (f64, f64, f32),
) -> Result<()> {
    let plot = scene.layout.plot;
    let color = scene.color(number);
    for (point, (x, y)) in (0..series.len()).filter_map(|i| Some((i, series.point(i)?))) {
        let foot = scene.layout.foot(number, point);
        let [left, base] =
            scene.px_of(series, (x + offset - width / 2.0, scene.start(number, series, point))).map(|v| v as f32);
        let [right, end] = scene.px_of(series, (x + offset + width / 2.0, foot + y));
        let (mut left, mut right) = (left, right as f32);
        if right < plot.left || left > plot.right {
            continue;
        }
        if right - left >= 3.0 {
            // Whole pixels: sharp sides, and neighbours that keep their distance.
            let snap = |v: f32| (v * scene.look.scale).round() / scene.look.scale;
            (left, right) = (snap(left), snap(right) - gap);
        }
        let mut end = end as f32;
        if y != 0.0 && (end - base).abs() < 1.0 && !scene.layout.is_stacked() {
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

/// One bar for each device pixel column and series, from the lowest to the highest end in it; the longest first, so
/// that none hides another.
fn columns(scene: &Scene<'_>, pen: &mut dyn Pen) -> Result<()> {
    let plot = scene.layout.plot;
    let count = scene.columns();
    let shift = scene.layout.slots.map_or(0.0, |slots| slots.shift);
    let ends: Vec<Vec<(f64, f64)>> = scene
        .figure
        .series
        .iter()
        .enumerate()
        .map(|(number, series)| {
            let base = scene.base(series);
            let mut ends = vec![(base, base); count];
            for (i, (x, y)) in (0..series.len()).filter_map(|i| Some((i, series.point(i)?))) {
                let share = scene.layout.x.share(x + shift);
                if let Some(column) = ends
                    .get_mut((share * count as f64).clamp(-1.0, 1e9) as isize as usize)
                    .filter(|_| (0.0..=1.0).contains(&share))
                {
                    let end = y + scene.layout.foot(number, i);
                    *column = (column.0.min(end), column.1.max(end));
                }
            }
            ends
        })
        .collect();
    let wide = plot.width() / count as f32;
    let mut here: Vec<(f32, f32, Rgba)> = Vec::new();
    for index in 0..count {
        here.clear();
        for ((number, series), own) in scene.figure.series.iter().enumerate().zip(&ends) {
            let base = scene.base(series);
            let Some((low, high)) = own.get(index).copied().filter(|ends| *ends != (base, base)) else { continue };
            let end = |v: f64| scene.px_of(series, (0.0, v))[1] as f32;
            here.push((end(high), end(low), scene.color(number)));
        }
        here.sort_by(|a, b| (b.1 - b.0).total_cmp(&(a.1 - a.0)));
        let left = plot.left + index as f32 * wide;
        for (top, bottom, color) in &here {
            rect_within(pen, &plot, Rect::new(left, *top, left + wide, *bottom), *color)?;
        }
    }
    Ok(())
}
