//! Times as text by a pattern, `strftime(time, '%Y-%m-%d')`, and the pieces of such a pattern.

use std::fmt::Write;

use polars::prelude::*;

use super::{Arguments, OwnFunction, TEXT, TIME, own, text};
use crate::data::time::{Micros, civil, days_to, is_infinite, value_text};

pub(super) const OWN: &[OwnFunction] =
    &[own(&["strftime"], &[TIME, TEXT], text, strftime).told("strftime(time, '%Y-%m')", "a time as text")];

pub(super) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A piece of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Plain(char),
    /// A letter that stands for a part of a time, and whether it is written without zeros before it.
    Part(char, bool),
}

/// The letters that stand for parts, and those that may have a `-` before them.
const PARTS: &str = "aAwudbBhmyYHIpMSfgnzZjUWGV";
const BARE: &str = "dmyHIMSj";

/// The pieces of a pattern.
///
/// # Errors
/// What cannot be read in it.
pub(super) fn pieces(pattern: &str) -> PolarsResult<Vec<Piece>> {
    polars_ensure!(!pattern.is_empty(), ComputeError: "the pattern of a time is empty; write it like '%Y-%m-%d'");
    let (mut pieces, mut letters) = (Vec::new(), pattern.chars());
    while let Some(c) = letters.next() {
        if c != '%' {
            pieces.push(Piece::Plain(c));
            continue;
        }
        let (bare, letter) = match letters.next() {
            Some('-') => (true, letters.next()),
            letter => (false, letter),
        };
        let longer = |text: &str| self::pieces(text);
        match letter {
            Some('%') if !bare => pieces.push(Piece::Plain('%')),
            Some('c') if !bare => pieces.extend(longer("%Y-%m-%d %H:%M:%S")?),
            Some('x') if !bare => pieces.extend(longer("%Y-%m-%d")?),
            Some('X' | 'T') if !bare => pieces.extend(longer("%H:%M:%S")?),
            Some(letter) if PARTS.contains(letter) && (!bare || BARE.contains(letter)) => {
                pieces.push(Piece::Part(letter, bare));
            }
            _ => {
                let letter = letter.map_or_else(String::new, String::from);
                polars_bail!(ComputeError:
                    "'%{}{}' is no part of a time; there are %Y %m %d %H %M %S %f and others, and %% for the sign",
                    if bare { "-" } else { "" }, letter)
            }
        }
    }
    Ok(pieces)
}

fn strftime(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (times, nanos) = (a.moments(0)?, matches!(a.dtype(0), DataType::Datetime(TimeUnit::Nanoseconds, _)));
    let Some(pattern) = a.constant(1)? else { return Ok(a.each(|_| None::<String>)) };
    let pieces = pieces(&pattern)?;
    let exact = if nanos { Some(a.whole(0)?) } else { None };
    Ok(a.each(|row| {
        let time = times.get(row)?;
        let below = exact.as_ref().and_then(|exact| exact.get(row)).map_or(0, |nanos| nanos.rem_euclid(1_000));
        Some(written(time, below, &pieces))
    }))
}

/// A time by a pattern; `below` are nanoseconds beyond its microseconds.
fn written(time: Micros, below: i64, pieces: &[Piece]) -> String {
    if is_infinite(time) {
        let time = AnyValue::Datetime(time, TimeUnit::Microseconds, None);
        return value_text(&time).unwrap_or_default();
    }
    let (days, clock) = (time.div_euclid(86_400_000_000), time.rem_euclid(86_400_000_000));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (clock / 3_600_000_000, clock / 60_000_000 % 60, clock / 1_000_000 % 60);
    let micros = clock % 1_000_000;
    let of_year = days - days_to(year, 1, 1);
    let weekday = (days + 4).rem_euclid(7);
    let iso_day = (days + 3).rem_euclid(7);
    let thursday = days - iso_day + 3;
    let (iso_year, ..) = civil(thursday);
    let hour12 = (hour + 11) % 12 + 1;
    let name =
        |names: &[&'static str], at: i64| usize::try_from(at).ok().and_then(|at| names.get(at)).map_or("", |n| *n);
    let mut out = String::new();
    for piece in pieces {
        let (letter, bare) = match piece {
            Piece::Plain(c) => {
                out.push(*c);
                continue;
            }
            Piece::Part(letter, bare) => (*letter, *bare),
        };
        let (number, digits) = match letter {
            'a' => {
                out.push_str(&name(&DAYS, weekday)[..3]);
                continue;
            }
            'A' => {
                out.push_str(name(&DAYS, weekday));
                continue;
            }
            'b' | 'h' => {
                out.push_str(&name(&MONTHS, i64::from(month) - 1)[..3]);
                continue;
            }
            'B' => {
                out.push_str(name(&MONTHS, i64::from(month) - 1));
                continue;
            }
            'p' => {
                out.push_str(if hour < 12 { "AM" } else { "PM" });
                continue;
            }
            'z' => {
                out.push_str("+00");
                continue;
            }
            'Z' => continue,
            'w' => (weekday, 1),
            'u' => (iso_day + 1, 1),
            'd' => (i64::from(day), 2),
            'm' => (i64::from(month), 2),
            'y' => (year.abs() % 100, 2),
            'Y' => (year, if year < 0 { 1 } else { 4 }),
            'H' => (hour, 2),
            'I' => (hour12, 2),
            'M' => (minute, 2),
            'S' => (second, 2),
            'f' => (micros, 6),
            'g' => (micros / 1_000, 3),
            'n' => (micros * 1_000 + below, 9),
            'j' => (of_year + 1, 3),
            'U' => ((of_year + 7 - weekday) / 7, 2),
            'W' => ((of_year + 7 - iso_day) / 7, 2),
            'G' => (iso_year, 4),
            _ => ((thursday - days_to(iso_year, 1, 1)) / 7 + 1, 2),
        };
        let _ = if bare { write!(out, "{number}") } else { write!(out, "{number:0digits$}") };
    }
    out
}
