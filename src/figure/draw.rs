//! The one way a figure is drawn, on any surface of plotters: layout, paper, grid, marks, notes, words.

use plotters::prelude::{DrawingBackend, IntoDrawingArea};
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{self, Room, XTick};
use super::clip::Px;
use super::layout::{Layout, Rect};
use super::legend::{self, Legend};
use super::look::{Look, faded};
use super::mark::{self, Key, Mark, Scene};
use super::number::{self, Ticks};
use super::pen::{FINE, Paper, Pen, line_within, rect_within};
use super::scale::Scale;
use super::spec::{AxisKind, Figure};
use super::text;
use crate::data::{Fault, Result};

/// Draws the figure over the whole surface, whose unit is a tenth of a point (`pen::FINE`).
///
/// # Errors
/// When the figure's mark does not exist, or the surface fails.
pub fn draw<DB: DrawingBackend>(surface: DB, figure: &Figure, look: &Look) -> Result<Layout> {
    text::register();
    let mark = mark::find(&figure.mark)?;
    let area = surface.into_drawing_area();
    let (width, height) = area.dim_in_pixel();
    let size = [width as f32 / FINE as f32, height as f32 / FINE as f32];
    let plan = Plan::new(figure, mark, look, size);
    let mut paper = Paper { area };
    plan.draw(&mut paper)?;
    paper.area.present().map_err(|e| Fault::new(format!("the picture could not be finished: {e}")))?;
    Ok(plan.layout)
}

/// Everything that is settled before the first stroke.
struct Plan<'a> {
    figure: &'a Figure,
    mark: &'static Mark,
    look: &'a Look,
    layout: Layout,
    empty: bool,
    x_ticks: Vec<XTick>,
    y_ticks: Ticks,
    legend: Legend,
    head: Head,
    x_title: String,
    /// Base position of the x title's line, where there is room for it.
    x_title_at: Option<f32>,
}

/// The tops of the lines above the plot; `None` where there is nothing to say or no room.
#[derive(Default)]
struct Head {
    title: Option<f32>,
    caption: Option<f32>,
    legend: Option<f32>,
    /// Left end of the legend.
    legend_left: f32,
    y_title: Option<f32>,
    seam: Option<f32>,
}

/// Around the picture.
fn margin(look: &Look) -> f32 {
    look.font_size
}

impl<'a> Plan<'a> {
    fn new(figure: &'a Figure, mark: &'static Mark, look: &'a Look, size: [f32; 2]) -> Self {
        let slots = (mark.slots)(figure);
        let (x, y, empty) = scales(figure, mark, slots);
        let seam = figure.seam.filter(|at| x.holds(*at) && !empty);

        let (head, legend, top) = head(figure, look, size, seam.is_some());
        let (margin, line) = (margin(look), text::height(look.font_size));
        let x_title = match (&figure.x.kind, figure.x.title.as_str()) {
            (AxisKind::Time, "") => "UTC".to_owned(),
            (AxisKind::Time, title) if !title.contains("UTC") => format!("{title} (UTC)"),
            (_, title) => title.to_owned(),
        };
        let lines = if matches!(figure.x.kind, AxisKind::Time) { 2.0 } else { 1.0 };
        let has_x_title = !x_title.is_empty() && size[1] > look.font_size * 12.0;
        let foot = TICK + GAP + line * lines + if has_x_title { line + GAP } else { 0.0 } + margin * 0.6;
        let bottom = (size[1] - foot).max(top);

        // The range is widened to whole steps once the height is known, and that settles the labels' width.
        let whole = y.span() < 10.0 && whole_numbers(figure);
        let height = bottom - top;
        let fixed = figure.view.is_some_and(|view| view.y.is_some());
        let y = if fixed || empty { y } else { number::widen(y, axis::y_steps(height, look)) };
        let y_ticks = if empty { Ticks { step: 1.0, values: Vec::new(), labels: Vec::new() } } else { axis::y_ticks(y, height, whole, look) };
        let widest = y_ticks.labels.iter().map(|label| text::width(label, look.font_size)).fold(0.0, f32::max);
        // In steps, so that a growing count does not shake the picture.
        let labels = (widest / 8.0).ceil() * 8.0;
        let left = (margin + labels + if widest > 0.0 { GAP * 1.5 } else { 0.0 }).round().min(size[0] * 0.5);
        let right = (size[0] - margin * 1.5).round().max(left);

        let plot = Rect::new(left, top.round(), right, bottom.round().max(top.round()));
        let layout = Layout { size, plot, x, y, slots, free: mark.free };
        let room = Room { width: plot.width(), before: left - 2.0, after: size[0] - right - 2.0 };
        let x_ticks = if empty { Vec::new() } else { axis::x_ticks(&figure.x.kind, x, room, look) };
        let x_title_at = has_x_title.then_some(bottom + TICK + GAP + line * lines + GAP * 0.4);
        Self { figure, mark, look, layout, empty, x_ticks, y_ticks, legend, head, x_title, x_title_at }
    }

    fn draw(&self, pen: &mut dyn Pen) -> Result<()> {
        let [width, height] = self.layout.size;
        pen.rect(Rect::new(0.0, 0.0, width, height), self.look.paper)?;
        self.draw_head(pen)?;
        let plot = self.layout.plot;
        if plot.width() < 8.0 || plot.height() < 8.0 {
            return Ok(());
        }
        if self.empty {
            self.rule(pen, plot.bottom, self.look.axis)?;
            let at = center(&plot);
            pen.text("No rows yet", at, (HPos::Center, VPos::Center), self.look.font_size * 1.1, self.look.muted)?;
            return self.draw_x_title(pen);
        }
        self.draw_gaps(pen)?;
        self.draw_grid(pen)?;
        let scene = Scene { figure: self.figure, layout: &self.layout, look: self.look };
        (self.mark.draw)(&scene, pen)?;
        self.draw_axes(pen)?;
        self.draw_seam(pen)?;
        self.draw_x_title(pen)
    }

    fn draw_head(&self, pen: &mut dyn Pen) -> Result<()> {
        let (look, margin) = (self.look, margin(self.look));
        let room = self.layout.size[0] - 2.0 * margin;
        let mut line = |top: Option<f32>, words: &str, size: f32, color| -> Result<()> {
            let Some(top) = top else { return Ok(()) };
            let words = text::clean(words);
            pen.text(&text::fit(&words, size, room), at(margin, top), (HPos::Left, VPos::Top), size, color)
        };
        line(self.head.title, &self.figure.title, look.title_size(), look.ink)?;
        line(self.head.caption, &self.figure.caption, look.font_size, look.muted)?;
        line(self.head.y_title, &self.figure.y_title, look.font_size, look.muted)?;
        let Some(top) = self.head.legend else { return Ok(()) };
        let line = legend_line(look);
        for entry in &self.legend.entries {
            let left = self.head.legend_left + entry.at;
            let middle = top + line * (entry.row as f32) + text::height(look.font_size) / 2.0;
            let words = if let Some(series) = entry.series {
                self.draw_key(pen, left, middle, series)?;
                left + legend::key(look)
            } else {
                left
            };
            let color = if entry.series.is_some() { look.ink } else { look.muted };
            pen.text(&entry.label, at(words, middle), (HPos::Left, VPos::Center), look.font_size, color)?;
        }
        Ok(())
    }

    fn draw_key(&self, pen: &mut dyn Pen, left: f32, middle: f32, series: usize) -> Result<()> {
        let (em, color) = (self.look.font_size, self.look.color(series));
        match self.mark.key {
            Key::Line => pen.line(&[at(left, middle), at(left + em * 1.2, middle)], self.look.stroke() * 1.4, color),
            Key::Box => {
                let side = (em * 0.85).round();
                let (left, top) = ((left + em * 0.2).round(), (middle - side / 2.0).round());
                pen.rect(Rect::new(left, top, left + side, top + side), color)
            }
            Key::Dot => pen.circle(at(left + em * 0.7, middle), em * 0.34, color),
        }
    }

    fn draw_grid(&self, pen: &mut dyn Pen) -> Result<()> {
        for value in &self.y_ticks.values {
            self.rule(pen, self.layout.to_px((self.layout.x.lo(), *value))[1], self.look.grid)?;
        }
        // Two measures: both directions are read.
        if self.mark.free && !matches!(self.figure.x.kind, AxisKind::Category(_)) {
            for tick in &self.x_ticks {
                let x = self.crisp(self.layout.plot.left + tick.at);
                pen.line(&[at(x, self.layout.plot.top), at(x, self.layout.plot.bottom)], 1.0, self.look.grid)?;
            }
        }
        Ok(())
    }

    fn draw_axes(&self, pen: &mut dyn Pen) -> Result<()> {
        let (plot, look) = (self.layout.plot, self.look);
        for (value, label) in self.y_ticks.values.iter().zip(&self.y_ticks.labels) {
            let y = self.layout.to_px((self.layout.x.lo(), *value))[1];
            pen.text(label, at(plot.left - GAP * 1.5, y), (HPos::Right, VPos::Center), look.font_size, look.muted)?;
        }
        let base = if self.layout.y.holds(0.0) { self.layout.to_px((self.layout.x.lo(), 0.0))[1] } else { plot.bottom };
        self.rule(pen, base, look.axis)?;
        let line = text::height(look.font_size);
        for tick in &self.x_ticks {
            let x = self.crisp(plot.left + tick.at);
            if !matches!(self.figure.x.kind, AxisKind::Category(_)) {
                pen.line(&[at(x, plot.bottom + 1.0), at(x, plot.bottom + TICK)], 1.0, look.axis)?;
            }
            let top = plot.bottom + TICK + GAP * 0.5;
            pen.text(&tick.label, at(plot.left + tick.label_at, top), (HPos::Center, VPos::Top), look.font_size, look.muted)?;
            if let Some(context) = &tick.context {
                let half = text::width(context, look.font_size) / 2.0;
                let middle = (plot.left + tick.at).min(self.layout.size[0] - 2.0 - half).max(2.0 + half);
                pen.text(context, at(middle, top + line), (HPos::Center, VPos::Top), look.font_size, look.ink)?;
            }
        }
        Ok(())
    }

    fn draw_x_title(&self, pen: &mut dyn Pen) -> Result<()> {
        let Some(top) = self.x_title_at else { return Ok(()) };
        let plot = self.layout.plot;
        let words = text::clean(&self.x_title);
        let words = text::fit(&words, self.look.font_size, plot.width());
        pen.text(&words, at((plot.left + plot.right) / 2.0, top), (HPos::Center, VPos::Top), self.look.font_size, self.look.muted)
    }

    /// A tinted, hatched band for each stretch without data.
    fn draw_gaps(&self, pen: &mut dyn Pen) -> Result<()> {
        let (plot, look) = (self.layout.plot, self.look);
        let side = |x: f64| -> f32 {
            let share = if x.is_nan() { 0.0 } else { self.layout.x.share(x).clamp(0.0, 1.0) };
            plot.left + share as f32 * plot.width()
        };
        let mut bands: Vec<(f32, f32)> = self
            .figure
            .gaps
            .iter()
            .filter(|(a, b)| a.max(*b) >= self.layout.x.lo() && a.min(*b) <= self.layout.x.hi())
            .map(|(a, b)| (side(a.min(*b)), side(a.max(*b))))
            .collect();
        bands.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Bands that touch are one; one thinner than a pixel is still seen.
        let mut merged: Vec<(f32, f32)> = Vec::new();
        for (left, right) in bands {
            let right = right.max(left + 1.0);
            match merged.last_mut() {
                Some(last) if left <= last.1 => last.1 = last.1.max(right),
                _ => merged.push((left, right)),
            }
        }
        for (left, right) in merged {
            let band = Rect::new(left, plot.top, right, plot.bottom);
            rect_within(pen, &plot, band, faded(look.gap, 0.13))?;
            if right - left < 6.0 {
                continue;
            }
            let frame = Rect::new(left, plot.top, right.min(plot.right), plot.bottom);
            let mut foot = left - (left % HATCH) - plot.height();
            while foot < right {
                let stripe = [at(foot, plot.bottom), at(foot + plot.height(), plot.top)];
                line_within(pen, &frame, &stripe, 0.8, faded(look.gap, 0.28))?;
                foot += HATCH;
            }
            let size = look.small_size();
            let width = text::width(NO_DATA, size);
            if right - left > width + 8.0 {
                let middle = center(&band);
                let label =
                    Rect::new(middle[0] as f32 - width / 2.0 - 4.0, plot.top + 5.0, middle[0] as f32 + width / 2.0 + 4.0, plot.top + 9.0 + text::height(size));
                pen.rect(label, look.paper)?;
                pen.text(NO_DATA, at(middle[0] as f32, plot.top + 7.0), (HPos::Center, VPos::Top), size, look.muted)?;
            }
        }
        Ok(())
    }

    /// A dashed rule where history ends, with a word on either side above the plot.
    fn draw_seam(&self, pen: &mut dyn Pen) -> Result<()> {
        let (Some(seam), Some(top)) = (self.figure.seam, self.head.seam) else { return Ok(()) };
        let (plot, look) = (self.layout.plot, self.look);
        let x = self.crisp(self.layout.to_px((seam, self.layout.y.lo()))[0]);
        let mut y = top + 1.0;
        while y < plot.bottom {
            pen.line(&[at(x, y), at(x, (y + DASH).min(plot.bottom))], 1.2, look.seam)?;
            y += DASH * 1.75;
        }
        let size = look.small_size();
        let mut word = |word: &str, x: f32, h: HPos| pen.text(word, at(x, top), (h, VPos::Top), size, look.ink);
        let (before, after) = (text::width(HISTORY, size), text::width(LIVE, size));
        if x + GAP + after > self.layout.size[0] - 2.0 {
            word(&format!("{HISTORY} | {LIVE}"), x - GAP, HPos::Right)
        } else if x - GAP - before < 2.0 {
            word(&format!("{HISTORY} | {LIVE}"), x + GAP, HPos::Left)
        } else {
            word(HISTORY, x - GAP, HPos::Right)?;
            word(LIVE, x + GAP, HPos::Left)
        }
    }

    /// A hairline across the plot.
    fn rule(&self, pen: &mut dyn Pen, y: f32, color: super::Rgba) -> Result<()> {
        let y = self.crisp(y);
        pen.line(&[at(self.layout.plot.left, y), at(self.layout.plot.right, y)], 1.0, color)
    }

    /// The nearest place where a line one point wide covers whole pixels.
    fn crisp(&self, v: f32) -> f32 {
        let scale = self.look.scale.max(0.1);
        let wide = scale.round().max(1.0);
        ((v * scale - wide / 2.0).round() + wide / 2.0) / scale
    }
}

const NO_DATA: &str = "no data";
const HISTORY: &str = "history";
const LIVE: &str = "live";
/// Length of a tick's stroke, and of the space between an axis and its words.
const TICK: f32 = 4.0;
const GAP: f32 = 5.0;
/// Between the stripes of a gap, and the length of a dash of the seam.
const HATCH: f32 = 9.0;
const DASH: f32 = 4.0;

fn at(x: f32, y: f32) -> Px {
    [f64::from(x), f64::from(y)]
}

fn center(rect: &Rect) -> Px {
    at((rect.left + rect.right) / 2.0, (rect.top + rect.bottom) / 2.0)
}

fn legend_line(look: &Look) -> f32 {
    (text::height(look.font_size) * 1.25).round()
}

/// The lines above the plot, from the top, as far as the height allows; and where the plot begins.
fn head(figure: &Figure, look: &Look, size: [f32; 2], seam: bool) -> (Head, Legend, f32) {
    let (margin, em) = (margin(look), look.font_size);
    let mut head = Head::default();
    let mut top = margin * 0.8;
    if !figure.title.is_empty() && size[1] > em * 11.0 {
        head.title = Some(top);
        top += (text::height(look.title_size()) * 1.1).round();
    }
    if !figure.caption.is_empty() && size[1] > em * 14.0 {
        head.caption = Some(top);
        top += (text::height(em) * 1.1).round();
    }
    if head.title.is_some() || head.caption.is_some() {
        top += em * 0.5;
    }
    let rows = if size[1] < em * 12.0 { 0 } else { if size[1] < em * 24.0 { 1 } else { 2 } };
    let names: Vec<&str> = figure.series.iter().map(|series| series.name.as_str()).collect();
    let room = size[0] - 2.0 * margin;
    let y_title = if size[1] > em * 9.0 { text::width(&text::clean(&figure.y_title), em) } else { 0.0 };

    // The y title and a short legend share a line; a longer legend has its own above it.
    let beside = legend::place(&names, room - y_title - em * 2.0, 1, look);
    let whole = beside.entries.len() == names.len() && beside.entries.iter().all(|entry| entry.series.is_some());
    let legend = if y_title > 0.0 && whole { beside } else { legend::place(&names, room, rows, look) };
    let shared = whole && y_title > 0.0;
    if rows > 0 && legend.rows > 0 {
        head.legend = Some(top);
        head.legend_left = if shared { size[0] - margin * 1.5 - legend.width } else { margin };
        if !shared || y_title == 0.0 {
            top += legend_line(look) * legend.rows as f32;
        }
    }
    if y_title > 0.0 {
        head.y_title = Some(top);
        top += legend_line(look);
    }
    if seam {
        let small = (text::height(look.small_size()) + 2.0).round();
        head.seam = Some(top);
        top += small;
    }
    // Half a line for the highest tick's label.
    top += if head.y_title.is_some() || head.legend.is_some() || head.seam.is_some() { em * 0.6 } else { em * 0.5 };
    (head, legend, top.min(size[1]))
}

/// What the axes show, and whether there is nothing to show.
fn scales(figure: &Figure, mark: &Mark, slots: Option<super::layout::Slots>) -> (Scale, Scale, bool) {
    let view = figure.view.unwrap_or_default();
    let usable = |range: Option<(f64, f64)>| range.filter(|(a, b)| a.is_finite() && b.is_finite() && a != b);
    let data = mark::x_extent(figure, slots);
    let x = match (usable(view.x), &figure.x.kind, data) {
        (Some((a, b)), ..) => Scale::new(a, b),
        (None, AxisKind::Category(names), _) if !names.is_empty() => Scale::new(-0.5, names.len() as f64 - 0.5),
        (None, _, Some((lo, hi))) => {
            let (lo, hi) = if lone(figure) { alone(figure, (lo, hi), slots.map_or(0.0, |slots| slots.width)) } else { (lo, hi) };
            // Circles stand clear of the edge; a seam just after the last row is shown.
            let pad = if mark.free { (hi - lo) * 0.02 } else { 0.0 };
            let near = figure.seam.filter(|at| (at - hi).abs() <= (hi - lo) * 0.05 || (at - lo).abs() <= (hi - lo) * 0.05);
            let (lo, hi) = (near.unwrap_or(lo).min(lo - pad), near.unwrap_or(hi).max(hi + pad));
            Scale::new(lo, hi)
        }
        (None, _, None) => Scale::new(0.0, 1.0),
    };
    let Some((lo, hi)) = mark::y_extent(figure, x) else { return (x, Scale::new(0.0, 1.0), true) };
    let y = match usable(view.y) {
        Some((a, b)) => Scale::new(a, b),
        None if mark.zero && lo == 0.0 && hi == 0.0 => Scale::new(0.0, 1.0),
        None if mark.zero => Scale::new(lo.min(0.0), hi.max(0.0)),
        // One whole number: its neighbours are whole, too.
        None if lo == hi && lo.fract() == 0.0 && lo.abs() < 10.0 => Scale::new(lo - 1.0, hi + 1.0),
        None => Scale::new(lo, hi),
    };
    (x, y, false)
}

/// True when all points have the same x.
fn lone(figure: &Figure) -> bool {
    let mut xs = figure.series.iter().flat_map(|series| (0..series.len()).filter_map(|i| Some(series.point(i)?.0)));
    let first = xs.next();
    xs.all(|x| Some(x) == first)
}

/// Around a single x: so much time that its label says when it was; so much room that a bar looks like one.
fn alone(figure: &Figure, (lo, hi): (f64, f64), wide: f64) -> (f64, f64) {
    let least: f64 = if matches!(figure.x.kind, AxisKind::Time | AxisKind::Clock) { 90e6 } else { 0.0 };
    let around = least.max(wide * 1.5);
    (lo - around, hi + around)
}

fn whole_numbers(figure: &Figure) -> bool {
    figure.series.iter().flat_map(|series| series.y.iter()).filter(|y| y.is_finite()).all(|y| y.fract() == 0.0)
}
