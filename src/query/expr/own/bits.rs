//! Whole numbers bit by bit.

use polars::prelude::*;

use super::numbers::checked;
use super::{Arguments, OwnFunction, WHOLE, own, whole};

pub(super) const OWN: &[OwnFunction] = &[
    own(&[LEFT], &[WHOLE, WHOLE], whole, shift_left),
    own(&[RIGHT], &[WHOLE, WHOLE], whole, shift_right),
    own(&[AND], &[WHOLE, WHOLE], whole, |a| both(a, |one, other| one & other)),
    own(&[OR], &[WHOLE, WHOLE], whole, |a| both(a, |one, other| one | other)),
    own(&[XOR], &[WHOLE, WHOLE], whole, |a| both(a, |one, other| one ^ other))
        .told("xor(n, 5)", "bits set in one of both"),
    own(&[NOT], &[WHOLE], whole, |a| both(a, |one, _| !one)),
];

/// `<<` and `>>`.
pub(in crate::query::expr) const LEFT: &str = "__shift_left";
pub(in crate::query::expr) const RIGHT: &str = "__shift_right";
/// `&`, `|`, `#` and `~`.
pub(in crate::query::expr) const AND: &str = "__bits_and";
pub(in crate::query::expr) const OR: &str = "__bits_or";
pub(in crate::query::expr) const XOR: &str = "xor";
pub(in crate::query::expr) const NOT: &str = "__bits_not";

fn both(a: &Arguments<'_>, of: fn(i64, i64) -> i64) -> PolarsResult<Column> {
    let (one, other) = (a.whole(0)?, a.whole(a.len() - 1)?);
    Ok(a.each(|row| Some(of(one.get(row)?, other.get(row)?))))
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
