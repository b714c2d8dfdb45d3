//! Everything about a picture that is settled before the first stroke: what is shown, in which range, and where.
//! Small pictures show fewer words, so that the marks keep their room.

use std::sync::Arc;

use super::axis::{self, Room, XTick};
use super::format::Format;
use super::layout::{Layout, LegendSpot, Rect, Slots};
use super::legend::{self, Legend, Named};
use super::look::Look;
use super::mark::{self, Mark};
use super::number::{self, Ticks};
use super::reach::reach;
use super::scale::{Scale, same_zero};
use super::spec::{AxisKind, Figure, Series};
use super::stack::Stack;
use super::text;

pub struct FigurePlan<'a> {
    pub figure: &'a Figure,
    pub part: Part,
    pub mark: &'static Mark,
    pub look: &'a Look,
    pub layout: Layout,
    /// There is no point to show.
    pub empty: bool,
    pub x_ticks: Vec<XTick>,
    pub y_ticks: Ticks,
    pub right_ticks: Ticks,
    pub legend: Legend,
    pub head: HeadLines,
    pub x_title: String,
    pub y_title: String,
    pub right_title: String,
    /// What the first and the last colour of bands stand for, in words.
    pub colours: Option<[String; 2]>,
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
    /// On a line of its own: beside a short legend it takes no room.
    y_title: bool,
    seam: bool,
    /// The second line of the x labels.
    context: bool,
    x_title: bool,
}

impl ShownText {
    /// From all to none, what a reader misses least going first. Without its title a panel says nothing.
    fn fewer(part: Part) -> impl Iterator<Item = Self> {
        let mut words = Self {
            title: true,
            caption: true,
            legend_rows: 2,
            y_title: true,
            seam: true,
            context: true,
            x_title: true,
        };
        const WHOLE: [fn(&mut ShownText); 9] = [
            |_| (),
            |w| w.legend_rows = 1,
            |w| w.x_title = false,
            |w| w.caption = false,
            |w| w.context = false,
            |w| w.seam = false,
            |w| w.y_title = false,
            // Without their names the series say nothing.
            |w| w.legend_rows = 0,
            |w| w.title = false,
        ];
        const PANEL: [fn(&mut ShownText); 3] = [|_| (), |w| w.context = false, |w| w.seam = false];
        let steps: &[fn(&mut Self)] = match part {
            Part::Whole => &WHOLE,
            Part::Panel => &PANEL,
            Part::Sketch => &[],
        };
        steps.iter().map(move |step| {
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
/// Around a sketch.
const EDGE: f32 = 3.0;

/// Around the picture.
pub fn margin(look: &Look) -> f32 {
    look.font_size
}

/// Whether a picture is so low that its edges are better spent on words.
fn is_small(size: [f32; 2], look: &Look, part: Part) -> bool {
    size[1] < look.font_size * if part == Part::Panel { 10.0 } else { 16.0 }
}

pub fn legend_line(look: &Look) -> f32 {
    (text::height(look.font_size) * 1.25).round()
}

/// Whether a picture stands alone, or is one of several, whose x title and legend are those of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    Panel,
    /// A figure without axes and words.
    Sketch,
}

impl<'a> FigurePlan<'a> {
    pub fn new(figure: &'a Figure, mark: &'static Mark, look: &'a Look, size: [f32; 2], part: Part) -> Self {
        let slots = (mark.slots)(figure);
        let stack = mark.stacks.then(|| Arc::new(Stack::of(figure)));
        let Scales { x, y, right, empty } = scales(figure, mark, slots, stack.as_deref());
        let seam = !empty && !mark.bare && figure.seam.is_some_and(|at| x.holds(at));
        let x_title = x_title(figure, mark, part, x);
        let (y_title, right_title) = y_titles(figure, mark);
        let colours = colours(figure, mark).filter(|_| part != Part::Panel);
        let line = text::height(look.font_size);
        let mut chosen = None;
        if part == Part::Sketch {
            chosen = Some((HeadLines::default(), Legend::default(), EDGE, (size[1] - EDGE).max(EDGE), false, None));
        }
        for words in ShownText::fewer(part) {
            let words = ShownText { seam: seam && words.seam, ..words };
            let (head, legend, top) =
                head(figure, mark, [&y_title, &right_title], look, size, words, (part, colours.is_some()));
            let context = words.context && matches!(figure.x.kind, AxisKind::Time);
            let labels = if mark.bare { 0.0 } else { TICK + GAP + line * if context { 2.0 } else { 1.0 } };
            let titled = words.x_title && !x_title.is_empty();
            let edge = margin(look) * if is_small(size, look, part) { 0.2 } else { 0.6 };
            let foot = labels + if titled { line + GAP } else { 0.0 } + edge;
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
        let fixed = figure.view.is_some_and(|view| view.y.is_some());
        let of = |right: bool| match figure.right.as_ref().filter(|_| right) {
            Some(axis) => (&axis.kind, &axis.format, axis.range),
            None => (&figure.y_kind, &figure.y_format, figure.y_range),
        };
        let blank = empty || mark.bare || part == Part::Sketch;
        let is_kept = |right: bool| fixed || of(right).2.is_some() || *of(right).0 == AxisKind::Power;
        let widened = |right: bool, scale: Scale| {
            let nice = |least: f64| of(right).1.number.nice_step(least);
            let kept = blank || mark.bands || is_kept(right);
            if kept { scale } else { number::widen_by(scale, axis::y_steps(height, look), nice) }
        };
        let ticks = |right: bool, scale: Scale| -> Ticks {
            if blank {
                return Ticks::default();
            }
            if mark.bands {
                return bands(figure, scale, height, size[0] * BAND_NAMES, look);
            }
            let own = figure.series.iter().filter(|series| series.right == right);
            let whole = scale.span() < 10.0 && whole(own, |s| &s.y);
            let (kind, format, _) = of(right);
            axis::y_ticks(kind, scale, height, whole, (look, format))
        };
        let (mut y, mut right) = (widened(false, y), right.map(|scale| widened(true, scale)));
        // Lengths of both axes begin at one line.
        if let Some(other) = right.as_mut().filter(|_| mark.zero && !is_kept(false) && !is_kept(true)) {
            (y, *other) = same_zero(y, *other);
        }
        let (y_ticks, right_ticks) = (ticks(false, y), right.map_or_else(Ticks::default, |scale| ticks(true, scale)));
        // In steps, so that a growing count does not shake the picture.
        let room = |ticks: &Ticks| {
            let widest = ticks.labels.iter().map(|label| text::width(label, look.font_size)).fold(0.0, f32::max);
            (widest / 8.0).ceil() * 8.0 + if widest > 0.0 { GAP * 1.5 } else { 0.0 }
        };
        let edge = match part {
            Part::Whole => margin(look),
            Part::Panel => margin(look) * 0.5,
            Part::Sketch => EDGE,
        };
        let left = (edge + room(&y_ticks)).round().min((size[0] * 0.5).round());
        let beside = match right {
            _ if part == Part::Sketch => EDGE,
            Some(_) => margin(look) * 0.5 + room(&right_ticks),
            None => margin(look) * 1.5,
        };
        let end = (size[0] - beside.min(size[0] * 0.35)).round().max(left);

        let plot = Rect::new(left, top.round(), end, bottom.round().max(top.round()));
        let spots = legend_spots(&legend, &head, figure, mark, look);
        let layout = Layout {
            size,
            plot,
            x,
            y,
            right,
            base: [
                base(&figure.y_kind, y),
                right.zip(figure.right.as_ref()).map_or(0.0, |(s, axis)| base(&axis.kind, s)),
            ],
            stack,
            bare: mark.bare,
            legend: spots,
            panels: Vec::new(),
            slots,
            bands: mark.bands.then_some(figure.series.len()),
            free: mark.free,
        };
        let room = Room { width: plot.width(), before: left - 2.0, after: size[0] - end - 2.0 };
        let mut x_ticks = if empty || mark.bare || part == Part::Sketch {
            Vec::new()
        } else {
            let whole = x.span() < 10.0 && whole(figure.series.iter(), |s| &s.x);
            axis::x_ticks((&figure.x.kind, figure.zone), x, room, whole, (look, &figure.x_format))
        };
        if !context {
            x_ticks.iter_mut().for_each(|tick| tick.context = None);
        }
        Self {
            figure,
            part,
            mark,
            look,
            layout,
            empty,
            x_ticks,
            y_ticks,
            right_ticks,
            legend,
            head,
            x_title,
            y_title,
            right_title,
            colours,
            x_title_at,
        }
    }
}

/// What lengths on an axis are measured from.
fn base(kind: &AxisKind, scale: Scale) -> f64 {
    if *kind == AxisKind::Power { scale.lo() } else { 0.0 }
}

/// Under the x axis.
fn x_title(figure: &Figure, mark: &Mark, part: Part, x: Scale) -> String {
    let zone = figure.zone.words((x.lo() as i64, x.hi() as i64));
    match (&figure.x.kind, figure.x.title.as_str()) {
        _ if mark.bare || part != Part::Whole => String::new(),
        (AxisKind::Time, "") => zone,
        (AxisKind::Time, title) if !title.contains(&zone) => format!("{title} ({zone})"),
        (_, title) => title.to_owned(),
    }
}

/// Where the names of the legend can be clicked.
fn legend_spots(legend: &Legend, head: &HeadLines, figure: &Figure, mark: &Mark, look: &Look) -> Vec<LegendSpot> {
    let Some(top) = head.legend else { return Vec::new() };
    let named = legend_names(figure, mark);
    let spot = |entry: &legend::Entry| {
        let of = named.get(entry.named?)?;
        let left = head.legend_left + entry.at;
        let line = legend_line(look);
        let top = top + line * entry.row as f32 - (line - text::height(look.font_size)) / 2.0;
        let wide = legend::key(look) + text::width(&entry.label, look.font_size);
        let name = of
            .series
            .map_or_else(|| of.name.clone(), |i| figure.series.get(i).map_or_else(String::new, |s| s.name.clone()));
        Some(LegendSpot { rect: Rect::new(left, top, left + wide, top + line), name, hidden: of.series.is_none() })
    };
    legend.entries.iter().filter_map(spot).collect()
}

/// What the legend names: the series, and between them those that are hidden. Bands have their names beside them, and
/// numbers above them.
pub fn legend_names(figure: &Figure, mark: &Mark) -> Vec<Named> {
    if mark.bands || mark.bare {
        return Vec::new();
    }
    let hidden = |after: usize| {
        figure.hidden.iter().filter(move |own| own.after == after).map(|own| Named {
            name: own.name.clone(),
            series: None,
            colour: own.colour,
        })
    };
    let mut names: Vec<Named> = hidden(0).collect();
    for (i, series) in figure.series.iter().enumerate() {
        let right = figure.right.is_some() && series.right;
        let name = if right { format!("{} (right)", series.name) } else { series.name.clone() };
        names.push(Named { name, series: Some(i), colour: figure.colour(i) });
        names.extend(hidden(i + 1));
    }
    names
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

/// What the y axes show; of bands, what their colours do.
fn y_titles(figure: &Figure, mark: &Mark) -> (String, String) {
    if mark.bare {
        return Default::default();
    }
    (figure.y_title.clone(), figure.right.as_ref().map_or_else(String::new, |axis| axis.title.clone()))
}

/// What the first and the last colour of bands stand for.
fn colours(figure: &Figure, mark: &Mark) -> Option<[String; 2]> {
    let (lo, hi) = mark.bands.then(|| mark::heat::range(figure)).flatten()?;
    let plain = figure.y_format == Format::default();
    Some([lo, hi].map(|value| if plain { number::rounded(value) } else { figure.y_format.short(value) }))
}

/// The lines above the plot, from the top; and where the plot begins.
fn head(
    figure: &Figure,
    mark: &Mark,
    [y_title, right_title]: [&str; 2],
    look: &Look,
    size: [f32; 2],
    words: ShownText,
    (part, coloured): (Part, bool),
) -> (HeadLines, Legend, f32) {
    let (margin, em) = (margin(look), look.font_size);
    let mut head = HeadLines::default();
    let mut top = margin * if is_small(size, look, part) { 0.4 } else { 0.8 };
    if words.title && !figure.title.is_empty() {
        head.title = Some(top);
        top += (text::height(title_size(look, part)) * 1.1).round();
    }
    if words.caption && !figure.caption.is_empty() {
        head.caption = Some(top);
        top += (text::height(em) * 1.1).round();
    }
    if head.title.is_some() || head.caption.is_some() {
        top += em * if part == Part::Panel { 0.1 } else { 0.5 };
    }
    let named = if part == Part::Panel { Vec::new() } else { legend_names(figure, mark) };
    let mut names: Vec<&str> = named.iter().map(|named| named.name.as_str()).collect();
    // One alone is named where the axis says something else of it: its measure.
    if let [only] = names[..]
        && (only.is_empty() || y_title.is_empty() || [y_title, right_title, &figure.x.title].contains(&only))
    {
        names.clear();
    }
    let room = size[0] - 2.0 * margin;
    let wide = |title: &str| text::width(&text::clean(title), em);
    let (mut y_title, mut right_title) = (wide(y_title), wide(right_title));

    // The y title and a short legend share a line; a longer legend has its own above it.
    let beside = legend::place(&names, room - y_title - em * 2.0, words.legend_rows.min(1), look);
    let shared = y_title > 0.0 && right_title == 0.0 && beside.rows > 0 && beside.names(names.len());
    if !shared && !words.y_title {
        (y_title, right_title) = (0.0, 0.0);
    }
    // The colours of bands are their legend.
    let coloured = coloured && words.legend_rows > 0;
    let legend = if shared { beside } else { legend::place(&names, room, words.legend_rows, look) };
    if legend.rows > 0 {
        head.legend = Some(top);
        head.legend_left = if shared { size[0] - margin * 1.5 - legend.width } else { margin };
        if !shared {
            top += legend_line(look) * legend.rows as f32;
        }
    }
    if y_title > 0.0 || right_title > 0.0 || coloured {
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

/// Of a panel it is that of its labels.
pub fn title_size(look: &Look, part: Part) -> f32 {
    if part == Part::Panel { look.font_size } else { look.title_size() }
}

/// What the axes show.
pub struct Scales {
    pub x: Scale,
    pub y: Scale,
    pub right: Option<Scale>,
    /// There is nothing to show.
    pub empty: bool,
}

pub fn scales(figure: &Figure, mark: &Mark, slots: Option<Slots>, stack: Option<&Stack>) -> Scales {
    let view = figure.view.unwrap_or_default();
    let usable = |range: Option<(f64, f64)>| range.filter(|(a, b)| a.is_finite() && b.is_finite() && a != b);
    let data = mark::x_extent(figure, slots);
    let x = match (usable(view.x), &figure.x.kind, data) {
        (Some((a, b)), ..) => Scale::new(a, b),
        (None, AxisKind::Category(names), _) if !names.is_empty() => Scale::new(-0.5, names.len() as f64 - 0.5),
        (None, kind, Some((lo, hi))) => {
            let (lo, hi) =
                if lone(figure) { alone(figure, (lo, hi), slots.map_or(0.0, |slots| slots.width)) } else { (lo, hi) };
            // Circles stand clear of the edge; a seam just after the last row is shown.
            let pad = if mark.is_scattered() { (hi - lo) * 0.02 } else { 0.0 };
            let near =
                figure.seam.filter(|at| (at - hi).abs() <= (hi - lo) * 0.05 || (at - lo).abs() <= (hi - lo) * 0.05);
            let now = figure.now.filter(|now| *kind == AxisKind::Time && now.is_finite());
            let (lo, hi) = (near.unwrap_or(lo).min(lo - pad), near.unwrap_or(hi).max(hi + pad));
            Scale::new(lo, now.unwrap_or(hi).max(hi))
        }
        (None, _, None) => Scale::new(0.0, 1.0),
    };
    let extent = |right: bool| mark::y_extent(figure, x, right, stack);
    let (left, right) = (extent(false), figure.right.as_ref().and_then(|axis| Some((axis, extent(true)?))));
    if left.is_none() && right.is_none() {
        return Scales { x, y: Scale::new(0.0, 1.0), right: None, empty: true };
    }
    let fitted = match (usable(figure.y_range), left) {
        (Some((a, b)), _) => Scale::new(a, b),
        (None, Some(range)) => fit(mark, &figure.y_kind, reach(figure, false, range)),
        (None, None) => Scale::new(0.0, 1.0),
    };
    let y = match usable(view.y) {
        None if mark.bands => Scale::new(-0.5, figure.series.len().max(1) as f64 - 0.5),
        Some((a, b)) => Scale::new(a, b),
        None => fitted,
    };
    let right = right.map(|(axis, range)| {
        let whole = usable(axis.range)
            .map_or_else(|| fit(mark, &axis.kind, reach(figure, true, range)), |(a, b)| Scale::new(a, b));
        // What is looked at is said of the left axis; the right one shows the same part of itself.
        match usable(view.y) {
            Some((a, b)) => Scale::new(whole.value(fitted.share(a)), whole.value(fitted.share(b))),
            None => whole,
        }
    });
    Scales { x, y, right, empty: false }
}

/// A range that is read well: with zero where lengths are compared, and never of a single value.
fn fit(mark: &Mark, kind: &AxisKind, (lo, hi): (f64, f64)) -> Scale {
    match kind {
        // The foot of a log axis lies below the least, or its bar would have no length.
        AxisKind::Power if mark.zero => Scale::new((lo - 1e-9).floor(), if hi > lo { hi } else { hi.ceil() }),
        AxisKind::Power => Scale::new(lo, hi),
        _ if mark.zero && lo == 0.0 && hi == 0.0 => Scale::new(0.0, 1.0),
        _ if mark.zero => Scale::new(lo.min(0.0), hi.max(0.0)),
        // One whole number: its neighbours are whole, too.
        _ if lo == hi && lo.fract() == 0.0 && lo.abs() < 10.0 => Scale::new(lo - 1.0, hi + 1.0),
        _ => Scale::new(lo, hi),
    }
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
fn whole<'a>(series: impl Iterator<Item = &'a Series>, side: impl Fn(&'a Series) -> &'a [f64]) -> bool {
    series.flat_map(|series| side(series).iter()).filter(|y| y.is_finite()).all(|y| y.fract() == 0.0)
}
