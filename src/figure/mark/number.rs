//! Big numbers: the newest value of each series, how it changed, and the values before it as a small line.

use plotters::style::text_anchor::{HPos, VPos};

use super::{Mark, PLAIN, Polyline, Scene, line};
use crate::data::Result;
use crate::figure::layout::{Layout, Rect};
use crate::figure::pen::Pen;
use crate::figure::scale::{Scale, extent};
use crate::figure::spec::Series;
use crate::figure::text;

pub(super) const NUMBER: Mark = Mark {
    name: "number",
    title: "Numbers",
    about: "the newest value, large, with its change and the values before it",
    unfinished: "left out of the number",
    bare: true,
    draw,
    ..PLAIN
};

/// What there is to say of a series.
struct Newest {
    value: f64,
    /// As a share of the value before it.
    change: Option<f64>,
}

/// The last value that is settled, or the last where none is.
fn newest(series: &Series) -> Option<Newest> {
    let settled = |i: &usize| !series.is_unfinished(*i);
    let known = |i: usize| Some((i, series.point(i)?.1));
    let (at, value) =
        (0..series.len()).rev().filter(settled).find_map(known).or_else(|| (0..series.len()).rev().find_map(known))?;
    let before = (0..at).rev().filter(settled).find_map(known).map(|(_, before)| before);
    let change = before.filter(|before| *before != 0.0).map(|before| (value - before) / before.abs());
    Some(Newest { value, change: change.filter(|change| change.is_finite()) })
}

fn draw(scene: &Scene<'_>, pen: &mut dyn Pen) -> Result<()> {
    let count = scene.figure.series.len();
    let plot = scene.layout.plot;
    // As many beside each other as leave them somewhat wider than high, and few places empty.
    let skew = |across: usize| {
        let down = count.div_ceil(across);
        let shape = (plot.width() / across as f32) / (plot.height() / down as f32).max(1.0);
        (shape / 1.8).max(1e-6).ln().abs() + 0.3 * (across * down - count) as f32
    };
    let across = (1..=count).min_by(|a, b| skew(*a).total_cmp(&skew(*b))).unwrap_or(1);
    let down = count.div_ceil(across).max(1);
    let (wide, high) = (plot.width() / across as f32, plot.height() / down as f32);
    for (number, series) in scene.figure.series.iter().enumerate() {
        let (left, top) = (plot.left + (number % across) as f32 * wide, plot.top + (number / across) as f32 * high);
        cell(scene, pen, (number, series), Rect::new(left, top, left + wide, top + high))?;
    }
    Ok(())
}

fn cell(scene: &Scene<'_>, pen: &mut dyn Pen, (number, series): (usize, &Series), room: Rect) -> Result<()> {
    let (look, em) = (scene.look, scene.look.font_size);
    let space = room.width() - em * 2.0;
    let found = newest(series);
    let (_, format) = scene.figure.axis_of(number);
    let value = found.as_ref().map_or_else(|| "–".to_owned(), |newest| format.short(newest.value));
    let lined = (0..series.len()).filter(|i| series.point(*i).is_some()).count() > 1 && room.height() > em * 7.0;
    let above = if lined { room.height() * 0.62 } else { room.height() };
    let named = above > em * 3.5 && !series.name.is_empty();
    // As large as the room allows, in both directions.
    let size = (above * 0.42).min(em * 6.0).min(space / text::width(&value, 1.0).max(0.1)).max(em * 0.8);
    let tall = text::height(size) + if named { text::height(em) * 1.2 } else { 0.0 };
    let middle = f64::from((room.left + room.right) / 2.0);
    let mut top = room.top + (above - tall) / 2.0;
    if named {
        let name = text::clean(&series.name);
        let name = text::fit(&name, em, space);
        pen.text(&name, [middle, f64::from(top)], (HPos::Center, VPos::Top), em, look.muted)?;
        top += text::height(em) * 1.2;
    }
    // The value in the middle, its change beside it where there is room.
    pen.text(&value, [middle, f64::from(top)], (HPos::Center, VPos::Top), size, look.ink)?;
    if let Some(change) = found.and_then(|newest| newest.change) {
        let sign = if change < 0.0 { "\u{2212}" } else { "+" };
        let words = format!("{sign}{:.1} %", change.abs() * 100.0);
        let right = middle as f32 + text::width(&value, size) / 2.0 + em * 0.6;
        if right + text::width(&words, em) < room.right {
            let at = [f64::from(right), f64::from(top + text::height(size) * 0.62)];
            pen.text(&words, at, (HPos::Left, VPos::Center), em, look.muted)?;
        }
    }
    if lined {
        let below = Rect::new(room.left + em, room.top + above + em * 0.3, room.right - em, room.bottom - em * 0.5);
        spark(scene, pen, (number, series), below)?;
    }
    Ok(())
}

/// The values before, without axes; gaps stay gaps.
fn spark(scene: &Scene<'_>, pen: &mut dyn Pen, (number, series): (usize, &Series), room: Rect) -> Result<()> {
    let points = || (0..series.len()).filter_map(|i| series.point(i));
    let settled = (0..series.len()).filter(|i| !series.is_unfinished(*i)).filter_map(|i| series.point(i));
    let (Some((left, right)), Some((lo, hi))) = (
        extent(points().map(|(x, _)| x)),
        extent(settled.map(|(_, y)| y)).or_else(|| extent(points().map(|(_, y)| y))),
    ) else {
        return Ok(());
    };
    let layout =
        Layout { plot: room, x: Scale::new(left, right), y: Scale::new(lo, hi), right: None, ..scene.layout.clone() };
    let small = Scene { figure: scene.figure, layout: &layout, look: scene.look };
    let runs: Vec<Polyline> = small.runs(series);
    line::stroke(&small, pen, &runs, small.color(number))?;
    line::hollow(&small, pen, number)?;
    line::corrected(&small, pen, number)
}
