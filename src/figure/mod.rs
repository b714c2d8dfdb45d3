//! Floor 2: pictures. A `Figure` describes one, `draw` draws it through plotters, and a `ShapeRecorder` keeps the
//! shapes that the window, the PNG painter and the SVG writer share. It knows neither egui nor the engine.
//!
//! The way of a picture: an answer → `Encoding` → `Figure` → `draw` (layout, ticks, marks, decimated) → `Shape`s.

pub mod axis;
mod clip;
mod columns;
pub mod decimate;
pub mod draw;
pub mod encode;
pub mod export;
pub mod layout;
pub mod legend;
pub mod look;
pub mod mark;
pub mod number;
mod paint;
mod pen;
mod plan;
mod png;
pub mod polygon;
pub mod record;
pub mod scale;
pub mod series;
pub mod spec;
mod svg;
pub mod text;
pub mod time;

pub use draw::draw;
pub use encode::Encoding;
pub use layout::{Layout, Rect};
pub use look::{Look, Rgba};
pub use mark::{MARKS, Mark};
pub use pen::FINE;
pub use polygon::Mesh;
pub use record::{Picture, Shape, ShapeRecorder, record};
pub use spec::{Axis, AxisKind, Figure, PointState, Series, View};
