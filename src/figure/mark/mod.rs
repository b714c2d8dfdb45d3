//! The marks: how points become shapes. A mark is one file here and one line in `MARKS`; the window's menu, `--mark`,
//! `braid marks` and the tests loop over that slice.

mod area;
mod bar;
pub mod heat;
pub mod histogram;
mod line;
mod number;
mod scatter;
mod stacked_area;
mod stacked_bar;

use super::clip::Px;
use super::decimate;
use super::layout::{Layout, Slots, sorted};
use super::look::{Look, Rgba};
use super::pen::Pen;
use super::scale::Scale;
use super::spec::{AxisKind, Figure, PointState, Series};
use super::stack::Stack;
use crate::data::{Fault, Result};

/// One way of drawing a figure's series.
pub struct Mark {
    /// The word for it on the command line and in saved workspaces: `line`.
    pub name: &'static str,
    /// For menus: `Line`.
    pub title: &'static str,
    /// What it is good for, one phrase.
    pub about: &'static str,
    /// Its sign in the legend.
    pub key: Key,
    /// How it shows values that are still to change or cut, one word for the caption.
    pub unfinished: &'static str,
    /// Whether the y axis must show zero, because lengths or areas are compared.
    pub zero: bool,
    /// Whether it joins neighbouring points, so that gaps have to break it.
    pub joins: bool,
    /// Whether a reader points at x and y at once, or at x first.
    pub free: bool,
    /// Whether each series is a band across the picture, named at the y axis, whose values are colours.
    pub bands: bool,
    /// Whether values at one x stand upon each other.
    pub stacks: bool,
    /// Whether it has no axes: it writes its values.
    pub bare: bool,
    /// Shares out the room at one x, for marks that have a width.
    pub slots: fn(&Figure) -> Option<Slots>,
    pub draw: fn(&Scene<'_>, &mut dyn Pen) -> Result<()>,
}

impl Mark {
    /// Whether some of its series can be read at a second axis.
    pub fn takes_right(&self) -> bool {
        !self.stacks && !self.bands && !self.bare
    }

    /// Whether each point stands for itself, wherever it lies: its points need no order, and keep clear of the edge.
    pub fn is_scattered(&self) -> bool {
        self.free && !self.bands
    }
}

/// What a mark is unless its file says otherwise.
const PLAIN: Mark = Mark {
    name: "",
    title: "",
    about: "",
    key: Key::Box,
    unfinished: "outlined",
    zero: false,
    joins: false,
    free: false,
    bands: false,
    stacks: false,
    bare: false,
    slots: |_| None,
    draw: |_, _| Ok(()),
};

impl std::fmt::Debug for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mark({})", self.name)
    }
}

/// The sign of a series in the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Line,
    Box,
    Dot,
}

pub const MARKS: &[&Mark] = &[
    &line::LINE,
    &area::AREA,
    &stacked_area::STACKED_AREA,
    &bar::BAR,
    &stacked_bar::STACKED_BAR,
    &scatter::SCATTER,
    &histogram::HISTOGRAM,
    &heat::HEAT,
    &number::NUMBER,
];

/// # Errors
/// When there is no mark of that name.
pub fn find(name: &str) -> Result<&'static Mark> {
    MARKS.iter().copied().find(|mark| mark.name == name).ok_or_else(|| {
        let names: Vec<_> = MARKS.iter().map(|mark| mark.name).collect();
        Fault::new(format!("there is no mark '{name}'")).hint(format!("marks are {}", names.join(", ")))
    })
}

/// What a mark may look at while it draws.
pub struct Scene<'a> {
    pub figure: &'a Figure,
    pub layout: &'a Layout,
    pub look: &'a Look,
}

impl Scene<'_> {
    /// The colour of a series.
    pub fn color(&self, series: usize) -> Rgba {
        self.look.color(self.figure.colour(series))
    }

    pub fn px(&self, point: (f64, f64)) -> Px {
        self.layout.exact(point)
    }

    /// Where the value of a series is drawn, on its axis.
    pub fn px_of(&self, series: &Series, point: (f64, f64)) -> Px {
        self.layout.exact_on(series.right, point)
    }

    /// The value from which a point's length is measured: what it stands upon, or the foot of its axis.
    pub fn start(&self, number: usize, series: &Series, index: usize) -> f64 {
        match self.layout.foot(number, index) {
            0.0 => self.base(series),
            foot => foot,
        }
    }

    /// The value from which the lengths of a series are measured: 0, or the foot of a log axis.
    pub fn base(&self, series: &Series) -> f64 {
        let [left, right] = self.layout.base;
        if series.right { right } else { left }
    }

    /// Device pixels across the plot.
    pub fn columns(&self) -> usize {
        (self.layout.plot.width() * self.look.scale).ceil().clamp(1.0, 32_768.0) as usize
    }

    /// The connected pieces of a line worth drawing, in pixels (not clipped): cut at gaps, decimated, and cut where it
    /// becomes unfinished. Neighbours share the point at which they were cut.
    pub fn runs(&self, series: &Series) -> Vec<Polyline> {
        let len = series.len();
        let (Some(x), Some(y)) = (series.x.get(..len), series.y.get(..len)) else { return Vec::new() };
        let kept = if sorted(x) {
            decimate::m4(x, y, &breaks(x, y, &self.figure.gaps), self.layout.x.range(), self.columns())
        } else {
            (0..len).map(|i| series.point(i).map(|_| i)).collect()
        };
        let pieces = kept.split(Option::is_none);
        let points = |piece: &[Option<usize>]| -> Vec<(Px, bool)> {
            piece
                .iter()
                .flatten()
                .filter_map(|i| Some((self.px_of(series, series.point(*i)?), series.is_unfinished(*i))))
                .collect()
        };
        if self.figure.apart {
            let alone = pieces.flat_map(points);
            return alone.map(|(point, open)| Polyline { points: vec![point], open }).collect();
        }
        pieces.flat_map(|piece| cut(&points(piece))).collect()
    }

    /// Where those points of a series that are in some state are drawn, in order, without those that would lie upon
    /// each other.
    pub fn places(&self, series: usize, wanted: impl Fn(PointState) -> bool) -> Vec<Px> {
        let Some(own) = self.figure.series.get(series) else { return Vec::new() };
        let frame = self.layout.plot.grown(0.5);
        let mut places: Vec<Px> = Vec::new();
        for (index, _) in own.states.iter().enumerate().filter(|(_, state)| wanted(**state)) {
            let Some(point) = own.point(index) else { continue };
            let at = self.px_of(own, self.layout.place(series, index, point));
            let clear = places.last().is_none_or(|last| (last[0] - at[0]).hypot(last[1] - at[1]) >= APART);
            if clear && frame.contains([at[0] as f32, at[1] as f32]) {
                places.push(at);
            }
        }
        places
    }
}

/// Rings closer than this would run into one.
const APART: f64 = 5.0;

/// A connected piece of a line.
#[derive(Debug)]
pub struct Polyline {
    pub points: Vec<Px>,
    /// Some of its values are still to change.
    pub open: bool,
}

/// Cuts a piece where it becomes unfinished, or finished: a stroke between two points is unfinished if one of them is.
fn cut(points: &[(Px, bool)]) -> Vec<Polyline> {
    let Some((first, open)) = points.first() else { return Vec::new() };
    let mut runs = vec![Polyline { points: vec![*first], open: *open }];
    for pair in points.windows(2) {
        let ([(before, a), (here, b)], Some(run)) = (pair, runs.last_mut()) else { continue };
        let open = *a || *b;
        // The first stroke says what its run is.
        if run.points.len() == 1 {
            run.open = open;
        }
        if run.open == open {
            run.points.push(*here);
        } else {
            runs.push(Polyline { points: vec![*before, *here], open });
        }
    }
    runs
}

/// The indices at which a line must break because a whole gap lies before them.
fn breaks(x: &[f64], y: &[f64], gaps: &[(f64, f64)]) -> Vec<usize> {
    let mut out: Vec<usize> = Vec::new();
    for (from, to) in gaps.iter().map(|(a, b)| (a.min(*b), a.max(*b))) {
        // The first point after the gap began; points that arrived within it may stand alone.
        let after = x.partition_point(|v| *v <= from);
        let until = x.partition_point(|v| *v < to);
        if let Some(first) = (after..x.len()).find(|i| y.get(*i).is_some_and(|v| v.is_finite())) {
            if first > 0 {
                out.push(first);
            }
            if until > first && until < x.len() {
                out.push(until);
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// The range of x that the points need, before the view has its say.
pub fn x_extent(figure: &Figure, slots: Option<Slots>) -> Option<(f64, f64)> {
    let ends = figure
        .series
        .iter()
        .filter_map(|series| super::scale::extent((0..series.len()).filter_map(|i| Some(series.point(i)?.0))));
    let (lo, hi) = super::scale::extent(ends.flat_map(|(lo, hi)| [lo, hi]))?;
    let (half, shift) = slots.map_or((0.0, 0.0), |slots| (slots.width / 2.0, slots.shift));
    Some((lo + shift - half, hi + shift + half))
}

/// The range of y of one axis, over the points whose x is visible. A last window that has just begun does not pull it
/// down, unless there is nothing else.
pub fn y_extent(figure: &Figure, x: Scale, right: bool, stack: Option<&Stack>) -> Option<(f64, f64)> {
    let of = |within: bool, begun: bool| {
        let own = figure.series.iter().enumerate().filter(|(_, series)| series.right == right);
        let values = own.flat_map(|(number, series)| {
            let is_begun = move |i: usize| i + 1 == series.len() && series.is_unfinished(i);
            (0..series.len()).filter(move |i| is_begun(*i) == begun).filter_map(move |i| {
                let (at, y) = series.point(i)?;
                Some((at, y + stack.map_or(0.0, |stack| stack.foot(number, i))))
            })
        });
        super::scale::extent(values.filter(|(at, _)| !within || x.holds(*at)).map(|(_, y)| y))
    };
    let all = |within: bool| match (of(within, false), of(within, true)) {
        (Some((lo, hi)), Some((_, newest))) => Some((lo, hi.max(newest))),
        (settled, begun) => settled.or(begun),
    };
    all(true).or_else(|| all(false))
}

/// Where the middle of a bin lies that begins at its x: names have no beginning.
fn half_a_bin(figure: &Figure, width: f64) -> f64 {
    if matches!(figure.x.kind, AxisKind::Category(_)) { 0.0 } else { width / 2.0 }
}
