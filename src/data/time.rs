//! Times as values, from minus infinity to infinity: the one home of their text, their units and their bounds. Whatever
//! shows a time or moves it to another unit does it here, as calendars of libraries end, and some of them end a
//! program.
//!
//! Times are counted from 1970 in UTC: dates in days (32 bits), others in a unit (64 bits). As in DuckDB and PostgreSQL
//! the largest number is `infinity` and the one as far on the other side `-infinity`; PostgreSQL's, the smallest, is
//! taken for it, too. All others are moments: of whatever year, they have a text.

use std::fmt::Write;

use polars::prelude::*;

/// Microseconds since 1970.
pub type Micros = i64;

pub const INFINITY: &str = "infinity";
pub const MINUS_INFINITY: &str = "-infinity";

const SECONDS_A_DAY: i64 = 86_400;
const MICROS_A_DAY: i64 = 86_400_000_000;

/// Whether a number of 64 bits stands for an infinite time.
#[inline]
pub fn is_infinite(value: i64) -> bool {
    value == i64::MAX || value <= -i64::MAX
}

/// Whether a number of days stands for an infinite date.
#[inline]
pub fn is_infinite_day(days: i32) -> bool {
    days == i32::MAX || days <= -i32::MAX
}

/// `infinity` and `-infinity`, as a number of 64 bits in any unit.
pub fn infinity(text: &[u8]) -> Option<i64> {
    let (negative, word) = match text {
        [b'-', word @ ..] => (true, word),
        [b'+', word @ ..] => (false, word),
        word => (false, word),
    };
    word.eq_ignore_ascii_case(INFINITY.as_bytes()).then_some(if negative { -i64::MAX } else { i64::MAX })
}

/// So many of a unit are a second.
pub fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Milliseconds => 1_000,
        TimeUnit::Microseconds => 1_000_000,
        TimeUnit::Nanoseconds => 1_000_000_000,
    }
}

/// A time in another unit, rounded down; infinite times stay so. `None` where it has no place there.
pub fn in_unit(value: i64, from: TimeUnit, to: TimeUnit) -> Option<i64> {
    if is_infinite(value) {
        return Some(if value > 0 { i64::MAX } else { -i64::MAX });
    }
    let (from, to) = (per_second(from), per_second(to));
    let moved = if to >= from { value.checked_mul(to / from)? } else { value.div_euclid(from / to) };
    (!is_infinite(moved)).then_some(moved)
}

/// A time in microseconds.
pub fn micros(value: i64, unit: TimeUnit) -> Option<Micros> {
    in_unit(value, unit, TimeUnit::Microseconds)
}

/// A date as the time of its beginning.
pub fn day_in_unit(days: i32, unit: TimeUnit) -> Option<i64> {
    if is_infinite_day(days) {
        return Some(if days > 0 { i64::MAX } else { -i64::MAX });
    }
    i64::from(days).checked_mul(SECONDS_A_DAY * per_second(unit)).filter(|v| !is_infinite(*v))
}

/// The date that a time lies in.
pub fn day_of(value: i64, unit: TimeUnit) -> Option<i32> {
    if is_infinite(value) {
        return Some(if value > 0 { i32::MAX } else { -i32::MAX });
    }
    i32::try_from(value.div_euclid(SECONDS_A_DAY * per_second(unit))).ok().filter(|d| !is_infinite_day(*d))
}

/// The number of days from 1970 to a day of the calendar that goes on for ever both ways.
#[inline]
pub const fn days_to(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    days + (153 * ((month + 9) % 12) + 2) / 5 + day - 719_469
}

/// Whole months from the year 0 to the month that a time lies in.
pub fn months_of(micros: Micros) -> i64 {
    let (year, month, _) = civil(micros.div_euclid(MICROS_A_DAY));
    year * 12 + i64::from(month) - 1
}

/// When a month begins, counted from the year 0; `None` where 64 bits cannot say it.
pub fn month_start(months: i64) -> Option<Micros> {
    days_to(months.div_euclid(12), months.rem_euclid(12) + 1, 1).checked_mul(MICROS_A_DAY)
}

/// The first and the last day that the calendars of polars and chrono reach, less a margin.
const FIRST_DAY: i64 = days_to(-262_000, 1, 1);
const LAST_DAY: i64 = days_to(262_000, 1, 1);

/// Year, month and day.
pub fn civil(days: i64) -> (i64, u32, u32) {
    let from_march = days + 719_468;
    let era = from_march.div_euclid(146_097);
    let day = from_march.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month as u32, day as u32)
}

/// `2001-01-31`; years beyond four digits have a sign, as ISO 8601 has it.
fn date(days: i64) -> String {
    let (year, month, day) = civil(days);
    match year {
        0..=9_999 => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:+05}-{month:02}-{day:02}"),
    }
}

/// How the time of a day is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// `06:07:08`, and three, six or nine digits of a fraction where there is one.
    Full,
    /// `06:07:08.000`, with this number of digits.
    Digits(usize),
    /// What is not nothing: no time at midnight, no seconds at a full minute.
    Short,
    /// As `Short`, with the time of day also at midnight.
    Minutes,
    /// As `Minutes`, without the date.
    Alone,
}

/// Seconds and nanoseconds of a time within its day.
fn clock(seconds: i64, nanos: i64, clock: Clock) -> String {
    let mut text = format!("{:02}:{:02}", seconds / 3_600, seconds / 60 % 60);
    let short = matches!(clock, Clock::Short | Clock::Minutes | Clock::Alone);
    if !short || seconds % 60 != 0 || nanos != 0 {
        let _ = write!(text, ":{:02}", seconds % 60);
    }
    let (nanos, digits) = match (clock, nanos) {
        (Clock::Digits(0), _) | (Clock::Full | Clock::Short | Clock::Minutes | Clock::Alone, 0) => return text,
        (Clock::Digits(digits), nanos) => (nanos / 10_i64.pow(9 - digits.min(9) as u32), digits.min(9)),
        (_, nanos) if nanos % 1_000_000 == 0 => (nanos / 1_000_000, 3),
        (_, nanos) if nanos % 1_000 == 0 => (nanos / 1_000, 6),
        (_, nanos) => (nanos, 9),
    };
    let _ = write!(text, ".{nanos:0digits$}");
    text
}

/// A time as text: its date, `between`, and the time of day.
pub fn text(value: i64, unit: TimeUnit, between: char, how: Clock) -> String {
    if is_infinite(value) {
        return word(value > 0).to_owned();
    }
    let second = per_second(unit);
    let (seconds, nanos) = (value.div_euclid(second), value.rem_euclid(second) * (1_000_000_000 / second));
    let (days, seconds) = (seconds.div_euclid(SECONDS_A_DAY), seconds.rem_euclid(SECONDS_A_DAY));
    match how {
        Clock::Alone => clock(seconds, nanos, how),
        Clock::Short if seconds == 0 && nanos == 0 => date(days),
        _ => format!("{}{between}{}", date(days), clock(seconds, nanos, how)),
    }
}

/// A date as text.
pub fn day_text(days: i32) -> String {
    if is_infinite_day(days) { word(days > 0).to_owned() } else { date(i64::from(days)) }
}

fn word(positive: bool) -> &'static str {
    if positive { INFINITY } else { MINUS_INFINITY }
}

/// Microseconds since 1970 as ISO text in UTC, with as many digits of a second as there are.
pub fn iso(micros: Micros) -> String {
    zoned(micros, Clock::Full)
}

/// As `iso`, with all six digits.
pub fn iso_micros(micros: Micros) -> String {
    zoned(micros, Clock::Digits(6))
}

fn zoned(micros: Micros, clock: Clock) -> String {
    let text = text(micros, TimeUnit::Microseconds, 'T', clock);
    if is_infinite(micros) { text } else { text + "Z" }
}

/// A value that is a date or a time as text, with a space between; `None` for any other value.
pub fn value_text(value: &AnyValue<'_>) -> Option<String> {
    match value {
        AnyValue::Date(days) => Some(day_text(*days)),
        AnyValue::Datetime(v, unit, _) | AnyValue::DatetimeOwned(v, unit, _) => Some(text(*v, *unit, ' ', Clock::Full)),
        _ => None,
    }
}

/// A value that is a date or a time in microseconds, infinite ones and those without a place there as the nearest there
/// is.
pub fn value_micros(value: &AnyValue<'_>) -> Option<Micros> {
    let nearest = |positive: bool| if positive { i64::MAX - 1 } else { -i64::MAX + 1 };
    match value {
        AnyValue::Date(days) => Some(day_in_unit(*days, TimeUnit::Microseconds).unwrap_or_else(|| nearest(*days > 0))),
        AnyValue::Datetime(v, unit, _) | AnyValue::DatetimeOwned(v, unit, _) => {
            Some(micros(*v, *unit).unwrap_or_else(|| nearest(*v > 0)))
        }
        _ => None,
    }
}

/// Whether a column holds dates or times.
pub fn is_time(dtype: &DataType) -> bool {
    matches!(dtype, DataType::Date | DataType::Datetime(..))
}

/// The smallest and the largest number of a column of dates or times that the calendars of libraries reach.
fn calendar(dtype: &DataType) -> Option<(i64, i64)> {
    match dtype {
        DataType::Date => Some((FIRST_DAY, LAST_DAY)),
        DataType::Datetime(unit, _) => {
            let day = SECONDS_A_DAY * per_second(*unit);
            let within = |days: i64, infinite: i64| days.checked_mul(day).unwrap_or(infinite);
            Some((within(FIRST_DAY, -i64::MAX + 1), within(LAST_DAY, i64::MAX - 1)))
        }
        _ => None,
    }
}

/// The numbers of a column of dates or times.
fn numbers(column: &Column) -> PolarsResult<Int64Chunked> {
    Ok(column.to_physical_repr().cast(&DataType::Int64)?.i64()?.clone())
}

/// Whether libraries can calculate with every value of a column: none of it is infinite or beyond their calendars.
pub fn is_plain(column: &Column) -> bool {
    let Some((first, last)) = calendar(column.dtype()) else { return true };
    let Ok(numbers) = numbers(column) else { return false };
    numbers.min().is_none_or(|least| least >= first) && numbers.max().is_none_or(|most| most <= last)
}

/// The column, null where libraries cannot calculate with a value.
///
/// # Errors
/// An error of polars, which is not expected.
pub fn plain(column: &Column) -> PolarsResult<Column> {
    let Some((first, last)) = calendar(column.dtype()).filter(|_| !is_plain(column)) else { return Ok(column.clone()) };
    let kept: Int64Chunked = numbers(column)?.iter().map(|v| v.filter(|v| (first..=last).contains(v))).collect();
    of_numbers(&kept, column)
}

/// Numbers as the times that they are in `like`.
fn of_numbers(numbers: &Int64Chunked, like: &Column) -> PolarsResult<Column> {
    let physical = numbers.cast(&like.dtype().to_physical())?;
    Ok(physical.cast(like.dtype())?.with_name(like.name().clone()).into_column())
}

/// Dates and times as another type of dates or times: infinite ones stay so, what has no place there is null. Any other
/// column, and any other type, is polars' to cast.
///
/// # Errors
/// What polars says to such a cast.
pub fn convert(column: &Column, to: &DataType) -> PolarsResult<Column> {
    if column.dtype() == to || !is_time(column.dtype()) || !is_time(to) {
        return column.cast(to);
    }
    let moved: Int64Chunked = match (column.dtype(), to) {
        (DataType::Date, DataType::Datetime(unit, _)) => {
            column.to_physical_repr().i32()?.iter().map(|d| d.and_then(|d| day_in_unit(d, *unit))).collect()
        }
        (DataType::Datetime(unit, _), DataType::Date) => {
            numbers(column)?.iter().map(|v| v.and_then(|v| day_of(v, *unit)).map(i64::from)).collect()
        }
        (DataType::Datetime(from, _), DataType::Datetime(unit, _)) if from == unit => numbers(column)?,
        (DataType::Datetime(from, _), DataType::Datetime(unit, _)) => {
            numbers(column)?.iter().map(|v| v.and_then(|v| in_unit(v, *from, *unit))).collect()
        }
        _ => return column.cast(to),
    };
    let like = Column::new_empty(column.name().clone(), to);
    of_numbers(&moved, &like)
}

/// A column as texts, as polars casts it; times with a space between date and time and all digits of their unit.
///
/// # Errors
/// What polars says to such a cast.
pub fn texts(column: &Column) -> PolarsResult<Column> {
    if is_plain(column) { column.cast(&DataType::String) } else { texts_with(column, ' ') }
}

/// Dates, times and times of a day as a cast to text has them: with no more digits of a second than say it.
///
/// # Errors
/// An error of polars, which is not expected.
pub fn plain_texts(column: &Column) -> PolarsResult<StringChunked> {
    let trimmed = |text: String| {
        let bare = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').len() } else { text.len() };
        text.get(..bare).unwrap_or_default().to_owned()
    };
    let written = |value: AnyValue<'_>| match value {
        AnyValue::Time(nanos) => Some(trimmed(text(nanos, TimeUnit::Nanoseconds, ' ', Clock::Full).split_off(11))),
        value => value_text(&value).map(trimmed).map(|text| with_era(&text)),
    };
    (0..column.len()).map(|row| Ok(written(column.get(row)?))).collect()
}

/// A date or a time whose year has no sign: those up to the year 0 are `0001-01-01 (BC)` and before.
fn with_era(text: &str) -> String {
    let end = text.get(1..).and_then(|rest| rest.find('-')).map_or(0, |at| at + 1);
    let (year, rest) = text.split_at(end);
    match (year.parse::<i64>(), rest.split_at_checked(6)) {
        (Ok(year), Some((day, clock))) if year <= 0 => format!("{:04}{day} (BC){clock}", 1 - year),
        (Ok(_), _) => text.trim_start_matches('+').to_owned(),
        (Err(_), _) => text.to_owned(),
    }
}

/// A column of dates or times as texts of one form: ISO 8601, all digits of the unit.
///
/// # Errors
/// An error of polars, which is not expected.
pub fn iso_texts(column: &Column) -> PolarsResult<Column> {
    texts_with(column, 'T')
}

fn texts_with(column: &Column, between: char) -> PolarsResult<Column> {
    let digits = |unit: TimeUnit| match unit {
        TimeUnit::Milliseconds => 3,
        TimeUnit::Microseconds => 6,
        TimeUnit::Nanoseconds => 9,
    };
    let written = |value: AnyValue<'_>| match value {
        AnyValue::Datetime(v, unit, _) | AnyValue::DatetimeOwned(v, unit, _) => {
            Some(text(v, unit, between, Clock::Digits(digits(unit))))
        }
        value => value_text(&value),
    };
    let mut texts = StringChunkedBuilder::new(column.name().clone(), column.len());
    for row in 0..column.len() {
        texts.append_option(written(column.get(row)?));
    }
    Ok(texts.finish().into_column())
}

/// Of `a + b` or `a - b` the column `a`, null where the result leaves the range of its type or a value is infinite.
///
/// # Errors
/// An error of polars, which is not expected.
pub fn addable(a: &Column, b: &Column, minus: bool) -> PolarsResult<Column> {
    // In nanoseconds of 128 bits nothing wraps; the largest that the result can say is that of its unit.
    let span = |dtype: &DataType| match dtype {
        DataType::Date => Some(MICROS_A_DAY as i128 * 1_000),
        DataType::Datetime(unit, _) | DataType::Duration(unit) => Some(i128::from(1_000_000_000 / per_second(*unit))),
        _ => None,
    };
    let (Some(nanos_a), Some(nanos_b)) = (span(a.dtype()), span(b.dtype())) else { return Ok(a.clone()) };
    // The result is in one of the units; a date beside a span is moved to the span's unit on the way.
    let unit = |dtype: &DataType, nanos: i128| if *dtype == DataType::Date { 1_000_000 } else { nanos };
    let least = unit(a.dtype(), nanos_a).min(unit(b.dtype(), nanos_b));
    let most = least * i128::from(i64::MAX - 1);
    let infinite = |dtype: &DataType, v: i64| match dtype {
        DataType::Date => v >= i64::from(i32::MAX) || v <= -i64::from(i32::MAX),
        DataType::Datetime(..) => is_infinite(v),
        _ => false,
    };
    let fits = |x: i64, y: i64| {
        if infinite(a.dtype(), x) || infinite(b.dtype(), y) {
            return false;
        }
        let (x, y) = (i128::from(x) * nanos_a, i128::from(y) * nanos_b);
        let sum = if minus { x - y } else { x + y };
        [x, y, sum].iter().all(|v| v.abs() <= most)
    };
    let (left, right) = (numbers(a)?, numbers(b)?);
    let ends = [left.min(), left.max()]
        .into_iter()
        .flatten()
        .flat_map(|x| [right.min(), right.max()].into_iter().flatten().map(move |y| (x, y)));
    if ends.into_iter().all(|(x, y)| fits(x, y)) {
        return Ok(a.clone());
    }
    let longer = left.len().max(right.len());
    let at = |of: &Int64Chunked, row: usize| if of.len() == 1 { of.get(0) } else { of.get(row) };
    let kept = (0..longer).map(|row| at(&left, row).filter(|x| at(&right, row).is_some_and(|y| fits(*x, y))));
    let kept: Int64Chunked = kept.collect();
    of_numbers(&kept, a)
}
