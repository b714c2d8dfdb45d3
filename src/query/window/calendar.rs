//! Windows of whole months, quarters or years, side by side: as long as the calendar has them.

use polars::prelude::*;

use super::Micros;
use crate::data::time::{days_to, is_infinite, month_start, months_of};

const DAY: Micros = 86_400_000_000;

/// The month from which months are counted, 2000-01, in months since the year 0: that of `time_bucket`.
const ORIGIN: i64 = 2_000 * 12;
/// The time from which weeks are counted, 2000-01-03: a Monday.
pub const MONDAY: Micros = days_to(2_000, 1, 3) * DAY;

/// A calendar window: `months` long, beginning `offset` after its first month does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Calendar {
    pub months: i64,
    pub offset: Micros,
}

impl Calendar {
    /// The start of the window that `t` lies in; `None` where it lies outside what 64 bits can say.
    pub fn start(&self, t: Micros) -> Option<Micros> {
        let month = months_of(t.checked_sub(self.offset)?) - ORIGIN;
        self.at(month - month.rem_euclid(self.months))
    }

    /// The end of the window that begins at `start`.
    pub fn end(&self, start: Micros) -> Micros {
        let next = || self.at(months_of(start.checked_sub(self.offset)?) - ORIGIN + self.months);
        next().unwrap_or(Micros::MAX)
    }

    /// When a month begins, counted from the origin.
    fn at(&self, month: i64) -> Option<Micros> {
        month_start(month + ORIGIN)?.checked_add(self.offset)
    }

    /// Whether the window of a time begins and ends within what times can say.
    pub(super) fn holds(&self, t: Micros) -> bool {
        self.start(t).is_some_and(|start| !is_infinite(start) && !is_infinite(self.end(start)))
    }

    /// How long such a window is, about.
    pub fn length(&self) -> Micros {
        self.months.saturating_mul(30 * DAY + DAY / 2)
    }

    /// The window starts of many times.
    pub fn starts(&self, times: &Int64Chunked) -> Int64Chunked {
        // Feeds are mostly in order, so the last window is mostly the next one.
        let mut last: Option<(Micros, Micros)> = None;
        let mut start = |t: Micros| match last {
            Some((from, until)) if t >= from && t < until => Some(from),
            _ => {
                last = self.start(t).map(|start| (start, self.end(start)));
                last.map(|(from, _)| from)
            }
        };
        times.iter().map(|t| t.and_then(&mut start)).collect()
    }
}
