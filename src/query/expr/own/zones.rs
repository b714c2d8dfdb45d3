//! Times in zones: what clocks show, and when they show it. Times are UTC; what clocks show is a time as well.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use polars::prelude::*;

use super::{Arguments, OwnFunction, TEXT, TIME, own, time};
use crate::data::near::nearest;

pub(super) const OWN: &[OwnFunction] = &[
    own(&[TO_INSTANT, "timezone"], &[TEXT, TIME], time, |a| moved(a, instant))
        .told("timezone('Europe/Rome', time)", "the instant at which clocks there show it"),
    own(&[TO_WALL], &[TEXT, TIME], time, |a| moved(a, wall)),
];

/// The instant at which clocks show a time, and what they show at an instant.
pub(in crate::query::expr) const TO_INSTANT: &str = "__zone_instant";
pub(in crate::query::expr) const TO_WALL: &str = "__zone_wall";

/// A zone by its IANA name, whose capitals do not count.
pub(in crate::query::expr) fn zone(name: &str) -> Result<Tz, String> {
    let found = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
        match nearest(name, &names) {
            Some(near) => format!("there is no time zone '{name}'; did you mean '{near}'?"),
            None => format!("there is no time zone '{name}'; write it like 'Europe/Rome'"),
        }
    })
}

fn moved(a: &Arguments<'_>, to: fn(Tz, NaiveDateTime) -> Option<NaiveDateTime>) -> PolarsResult<Column> {
    let (zone, times) = match a.constant(0)? {
        Some(name) => (zone(&name).map_err(|what| polars_err!(ComputeError: "{}", what))?, a.micros(1)?),
        None => return a.each(|_| None::<i64>).cast(&time(&[])),
    };
    let column = a.each(|row| {
        let naive = DateTime::from_timestamp_micros(times.get(row)?)?.naive_utc();
        to(zone, naive).map(|moved| moved.and_utc().timestamp_micros())
    });
    column.cast(&time(&[]))
}

/// What clocks show twice is taken the second time; what they skip, as if they had not been put forward.
fn instant(zone: Tz, shown: NaiveDateTime) -> Option<NaiveDateTime> {
    let offset = match zone.offset_from_local_datetime(&shown) {
        MappedLocalTime::Single(offset) | MappedLocalTime::Ambiguous(_, offset) => offset,
        MappedLocalTime::None => zone.offset_from_utc_datetime(&shown.checked_sub_signed(TimeDelta::days(1))?),
    };
    shown.checked_sub_offset(offset.fix())
}

fn wall(zone: Tz, at: NaiveDateTime) -> Option<NaiveDateTime> {
    at.checked_add_offset(zone.offset_from_utc_datetime(&at).fix())
}
