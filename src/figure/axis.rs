//! Which ticks an axis shows: as many as fit without their labels touching, measured in the text font.

use super::format::Format;
use super::look::Look;
use super::number;
use super::scale::Scale;
use super::spec::AxisKind;
use super::text;
use super::time;
use crate::data::zone::Zone;

/// A tick of the x axis. Positions are points from the left end of the plot.
#[derive(Clone, Debug, PartialEq)]
pub struct XTick {
    pub at: f32,
    /// The middle of the label: `at`, or moved inwards where it would leave the picture.
    pub label_at: f32,
    pub label: String,
    /// A second line, where it has changed since the tick before.
    pub context: Option<String>,
}

/// The room for x labels: the width of the plot and how far they may reach beyond it on both sides.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    pub width: f32,
    pub before: f32,
    pub after: f32,
}

impl Room {
    fn center(self, at: f32, width: f32) -> f32 {
        let (lo, hi) = (width / 2.0 - self.before, self.width + self.after - width / 2.0);
        if lo <= hi { at.clamp(lo, hi) } else { self.width / 2.0 }
    }
}

/// The ticks of an x axis; those of a time are told in a zone.
pub fn x_ticks(
    (kind, zone): (&AxisKind, Zone),
    scale: Scale,
    room: Room,
    whole: bool,
    (look, format): (&Look, &Format),
) -> Vec<XTick> {
    if room.width < 1.0 {
        return Vec::new();
    }
    match kind {
        AxisKind::Number => numbers(scale, room, whole, (look, format)),
        AxisKind::Power => powers(scale, room, look),
        AxisKind::Time => {
            times(scale, room, look, Some(zone)).unwrap_or_else(|| numbers(scale, room, false, (look, format)))
        }
        AxisKind::Clock => {
            times(scale, room, look, None).unwrap_or_else(|| numbers(scale, room, false, (look, format)))
        }
        // Names stay under the plot: beside the lowest label of the y axis they would be read as one.
        AxisKind::Category(names) => categories(names, scale, Room { before: room.before.min(4.0), ..room }, look),
    }
}

/// The y axis has room for one label in about this many lines of text.
const LINES_A_TICK: f32 = 2.6;

/// A low axis has more labels than that for its height, as long as they do not touch: of so many steps two are left
/// once they are nice, and three labels say what the scale is.
const FEW_STEPS: usize = 3;

/// At most how many steps a y axis of this height is divided into.
pub fn y_steps(height: f32, look: &Look) -> usize {
    let roomy = (height / (look.font_size * LINES_A_TICK)) as usize;
    let close = (height / (text::height(look.font_size) * 1.15)) as usize;
    roomy.max(close.min(FEW_STEPS)).clamp(1, 8)
}

pub fn y_ticks(
    kind: &AxisKind,
    scale: Scale,
    height: f32,
    whole: bool,
    (look, format): (&Look, &Format),
) -> number::Ticks {
    let most = y_steps(height, look);
    if *kind == AxisKind::Power {
        let ticks = number::powers(scale, most);
        let labels = ticks.labels.into_iter().map(|label| format.dressed(label)).collect();
        return number::Ticks { labels, ..ticks };
    }
    let own =
        |most: usize| written(number::ticks_by(scale, most, whole, |least| format.number.nice_step(least)), format);
    let ticks = own(most);
    // Two labels closer than a line: the ends of a range so far from zero that it has no steps.
    let line = text::height(look.font_size);
    if ticks.values.len() > 1 && height * ticks_apart(&ticks.values, scale) < line { own(1) } else { ticks }
}

/// The ticks with their numbers as a person wants them.
fn written(ticks: number::Ticks, format: &Format) -> number::Ticks {
    match format.labels(&ticks.values, ticks.step) {
        Some(labels) => number::Ticks { labels, ..ticks },
        None => ticks,
    }
}

fn ticks_apart(values: &[f64], scale: Scale) -> f32 {
    values.windows(2).map(|pair| (scale.share(pair[1]) - scale.share(pair[0])) as f32).fold(f32::INFINITY, f32::min)
}

fn gap(look: &Look) -> f32 {
    look.font_size
}

fn numbers(scale: Scale, room: Room, whole: bool, (look, format): (&Look, &Format)) -> Vec<XTick> {
    let place = |ticks: &number::Ticks| -> Vec<XTick> {
        let labelled = ticks.values.iter().zip(&ticks.labels);
        labelled.map(|(v, label)| tick(scale, room, look, *v, label.clone(), None)).collect()
    };
    let most = (room.width / (look.font_size * 4.0)).clamp(1.0, 20.0) as usize;
    let nice = |least: f64| format.number.nice_step(least);
    let tried = (1..=most).rev().map(|most| place(&written(number::ticks_by(scale, most, whole, nice), format)));
    let mut last = Vec::new();
    for ticks in tried {
        if apart(&ticks, look) {
            return ticks;
        }
        last = ticks;
    }
    thin(last, gap(look), look)
}

/// Ticks at powers of ten.
fn powers(scale: Scale, room: Room, look: &Look) -> Vec<XTick> {
    let most = (room.width / (look.font_size * 4.0)).clamp(1.0, 20.0) as usize;
    let ticks = number::powers(scale, most);
    let placed =
        ticks.values.iter().zip(ticks.labels).map(|(v, label)| tick(scale, room, look, *v, label, None)).collect();
    thin(placed, gap(look), look)
}

fn times(scale: Scale, room: Room, look: &Look, zone: Option<Zone>) -> Option<Vec<XTick>> {
    // Ticks closer than this would look like a fence even where their labels fit.
    let least = scale.span() / f64::from((room.width / (look.font_size * 4.0)).max(1.0));
    for step in time::steps().filter(|step| step.length() >= least) {
        let ticks = step.ticks(scale, zone);
        let mut context = String::new();
        let placed: Vec<_> = ticks
            .into_iter()
            .map(|t| {
                let fresh = (t.context != context).then(|| t.context.clone());
                context = t.context;
                tick(scale, room, look, t.at, t.label, fresh)
            })
            .collect();
        if placed.is_empty() {
            break;
        }
        if apart(&placed, look) {
            return Some(tidy(placed, room, look));
        }
    }
    None
}

/// Leaves out the second lines that would touch: of two, the later one says more, as something begins there.
fn tidy(mut ticks: Vec<XTick>, room: Room, look: &Look) -> Vec<XTick> {
    let mut next_left = f32::INFINITY;
    for tick in ticks.iter_mut().rev() {
        let Some(context) = &tick.context else { continue };
        let width = text::width(context, look.font_size);
        let middle = room.center(tick.at, width);
        if middle + width / 2.0 + gap(look) / 2.0 > next_left || context.is_empty() {
            tick.context = None;
        } else {
            next_left = middle - width / 2.0;
        }
    }
    ticks
}

fn categories(names: &[String], scale: Scale, room: Room, look: &Look) -> Vec<XTick> {
    let first = scale.lo().ceil().max(0.0);
    let last = scale.hi().floor().min(names.len() as f64 - 1.0);
    if last < first {
        return Vec::new();
    }
    let (first, last) = (first as usize, last as usize);
    let slot = (f64::from(room.width) / scale.span()) as f32;
    let widest =
        names.get(first..=last).unwrap_or(&[]).iter().map(|name| text::width(name, look.font_size)).fold(0.0, f32::max);
    // A label may be cut, but not below a few letters: rather leave out some.
    let wanted = widest.min(look.font_size * 5.0) + gap(look) * 0.5;
    let every = ((wanted / slot.max(1e-3)).ceil() as usize).max(1);
    let width = slot * every as f32 - gap(look) * 0.5;
    let ticks = (first..=last)
        // The middle one of each few: the first and the last label then need not be pushed inwards.
        .filter(|i| i % every == (every - 1) / 2)
        .filter_map(|i| Some((i, names.get(i)?)))
        .map(|(i, name)| {
            tick(scale, room, look, i as f64, text::fit(&text::clean(name), look.font_size, width).into_owned(), None)
        });
    // Those at the ends may have been moved inwards.
    thin(ticks.collect(), gap(look) * 0.4, look)
}

fn tick(scale: Scale, room: Room, look: &Look, value: f64, label: String, context: Option<String>) -> XTick {
    let at = scale.share(value) as f32 * room.width;
    let label_at = room.center(at, text::width(&label, look.font_size));
    XTick { at, label_at, label, context }
}

fn apart(ticks: &[XTick], look: &Look) -> bool {
    ticks.windows(2).all(|pair| left(&pair[1], look) - right(&pair[0], look) >= gap(look))
}

fn left(tick: &XTick, look: &Look) -> f32 {
    tick.label_at - text::width(&tick.label, look.font_size) / 2.0
}

fn right(tick: &XTick, look: &Look) -> f32 {
    tick.label_at + text::width(&tick.label, look.font_size) / 2.0
}

/// Keeps those, from the left, that stay clear of the one kept before.
fn thin(ticks: Vec<XTick>, clear: f32, look: &Look) -> Vec<XTick> {
    let mut kept: Vec<XTick> = Vec::new();
    for tick in ticks {
        if kept.last().is_none_or(|before| left(&tick, look) - right(before, look) >= clear) {
            kept.push(tick);
        }
    }
    kept
}

/// One x value in words, for a reader who points at it.
pub fn x_value((kind, zone): (&AxisKind, Zone), value: f64) -> String {
    match kind {
        AxisKind::Number => number::value(value),
        AxisKind::Power => number::value(10f64.powf(value)),
        AxisKind::Time => time::value(value, Some(zone)),
        AxisKind::Clock => time::value(value, None),
        AxisKind::Category(names) => {
            let index = value.round();
            let name = if index >= 0.0 { names.get(index as usize) } else { None };
            name.cloned().unwrap_or_default()
        }
    }
}
