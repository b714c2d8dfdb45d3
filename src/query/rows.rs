//! Questions that show rows instead of groups: what is kept of the rows seen, in an order that does not depend on how
//! they came. Evaluating and filtering them is `partial`'s, ordering and cutting the answer is `finish`'s.
//!
//! Without ORDER BY rows stand in the order of their sources (file by file, feed by feed, each by position). LIMIT then
//! means the newest rows: by event time where the table has one, else by position. With ORDER BY, rows that it leaves
//! equal are ordered by their values, so any cut of the same rows gives the same table.

use std::collections::BTreeMap;
use std::sync::Arc;

use polars::prelude::*;

use super::Plan;
use super::expr::Scalar;
use super::finish::tie_breakers;
use super::order::sorted;
use crate::data::words::count;
use crate::data::{Fault, Result};

/// What a question about rows keeps.
#[derive(Debug)]
pub struct Rows {
    /// The values of a row that the answer needs: columns `__val0…`.
    pub values: Vec<Value>,
    pub keep: Keep,
    /// All rows or none: where they do not fit into memory the question fails instead of letting old rows go.
    pub whole: bool,
}

/// One value of a row.
#[derive(Debug)]
pub struct Value {
    pub scalar: Scalar,
    pub dtype: DataType,
}

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All, as far as memory allows.
    All,
    /// The last so many by position.
    Newest(usize),
    /// The first so many in the answer's order, or the last.
    Top { rows: usize, last: bool },
}

/// Where rows came from: source (in the order of the table's files, then feeds), partition, and positions in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    pub source: u32,
    /// The partition, and above its 32 bits how often its log began anew.
    pub partition: u64,
    pub from: u64,
    pub to: u64,
}

pub fn value_name(i: usize) -> PlSmallStr {
    format!("__val{i}").into()
}

/// Rows kept where nobody says how much memory they may take.
pub const MOST_ROWS: usize = 1_000_000;
/// Below this many rows neighbours are put together whatever their sizes.
const SMALL: usize = 1_024;
/// Rows that wait before the best of them are looked for.
const WAITING: usize = 8_192;

const SOURCE: &str = "__source";
const PARTITION: &str = "__partition";
const FROM: &str = "__from";
const TO: &str = "__to";
/// False for an entry that is no row: a stretch without rows, or the count of those that were let go.
const HERE: &str = "__here";

/// What stands in `__to` where the entry says what was lost.
const LOST: u64 = u64::MAX;

/// Source, partition, first position, and a number that tells equal ones apart.
type Key = (u32, u64, u64, u32);

/// The rows kept.
#[derive(Debug)]
pub struct Store {
    plan: Arc<Plan>,
    keep: Keep,
    most: usize,
    segments: BTreeMap<Key, (u64, DataFrame)>,
    rows: usize,
    bytes: usize,
    /// Rows that were kept once and are no more.
    let_go: u64,
    /// Where the rows begin of which none was let go: what stood before goes too, also when it comes later, so that
    /// what is kept are the newest rows and not some of them.
    lost: Option<(u32, u64, u64)>,
    /// Where rows go that come without a position.
    next: u64,
}

impl Store {
    pub fn new(plan: Arc<Plan>, rows: &Rows) -> Self {
        let most = match rows.keep {
            Keep::Newest(n) => n,
            Keep::All if rows.whole => usize::MAX,
            Keep::All | Keep::Top { .. } => MOST_ROWS,
        };
        Self {
            plan,
            keep: rows.keep,
            most,
            segments: BTreeMap::new(),
            rows: 0,
            bytes: 0,
            let_go: 0,
            lost: None,
            next: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.rows
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Bytes held, about.
    pub fn size(&self) -> usize {
        self.bytes
    }

    /// Takes the values of some rows, in their order.
    ///
    /// # Errors
    /// What polars says when it stacks or sorts them.
    pub fn add(&mut self, at: Option<At>, values: DataFrame) -> Result<()> {
        let at = at.unwrap_or(At {
            source: u32::MAX,
            partition: 0,
            from: self.next,
            to: self.next + values.height() as u64,
        });
        self.next = self.next.max(at.to);
        if self.lost.is_some_and(|lost| (at.source, at.partition, at.from) < lost) {
            self.let_go += values.height() as u64;
            return Ok(());
        }
        self.rows += values.height();
        self.bytes += values.estimated_size();
        self.insert(at, values)?;
        match self.keep {
            Keep::Top { rows, .. } if self.rows > rows.saturating_mul(2).max(WAITING) => self.cut(rows),
            Keep::Top { .. } => Ok(()),
            Keep::All | Keep::Newest(_) => {
                self.let_go(self.most);
                Ok(())
            }
        }
    }

    /// Puts rows where they belong, and together with neighbours that follow without a gap, in sizes that grow.
    fn insert(&mut self, at: At, frame: DataFrame) -> Result<()> {
        let mut key: Key = (at.source, at.partition, at.from, 0);
        while self.segments.contains_key(&key) {
            key.3 += 1;
        }
        let (mut to, mut frame) = (at.to, frame);
        let beside = |one: &Key, other: &Key, end: u64| one.0 == other.0 && one.1 == other.1 && end == other.2;
        let fits = |one: &DataFrame, other: &DataFrame| one.height() <= SMALL || one.height() <= other.height() * 2;
        while let Some((before, (end, earlier))) = self.segments.range(..key).next_back() {
            if !beside(before, &key, *end) || !fits(earlier, &frame) {
                break;
            }
            let before = *before;
            let Some((_, earlier)) = self.segments.remove(&before) else { break };
            frame = stack(earlier, &frame)?;
            key = before;
        }
        while let Some((after, (end, later))) = self.segments.range(key..).next() {
            if !beside(&key, after, to) || !fits(later, &frame) {
                break;
            }
            let (after, end) = (*after, *end);
            let Some((_, later)) = self.segments.remove(&after) else { break };
            frame = stack(frame, &later)?;
            to = end;
        }
        self.segments.insert(key, (to, frame));
        Ok(())
    }

    /// Lets the oldest rows go until `most` are left.
    fn let_go(&mut self, most: usize) {
        while self.rows > most {
            let Some(mut first) = self.segments.first_entry() else { return };
            let excess = self.rows - most;
            let (source, partition, from, _) = *first.key();
            let (to, frame) = first.get_mut();
            let gone = if frame.height() <= excess { *to } else { from };
            self.lost = self.lost.max(Some((source, partition, gone)));
            let (height, size) = (frame.height(), frame.estimated_size());
            if height <= excess {
                self.bytes = self.bytes.saturating_sub(size);
                self.rows -= height;
                self.let_go += height as u64;
                first.remove();
            } else {
                *frame = frame.slice(excess as i64, height - excess);
                self.bytes = self.bytes.saturating_sub(size.saturating_sub(frame.estimated_size()));
                self.rows -= excess;
                self.let_go += excess as u64;
            }
        }
    }

    /// Lets all rows go that stand before a place.
    fn lose(&mut self, lost: (u32, u64, u64)) {
        self.lost = self.lost.max(Some(lost));
        let rest = self.segments.split_off(&(lost.0, lost.1, lost.2, 0));
        for (_, frame) in std::mem::replace(&mut self.segments, rest).into_values() {
            self.rows = self.rows.saturating_sub(frame.height());
            self.bytes = self.bytes.saturating_sub(frame.estimated_size());
            self.let_go += frame.height() as u64;
        }
    }

    /// Keeps to `bytes`, about, by letting the oldest rows go; false where no row may go.
    pub fn keep_to(&mut self, bytes: usize) -> bool {
        if self.bytes <= bytes || self.rows == 0 {
            return true;
        }
        if self.most == usize::MAX {
            return false;
        }
        let share = bytes as f64 / self.bytes as f64 * 0.9;
        self.let_go((self.rows as f64 * share) as usize);
        true
    }

    /// The rows in the order of their sources.
    pub fn frame(&self) -> Result<DataFrame> {
        let mut all = self.empty();
        for (_, frame) in self.segments.values().filter(|(_, frame)| frame.height() > 0) {
            all = if all.height() == 0 { frame.clone() } else { all.vstack(frame)? };
        }
        Ok(all)
    }

    fn empty(&self) -> DataFrame {
        let values = self.plan.rows.iter().flat_map(|rows| &rows.values).enumerate();
        DataFrame::empty_with_schema(
            &values.map(|(i, v)| Field::new(value_name(i), v.dtype.clone())).collect::<Schema>(),
        )
    }

    /// Keeps the best rows only.
    fn cut(&mut self, rows: usize) -> Result<()> {
        let all = self.frame()?;
        let height = all.height();
        if height <= rows {
            return Ok(());
        }
        let mut by = Vec::new();
        for order in &self.plan.finish.order {
            by.push((order.scalar.of(&all)?, order.descending, order.nulls_first));
        }
        by.extend(tie_breakers(&all).map(|c| (c.clone(), false, false)));
        let order = match sorted(height, by)? {
            Some(order) => order,
            None => IdxCa::from_vec("row".into(), (0..height as IdxSize).collect()),
        };
        let from = if matches!(self.keep, Keep::Top { last: true, .. }) { height - rows } else { 0 };
        let best = all.take(&order.slice(from as i64, rows))?;
        self.let_go += (height - rows) as u64;
        (self.rows, self.bytes) = (best.height(), best.estimated_size());
        self.segments = BTreeMap::from([((0, 0, 0, 0), (0, best))]);
        Ok(())
    }

    /// The rows that are in the answer.
    ///
    /// # Errors
    /// What polars says when it sorts them.
    pub fn answer(&self) -> Result<DataFrame> {
        let Keep::Top { rows, .. } = self.keep else { return self.frame() };
        let mut own = Self { plan: self.plan.clone(), segments: self.segments.clone(), ..*self };
        own.cut(rows)?;
        own.frame()
    }

    /// What there is to say when not all rows are in the answer.
    pub fn note(&self) -> Option<String> {
        let taken = self.taken();
        let newest = matches!(self.keep, Keep::All | Keep::Newest(_) | Keep::Top { last: true, .. });
        let shown = match self.keep {
            Keep::Top { rows, .. } | Keep::Newest(rows) => self.rows.min(rows),
            Keep::All => self.rows,
        };
        (newest && (shown as u64) < taken)
            .then(|| format!("the newest {} of {} rows", count(shown as u64), count(taken)))
    }

    /// Rows ever taken.
    pub fn taken(&self) -> u64 {
        self.rows as u64 + self.let_go
    }

    /// Takes all rows out, in order: for a file that rows are written to as they come.
    pub fn drain(&mut self) -> Result<DataFrame> {
        let all = self.frame()?;
        self.segments.clear();
        (self.rows, self.bytes) = (0, 0);
        Ok(all)
    }

    /// The rows and where they came from: what travels.
    ///
    /// # Errors
    /// What polars says while it builds the columns.
    pub fn to_frame(&self) -> Result<DataFrame> {
        let mut all = self.empty();
        let (mut source, mut partition, mut from, mut to, mut here) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut add = |key: &Key, end: u64, rows: usize, is_row: bool| {
            source.extend(std::iter::repeat_n(key.0, rows));
            partition.extend(std::iter::repeat_n(key.1, rows));
            from.extend(std::iter::repeat_n(key.2, rows));
            to.extend(std::iter::repeat_n(end, rows));
            here.extend(std::iter::repeat_n(is_row, rows));
        };
        let gap = |like: &DataFrame| {
            let nulls = like.columns().iter().map(|c| Column::full_null(c.name().clone(), 1, c.dtype())).collect();
            DataFrame::new(1, nulls)
        };
        for (key, (end, frame)) in &self.segments {
            let is_row = frame.height() > 0;
            let frame = if is_row { frame.clone() } else { gap(&all)? };
            add(key, *end, frame.height(), is_row);
            all = stack(all, &frame)?;
        }
        if let Some((source, partition, from)) = self.lost {
            add(&(source, partition, from, 0), LOST, 1, false);
            let mark = gap(&all)?;
            all = stack(all, &mark)?;
        }
        if self.let_go > 0 {
            add(&(u32::MAX, u64::MAX, self.let_go, 0), 0, 1, false);
            let count = gap(&all)?;
            all = stack(all, &count)?;
        }
        let height = source.len();
        let mut columns = all.columns().to_vec();
        columns.push(UInt32Chunked::from_vec(SOURCE.into(), source).into_column());
        columns.push(UInt64Chunked::from_vec(PARTITION.into(), partition).into_column());
        columns.push(UInt64Chunked::from_vec(FROM.into(), from).into_column());
        columns.push(UInt64Chunked::from_vec(TO.into(), to).into_column());
        columns.push(BooleanChunked::from_slice(HERE.into(), &here).into_column());
        Ok(DataFrame::new(height, columns)?)
    }

    /// Takes what another store of the same question holds.
    ///
    /// # Errors
    /// What polars says when it stacks or sorts rows.
    pub fn unite(&mut self, other: Self) -> Result<()> {
        self.let_go += other.let_go;
        if let Some(lost) = other.lost {
            self.lose(lost);
        }
        for ((source, partition, from, _), (to, frame)) in other.segments {
            self.add(Some(At { source, partition, from, to }), frame)?;
        }
        Ok(())
    }

    /// Takes what `to_frame` of another store gave.
    ///
    /// # Errors
    /// When the frame is not one of this question.
    pub fn merge(&mut self, other: &DataFrame) -> Result<()> {
        let strange = || {
            Fault::new("a partial result has other columns than this question").hint("it belongs to another question")
        };
        let empty = self.empty();
        let mut values = Vec::new();
        for own in empty.columns() {
            let column = other.column(own.name())?;
            if column.dtype() != own.dtype() {
                return Err(strange());
            }
            values.push(column.clone());
        }
        let values = DataFrame::new(other.height(), values)?;
        let (source, partition) = (other.column(SOURCE)?.u32()?.rechunk(), other.column(PARTITION)?.u64()?.rechunk());
        let (from, to) = (other.column(FROM)?.u64()?.rechunk(), other.column(TO)?.u64()?.rechunk());
        let here = other.column(HERE)?.bool()?.rechunk();
        let at = |row: usize| {
            let place =
                At { source: source.get(row)?, partition: partition.get(row)?, from: from.get(row)?, to: to.get(row)? };
            Some((place, here.get(row)?))
        };
        let (mut start, height) = (0, other.height());
        while start < height {
            let Some((place, is_row)) = at(start) else { return Err(strange()) };
            let end = (start + 1..height).find(|row| at(*row) != Some((place, is_row))).unwrap_or(height);
            if is_row {
                self.add(Some(place), values.slice(start as i64, end - start))?;
            } else if place.source == u32::MAX && place.partition == u64::MAX {
                self.let_go += place.from;
            } else if place.to == LOST {
                self.lose((place.source, place.partition, place.from));
            } else {
                self.add(Some(place), empty.clone())?;
            }
            start = end;
        }
        Ok(())
    }
}

/// One frame under the other, in few pieces.
fn stack(one: DataFrame, other: &DataFrame) -> Result<DataFrame> {
    if one.height() == 0 {
        return Ok(other.clone());
    }
    if other.height() == 0 {
        return Ok(one);
    }
    let mut both = one.vstack(other)?;
    both.rechunk_mut();
    Ok(both)
}
