//! How the numbers of an axis are written: with thousands apart, as 1.2 k, as a percentage, as bytes, as a length of
//! time, with a unit. What digits a number has is left to `number`.

use serde::{Deserialize, Serialize};

use super::number;

/// The way of a number, and what stands before and after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Format {
    #[serde(skip_serializing_if = "NumberFormat::is_auto")]
    pub number: NumberFormat,
    /// `$`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// `ms`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub suffix: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberFormat {
    /// Short where that reads well: thousands apart, millions as `M`.
    #[default]
    Auto,
    /// All digits, nothing between them.
    Plain,
    Thousands,
    /// `1.2 k`.
    Si,
    /// 0.12 as `12 %`.
    Percent,
    /// `1.2 MB`, of a thousand kB each.
    Bytes,
    /// Seconds as `1 h 30 min`.
    Duration,
}

impl NumberFormat {
    /// All, with their titles for menus.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Auto, "automatic"),
        (Self::Plain, "plain"),
        (Self::Thousands, "1,000"),
        (Self::Si, "1.2 k"),
        (Self::Percent, "12 %"),
        (Self::Bytes, "1.2 MB"),
        (Self::Duration, "1 h 30 min"),
    ];

    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }

    /// The least step between ticks that is at least this long and reads well.
    pub fn nice_step(self, least: f64) -> f64 {
        match self {
            Self::Duration => nice_duration(least),
            _ => number::nice_step(least),
        }
    }
}

impl Format {
    /// A single value, as a reader wants it when pointing at it.
    pub fn value(&self, value: f64) -> String {
        if !value.is_finite() {
            return number::value(value);
        }
        self.dressed(match self.number {
            NumberFormat::Auto | NumberFormat::Thousands => number::value(value),
            NumberFormat::Plain => number::plain(value),
            NumberFormat::Si => si(value, None, None, ""),
            NumberFormat::Percent => format!("{} %", number::value(tidy(value * 100.0))),
            NumberFormat::Bytes => si(value, None, None, "B"),
            NumberFormat::Duration => duration(value),
        })
    }

    /// The same without the digits behind the point that five do not need, to stand beside other values.
    pub fn beside(&self, value: f64) -> String {
        match self.number {
            NumberFormat::Duration => self.value(value),
            _ if !value.is_finite() => self.value(value),
            _ if value.abs() >= 1e5 => self.value(value.round()),
            _ => self.value(number::round_to(value, 5)),
        }
    }

    /// The same in about three digits, for large letters.
    pub fn short(&self, value: f64) -> String {
        let rounded = number::round_to(value, 3);
        match self.number {
            NumberFormat::Auto if value.abs() >= 1e6 => self.dressed(si(rounded, None, None, "")),
            NumberFormat::Auto if value.abs() >= 1e3 => self.value(value.round()),
            NumberFormat::Auto | NumberFormat::Si | NumberFormat::Percent | NumberFormat::Bytes => self.value(rounded),
            _ => self.value(value),
        }
    }

    /// Labels of ticks, all written alike; `None` where the axis' own are right.
    pub fn labels(&self, values: &[f64], step: f64) -> Option<Vec<String>> {
        if *self == Self::default() {
            return None;
        }
        let largest = values.iter().map(|v| v.abs()).fold(0.0, f64::max);
        let label = |value: f64| match self.number {
            NumberFormat::Auto => number::label(value, step, largest),
            NumberFormat::Plain => number::fixed(value, number::decimals(step), false),
            NumberFormat::Thousands => number::fixed(value, number::decimals(step), true),
            NumberFormat::Si => si(value, Some(step), Some(largest), ""),
            NumberFormat::Percent => {
                format!("{} %", number::fixed(value * 100.0, number::decimals(step * 100.0), true))
            }
            NumberFormat::Bytes => si(value, Some(step), Some(largest), "B"),
            NumberFormat::Duration => duration(value),
        };
        Some(values.iter().map(|value| self.dressed(label(*value))).collect())
    }

    /// With its unit: a minus sign stays before all, and a word after a space.
    pub fn dressed(&self, number: String) -> String {
        if self.prefix.is_empty() && self.suffix.is_empty() {
            return number;
        }
        let (sign, digits) = match number.strip_prefix('\u{2212}') {
            Some(digits) => ("\u{2212}", digits),
            None => ("", number.as_str()),
        };
        let apart = if self.suffix.starts_with(char::is_alphabetic) { " " } else { "" };
        format!("{sign}{}{digits}{apart}{}", self.prefix, self.suffix)
    }
}

const UNITS: [(f64, &str); 9] =
    [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")];

/// `1.2 k`; in the unit of `largest`, and with the places that tell multiples of `step` apart, where these are given.
fn si(value: f64, step: Option<f64>, largest: Option<f64>, unit: &str) -> String {
    if value == 0.0 {
        return format!("0 {unit}").trim_end().to_owned();
    }
    let size = largest.unwrap_or(value.abs());
    // Half bytes there are none.
    let least = if unit.is_empty() { 0.0 } else { 1.0 };
    let (scale, sign) =
        UNITS.into_iter().filter(|(scale, _)| *scale >= least).find(|(scale, _)| size >= *scale).unwrap_or((1.0, ""));
    let digits = match step {
        Some(step) => number::fixed(value / scale, number::decimals(step / scale).min(9), false),
        None => number::value(number::round_to(value / scale, 4)),
    };
    format!("{digits} {sign}{unit}").trim_end().to_owned()
}

/// Without the dust that multiplying by 100 leaves.
fn tidy(value: f64) -> f64 {
    number::round_to(value, 12)
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;

/// Seconds in words: the two largest units that it has.
pub fn duration(secs: f64) -> String {
    let size = secs.abs();
    let sign = if secs < 0.0 { "\u{2212}" } else { "" };
    let pair = |value: f64, (large, small): (&str, &str), of: f64| {
        let (whole, rest) = ((value / of).floor(), (value % of).floor());
        let rest = if rest > 0.0 { format!(" {rest:.0} {small}") } else { String::new() };
        format!("{whole:.0} {large}{rest}")
    };
    let words = match size {
        0.0 => "0 s".to_owned(),
        s if s < 1e-3 => format!("{} µs", number::value(number::round_to(s * 1e6, 4))),
        s if s < 1.0 => format!("{} ms", number::value(number::round_to(s * 1e3, 4))),
        s if s < MINUTE => format!("{} s", number::value(number::round_to(s, 4))),
        s if s < HOUR => pair(s, ("min", "s"), MINUTE),
        s if s < DAY => pair((s / MINUTE).round(), ("h", "min"), MINUTE),
        s => pair((s / HOUR).round(), ("d", "h"), 24.0),
    };
    format!("{sign}{words}")
}

/// The least step of a clock or of days that is at least so long, seconds.
fn nice_duration(least: f64) -> f64 {
    const STEPS: [f64; 18] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0,
        21_600.0, 43_200.0, 86_400.0,
    ];
    if least <= 0.5 {
        return number::nice_step(least);
    }
    STEPS.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or_else(|| DAY * number::nice_step(least / DAY))
}
