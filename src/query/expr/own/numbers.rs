//! Functions of numbers.

use polars::prelude::*;

use super::{Arguments, OwnFunction, float, truth, whole};

pub(super) const OWN: &[OwnFunction] = &[
    OwnFunction { names: &["gcd", "greatest_common_divisor"], takes: 2..=2, output: whole, of: gcd },
    OwnFunction { names: &["lcm", "least_common_multiple"], takes: 2..=2, output: whole, of: lcm },
    OwnFunction { names: &["factorial"], takes: 1..=1, output: whole, of: factorial },
    OwnFunction { names: &["bit_count"], takes: 1..=1, output: whole, of: bit_count },
    OwnFunction { names: &[LEFT], takes: 2..=2, output: whole, of: shift_left },
    OwnFunction { names: &[RIGHT], takes: 2..=2, output: whole, of: shift_right },
    OwnFunction { names: &["isnan"], takes: 1..=1, output: truth, of: is_nan },
    OwnFunction { names: &["isinf"], takes: 1..=1, output: truth, of: is_infinite },
    OwnFunction { names: &["isfinite"], takes: 1..=1, output: truth, of: is_finite },
    OwnFunction { names: &["even"], takes: 1..=1, output: float, of: even },
    OwnFunction { names: &["fmod"], takes: 2..=2, output: float, of: fmod },
];

/// `<<` and `>>`.
pub(in crate::query::expr) const LEFT: &str = "__shift_left";
pub(in crate::query::expr) const RIGHT: &str = "__shift_right";

/// What is said where a number has no place.
const TOO_LARGE: &str = super::super::whole::TOO_LARGE;

/// A whole number a row, each of which must have a place in 64 bits.
fn checked(a: &Arguments<'_>, mut value: impl FnMut(usize) -> Option<Option<i64>>) -> PolarsResult<Column> {
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

fn shift_left(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (numbers, by) = (a.whole(0)?, a.whole(1)?);
    checked(a, |row| {
        let (number, by) = (numbers.get(row)?, by.get(row)?);
        let shifted = u32::try_from(by).ok().filter(|by| *by < 64).map(|by| i128::from(number) << by);
        Some(if number == 0 { Some(0) } else { shifted.and_then(|value| i64::try_from(value).ok()) })
    })
}

fn shift_right(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (numbers, by) = (a.whole(0)?, a.whole(1)?);
    Ok(a.each(|row| {
        let (number, by) = (numbers.get(row)?, by.get(row)?);
        Some(u32::try_from(by).ok().filter(|by| *by < 64).map_or(0, |by| number >> by))
    }))
}

fn is_nan(a: &Arguments<'_>) -> PolarsResult<Column> {
    let numbers = a.floats(0)?;
    Ok(a.each(|row| numbers.get(row).map(f64::is_nan)))
}

fn is_infinite(a: &Arguments<'_>) -> PolarsResult<Column> {
    let numbers = a.floats(0)?;
    Ok(a.each(|row| numbers.get(row).map(f64::is_infinite)))
}

fn is_finite(a: &Arguments<'_>) -> PolarsResult<Column> {
    let numbers = a.floats(0)?;
    Ok(a.each(|row| numbers.get(row).map(f64::is_finite)))
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
