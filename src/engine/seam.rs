//! The seam between a table's history and its live face: what decides it, and the ledger that proves it.

use std::sync::{Mutex, PoisonError};

use polars::prelude::*;
use serde::{Deserialize, Serialize};

use super::table::Table;
use crate::data::format::parse_datetime;
use crate::data::{Fault, Result};
use crate::query::keys::Keys;
use crate::query::window::{Micros, iso, micros_of};

/// What decides which face owns a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Seam {
    /// Both faces are one replayable log: history ends at a position, live begins there.
    Position,
    /// History owns every row before this event time (microseconds since 1970, UTC), live owns the rest.
    Time(Micros),
    /// Rows whose key was seen already are the same row.
    Key(String),
    /// The faces are disjoint because the user says so.
    #[default]
    Append,
}

impl Seam {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::Time(_) => "time",
            Self::Key(_) => "key",
            Self::Append => "append",
        }
    }
}

/// What happened at the seam, one line a live partition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeamLedger {
    /// `position`, `time`, `key` or `append`.
    pub kind: &'static str,
    /// Where the seam lies on the event-time axis, microseconds since 1970; `None` before a live row came, without
    /// event time, or without history.
    pub at: Option<Micros>,
    /// The first event time that live brought.
    pub live_from: Option<Micros>,
    /// Rows of history and of live that were taken (after the overlap was removed).
    pub history_rows: u64,
    pub live_rows: u64,
    /// Rows that both faces had, counted once.
    pub overlap_removed: u64,
    pub partitions: Vec<SeamLine>,
    /// What speaks against the seam that was chosen: rows that may be counted twice, or a hole between the faces.
    pub warnings: Vec<String>,
}

/// One live partition at the seam.
#[derive(Clone, Debug, PartialEq)]
pub struct SeamLine {
    pub source: String,
    pub partition: u32,
    /// Whether the two that follow are event times, microseconds since 1970, and not positions.
    pub is_time: bool,
    /// The last position (for `time`: event time) that history owns.
    pub last_history: Option<i64>,
    /// The first that live gave.
    pub first_live: Option<i64>,
    pub gap: Gap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// So many positions lie between the faces; 0 is the proof that nothing was lost.
    Known(u64),
    /// The feed does not number its messages.
    CannotBeKnown,
}

/// Which face a chunk comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    History,
    Live,
}

/// True when the only feed replays, as it stands, the only file of the history, and from before the seam on.
fn replays_its_history(table: &Table) -> bool {
    let (Seam::Time(at), [file], [feed]) = (&table.seam, &table.history[..], &table.live[..]) else { return false };
    let from = feed.url.params.get("from").map(|t| parse_datetime(t, TimeUnit::Microseconds));
    let from_before = from.is_none_or(|t| t.is_some_and(|t| t <= *at));
    let same = || match (std::fs::canonicalize(file.name()), feed.url.path().map(std::fs::canonicalize)) {
        (Ok(one), Ok(Ok(other))) => one == other,
        _ => false,
    };
    feed.url.scheme == "replay" && from_before && !feed.url.params.contains_key("duplicate") && same()
}

/// What to say at once of a table whose feed brings the very file that is its history, with nothing to tell the rows
/// apart.
pub fn doubled(table: &Table) -> Option<String> {
    if table.seam != Seam::Append {
        return None;
    }
    let files: Vec<_> = table.history.iter().filter_map(|file| std::fs::canonicalize(file.name()).ok()).collect();
    let path = |feed: &super::Feed| {
        let whole = feed.url.is_file() && !feed.url.params.contains_key("from");
        feed.url.path().ok().filter(|_| whole).and_then(|path| std::fs::canonicalize(path).ok())
    };
    let feed = table.live.iter().find(|feed| path(feed).is_some_and(|path| files.contains(&path)))?;
    Some(format!(
        "{} is the history of {} as well: every row is counted twice; say where live takes over with a seam at a time \
         or by a key ({})",
        feed.url.shown(),
        table.name,
        options(&table.name)
    ))
}

/// How the command line says which face owns a row.
fn options(table: &str) -> String {
    format!("--seam {table}=time:T or --seam {table}=key:COLUMN")
}

/// The event times that the faces brought, without what the other face owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    pub history: Option<(Micros, Micros)>,
    pub live: Option<(Micros, Micros)>,
    /// The longest step from one row of history to the next.
    pub step: Micros,
}

impl Times {
    pub fn merge(&mut self, other: &Self) {
        let join = |one: Option<(Micros, Micros)>, other: Option<(Micros, Micros)>| match (one, other) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        (self.history, self.live) = (join(self.history, other.history), join(self.live, other.live));
        self.step = self.step.max(other.step);
    }

    /// Takes rows of history; `steps`: in their order the distance of neighbours is looked at.
    pub fn note_history(&mut self, times: &Int64Chunked, steps: bool) {
        self.merge(&Self { history: times.min().zip(times.max()), ..Self::default() });
        if steps {
            let mut before = None;
            for time in times.iter().flatten() {
                self.step = self.step.max(before.map_or(0, |before| time.saturating_sub(before)));
                before = Some(time);
            }
        }
    }

    /// Takes the smallest and the largest time of live rows.
    pub fn note_live(&mut self, live: Option<(Micros, Micros)>) {
        self.merge(&Self { live, ..Self::default() });
    }

    /// What speaks against the table's seam; `complete`: history is read to its end.
    pub fn warnings(&self, table: &Table, complete: bool) -> Vec<String> {
        let (Some((first, last)), Some((begins, newest)), Some(time)) = (self.history, self.live, &table.time) else {
            return Vec::new();
        };
        let lateness = Micros::try_from(time.lateness.as_micros()).unwrap_or(Micros::MAX);
        match &table.seam {
            // Rows out of order may lie a little before the end of history.
            Seam::Append
                if !table.disjoint
                    && newest >= first
                    && begins < last
                    && (begins <= first || last.saturating_sub(begins) > lateness) =>
            {
                vec![format!(
                    "history has rows of {} to {}, live of {} to {}: those of {} to {} may be counted twice; tell \
                     them apart with a seam at a time or by a key ({}), or say that no row is in both with --seam \
                     {}=append",
                    iso(first),
                    iso(last),
                    iso(begins),
                    iso(newest),
                    iso(first.max(begins)),
                    iso(last.min(newest)),
                    options(&table.name),
                    table.name,
                )]
            }
            Seam::Time(at) if complete && begins.saturating_sub(last) > self.step.saturating_mul(2) => vec![format!(
                "there is a hole at the seam of {}: history has rows to {}, live from {}, and the seam is at {}; rows \
                 in between, should there have been any, are in neither",
                table.name,
                iso(last),
                iso(begins),
                iso(*at)
            )],
            _ => Vec::new(),
        }
    }
}

/// Decides row by row, while a run goes on, what each face owns.
#[derive(Debug)]
pub struct Divider {
    rule: Rule,
    /// True when both faces are known to hold the same rows, so that a seam at a time leaves nothing out.
    pub whole: bool,
    /// What `doubled` says.
    pub doubled: Option<String>,
}

#[derive(Debug)]
enum Rule {
    /// Every row is taken: the faces cannot overlap, or the user says that they do not.
    All,
    Time {
        column: String,
        at: Micros,
    },
    Key {
        column: String,
        seen: Mutex<Keys>,
    },
}

impl Divider {
    /// # Errors
    /// When the seam names a column that the table lacks, or needs an event time that it has not. `seen` are keys that
    /// a checkpoint knows of.
    pub fn new(table: &Table, seen: Option<&DataFrame>) -> Result<Self> {
        let rule = match &table.seam {
            Seam::Position | Seam::Append => Rule::All,
            Seam::Time(at) => {
                let time = table.time.as_ref().ok_or_else(|| {
                    Fault::new("a seam at a time needs an event-time column")
                        .at(&table.name)
                        .hint(format!("choose it in the table's settings (--time {}=COLUMN)", table.name))
                })?;
                Rule::Time { column: time.column.clone(), at: *at }
            }
            Seam::Key(column) => {
                let dtype = table.schema.get(column).ok_or_else(|| {
                    Fault::new(format!("there is no column '{column}' for the seam"))
                        .at(&table.name)
                        .hint("name a column that tells rows apart")
                })?;
                let mut keys = Keys::new(&[(column.as_str().into(), dtype.clone())])?;
                if let Some(seen) = seen {
                    keys.assign(&[seen.column(column)?.clone()], seen.height(), &mut Vec::new())?;
                }
                Rule::Key { column: column.clone(), seen: Mutex::new(keys) }
            }
        };
        Ok(Self { rule, whole: replays_its_history(table), doubled: doubled(table) })
    }

    /// The column it looks at, which must be among those that are read.
    pub fn column(&self) -> Option<&str> {
        match &self.rule {
            Rule::All => None,
            Rule::Time { column, .. } | Rule::Key { column, .. } => Some(column),
        }
    }

    /// The keys seen so far, for a checkpoint.
    ///
    /// # Errors
    /// What polars says while it builds the column.
    pub fn seen(&self) -> Result<Option<DataFrame>> {
        let Rule::Key { seen, .. } = &self.rule else { return Ok(None) };
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(DataFrame::new(seen.len(), seen.columns()?)?))
    }

    /// The rows of `frame` that `face` owns, and how many it does not.
    ///
    /// # Errors
    /// When the column cannot be read as what it should be.
    pub fn own(&self, frame: DataFrame, face: Face) -> Result<(DataFrame, u64)> {
        let mine: BooleanChunked = match &self.rule {
            Rule::All => return Ok((frame, 0)),
            Rule::Time { column, at } => {
                let time = micros_of(frame.column(column)?)?;
                // A row without time cannot be told apart: it stays with the face that brought it.
                time.iter().map(|t| Some(t.is_none_or(|t| (t < *at) == (face == Face::History)))).collect()
            }
            Rule::Key { column, seen } => {
                let key = frame.column(column)?.clone();
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                let (mut next, mut numbers) = (seen.len() as u32, Vec::new());
                let absent = key.is_null();
                seen.assign(&[key], frame.height(), &mut numbers)?;
                let fresh = numbers.iter().zip(absent.iter()).map(|(number, absent)| {
                    let new = *number == next;
                    next += u32::from(new);
                    // Rows without a key are never the same row.
                    Some(new || absent == Some(true))
                });
                fresh.collect()
            }
        };
        let kept = mine.sum().unwrap_or(0) as usize;
        if kept == frame.height() {
            return Ok((frame, 0));
        }
        let removed = (frame.height() - kept) as u64;
        Ok((frame.filter(&mine)?, removed))
    }
}
