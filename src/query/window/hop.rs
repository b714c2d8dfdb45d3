//! Windows of one size that begin every `slide`: a row may be in several of them, or in none.

use polars::prelude::*;

use super::{Admission, Micros, Tumble, WindowAssignment};

/// `[start, start + size)`, with starts at `offset + k * slide`. A slide need not divide the size; one that is longer
/// than the size leaves gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hop {
    pub slide: Micros,
    pub size: Micros,
    pub offset: Micros,
}

/// More windows a row than this is a mistake.
pub(super) const MOST_WINDOWS: Micros = 10_000;

impl Hop {
    /// How many windows a row is in, at most.
    pub fn most_windows(&self) -> Micros {
        self.size / self.slide + Micros::from(self.size % self.slide != 0)
    }

    /// The last window that begins at or before `t`, and how many windows `t` lies in: that one and those `slide`,
    /// twice `slide` … before it. Windows whose start 64 bits cannot say are left out: `None` when none is left.
    fn windows(&self, t: Micros) -> Option<(Micros, Micros)> {
        let last = Tumble { size: self.slide, offset: self.offset }.start(t)?;
        let into = t.checked_sub(last)?;
        if into >= self.size {
            return Some((last, 0));
        }
        let count = (self.size - 1 - into) / self.slide + 1;
        let room = (i128::from(last) - i128::from(Micros::MIN)) / i128::from(self.slide) + 1;
        Some((last, count.min(Micros::try_from(room).unwrap_or(Micros::MAX))))
    }

    /// The end of the last window that `t` lies in.
    pub(super) fn last_end(&self, t: Micros) -> Option<Micros> {
        self.windows(t).filter(|(_, count)| *count > 0).map(|(last, _)| last.saturating_add(self.size))
    }

    /// Whether all windows of a time begin and end within what times can say.
    pub(super) fn holds(&self, t: Micros) -> bool {
        let says = |t: i128| t.abs() < i128::from(Micros::MAX);
        let Some(last) = (Tumble { size: self.slide, offset: self.offset }).start(t) else { return false };
        let Some(into) = t.checked_sub(last) else { return false };
        let count = if into >= self.size { 0 } else { (self.size - 1 - into) / self.slide + 1 };
        let (last, slide) = (i128::from(last), i128::from(self.slide));
        count == 0 || (says(last + i128::from(self.size)) && says(last - i128::from(count - 1) * slide))
    }

    /// The starts of the windows that `t` lies in, the earliest first.
    pub fn starts(&self, t: Micros) -> impl Iterator<Item = Micros> + use<> {
        let slide = self.slide;
        let (last, count) = self.windows(t).unwrap_or((0, 0));
        (0..count).rev().map(move |back| last - back * slide)
    }

    /// The start of the pane that `t` lies in: between two neighbouring starts or ends of windows all rows are in the
    /// same windows.
    fn pane(&self, t: Micros) -> Option<Micros> {
        let start = Tumble { size: self.slide, offset: self.offset }.start(t)?;
        // Windows end where others of the same slide begin, `size` later.
        let offset = (i128::from(self.offset) + i128::from(self.size)).rem_euclid(i128::from(self.slide)) as Micros;
        let end = Tumble { size: self.slide, offset }.start(t);
        Some(end.map_or(start, |end| start.max(end)))
    }

    /// Which of the windows of a time are taken, counted back from the last one; and how many windows it lies in.
    fn taken(&self, last: Micros, count: Micros, row: usize, due: Admission<'_>) -> (Micros, Micros) {
        // Windows end the earlier the further back they are: those that are final are the furthest ones.
        let open = |watermark: Micros| {
            if watermark == Micros::MAX {
                return 0;
            }
            let beyond = i128::from(last) + i128::from(self.size) - i128::from(watermark);
            let open = if beyond <= 0 { 0 } else { (beyond - 1) / i128::from(self.slide) + 1 };
            open.min(i128::from(count)) as Micros
        };
        match due {
            Admission::Open(None) => (0, count),
            Admission::Open(Some(watermark)) => (0, open(watermark)),
            Admission::Judged(watermarks) => (0, watermarks.get(row).map_or(count, |w| open(*w))),
            Admission::Missed(watermarks) => (watermarks.get(row).map_or(count, |w| open(*w)), count),
        }
    }

    /// Calls `each` with a row, and its windows counted back from the last one; the rows that no window takes are
    /// listed in what it gives.
    fn sort(
        &self,
        times: &Int64Chunked,
        due: Admission<'_>,
        mut each: impl FnMut(IdxSize, Option<Micros>, Micros, Micros),
    ) -> WindowAssignment {
        let mut placed = WindowAssignment::default();
        for (row, time) in times.iter().enumerate() {
            let index = row as IdxSize;
            match time.and_then(|t| self.windows(t)) {
                // Without time a row is in a window of its own kind, which is never final.
                None if matches!(due, Admission::Missed(_)) => placed.late.push(index),
                None => {
                    placed.taken += 1;
                    each(index, None, 0, 1);
                }
                Some((_, 0)) => placed.nowhere += 1,
                Some((last, count)) => {
                    let (from, until) = self.taken(last, count, row, due);
                    if from >= until {
                        placed.late.push(index);
                        continue;
                    }
                    placed.taken += 1;
                    if until - from < count {
                        placed.partly_late.push(index);
                    }
                    each(index, Some(last), from, until);
                }
            }
        }
        placed
    }

    /// Each row in each of its windows.
    pub(in crate::query) fn place(&self, times: &Int64Chunked, due: Admission<'_>) -> WindowAssignment {
        let (mut rows, mut starts) = (Vec::with_capacity(times.len()), Vec::with_capacity(times.len()));
        let placed = self.sort(times, due, |row, last, from, until| {
            for back in (from..until).rev() {
                rows.push(row);
                starts.push(last.map(|last| last - back * self.slide));
            }
        });
        WindowAssignment { rows: Some(rows), starts: starts.into_iter().collect(), ..placed }
    }

    /// Each row once, in its pane: all rows of a pane are in the same windows.
    pub(in crate::query) fn panes(&self, times: &Int64Chunked, watermark: Option<Micros>) -> WindowAssignment {
        let mut rows = Vec::with_capacity(times.len());
        let placed = self.sort(times, Admission::Open(watermark), |row, _, _, _| rows.push(row));
        let times = times.take(&rows).unwrap_or_default();
        let (mut from, mut until, mut pane) = (1, 0, None);
        let panes = times.iter().map(|time| {
            let t = time?;
            if t < from || t > until {
                pane = self.windows(t).and_then(|_| self.pane(t));
                (from, until) = (pane.unwrap_or(t), t);
            }
            pane
        });
        WindowAssignment { starts: panes.collect(), rows: Some(rows), ..placed }
    }
}
