//! The description of a picture: plain data, compared and cloned at will (the values are shared).
//! How it looks is left to `look`, how it is drawn to `draw`.

use std::sync::Arc;

/// One picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    pub title: String,
    /// A quiet line under the title: `from 3 % of the rows`.
    pub caption: String,
    /// The name of one of `MARKS`.
    pub mark: String,
    pub x: Axis,
    /// What the y axis shows; may be empty.
    pub y_title: String,
    pub series: Vec<Series>,
    /// What is looked at; `None` fits everything.
    pub view: Option<View>,
    /// Where history ends and live begins, on the x axis.
    pub seam: Option<f64>,
    /// Stretches of the x axis for which there is no data. An end may be infinite. Lines break there.
    pub gaps: Vec<(f64, f64)>,
    /// Places on the x axis, in rising order, whose values are still to change: marks show them as unfinished.
    pub open: Vec<f64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    pub title: String,
    pub kind: AxisKind,
}

/// What the numbers on an x axis stand for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum AxisKind {
    #[default]
    Number,
    /// Microseconds since 1970, UTC.
    Time,
    /// Microseconds since midnight.
    Clock,
    /// Indices into these names, from 0.
    Category(Vec<String>),
}

/// Points in the order they are drawn: by x for lines, areas and bars.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    pub name: String,
    pub x: Arc<[f64]>,
    /// As many as `x`. NaN is a gap.
    pub y: Arc<[f64]>,
}

impl Series {
    pub fn new(name: impl Into<String>, x: impl Into<Arc<[f64]>>, y: impl Into<Arc<[f64]>>) -> Self {
        Self { name: name.into(), x: x.into(), y: y.into() }
    }

    /// How many points there are: the shorter of the two columns, should they differ.
    pub fn len(&self) -> usize {
        self.x.len().min(self.y.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The point at `index`, if both of its values are finite.
    pub fn point(&self, index: usize) -> Option<(f64, f64)> {
        let (x, y) = (*self.x.get(index)?, *self.y.get(index)?);
        (x.is_finite() && y.is_finite()).then_some((x, y))
    }
}

/// A part of the picture, in data units. `None` along x shows all; along y it fits what is visible.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct View {
    pub x: Option<(f64, f64)>,
    pub y: Option<(f64, f64)>,
}

impl Figure {
    /// Adds a phrase to the caption.
    pub fn note(&mut self, phrase: &str) {
        if phrase.is_empty() {
            return;
        }
        if !self.caption.is_empty() {
            self.caption.push_str(" · ");
        }
        self.caption.push_str(phrase);
    }

    /// Whether the values at `x` are still to change.
    pub fn is_open(&self, x: f64) -> bool {
        self.open.binary_search_by(|v| v.total_cmp(&x)).is_ok()
    }

    /// True when no point can be shown.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|series| (0..series.len()).all(|i| series.point(i).is_none()))
    }
}
