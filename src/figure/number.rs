//! Numbers as a reader likes them: ticks at 1, 2 and 5 times a power of ten, thousands apart, millions as `M`.

use super::scale::Scale;
use crate::data::words::grouped;

/// Where ticks lie and how they are written, the same way for all of one axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ticks {
    pub step: f64,
    pub values: Vec<f64>,
    pub labels: Vec<String>,
}

/// The smallest of 1, 2 or 5 times a power of ten that is at least `least`.
pub fn nice_step(least: f64) -> f64 {
    if !least.is_finite() || least <= 0.0 {
        return 1.0;
    }
    let power = least.log10().floor() as i32;
    [1.0, 2.0, 5.0, 10.0, 20.0]
        .into_iter()
        .map(|digit| scaled(digit, power))
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(least)
}

/// `digit × 10^power`, as exact as a float can be.
fn scaled(digit: f64, power: i32) -> f64 {
    if power < 0 {
        // 5 / 100 is the nearest float to 0.05; 5 × 0.01 is not. Powers under 1e-308 need two divisions.
        let first = (-power).min(300);
        digit / 10f64.powi(first) / 10f64.powi(-power - first)
    } else {
        digit * 10f64.powi(power)
    }
}

/// `index × step` without the dust of multiplying by 0.1.
fn multiple(step: f64, index: f64) -> f64 {
    if step < 1.0 && step > 1e-15 {
        let inverse = (1.0 / step).round();
        if ((1.0 / step) - inverse).abs() < 1e-6 * inverse {
            return index / inverse;
        }
    }
    index * step
}

/// Ticks within the range, at most about `most`. `whole` keeps to whole numbers; `nice` gives the least step that is as
/// long as wanted.
pub fn ticks_by(scale: Scale, most: usize, whole: bool, nice: impl Fn(f64) -> f64) -> Ticks {
    let mut step = nice(scale.span() / most.max(1) as f64);
    if whole {
        step = step.max(1.0);
    }
    at_step(scale, step)
}

fn at_step(scale: Scale, step: f64) -> Ticks {
    let (first, last) = ((scale.lo() / step - 1e-9).ceil(), (scale.hi() / step + 1e-9).floor());
    let mut values = Vec::new();
    if first.abs() < 9e15 && last.abs() < 9e15 && last - first < 1000.0 {
        for i in 0..=((last - first).max(-1.0) as i64) {
            values.push(multiple(step, first + i as f64) + 0.0);
        }
        // Far from zero floats are about a step apart, and the first or last may have been rounded out of the range.
        let dust = step * 1e-6;
        values.retain(|v| (scale.lo() - dust..=scale.hi() + dust).contains(v));
    } else {
        // So far from zero that whole steps cannot be counted: the ends alone.
        values.extend([scale.lo(), scale.hi()]);
    }
    values.dedup();
    let largest = scale.lo().abs().max(scale.hi().abs());
    let labels = values.iter().map(|v| label(*v, step, largest)).collect();
    Ticks { step, values, labels }
}

/// The range widened to whole steps, so that lines end at a grid line; `nice` as above.
pub fn widen_by(scale: Scale, most: usize, nice: impl Fn(f64) -> f64) -> Scale {
    let step = nice(scale.span() / most.max(1) as f64);
    let (lo, hi) = ((scale.lo() / step + 1e-9).floor() * step, (scale.hi() / step - 1e-9).ceil() * step);
    if lo.is_finite() && hi.is_finite() && lo <= scale.lo() + step * 1e-6 && hi >= scale.hi() - step * 1e-6 {
        Scale::new(lo, hi)
    } else {
        scale
    }
}

/// Ticks at powers of ten of an axis whose values are exponents; where it holds fewer than two, at 2 and 5 times one,
/// too, or at as many more of its digits as give two.
pub fn powers(scale: Scale, most: usize) -> Ticks {
    let every = nice_step(scale.span() / most.max(1) as f64).max(1.0).round();
    let within = |v: &f64| (scale.lo() - 1e-9..=scale.hi() + 1e-9).contains(v);
    let whole = |every: f64| -> Vec<f64> {
        let (first, last) = ((scale.lo() / every).floor(), (scale.hi() / every).ceil());
        if last - first > 1000.0 {
            Vec::new()
        } else {
            (0..=(last - first) as i64).map(|i| (first + i as f64) * every).collect()
        }
    };
    let plain: Vec<(f64, f64)> = whole(every).into_iter().filter(within).map(|power| (1.0, power)).collect();
    let finer = |digits: &[f64]| -> Vec<(f64, f64)> {
        let all = whole(1.0).into_iter().flat_map(|power| digits.iter().map(move |digit| (*digit, power)));
        all.filter(|(digit, power)| within(&(power + digit.log10()))).collect()
    };
    let tenths: Vec<f64> = (10..100_u32).map(|tenth| f64::from(tenth) / 10.0).collect();
    let digits: Vec<f64> = (1..10).map(f64::from).collect();
    let several = |ticks: &Vec<(f64, f64)>| ticks.len() > 1;
    let finest = || [&[1.0, 2.0, 5.0][..], &digits, &tenths].into_iter().map(finer).find(several);
    // Of more than there is room for every few; two say what the scale is.
    let every_few = |all: Vec<(f64, f64)>| -> Vec<(f64, f64)> {
        let nth = all.len().div_ceil(most.max(2));
        all.into_iter().step_by(nth.max(1)).collect()
    };
    let ticks = Some(plain).filter(several).or_else(|| finest().map(every_few)).unwrap_or_else(|| finer(&tenths));
    let values = ticks.iter().map(|(digit, power)| power + digit.log10()).collect();
    Ticks {
        step: every,
        values,
        labels: ticks.into_iter().map(|(digit, power)| power_label(digit, power as i32)).collect(),
    }
}

/// `10⁶`, `2×10⁴`; `1`, `20` and `500` as they are.
fn power_label(digit: f64, power: i32) -> String {
    let decimals = if digit.fract() == 0.0 { 0 } else { 1_i32.saturating_sub(power).clamp(0, 1) as usize };
    if (0..=2).contains(&power) {
        return fixed(scaled(digit, power), decimals, false);
    }
    let raised: String = power
        .to_string()
        .chars()
        .filter_map(|c| {
            if c == '-' { Some('⁻') } else { "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(c.to_digit(10)? as usize) }
        })
        .collect();
    if digit == 1.0 { format!("10{raised}") } else { format!("{digit}×10{raised}") }
}

const UNITS: [(f64, &str); 4] = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")];

/// One tick's label on an axis that reaches to `largest` in steps of `step`.
pub(super) fn label(value: f64, step: f64, largest: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e18).contains(&largest) {
        return scientific(value, ((largest.log10().floor() - step.log10().floor()).max(0.0) as usize).min(15));
    }
    for (unit, sign) in UNITS {
        if largest >= unit {
            let places = decimals(step / unit);
            // Zoomed in so far that a unit would need many places: the plain number says more.
            if places <= 3 {
                return format!("{}{sign}", fixed(value / unit, places, false));
            }
        }
    }
    fixed(value, decimals(step), largest >= GROUPED)
}

/// From here on thousands are set apart; below it a year would look like an amount.
const GROUPED: f64 = 10_000.0;

/// Places after the point that tell multiples of `step` apart.
pub(super) fn decimals(step: f64) -> usize {
    if step >= 1.0 { 0 } else { (-(step * (1.0 + 1e-9)).log10().floor()).clamp(0.0, 17.0) as usize }
}

/// Fixed places, with a real minus sign, never before a zero, and commas between thousands if `apart`.
pub(super) fn fixed(value: f64, places: usize, apart: bool) -> String {
    let text = format!("{:.*}", places, value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::with_capacity(text.len() + 8);
    if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        out.push('\u{2212}');
    }
    if apart {
        out.push_str(&grouped(whole));
    } else {
        out.push_str(whole);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

fn scientific(value: f64, places: usize) -> String {
    let text = format!("{:.*e}", places, value.abs());
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    format!("{}{digits}e{}", if value < 0.0 { "\u{2212}" } else { "" }, power.replace('-', "\u{2212}"))
}

/// A value with the three digits that say how large it is.
pub fn rounded(v: f64) -> String {
    let places = if v == 0.0 || !v.is_finite() { 0 } else { 2 - v.abs().log10().floor() as i32 };
    let unit = 10_f64.powi(places.clamp(0, 12));
    value((v * unit).round() / unit)
}

/// A value with so many digits that say how large it is.
pub(super) fn round_to(v: f64, digits: i32) -> f64 {
    if v == 0.0 || !v.is_finite() {
        return v;
    }
    let places = digits - 1 - v.abs().log10().floor() as i32;
    if !(-300..=300).contains(&places) {
        return v;
    }
    let unit = 10_f64.powi(places.abs());
    if places >= 0 { (v * unit).round() / unit } else { (v / unit).round() * unit }
}

/// All digits that matter, nothing between them.
pub fn plain(v: f64) -> String {
    let places = if v.fract() == 0.0 || v == 0.0 { 0 } else { (5 - v.abs().log10().floor() as i32).clamp(0, 12) };
    let text = fixed(v, places as usize, false);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A single value, as a reader wants it when pointing at it: about six digits that matter.
pub fn value(value: f64) -> String {
    if value.is_nan() {
        return "missing".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "\u{2212}∞" }.to_owned();
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e15).contains(&size) {
        return scientific(value, 5);
    }
    if value.fract() == 0.0 {
        return fixed(value, 0, size >= GROUPED);
    }
    let text = fixed(value, (5 - size.log10().floor() as i32).clamp(0, 9) as usize, size >= GROUPED);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
