//! What the threads of a scan have to say beside rows: notes, faults and what is in trouble, of a scan or of one of its
//! questions; gaps and where the logs of feeds stand, of a scan. Showing it is left to the merger.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::counts::TimeGap;
use crate::data::{Fault, Positions};
use crate::source::live::Numbered;

/// What the threads have said so far.
#[derive(Debug, Default)]
pub struct Diagnostics {
    pub notes: Vec<String>,
    /// The notes that may come again.
    repeated: Vec<RepeatedNote>,
    pub fault: Option<Fault>,
    /// What does not work at the moment, and why: feeds that cannot be reached, files that cannot be written.
    pub trouble: BTreeMap<String, String>,
}

/// What is known of the feeds of a scan.
#[derive(Debug, Default)]
pub struct FeedStates {
    pub gaps: Vec<TimeGap>,
    /// How many of them were known when the scan began: a recording that is read again from there has them once more.
    pub gaps_before: usize,
    /// Rows that feeds which cannot wait have lost.
    pub dropped: u64,
    /// Feeds that have not ended.
    pub open: usize,
    pub logs: Vec<FeedLog>,
}

impl FeedStates {
    /// Where the log of a feed stands, once it was asked.
    pub fn log(&self, feed: usize) -> Option<&FeedLog> {
        self.logs.iter().find(|log| log.feed == feed)
    }

    pub fn log_mut(&mut self, feed: usize) -> Option<&mut FeedLog> {
        self.logs.iter_mut().find(|log| log.feed == feed)
    }
}

/// A feed as the seam sees it.
#[derive(Clone, Debug)]
pub struct FeedLog {
    /// Which of the table's feeds.
    pub feed: usize,
    pub source: Arc<str>,
    /// Where each partition of its log ended when the run began; empty where it has no past.
    pub ends: Positions,
    /// The first live position that each partition gave.
    pub first_live: Vec<(u32, u64)>,
    /// What the log begins with, since each time that it began anew.
    pub marks: BTreeMap<u64, Vec<u8>>,
    /// What the numbers of its messages said in this run, where they are numbered.
    pub numbered: Option<Numbered>,
}

impl FeedLog {
    /// What the log began with when its first row was read.
    pub fn first_mark(&self) -> Vec<u8> {
        self.marks.first_key_value().map(|(_, mark)| mark.clone()).unwrap_or_default()
    }

    /// What the log begins with that positions of this epoch are of.
    pub fn mark(&self, epoch: u64) -> Vec<u8> {
        let known = self.marks.range(..=epoch).next_back().or(self.marks.first_key_value());
        known.map(|(_, mark)| mark.clone()).unwrap_or_default()
    }
}

/// A note that stands for all of its cause.
#[derive(Debug)]
struct RepeatedNote {
    cause: String,
    note: String,
    times: u64,
}

impl RepeatedNote {
    /// The note as a person reads it.
    fn text(&self) -> String {
        if self.times > 1 {
            format!("{} ({} times, this is the last)", self.note, self.times)
        } else {
            self.note.clone()
        }
    }
}

/// What stays the same where a note comes again with other numbers.
pub fn cause(note: &str) -> String {
    let mut cause: String = note.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
    while cause.contains("##") {
        cause = cause.replace("##", "#");
    }
    cause
}

/// Notes kept; a feed in trouble for days must not fill memory.
const NOTES: usize = 200;

impl Diagnostics {
    /// Those that begin with `notes`.
    pub fn new(notes: Vec<String>) -> Self {
        Self { notes, ..Self::default() }
    }

    /// Notes what is in trouble, or that it no longer is.
    pub fn trouble(&mut self, what: &str, outcome: Result<(), Fault>) {
        match outcome {
            Ok(()) => drop(self.trouble.remove(what)),
            Err(fault) => drop(self.trouble.insert(what.to_owned(), format!("not written: {fault}"))),
        }
    }

    pub fn note(&mut self, note: String) {
        if self.notes.last() != Some(&note) {
            if self.notes.len() >= NOTES {
                self.notes.remove(0);
            }
            self.notes.push(note);
        }
    }

    /// As `note`, for what may come again and again: it stays one note, of the newest, with its count. What differs
    /// only in numbers is of one cause; `goes_on`: it is still the last one, and not counted again.
    pub fn note_again(&mut self, note: String, goes_on: bool) {
        let cause = cause(&note);
        let place = self.repeated.iter().position(|repeated| repeated.cause == cause);
        let Some(mut repeated) = place.map(|place| self.repeated.remove(place)) else {
            self.repeated.push(RepeatedNote { cause, note: note.clone(), times: 1 });
            return self.note(note);
        };
        let before = repeated.text();
        (repeated.note, repeated.times) = (note, repeated.times + u64::from(!goes_on));
        let now = repeated.text();
        match self.notes.iter_mut().find(|note| **note == before) {
            Some(note) => *note = now,
            None => self.notes.push(now),
        }
        self.repeated.push(repeated);
        if self.repeated.len() > NOTES {
            self.repeated.remove(0);
        }
    }

    /// Part of the input cannot be read. A fault that ends a source is shown before one of a part of it.
    pub fn fault(&mut self, fault: Fault) {
        let (shown, beside) = match self.fault.take() {
            None => (fault, None),
            Some(first) if first.lost.is_some() && fault.lost.is_none() => (fault, Some(first)),
            Some(first) => {
                let beside = Some(fault).filter(|fault| fault.lost.is_some() && *fault != first);
                (first, beside)
            }
        };
        self.fault = Some(shown);
        if let Some(beside) = beside {
            self.note(beside.to_string());
        }
    }
}
