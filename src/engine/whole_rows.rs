//! Late rows as whole rows of their table, read again: what was set aside has the columns that questions read, and not
//! all rows have the same.

use std::collections::{HashMap, HashSet, VecDeque};

use polars::prelude::*;

use super::job::Job;
use super::reread::{FeedPartition, Reread};
use super::{Reached, Table};
use crate::data::{Fault, Result, time};
use crate::query::window::{Micros, micros_of};
use crate::sync::Wake;

/// Rows that are read again; there may be more.
const MOST: usize = 1_000;
/// Candidates that are held before those that are none are dropped.
const HELD: usize = 100_000;

/// Reads late rows of a table whole, in their order; its feeds have come as far as `reached`.
pub fn look(table: Table, late: DataFrame, reached: Reached, wake: Wake) -> Job<DataFrame> {
    Job::start("late rows", wake, move |report| {
        let late = late.head(Some(MOST));
        let all: Vec<PlSmallStr> = table.schema.iter_names().cloned().collect();
        // A value that is missing may be one that was not read.
        let is_full = |column: &&Column| column.null_count() == 0;
        let known: Vec<Column> = late.columns().iter().filter(is_full).cloned().collect();
        let late = DataFrame::new(late.height(), known)?;
        if late.width() == all.len() {
            return Ok(late.select(all)?);
        }
        let time = table.time.as_ref().map(|time| time.column.as_str()).filter(|time| late.column(time).is_ok());
        let time = time.ok_or_else(|| Fault::new("the question does not read the event time of the table"))?;
        let mut wanted = Wanted::new(&late, time)?;
        let faces = Reread { table: &table, reached: &reached, report };
        faces.live(&all, |rows, partition| wanted.take(rows, partition))?;
        wanted.found()
    })
}

/// Rows that are looked for, by the values that are known of them.
struct Wanted<'a> {
    known: Vec<PlSmallStr>,
    time: &'a str,
    times: HashSet<Micros>,
    /// What is known of each row that is looked for.
    keys: Vec<String>,
    same: HashMap<String, Same>,
    rows: DataFrame,
}

/// Rows of which the same is known.
#[derive(Default)]
struct Same {
    wanted: usize,
    /// How many there were, and in which partition; `None` once they are of several.
    seen: usize,
    of: Option<Option<FeedPartition>>,
    /// The last of them, where they stand in `rows`.
    last: VecDeque<IdxSize>,
}

impl<'a> Wanted<'a> {
    fn new(late: &DataFrame, time: &'a str) -> Result<Self> {
        let known: Vec<PlSmallStr> = late.get_column_names_owned();
        let keys = keys(late)?;
        let mut same: HashMap<String, Same> = HashMap::new();
        keys.iter().for_each(|key| same.entry(key.clone()).or_default().wanted += 1);
        let times = micros_of(late.column(time)?)?.iter().flatten().collect();
        Ok(Self { known, time, times, keys, same, rows: DataFrame::empty() })
    }

    fn take(&mut self, rows: &DataFrame, partition: FeedPartition) -> Result<()> {
        let times = micros_of(rows.column(self.time)?)?;
        let mask: BooleanChunked = times.iter().map(|at| Some(at.is_some_and(|at| self.times.contains(&at)))).collect();
        if !mask.any() {
            return Ok(());
        }
        let rows = rows.filter(&mask)?;
        let first = self.rows.height() as IdxSize;
        for (at, key) in (first..).zip(keys(&rows.select(self.known.iter().cloned())?)?) {
            if let Some(same) = self.same.get_mut(&key) {
                same.note(partition, at);
            }
        }
        if self.rows.width() == 0 {
            self.rows = rows;
        } else {
            self.rows.vstack_mut(&rows)?;
        }
        if self.rows.height() > HELD { self.compact() } else { Ok(()) }
    }

    /// Drops the rows that are none of those.
    fn compact(&mut self) -> Result<()> {
        let mut kept: Vec<IdxSize> = Vec::new();
        for same in self.same.values_mut() {
            for at in &mut same.last {
                kept.push(*at);
                *at = (kept.len() - 1) as IdxSize;
            }
        }
        self.rows = self.rows.take(&IdxCa::from_vec("".into(), kept))?;
        Ok(())
    }

    /// The rows as they were looked for.
    fn found(mut self) -> Result<DataFrame> {
        let mut order = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let same = self.same.get_mut(key);
            order.push(
                same.and_then(Same::next).ok_or_else(|| {
                    Fault::new("of several rows with the same values it is not known which came late")
                })?,
            );
        }
        Ok(self.rows.take(&IdxCa::from_vec("".into(), order))?)
    }
}

impl Same {
    fn note(&mut self, partition: FeedPartition, at: IdxSize) {
        self.seen += 1;
        self.of = Some(self.of.map_or(Some(partition), |before| before.filter(|before| *before == partition)));
        // In one partition those that were in time come before those that were late.
        if self.last.len() == self.wanted {
            self.last.pop_front();
        }
        self.last.push_back(at);
    }

    /// Where the next of them stands. Of rows of several partitions it is not known which came first.
    fn next(&mut self) -> Option<IdxSize> {
        let sure = self.seen == self.wanted || matches!(self.of, Some(Some(_)));
        self.last.pop_front().filter(|_| sure)
    }
}

/// The values of each row as a text.
fn keys(rows: &DataFrame) -> Result<Vec<String>> {
    let mut keys = vec![String::new(); rows.height()];
    for column in rows.columns() {
        // Not every time can be written.
        let plain = if time::is_time(column.dtype()) { column.to_physical_repr() } else { column.clone() };
        for (at, key) in keys.iter_mut().enumerate() {
            // Behind each value its length: no two rows have one text.
            let value = format!("{:?}", plain.get(at)?);
            key.push_str(&value);
            key.push_str(&format!("|{}|", value.len()));
        }
    }
    Ok(keys)
}
