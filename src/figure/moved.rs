//! A pen that draws elsewhere: for pictures within a picture.

use plotters::style::text_anchor::{HPos, VPos};

use super::clip::Px;
use super::layout::{Layout, Rect};
use super::look::Rgba;
use super::pen::Pen;
use crate::data::Result;

/// Shapes go to `pen`, so many points to the right and down.
pub struct Moved<'a> {
    pub pen: &'a mut dyn Pen,
    pub by: [f32; 2],
}

impl Moved<'_> {
    fn px(&self, [x, y]: Px) -> Px {
        [x + f64::from(self.by[0]), y + f64::from(self.by[1])]
    }
}

impl Pen for Moved<'_> {
    fn line(&mut self, points: &[Px], width: f32, color: Rgba) -> Result<()> {
        let points: Vec<Px> = points.iter().map(|p| self.px(*p)).collect();
        self.pen.line(&points, width, color)
    }

    fn polygon(&mut self, points: &[Px], color: Rgba) -> Result<()> {
        let points: Vec<Px> = points.iter().map(|p| self.px(*p)).collect();
        self.pen.polygon(&points, color)
    }

    fn rect(&mut self, rect: Rect, color: Rgba) -> Result<()> {
        self.pen.rect(moved(rect, self.by), color)
    }

    fn circle(&mut self, center: Px, radius: f32, color: Rgba) -> Result<()> {
        self.pen.circle(self.px(center), radius, color)
    }

    fn text(&mut self, text: &str, at: Px, anchor: (HPos, VPos), size: f32, color: Rgba) -> Result<()> {
        self.pen.text(text, self.px(at), anchor, size, color)
    }
}

fn moved(rect: Rect, [x, y]: [f32; 2]) -> Rect {
    Rect::new(rect.left + x, rect.top + y, rect.right + x, rect.bottom + y)
}

/// The layout of what was drawn with such a pen, seen from the whole picture.
pub fn layout(mut layout: Layout, by: [f32; 2]) -> Layout {
    layout.plot = moved(layout.plot, by);
    layout
}
