//! A surface of plotters that keeps what is drawn as shapes in points: the window turns them into its own, and the
//! SVG writer and the PNG painter read the very same ones.

use std::convert::Infallible;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontTransform,
};

use super::draw::draw;
use super::layout::{Layout, Rect};
use super::look::{Look, Rgba};
use super::pen::{EM, FINE};
use super::polygon::{self, Mesh};
use super::spec::Figure;
use super::text;
use crate::data::Result;

/// A shape in points from the top left corner, y downwards. Later ones lie over earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A strip of line, joined round.
    Line { points: Vec<[f32; 2]>, width: f32, color: Rgba },
    /// A filled rectangle, or its outline where `stroke` has a width.
    Rect { rect: Rect, stroke: Option<f32>, color: Rgba },
    /// A filled circle, or its outline where `stroke` has a width.
    Circle { center: [f32; 2], radius: f32, stroke: Option<f32>, color: Rgba },
    /// A filled outline, and triangles that cover it once, for surfaces that fill only convex shapes.
    Polygon { points: Vec<[f32; 2]>, mesh: Mesh, color: Rgba },
    /// One line of text in the text font, size in points to the em, turned clockwise about `at`.
    Text { text: String, at: [f32; 2], across: Across, down: Down, size: f32, color: Rgba, quarter_turns: u8 },
}

/// Which part of a text's width is at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    Left,
    Center,
    Right,
}

/// Which part of a text's line (from the font's ascent to its descent) is at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    Top,
    Center,
    Bottom,
}

impl Down {
    /// From the position to the base line, for a size of 1.
    pub fn to_baseline(self) -> f32 {
        match self {
            Self::Top => text::ASCENT,
            Self::Center => (text::ASCENT - text::DESCENT) / 2.0,
            Self::Bottom => -text::DESCENT,
        }
    }
}

/// A drawn figure: its shapes, and where the plot lies among them.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    pub shapes: Vec<Shape>,
    pub layout: Layout,
}

/// Draws the figure into shapes, `width` by `height` points.
///
/// # Errors
/// When the figure's mark does not exist.
pub fn record(figure: &Figure, [width, height]: [f32; 2], look: &Look) -> Result<Picture> {
    let mut shapes = Vec::new();
    let layout = draw(ShapeRecorder::new(&mut shapes, [width, height]), figure, look)?;
    Ok(Picture { shapes, layout })
}

/// The surface. It pushes to a list that outlives it, as plotters takes surfaces by value.
#[derive(Debug)]
pub struct ShapeRecorder<'a> {
    shapes: &'a mut Vec<Shape>,
    size: (u32, u32),
}

impl<'a> ShapeRecorder<'a> {
    /// A surface of so many points.
    pub fn new(shapes: &'a mut Vec<Shape>, [width, height]: [f32; 2]) -> Self {
        let fine = |v: f32| (v.clamp(0.0, 32_768.0) * FINE as f32).round() as u32;
        Self { shapes, size: (fine(width), fine(height)) }
    }
}

fn points((x, y): BackendCoord) -> [f32; 2] {
    [x as f32 / FINE as f32, y as f32 / FINE as f32]
}

fn length(v: u32) -> f32 {
    v as f32 / FINE as f32
}

fn rgba(color: BackendColor) -> Rgba {
    let (r, g, b) = color.rgb;
    [r, g, b, (color.alpha.clamp(0.0, 1.0) * 255.0).round() as u8]
}

type Drawn = std::result::Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for ShapeRecorder<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect(point, (point.0 + 1, point.1 + 1), &color, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, fill: bool) -> Drawn {
        let ([left, top], [right, bottom]) = (points(from), points(to));
        let rect = Rect::new(left.min(right), top.min(bottom), left.max(right), top.max(bottom));
        self.shapes.push(Shape::Rect {
            rect,
            stroke: (!fill).then(|| length(style.stroke_width())),
            color: rgba(style.color()),
        });
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let points = path.into_iter().map(points).collect();
        self.shapes.push(Shape::Line { points, width: length(style.stroke_width()), color: rgba(style.color()) });
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        let stroke = (!fill).then(|| length(style.stroke_width()));
        self.shapes.push(Shape::Circle {
            center: points(center),
            radius: length(radius),
            stroke,
            color: rgba(style.color()),
        });
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, outline: I, style: &S) -> Drawn {
        let points: Vec<_> = outline.into_iter().map(points).collect();
        let mesh = polygon::mesh(&points);
        self.shapes.push(Shape::Polygon { points, mesh, color: rgba(style.color()) });
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        let across = match style.anchor().h_pos {
            HPos::Left => Across::Left,
            HPos::Center => Across::Center,
            HPos::Right => Across::Right,
        };
        let down = match style.anchor().v_pos {
            VPos::Top => Down::Top,
            VPos::Center => Down::Center,
            VPos::Bottom => Down::Bottom,
        };
        let quarter_turns = match style.transform() {
            FontTransform::None => 0,
            FontTransform::Rotate90 => 1,
            FontTransform::Rotate180 => 2,
            FontTransform::Rotate270 => 3,
        };
        let size = (style.size() / EM / f64::from(FINE)) as f32;
        // Hundredths of a point: what division left behind would only lengthen an SVG.
        let size = (size * 100.0).round() / 100.0;
        self.shapes.push(Shape::Text {
            text: text.to_owned(),
            at: points(at),
            across,
            down,
            size,
            color: rgba(style.color()),
            quarter_turns,
        });
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> std::result::Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let em = (style.size() / EM) as f32;
        Ok((text::width(text, em).ceil() as u32, text::height(em).ceil() as u32))
    }
}
