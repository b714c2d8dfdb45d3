//! Functions of dates and times.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime};
use polars::prelude::*;

use super::{Arguments, OwnFunction, date, text, time, whole};

pub(super) const OWN: &[OwnFunction] = &[
    OwnFunction { names: &["dayname"], takes: 1..=1, output: text, of: |a| name(a, "%A") },
    OwnFunction { names: &["monthname"], takes: 1..=1, output: text, of: |a| name(a, "%B") },
    OwnFunction { names: &["date_diff", "datediff"], takes: 3..=3, output: whole, of: borders },
    OwnFunction { names: &["date_sub", "datesub"], takes: 3..=3, output: whole, of: full_units },
    OwnFunction { names: &["make_date"], takes: 3..=3, output: date, of: make_date },
    OwnFunction { names: &["last_day"], takes: 1..=1, output: date, of: last_day },
    OwnFunction { names: &["epoch_ms"], takes: 1..=1, output: whole, of: |a| epoch(a, 1_000) },
    OwnFunction { names: &["epoch_us"], takes: 1..=1, output: whole, of: |a| epoch(a, 1) },
    OwnFunction { names: &["to_timestamp"], takes: 1..=1, output: time, of: from_seconds },
    OwnFunction { names: &[MONTHS], takes: 2..=2, output: time, of: add_months },
];

/// A time and whole months after it.
pub(in crate::query::expr) const MONTHS: &str = "__add_months";

fn moment(micros: Option<i64>) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros?).map(|time| time.naive_utc())
}

fn micros(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp_micros()
}

fn days(date: NaiveDate) -> i64 {
    date.signed_duration_since(NaiveDate::default()).num_days()
}

fn as_times(column: &Column) -> PolarsResult<Column> {
    column.cast(&DataType::Datetime(TimeUnit::Microseconds, None))
}

fn as_dates(column: &Column) -> PolarsResult<Column> {
    column.cast(&DataType::Int32)?.cast(&DataType::Date)
}

fn name(a: &Arguments<'_>, form: &str) -> PolarsResult<Column> {
    let times = a.micros(0)?;
    Ok(a.each(|row| moment(times.get(row)).map(|time| time.format(form).to_string())))
}

/// Units of a fixed length, microseconds, and of months.
const FIXED: &[(&str, i64)] = &[
    ("microsecond", 1),
    ("millisecond", 1_000),
    ("second", 1_000_000),
    ("minute", 60_000_000),
    ("hour", 3_600_000_000),
    ("day", 86_400_000_000),
    ("week", WEEK),
];
const MONTHLY: &[(&str, i64)] = &[("month", 1), ("quarter", 3), ("year", 12), ("decade", 120), ("century", 1_200)];

#[derive(Clone, Copy)]
enum Unit {
    Fixed(i64),
    Months(i64),
}

fn unit(a: &Arguments<'_>) -> PolarsResult<Option<Unit>> {
    let Some(word) = a.constant(0)? else { return Ok(None) };
    let lower = word.to_lowercase();
    let one = lower.strip_suffix('s').unwrap_or(&lower);
    let find = |units: &[(&str, i64)]| units.iter().find(|(name, _)| *name == one || *name == lower).map(|(_, n)| *n);
    match (find(FIXED), find(MONTHLY)) {
        (Some(length), _) => Ok(Some(Unit::Fixed(length))),
        (_, Some(months)) => Ok(Some(Unit::Months(months))),
        _ => polars_bail!(ComputeError: "'{}' is no unit of time", word),
    }
}

const WEEK: i64 = 604_800_000_000;

/// How many borders of a unit lie between two times.
fn borders(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (unit, from, to) = (unit(a)?, a.micros(1)?, a.micros(2)?);
    Ok(a.each(|row| {
        let (from, to) = (from.get(row)?, to.get(row)?);
        match unit? {
            Unit::Fixed(length) => {
                // Of weeks those that are whole, as in DuckDB.
                if length == WEEK {
                    return Some(to.checked_sub(from)? / WEEK);
                }
                Some(to.div_euclid(length) - from.div_euclid(length))
            }
            Unit::Months(months) => {
                let of = |time| moment(Some(time)).map(|time| month_of(time).div_euclid(months));
                Some(of(to)? - of(from)?)
            }
        }
    }))
}

fn month_of(time: NaiveDateTime) -> i64 {
    i64::from(time.year()) * 12 + i64::from(time.month0())
}

/// How many whole units lie between two times.
fn full_units(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (unit, from, to) = (unit(a)?, a.micros(1)?, a.micros(2)?);
    Ok(a.each(|row| {
        let (from, to) = (from.get(row)?, to.get(row)?);
        match unit? {
            Unit::Fixed(length) => Some(to.checked_sub(from)? / length),
            Unit::Months(months) => {
                let (early, late) = (from.min(to), from.max(to));
                let (start, end) = (moment(Some(early))?, moment(Some(late))?);
                let mut passed = month_of(end) - month_of(start);
                let reached = u32::try_from(passed).ok().and_then(|n| start.checked_add_months(Months::new(n)))?;
                passed -= i64::from(reached > end);
                Some(passed / months * if from > to { -1 } else { 1 })
            }
        }
    }))
}

fn make_date(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (years, months, of_month) = (a.whole(0)?, a.whole(1)?, a.whole(2)?);
    let mut wrong = None;
    let column = a.each(|row| {
        let (year, month, day) = (years.get(row)?, months.get(row)?, of_month.get(row)?);
        let parts = (i32::try_from(year).ok(), u32::try_from(month).ok(), u32::try_from(day).ok());
        let made = match parts {
            (Some(year), Some(month), Some(day)) => NaiveDate::from_ymd_opt(year, month, day),
            _ => None,
        };
        if made.is_none() {
            wrong.get_or_insert_with(|| format!("{year}-{month}-{day}"));
        }
        made.map(days)
    });
    match wrong {
        Some(date) => polars_bail!(ComputeError: "there is no date {}", date),
        None => as_dates(&column),
    }
}

fn last_day(a: &Arguments<'_>) -> PolarsResult<Column> {
    let times = a.micros(0)?;
    let last = |time: NaiveDateTime| {
        let first = time.date().with_day(1)?;
        first.checked_add_months(Months::new(1))?.checked_sub_days(Days::new(1)).map(days)
    };
    as_dates(&a.each(|row| moment(times.get(row)).and_then(last)))
}

fn epoch(a: &Arguments<'_>, unit: i64) -> PolarsResult<Column> {
    let times = a.micros(0)?;
    Ok(a.each(|row| times.get(row).map(|time| time.div_euclid(unit))))
}

fn from_seconds(a: &Arguments<'_>) -> PolarsResult<Column> {
    let seconds = a.floats(0)?;
    let column = a.each(|row| {
        let micros = (seconds.get(row)? * 1e6).round();
        (micros.abs() < 9e18).then_some(micros as i64)
    });
    as_times(&column)
}

fn add_months(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (times, months) = (a.micros(0)?, a.whole(1)?);
    let column = a.each(|row| {
        let (time, months) = (moment(times.get(row))?, months.get(row)?);
        let by = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
        if months < 0 { time.checked_sub_months(by) } else { time.checked_add_months(by) }.map(micros)
    });
    as_times(&column)
}
