//! Numbers, times and sizes as people read them.

use std::cell::Cell;
use std::time::Duration;

use polars::prelude::TimeUnit;

use crate::data::time::{self, Clock};
pub use crate::data::words::{count, grouped};
use crate::data::zone::Zone;

thread_local! {
    /// In which zone the window on this thread shows times: a window is drawn by one thread alone.
    static ZONE: Cell<Zone> = const { Cell::new(Zone::Utc) };
}

/// In which zone times are shown and typed.
pub fn zone() -> Zone {
    ZONE.get()
}

/// Shows times in this zone from now on.
pub fn show_in(zone: Zone) {
    ZONE.set(zone);
}

/// A count and its noun: `1 row`, `2 rows`.
pub fn counted(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {one}s", count(n)) }
}

/// A float with what matters of it: at most six digits behind the point, thousands separated, large and tiny ones with
/// an exponent.
pub fn float(v: f64) -> String {
    if !v.is_finite() {
        return if v.is_nan() {
            "NaN".to_owned()
        } else if v > 0.0 {
            "∞".to_owned()
        } else {
            "-∞".to_owned()
        };
    }
    let size = v.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return format!("{v:.6e}");
    }
    let decimals = if size >= 1e6 {
        2
    } else if size >= 1e3 {
        3
    } else {
        6
    };
    with_decimals(v, decimals)
}

/// With so many digits behind the point, but for zeros at their end.
fn with_decimals(v: f64, decimals: usize) -> String {
    let text = format!("{v:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { grouped(whole) } else { format!("{}.{fraction}", grouped(whole)) }
}

/// A float to be read from afar: whole from 1,000 on, else with four digits that count.
pub fn brief(v: f64) -> String {
    let size = v.abs();
    if !v.is_finite() || v == 0.0 || !(1e-3..1e15).contains(&size) {
        return float(v);
    }
    let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
    with_decimals(v, decimals)
}

/// A rate in few letters: `950`, `12.3 k`, `1.2 M`.
pub fn short(v: f64) -> String {
    match v {
        v if v >= 1e9 => format!("{:.1} G", v / 1e9),
        v if v >= 1e6 => format!("{:.1} M", v / 1e6),
        v if v >= 1e4 => format!("{:.1} k", v / 1e3),
        v if v >= 10.0 || v == 0.0 => grouped(&format!("{v:.0}")),
        v => format!("{v:.1}"),
    }
}

/// Bytes in few letters: `12 B`, `3.4 KiB`, `1.2 GiB`.
pub fn bytes(n: u64) -> String {
    const UNITS: &[&str] = &["KiB", "MiB", "GiB", "TiB"];
    let mut v = n as f64;
    let mut unit = None;
    for name in UNITS {
        if v < 1_024.0 {
            break;
        }
        v /= 1_024.0;
        unit = Some(name);
    }
    unit.map_or_else(
        || format!("{n} B"),
        |unit| if v < 100.0 { format!("{v:.1} {unit}") } else { format!("{v:.0} {unit}") },
    )
}

/// Microseconds since 1970 as a date and a time of day, in the zone that is shown.
pub fn time(micros: i64) -> String {
    moment(micros, TimeUnit::Microseconds)
}

/// The time of day, to a tenth of a second.
pub fn clock(micros: i64) -> String {
    let text = zone().text(micros, TimeUnit::Microseconds, ' ', Clock::Digits(1));
    text.split_once(' ').map_or_else(|| text.clone(), |(_, clock)| clock.to_owned())
}

/// A time in any unit as a date and a time of day, which is there at midnight, too: of a list of times, all look alike.
pub fn moment(value: i64, unit: TimeUnit) -> String {
    zone().text(value, unit, ' ', Clock::Minutes)
}

/// The same in UTC, for what is asked and what is kept.
pub fn utc(micros: i64) -> String {
    time::text(micros, TimeUnit::Microseconds, ' ', Clock::Minutes)
}

/// A length of time in its largest fitting units: `1.5 s`, `3 min`, `2 h 05 min`, `4 days`.
pub fn duration(secs: f64) -> String {
    match secs {
        s if s < 0.0 => format!("-{}", duration(-s)),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3_600.0 => format!("{:.0} min", (s / 60.0).floor()),
        s if s < 172_800.0 => format!("{:.0} h {:02.0} min", (s / 3_600.0).floor(), (s % 3_600.0 / 60.0).floor()),
        s => format!("{:.0} days", (s / 86_400.0).floor()),
    }
}

/// A length of time that goes on, whose parts of a second nobody can read: `25 s`, `3 min`.
pub fn pause(length: Duration) -> String {
    let secs = length.as_secs();
    if secs < 60 { format!("{secs} s") } else { duration(secs as f64) }
}
