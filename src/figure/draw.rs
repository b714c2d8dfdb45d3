//! The one way a figure is drawn, on any surface of plotters: layout, paper, grid, marks, notes, words.

use plotters::prelude::{DrawingBackend, IntoDrawingArea};
use plotters::style::text_anchor::{HPos, VPos};

use super::clip::Px;
use super::layout::{Layout, Rect};
use super::legend;
use super::look::{Look, Rgba, faded};
use super::mark::{self, Key, Scene};
use super::panels;
use super::pen::{FINE, Paper, Pen, at, line_within, rect_within};
use super::plan::{self, FigurePlan, GAP, Part, TICK, legend_line, margin};
use super::spec::{AxisKind, Figure};
use super::text;
use crate::data::{Fault, Result};

/// Draws the figure over the whole surface, whose unit is one `FINE`th (a tenth) of a point.
///
/// # Errors
/// When the figure's mark does not exist, or the surface fails.
pub fn draw<DB: DrawingBackend>(surface: DB, figure: &Figure, look: &Look) -> Result<Layout> {
    text::register();
    let mark = mark::find(&figure.mark)?;
    let area = surface.into_drawing_area();
    let (width, height) = area.dim_in_pixel();
    let size = [width as f32 / FINE as f32, height as f32 / FINE as f32];
    let mut paper = Paper { area };
    paper.rect(Rect::new(0.0, 0.0, size[0], size[1]), look.paper)?;
    let layout = if figure.panels.is_empty() {
        let part = if figure.sketch { Part::Sketch } else { Part::Whole };
        let plan = FigurePlan::new(figure, mark, look, size, part);
        plan.draw(&mut paper)?;
        plan.layout
    } else {
        panels::draw(&mut paper, figure, mark, look, size)?
    };
    paper.area.present().map_err(|e| Fault::new(format!("the picture could not be finished: {e}")))?;
    Ok(layout)
}

impl FigurePlan<'_> {
    pub fn draw(&self, pen: &mut dyn Pen) -> Result<()> {
        self.draw_head(pen)?;
        let plot = self.layout.plot;
        if plot.width() < 8.0 || plot.height() < 8.0 {
            return Ok(());
        }
        if self.empty {
            self.rule(pen, plot.bottom, self.look.axis)?;
            let at = center(&plot);
            pen.text("Nothing to draw", at, (HPos::Center, VPos::Center), self.look.font_size * 1.1, self.look.muted)?;
            return self.draw_x_title(pen);
        }
        let scene = Scene { figure: self.figure, layout: &self.layout, look: self.look };
        if self.mark.bare {
            return (self.mark.draw)(&scene, pen);
        }
        self.draw_gaps(pen)?;
        self.draw_shades(pen)?;
        self.draw_grid(pen)?;
        (self.mark.draw)(&scene, pen)?;
        self.draw_axes(pen)?;
        self.draw_rules(pen)?;
        self.draw_seam(pen)?;
        self.draw_x_title(pen)
    }

    pub fn draw_head(&self, pen: &mut dyn Pen) -> Result<()> {
        let (look, margin) = (self.look, margin(self.look));
        let room = self.layout.size[0] - 2.0 * margin;
        let mut line = |top: Option<f32>, words: &str, size: f32, color| -> Result<()> {
            let Some(top) = top else { return Ok(()) };
            let words = text::clean(words);
            pen.text(&text::fit(&words, size, room), at(margin, top), (HPos::Left, VPos::Top), size, color)
        };
        line(self.head.title, &self.figure.title, plan::title_size(look, self.part), look.ink)?;
        line(self.head.caption, &self.figure.caption, look.font_size, look.muted)?;
        match (&self.colours, self.head.y_title) {
            (Some(ends), Some(top)) => self.draw_ramp(pen, ends, top)?,
            _ => line(self.head.y_title, &self.y_title, look.font_size, look.muted)?,
        }
        if let Some(top) = self.head.y_title {
            let words = text::clean(&self.right_title);
            let right = at(self.layout.size[0] - margin, top);
            pen.text(&words, right, (HPos::Right, VPos::Top), look.font_size, look.muted)?;
        }
        let Some(top) = self.head.legend else { return Ok(()) };
        let named = plan::legend_names(self.figure, self.mark);
        let line = legend_line(look);
        for entry in &self.legend.entries {
            let left = self.head.legend_left + entry.at;
            let middle = top + line * (entry.row as f32) + text::height(look.font_size) / 2.0;
            let of = entry.named.and_then(|i| named.get(i));
            let (words, color) = match of {
                Some(of) if of.series.is_some() => {
                    self.draw_key(pen, left, middle, look.color(of.colour))?;
                    (left + legend::key(look), look.ink)
                }
                // What is hidden keeps its place and a shadow of its sign.
                Some(of) => {
                    self.draw_key(pen, left, middle, faded(look.color(of.colour), 0.3))?;
                    (left + legend::key(look), faded(look.muted, 0.6))
                }
                None => (left, look.muted),
            };
            pen.text(&entry.label, at(words, middle), (HPos::Left, VPos::Center), look.font_size, color)?;
        }
        Ok(())
    }

    /// What the colours of bands show, and the colours between the least and the largest value.
    fn draw_ramp(&self, pen: &mut dyn Pen, [least, largest]: &[String; 2], top: f32) -> Result<()> {
        const STEPS: u16 = 32;
        let (em, line) = (self.look.font_size, text::height(self.look.font_size));
        let wide = |words: &str| text::width(words, em);
        let room = self.layout.size[0] - 2.0 * margin(self.look);
        let (gap, ends) = (em * 0.5, wide(least) + wide(largest) + em);
        // What they show gives way before they do.
        let title = text::clean(&self.y_title);
        let title = text::fit(&title, em, (room - ends - em * 6.0).max(0.0));
        let mut left = margin(self.look);
        let word = |pen: &mut dyn Pen, left: f32, words: &str, color| {
            pen.text(words, at(left, top), (HPos::Left, VPos::Top), em, color)
        };
        if wide(&title) > em * 2.0 {
            word(pen, left, &title, self.look.muted)?;
            left += wide(&title) + em;
        }
        word(pen, left, least, self.look.ink)?;
        left += wide(least) + gap;
        let ramp = (self.layout.size[0] - margin(self.look) - left - gap - wide(largest)).min(em * 9.0);
        if ramp < em {
            return Ok(());
        }
        let (upper, lower) = (self.crisp(top + line * 0.2), self.crisp(top + line * 0.9));
        let place = |step: u16| self.crisp(left + ramp * f32::from(step) / f32::from(STEPS));
        for step in 0..STEPS {
            let color = self.look.ramp(f64::from(step) / f64::from(STEPS - 1));
            pen.rect(Rect::new(place(step), upper, place(step + 1), lower), color)?;
        }
        word(pen, left + ramp + gap, largest, self.look.ink)
    }

    fn draw_key(&self, pen: &mut dyn Pen, left: f32, middle: f32, color: Rgba) -> Result<()> {
        let em = self.look.font_size;
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
        if self.mark.bands {
            return Ok(());
        }
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
        if let Some(scale) = self.layout.right {
            for (value, label) in self.right_ticks.values.iter().zip(&self.right_ticks.labels) {
                let y = self.layout.exact_on(true, (self.layout.x.lo(), *value))[1];
                let beside = [f64::from(plot.right + GAP * 1.5), y];
                if scale.holds(*value) {
                    pen.text(label, beside, (HPos::Left, VPos::Center), look.font_size, look.muted)?;
                }
            }
            pen.line(&[at(plot.right, plot.top), at(plot.right, plot.bottom)], 1.0, look.grid)?;
        }
        let zero = self.figure.y_kind != AxisKind::Power && self.layout.y.holds(0.0);
        let base = if !self.mark.bands && zero { self.layout.to_px((self.layout.x.lo(), 0.0))[1] } else { plot.bottom };
        self.rule(pen, base, look.axis)?;
        let line = text::height(look.font_size);
        for tick in &self.x_ticks {
            let x = self.crisp(plot.left + tick.at);
            if !matches!(self.figure.x.kind, AxisKind::Category(_)) {
                pen.line(&[at(x, plot.bottom + 1.0), at(x, plot.bottom + TICK)], 1.0, look.axis)?;
            }
            let top = plot.bottom + TICK + GAP * 0.5;
            pen.text(
                &tick.label,
                at(plot.left + tick.label_at, top),
                (HPos::Center, VPos::Top),
                look.font_size,
                look.muted,
            )?;
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
        pen.text(
            &words,
            at((plot.left + plot.right) / 2.0, top),
            (HPos::Center, VPos::Top),
            self.look.font_size,
            self.look.muted,
        )
    }

    /// A tinted, hatched band for each stretch without data; a plain one where rows are still to be read.
    fn draw_gaps(&self, pen: &mut dyn Pen) -> Result<()> {
        let (plot, look) = (self.layout.plot, self.look);
        for (left, right) in self.bands(&self.figure.unread) {
            let band = Rect::new(left, plot.top, right, plot.bottom);
            rect_within(pen, &plot, band, faded(look.gap, 0.10))?;
            self.band_label(pen, &band, UNREAD)?;
        }
        for (left, right) in self.bands(&self.figure.gaps) {
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
            self.band_label(pen, &band, NO_DATA)?;
        }
        Ok(())
    }

    /// Where stretches of the x axis that are in view begin and end, in pixels. Those that touch are one; one thinner
    /// than a pixel is still seen.
    fn bands(&self, stretches: &[(f64, f64)]) -> Vec<(f32, f32)> {
        let plot = self.layout.plot;
        let side = |x: f64| -> f32 {
            let share = if x.is_nan() { 0.0 } else { self.layout.x.share(x).clamp(0.0, 1.0) };
            plot.left + share as f32 * plot.width()
        };
        let seen = stretches.iter().filter(|(a, b)| a.max(*b) >= self.layout.x.lo() && a.min(*b) <= self.layout.x.hi());
        let mut bands: Vec<(f32, f32)> = seen.map(|(a, b)| (side(a.min(*b)), side(a.max(*b)))).collect();
        bands.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut merged: Vec<(f32, f32)> = Vec::new();
        for (left, right) in bands {
            let right = right.max(left + 1.0);
            match merged.last_mut() {
                Some(last) if left <= last.1 => last.1 = last.1.max(right),
                _ => merged.push((left, right)),
            }
        }
        merged
    }

    /// Words at the top of a band that has room for them.
    fn band_label(&self, pen: &mut dyn Pen, band: &Rect, words: &str) -> Result<()> {
        let (size, top) = (self.look.small_size(), self.layout.plot.top);
        let width = text::width(words, size);
        if band.width() <= width + 8.0 || self.part == Part::Sketch {
            return Ok(());
        }
        let middle = center(band)[0] as f32;
        let label = Rect::new(
            middle - width / 2.0 - 4.0,
            top + 5.0,
            middle + width / 2.0 + 4.0,
            top + 9.0 + text::height(size),
        );
        pen.rect(label, self.look.paper)?;
        pen.text(words, at(middle, top + 7.0), (HPos::Center, VPos::Top), size, self.look.muted)
    }

    /// A dashed rule where history ends, with a word on either side above the plot where there is room.
    fn draw_seam(&self, pen: &mut dyn Pen) -> Result<()> {
        let Some(seam) = self.figure.seam.filter(|at| self.layout.x.holds(*at)) else { return Ok(()) };
        let (plot, look) = (self.layout.plot, self.look);
        let x = self.crisp(self.layout.to_px((seam, self.layout.y.lo()))[0]);
        let mut y = self.head.seam.unwrap_or(plot.top) + 1.0;
        while y < plot.bottom {
            pen.line(&[at(x, y), at(x, (y + DASH).min(plot.bottom))], 1.2, look.seam)?;
            y += DASH * 1.75;
        }
        let Some(top) = self.head.seam else { return Ok(()) };
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
    pub(super) fn rule(&self, pen: &mut dyn Pen, y: f32, color: Rgba) -> Result<()> {
        let y = self.crisp(y);
        pen.line(&[at(self.layout.plot.left, y), at(self.layout.plot.right, y)], 1.0, color)
    }

    /// The nearest place where a line one point wide covers whole pixels.
    pub(super) fn crisp(&self, v: f32) -> f32 {
        let scale = self.look.scale.max(0.1);
        let wide = scale.round().max(1.0);
        ((v * scale - wide / 2.0).round() + wide / 2.0) / scale
    }
}

const NO_DATA: &str = "no data";
const UNREAD: &str = "not read yet";
const HISTORY: &str = "history";
const LIVE: &str = "live";
/// Between the stripes of a gap, and the length of a dash of the seam.
const HATCH: f32 = 9.0;
const DASH: f32 = 4.0;

fn center(rect: &Rect) -> Px {
    at((rect.left + rect.right) / 2.0, (rect.top + rect.bottom) / 2.0)
}
