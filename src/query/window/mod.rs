//! Windows over event time, in microseconds since 1970 UTC; before 1970 they are negative and work the same.
//! Which group a row then belongs to is left to `partial`; when a window is final, to the watermark it is given.

use polars::prelude::*;

use super::expr::Scalar;
use crate::data::time::is_infinite;
use crate::data::{Fault, Result};

mod calendar;
mod call;
mod hop;
mod interval;
pub mod session;
mod time;
mod tumble;

pub use calendar::{Calendar, MONDAY};
pub use call::{WindowCall, is_window, window_call};
pub use hop::Hop;
pub use interval::{months_in, parse_interval};
pub use session::Sessions;
pub use time::{finite, micros_of, type_word};
pub use tumble::Tumble;

pub use crate::data::epoch::EpochUnit;
pub use crate::data::time::{Micros, iso};

/// The column of rows that may be late: for each the watermark by which it is judged.
pub const WATERMARK: &str = "__watermark";

/// A window over a time column.
#[derive(Clone, Debug)]
pub struct Window {
    pub time: Scalar,
    pub kind: WindowAssigner,
    /// As written.
    pub sql: String,
}

/// How time is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowAssigner {
    Tumble(Tumble),
    /// Months, quarters or years.
    Calendar(Calendar),
    Hop(Hop),
    /// Rows of a group that are at most `gap` apart are one session; it ends `gap` after its last row.
    Session {
        gap: Micros,
    },
}

/// Whether more rows may come to the window of a row of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum WindowStatus {
    /// Rows that are not late may still change it.
    Open,
    /// No row changes it any more, unless late rows are re-admitted.
    Final,
    /// Final, and late rows were re-admitted to it.
    Corrected,
}

impl WindowStatus {
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Final => "final",
            Self::Corrected => "corrected",
        }
    }

    /// `final_at` is `None` for the window of rows without time, which never closes.
    pub(super) fn of(final_at: Option<Micros>, corrected: bool, watermark: Option<Micros>) -> Self {
        match (final_at, watermark) {
            (Some(at), Some(watermark)) if at <= watermark => {
                if corrected {
                    Self::Corrected
                } else {
                    Self::Final
                }
            }
            _ => Self::Open,
        }
    }

    pub(super) fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Final,
            2 => Self::Corrected,
            _ => Self::Open,
        }
    }
}

/// Which windows rows are taken into.
#[derive(Clone, Copy, Debug)]
pub enum Admission<'a> {
    /// Windows that are not final: all windows, without a watermark.
    Open(Option<Micros>),
    /// Windows that were not final when the row came: one watermark for each row.
    Judged(&'a [Micros]),
    /// Windows that were final at the watermark by which the row was set aside: one watermark for each row.
    Missed(&'a [Micros]),
}

impl<'a> Admission<'a> {
    /// For some of the rows.
    pub(super) fn slice(self, from: usize, rows: usize) -> Self {
        let cut = |each: &'a [Micros]| each.get(from..from + rows).unwrap_or_default();
        match self {
            Self::Open(watermark) => Self::Open(watermark),
            Self::Judged(each) => Self::Judged(cut(each)),
            Self::Missed(each) => Self::Missed(cut(each)),
        }
    }

    /// For the rows of a mask; `kept` holds their watermarks.
    pub(super) fn filter(self, mask: &BooleanChunked, kept: &'a mut Vec<Micros>) -> Self {
        let (Self::Judged(each) | Self::Missed(each)) = self else { return self };
        kept.extend(each.iter().zip(mask.iter()).filter(|(_, keep)| *keep == Some(true)).map(|(w, _)| *w));
        if let Self::Judged(_) = self { Self::Judged(kept) } else { Self::Missed(kept) }
    }

    /// Whether `row` is taken into a window that ends at `end`.
    fn takes(&self, row: usize, end: Micros) -> bool {
        match self {
            Self::Open(None) => true,
            Self::Open(Some(watermark)) => end > *watermark,
            Self::Judged(watermarks) => watermarks.get(row).is_none_or(|w| end > *w),
            Self::Missed(watermarks) => watermarks.get(row).is_some_and(|w| end <= *w),
        }
    }
}

/// Where rows go: each entry of `starts` is one row in one window.
#[derive(Debug, Default)]
pub struct WindowAssignment {
    /// The row of each entry; `None` where every row stands once, in order.
    pub rows: Option<Vec<IdxSize>>,
    /// The start of the entry's window; of a session, the row's own time.
    pub starts: Int64Chunked,
    /// Rows that are in windows, none of which takes them.
    pub late: Vec<IdxSize>,
    /// Rows that only some of their windows take.
    pub partly_late: Vec<IdxSize>,
    /// Rows that lie in no window at all: between hops that are further apart than they are long.
    pub nowhere: u64,
    /// Rows that stand at least once.
    pub taken: u64,
}

impl WindowAssigner {
    /// The end of the last window that a time lies in, of a session that of the one it would open by itself; `None`
    /// where it lies in none.
    pub fn last_end(&self, t: Micros) -> Option<Micros> {
        match self {
            Self::Tumble(tumble) => tumble.start(t).map(|start| tumble.end(start)),
            Self::Calendar(calendar) => calendar.start(t).map(|start| calendar.end(start)),
            Self::Hop(hop) => hop.last_end(t),
            Self::Session { gap } => Some(t.saturating_add(*gap)),
        }
    }
}

impl Window {
    /// The end of a window, from its start or, for a session, from its last row; within what 64 bits can say.
    pub fn end(&self, start_or_last: Micros) -> Micros {
        let length = match self.kind {
            WindowAssigner::Tumble(tumble) => tumble.size,
            WindowAssigner::Calendar(calendar) => return calendar.end(start_or_last),
            WindowAssigner::Hop(hop) => hop.size,
            WindowAssigner::Session { gap } => gap,
        };
        start_or_last.saturating_add(length)
    }

    /// The watermark from which on a window is final. A session is so only a gap after its end: until then a row that
    /// is not late may still be linked to it.
    pub fn final_at(&self, start_or_last: Micros) -> Micros {
        let end = self.end(start_or_last);
        match self.kind {
            WindowAssigner::Session { gap } => end.saturating_add(gap),
            _ => end,
        }
    }

    /// Whether the windows of a time begin and end within what times can say. If they do for two times, they do for all
    /// between those.
    fn holds(&self, t: Micros) -> bool {
        let says = |t: Option<Micros>| t.is_some_and(|t| !is_infinite(t));
        says(Some(t))
            && match self.kind {
                WindowAssigner::Tumble(tumble) => {
                    tumble.start(t).is_some_and(|start| says(Some(start)) && says(start.checked_add(tumble.size)))
                }
                WindowAssigner::Calendar(calendar) => calendar.holds(t),
                WindowAssigner::Hop(hop) => hop.holds(t),
                WindowAssigner::Session { gap } => says(t.checked_add(gap)),
            }
    }

    /// The times that have windows: null for the others, infinite ones among them.
    pub fn sound(&self, times: &Int64Chunked) -> Int64Chunked {
        if times.min().is_none_or(|t| self.holds(t)) && times.max().is_none_or(|t| self.holds(t)) {
            return times.clone();
        }
        times.iter().map(|t| t.filter(|t| self.holds(*t))).collect()
    }

    /// Where the rows with these times go, which are `sound`.
    pub fn place(&self, times: &Int64Chunked, due: Admission<'_>) -> WindowAssignment {
        match &self.kind {
            WindowAssigner::Tumble(tumble) => self.place_once(tumble.starts(times), due),
            WindowAssigner::Calendar(calendar) => self.place_once(calendar.starts(times), due),
            // A row is as late as the session that it would open by itself, so that it does not matter which rows
            // its worker has seen.
            WindowAssigner::Session { .. } => self.place_once(times.clone(), due),
            WindowAssigner::Hop(hop) => hop.place(times, due),
        }
    }

    /// Windows of which every row has one.
    fn place_once(&self, starts: Int64Chunked, due: Admission<'_>) -> WindowAssignment {
        let all = starts.len() as u64;
        if let Admission::Open(None) = due {
            return WindowAssignment { starts, taken: all, ..WindowAssignment::default() };
        }
        // A row without time is never late; so it has missed nothing either.
        let timeless = !matches!(due, Admission::Missed(_));
        let takes = |(row, start): (usize, Option<Micros>)| start.map_or(timeless, |s| due.takes(row, self.end(s)));
        let late: Vec<IdxSize> =
            (0..).zip(starts.iter().enumerate().map(takes)).filter(|(_, takes)| !takes).map(|(row, _)| row).collect();
        if late.is_empty() {
            return WindowAssignment { starts, taken: all, ..WindowAssignment::default() };
        }
        let mut rows = Vec::with_capacity(starts.len() - late.len());
        let mut next = late.iter().copied().peekable();
        for row in 0..starts.len() as IdxSize {
            if next.next_if_eq(&row).is_none() {
                rows.push(row);
            }
        }
        let starts = starts.take(&rows).unwrap_or_default();
        WindowAssignment { taken: rows.len() as u64, rows: Some(rows), starts, late, ..WindowAssignment::default() }
    }
}

/// The window of a question, checked.
pub(super) fn checked(kind: WindowAssigner) -> Result<WindowAssigner> {
    let (word, length) = match kind {
        WindowAssigner::Tumble(tumble) => ("size", tumble.size),
        WindowAssigner::Calendar(calendar) => ("size", calendar.months),
        WindowAssigner::Hop(hop) if hop.slide <= 0 => ("slide", hop.slide),
        WindowAssigner::Hop(hop) => ("size", hop.size),
        WindowAssigner::Session { gap } => ("gap", gap),
    };
    if length <= 0 {
        return Err(Fault::new(format!("a window's {word} must be more than nothing")));
    }
    match kind {
        WindowAssigner::Hop(hop) if hop.most_windows() > hop::MOST_WINDOWS => {
            Err(Fault::new(format!("each row would be in {} windows", hop.most_windows()))
                .hint("take a longer slide or a shorter size"))
        }
        kind => Ok(kind),
    }
}

/// Window starts or ends as a column of times.
pub(super) fn as_times(name: PlSmallStr, micros: Int64Chunked) -> Column {
    micros.with_name(name).into_datetime(TimeUnit::Microseconds, None).into_column()
}

/// Rows whose whole numbers since 1970 in these columns are times; columns that are none, or are not there, stay.
pub fn in_times(rows: &DataFrame, columns: &[String]) -> DataFrame {
    let mut seen = rows.clone();
    for name in columns {
        let whole = rows.column(name).ok().filter(|column| column.dtype().is_integer());
        let Some(times) = whole.and_then(|column| micros_of(column).ok()) else { continue };
        // It takes the place of a column of the same height.
        let _ = seen.replace(name, as_times(name.as_str().into(), times));
    }
    seen
}
