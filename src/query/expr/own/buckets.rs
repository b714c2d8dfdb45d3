//! `time_bucket`: the beginning of the stretch of time that a time lies in. Months are counted from 2000, all else from
//! its first Monday.

use polars::prelude::*;

use super::{ANY, Arguments, OwnFunction, SPAN, TIME, WHOLE, own, whole_times};
use crate::data::time::{Micros, month_start, months_of};
use crate::query::window::MONDAY;

pub(super) const OWN: &[OwnFunction] = &[
    own(&["time_bucket"], &[SPAN, TIME, ANY], of_second, |a| bucket(a, fixed))
        .least(2)
        .told("time_bucket(INTERVAL '15 minutes', time)", "the beginning of the stretch that it lies in"),
    own(&[BUCKET_MONTHS], &[WHOLE, TIME, ANY], of_second, |a| bucket(a, months)).least(2),
];

/// `time_bucket` by whole months.
pub(in crate::query::expr) const BUCKET_MONTHS: &str = "__bucket_months";

fn of_second(types: &[DataType]) -> DataType {
    match types.get(1) {
        Some(DataType::Date) => DataType::Date,
        _ => super::time(&[]),
    }
}

/// The third argument is how much later stretches begin, or a time at which one does.
fn bucket(a: &Arguments<'_>, begin: fn(Micros, i64, Option<Micros>) -> Option<Micros>) -> PolarsResult<Column> {
    let (sizes, times) = (a.whole(0)?, a.micros(1)?);
    let later = matches!(a.dtype(2), DataType::Duration(_));
    let third = match a.len() {
        2 => None,
        _ if later => Some(a.whole(2)?),
        _ => Some(a.micros(2)?),
    };
    let mut wrong = false;
    let column = a.each(|row| {
        let (size, time) = (sizes.get(row)?, times.get(row)?);
        let third = match &third {
            Some(third) => Some(third.get(row)?),
            None => None,
        };
        if size <= 0 {
            wrong = true;
            return None;
        }
        match third.filter(|_| later) {
            Some(later) => begin(time.checked_sub(later)?, size, None)?.checked_add(later),
            None => begin(time, size, third),
        }
    });
    polars_ensure!(!wrong, ComputeError: "time_bucket takes an interval of more than nothing");
    whole_times(&column, &of_second(&[DataType::Null, a.dtype(1)]))
}

fn fixed(time: Micros, size: i64, origin: Option<Micros>) -> Option<Micros> {
    let into = time.checked_sub(origin.unwrap_or(MONDAY))?.rem_euclid(size);
    time.checked_sub(into)
}

fn months(time: Micros, size: i64, origin: Option<Micros>) -> Option<Micros> {
    let origin = origin.map_or(2_000 * 12, months_of);
    let month = months_of(time);
    month_start(month - (month - origin).rem_euclid(size))
}
