//! Rows that a seam at a time keeps out: each face has rows of the time that the other one owns. Whether the other face
//! holds them as well is looked up by their times, as a job: both faces are read once more, as far as they were read.

use std::collections::HashMap;

use polars::prelude::*;

use super::job::Job;
use super::reread::Reread;
use super::{Reached, Table};
use crate::data::{Fault, Result};
use crate::query::window::{Micros, micros_of};
use crate::sync::Wake;

/// Times that are looked up; of more it is not known.
const MOST: usize = 4 << 20;
/// Rows of each face that may be looked at.
const SHOWN: usize = 1_000;
/// Rows that are held until it is known which of them the other face lacks.
const HELD: usize = 100_000;

/// Where a seam divides a table.
#[derive(Clone, Debug)]
pub struct Division {
    pub at: Micros,
    /// How far the feeds were read.
    pub reached: Reached,
    /// How far event time has come in live: what history has from there on may still come.
    pub live_until: Micros,
}

/// What a seam keeps out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptOut {
    /// Live rows older than the seam, and how many of them history has no row of the same time of.
    pub live: u64,
    pub live_absent: u64,
    /// The first of those, as they came.
    pub live_rows: DataFrame,
    /// Rows of history from the seam on, and how many of them live has no row of the same time of.
    pub history: u64,
    pub history_absent: u64,
    pub history_rows: DataFrame,
    /// How many of them live may still bring.
    pub history_awaited: u64,
}

impl KeptOut {
    /// Rows that are in neither face.
    pub fn absent(&self) -> u64 {
        self.live_absent + self.history_absent
    }
}

/// What a seam keeps out of a table.
pub fn look(table: Table, division: Division, wake: Wake) -> Job<KeptOut> {
    Job::start("kept out", wake, move |report| {
        let time: PlSmallStr = table.time.as_ref().map(|time| time.column.as_str().into()).ok_or_else(|| {
            Fault::new("this table has no event time").at(&table.name).hint("choose its time column first")
        })?;
        let Division { at, reached, live_until } = division;
        let faces = Reread { table: &table, reached: &reached, report };
        let (all, only): (Vec<PlSmallStr>, _) = (table.schema.iter_names().cloned().collect(), [time.clone()]);
        let times_of = |rows: &DataFrame| micros_of(rows.column(&time)?);
        let (mut live, mut held) = (Times::default(), Vec::new());
        faces.live(&all, |rows, _| {
            let times = times_of(rows)?;
            live.add(times.iter().flatten().filter(|t| *t < at))?;
            if held.iter().map(DataFrame::height).sum::<usize>() < HELD {
                held.extend(chosen(rows, &times, |t| t < at)?);
            }
            Ok(())
        })?;
        let (mut history, mut awaited) = (Times::default(), 0);
        faces.history(&only, |rows| {
            let times = times_of(rows)?;
            live.found(&times);
            history.add(times.iter().flatten().filter(|t| (at..live_until).contains(t)))?;
            awaited += times.iter().flatten().filter(|t| *t >= at.max(live_until)).count() as u64;
            Ok(true)
        })?;
        if history.rows > 0 {
            faces.live(&only, |rows, _| {
                history.found(&times_of(rows)?);
                Ok(())
            })?;
        }
        let mut live_rows = DataFrame::empty();
        for rows in held {
            append(&mut live_rows, chosen(&rows, &times_of(&rows)?, |t| live.is_absent(t))?)?;
        }
        let mut history_rows = DataFrame::empty();
        if history.absent() > 0 {
            faces.history(&all, |rows| {
                append(&mut history_rows, chosen(rows, &times_of(rows)?, |t| history.is_absent(t))?)?;
                Ok(history_rows.height() < SHOWN)
            })?;
        }
        Ok(KeptOut {
            live: live.rows,
            live_absent: live.absent(),
            live_rows: live_rows.head(Some(SHOWN)),
            history: history.rows + awaited,
            history_absent: history.absent(),
            history_rows: history_rows.head(Some(SHOWN)),
            history_awaited: awaited,
        })
    })
}

/// The rows of the times that are wanted, where there are any.
fn chosen(rows: &DataFrame, times: &Int64Chunked, wanted: impl Fn(Micros) -> bool) -> Result<Option<DataFrame>> {
    let mask: BooleanChunked = times.iter().map(|t| Some(t.is_some_and(&wanted))).collect();
    Ok(if mask.any() { Some(rows.filter(&mask)?) } else { None })
}

fn append(all: &mut DataFrame, more: Option<DataFrame>) -> Result<()> {
    match more {
        Some(more) if all.width() == 0 => *all = more,
        Some(more) => {
            all.vstack_mut(&more)?;
        }
        None => {}
    }
    Ok(())
}

/// Times that one face has, and which of them the other one has, too.
#[derive(Default)]
struct Times {
    rows: u64,
    /// For each time its rows, and whether it was found.
    known: HashMap<Micros, (u64, bool)>,
}

impl Times {
    fn add(&mut self, times: impl Iterator<Item = Micros>) -> Result<()> {
        for time in times {
            self.rows += 1;
            self.known.entry(time).or_default().0 += 1;
        }
        if self.known.len() > MOST {
            return Err(Fault::new("more rows are kept out than can be looked up").hint("choose an earlier seam"));
        }
        Ok(())
    }

    fn found(&mut self, times: &Int64Chunked) {
        if self.known.is_empty() {
            return;
        }
        for time in times.iter().flatten() {
            if let Some((_, found)) = self.known.get_mut(&time) {
                *found = true;
            }
        }
    }

    fn is_absent(&self, time: Micros) -> bool {
        self.known.get(&time).is_some_and(|(_, found)| !found)
    }

    fn absent(&self) -> u64 {
        self.known.values().filter(|(_, found)| !found).map(|(rows, _)| rows).sum()
    }
}
