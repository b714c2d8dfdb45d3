//! The zone in which times are shown and typed. Times themselves are UTC and stay so: this is the one home of what
//! clocks show at an instant, and of the instant that a person means.

use std::fmt;

use chrono::{DateTime, Local, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use polars::prelude::TimeUnit;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Result};
use super::format::parse_datetime;
use super::time::{self, Clock, Micros};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// Further than this no clock is from UTC.
const FURTHEST: i64 = 16 * HOUR;
/// The first and the last second of the years 1 to 9999: beyond them, clocks are taken to stay as they are.
const YEARS: (i64, i64) = (-62_135_596_800, 253_402_300_799);

/// Whose clocks tell the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Zone {
    #[default]
    Utc,
    /// That of this machine.
    Local,
    /// One of the IANA database.
    Named(Tz),
}

impl From<String> for Zone {
    /// A name that nobody knows is UTC, which the window then says.
    fn from(name: String) -> Self {
        match name.as_str() {
            "local" => Self::Local,
            name => Self::named(name).unwrap_or_default(),
        }
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        match zone {
            Zone::Local => "local".to_owned(),
            zone => zone.to_string(),
        }
    }
}

impl fmt::Display for Zone {
    /// `UTC`, `local time`, `Europe/Rome`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utc => "UTC",
            Self::Local => "local time",
            Self::Named(tz) => tz.name(),
        })
    }
}

impl Zone {
    /// A zone by its IANA name.
    pub fn named(name: &str) -> Option<Self> {
        let tz: Tz = name.parse().ok()?;
        Some(if tz == Tz::UTC { Self::Utc } else { Self::Named(tz) })
    }

    /// All zones that have a name.
    pub fn all() -> impl Iterator<Item = Self> {
        TZ_VARIANTS.iter().map(|tz| if *tz == Tz::UTC { Self::Utc } else { Self::Named(*tz) })
    }

    pub fn is_utc(&self) -> bool {
        *self == Self::Utc
    }

    /// As an axis names it that reaches over these instants. What is local on one machine is not on another: its
    /// distance from UTC is said as well.
    pub fn words(self, (from, until): (Micros, Micros)) -> String {
        if self != Self::Local {
            return self.to_string();
        }
        match (self.offset(from), self.offset(until)) {
            (from, until) if from == until => format!("local, {}", signed(from)),
            (from, until) => format!("local, {} to {}", signed(from), signed(until)),
        }
    }

    /// How far its clocks are ahead of UTC at an instant: `+05:30`.
    pub fn ahead(self, at: Micros) -> String {
        signed(self.offset(at))
    }

    /// The same in microseconds.
    fn offset(self, at: Micros) -> i64 {
        let at = DateTime::from_timestamp(at.div_euclid(SECOND).clamp(YEARS.0, YEARS.1), 0).unwrap_or_default();
        let utc: NaiveDateTime = at.naive_utc();
        let fixed = match self {
            Self::Utc => return 0,
            Self::Local => Local.offset_from_utc_datetime(&utc).fix(),
            Self::Named(tz) => tz.offset_from_utc_datetime(&utc).fix(),
        };
        i64::from(fixed.local_minus_utc()) * SECOND
    }

    /// What its clocks show at an instant, as microseconds since they showed the beginning of 1970.
    pub fn wall(self, at: Micros) -> Micros {
        if time::is_infinite(at) { at } else { at.saturating_add(self.offset(at)) }
    }

    /// The instants at which its clocks show this: none of what they skip, two of what they show twice.
    fn instants(self, wall: Micros) -> (Option<Micros>, Option<Micros>) {
        let near = |way: i64| {
            let offset = self.offset(wall.saturating_add(way));
            let at = wall.saturating_sub(offset);
            (self.offset(at) == offset).then_some(at)
        };
        if self.is_utc() || time::is_infinite(wall) {
            return (Some(wall), None);
        }
        match (near(-FURTHEST), near(FURTHEST)) {
            (Some(before), Some(after)) if before != after => (Some(before.min(after)), Some(before.max(after))),
            (before, after) => (before.or(after), None),
        }
    }

    /// The first instant at which its clocks show this or, where they skip it, something later.
    pub fn instant(self, wall: Micros) -> Micros {
        self.instants(wall).0.unwrap_or_else(|| {
            let behind = |way: i64| wall.saturating_sub(self.offset(wall.saturating_add(way)));
            self.turn(behind(FURTHEST), behind(-FURTHEST))
        })
    }

    /// The first instant after `from`, and at the latest `until`, from which its clocks are as far from UTC as at
    /// `until`.
    fn turn(self, mut from: Micros, mut until: Micros) -> Micros {
        let after = self.offset(until);
        while until.saturating_sub(from) > 1 {
            let middle = from + (until - from) / 2;
            if self.offset(middle) == after { until = middle } else { from = middle }
        }
        until
    }

    /// The next instant after one at which its clocks show a multiple of `step`.
    pub fn next_multiple(self, at: Micros, step: i64) -> Option<Micros> {
        let next = at.checked_add(step - self.wall(at).rem_euclid(step))?;
        if self.offset(next) == self.offset(at) {
            return Some(next);
        }
        // Clocks are put forward or back on the way.
        let turn = self.turn(at, next);
        let wall = self.wall(turn);
        turn.checked_add((step - wall.rem_euclid(step)) % step)
    }

    /// When the day began that its clocks show at an instant.
    pub fn day_begin(self, at: Micros) -> Micros {
        self.instant(self.wall(at).div_euclid(DAY).saturating_mul(DAY))
    }

    /// When the week began that its clocks show at an instant, on a Monday.
    pub fn week_begin(self, at: Micros) -> Micros {
        // 1970 began on a Thursday.
        let monday = (self.wall(at).div_euclid(DAY) + 3).div_euclid(7) * 7 - 3;
        self.instant(monday.saturating_mul(DAY))
    }

    /// A time as its clocks show it. What they show twice has the distance from UTC behind it.
    pub fn text(self, value: i64, unit: TimeUnit, between: char, how: Clock) -> String {
        let second = time::per_second(unit);
        let at = value.div_euclid(second).saturating_mul(SECOND);
        if self.is_utc() || time::is_infinite(value) {
            return time::text(value, unit, between, how);
        }
        let offset = self.offset(at);
        let Some(shown) = value.checked_add(offset / SECOND * second).filter(|shown| !time::is_infinite(*shown)) else {
            return time::text(value, unit, between, how) + "Z";
        };
        match self.instants(at.saturating_add(offset)) {
            (_, None) => time::text(shown, unit, between, how),
            // Midnight, too, is then said.
            (..) => {
                let how = if how == Clock::Short { Clock::Minutes } else { how };
                time::text(shown, unit, between, how) + &signed(offset)
            }
        }
    }

    /// A time as its clocks show it, and how far they are from UTC: for what is taken elsewhere.
    pub fn whole(self, value: i64, unit: TimeUnit) -> String {
        let text = self.text(value, unit, ' ', Clock::Full);
        let at = value.div_euclid(time::per_second(unit)).saturating_mul(SECOND);
        let said = self.is_utc() || time::is_infinite(value) || names_zone(&text);
        if said { text } else { text + &self.ahead(at) }
    }

    /// A time as short as it is, for who points at it, with how far the clocks are from UTC.
    pub fn told(self, at: Micros) -> String {
        let text = self.text(at, TimeUnit::Microseconds, ' ', Clock::Short);
        let said = self.is_utc() || time::is_infinite(at) || names_zone(&text);
        if said { text } else { format!("{text} ({})", self.ahead(at)) }
    }

    /// The instant of a time that is typed as its clocks show it, the first of two; or of one that names its own
    /// distance from UTC.
    ///
    /// # Errors
    /// When it is no time, or its clocks never show it.
    pub fn read(self, text: &str) -> Result<Micros> {
        let text = text.trim();
        let parsed = parse_datetime(text, TimeUnit::Microseconds)
            .ok_or_else(|| Fault::new(format!("'{text}' is not a time")).hint("write it like 2001-01-31 12:00"))?;
        if names_zone(text) {
            return Ok(parsed);
        }
        // A day begins, whenever its clocks say so.
        let (instant, is_day) = (self.instants(parsed).0, !text.contains(':'));
        instant.or_else(|| is_day.then(|| self.instant(parsed))).ok_or_else(|| {
            Fault::new(format!("'{text}' is not a time in {self}"))
                .hint("clocks are put forward then: write a later one")
        })
    }
}

/// Whether a time in text says how far it is from UTC, or is infinite.
fn names_zone(text: &str) -> bool {
    let more = |more: &str| parse_datetime(&format!("{text}{more}"), TimeUnit::Microseconds).is_some();
    !more("Z") && !more(" 00:00")
}

/// `+02:00`; before there were zones also with seconds.
fn signed(offset: i64) -> String {
    let (sign, seconds) = (if offset < 0 { '-' } else { '+' }, offset.abs() / SECOND);
    let short = format!("{sign}{:02}:{:02}", seconds / 3_600, seconds / 60 % 60);
    if seconds % 60 == 0 { short } else { format!("{short}:{:02}", seconds % 60) }
}
