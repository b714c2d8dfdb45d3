//! Moments on the clock of the process. All tables publish at ticks of it, so that answers of different tables are of
//! the same moments; and what is shown together is of the newest moment of which all have an answer. When a table
//! publishes is its merger's, what becomes of one that lags is the board's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::query::window::Micros;

/// How long others wait for one that lags.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// How long nothing changes where all are up to date and yet have no moment in common: one look may fall between the
/// answers of two tables, and the next finds both.
const BLINK: Duration = Duration::from_millis(50);

/// A moment: microseconds on a clock that never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// Where the clock begins.
fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

impl Moment {
    /// Later than any other.
    pub const NEVER: Self = Self(u64::MAX);

    pub fn now() -> Self {
        Self::of(Instant::now())
    }

    pub fn of(at: Instant) -> Self {
        Self(micros(at.saturating_duration_since(origin())))
    }

    pub fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// How long it was after another; nothing when it was not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    pub fn back(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(micros(by)))
    }

    /// What the clock on the wall showed then, microseconds since 1970, also where the machine slept in between.
    pub fn on_the_wall(self) -> Micros {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        micros(wall).saturating_sub(Self::now().0.saturating_sub(self.0)) as Micros
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

/// The next tick for one who rests so long at least. Ticks are a power of two of microseconds apart: each of one who
/// rests longer is one of all who rest less.
pub fn tick_after(at: Instant, rest: Duration) -> Instant {
    let apart = micros(rest).max(1).next_power_of_two();
    let next = (Moment::of(at).0 / apart + 1).saturating_mul(apart);
    at + Duration::from_micros(next.saturating_sub(Moment::of(at).0))
}

/// Since when rows wait to be in an answer.
#[derive(Clone, Debug)]
pub struct Unread(Arc<AtomicU64>);

impl Default for Unread {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }
}

impl Unread {
    /// `NEVER` where none wait.
    pub fn since(&self) -> Moment {
        Moment(self.0.load(Ordering::Acquire))
    }

    pub fn set(&self, since: Moment) {
        self.0.store(since.0, Ordering::Release);
    }
}

/// The moments of which one answer is: from when it was read until just before the next row was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Moment,
    pub until: Moment,
}

impl Span {
    /// `next`: when the next row was taken.
    pub fn new(from: Moment, next: Moment) -> Self {
        Self { from, until: Moment(next.0.saturating_sub(1)).max(from) }
    }
}

/// The newest moment of which all have an answer, of the answers that each has, oldest first; and those that lag: of
/// which there is none within the patience of the others. `None` where what is shown is to stay for now; it has done
/// so for `waited`.
pub fn common(all: &[Vec<Span>], now: Moment, waited: Duration) -> Option<(Moment, Vec<usize>)> {
    let mut lagging = Vec::new();
    loop {
        let rest = || all.iter().enumerate().filter(|(one, _)| !lagging.contains(one));
        if let Some(at) = newest(rest().map(|(_, spans)| &spans[..]), now) {
            return Some((at, lagging));
        }
        if lagging.is_empty() && waited < BLINK {
            return None;
        }
        let until = |spans: &[Span]| spans.last().map(|span| span.until);
        match rest().min_by_key(|(_, spans)| until(spans)).map(|(one, _)| one) {
            Some(last) => lagging.push(last),
            None => return Some((now, lagging)),
        }
    }
}

fn newest<'a>(all: impl Iterator<Item = &'a [Span]> + Clone, now: Moment) -> Option<Moment> {
    let mut at = now;
    loop {
        let mut before = at;
        for spans in all.clone() {
            before = before.min(spans.iter().rev().find(|span| span.from <= before)?.until);
        }
        if before == at {
            return Some(at);
        }
        at = before;
        if now.since(at) > PATIENCE {
            return None;
        }
    }
}
