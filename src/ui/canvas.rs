//! A figure on the screen: its shapes become one mesh that is kept as long as nothing changes, and its words. The words
//! are laid out each frame (egui remembers how), because the glyphs' place in the font's texture may move.

use std::sync::Arc;

use eframe::egui::epaint::{CircleShape, Mesh, PathShape, TessellationOptions, Tessellator, TextShape, WHITE_UV};
use eframe::egui::{self, emath::Rot2};
use eframe::egui::{
    Align2, Color32, CornerRadius, FontId, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2,
};

use super::look::Palette;
use crate::data::Result;
use crate::figure::record::{Across, Down};
use crate::figure::{self, Figure, Layout, Look, Rgba};

/// A figure drawn once, for one place and size.
#[derive(Debug)]
pub struct Drawn {
    mesh: Arc<Mesh>,
    texts: Vec<PlacedText>,
    origin: Pos2,
    pub layout: Layout,
    pub look: Look,
}

#[derive(Debug)]
struct PlacedText {
    text: String,
    at: Pos2,
    anchor: Align2,
    size: f32,
    color: Color32,
    angle: f32,
}

impl Drawn {
    /// # Errors
    /// When the figure's mark does not exist.
    pub fn new(figure: &Figure, rect: Rect, look: &Look) -> Result<Self> {
        let picture = figure::record(figure, [rect.width(), rect.height()], look)?;
        let mut drawn =
            Self { mesh: Arc::default(), texts: Vec::new(), origin: rect.min, layout: picture.layout, look: *look };
        // Pre-rasterised discs are part of the font's texture, whose layout may change.
        let options = TessellationOptions { prerasterized_discs: false, ..TessellationOptions::default() };
        let mut tessellator = Tessellator::new(look.scale, options, [1, 1], Vec::new());
        let mut mesh = Mesh::default();
        for shape in &picture.shapes {
            if let Some(shape) = drawn.convert(shape) {
                tessellator.tessellate_shape(shape, &mut mesh);
            }
        }
        drawn.mesh = Arc::new(mesh);
        Ok(drawn)
    }

    pub fn paint(&self, painter: &Painter) {
        painter.add(Shape::Mesh(self.mesh.clone()));
        for word in &self.texts {
            let galley = painter.layout_no_wrap(word.text.clone(), FontId::proportional(word.size), word.color);
            let turn = Rot2::from_angle(word.angle);
            let corner = word.anchor.anchor_size(Pos2::ZERO, galley.size()).min.to_vec2();
            painter.add(TextShape { angle: word.angle, ..TextShape::new(word.at + turn * corner, galley, word.color) });
        }
    }

    /// The shape as egui has it; text is kept in `texts` instead.
    fn convert(&mut self, shape: &figure::Shape) -> Option<Shape> {
        use figure::Shape as S;
        let at = |[x, y]: [f32; 2]| self.origin + vec2(x, y);
        Some(match shape {
            S::Line { points, width, color } => Shape::Path(PathShape::line(
                points.iter().map(|p| at(*p)).collect(),
                Stroke::new(*width, to_color(*color)),
            )),
            S::Rect { rect, stroke: None, color } => {
                Shape::rect_filled(to_rect(rect).translate(self.origin.to_vec2()), CornerRadius::ZERO, to_color(*color))
            }
            S::Rect { rect, stroke: Some(width), color } => {
                let rect = to_rect(rect).translate(self.origin.to_vec2());
                Shape::rect_stroke(rect, CornerRadius::ZERO, Stroke::new(*width, to_color(*color)), StrokeKind::Middle)
            }
            S::Circle { center, radius, stroke: None, color } => {
                Shape::Circle(CircleShape::filled(at(*center), *radius, to_color(*color)))
            }
            S::Circle { center, radius, stroke: Some(width), color } => {
                Shape::Circle(CircleShape::stroke(at(*center), *radius, Stroke::new(*width, to_color(*color))))
            }
            S::Polygon { mesh: cover, color, .. } => {
                let mut mesh = Mesh::default();
                let color = to_color(*color);
                mesh.vertices.extend(cover.vertices.iter().map(|p| egui::epaint::Vertex {
                    pos: at(*p),
                    uv: WHITE_UV,
                    color,
                }));
                mesh.indices.extend(cover.triangles.iter().flatten());
                Shape::mesh(mesh)
            }
            S::Text { text, at: place, across, down, size, color, quarter_turns } => {
                let anchor = Align2([
                    match across {
                        Across::Left => egui::Align::Min,
                        Across::Center => egui::Align::Center,
                        Across::Right => egui::Align::Max,
                    },
                    match down {
                        Down::Top => egui::Align::Min,
                        Down::Center => egui::Align::Center,
                        Down::Bottom => egui::Align::Max,
                    },
                ]);
                let angle = f32::from(*quarter_turns) * std::f32::consts::FRAC_PI_2;
                let word = PlacedText {
                    text: text.clone(),
                    at: at(*place),
                    anchor,
                    size: *size,
                    color: to_color(*color),
                    angle,
                };
                self.texts.push(word);
                return None;
            }
        })
    }
}

/// The look of a chart inside the window: figure's own colours of series on the window's paper.
pub fn look_of(palette: &Palette, dark: bool, pixels_per_point: f32) -> Look {
    let look = if dark { Look::dark() } else { Look::light() };
    let rgba = |c: Color32| c.to_srgba_unmultiplied();
    Look {
        paper: rgba(palette.panel),
        ink: rgba(palette.strong),
        muted: rgba(palette.faint),
        grid: rgba(palette.line),
        scale: pixels_per_point,
        ..look
    }
}

pub fn to_color([r, g, b, a]: Rgba) -> Color32 {
    Color32::from_rgba_unmultiplied(r, g, b, a)
}

/// From the picture's corner.
pub fn to_rect(rect: &figure::Rect) -> Rect {
    Rect::from_min_max(pos2(rect.left, rect.top), pos2(rect.right, rect.bottom))
}

/// From the window's corner to the picture's.
pub fn inside(rect: Rect, pos: Pos2) -> [f32; 2] {
    let Vec2 { x, y } = pos - rect.min;
    [x, y]
}
