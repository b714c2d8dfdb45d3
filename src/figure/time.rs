//! Time on an axis: ticks at steps of a zone's calendar, from microseconds to centuries, before and after 1970.
//! A tick has a short label, and a second line (the day, the year) where that changes.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use polars::prelude::TimeUnit;

use super::scale::Scale;
use crate::data::time::{Clock, text};
use crate::data::zone::Zone;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A distance between ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Microseconds, at most a day.
    Fixed(i64),
    Days(i64),
    Months(i64),
    Years(i64),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub at: f64,
    pub label: String,
    /// What the label leaves out; shown at the first tick and where it changes.
    pub context: String,
}

const STEPS: [Step; 44] = {
    use Step::{Days as D, Fixed as F, Months as M, Years as Y};
    [
        F(1),
        F(2),
        F(5),
        F(10),
        F(20),
        F(50),
        F(100),
        F(200),
        F(500),
        F(1_000),
        F(2_000),
        F(5_000),
        F(10_000),
        F(20_000),
        F(50_000),
        F(100_000),
        F(200_000),
        F(500_000),
        F(SECOND),
        F(2 * SECOND),
        F(5 * SECOND),
        F(10 * SECOND),
        F(15 * SECOND),
        F(30 * SECOND),
        F(MINUTE),
        F(2 * MINUTE),
        F(5 * MINUTE),
        F(10 * MINUTE),
        F(15 * MINUTE),
        F(30 * MINUTE),
        F(HOUR),
        F(2 * HOUR),
        F(3 * HOUR),
        F(6 * HOUR),
        F(12 * HOUR),
        D(1),
        D(2),
        D(7),
        D(14),
        M(1),
        M(3),
        M(6),
        Y(1),
        Y(2),
    ]
};

/// Steps from fine to coarse, the years going on as 5, 10, 20, 50, … 20,000
pub fn steps() -> impl Iterator<Item = Step> {
    let years = (0..4u32).flat_map(|power| [5, 10, 20].map(|digit| Step::Years(digit * 10i64.pow(power))));
    STEPS.into_iter().chain(years)
}

impl Step {
    /// About how long it is, microseconds.
    pub fn length(self) -> f64 {
        match self {
            Self::Fixed(us) => us as f64,
            Self::Days(n) => (n * DAY) as f64,
            Self::Months(n) => n as f64 * 30.436_875 * DAY as f64,
            Self::Years(n) => n as f64 * 365.2425 * DAY as f64,
        }
    }

    /// Ticks within the range, at what the clocks of a zone show; none beyond the years that the calendar knows.
    /// Without a zone they are times of a day, which leave the date out.
    pub fn ticks(self, scale: Scale, zone: Option<Zone>) -> Vec<Tick> {
        let clocks = zone.unwrap_or_default();
        let mut ticks = Vec::new();
        if scale.span() / self.length() > 2000.0 {
            return ticks;
        }
        let Some(mut at) = self.floor(scale.lo(), clocks) else { return ticks };
        while at as f64 <= scale.hi() {
            let Some(time) = DateTime::from_timestamp_micros(clocks.wall(at)) else { break };
            if at as f64 >= scale.lo() {
                let (label, context) = self.label(&time, zone.is_none());
                ticks.push(Tick { at: at as f64, label, context });
            }
            let Some(next) = self.after(at, &time, clocks) else { break };
            at = next;
        }
        ticks
    }

    /// The last tick at or before a time.
    fn floor(self, time: f64, zone: Zone) -> Option<i64> {
        // Beyond these a cast would saturate; the calendar ends earlier still.
        if !(-9e18..9e18).contains(&time) {
            return None;
        }
        let (at, wall) = (time.floor() as i64, zone.wall(time.floor() as i64));
        match self {
            Self::Fixed(step) => Some(at - wall.rem_euclid(step)),
            _ => self.calendar_floor(&DateTime::from_timestamp_micros(wall)?).map(|begin| zone.instant(begin)),
        }
    }

    /// What clocks showed when the step of a calendar began that they are in.
    fn calendar_floor(self, wall: &DateTime<Utc>) -> Option<i64> {
        let (date, us) = (wall.date_naive(), wall.timestamp_micros());
        match self {
            Self::Fixed(step) => Some(us.div_euclid(step) * step),
            // 1970 began on a Thursday: weeks start on the Monday before.
            Self::Days(n) if n % 7 == 0 => Some((us + 3 * DAY).div_euclid(n * DAY) * n * DAY - 3 * DAY),
            Self::Days(n) => Some(us.div_euclid(n * DAY) * n * DAY),
            Self::Months(n) => {
                let months = i64::from(date.year()) * 12 + i64::from(date.month0());
                month_start(months.div_euclid(n) * n)
            }
            Self::Years(n) => month_start(i64::from(date.year()).div_euclid(n) * n * 12),
        }
    }

    /// The tick after one at which clocks show `wall`.
    fn after(self, at: i64, wall: &DateTime<Utc>, zone: Zone) -> Option<i64> {
        let months = i64::from(wall.year()) * 12 + i64::from(wall.month0());
        let next = match self {
            Self::Fixed(step) => return zone.next_multiple(at, step),
            // Where clocks skip midnight, the day begins later.
            Self::Days(n) => self.calendar_floor(wall)?.checked_add(n * DAY)?,
            Self::Months(n) => month_start(months + n)?,
            Self::Years(n) => month_start(months + n * 12)?,
        };
        Some(zone.instant(next))
    }

    fn label(self, time: &DateTime<Utc>, clock: bool) -> (String, String) {
        let day = if clock { String::new() } else { time.format("%b %-d, %Y").to_string() };
        match self {
            Self::Fixed(step) if step < 1_000 => (time.format("%H:%M:%S%.6f").to_string(), day),
            Self::Fixed(step) if step < SECOND => (time.format("%H:%M:%S%.3f").to_string(), day),
            Self::Fixed(step) if step < MINUTE => (time.format("%H:%M:%S").to_string(), day),
            Self::Fixed(_) => (time.format("%H:%M").to_string(), day),
            Self::Days(_) => (time.format("%b %-d").to_string(), time.format("%Y").to_string()),
            Self::Months(_) => (time.format("%b").to_string(), time.format("%Y").to_string()),
            Self::Years(_) => (time.format("%Y").to_string(), String::new()),
        }
    }
}

/// The start of a month counted from the year 0, microseconds since 1970.
fn month_start(months: i64) -> Option<i64> {
    let year = i32::try_from(months.div_euclid(12)).ok()?;
    let date = NaiveDate::from_ymd_opt(year, months.rem_euclid(12) as u32 + 1, 1)?;
    date.and_hms_opt(0, 0, 0).map(|time| time.and_utc().timestamp_micros())
}

/// A single moment, as exact as it is: `2001-03-04 05:06:07.5`, the time left out at midnight. Without a zone it is a
/// time of a day.
pub fn value(us: f64, zone: Option<Zone>) -> String {
    if !(-9.2e18..9.2e18).contains(&us) {
        return super::number::value(us);
    }
    let us = us.round() as i64;
    match zone {
        Some(zone) => zone.text(us, TimeUnit::Microseconds, ' ', Clock::Short),
        None => text(us, TimeUnit::Microseconds, ' ', Clock::Alone),
    }
}
