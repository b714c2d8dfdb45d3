//! What marks draw with: a few shapes in points, clipped, handed to plotters in the fine integers of its surfaces.

use plotters::coord::Shift;
use plotters::prelude::{
    Circle, DrawingArea, DrawingBackend, PathElement, Polygon, RGBAColor, Rectangle, ShapeStyle, Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::clip::{self, Px};
use super::layout::Rect;
use super::look::Rgba;
use super::text;
use crate::data::{Fault, Result};

/// Units of a surface in one point. plotters' coordinates and stroke widths are integers; ten to a point make lines
/// smooth, and their decimals short in an SVG.
pub const FINE: i32 = 10;

/// plotters' sizes of text are 1.24 times the em.
pub const EM: f64 = 1.24;

/// Shapes in points from the top left corner.
pub trait Pen {
    fn line(&mut self, points: &[Px], width: f32, color: Rgba) -> Result<()>;
    fn polygon(&mut self, points: &[Px], color: Rgba) -> Result<()>;
    fn rect(&mut self, rect: Rect, color: Rgba) -> Result<()>;
    fn circle(&mut self, center: Px, radius: f32, color: Rgba) -> Result<()>;
    fn text(&mut self, text: &str, at: Px, anchor: (HPos, VPos), size: f32, color: Rgba) -> Result<()>;
}

/// A pen on a surface of plotters.
pub struct Paper<DB: DrawingBackend> {
    pub area: DrawingArea<DB, Shift>,
}

fn fine(v: f64) -> i32 {
    (v.clamp(-1e6, 1e6) * f64::from(FINE)).round() as i32
}

fn points(points: &[Px]) -> Vec<(i32, i32)> {
    let mut out: Vec<_> = points.iter().map(|p| (fine(p[0]), fine(p[1]))).collect();
    out.dedup();
    out
}

fn color([r, g, b, a]: Rgba) -> RGBAColor {
    RGBAColor(r, g, b, f64::from(a) / 255.0)
}

fn style(paint: Rgba, width: f32, filled: bool) -> ShapeStyle {
    ShapeStyle { color: color(paint), filled, stroke_width: (fine(f64::from(width)).max(1)) as u32 }
}

impl<DB: DrawingBackend> Paper<DB> {
    fn fault(error: impl std::fmt::Display) -> Fault {
        Fault::new(format!("the picture could not be drawn: {error}"))
    }
}

impl<DB: DrawingBackend> Pen for Paper<DB> {
    fn line(&mut self, line: &[Px], width: f32, paint: Rgba) -> Result<()> {
        let line = points(line);
        if line.len() < 2 {
            return Ok(());
        }
        self.area.draw(&PathElement::new(line, style(paint, width, false))).map_err(Self::fault)
    }

    fn polygon(&mut self, outline: &[Px], paint: Rgba) -> Result<()> {
        let mut outline = points(outline);
        if outline.first() == outline.last() {
            outline.pop();
        }
        if outline.len() < 3 {
            return Ok(());
        }
        self.area.draw(&Polygon::new(outline, style(paint, 0.0, true))).map_err(Self::fault)
    }

    fn rect(&mut self, rect: Rect, paint: Rgba) -> Result<()> {
        let corners = [(rect.left, rect.top), (rect.right, rect.bottom)].map(|(x, y)| (fine(x.into()), fine(y.into())));
        self.area.draw(&Rectangle::new(corners, style(paint, 0.0, true))).map_err(Self::fault)
    }

    fn circle(&mut self, center: Px, radius: f32, paint: Rgba) -> Result<()> {
        let center = (fine(center[0]), fine(center[1]));
        self.area.draw(&Circle::new(center, fine(radius.into()), style(paint, 0.0, true))).map_err(Self::fault)
    }

    fn text(&mut self, words: &str, at: Px, (h, v): (HPos, VPos), size: f32, paint: Rgba) -> Result<()> {
        let words = text::clean(words);
        if words.trim().is_empty() {
            return Ok(());
        }
        let mut style = TextStyle::from((text::FAMILY, f64::from(size) * EM * f64::from(FINE)));
        style.color = plotters::style::Color::to_backend_color(&color(paint));
        style.pos = Pos::new(h, v);
        self.area.draw(&Text::new(words.as_ref(), (fine(at[0]), fine(at[1])), style)).map_err(Self::fault)
    }
}

/// The part of a line inside the frame.
pub fn line_within(pen: &mut dyn Pen, frame: &Rect, line: &[Px], width: f32, color: Rgba) -> Result<()> {
    clip::polyline(line, frame).iter().try_for_each(|piece| pen.line(piece, width, color))
}

/// The part of a rectangle inside the frame, if any.
pub fn rect_within(pen: &mut dyn Pen, frame: &Rect, rect: Rect, color: Rgba) -> Result<()> {
    let cut = Rect::new(
        rect.left.max(frame.left),
        rect.top.max(frame.top),
        rect.right.min(frame.right),
        rect.bottom.min(frame.bottom),
    );
    if cut.left < cut.right && cut.top < cut.bottom { pen.rect(cut, color) } else { Ok(()) }
}

/// A place of the picture.
pub fn at(x: f32, y: f32) -> Px {
    [f64::from(x), f64::from(y)]
}
