//! Functions of dates and times.

use chrono::{DateTime, Datelike, Months, NaiveDateTime};
use polars::prelude::*;

use super::parts::iso_year;
use super::{ANY, Arguments, NUMBER, OwnFunction, TEXT, TIME, WHOLE, as_dates, as_times, date, own, text, time, whole};
use crate::data::time::{civil, days_to};

pub(super) const OWN: &[OwnFunction] = &[
    own(&["dayname"], &[TIME], text, |a| name(a, "%A")).told("dayname(time)", "such as Monday"),
    own(&["monthname"], &[TIME], text, |a| name(a, "%B")).told("monthname(time)", "such as January"),
    own(&["date_diff", "datediff"], &[TEXT, TIME, TIME], whole, borders)
        .told("date_diff('day', time, time)", "how many borders of a unit lie between"),
    own(&["date_sub", "datesub"], &[TEXT, TIME, TIME], whole, full_units)
        .told("date_sub('day', time, time)", "how many whole units lie between"),
    own(&["make_date"], &[WHOLE, WHOLE, WHOLE], date, make_date).told("make_date(2024, 2, 29)", "year, month, day"),
    own(&["make_timestamp"], &[NUMBER; 6], time, make_timestamp)
        .least(1)
        .told("make_timestamp(2024, 2, 29, 12, 30, 0.5)", "year, month, day, hour, minute, second"),
    own(&["last_day"], &[TIME], date, last_day).told("last_day(time)", "of its month"),
    own(&["epoch_ms"], &[ANY], millis_type, epoch_ms).told("epoch_ms(time)", "milliseconds since 1970, or from them"),
    own(&["epoch_us"], &[TIME], whole, epoch_us).told("epoch_us(time)", "microseconds since 1970"),
    own(&["epoch_ns"], &[TIME], whole, epoch_ns).told("epoch_ns(time)", "nanoseconds since 1970"),
    own(&["to_timestamp"], &[NUMBER], time, from_seconds).told("to_timestamp(x)", "from seconds since 1970"),
    own(&[MONTHS], &[TIME, WHOLE], time, add_months),
];

/// A time and whole months after it.
pub(in crate::query::expr) const MONTHS: &str = "__add_months";

fn moment(micros: Option<i64>) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros?).map(|time| time.naive_utc())
}

fn micros_at(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp_micros()
}

fn name(a: &Arguments<'_>, form: &str) -> PolarsResult<Column> {
    let times = a.micros(0)?;
    Ok(a.each(|row| moment(times.get(row)).map(|time| time.format(form).to_string())))
}

/// Units of a fixed length in microseconds, and of months.
const FIXED: &[(&str, i64)] = &[
    ("microsecond", 1),
    ("millisecond", 1_000),
    ("second", 1_000_000),
    ("epoch", 1_000_000),
    ("minute", 60_000_000),
    ("hour", 3_600_000_000),
    ("day", 86_400_000_000),
    ("dayofweek", 86_400_000_000),
    ("isodow", 86_400_000_000),
    ("dayofyear", 86_400_000_000),
    ("week", WEEK),
    ("yearweek", WEEK),
];
const MONTHLY: &[(&str, i64)] =
    &[("month", 1), ("quarter", 3), ("year", 12), ("decade", 120), ("century", 1_200), ("millennium", 12_000)];

#[derive(Clone, Copy)]
enum Unit {
    Fixed(i64),
    Months(i64),
    IsoYear,
}

fn unit(a: &Arguments<'_>) -> PolarsResult<Option<Unit>> {
    let Some(word) = a.constant(0)? else { return Ok(None) };
    let find = |units: &[(&str, i64)]| {
        let part = super::part_named(&word)?;
        units.iter().find(|(name, _)| *name == part).map(|(_, size)| *size)
    };
    match (find(FIXED), find(MONTHLY)) {
        (Some(length), _) => Ok(Some(Unit::Fixed(length))),
        (_, Some(months)) => Ok(Some(Unit::Months(months))),
        _ if word.eq_ignore_ascii_case("isoyear") => Ok(Some(Unit::IsoYear)),
        _ => polars_bail!(ComputeError: "'{}' is no unit of time; write 'day', 'month' or another", word),
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
            Unit::IsoYear => Some(iso_year(to) - iso_year(from)),
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
        let months = match unit? {
            Unit::Fixed(length) => return Some(to.checked_sub(from)? / length),
            Unit::Months(months) => months,
            Unit::IsoYear => 12,
        };
        let (early, late) = (from.min(to), from.max(to));
        let (start, end) = (moment(Some(early))?, moment(Some(late))?);
        let mut passed = month_of(end) - month_of(start);
        let reached = u32::try_from(passed).ok().and_then(|n| start.checked_add_months(Months::new(n)))?;
        passed -= i64::from(reached > end);
        Some(passed / months * if from > to { -1 } else { 1 })
    }))
}

/// What is said where there is no such date or time.
fn none(what: Option<String>) -> PolarsResult<()> {
    what.map_or(
        Ok(()),
        |what| polars_bail!(ComputeError: "there is no {}; leave such values out, by WHERE or CASE", what),
    )
}

/// Days since 1970, where there is such a date and 32 bits can say it.
fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    let within = (-6_000_000..=6_000_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let days = within.then(|| days_to(year, month, day))?;
    let date = civil(days);
    let sound = (date.0, i64::from(date.1), i64::from(date.2)) == (year, month, day);
    (sound && days.abs() < i64::from(i32::MAX)).then_some(days)
}

fn make_date(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (years, months, of_month) = (a.whole(0)?, a.whole(1)?, a.whole(2)?);
    let mut wrong = None;
    let column = a.each(|row| {
        let (year, month, day) = (years.get(row)?, months.get(row)?, of_month.get(row)?);
        let days = day_number(year, month, day);
        if days.is_none() {
            wrong.get_or_insert_with(|| format!("date {year}-{month}-{day}"));
        }
        days
    });
    none(wrong)?;
    as_dates(&column)
}

/// Of a year, a month, a day, an hour, a minute and a second; or of microseconds since 1970.
fn make_timestamp(a: &Arguments<'_>) -> PolarsResult<Column> {
    if a.len() == 1 {
        return as_times(&a.whole(0)?.0.into_column());
    }
    polars_ensure!(a.len() == 6, ComputeError:
        "make_timestamp takes six parts, or microseconds since 1970; write make_timestamp(2024, 2, 29, 12, 30, 0)");
    let whole = (0..5).map(|at| a.whole(at)).collect::<PolarsResult<Vec<_>>>()?;
    let seconds = a.floats(5)?;
    let mut wrong = None;
    let column = a.each(|row| {
        let parts = whole.iter().map(|part| part.get(row)).collect::<Option<Vec<_>>>()?;
        let [year, month, day, hour, minute] = parts[..] else { return None };
        let second = seconds.get(row)?;
        let clock = (0..24).contains(&hour) && (0..60).contains(&minute) && (0.0..60.0).contains(&second);
        let micros = || {
            let minutes = (day_number(year, month, day)? * 24 + hour) * 60 + minute;
            minutes.checked_mul(60_000_000)?.checked_add((second * 1e6).round() as i64)
        };
        let made = if clock { micros() } else { None };
        if made.is_none() {
            wrong.get_or_insert_with(|| format!("time {year}-{month}-{day} {hour}:{minute}:{second}"));
        }
        made
    });
    none(wrong)?;
    as_times(&column)
}

fn last_day(a: &Arguments<'_>) -> PolarsResult<Column> {
    let times = a.micros(0)?;
    as_dates(&a.each(|row| {
        let (year, month, _) = civil(times.get(row)?.div_euclid(86_400_000_000));
        // The month after December is the first of the next year.
        let (year, next) = if month == 12 { (year + 1, 1) } else { (year, i64::from(month) + 1) };
        Some(days_to(year, next, 1) - 1)
    }))
}

fn epoch_us(a: &Arguments<'_>) -> PolarsResult<Column> {
    let times = a.micros(0)?;
    Ok(a.each(|row| times.get(row)))
}

/// Of a number of milliseconds a time.
fn millis_type(types: &[DataType]) -> DataType {
    if types.first().is_some_and(DataType::is_integer) { time(&[]) } else { DataType::Int64 }
}

fn epoch_ms(a: &Arguments<'_>) -> PolarsResult<Column> {
    if a.dtype(0).is_integer() {
        let numbers = a.whole(0)?;
        let mut wrong = None;
        let column = a.each(|row| {
            let number = numbers.get(row)?;
            let micros = number.checked_mul(1_000);
            wrong = wrong.take().or_else(|| micros.is_none().then(|| format!("time {number} milliseconds after 1970")));
            micros
        });
        none(wrong)?;
        return as_times(&column);
    }
    polars_ensure!(super::wrong_type(TIME, Some(&a.dtype(0))).is_none(), ComputeError:
        "epoch_ms takes a time, or a whole number of milliseconds; write CAST(… AS BIGINT)");
    let times = a.micros(0)?;
    let rounded = |time: i64| (time.saturating_abs() + 500) / 1_000 * time.signum();
    Ok(a.each(|row| times.get(row).map(rounded)))
}

fn epoch_ns(a: &Arguments<'_>) -> PolarsResult<Column> {
    if let (DataType::Datetime(TimeUnit::Nanoseconds, _), Some(column)) = (a.dtype(0), a.column(0)) {
        return column.cast(&DataType::Int64);
    }
    let times = a.micros(0)?;
    super::numbers::checked(a, |row| times.get(row).map(|time| time.checked_mul(1_000)))
}

fn from_seconds(a: &Arguments<'_>) -> PolarsResult<Column> {
    let seconds = a.floats(0)?;
    let mut wrong = None;
    let column = a.each(|row| {
        let seconds = seconds.get(row)?;
        let micros = (seconds * 1e6).round();
        let fits = micros.abs() < 9e18;
        if !fits {
            wrong.get_or_insert_with(|| format!("time {seconds} seconds after 1970"));
        }
        fits.then_some(micros as i64)
    });
    none(wrong)?;
    as_times(&column)
}

fn add_months(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (times, months) = (a.micros(0)?, a.whole(1)?);
    let column = a.each(|row| {
        let (time, months) = (moment(times.get(row))?, months.get(row)?);
        let by = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
        if months < 0 { time.checked_sub_months(by) } else { time.checked_add_months(by) }.map(micros_at)
    });
    as_times(&column)
}
