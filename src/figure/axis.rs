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

/// A y axis is divided into no more steps than this.
const MOST_STEPS: usize = 8;

/// At most how many steps a y axis of this height is divided into.
pub fn y_steps(height: f32, look: &Look) -> usize {
    let roomy = (height / (look.font_size * LINES_A_TICK)) as usize;
    let close = (height / (text::height(look.font_size) * 1.15)) as usize;
    roomy.max(close.min(FEW_STEPS)).clamp(1, MOST_STEPS)
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
    let line = text::height(look.font_size);
    let close = |values: &[f64]| height * ticks_apart(values, scale) < line;
    match ticks.values.len() {
        // Two labels closer than a line: the ends of a range so far from zero that it has no steps.
        2.. if close(&ticks.values) => own(1),
        2.. => ticks,
        _ if height < line * 1.5 => ticks,
        // One says nothing of the scale: finer steps, or every few of them, whose labels do not touch.
        _ => {
            let nice = |least: f64| format.number.nice_step(least);
            let finer = |most: usize| written(number::ticks_by(scale, most, false, nice), format);
            let found =
                (1..=MOST_STEPS).map(finer).find_map(|all| (1..=MOST_STEPS).find_map(|nth| every(&all, nth, close)));
            found.unwrap_or(ticks)
        }
    }
}

/// Every few of the ticks, where these are two or more that are not close.
fn every(all: &number::Ticks, nth: usize, close: impl Fn(&[f64]) -> bool) -> Option<number::Ticks> {
    let values: Vec<f64> = all.values.iter().step_by(nth).copied().collect();
    let labels = all.labels.iter().step_by(nth).cloned().collect();
    (values.len() > 1 && !close(&values)).then_some(number::Ticks { step: all.step * nth as f64, values, labels })
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
    let place = |most: usize, whole: bool| -> Vec<XTick> {
        let nice = |least: f64| format.number.nice_step(least);
        let ticks = written(number::ticks_by(scale, most, whole, nice), format);
        let labelled = ticks.values.iter().zip(ticks.labels);
        labelled.map(|(v, label)| tick(scale, room, look, *v, label, None)).collect()
    };
    let most = (room.width / (look.font_size * 4.0)).clamp(1.0, 20.0) as usize;
    let found = (1..=most).rev().map(|most| place(most, whole)).find(|ticks| apart(ticks, look));
    let found = found.unwrap_or_else(|| thin(place(1, whole), gap(look), look));
    at_least_two(found, (1..=MOST_FINER).map(|most| place(most, false)), room, look)
}

/// How many finer steps are tried for a second label, and into how many parts these divide an axis at most.
const MOST_FINER: usize = 6;
const MOST_PARTS: f64 = 24.0;
/// An axis narrower than this, in letters, has no room for two labels.
const NARROW: f32 = 5.0;

/// One label says nothing of a scale: where there are fewer than two, as many of finer steps as stay clear of each
/// other, those of the coarsest that has two.
fn at_least_two(found: Vec<XTick>, mut finer: impl Iterator<Item = Vec<XTick>>, room: Room, look: &Look) -> Vec<XTick> {
    if found.len() > 1 || room.width < NARROW * look.font_size {
        return found;
    }
    let two = finer.find_map(|ticks| Some(thin(ticks, gap(look), look)).filter(|ticks| ticks.len() > 1));
    two.unwrap_or(found)
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
    let place = |step: time::Step| -> Vec<XTick> {
        let ticks = step.ticks(scale, zone).into_iter();
        ticks.map(|t| tick(scale, room, look, t.at, t.label, Some(t.context))).collect()
    };
    let (finer, coarser): (Vec<_>, Vec<_>) = time::steps().partition(|step| step.length() < least);
    let found = coarser.into_iter().map(place).take_while(|ticks| !ticks.is_empty()).find(|ticks| apart(ticks, look));
    let finer = finer.into_iter().rev().take(MOST_FINER).filter(|step| scale.span() <= step.length() * MOST_PARTS);
    let ticks = at_least_two(found.unwrap_or_default(), finer.map(place), room, look);
    (!ticks.is_empty()).then(|| tidy(ticks, room, look))
}

/// Leaves out the second lines that say nothing new, and those that would touch: of two, the later one says more, as
/// something begins there.
fn tidy(mut ticks: Vec<XTick>, room: Room, look: &Look) -> Vec<XTick> {
    let mut before = None;
    for tick in &mut ticks {
        let said = tick.context.take();
        if said != before {
            tick.context.clone_from(&said);
            before = said;
        }
    }
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
    let ticks = thin(ticks.collect(), gap(look) * 0.4, look);
    let half = room.width / 2.0 - gap(look);
    if ticks.len() > 1 || half < look.font_size * 2.0 {
        return ticks;
    }
    // The ends, cut to half of the room each.
    let ends = [first, last].into_iter().take(last - first + 1).filter_map(|i| Some((i, names.get(i)?)));
    let cut = |name: &str| text::fit(&text::clean(name), look.font_size, half).into_owned();
    let ends = ends.map(|(i, name)| tick(scale, room, look, i as f64, cut(name), None)).collect();
    let ends = thin(ends, gap(look) * 0.4, look);
    if ends.len() > 1 { ends } else { ticks }
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
