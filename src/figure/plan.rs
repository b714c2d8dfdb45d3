//! Everything about a picture that is settled before the first stroke: what is shown, in which range, and where.
//! Small pictures show fewer words, so that the marks keep their room.

use super::axis::{self, Room, XTick};
use super::layout::{Layout, Rect, Slots};
use super::legend::{self, Legend};
use super::look::Look;
use super::mark::{self, Mark};
use super::number::{self, Ticks};
use super::scale::Scale;
use super::spec::{AxisKind, Figure, Series};
use super::text;

pub struct FigurePlan<'a> {
    pub figure: &'a Figure,
    pub mark: &'static Mark,
    pub look: &'a Look,
    pub layout: Layout,
    /// There is no point to show.
    pub empty: bool,
    pub x_ticks: Vec<XTick>,
    pub y_ticks: Ticks,
    pub legend: Legend,
    pub head: HeadLines,
    pub x_title: String,
    pub y_title: String,
    /// Top of the x title's line.
    pub x_title_at: Option<f32>,
}

/// The tops of the lines above the plot; `None` where there is nothing to say or no room.
#[derive(Default)]
pub struct HeadLines {
    pub title: Option<f32>,
    pub caption: Option<f32>,
    pub legend: Option<f32>,
    /// Left end of the legend.
    pub legend_left: f32,
    pub y_title: Option<f32>,
    pub seam: Option<f32>,
}

/// Which words a picture has room for.
#[derive(Clone, Copy)]
struct ShownText {
    title: bool,
    caption: bool,
    legend_rows: usize,
    y_title: bool,
    seam: bool,
    /// The second line of the x labels.
    context: bool,
    x_title: bool,
}

impl ShownText {
    /// From all to none, what a reader misses least going first.
    fn fewer() -> impl Iterator<Item = Self> {
        let mut words = Self {
            title: true,
            caption: true,
            legend_rows: 2,
            y_title: true,
            seam: true,
            context: true,
            x_title: true,
        };
        let steps: [fn(&mut Self); 9] = [
            |_| (),
            |w| w.legend_rows = 1,
            |w| w.x_title = false,
            |w| w.caption = false,
            |w| w.legend_rows = 0,
            |w| w.y_title = false,
            |w| w.title = false,
            |w| w.context = false,
            |w| w.seam = false,
        ];
        steps.into_iter().map(move |step| {
            step(&mut words);
            words
        })
    }
}

/// The share of the height that belongs to the plot, whatever there is to say.
const PLOT_SHARE: f32 = 0.45;

/// Length of a tick's stroke, and of the space between an axis and its words.
pub const TICK: f32 = 4.0;
pub const GAP: f32 = 5.0;

/// Around the picture.
pub fn margin(look: &Look) -> f32 {
    look.font_size
}

pub fn legend_line(look: &Look) -> f32 {
    (text::height(look.font_size) * 1.25).round()
}

impl<'a> FigurePlan<'a> {
    pub fn new(figure: &'a Figure, mark: &'static Mark, look: &'a Look, size: [f32; 2]) -> Self {
        let slots = (mark.slots)(figure);
        let (x, y, empty) = scales(figure, mark, slots);
        let seam = !empty && figure.seam.is_some_and(|at| x.holds(at));
        let x_title = match (&figure.x.kind, figure.x.title.as_str()) {
            (AxisKind::Time, "") => "UTC".to_owned(),
            (AxisKind::Time, title) if !title.contains("UTC") => format!("{title} (UTC)"),
            (_, title) => title.to_owned(),
        };

        let y_title = y_title(figure, mark);
        let line = text::height(look.font_size);
        let mut chosen = None;
        for words in ShownText::fewer() {
            let (head, legend, top) =
                head(figure, mark, &y_title, look, size, ShownText { seam: seam && words.seam, ..words });
            let context = words.context && matches!(figure.x.kind, AxisKind::Time);
            let labels = TICK + GAP + line * if context { 2.0 } else { 1.0 };
            let titled = words.x_title && !x_title.is_empty();
            let foot = labels + if titled { line + GAP } else { 0.0 } + margin(look) * 0.6;
            let bottom = size[1] - foot;
            let fits = bottom - top >= size[1] * PLOT_SHARE;
            chosen = Some((head, legend, top, bottom.max(top), context, titled.then_some(bottom + labels + GAP * 0.4)));
            if fits {
                break;
            }
        }
        let (head, legend, top, bottom, context, x_title_at) = chosen.unwrap_or_default();

        // The range is widened to whole steps once the height is known, and that settles the labels' width.
        let height = bottom - top;
        let whole_y = y.span() < 10.0 && whole(figure, |s| &s.y);
        let fixed = figure.view.is_some_and(|view| view.y.is_some());
        let y = if fixed || empty || mark.bands || figure.y_kind == AxisKind::Power {
            y
        } else {
            number::widen(y, axis::y_steps(height, look))
        };
        let y_ticks = if empty {
            Ticks { step: 1.0, values: Vec::new(), labels: Vec::new() }
        } else if mark.bands {
            bands(figure, y, height, size[0] * BAND_NAMES, look)
        } else {
            axis::y_ticks(&figure.y_kind, y, height, whole_y, look)
        };
        let widest = y_ticks.labels.iter().map(|label| text::width(label, look.font_size)).fold(0.0, f32::max);
        // In steps, so that a growing count does not shake the picture.
        let labels = (widest / 8.0).ceil() * 8.0;
        let left =
            (margin(look) + labels + if widest > 0.0 { GAP * 1.5 } else { 0.0 }).round().min((size[0] * 0.5).round());
        let right = (size[0] - margin(look) * 1.5).round().max(left);

        let plot = Rect::new(left, top.round(), right, bottom.round().max(top.round()));
        let layout =
            Layout { size, plot, x, y, slots, bands: mark.bands.then_some(figure.series.len()), free: mark.free };
        let room = Room { width: plot.width(), before: left - 2.0, after: size[0] - right - 2.0 };
        let mut x_ticks = if empty {
            Vec::new()
        } else {
            axis::x_ticks(&figure.x.kind, x, room, x.span() < 10.0 && whole(figure, |s| &s.x), look)
        };
        if !context {
            x_ticks.iter_mut().for_each(|tick| tick.context = None);
        }
        Self { figure, mark, look, layout, empty, x_ticks, y_ticks, legend, head, x_title, y_title, x_title_at }
    }
}

/// The share of the width that the names of bands may take.
const BAND_NAMES: f32 = 0.3;

/// The names of bands, as many as do not touch.
fn bands(figure: &Figure, y: Scale, height: f32, room: f32, look: &Look) -> Ticks {
    let each = f64::from(height) / y.span();
    let every = ((f64::from(text::height(look.font_size)) * 1.1 / each.max(1e-3)).ceil() as usize).max(1);
    let count = figure.series.len();
    let named = figure.series.iter().enumerate().step_by(every).map(|(i, series)| ((count - 1 - i) as f64, series));
    let seen = named.filter(|(at, _)| y.holds(*at));
    let (values, labels) =
        seen.map(|(at, series)| (at, text::fit(&text::clean(&series.name), look.font_size, room).into_owned())).unzip();
    Ticks { step: 1.0, values, labels }
}

/// What the y axis shows; of bands, what their colours say.
fn y_title(figure: &Figure, mark: &Mark) -> String {
    match mark::heat::range(figure).filter(|_| mark.bands) {
        Some((lo, hi)) => format!("{} (colour: {} to {})", figure.y_title, number::rounded(lo), number::rounded(hi))
            .trim_start()
            .to_owned(),
        None => figure.y_title.clone(),
    }
}

/// The lines above the plot, from the top; and where the plot begins.
fn head(
    figure: &Figure,
    mark: &Mark,
    y_title: &str,
    look: &Look,
    size: [f32; 2],
    words: ShownText,
) -> (HeadLines, Legend, f32) {
    let (margin, em) = (margin(look), look.font_size);
    let mut head = HeadLines::default();
    let mut top = margin * 0.8;
    if words.title && !figure.title.is_empty() {
        head.title = Some(top);
        top += (text::height(look.title_size()) * 1.1).round();
    }
    if words.caption && !figure.caption.is_empty() {
        head.caption = Some(top);
        top += (text::height(em) * 1.1).round();
    }
    if head.title.is_some() || head.caption.is_some() {
        top += em * 0.5;
    }
    // Bands have their names beside them.
    let named = figure.series.iter().filter(|_| !mark.bands);
    let names: Vec<&str> = named.map(|series| series.name.as_str()).collect();
    let room = size[0] - 2.0 * margin;
    let y_title = if words.y_title { text::width(&text::clean(y_title), em) } else { 0.0 };

    // The y title and a short legend share a line; a longer legend has its own above it.
    let beside = legend::place(&names, room - y_title - em * 2.0, words.legend_rows.min(1), look);
    let shared = y_title > 0.0 && beside.names(names.len());
    let legend = if shared { beside } else { legend::place(&names, room, words.legend_rows, look) };
    if legend.rows > 0 {
        head.legend = Some(top);
        head.legend_left = if shared { size[0] - margin * 1.5 - legend.width } else { margin };
        if !shared {
            top += legend_line(look) * legend.rows as f32;
        }
    }
    if y_title > 0.0 {
        head.y_title = Some(top);
        top += legend_line(look);
    }
    if words.seam {
        head.seam = Some(top);
        top += (text::height(look.small_size()) + 2.0).round();
    }
    // Half a line for the highest tick's label.
    (head, legend, (top + em * 0.6).min(size[1]))
}

/// What the axes show, and whether there is nothing to show.
fn scales(figure: &Figure, mark: &Mark, slots: Option<Slots>) -> (Scale, Scale, bool) {
    let view = figure.view.unwrap_or_default();
    let usable = |range: Option<(f64, f64)>| range.filter(|(a, b)| a.is_finite() && b.is_finite() && a != b);
    let data = mark::x_extent(figure, slots);
    let x = match (usable(view.x), &figure.x.kind, data) {
        (Some((a, b)), ..) => Scale::new(a, b),
        (None, AxisKind::Category(names), _) if !names.is_empty() => Scale::new(-0.5, names.len() as f64 - 0.5),
        (None, _, Some((lo, hi))) => {
            let (lo, hi) =
                if lone(figure) { alone(figure, (lo, hi), slots.map_or(0.0, |slots| slots.width)) } else { (lo, hi) };
            // Circles stand clear of the edge; a seam just after the last row is shown.
            let pad = if mark.is_scattered() { (hi - lo) * 0.02 } else { 0.0 };
            let near =
                figure.seam.filter(|at| (at - hi).abs() <= (hi - lo) * 0.05 || (at - lo).abs() <= (hi - lo) * 0.05);
            let (lo, hi) = (near.unwrap_or(lo).min(lo - pad), near.unwrap_or(hi).max(hi + pad));
            Scale::new(lo, hi)
        }
        (None, _, None) => Scale::new(0.0, 1.0),
    };
    let Some((lo, hi)) = mark::y_extent(figure, x) else { return (x, Scale::new(0.0, 1.0), true) };
    let y = match usable(view.y) {
        None if mark.bands => Scale::new(-0.5, figure.series.len().max(1) as f64 - 0.5),
        Some((a, b)) => Scale::new(a, b),
        None if mark.zero && lo == 0.0 && hi == 0.0 => Scale::new(0.0, 1.0),
        None if mark.zero => Scale::new(lo.min(0.0), hi.max(0.0)),
        // One whole number: its neighbours are whole, too.
        None if lo == hi && lo.fract() == 0.0 && lo.abs() < 10.0 => Scale::new(lo - 1.0, hi + 1.0),
        None => Scale::new(lo, hi),
    };
    (x, y, false)
}

/// True when all points have the same x.
fn lone(figure: &Figure) -> bool {
    let mut xs = figure.series.iter().flat_map(|series| (0..series.len()).filter_map(|i| Some(series.point(i)?.0)));
    let first = xs.next();
    xs.all(|x| Some(x) == first)
}

/// Around a single x: so much time that its label says when it was; so much room that a bar looks like one.
fn alone(figure: &Figure, (lo, hi): (f64, f64), wide: f64) -> (f64, f64) {
    let least: f64 = if matches!(figure.x.kind, AxisKind::Time | AxisKind::Clock) { 90e6 } else { 0.0 };
    let around = least.max(wide * 1.5);
    (lo - around, hi + around)
}

/// Whether all coordinates on one side are whole numbers.
fn whole(figure: &Figure, side: impl Fn(&Series) -> &[f64]) -> bool {
    figure.series.iter().flat_map(|series| side(series).iter()).filter(|y| y.is_finite()).all(|y| y.fract() == 0.0)
}
