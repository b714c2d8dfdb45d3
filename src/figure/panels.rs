//! Small multiples: a figure's panels side by side, each a picture of its own under one title and one legend, with
//! shared axes.

use super::axis;
use super::layout::{Layout, Rect};
use super::look::Look;
use super::mark::{self, Mark};
use super::moved::{self, Moved};
use super::number;
use super::pen::Pen;
use super::plan::{FigurePlan, Part, Scales, scales};
use super::scale::{Scale, extent};
use super::spec::{Axis, AxisKind, Figure, RightAxis, Series, View};
use super::stack::Stack;
use super::text;
use crate::data::Result;

/// Panels smaller than this, in letters, cannot be read.
const LEAST: [f32; 2] = [9.0, 6.8];
/// A picture lower than this, in letters, leaves the titles of its axes to what stands around it.
const LOW: f32 = 20.0;

/// Draws all panels that find room, and says in the caption how many do not.
pub fn draw(pen: &mut dyn Pen, figure: &Figure, mark: &'static Mark, look: &Look, size: [f32; 2]) -> Result<Layout> {
    // The head is that of a figure with all the names of the panels' series, and without points.
    let mut whole = head_of(figure, mark);
    let low = size[1] < LOW * look.font_size;
    if low {
        whole.y_title.clear();
        whole.right.iter_mut().for_each(|axis| axis.title.clear());
    }
    let mut noted = whole.clone();
    let mut head = FigurePlan::new(&whole, mark, look, size, Part::Whole);
    let top_of = |head: &FigurePlan<'_>| head.layout.plot.top - look.font_size * 0.6;
    let (across, shown) = grid(figure.panels.len(), [size[0], size[1] - top_of(&head)], look);
    let said = format!("{shown} of {} panels find room here", figure.panels.len());
    let missing = shown < figure.panels.len();
    if missing && !low {
        noted.note(&said);
        head = FigurePlan::new(&noted, mark, look, size, Part::Whole);
    }
    let top = top_of(&head);
    head.draw_head(pen)?;

    let down = shown.div_ceil(across).max(1);
    // A low picture has no caption, and says below what must be known.
    let below = match (low, missing) {
        (true, true) => said,
        (true, false) => String::new(),
        (false, _) => head.x_title.clone(),
    };
    let foot = if below.is_empty() { 0.0 } else { text::height(look.font_size) * 1.4 };
    let each = [size[0] / across as f32, (size[1] - top - foot) / down as f32];
    let panels = shared(figure, mark, look, each);
    let mut layouts = Vec::with_capacity(shown);
    for (i, panel) in panels.iter().take(shown).enumerate() {
        let by = [(i % across) as f32 * each[0], top + (i / across) as f32 * each[1]];
        let plan = FigurePlan::new(panel, mark, look, each, Part::Panel);
        plan.draw(&mut Moved { pen, by })?;
        layouts.push(moved::layout(plan.layout, by));
    }
    if foot > 0.0 {
        use plotters::style::text_anchor::{HPos, VPos};
        let at = [f64::from(size[0] / 2.0), f64::from(size[1] - foot)];
        let words = text::clean(&below);
        let words = text::fit(&words, look.font_size, size[0] - 2.0 * look.font_size);
        pen.text(&words, at, (HPos::Center, VPos::Top), look.font_size, look.muted)?;
    }
    let plot = Rect::new(0.0, top, size[0], size[1] - foot);
    Ok(Layout { plot, panels: layouts, ..head.layout.clone() })
}

/// What stands above the panels.
fn head_of(figure: &Figure, mark: &Mark) -> Figure {
    let named = figure.panels.first().map(|panel| panel.series.as_slice()).unwrap_or_default();
    let series = named.iter().enumerate().map(|(i, series)| {
        let colour = figure.panels.first().map_or(i, |panel| panel.colour(i));
        Series { x: [].into(), y: [].into(), states: [].into(), colour: Some(colour), ..series.clone() }
    });
    let y_range = if mark.bands { mark::heat::range(figure) } else { figure.y_range };
    Figure { series: series.collect(), panels: Vec::new(), seam: None, y_range, ..figure.clone() }
}

/// How many panels stand beside each other, and how many there are in all: as many as can be read, in the grid whose
/// cells are nearest to three wide and two high.
fn grid(count: usize, [width, height]: [f32; 2], look: &Look) -> (usize, usize) {
    let em = look.font_size;
    let most_across = ((width / (LEAST[0] * em)) as usize).max(1);
    let most_down = ((height / (LEAST[1] * em)) as usize).max(1);
    let skew = |across: usize| {
        let (wide, high) = (width / across as f32, height / count.div_ceil(across).max(1) as f32);
        (wide / high.max(1.0) / 1.5).ln().abs()
    };
    let fits = |across: &usize| count.div_ceil(*across) <= most_down;
    match (1..=most_across.min(count.max(1))).filter(fits).min_by(|a, b| skew(*a).total_cmp(&skew(*b))) {
        Some(across) => (across, count),
        None => (most_across, count.min(most_across * most_down)),
    }
}

/// The panels with what they share: the range of x, and of y unless it is free.
fn shared(figure: &Figure, mark: &'static Mark, look: &Look, each: [f32; 2]) -> Vec<Figure> {
    let with = |panel: &Figure, view: Option<View>| Figure {
        mark: figure.mark.clone(),
        x: Axis { title: String::new(), kind: figure.x.kind.clone() },
        y_title: String::new(),
        y_kind: figure.y_kind.clone(),
        x_format: figure.x_format.clone(),
        y_format: figure.y_format.clone(),
        seam: figure.seam,
        gaps: figure.gaps.clone(),
        unread: figure.unread.clone(),
        now: figure.now,
        zone: figure.zone,
        apart: figure.apart,
        rules: figure.rules.clone(),
        bin: figure.bin,
        right: panel.right.clone().map(|axis| RightAxis { title: String::new(), ..axis }),
        view,
        ..panel.clone()
    };
    let scaled = |panel: &Figure| -> Scales {
        let stack = mark.stacks.then(|| Stack::of(panel));
        scales(panel, mark, (mark.slots)(panel), stack.as_ref())
    };
    let plain: Vec<Figure> = figure.panels.iter().map(|panel| with(panel, figure.view)).collect();
    let all: Vec<Scales> = plain.iter().map(scaled).filter(|scales| !scales.empty).collect();
    let union = |of: &dyn Fn(&Scales) -> Option<Scale>| {
        extent(all.iter().filter_map(of).flat_map(|scale| [scale.lo(), scale.hi()]))
    };
    let x = union(&|scales| Some(scales.x));
    // Lines end at a line of the grid, as in a picture that stands alone.
    let widened = |(lo, hi): (f64, f64)| {
        let (steps, nice) = (axis::y_steps(each[1] * 0.6, look), |least: f64| figure.y_format.number.nice_step(least));
        let scale = Scale::new(lo, hi);
        let kept = figure.y_kind == AxisKind::Power || mark.bands;
        if kept { scale.range() } else { number::widen_by(scale, steps, nice).range() }
    };
    let y = union(&|scales| Some(scales.y)).map(widened);
    let right = union(&|scales| scales.right);
    let own = figure.free_y || mark.bands;
    let colours = mark.bands.then(|| mark::heat::range(figure)).flatten();
    let shared = plain.into_iter().map(|panel| {
        let axis = panel.right.clone().map(|axis| RightAxis { range: right.filter(|_| !own), ..axis });
        let view = View { x, y: figure.view.and_then(|view| view.y) };
        Figure { view: Some(view), y_range: colours.or(y.filter(|_| !own)), right: axis, ..panel }
    });
    shared.collect()
}
