//! The description of a picture: plain data, compared and cloned at will (the values are shared).
//! How it looks is left to `look`, how it is drawn to `draw`.

use std::sync::Arc;

use super::format::Format;
use super::settings::Rule;
use crate::data::zone::Zone;

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
    /// What its numbers stand for: `Number` or `Power`.
    pub y_kind: AxisKind,
    /// How numbers of the x axis are written.
    pub x_format: Format,
    pub y_format: Format,
    /// What the y axis shows where nothing else is looked at; `None` fits its series.
    pub y_range: Option<(f64, f64)>,
    /// The axis of the series that say so.
    pub right: Option<RightAxis>,
    pub series: Vec<Series>,
    /// What the legend names as well.
    pub hidden: Vec<HiddenSeries>,
    pub rules: Vec<Rule>,
    /// Small pictures in place of this one, whose title, caption, mark, x axis and legend are theirs as well. They
    /// share both axes.
    pub panels: Vec<Figure>,
    /// Each of the panels has a y axis of its own.
    pub free_y: bool,
    /// Whether the values of a stack sum up to a whole.
    pub adds_up: bool,
    /// The length of bins, where x is where they begin.
    pub bin: Option<f64>,
    /// What is looked at; `None` fits everything.
    pub view: Option<View>,
    /// Where history ends and live begins, on the x axis.
    pub seam: Option<f64>,
    /// Stretches of the x axis for which there is no data. An end may be infinite. Lines break there.
    pub gaps: Vec<(f64, f64)>,
    /// Stretches for which rows may still be read: no gaps, but not known yet.
    pub unread: Vec<(f64, f64)>,
    /// What time it is: an axis of time runs on to there.
    pub now: Option<f64>,
    /// In which zone the times of its x axis are told.
    pub zone: Zone,
    /// Whether points stand alone: no line joins what lies apart by its nature, such as sessions.
    pub apart: bool,
    /// Without axes and words, where there is no room for them.
    pub sketch: bool,
    /// The names that there are to choose series from; the first thousand.
    pub names: Arc<[String]>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    pub title: String,
    pub kind: AxisKind,
}

/// The y axis on the right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RightAxis {
    pub title: String,
    pub kind: AxisKind,
    pub format: Format,
    /// What it shows; `None` fits its series.
    pub range: Option<(f64, f64)>,
}

/// A series that is not drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HiddenSeries {
    pub name: String,
    pub colour: usize,
    /// How many of the others it comes after.
    pub after: usize,
}

/// What the numbers on an x axis stand for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum AxisKind {
    #[default]
    Number,
    /// Microseconds since 1970, UTC, told in the figure's zone.
    Time,
    /// Microseconds since midnight.
    Clock,
    /// Powers of ten: 3 stands for 1,000.
    Power,
    /// Indices into these names, from 0.
    Category(Vec<String>),
}

/// How settled the value of a point is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointState {
    /// Nothing changes it any more.
    #[default]
    Final,
    /// Still to change: marks show it as unfinished.
    Open,
    /// Only some of what belongs to it was looked at: unfinished as well.
    Cut,
    /// Reading was stopped before it was final: unfinished for good.
    Stopped,
    /// Final, and changed afterwards: marked with a ring.
    Corrected,
}

impl PointState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Open => "open",
            Self::Cut => "cut",
            Self::Stopped => "stopped",
            Self::Corrected => "corrected",
        }
    }

    /// What it means, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::Final => "no row changes it any more",
            Self::Open => "rows may still come to it",
            Self::Cut => "the stretch that was asked for covers only a part of it",
            Self::Stopped => "reading was stopped before it was final: it may lack rows",
            Self::Corrected => "it was final, and late rows were re-admitted to it",
        }
    }

    /// Whether the value is not all that it will be, or not all that there is.
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Open | Self::Cut | Self::Stopped)
    }
}

/// Points in the order they are drawn: by x for lines, areas and bars.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    pub name: String,
    pub x: Arc<[f64]>,
    /// As many as `x`. NaN is a gap.
    pub y: Arc<[f64]>,
    /// As many as `x`, or none where nothing is said of how settled they are.
    pub states: Arc<[PointState]>,
    /// Which colour is its own; without one that of its place.
    pub colour: Option<usize>,
    /// Whether it is read at the right axis.
    pub right: bool,
}

impl Series {
    pub fn new(name: impl Into<String>, x: impl Into<Arc<[f64]>>, y: impl Into<Arc<[f64]>>) -> Self {
        Self { name: name.into(), x: x.into(), y: y.into(), states: Arc::default(), colour: None, right: false }
    }

    /// In a colour of its own, whichever series stand beside it.
    #[must_use]
    pub fn coloured(self, colour: usize) -> Self {
        Self { colour: Some(colour), ..self }
    }

    /// With a point at each of these places, in order, which has this value where there was none. What is missing
    /// between them stays missing.
    #[must_use]
    pub fn spread(&self, places: &[f64], value: f64) -> Self {
        let (mut x, mut y, mut states) = (Vec::new(), Vec::new(), Vec::new());
        let mut next = 0;
        for place in places {
            let mut met = false;
            while let Some(at) = self.x.get(next).copied().filter(|at| at <= place) {
                x.push(at);
                y.push(self.y.get(next).copied().unwrap_or(f64::NAN));
                states.push(self.state(next).unwrap_or_default());
                met = at == *place;
                next += 1;
            }
            if !met {
                x.push(*place);
                y.push(value);
                states.push(PointState::Final);
            }
        }
        let states = if self.states.is_empty() { Vec::new() } else { states };
        Self { x: x.into(), y: y.into(), states: states.into(), ..self.clone() }
    }

    /// Read at the right axis.
    #[must_use]
    pub fn at_right(self, right: bool) -> Self {
        Self { right, ..self }
    }

    /// How settled each point is.
    #[must_use]
    pub fn with_states(self, states: impl Into<Arc<[PointState]>>) -> Self {
        Self { states: states.into(), ..self }
    }

    /// How settled the point at `index` is; `None` where nothing is said of it.
    pub fn state(&self, index: usize) -> Option<PointState> {
        self.states.get(index).copied()
    }

    /// Whether the point at `index` is still to change, or cut.
    pub fn is_unfinished(&self, index: usize) -> bool {
        self.state(index).is_some_and(PointState::is_unfinished)
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
    /// Which colour of a look a series has.
    pub fn colour(&self, series: usize) -> usize {
        self.series.get(series).and_then(|s| s.colour).unwrap_or(series)
    }

    /// The kind and the format of the axis at which a series is read.
    pub fn axis_of(&self, series: usize) -> (&AxisKind, &Format) {
        let right = self.series.get(series).is_some_and(|series| series.right);
        match self.right.as_ref().filter(|_| right) {
            Some(axis) => (&axis.kind, &axis.format),
            None => (&self.y_kind, &self.y_format),
        }
    }

    /// All series of it and of its panels.
    pub fn all_series(&self) -> impl Iterator<Item = &Series> {
        self.series.iter().chain(self.panels.iter().flat_map(|panel| &panel.series))
    }

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

    /// The largest x of a point.
    pub fn until(&self) -> Option<f64> {
        self.all_series().flat_map(|s| (0..s.len()).filter_map(|i| s.point(i))).map(|(x, _)| x).reduce(f64::max)
    }

    /// Marks the places between points as unread that are wider than `step`: while rows are being read, what is missing
    /// is not known to be.
    pub fn mark_unread(&mut self, step: f64) {
        let mut xs: Vec<f64> =
            self.all_series().flat_map(|s| (0..s.len()).filter_map(|i| s.point(i))).map(|(x, _)| x).collect();
        xs.sort_by(f64::total_cmp);
        let pairs = xs.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
        // A band ends where the next point begins to count: half a step on either side is its own.
        self.unread =
            pairs.filter(|(a, b)| b - a > step * 1.5).map(|(a, b)| (a + step / 2.0, b - step / 2.0)).collect();
    }

    /// Whether any point is in this state.
    pub fn has(&self, state: PointState) -> bool {
        self.all_series().any(|series| series.states.contains(&state))
    }

    /// True when no point can be shown.
    pub fn is_empty(&self) -> bool {
        self.all_series().all(|series| (0..series.len()).all(|i| series.point(i).is_none()))
    }
}
