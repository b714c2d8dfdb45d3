//! The figures of a guard: the error over the stream, and the distribution of a feature in training and now.

use super::GuardView;
use crate::engine::guard::{ALL, Contender, GuardStatus};
use crate::figure::{Axis, AxisKind, Figure, Series};
use crate::learn::drift::{BaselineFeature, Binning};
use crate::learn::forest::Task;
use crate::ui::models::ModelEntry;
use crate::ui::widget::numbers::{self, zone};

pub fn of(view: &GuardView, watched: &GuardStatus, entry: &ModelEntry) -> Figure {
    match view {
        GuardView::Error => errors(watched, entry),
        GuardView::Feature(name) => feature(name, watched, entry).unwrap_or_default(),
    }
}

/// The colour of the lines where the error changed: a quiet one, and never that of a contestant.
const CHANGED: usize = 6;

/// A line for each contestant, and a vertical line where the error changed.
fn errors(watched: &GuardStatus, entry: &ModelEntry) -> Figure {
    let numbers = entry.forest().task == Task::Numbers;
    let unit = if numbers { 1.0 } else { 100.0 };
    let x: Vec<f64> = watched.curve.iter().map(|p| p.at as f64).collect();
    let mut series = Vec::new();
    let mut top = 0.0_f64;
    // A fused forest that equals the model would hide the model's line.
    let takes_part = |who: Contender| who != Contender::Fused || watched.fused.is_some();
    for (i, who) in ALL.iter().enumerate().filter(|(_, who)| takes_part(**who)) {
        let y: Vec<f64> = watched.curve.iter().map(|p| p.error.get(i).copied().unwrap_or(f64::NAN) * unit).collect();
        let highest = y.iter().copied().filter(|y| y.is_finite()).fold(f64::NEG_INFINITY, f64::max);
        if highest.is_finite() {
            top = top.max(highest);
            series.push(Series::new(who.word(), x.clone(), y).coloured(i));
        }
    }
    // Before the first point of the curve there is nothing to mark.
    let moments = watched.moments.iter().filter(|m| m.worse && x.first().is_some_and(|first| *first <= m.at as f64));
    let (mark_x, mark_y): (Vec<f64>, Vec<f64>) = moments
        .flat_map(|m| [(m.at as f64, 0.0), (m.at as f64, top.max(unit / 100.0)), (m.at as f64, f64::NAN)])
        .unzip();
    if !mark_x.is_empty() {
        series.push(Series::new("error changed", mark_x, mark_y).coloured(CHANGED));
    }
    let (title, kind) = if watched.by_time { ("", AxisKind::Time) } else { ("rows", AxisKind::Number) };
    Figure {
        title: format!("Error of {} as rows come", entry.name),
        caption: "each row is predicted before any forest is trained on it".to_owned(),
        mark: "line".to_owned(),
        x: Axis { title: title.to_owned(), kind },
        zone: zone(),
        y_title: if numbers { "mean absolute error".to_owned() } else { "wrong, %".to_owned() },
        series,
        // The axis begins at zero, as errors are compared with none.
        view: (top > 0.0).then_some(crate::figure::View { x: None, y: Some((0.0, top * 1.05)) }),
        ..Figure::default()
    }
}

/// The most values with a bar each, and the number of bins otherwise.
const VALUES: usize = 20;
const BINS: usize = 24;

/// The share of rows in training and now.
fn feature(name: &str, watched: &GuardStatus, entry: &ModelEntry) -> Option<Figure> {
    let baseline = entry.baseline.as_ref()?;
    let at = baseline.features.iter().position(|f| f.name == name)?;
    let feature = baseline.features.get(at)?;
    let (now, nulls) = watched.window.of(at)?;
    let (kind, x, before, now, mark) = match &feature.shape {
        Binning::Number { edges } if edges.len() > VALUES => {
            let (x, before, now) = binned(edges, &feature.counts, now);
            (AxisKind::Number, x, before, now, "line")
        }
        _ => {
            let (names, before, now) = listed(feature, now, nulls);
            let x = (0..names.len()).map(|i| i as f64).collect();
            (AxisKind::Category(names), x, before, now, "bar")
        }
    };
    let share = |counts: &[f64]| {
        let all = counts.iter().sum::<f64>().max(1.0);
        counts.iter().map(|n| n / all * 100.0).collect::<Vec<_>>()
    };
    let drift = watched.features.iter().find(|f| f.name == name);
    let beyond = mark == "line" && drift.is_some_and(|d| d.unseen > 0.0);
    let title = if beyond {
        format!("{name}; what lies beyond its range in training stands at the ends")
    } else {
        name.to_owned()
    };
    Some(Figure {
        title: format!("{name} in training and now"),
        caption: drift.map_or_else(String::new, crate::learn::drift::FeatureDrift::evidence),
        mark: mark.to_owned(),
        x: Axis { title, kind },
        y_title: "% of the rows".to_owned(),
        series: vec![Series::new("in training", x.clone(), share(&before)), Series::new("now", x, share(&now))],
        ..Figure::default()
    })
}

/// Both in bins of equal width over training's range. Inside of a fine bin rows are taken to lie evenly; what lies
/// beyond the range is in the first or the last bin.
fn binned(edges: &[f64], before: &[u64], now: &[u64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (Some(low), Some(high)) = (edges.get(1).or(edges.first()).copied(), edges.last().copied()) else {
        return Default::default();
    };
    let width = (high - low).max(f64::MIN_POSITIVE) / BINS as f64;
    let x = (0..BINS).map(|i| low + (i as f64 + 0.5) * width).collect();
    let spread = |counts: &[u64]| {
        let mut bins = vec![0.0; BINS];
        let place = |v: f64| (((v - low) / width) as usize).min(BINS - 1);
        for (i, count) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
            let from = i.checked_sub(1).and_then(|i| edges.get(i)).copied().unwrap_or(low).clamp(low, high);
            let to = edges.get(i).copied().unwrap_or(high).clamp(low, high);
            let (first, last) = (place(from), place(to));
            for bin in first..=last {
                let (left, right) = (low + bin as f64 * width, low + (bin + 1) as f64 * width);
                let part = if to > from {
                    ((to.min(right) - from.max(left)) / (to - from)).max(0.0)
                } else {
                    1.0 / (last - first + 1) as f64
                };
                if let Some(own) = bins.get_mut(bin) {
                    *own += part * *count as f64;
                }
            }
        }
        bins
    };
    (x, spread(before), spread(now))
}

/// A name for each value, or for the most frequent ones, and the rest together.
fn listed(feature: &BaselineFeature, now: &[u64], nulls: u64) -> (Vec<String>, Vec<f64>, Vec<f64>) {
    let both = |i: usize| (feature.counts.get(i).copied().unwrap_or(0), now.get(i).copied().unwrap_or(0));
    let mut rows: Vec<(String, (u64, u64))> = match &feature.shape {
        Binning::Number { edges } => {
            let name = |i: usize| match i {
                0 => "below".to_owned(),
                i => edges.get(i).map_or_else(|| "above".to_owned(), |edge| numbers::float(*edge)),
            };
            (0..=edges.len()).map(|i| (name(i), both(i))).collect()
        }
        Binning::Category { values, .. } => {
            let shown = values.len().min(VALUES);
            let mut rows: Vec<_> = values.iter().take(shown).enumerate().map(|(i, v)| (v.clone(), both(i))).collect();
            let rest = (shown..=values.len()).map(both).fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1));
            rows.push(("others".to_owned(), rest));
            rows.push(("never seen".to_owned(), both(values.len() + 1)));
            rows
        }
    };
    rows.push(("missing".to_owned(), (feature.nulls, nulls)));
    // Rows for what is not a value are shown only if they have counts.
    rows.retain(|(name, counts)| {
        *counts != (0, 0) || !["below", "above", "others", "never seen", "missing"].contains(&name.as_str())
    });
    let names = rows.iter().map(|(name, _)| name.clone()).collect();
    let (before, now) = rows.iter().map(|(_, (b, n))| (*b as f64, *n as f64)).unzip();
    (names, before, now)
}
