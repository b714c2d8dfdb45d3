//! Functions of numbers.

use polars::prelude::*;

use super::{Arguments, NUMBER, OwnFunction, WHOLE, float, own, truth, whole};

pub(super) const OWN: &[OwnFunction] = &[
    own(&["gcd", "greatest_common_divisor"], &[WHOLE, WHOLE], whole, gcd).told("gcd(n, 12)", "what divides both"),
    own(&["lcm", "least_common_multiple"], &[WHOLE, WHOLE], whole, lcm).told("lcm(n, 12)", "what both divide"),
    own(&["factorial"], &[WHOLE], whole, factorial).told("factorial(5)", "1 * 2 * … * n"),
    own(&["bit_count"], &[WHOLE], whole, bit_count).told("bit_count(n)", "how many bits are set"),
    own(&["isnan"], &[NUMBER], truth, |a| asked(a, f64::is_nan)).told("isnan(x)", "whether it is no number"),
    own(&["isinf"], &[NUMBER], truth, |a| asked(a, f64::is_infinite)).told("isinf(x)", "whether it is infinite"),
    own(&["isfinite"], &[NUMBER], truth, |a| asked(a, f64::is_finite)).told("isfinite(x)", "whether it is neither"),
    own(&["signbit"], &[NUMBER], truth, |a| asked(a, f64::is_sign_negative))
        .told("signbit(x)", "whether it has a minus"),
    own(&["even"], &[NUMBER], float, even).told("even(x)", "the next even number away from zero"),
    own(&["fmod"], &[NUMBER, NUMBER], float, fmod).told("fmod(x, 7)", "remainder, with the sign of the divisor"),
    own(&[REMAINDER], &[NUMBER, NUMBER], of_both, remainder),
    own(&[QUOTIENT], &[NUMBER, NUMBER], of_both, quotient),
    own(&["round"], &[NUMBER, WHOLE], of_first, |a| digits(a, rounded, true))
        .least(1)
        .told("round(x, 2)", "to so many digits"),
    own(&[ROUND_WRITTEN], &[NUMBER, WHOLE], of_first, |a| digits(a, rounded_as_written, true)).least(1),
    own(&["round_even", "roundbankers"], &[NUMBER, WHOLE], float, |a| scaled(a, to_even))
        .told("round_even(x, 2)", "to so many digits, halves to the even one"),
    own(&["trunc"], &[NUMBER, WHOLE], of_first, |a| digits(a, |scaled, _| scaled.trunc(), false))
        .least(1)
        .told("trunc(x, 2)", "cut off after so many digits"),
    own(&["sign"], &[NUMBER], whole, sign).told("sign(x)", "-1, 0 or 1"),
];

/// `round` of what is made of numbers as they are written, which are decimal ones.
pub(in crate::query::expr) const ROUND_WRITTEN: &str = "__round_written";
/// `%` and `//`.
pub(in crate::query::expr) const REMAINDER: &str = "__remainder";
pub(in crate::query::expr) const QUOTIENT: &str = "__quotient";

/// What is said where a number has no place.
const TOO_LARGE: &str = super::super::whole::TOO_LARGE;

/// A whole number a row, each of which must have a place in 64 bits.
pub(super) fn checked(a: &Arguments<'_>, mut value: impl FnMut(usize) -> Option<Option<i64>>) -> PolarsResult<Column> {
    let mut lost = false;
    let column = a.each(|row| {
        let value = value(row)?;
        lost |= value.is_none();
        value
    });
    polars_ensure!(!lost, ComputeError: "{}", TOO_LARGE);
    Ok(column)
}

fn divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn gcd(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (one, other) = (a.whole(0)?, a.whole(1)?);
    checked(a, |row| Some(i64::try_from(divisor(one.get(row)?.unsigned_abs(), other.get(row)?.unsigned_abs())).ok()))
}

fn lcm(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (one, other) = (a.whole(0)?, a.whole(1)?);
    checked(a, |row| {
        let (one, other) = (one.get(row)?.unsigned_abs(), other.get(row)?.unsigned_abs());
        Some(match divisor(one, other) {
            0 => Some(0),
            shared => (one / shared).checked_mul(other).and_then(|value| i64::try_from(value).ok()),
        })
    })
}

fn factorial(a: &Arguments<'_>) -> PolarsResult<Column> {
    let numbers = a.whole(0)?;
    checked(a, |row| Some((1..=numbers.get(row)?).try_fold(1_i64, i64::checked_mul)))
}

fn bit_count(a: &Arguments<'_>) -> PolarsResult<Column> {
    let numbers = a.whole(0)?;
    Ok(a.each(|row| numbers.get(row).map(|number| i64::from(number.count_ones()))))
}

fn asked(a: &Arguments<'_>, is: fn(f64) -> bool) -> PolarsResult<Column> {
    let numbers = a.floats(0)?;
    Ok(a.each(|row| numbers.get(row).map(is)))
}

fn sign(a: &Arguments<'_>) -> PolarsResult<Column> {
    let numbers = a.floats(0)?;
    Ok(a.each(|row| numbers.get(row).map(|x| i64::from(x > 0.0) - i64::from(x < 0.0))))
}

/// The next even number away from zero.
fn even(a: &Arguments<'_>) -> PolarsResult<Column> {
    let numbers = a.floats(0)?;
    Ok(a.each(|row| numbers.get(row).map(|x| ((x.abs() / 2.0).ceil() * 2.0).copysign(x))))
}

fn fmod(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (numbers, by) = (a.floats(0)?, a.floats(1)?);
    Ok(a.each(|row| {
        let (x, by) = (numbers.get(row)?, by.get(row)?);
        // It has the sign of the divisor.
        Some(x - by * (x / by).floor())
    }))
}

fn of_first(types: &[DataType]) -> DataType {
    if types.first().is_some_and(DataType::is_integer) { DataType::Int64 } else { DataType::Float64 }
}

fn of_both(types: &[DataType]) -> DataType {
    let whole = types.iter().all(|dtype| dtype.is_integer() || *dtype == DataType::Null);
    if whole { DataType::Int64 } else { DataType::Float64 }
}

/// A remainder has the sign of what is divided. By nothing it is null: one row does not end a question.
fn remainder(a: &Arguments<'_>) -> PolarsResult<Column> {
    if of_both(&[a.dtype(0), a.dtype(1)]).is_integer() {
        let (numbers, by) = (a.whole(0)?, a.whole(1)?);
        return Ok(a.each(|row| {
            let (number, by) = (numbers.get(row)?, by.get(row)?);
            if by == -1 { Some(0) } else { number.checked_rem(by) }
        }));
    }
    let (numbers, by) = (a.floats(0)?, a.floats(1)?);
    Ok(a.each(|row| Some(numbers.get(row)? % by.get(row)?)))
}

/// Of whole numbers the quotient is rounded toward zero; of others it is the quotient. By nothing it is null.
fn quotient(a: &Arguments<'_>) -> PolarsResult<Column> {
    if of_both(&[a.dtype(0), a.dtype(1)]).is_integer() {
        let (numbers, by) = (a.whole(0)?, a.whole(1)?);
        return checked(a, |row| {
            let (number, by) = (numbers.get(row)?, by.get(row)?);
            (by != 0).then(|| number.checked_div(by))
        });
    }
    let (numbers, by) = (a.floats(0)?, a.floats(1)?);
    Ok(a.each(|row| {
        let (number, by) = (numbers.get(row)?, by.get(row)?);
        (by != 0.0).then(|| number / by)
    }))
}

/// To so many digits behind the point; negative ones are before it. Halves go away from zero, where it is `near`.
fn digits(a: &Arguments<'_>, of: fn(f64, f64) -> f64, near: bool) -> PolarsResult<Column> {
    let wanted = if a.len() > 1 { Some(a.whole(1)?) } else { None };
    let wanted = |row: usize| wanted.as_ref().map_or(Some(0), |wanted| wanted.get(row));
    if a.dtype(0).is_integer() {
        let numbers = a.whole(0)?;
        return checked(a, |row| {
            let (number, digits) = (numbers.get(row)?, wanted(row)?);
            if digits >= 0 {
                return Some(Some(number));
            }
            let places = u32::try_from(digits.unsigned_abs()).unwrap_or(u32::MAX);
            let Some(scale) = 10_i128.checked_pow(places) else { return Some(Some(0)) };
            let half = if near { scale / 2 * i128::from(number.signum()) } else { 0 };
            Some(i64::try_from((i128::from(number) + half) / scale * scale).ok())
        });
    }
    scaled(a, of)
}

/// Floating-point numbers to so many digits, by what `of` makes of the scaled number and of what that lacks.
fn scaled(a: &Arguments<'_>, of: fn(f64, f64) -> f64) -> PolarsResult<Column> {
    let wanted = if a.len() > 1 { Some(a.whole(1)?) } else { None };
    let wanted = |row: usize| wanted.as_ref().map_or(Some(0), |wanted| wanted.get(row));
    let numbers = a.floats(0)?;
    Ok(a.each(|row| {
        let (x, digits) = (numbers.get(row)?, wanted(row)?);
        let scale = 10_f64.powi(i32::try_from(digits.unsigned_abs()).unwrap_or(i32::MAX));
        let rounded = if digits < 0 {
            let scaled = x / scale;
            of(scaled, -scaled.mul_add(scale, -x)) * scale
        } else {
            let scaled = x * scale;
            of(scaled, x.mul_add(scale, -scaled)) / scale
        };
        Some(match rounded.is_finite() {
            true => rounded,
            // Beyond what a number says: all its digits are wanted, or none.
            false if digits < 0 && x.is_finite() => 0.0,
            false => x,
        })
    }))
}

/// Halves go away from zero, unless they are halves only because `rest` was cut off: 5.35 is a little less than that.
fn rounded(scaled: f64, rest: f64) -> f64 {
    let half = (scaled - scaled.trunc()).abs() == 0.5;
    if half && rest * scaled < 0.0 { scaled.trunc() } else { scaled.round() }
}

/// The same of a decimal number, which is a half although binary digits cannot say it.
fn rounded_as_written(scaled: f64, _: f64) -> f64 {
    let from_half = (scaled - scaled.trunc()).abs() - 0.5;
    let half = from_half.abs() <= scaled.abs() * 4.0 * f64::EPSILON;
    if half { scaled.trunc() + scaled.signum() } else { scaled.round() }
}

/// Halves go to the even neighbour.
fn to_even(scaled: f64, rest: f64) -> f64 {
    let half = (scaled - scaled.trunc()).abs() == 0.5;
    if half && rest != 0.0 { rounded(scaled, rest) } else { scaled.round_ties_even() }
}
