//! The seam at work: which rows of a chunk its face owns. What there is to say against a seam is `overlap`'s.

use std::sync::{Mutex, PoisonError};

use polars::prelude::*;

use super::overlap::{doubled, replays_its_history};
use super::seam::{Face, Seam};
use super::table::Table;
use crate::data::{Fault, Result, Setting};
use crate::query::keys::Keys;
use crate::query::window::{Micros, micros_of};

/// Decides row by row, while a run goes on, what each face owns.
#[derive(Debug)]
pub struct SeamFilter {
    rule: Rule,
    /// True when both faces are known to hold the same rows, so that a seam at a time leaves nothing out.
    pub whole: bool,
    /// What `doubled` says.
    pub doubled: Option<Fault>,
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

impl SeamFilter {
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
                        .hint(Setting::TimeColumn { table: table.name.clone() })
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

    /// Whether what it removes depends on the rows that it has seen.
    pub fn remembers(&self) -> bool {
        matches!(self.rule, Rule::Key { .. })
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
