//! Parts of dates and times, by the calendar that goes on for ever both ways.

use polars::prelude::*;

use super::{Arguments, OwnFunction, TIME, WHOLE, float, own, same, whole, whole_times};
use crate::data::time::{Micros, civil, days_to};

pub(super) const OWN: &[OwnFunction] = &[
    own(&["year"], &[TIME], whole, |a| part(a, Moment::year)).told("year(time)", "of a time"),
    own(&["quarter"], &[TIME], whole, |a| part(a, |t| (t.month() + 2) / 3)).told("quarter(time)", "of a time, 1 to 4"),
    own(&["month"], &[TIME], whole, |a| part(a, Moment::month)).told("month(time)", "of a time"),
    own(&["day", "dayofmonth"], &[TIME], whole, |a| part(a, |t| t.date().2)).told("day(time)", "of a time"),
    own(&["hour"], &[TIME], whole, |a| part(a, |t| t.clock() / HOUR)).told("hour(time)", "of a time"),
    own(&["minute"], &[TIME], whole, |a| part(a, |t| t.clock() / MINUTE % 60)).told("minute(time)", "of a time"),
    own(&["second"], &[TIME], whole, |a| part(a, |t| t.clock() / SECOND % 60)).told("second(time)", "of a time"),
    own(&["millisecond"], &[TIME], whole, |a| part(a, |t| t.clock() % MINUTE / 1_000))
        .told("millisecond(time)", "since its minute began"),
    own(&["microsecond"], &[TIME], whole, |a| part(a, |t| t.clock() % MINUTE))
        .told("microsecond(time)", "since its minute began"),
    own(&["week", "weekofyear"], &[TIME], whole, |a| part(a, |t| t.iso_week().1))
        .told("week(time)", "ISO week, 1 to 53"),
    own(&["isoyear"], &[TIME], whole, |a| part(a, |t| t.iso_week().0))
        .told("isoyear(time)", "the year of its ISO week"),
    own(&["yearweek"], &[TIME], whole, |a| part(a, year_week)).told("yearweek(time)", "such as 202407"),
    own(&["dayofweek", "weekday"], &[TIME], whole, |a| part(a, |t| t.iso_day() % 7))
        .told("dayofweek(time)", "0 for Sunday to 6"),
    own(&["isodow"], &[TIME], whole, |a| part(a, Moment::iso_day)).told("isodow(time)", "1 for Monday to 7"),
    own(&["dayofyear"], &[TIME], whole, |a| part(a, Moment::day_of_year)).told("dayofyear(time)", "1 to 366"),
    own(&["decade"], &[TIME], whole, |a| part(a, |t| t.year() / 10)).told("decade(time)", "the year by ten"),
    own(&["century"], &[TIME], whole, |a| part(a, |t| age(t.year(), 100))).told("century(time)", "such as 21"),
    own(&["millennium"], &[TIME], whole, |a| part(a, |t| age(t.year(), 1_000))).told("millennium(time)", "such as 3"),
    own(&["era"], &[TIME], whole, |a| part(a, |t| i64::from(t.year() > 0))).told("era(time)", "1 since the year 1"),
    own(&["epoch"], &[TIME], float, |a| fraction(a, |t| t.0 as f64 / SECOND as f64))
        .told("epoch(time)", "seconds since 1970"),
    own(&["julian"], &[TIME], float, |a| fraction(a, |t| t.0 as f64 / DAY as f64 + 2_440_588.0))
        .told("julian(time)", "days of the astronomers"),
    own(&[TRUNCATE_YEARS], &[TIME, WHOLE], same, truncate_years),
    own(&[TRUNCATE_ISO_YEAR], &[TIME], same, truncate_iso_year),
];

/// `date_trunc` to so many years, and to the year of ISO weeks.
pub(in crate::query::expr) const TRUNCATE_YEARS: &str = "__truncate_years";
pub(in crate::query::expr) const TRUNCATE_ISO_YEAR: &str = "__truncate_iso_year";

/// The parts of `date_part` and `extract`: the function that gives each, and what else it is called.
pub(in crate::query::expr) const PARTS: &[(&str, &[&str])] = &[
    ("year", &["y", "yr", "yrs", "years"]),
    ("quarter", &["quarters"]),
    ("month", &["mon", "mons", "months"]),
    ("day", &["d", "days", "dayofmonth"]),
    ("hour", &["h", "hr", "hrs", "hours"]),
    ("minute", &["m", "min", "mins", "minutes"]),
    ("second", &["s", "sec", "secs", "seconds"]),
    ("millisecond", &["ms", "msec", "msecs", "msecond", "mseconds", "milliseconds"]),
    ("microsecond", &["us", "usec", "usecs", "usecond", "useconds", "microseconds"]),
    ("week", &["w", "weeks", "weekofyear"]),
    ("isoyear", &[]),
    ("yearweek", &[]),
    ("dayofweek", &["dow", "weekday"]),
    ("isodow", &[]),
    ("dayofyear", &["doy"]),
    ("decade", &["dec", "decs", "decades"]),
    ("century", &["c", "cent", "centuries"]),
    ("millennium", &["mil", "mils", "millenniums", "millennia", "millenium"]),
    ("era", &[]),
    ("epoch", &[]),
    ("julian", &[]),
];

/// The function that gives a part by any of its names.
pub(in crate::query::expr) fn part_named(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    PARTS.iter().find(|(part, others)| *part == lower || others.contains(&lower.as_str())).map(|(part, _)| *part)
}

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Microseconds since 1970.
#[derive(Clone, Copy)]
struct Moment(Micros);

impl Moment {
    fn days(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// Microseconds since midnight.
    fn clock(self) -> i64 {
        self.0.rem_euclid(DAY)
    }

    fn date(self) -> (i64, i64, i64) {
        let (year, month, day) = civil(self.days());
        (year, i64::from(month), i64::from(day))
    }

    fn year(self) -> i64 {
        self.date().0
    }

    fn month(self) -> i64 {
        self.date().1
    }

    fn day_of_year(self) -> i64 {
        self.days() - days_to(self.year(), 1, 1) + 1
    }

    /// 1 for Monday to 7; 1970 began on a Thursday.
    fn iso_day(self) -> i64 {
        (self.days() + 3).rem_euclid(7) + 1
    }

    /// The year and the number of an ISO week: those of its Thursday.
    fn iso_week(self) -> (i64, i64) {
        let thursday = self.days() - self.iso_day() + 4;
        let (year, ..) = civil(thursday);
        (year, (thursday - days_to(year, 1, 1)) / 7 + 1)
    }
}

fn part(a: &Arguments<'_>, of: impl Fn(Moment) -> i64) -> PolarsResult<Column> {
    let times = a.micros(0)?;
    Ok(a.each(|row| times.get(row).map(|time| of(Moment(time)))))
}

fn fraction(a: &Arguments<'_>, of: impl Fn(Moment) -> f64) -> PolarsResult<Column> {
    let times = a.micros(0)?;
    Ok(a.each(|row| times.get(row).map(|time| of(Moment(time)))))
}

/// Centuries and thousands of years: the first began with the year 1, and none is numbered 0.
fn age(year: i64, years: i64) -> i64 {
    if year > 0 { (year - 1) / years + 1 } else { year / years - 1 }
}

fn year_week(time: Moment) -> i64 {
    let (year, week) = time.iso_week();
    year * 100 + if year > 0 { week } else { -week }
}

/// The year of the ISO week of a time.
pub(super) fn iso_year(time: Micros) -> i64 {
    Moment(time).iso_week().0
}

fn truncate_years(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (times, years) = (a.micros(0)?, a.whole(1)?);
    let column = a.each(|row| {
        let (time, years) = (Moment(times.get(row)?), years.get(row)?);
        days_to(time.year() / years * years, 1, 1).checked_mul(DAY)
    });
    whole_times(&column, &a.dtype(0))
}

fn truncate_iso_year(a: &Arguments<'_>) -> PolarsResult<Column> {
    let times = a.micros(0)?;
    let column = a.each(|row| {
        // The fourth of January is in the first ISO week.
        let fourth = Moment(days_to(iso_year(times.get(row)?), 1, 4).checked_mul(DAY)?);
        (fourth.days() - fourth.iso_day() + 1).checked_mul(DAY)
    });
    whole_times(&column, &a.dtype(0))
}
