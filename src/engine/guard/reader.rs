//! One connection to one feed of a guarded table: its rows in the table's columns and types, from the first that the
//! model was not trained on. Scoring is left to `state` and `second_reading`.

use std::sync::Arc;
use std::time::Duration;

use polars::prelude::*;

use super::settings::GuardSettings;
use crate::data::{Positions, Result};
use crate::engine::gather::RowSelector;
use crate::engine::intake::Conform;
use crate::engine::reached::PartitionPosition;
use crate::engine::{Feed, Table};
use crate::source::live::{Event, Opened, ReadOptions, Reading};

pub(super) struct FeedReader {
    state: State,
    table: Arc<Table>,
    pub number: usize,
    pub name: String,
    from: Positions,
    hurry: Positions,
    /// The columns that the truth is read from, and whether the feed lacks one.
    truth: Vec<PlSmallStr>,
    blind: bool,
    /// Where each partition stands, and how often it began anew.
    known: Vec<(u32, u64, u64)>,
}

/// How far the connection came.
enum State {
    Opened(Box<dyn Opened>),
    Reading(Box<dyn Reading>, Conform),
    /// It could not be read.
    Failed,
}

/// What came.
pub(super) enum ReaderEvent {
    Rows(FeedRows),
    /// Something that a person should know.
    Note(String),
    /// Nothing within the wait.
    Quiet,
    End,
}

pub(super) struct FeedRows {
    /// The rows that the live face owns, in the columns that are wanted.
    pub frame: DataFrame,
    /// Rows that history owns.
    pub others: u64,
    pub unread: u64,
    pub at: PartitionPosition,
}

impl FeedReader {
    /// Connects feed number `number`.
    ///
    /// # Errors
    /// When it cannot be connected, or its rows cannot be had again.
    pub fn open(settings: &GuardSettings, feed: &Feed, number: usize) -> Result<Self> {
        let trained = settings.behind().map(|trained| trained.of(number)).filter(|p| !p.is_empty());
        // What a log held before the table was first asked is history.
        let from = trained.or_else(|| settings.reached.ends.get(number).cloned()).unwrap_or_default();
        let hurry = settings.reached.of(number);
        let derived = settings.target.bind(&settings.table)?;
        let truth = derived.map_or_else(|| vec![settings.target.name.as_str().into()], |d| d.columns);
        let (table, name) = (settings.table.clone(), feed.url.shown());
        Ok(Self {
            state: State::Opened(feed.reread()?),
            table,
            number,
            name,
            from,
            hurry,
            truth,
            blind: false,
            known: Vec::new(),
        })
    }

    /// What is next; waits as long as that at most.
    ///
    /// # Errors
    /// The feed's, or when its rows are not what the table holds.
    pub fn next(&mut self, selector: &RowSelector<'_>, wait: Duration) -> Result<ReaderEvent> {
        let (live, conform) = match &mut self.state {
            State::Reading(live, conform) => (live, conform),
            State::Opened(opened) => {
                let Some(settled) = opened.settle(wait)? else { return Ok(ReaderEvent::Quiet) };
                return self.begin(selector, &settled);
            }
            State::Failed => return Ok(ReaderEvent::End),
        };
        Ok(match live.poll(wait)? {
            Event::Chunk(chunk) => {
                let (partition, offsets, unread) = (chunk.partition, chunk.offsets.clone(), chunk.rejects.count);
                let frame = conform.apply(chunk)?.frame;
                let owned = selector.take(&frame, false)?;
                let epoch = self.epoch(partition, offsets.start, offsets.end);
                let at = PartitionPosition {
                    feed: self.number,
                    partition,
                    start: offsets.start,
                    epoch,
                    next: offsets.end,
                    newest: None,
                    number: None,
                    missing: 0,
                };
                ReaderEvent::Rows(FeedRows {
                    others: (frame.height() - owned.height()) as u64,
                    frame: owned,
                    unread,
                    at,
                })
            }
            Event::Gap { reason } | Event::Trouble { reason } | Event::Note { reason } => {
                ReaderEvent::Note(format!("{}: {reason}", self.name))
            }
            Event::Quiet | Event::Numbers(_) => ReaderEvent::Quiet,
            Event::End => ReaderEvent::End,
        })
    }

    fn begin(&mut self, selector: &RowSelector<'_>, settled: &Schema) -> Result<ReaderEvent> {
        let (conform, missing) = Conform::to(&selector.columns, &self.table.schema, settled);
        let start = if self.from.values().any(|from| *from > 0) { self.from.clone() } else { Positions::new() };
        let options =
            ReadOptions { start, hasten: self.hurry.clone(), ..ReadOptions::columns(conform.projection.clone()) };
        if let State::Opened(opened) = std::mem::replace(&mut self.state, State::Failed) {
            self.state = State::Reading(opened.read(&options)?, conform);
        }
        if missing.is_empty() {
            return Ok(ReaderEvent::Quiet);
        }
        self.blind = missing.iter().any(|name| self.truth.contains(name));
        let names: Vec<String> = missing.iter().map(|name| format!("'{name}'")).collect();
        let then = if self.blind { "its rows hold no truth to test the model on" } else { "its rows have null there" };
        Ok(ReaderEvent::Note(format!("{} has no {}: {then}", self.name, names.join(", "))))
    }

    /// Whether its rows hold no truth.
    pub fn is_blind(&self) -> bool {
        self.blind
    }

    /// How often the partition began anew before this chunk.
    fn epoch(&mut self, partition: u32, start: u64, end: u64) -> u64 {
        let Some((_, next, epoch)) = self.known.iter_mut().find(|(p, ..)| *p == partition) else {
            self.known.push((partition, end, 0));
            return 0;
        };
        *epoch += u64::from(start < *next);
        *next = end;
        *epoch
    }
}
