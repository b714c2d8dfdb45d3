//! Where the plot came to lie, so that a window can turn the pointer into data: read values, zoom and pan.

use std::sync::Arc;

use super::scale::Scale;
use super::spec::{AxisKind, Figure, View};
use super::stack::Stack;

/// Points from the top left corner of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl Rect {
    pub fn new(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        Self { left, top, right, bottom }
    }

    pub fn width(&self) -> f32 {
        self.right - self.left
    }

    pub fn height(&self) -> f32 {
        self.bottom - self.top
    }

    pub fn contains(&self, [x, y]: [f32; 2]) -> bool {
        self.left <= x && x <= self.right && self.top <= y && y <= self.bottom
    }

    pub fn grown(&self, by: f32) -> Self {
        Self::new(self.left - by, self.top - by, self.right + by, self.bottom + by)
    }
}

/// How bars of several series share the room at one x: each has a slot of equal width.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slots {
    /// Width of all slots together, in data units.
    pub width: f64,
    pub count: usize,
    /// From a point's x to the middle of all slots: a bin begins at its x.
    pub shift: f64,
}

impl Slots {
    /// From a point's x to the middle of its series' slot.
    pub fn offset(&self, series: usize) -> f64 {
        let own = if self.count < 2 { 0.0 } else { self.width * ((series as f64 + 0.5) / self.count as f64 - 0.5) };
        own + self.shift
    }
}

/// A name of the legend, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct LegendSpot {
    pub rect: Rect,
    pub name: String,
    pub hidden: bool,
}

/// The frame of one drawn picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Width and height of the whole picture.
    pub size: [f32; 2],
    /// Where the marks are.
    pub plot: Rect,
    pub x: Scale,
    pub y: Scale,
    /// Of the series that are read at the right axis.
    pub right: Option<Scale>,
    /// The value from which lengths are measured: 0, or the foot of a log axis.
    pub base: [f64; 2],
    /// Where each value of a stack begins.
    pub stack: Option<Arc<Stack>>,
    /// Nothing in it can be pointed at.
    pub bare: bool,
    pub legend: Vec<LegendSpot>,
    /// Of the figure's panels that found room, in the order of theirs.
    pub panels: Vec<Layout>,
    /// `None` for marks that stand at their x itself.
    pub slots: Option<Slots>,
    /// How many bands there are, for marks whose series are bands.
    pub bands: Option<usize>,
    /// Whether the nearest point is looked for in both directions, or along x first.
    pub free: bool,
}

/// A point this many points away is not meant any more.
const REACH: f32 = 32.0;

impl Layout {
    /// The x and y under a pixel of the picture; outside the plot the axes go on.
    pub fn to_data(&self, [px, py]: [f32; 2]) -> (f64, f64) {
        let across = f64::from(px - self.plot.left) / f64::from(self.plot.width());
        let up = f64::from(self.plot.bottom - py) / f64::from(self.plot.height());
        (self.x.value(across), self.y.value(up))
    }

    pub fn to_px(&self, (x, y): (f64, f64)) -> [f32; 2] {
        let [px, py] = self.exact((x, y));
        [px as f32, py as f32]
    }

    pub(super) fn exact(&self, point: (f64, f64)) -> [f64; 2] {
        self.exact_on(false, point)
    }

    /// The same of a value that is read at the right axis, or the left.
    pub(super) fn exact_on(&self, right: bool, (x, y): (f64, f64)) -> [f64; 2] {
        let scale = self.right.filter(|_| right).unwrap_or(self.y);
        // Far outside is as good as very far outside, and stays finite.
        let (across, up) = (self.x.share(x).clamp(-1e6, 1e6), scale.share(y).clamp(-1e6, 1e6));
        [
            f64::from(self.plot.left) + across * f64::from(self.plot.width()),
            f64::from(self.plot.bottom) - up * f64::from(self.plot.height()),
        ]
    }

    /// Where a point is drawn (of a bar: the middle of its end).
    pub fn point_px(&self, figure: &Figure, series: usize, index: usize) -> Option<[f32; 2]> {
        let own = figure.series.get(series)?;
        let (x, y) = own.point(index)?;
        let [px, py] = self.exact_on(own.right, self.place(series, index, (x, y)));
        Some([px as f32, py as f32])
    }

    /// Where a point of a series stands, on the axes: in its slot, in its band, or upon those below it. The first band
    /// is the highest.
    pub(super) fn place(&self, series: usize, index: usize, (x, y): (f64, f64)) -> (f64, f64) {
        let x = x + self.slots.map_or(0.0, |slots| slots.offset(series));
        (x, self.bands.map_or(y + self.foot(series, index), |bands| bands as f64 - 1.0 - series as f64))
    }

    /// Where the value of a stack begins; 0 elsewhere.
    pub(super) fn foot(&self, series: usize, index: usize) -> f64 {
        self.stack.as_ref().map_or(0.0, |stack| stack.foot(series, index))
    }

    /// Whether values stand upon others.
    pub(super) fn is_stacked(&self) -> bool {
        self.stack.is_some()
    }

    /// The panel under a pixel of the picture.
    fn panel_at(&self, at: [f32; 2]) -> Option<usize> {
        self.panels.iter().position(|panel| panel.plot.contains(at))
    }

    /// The panels with their layouts, or the whole.
    pub fn parts<'a>(&'a self, figure: &'a Figure) -> Vec<(&'a Figure, &'a Self)> {
        if self.panels.is_empty() { vec![(figure, self)] } else { figure.panels.iter().zip(&self.panels).collect() }
    }

    /// The figure and the layout of what is under a pixel: of a panel, or of the whole.
    pub fn part<'a>(&'a self, figure: &'a Figure, at: [f32; 2]) -> (&'a Figure, &'a Self) {
        let panel = self.panel_at(at).and_then(|i| Some((figure.panels.get(i)?, self.panels.get(i)?)));
        panel.unwrap_or((figure, self))
    }

    /// The visible point that a reader at this pixel means: series and index.
    pub fn nearest(&self, figure: &Figure, at: [f32; 2]) -> Option<(usize, usize)> {
        if self.bare || !self.plot.contains(at) {
            return None;
        }
        let found = (0..figure.series.len()).filter_map(|series| self.nearest_of(figure, series, at));
        found.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, series, index)| (series, index))
    }

    /// The nearest of one series, with how far away it is.
    fn nearest_of(&self, figure: &Figure, series: usize, at: [f32; 2]) -> Option<(f32, usize, usize)> {
        let points = figure.series.get(series)?;
        let mut best: Option<(f32, usize, usize)> = None;
        let look = |index: usize, best: &mut Option<(f32, usize, usize)>| {
            let Some([px, py]) = self.point_px(figure, series, index) else { return };
            // In a stack the part is meant that the pointer is in.
            let foot = self.stack.as_ref().map(|stack| self.to_px((0.0, stack.foot(series, index)))[1]);
            let within = foot.is_some_and(|foot| (foot.min(py)..=foot.max(py)).contains(&at[1]));
            let (dx, dy) = ((px - at[0]).abs(), if within { 0.0 } else { (py - at[1]).abs() });
            if dx > self.plot.width() || !self.plot.grown(1.0).contains([px, py.clamp(self.plot.top, self.plot.bottom)])
            {
                return;
            }
            // Along x first: a line is read at the pointer's x, whichever line is closer then.
            let far = if self.free { dx.hypot(dy) } else { dx * 1000.0 + dy };
            if self.free && far > REACH {
                return;
            }
            if best.is_none_or(|(least, ..)| far < least) {
                *best = Some((far, series, index));
            }
        };
        let len = points.len();
        let xs = points.x.get(..len)?;
        if !sorted(xs) {
            (0..len).for_each(|index| look(index, &mut best));
            return best;
        }
        let reach = f64::from(REACH) * self.x.span() / f64::from(self.plot.width().max(1.0));
        let (x, _) = self.to_data(at);
        let middle = xs.partition_point(|v| *v < x);
        if self.free {
            let (from, to) = (xs.partition_point(|v| *v < x - reach), xs.partition_point(|v| *v <= x + reach));
            (from..to).for_each(|index| look(index, &mut best));
        } else {
            // The closest with a value on each side; a slot's offset may make the next but one the closest.
            let wide = self.slots.map_or(0.0, |slots| slots.width + slots.shift.abs());
            let near = |index: &usize| xs.get(*index).is_some_and(|v| (v - x).abs() <= wide);
            let with_value = |index: &usize| points.point(*index).is_some();
            (0..middle)
                .rev()
                .take_while(near)
                .chain((0..middle).rev().find(with_value))
                .for_each(|i| look(i, &mut best));
            (middle..len).take_while(near).chain((middle..len).find(with_value)).for_each(|i| look(i, &mut best));
        }
        best
    }

    /// What to look at after zooming about a pixel: factors above 1 show less, 1 leaves an axis as it is.
    pub fn zoomed(&self, figure: &Figure, at: [f32; 2], factor: [f64; 2]) -> View {
        let (x, y) = self.to_data(at);
        let zoom = |scale: Scale, about: f64, factor: f64| -> (f64, f64) {
            let range = (about - (about - scale.lo()) / factor, about + (scale.hi() - about) / factor);
            // Not so far that floats run out of places.
            if range.1 - range.0 > about.abs() * 1e-14 { range } else { scale.range() }
        };
        let old = figure.view.unwrap_or_default();
        View {
            x: if factor[0] == 1.0 { old.x } else { Some(zoom(self.x, x, factor[0])) },
            y: if factor[1] == 1.0 { old.y } else { Some(zoom(self.y, y, factor[1])) },
        }
    }

    /// What to look at after dragging the paper by so many points.
    pub fn panned(&self, figure: &Figure, [dx, dy]: [f32; 2]) -> View {
        let pan = |scale: Scale, share: f64| (scale.lo() + share * scale.span(), scale.hi() + share * scale.span());
        let old = figure.view.unwrap_or_default();
        View {
            x: if dx == 0.0 {
                old.x
            } else {
                Some(pan(self.x, -f64::from(dx) / f64::from(self.plot.width().max(1.0))))
            },
            y: if dy == 0.0 {
                old.y
            } else {
                Some(pan(self.y, f64::from(dy) / f64::from(self.plot.height().max(1.0))))
            },
        }
    }

    /// The point in words: x, and y.
    pub fn words(figure: &Figure, series: usize, index: usize) -> Option<(String, String)> {
        let (x, y) = figure.series.get(series)?.point(index)?;
        let said = |x: f64| match &figure.x.kind {
            AxisKind::Category(_) => super::axis::x_value((&figure.x.kind, figure.zone), x.round()),
            AxisKind::Number => figure.x_format.value(x),
            AxisKind::Time if x.abs() < 9.2e18 => figure.zone.told(x.round() as i64),
            kind => super::axis::x_value((kind, figure.zone), x),
        };
        let x = match figure.bin {
            Some(bin) => format!("{} to {}", said(x), said(x + bin)),
            None => said(x),
        };
        Some((x, Self::value_words(figure, series, y)))
    }

    /// The value of a point in about five digits, to stand beside others.
    pub fn brief_words(figure: &Figure, series: usize, index: usize) -> Option<String> {
        let (_, y) = figure.series.get(series)?.point(index)?;
        let (kind, format) = figure.axis_of(series);
        Some(if *kind == AxisKind::Power { Self::value_words(figure, series, y) } else { format.beside(y) })
    }

    /// A value as its axis writes it.
    fn value_words(figure: &Figure, series: usize, y: f64) -> String {
        let (kind, format) = figure.axis_of(series);
        format.value(if *kind == AxisKind::Power { super::number::round_to(10f64.powf(y), 12) } else { y })
    }

    /// What the parts of a stack add up to at the x of a point, in words; nothing where there is but one.
    pub fn total_words(&self, figure: &Figure, series: usize, index: usize) -> Option<String> {
        let x = *figure.series.get(series)?.x.get(index)?;
        let total = self.stack.as_ref().filter(|_| figure.adds_up)?.total(figure, x)?;
        Some(Self::value_words(figure, series, total))
    }
}

/// True when each x is at least the one before (and none is NaN).
pub(super) fn sorted(xs: &[f64]) -> bool {
    xs.iter().all(|x| !x.is_nan()) && xs.is_sorted()
}
