//! Histograms: how often values of each size occur, as bars that touch, from where a bin begins to where the next does.

use super::{Mark, PLAIN, bar, half_a_bin};
use crate::figure::layout::Slots;
use crate::figure::number;

pub const HISTOGRAM: Mark = Mark {
    name: "histogram",
    title: "Histogram",
    about: "how often values of each size occur, counted in bins",
    zero: true,
    stacks: true,
    slots: |figure| {
        let width = figure.bin.or_else(|| bar::spacing(figure)).unwrap_or(1.0);
        Some(Slots { width, count: 1, shift: half_a_bin(figure, width) })
    },
    draw: |scene, pen| bar::draw(scene, pen, false),
    ..PLAIN
};

/// The length of the bins that begin at these places: the least distance between two of them.
pub fn width(starts: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = starts.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let apart = sorted.windows(2).map(|pair| pair[1] - pair[0]).filter(|d| *d > 0.0);
    apart.reduce(f64::min)
}

/// So many widths, where a width is a part of one: dividing leaves less dust than multiplying by a tenth.
fn multiple(width: f64, times: f64) -> Option<f64> {
    let inverse = (1.0 / width).round();
    (width < 1.0 && (inverse * width - 1.0).abs() < 1e-9).then_some(times / inverse)
}

/// The stretch in whole bins, which begin at multiples of their width.
pub fn in_whole_bins((from, to): (f64, f64), width: f64) -> (f64, f64) {
    let at = |bins: f64| multiple(width, bins).unwrap_or(bins * width);
    (at((from / width).floor()), at((to / width).ceil()))
}

/// More bins than this are a comb.
const MOST: f64 = 80.0;

/// Bins of equal width over some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bins {
    pub from: f64,
    pub width: f64,
    pub count: usize,
}

impl Bins {
    /// As wide as Freedman and Diaconis (1981) say, in whole steps that read well; as Sturges (1926) says where half of
    /// the values are the same. `None` without a finite value.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (lo, hi) = (*sorted.first()?, *sorted.last()?);
        let count = sorted.len() as f64;
        let quantile = |share: f64| sorted.get((share * (count - 1.0)).round() as usize).copied().unwrap_or(lo);
        let span = hi / 2.0 - lo / 2.0;
        let wanted = match 2.0 * (quantile(0.75) - quantile(0.25)) / count.cbrt() {
            width if width > 0.0 && width.is_finite() => width,
            _ => 2.0 * span / (count.log2() + 1.0),
        };
        let whole = sorted.iter().all(|v| v.fract() == 0.0);
        let least = wanted.max(2.0 * span / MOST).max(if whole { 1.0 } else { 0.0 });
        // Of one value alone: a bin about it.
        // The step that is nearest, not the next above: of 2.3 it is 2.
        let width = number::nice_step(if least > 0.0 { least / 1.6 } else { (lo.abs() * 0.1).max(1e-300) });
        let width = if whole { width.max(1.0) } else { width };
        let from = (lo / width).floor() * width;
        let bins = ((hi - from) / width).floor() + 1.0;
        let fits = from.is_finite() && width.is_finite() && (1.0..=4.0 * MOST).contains(&bins);
        fits.then_some(Self { from, width, count: bins as usize })
    }

    /// Where each begins.
    pub fn starts(&self) -> Vec<f64> {
        let first = (self.from / self.width).round();
        let at = |i: usize| multiple(self.width, first + i as f64).unwrap_or(self.from + i as f64 * self.width);
        (0..self.count).map(at).collect()
    }

    /// How many of the values lie in each.
    pub fn counts(&self, values: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let mut counts = vec![0.0; self.count];
        for value in values.into_iter().filter(|v| v.is_finite()) {
            let bin = ((value - self.from) / self.width + 1e-9).floor().max(0.0) as usize;
            if let Some(count) = counts.get_mut(bin.min(self.count.saturating_sub(1))) {
                *count += 1.0;
            }
        }
        counts
    }
}
