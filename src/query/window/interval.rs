//! Spans of time as people write them, in microseconds; which span fits where is left to `call`.

use super::Micros;
use crate::data::{Fault, Result};

/// Reads `1 hour 30 minutes`, `90s`, `-6 hours` or `01:30:00`, in microseconds.
///
/// # Errors
/// An unknown unit, no number, or months and years, whose length varies.
pub fn parse_interval(text: &str) -> Result<Micros> {
    let unknown = || Fault::new(format!("'{text}' is not an interval"));
    // A sign before a clock is one of all of it.
    let (sign, bare) = text.trim().strip_prefix('-').map_or((1.0, text.trim()), |bare| (-1.0, bare));
    let clock: Vec<&str> = bare.split(':').collect();
    if let [h, m, s] = clock[..] {
        let number = |t: &str| t.parse::<f64>().map_err(|_| unknown());
        return within(sign * (number(h)? * 3_600.0 + number(m)? * 60.0 + number(s)?) * 1e6, text);
    }
    let mut rest = text.trim();
    let mut total = 0.0_f64;
    let mut any = false;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || ".-+".contains(c))).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let number: f64 = number.parse().map_err(|_| unknown())?;
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let lower = unit.to_lowercase();
        let unit = if lower.len() > 2 { lower.trim_end_matches('s') } else { lower.as_str() };
        let micros = match unit {
            "us" | "microsecond" => 1.0,
            "ms" | "millisecond" => 1e3,
            "s" | "sec" | "second" => 1e6,
            "m" | "min" | "minute" => 60e6,
            "h" | "hr" | "hour" => 3_600e6,
            "d" | "day" => 86_400e6,
            "w" | "week" => 604_800e6,
            unit if months(unit).is_some() => {
                return Err(Fault::new(
                    "months and years vary in length: only tumble takes them, and nothing else beside them",
                )
                .hint("use days, such as INTERVAL '30 days'"));
            }
            _ => return Err(unknown()),
        };
        total += number * micros;
        any = true;
        rest = after.trim_start();
    }
    if any { within(total, text) } else { Err(unknown()) }
}

/// So many months are the unit of this name, which is one.
fn months(unit: &str) -> Option<i64> {
    match unit {
        "month" | "mon" => Some(1),
        "quarter" => Some(3),
        "year" | "yr" | "y" => Some(12),
        "decade" => Some(120),
        "century" | "centurie" => Some(1_200),
        "millennium" | "millennia" => Some(12_000),
        _ => None,
    }
}

/// The months in an interval that says whole months, quarters or years and nothing else: `1 year 2 months`.
pub fn months_in(text: &str) -> Option<i64> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let pairs = words.chunks(2).map(|pair| match pair {
        [number, unit] => {
            let number = number.parse::<i64>().ok()?;
            months(unit.trim_end_matches('s')).or_else(|| months(unit))?.checked_mul(number)
        }
        _ => None,
    });
    let total = pairs.collect::<Option<Vec<i64>>>()?.into_iter().try_fold(0_i64, i64::checked_add)?;
    (!words.is_empty()).then_some(total)
}

/// The longest interval, microseconds: times reach from 292,000 years before 1970 to as many after it.
const LONGEST: f64 = 9e18;

fn within(micros: f64, text: &str) -> Result<Micros> {
    if micros.abs() < LONGEST {
        return Ok(micros.round() as Micros);
    }
    if micros.is_nan() {
        return Err(Fault::new(format!("'{text}' is not an interval")));
    }
    Err(Fault::new(format!("'{text}' is longer than times reach")).hint("take at most 285,000 years"))
}
