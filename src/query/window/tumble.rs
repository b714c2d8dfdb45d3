//! Windows of one size, side by side.

use polars::prelude::*;

use super::Micros;

/// A tumbling window: `[start, start + size)`, with starts at `offset + k * size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tumble {
    pub size: Micros,
    pub offset: Micros,
}

impl Tumble {
    /// The start of the window that `t` lies in; `None` where it lies outside what 64 bits can say.
    pub fn start(&self, t: Micros) -> Option<Micros> {
        let into = match t.checked_sub(self.offset) {
            Some(shifted) => shifted.rem_euclid(self.size),
            // Less than a size, which is a number of 64 bits.
            None => (i128::from(t) - i128::from(self.offset)).rem_euclid(i128::from(self.size)) as Micros,
        };
        t.checked_sub(into)
    }

    pub fn end(&self, start: Micros) -> Micros {
        start.saturating_add(self.size)
    }

    /// The window starts of many times.
    pub fn starts(&self, times: &Int64Chunked) -> Int64Chunked {
        let by_one = || times.iter().map(|t| t.and_then(|t| self.start(t))).collect();
        let Ok(values) = times.cont_slice() else { return by_one() };
        // Feeds are mostly in order, so the last window is mostly the next one.
        let (mut from, mut until) = (i64::MAX, i64::MAX);
        let mut starts = Vec::with_capacity(values.len());
        for &t in values {
            if t < from || t >= until {
                let Some(start) = self.start(t) else { return by_one() };
                (from, until) = (start, self.end(start));
            }
            starts.push(from);
        }
        Int64Chunked::from_vec(PlSmallStr::EMPTY, starts)
    }
}
