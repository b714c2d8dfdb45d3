//! What could not be read: rows of a wrong shape, and cells of a wrong value, which are null in their rows. Both are
//! counted without limit, and kept for inspection up to a bound.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use polars::prelude::PlSmallStr;

/// How many rejected rows, and how many cells, one `Rejects` keeps with their body; the count goes on.
pub const KEPT: usize = 1_000;
/// The longest piece of a rejected row's body that is kept, bytes.
pub const BODY_BYTES: usize = 4_096;

/// The most fields without a column that are named.
const FIELDS: usize = 16;

/// One row or cell that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// File or feed.
    pub source: Arc<str>,
    /// Line (text) or row (columnar), counted from 1; 0 where it is not known any more.
    pub line: u64,
    /// Of a cell, its column.
    pub column: Option<PlSmallStr>,
    pub reason: String,
    /// What stood there, cut at `BODY_BYTES`.
    pub body: String,
}

impl Reject {
    /// `body` may hold any bytes; what is not UTF-8 is shown as the replacement character.
    pub fn new(source: &Arc<str>, line: u64, reason: impl Into<String>, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(&body[..body.len().min(BODY_BYTES)]).into_owned();
        Self { source: source.clone(), line, column: None, reason: reason.into(), body }
    }

    /// The same as a cell of a column.
    pub fn of(self, column: impl Into<PlSmallStr>) -> Self {
        Self { column: Some(column.into()), ..self }
    }

    /// Where it stood.
    pub fn place(&self) -> String {
        if self.line == 0 { self.source.to_string() } else { format!("{}, line {}", self.source, self.line) }
    }
}

/// What was rejected of a chunk, a source or a whole run. Adding two is associative and commutative in the counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejects {
    /// Rows.
    pub count: u64,
    pub kept: Vec<Reject>,
    pub cells: Cells,
    /// Rows of the chunk that lack a vital column, each told once for each column it lacks: `broken` makes them
    /// rejected rows of the questions that cannot do without.
    pub incomplete: Vec<Reject>,
    /// Fields of rows that no column has: they came after the columns were settled. The first of them, by name. There
    /// are seldom any, and chunks travel by value.
    pub fields: Box<BTreeSet<PlSmallStr>>,
}

/// Cells by column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    counts: BTreeMap<PlSmallStr, u64>,
    pub kept: Vec<Reject>,
}

impl Rejects {
    pub fn push(&mut self, reject: Reject) {
        self.count += 1;
        if self.kept.len() < KEPT {
            self.kept.push(reject);
        }
    }

    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        let room = KEPT.saturating_sub(self.kept.len());
        self.kept.extend(other.kept.into_iter().take(room));
        self.cells.add(other.cells);
        let room = KEPT.saturating_sub(self.incomplete.len());
        self.incomplete.extend(other.incomplete.into_iter().take(room));
        let room = FIELDS.saturating_sub(self.fields.len());
        self.fields.extend((*other.fields).into_iter().take(room));
    }

    /// What to say of fields that are not read.
    pub fn unread(&self) -> Option<String> {
        let names: Vec<String> = self.fields.iter().map(|name| format!("'{name}'")).collect();
        let what = match &names[..] {
            [] => return None,
            [one] => format!("the field {one} came after the columns were settled, and is"),
            all => format!("the fields {} came after the columns were settled, and are", all.join(", ")),
        };
        Some(format!("{what} not read"))
    }

    /// Whether no row was rejected, nor a cell.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.cells.is_empty()
    }

    /// All that is kept: rows, then cells.
    pub fn all(&self) -> impl Iterator<Item = &Reject> {
        self.kept.iter().chain(&self.cells.kept)
    }
}

impl Cells {
    /// Counts a cell of `column`, and keeps what `reject` tells of it where there is room.
    pub fn push(&mut self, column: &PlSmallStr, reject: impl FnOnce() -> Reject) {
        self.note(column, 1);
        if self.kept.len() < KEPT {
            self.kept.push(reject().of(column.clone()));
        }
    }

    /// Counts cells of `column` that are not kept.
    pub fn note(&mut self, column: &PlSmallStr, cells: u64) {
        if cells > 0 {
            *self.counts.entry(column.clone()).or_default() += cells;
        }
    }

    pub fn add(&mut self, other: Self) {
        for (column, cells) in &other.counts {
            self.note(column, *cells);
        }
        let room = KEPT.saturating_sub(self.kept.len());
        self.kept.extend(other.kept.into_iter().take(room));
    }

    /// Sets how many cells of each column there are; what is kept of them stays.
    pub fn set_counts(&mut self, counts: Vec<(PlSmallStr, u64)>) {
        self.counts = counts.into_iter().filter(|(_, cells)| *cells > 0).collect();
    }

    /// Forgets the cells of all other columns.
    pub fn only(&mut self, columns: &[PlSmallStr]) {
        if self.is_empty() {
            return;
        }
        self.counts.retain(|column, _| columns.contains(column));
        self.kept.retain(|reject| reject.column.as_ref().is_some_and(|column| columns.contains(column)));
    }

    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
