//! One connection to one feed of a guarded table: its rows in the table's columns and types, from where nothing was
//! learnt from yet. What becomes of the rows is left to others.

use std::sync::Arc;
use std::time::Duration;

use polars::prelude::*;

use super::Guarding;
use crate::data::{Positions, Result};
use crate::engine::gather::Own;
use crate::engine::intake::Conform;
use crate::engine::reached::At;
use crate::engine::{Feed, Table};
use crate::source::live::{Event, Opened, ReadOptions, Reading};

pub(super) struct Reader {
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
pub(super) enum Step {
    Rows(Rows),
    /// Something that a person should know.
    Word(String),
    /// Nothing within the wait.
    Quiet,
    End,
}

pub(super) struct Rows {
    /// Those that the live face owns, in the columns that are wanted.
    pub frame: DataFrame,
    /// Rows that history owns.
    pub others: u64,
    pub unread: u64,
    pub at: At,
}

impl Reader {
    /// Connects feed number `number`.
    ///
    /// # Errors
    /// When it cannot be connected, or its rows cannot be had again.
    pub fn open(guarding: &Guarding, feed: &Feed, number: usize) -> Result<Self> {
        let learnt = guarding.behind().map(|learnt| learnt.of(number)).filter(|p| !p.is_empty());
        // What a log held before the table was first asked is history.
        let from = learnt.or_else(|| guarding.reached.ends.get(number).cloned()).unwrap_or_default();
        let hurry = guarding.reached.of(number);
        let derived = guarding.target.bind(&guarding.table)?;
        let truth = derived.map_or_else(|| vec![guarding.target.name.as_str().into()], |d| d.columns);
        let (table, name) = (guarding.table.clone(), feed.url.shown());
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
    pub fn next(&mut self, own: &Own<'_>, wait: Duration) -> Result<Step> {
        let (live, conform) = match &mut self.state {
            State::Reading(live, conform) => (live, conform),
            State::Opened(opened) => {
                let Some(settled) = opened.settle(wait)? else { return Ok(Step::Quiet) };
                return self.begin(own, &settled);
            }
            State::Failed => return Ok(Step::End),
        };
        Ok(match live.poll(wait)? {
            Event::Chunk(chunk) => {
                let (partition, offsets, unread) = (chunk.partition, chunk.offsets.clone(), chunk.rejects.count);
                let frame = conform.apply(chunk)?.frame;
                let owned = own.take(&frame, false)?;
                let epoch = self.epoch(partition, offsets.start, offsets.end);
                let at = At {
                    feed: self.number,
                    partition,
                    start: offsets.start,
                    epoch,
                    next: offsets.end,
                    newest: None,
                    number: None,
                    missing: 0,
                };
                Step::Rows(Rows { others: (frame.height() - owned.height()) as u64, frame: owned, unread, at })
            }
            Event::Gap { reason } | Event::Trouble { reason } | Event::Note { reason } => {
                Step::Word(format!("{}: {reason}", self.name))
            }
            Event::Quiet | Event::Numbers(_) => Step::Quiet,
            Event::End => Step::End,
        })
    }

    fn begin(&mut self, own: &Own<'_>, settled: &Schema) -> Result<Step> {
        let (conform, missing) = Conform::to(&own.columns, &self.table.schema, settled);
        let start = if self.from.values().any(|from| *from > 0) { self.from.clone() } else { Positions::new() };
        let options =
            ReadOptions { start, hasten: self.hurry.clone(), ..ReadOptions::columns(conform.projection.clone()) };
        if let State::Opened(opened) = std::mem::replace(&mut self.state, State::Failed) {
            self.state = State::Reading(opened.read(&options)?, conform);
        }
        if missing.is_empty() {
            return Ok(Step::Quiet);
        }
        self.blind = missing.iter().any(|name| self.truth.contains(name));
        let names: Vec<String> = missing.iter().map(|name| format!("'{name}'")).collect();
        let then = if self.blind { "its rows hold no truth to test the model on" } else { "its rows have null there" };
        Ok(Step::Word(format!("{} has no {}: {then}", self.name, names.join(", "))))
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
