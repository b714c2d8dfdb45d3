//! Floor 2: pictures. A `Figure` describes one, `draw` draws it through plotters, and a `ShapeRecorder` keeps the
//! shapes that the window, the PNG painter and the SVG writer share. It knows neither egui nor the engine.
//!
//! The way of a picture: an answer → `Encoding` → `Figure` → `draw` (layout, ticks, marks, decimated) → `Shape`s.

pub mod axis;
mod choice;
mod clip;
mod colours;
mod columns;
pub mod decimate;
pub mod draw;
pub mod encode;
pub mod export;
pub mod format;
mod guess;
pub mod layout;
pub mod legend;
pub mod look;
pub mod mark;
mod moved;
pub mod name;
pub mod number;
mod order;
mod paint;
mod panels;
mod pen;
mod plan;
mod png;
pub mod polygon;
mod reach;
pub mod record;
mod rules;
pub mod scale;
pub mod series;
pub mod settings;
pub mod spec;
mod stack;
mod svg;
pub mod text;
pub mod time;

pub use colours::Colours;
pub use draw::draw;
pub use encode::Encoding;
pub use format::{Format, NumberFormat};
pub use guess::categories;
pub use layout::{Layout, LegendSpot, Rect};
pub use look::{Look, Rgba, Tone};
pub use mark::{MARKS, Mark};
pub use order::keep_order;
pub use pen::FINE;
pub use polygon::Mesh;
pub use record::{Picture, Shape, ShapeRecorder, record};
pub use settings::{AxisSettings, Rule, RuleAxis, Settings, Shade};
pub use spec::{Axis, AxisKind, Figure, HiddenSeries, PointState, RightAxis, Series, View};
