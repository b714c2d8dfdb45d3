//! How far each partition of each feed was absorbed: the position vector of a run, and of its checkpoints.

use serde::{Deserialize, Serialize};

use super::Table;
use crate::data::Positions;
use crate::query::window::Micros;
use crate::source::live::ReadOptions;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    pub partitions: Vec<PartitionPosition>,
    /// The largest watermark by which rows were judged.
    pub watermark: Option<Micros>,
    /// For each feed where its log ended when the table was first asked: rows from there on are live.
    #[serde(default)]
    pub ends: Vec<Positions>,
    /// Rows that came late, those that were re-admitted included.
    #[serde(default)]
    pub late: u64,
    /// The late rows that a person has re-admitted: a changed question finds them late again, and re-admits them too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readmitted: Option<Readmitted>,
}

/// Late rows that were re-admitted, by how far event time had come when each of them came: that depends on the order of
/// the rows alone, and on no question and no lateness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readmitted {
    /// All that came before event time had come as far as here, and so many of those that came just then.
    pub until: Micros,
    pub rows: u64,
}

impl Readmitted {
    /// Of what was re-admitted before, and now.
    pub fn and(self, before: Option<Self>) -> Self {
        match before {
            Some(before) if before.until > self.until => before,
            Some(before) if before.until == self.until => Self { rows: self.rows + before.rows, ..self },
            _ => self,
        }
    }
}

/// How far a table was read, and which feeds those were: of a table with other feeds it says nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TablePosition {
    feeds: Vec<(String, Option<u64>)>,
    reached: Reached,
}

impl TablePosition {
    pub fn new(table: &Table, reached: Reached) -> Self {
        Self { feeds: feeds(table), reached }
    }

    /// How far this table was read, if its feeds are those.
    pub fn of(&self, table: &Table) -> Option<&Reached> {
        (self.feeds == feeds(table)).then_some(&self.reached)
    }
}

impl TablePosition {
    /// The position as it is kept beyond this session, with feeds named as `clean` names them; `None` where a recording
    /// that ends with the session is what was read.
    pub fn kept(&self, clean: impl Fn(&str) -> String) -> Option<Self> {
        let feeds = self
            .feeds
            .iter()
            .map(|(url, recording)| recording.is_none().then(|| (clean(url), None)))
            .collect::<Option<_>>()?;
        Some(Self { feeds, reached: self.reached.clone() })
    }

    /// One that was kept, of this table, if its feeds are those.
    pub fn again(self, table: &Table, clean: impl Fn(&str) -> String) -> Option<Self> {
        let own = Self::new(table, self.reached).kept(clean)?;
        (own.feeds == self.feeds).then(|| Self::new(table, own.reached))
    }
}

fn feeds(table: &Table) -> Vec<(String, Option<u64>)> {
    table.live.iter().map(|feed| (feed.url.text.clone(), feed.recording_id())).collect()
}

/// One partition of one feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartitionPosition {
    /// Which of the table's feeds.
    pub feed: usize,
    pub partition: u32,
    /// Where reading of it began.
    pub start: u64,
    /// How often the log began anew (a file that was rotated or truncated).
    pub epoch: u64,
    /// The next position to read.
    pub next: u64,
    /// The largest event time among its live rows.
    pub newest: Option<Micros>,
    /// The largest number among its messages, and how many were left out, where they are numbered.
    #[serde(default)]
    pub number: Option<i64>,
    #[serde(default)]
    pub missing: u64,
}

impl Reached {
    pub fn merge(&mut self, other: &Self) {
        other.partitions.iter().for_each(|at| self.add(at));
        self.watermark = self.watermark.max(other.watermark);
    }

    /// A partition was read as far as there.
    pub(super) fn add(&mut self, at: &PartitionPosition) {
        match self.partitions.iter_mut().find(|known| known.feed == at.feed && known.partition == at.partition) {
            Some(known) => {
                // Workers hand over in any order.
                (known.epoch, known.next) = (known.epoch, known.next).max((at.epoch, at.next));
                known.start = known.start.min(at.start);
                known.newest = known.newest.max(at.newest);
                (known.number, known.missing) = (known.number.max(at.number), known.missing.max(at.missing));
            }
            None => self.partitions.push(at.clone()),
        }
    }

    /// True when every partition was read at least as far as there.
    pub fn covers(&self, other: &Self) -> bool {
        let own = |at: &PartitionPosition| {
            self.partitions.iter().find(|known| known.feed == at.feed && known.partition == at.partition)
        };
        other.partitions.iter().all(|at| own(at).is_some_and(|own| (own.epoch, own.next) >= (at.epoch, at.next)))
    }

    /// The largest event time among live rows.
    pub fn newest(&self) -> Option<Micros> {
        self.partitions.iter().filter_map(|at| at.newest).max()
    }

    /// Where reading of each partition began.
    pub fn starts(&self, feed: usize) -> Positions {
        self.partitions.iter().filter(|at| at.feed == feed).map(|at| (at.partition, at.start)).collect()
    }

    /// How a new connection reads the stretch that this one has read.
    pub fn stretch(&self, feed: usize) -> ReadOptions {
        ReadOptions { start: self.beginning(feed), stop: Some(self.of(feed)), ..ReadOptions::default() }
    }

    /// Where reading of a feed began; empty for where its address says. An address may say 'from the end', which is
    /// another place now.
    pub fn beginning(&self, feed: usize) -> Positions {
        let starts = self.starts(feed);
        if starts.values().any(|start| *start > 0) { starts } else { Positions::new() }
    }

    /// How often the log of a feed began anew.
    pub fn epoch(&self, feed: usize) -> u64 {
        self.epoch_of(feed, 0)
    }

    pub fn epoch_of(&self, feed: usize, partition: u32) -> u64 {
        let own = |at: &&PartitionPosition| (at.feed, at.partition) == (feed, partition);
        self.partitions.iter().find(own).map_or(0, |at| at.epoch)
    }

    pub fn of(&self, feed: usize) -> Positions {
        self.partitions.iter().filter(|at| at.feed == feed).map(|at| (at.partition, at.next)).collect()
    }
}
