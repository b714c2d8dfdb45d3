//! CAST and TRY_CAST to numbers and truth values: what has no place there is refused, or null. To dates and times
//! `TRY_CAST` of texts alone is here; `times` has the others.

use polars::prelude::*;

use super::{ANY, Arguments, OwnFunction, date, float, own, time, truth, whole};
use crate::data::format::parse_datetime;
use crate::data::time::day_of;

pub(super) const OWN: &[OwnFunction] = &[
    own(&["__cast_tinyint"], &[ANY], |_| DataType::Int8, |a| to_whole(a, "TINYINT", &DataType::Int8, false)),
    own(&["__try_tinyint"], &[ANY], |_| DataType::Int8, |a| to_whole(a, "TINYINT", &DataType::Int8, true)),
    own(&["__cast_smallint"], &[ANY], |_| DataType::Int16, |a| to_whole(a, "SMALLINT", &DataType::Int16, false)),
    own(&["__try_smallint"], &[ANY], |_| DataType::Int16, |a| to_whole(a, "SMALLINT", &DataType::Int16, true)),
    own(&["__cast_integer"], &[ANY], |_| DataType::Int32, |a| to_whole(a, "INTEGER", &DataType::Int32, false)),
    own(&["__try_integer"], &[ANY], |_| DataType::Int32, |a| to_whole(a, "INTEGER", &DataType::Int32, true)),
    own(&["__cast_bigint"], &[ANY], whole, |a| to_whole(a, "BIGINT", &DataType::Int64, false)),
    own(&["__try_bigint"], &[ANY], whole, |a| to_whole(a, "BIGINT", &DataType::Int64, true)),
    own(&["__cast_float"], &[ANY], |_| DataType::Float32, |a| to_float(a, "FLOAT", false)?.cast(&DataType::Float32)),
    own(&["__try_float"], &[ANY], |_| DataType::Float32, |a| to_float(a, "FLOAT", true)?.cast(&DataType::Float32)),
    own(&["__cast_double"], &[ANY], float, |a| to_float(a, "DOUBLE", false)),
    own(&["__try_double"], &[ANY], float, |a| to_float(a, "DOUBLE", true)),
    own(&["__cast_boolean"], &[ANY], truth, |a| to_truth(a, false)),
    own(&["__try_boolean"], &[ANY], truth, |a| to_truth(a, true)),
    own(&["__cast_date"], &[ANY], date, |a| to_time(a, "DATE", false)?.cast(&date(&[]))),
    own(&["__try_date"], &[ANY], date, |a| to_time(a, "DATE", true)?.cast(&date(&[]))),
    own(&["__cast_timestamp"], &[ANY], time, |a| to_time(a, "TIMESTAMP", false)),
    own(&["__try_timestamp"], &[ANY], time, |a| to_time(a, "TIMESTAMP", true)),
];

/// The name of the function that casts to a type, or that gives null where there is no such value.
pub(in crate::query::expr) fn cast_name(target: &str, gentle: bool) -> String {
    format!("__{}_{}", if gentle { "try" } else { "cast" }, target.to_lowercase())
}

/// The values of a cast, where each is `None` that has no place; the first such is what is complained about.
fn checked<T>(
    a: &Arguments<'_>,
    target: &str,
    gentle: bool,
    of: impl Fn(usize) -> Option<Option<T>>,
) -> PolarsResult<Column>
where
    ChunkedArray<T::Kind>: FromIterator<Option<T>> + IntoColumn,
    T: super::Cell,
{
    let mut lost = None;
    let column = a.each(|row| {
        let value = of(row)?;
        lost = lost.or_else(|| value.is_none().then_some(row));
        value
    });
    let Some(row) = lost.filter(|_| !gentle) else { return Ok(column) };
    let shown: String = a.texts(0)?.get(row).unwrap_or_default().chars().take(60).collect();
    polars_bail!(ComputeError: "'{}' is no {}; TRY_CAST gives null then", shown, target)
}

fn unfit<T>(a: &Arguments<'_>, target: &str) -> PolarsResult<T> {
    let is = crate::query::window::type_word(&a.dtype(0));
    polars_bail!(ComputeError: "what is {} has no {}; cast it to VARCHAR first, or take a part of it", is, target)
}

fn to_whole(a: &Arguments<'_>, target: &str, dtype: &DataType, gentle: bool) -> PolarsResult<Column> {
    let (least, most) = match dtype {
        DataType::Int8 => (i64::from(i8::MIN), i64::from(i8::MAX)),
        DataType::Int16 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        DataType::Int32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let within = |number: &i64| (least..=most).contains(number);
    let column = match a.dtype(0) {
        DataType::String | DataType::Null => {
            let texts = a.texts(0)?;
            checked(a, target, gentle, |row| texts.get(row).map(|text| whole_of(text).filter(within)))?
        }
        float if float.is_float() => {
            let numbers = a.floats(0)?;
            checked(a, target, gentle, |row| {
                let rounded = numbers.get(row)?.round_ties_even();
                // The first number beyond 64 bits is one that a float can say.
                let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded);
                Some(fits.then_some(rounded as i64).filter(within))
            })?
        }
        DataType::UInt64 => {
            let numbers = a.column(0).map_or(Ok(None), |column| column.u64().map(Some))?.cloned();
            let get = |row: usize| {
                let numbers = numbers.as_ref()?;
                numbers.get(if numbers.len() == 1 { 0 } else { row })
            };
            checked(a, target, gentle, |row| Some(i64::try_from(get(row)?).ok().filter(within)))?
        }
        other if other.is_integer() || other.is_bool() => {
            let numbers = a.whole(0)?;
            checked(a, target, gentle, |row| numbers.get(row).map(|number| Some(number).filter(within)))?
        }
        _ => return unfit(a, target),
    };
    column.cast(dtype)
}

/// A whole number as people write it: `12`, `1_000`, `0x10`; halves of `2.5` and `25e-1` are rounded away from zero.
fn whole_of(text: &str) -> Option<i64> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let text = plain(text)?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    if let Some(hexadecimal) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        return i64::from_str_radix(hexadecimal, 16).ok().filter(|_| !negative && !hexadecimal.starts_with(['+', '-']));
    }
    if let Some(binary) = digits.strip_prefix("0b").or(digits.strip_prefix("0B")) {
        return i64::from_str_radix(binary, 2).ok().filter(|_| !negative && !binary.starts_with(['+', '-']));
    }
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all: String = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // The point stands after so many digits.
    let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
    let mut number: i128 = 0;
    for place in 0..point.clamp(0, 38) {
        let digit =
            usize::try_from(place).ok().and_then(|place| all.as_bytes().get(place)).map_or(0, |byte| byte - b'0');
        number = number * 10 + i128::from(digit);
    }
    if point > 38 && all.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let next = usize::try_from(point).ok().and_then(|place| all.as_bytes().get(place));
    number += i128::from(next.is_some_and(|byte| *byte >= b'5'));
    i64::try_from(if negative { -number } else { number }).ok()
}

/// A number without the `_` that may stand between its digits.
fn plain(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_hexdigit);
    let between = |at: usize| digit(at.checked_sub(1)) && digit(Some(at + 1));
    let sound = bytes.iter().enumerate().all(|(at, byte)| *byte != b'_' || between(at));
    sound.then(|| text.replace('_', ""))
}

fn to_float(a: &Arguments<'_>, target: &str, gentle: bool) -> PolarsResult<Column> {
    match a.dtype(0) {
        DataType::String | DataType::Null => {
            let texts = a.texts(0)?;
            let read = |text: &str| plain(text.trim_matches(|c: char| c.is_ascii_whitespace()))?.parse::<f64>().ok();
            checked(a, target, gentle, |row| texts.get(row).map(read))
        }
        number if number.is_primitive_numeric() || number.is_bool() => {
            let numbers = a.floats(0)?;
            Ok(a.each(|row| numbers.get(row)))
        }
        _ => unfit(a, target),
    }
}

fn to_truth(a: &Arguments<'_>, gentle: bool) -> PolarsResult<Column> {
    match a.dtype(0) {
        DataType::String | DataType::Null => {
            let texts = a.texts(0)?;
            checked(a, "BOOLEAN", gentle, |row| texts.get(row).map(truth_of))
        }
        DataType::Boolean => a.column(0).map_or_else(|| unfit(a, "BOOLEAN"), |column| Ok(column.clone())),
        number if number.is_primitive_numeric() => {
            let numbers = a.floats(0)?;
            Ok(a.each(|row| numbers.get(row).map(|x| x != 0.0)))
        }
        _ => unfit(a, "BOOLEAN"),
    }
}

/// A text as a truth value.
fn truth_of(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "y" => Some(true),
        "false" | "f" | "0" | "no" | "n" => Some(false),
        _ => None,
    }
}

/// Texts as times, and for a date as the days that they lie in.
fn to_time(a: &Arguments<'_>, target: &str, gentle: bool) -> PolarsResult<Column> {
    let (DataType::String | DataType::Null) = a.dtype(0) else { return unfit(a, target) };
    let texts = a.texts(0)?;
    let read = |text: &str| parse_datetime(text.trim(), TimeUnit::Microseconds);
    if target == "DATE" {
        let day = |text: &str| read(text).and_then(|micros| day_of(micros, TimeUnit::Microseconds)).map(i64::from);
        let days = checked(a, target, gentle, |row| texts.get(row).map(day))?;
        return days.cast(&DataType::Int32);
    }
    checked(a, target, gentle, |row| texts.get(row).map(read))?.cast(&time(&[]))
}
