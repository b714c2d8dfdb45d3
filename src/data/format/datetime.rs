//! Dates and times from the bytes that spell them. Null, quoting and what to do with a value that does not fit are
//! left to `column`.

use polars::prelude::TimeUnit;

use super::value::{float, integer};
use crate::data::time;

#[inline]
fn two(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// The number of days of a month.
fn month_days(year: i64, month: u32) -> Option<u32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if leap => Some(29),
        2 => Some(28),
        _ => None,
    }
}

/// `YYYY-MM-DD`, a year of another length with its sign, or `infinity`: as days since 1970.
pub(super) fn date(text: &[u8]) -> Option<i32> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return other_date(text) };
    let (Some(century), Some(year)) = (two(y1, y2), two(y3, y4)) else { return other_date(text) };
    let (year, month, day) = (i64::from(century * 100 + year), two(m1, m2)?, two(d1, d2)?);
    if day == 0 || day > month_days(year, month)? {
        return None;
    }
    i32::try_from(time::days_to(year, i64::from(month), i64::from(day))).ok()
}

#[cold]
fn other_date(text: &[u8]) -> Option<i32> {
    match time::infinity(text) {
        Some(v) => Some(if v > 0 { i32::MAX } else { -i32::MAX }),
        None => far_date(text).and_then(|days| i32::try_from(days).ok()).filter(|days| !time::is_infinite_day(*days)),
    }
}

/// A date of a year with a sign, as ISO 8601 writes those before the year 0 and after the year 9999; days since 1970.
fn far_date(text: &[u8]) -> Option<i64> {
    let (sign, rest) = text.split_first()?;
    let (year, rest) = rest.split_at_checked(rest.len().checked_sub(6)?)?;
    let [b'-', m1, m2, b'-', d1, d2] = rest else { return None };
    let (sign, least) = match sign {
        b'+' => (1, 5),
        b'-' => (-1, 4),
        _ => return None,
    };
    if !(least..=9).contains(&year.len()) {
        return None;
    }
    let year = sign
        * year
            .iter()
            .try_fold(0_i64, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))?;
    let (month, day) = (two(*m1, *m2)?, two(*d1, *d2)?);
    (day > 0 && day <= month_days(year, month)?).then(|| time::days_to(year, i64::from(month), i64::from(day)))
}

/// The day that was read last: rows near one another are often of one day.
#[derive(Default)]
pub(super) struct Calendar {
    text: [u8; 10],
    days: i32,
}

impl Calendar {
    /// As `date`.
    #[inline]
    pub fn date(&mut self, text: &[u8]) -> Option<i32> {
        let Ok(text) = <&[u8; 10]>::try_from(text) else { return date(text) };
        if *text != self.text {
            self.days = date(text)?;
            self.text = *text;
        }
        Some(self.days)
    }

    /// An ISO date, or date and time with a space or `T` between, up to nine digits of fraction and `Z` or an offset,
    /// in UTC; or `infinity`.
    #[inline]
    pub fn datetime(&mut self, text: &[u8], unit: TimeUnit) -> Option<i64> {
        // Infinite times are shorter than a date.
        let Some((day, rest)) = text.split_at_checked(10) else { return time::infinity(text) };
        let (days, rest) = match day {
            [b'+' | b'-', ..] => {
                let end = memchr::memchr3(b'T', b't', b' ', text).unwrap_or(text.len());
                let (day, rest) = text.split_at_checked(end)?;
                (far_date(day)?, rest)
            }
            _ => (i64::from(self.date(day)?), rest),
        };
        let (seconds, nanos) = match rest {
            [] => (0, 0),
            [b' ' | b'T' | b't', rest @ ..] => {
                let (seconds, nanos, zone) = clock(rest)?;
                (seconds - offset(zone)?, nanos)
            }
            _ => return None,
        };
        in_unit(days.checked_mul(86_400)?.checked_add(seconds)?, nanos, unit)
    }
}

/// As `Calendar::datetime`, for one value.
pub(super) fn datetime(text: &[u8], unit: TimeUnit) -> Option<i64> {
    Calendar::default().datetime(text, unit)
}

#[inline]
fn in_unit(seconds: i64, nanos: i64, unit: TimeUnit) -> Option<i64> {
    let (per_second, per_nano) = match unit {
        TimeUnit::Nanoseconds => (1_000_000_000, 1),
        TimeUnit::Microseconds => (1_000_000, 1_000),
        TimeUnit::Milliseconds => (1_000, 1_000_000),
    };
    let near = seconds.checked_mul(per_second).and_then(|value| value.checked_add(nanos / per_nano));
    // The first second that there is begins before the first time that there is.
    near.or_else(|| i64::try_from(i128::from(seconds) * i128::from(per_second) + i128::from(nanos / per_nano)).ok())
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fraction`: seconds, nanoseconds, and what follows.
#[inline]
fn clock(text: &[u8]) -> Option<(i64, i64, &[u8])> {
    let [h1, h2, b':', m1, m2, rest @ ..] = text else { return None };
    let (hour, minute) = (two(*h1, *h2)?, two(*m1, *m2)?);
    let (second, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (two(*s1, *s2)?, rest),
        rest => (0, rest),
    };
    let (nanos, rest) = match rest {
        [b'.', rest @ ..] => fraction(rest)?,
        rest => (0, rest),
    };
    (hour < 24 && minute < 60 && second < 60).then(|| (i64::from(hour * 3_600 + minute * 60 + second), nanos, rest))
}

/// One to nine digits as nanoseconds, and what follows.
#[inline]
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let (mut value, mut digits) = (0_i64, 0);
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        if digits == 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
        digits += 1;
    }
    let scale = [0, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1].get(digits)?;
    (digits > 0).then(|| (value * scale, text.get(digits..).unwrap_or_default()))
}

/// Seconds east of Greenwich.
#[inline]
fn offset(text: &[u8]) -> Option<i64> {
    let (east, hours, minutes, seconds) = match text {
        [] | [b'Z' | b'z'] | b"UTC" | b" UTC" => return Some(0),
        [s, h1, h2] => (s, two(*h1, *h2)?, 0, 0),
        [s, h1, h2, b':', m1, m2] | [s, h1, h2, m1, m2] => (s, two(*h1, *h2)?, two(*m1, *m2)?, 0),
        // Before there were zones, clocks went by the sun.
        [s, h1, h2, b':', m1, m2, b':', s1, s2] => (s, two(*h1, *h2)?, two(*m1, *m2)?, two(*s1, *s2)?),
        _ => return None,
    };
    let sum = i64::from(hours * 3_600 + minutes * 60 + seconds);
    match east {
        _ if hours >= 24 || minutes >= 60 || seconds >= 60 => None,
        b'+' => Some(sum),
        b'-' => Some(-sum),
        _ => None,
    }
}

/// A time of day, nanoseconds since midnight.
pub(super) fn time(text: &[u8]) -> Option<i64> {
    let (seconds, nanos, rest) = clock(text)?;
    rest.is_empty().then(|| seconds * 1_000_000_000 + nanos)
}

/// A point in time as a number since 1970: seconds, milliseconds, microseconds or nanoseconds by its size (seconds
/// reach to the year 5138). With a fraction it is seconds.
pub(super) fn epoch(text: &[u8], unit: TimeUnit) -> Option<i64> {
    let Some(value) = integer(text) else {
        let nanos = float(text)? * 1e9;
        let whole = nanos.is_finite() && nanos.abs() < 9e18;
        return whole
            .then_some(nanos as i64)
            .and_then(|n| in_unit(n.div_euclid(1_000_000_000), n.rem_euclid(1_000_000_000), unit));
    };
    let per_second: i64 = match value.unsigned_abs() {
        0..100_000_000_000 => 1,
        100_000_000_000..100_000_000_000_000 => 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000_000,
        _ => 1_000_000_000,
    };
    in_unit(value.div_euclid(per_second), value.rem_euclid(per_second) * (1_000_000_000 / per_second), unit)
}
