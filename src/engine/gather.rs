//! Rows of a table in one frame, to learn from: history in the order of its files, then what the feeds have sent so
//! far. A bounded number of them is kept, evenly spread or the newest. What becomes of them is left to `train` and
//! `guard`.

use std::collections::VecDeque;

use polars::prelude::*;

use super::intake::indices;
use super::job::Reporter;
use super::reread::Reread;
use super::seam::Seam;
use super::{Reached, Table};
use crate::data::{Fault, Result};
use crate::query::derived::Derived;
use crate::query::window::{Micros, micros_of};

/// Which rows are kept where there are more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// About so many, spread evenly over all.
    Spread(usize),
    /// The last so many.
    Newest(usize),
}

/// What is wanted of each row.
#[derive(Clone, Debug)]
pub struct Selection {
    pub columns: Vec<PlSmallStr>,
    /// A column of this name that is computed.
    pub derived: Option<(PlSmallStr, Derived)>,
}

#[derive(Debug)]
pub struct Gathered {
    pub frame: DataFrame,
    /// Rows that there are.
    pub seen: u64,
    /// Rows that could not be read.
    pub unread: u64,
}

/// Reads the table and keeps some of its rows.
///
/// # Errors
/// When a face cannot be read, or there is no row.
pub fn gather(
    table: &Table,
    reached: &Reached,
    wanted: &Selection,
    keep: Sampling,
    report: &Reporter,
) -> Result<Gathered> {
    let mut sample = RowSample::new(keep);
    let unread = each_part(table, reached, wanted, report, &mut |rows| sample.add(rows))?;
    let seen = sample.seen as u64;
    let frame = sample.finish()?.ok_or_else(|| no_rows(table))?;
    Ok(Gathered { frame, seen, unread })
}

pub(super) fn no_rows(table: &Table) -> Fault {
    let hint = if table.history.is_empty() { "wait until some rows have come" } else { "open files with rows" };
    Fault::new("there is no row to learn from").at(&table.name).hint(hint)
}

/// Reads the table, its feeds as far as `reached`, and gives its rows piece by piece. With a seam in time each face
/// gives only the rows that it owns. Returns how many rows could not be read.
///
/// # Errors
/// When a face cannot be read, or those of `give`.
pub(super) fn each_part(
    table: &Table,
    reached: &Reached,
    wanted: &Selection,
    report: &Reporter,
    give: &mut dyn FnMut(DataFrame) -> Result<()>,
) -> Result<u64> {
    let selector = RowSelector::new(table, wanted);
    let mut unread = 0;
    let total: u64 = table.history.iter().map(|h| h.extent().bytes).sum();
    let mut done = 0;
    for file in &table.history {
        let mut reader = file.open(&indices(&selector.columns, file.schema(), file.name())?)?;
        while let Some(piece) = reader.next()? {
            report.check()?;
            for chunk in piece.decode()? {
                done += chunk.bytes;
                unread += chunk.rejects.count;
                give(selector.take(&chunk.frame, true)?)?;
            }
            report.progress(done, total, "reading history");
        }
    }
    let faces = Reread { table, reached, report };
    for (number, feed) in table.live.iter().enumerate() {
        report.progress(done, total, format!("reading {}", feed.url.shown()));
        // A feed may lack a column, such as the labels: its rows are null there, and are dropped and counted as such.
        faces.feed(number, &selector.columns, &mut |chunk| {
            unread += chunk.rejects.count;
            give(selector.take(&chunk.frame, false)?)
        })?;
    }
    Ok(unread)
}

/// How a chunk of the table becomes rows that are wanted.
pub(super) struct RowSelector<'a> {
    wanted: &'a Selection,
    /// All that is read.
    pub(super) columns: Vec<PlSmallStr>,
    /// The time column, and the moment before which history owns the rows.
    seam: Option<(&'a str, Micros)>,
}

impl<'a> RowSelector<'a> {
    pub(super) fn new(table: &'a Table, wanted: &'a Selection) -> Self {
        let seam = match (&table.seam, &table.time) {
            (Seam::Time(at), Some(time)) if !table.live.is_empty() => Some((time.column.as_str(), *at)),
            _ => None,
        };
        let mut columns = wanted.columns.clone();
        let more = wanted.derived.iter().flat_map(|(_, derived)| derived.columns.iter().cloned());
        for column in more.chain(seam.map(|(time, _)| time.into())) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        Self { wanted, columns, seam }
    }

    /// The rows of a face that the face owns, with the columns that are wanted.
    ///
    /// # Errors
    /// When a column is missing or cannot be computed.
    pub(super) fn take(&self, frame: &DataFrame, history: bool) -> Result<DataFrame> {
        let mut frame = frame.clone();
        if let Some((time, at)) = self.seam {
            let times = micros_of(frame.column(time)?)?;
            let mask: BooleanChunked = times.iter().map(|t| Some(t.is_some_and(|t| (t < at) == history))).collect();
            frame = frame.filter(&mask)?;
        }
        let mut rows = frame.select(self.wanted.columns.iter().cloned())?;
        if let Some((name, derived)) = &self.wanted.derived {
            rows.with_column(derived.of(&frame)?.with_name(name.clone()))?;
        }
        Ok(rows)
    }
}

/// The rows that are kept.
pub(super) struct RowSample {
    keep: Sampling,
    parts: VecDeque<DataFrame>,
    rows: usize,
    seen: usize,
    /// One of so many rows is kept.
    step: usize,
}

impl RowSample {
    pub(super) fn new(keep: Sampling) -> Self {
        Self { keep, parts: VecDeque::new(), rows: 0, seen: 0, step: 1 }
    }

    pub(super) fn add(&mut self, rows: DataFrame) -> Result<()> {
        let before = self.seen;
        self.seen += rows.height();
        let rows = match self.keep {
            Sampling::Spread(_) => every(&rows, self.step, (self.step - before % self.step) % self.step)?,
            Sampling::Newest(_) => rows,
        };
        if rows.height() == 0 {
            return Ok(());
        }
        self.rows += rows.height();
        self.parts.push_back(rows);
        match self.keep {
            Sampling::Newest(most) => {
                while let Some(first) =
                    self.parts.front().map(DataFrame::height).filter(|first| self.rows - first >= most)
                {
                    self.rows -= first;
                    self.parts.pop_front();
                }
            }
            Sampling::Spread(most) if self.rows > most.max(1).saturating_mul(2) => self.thin()?,
            Sampling::Spread(_) => {}
        }
        Ok(())
    }

    /// Keeps every second of the rows that are kept.
    fn thin(&mut self) -> Result<()> {
        let Some(all) = self.join()? else { return Ok(()) };
        let kept = every(&all, 2, 0)?;
        (self.rows, self.step) = (kept.height(), self.step * 2);
        self.parts.push_back(kept);
        Ok(())
    }

    fn join(&mut self) -> Result<Option<DataFrame>> {
        let Some(mut all) = self.parts.pop_front() else { return Ok(None) };
        for part in self.parts.drain(..) {
            all.vstack_mut(&part)?;
        }
        Ok(Some(all))
    }

    pub(super) fn finish(mut self) -> Result<Option<DataFrame>> {
        let Some(all) = self.join()? else { return Ok(None) };
        Ok(Some(match self.keep {
            Sampling::Newest(most) => all.tail(Some(most)),
            Sampling::Spread(most) if all.height() > most => {
                let height = all.height();
                let places = (0..most).map(|i| (i * height / most) as IdxSize).collect();
                all.take(&IdxCa::from_vec("row".into(), places))?
            }
            Sampling::Spread(_) => all,
        }))
    }
}

/// Every `step`-th row from `first` on.
fn every(rows: &DataFrame, step: usize, first: usize) -> Result<DataFrame> {
    if step == 1 && first == 0 {
        return Ok(rows.clone());
    }
    let places = (first..rows.height()).step_by(step).map(|row| row as IdxSize).collect();
    Ok(rows.take(&IdxCa::from_vec("row".into(), places))?)
}
