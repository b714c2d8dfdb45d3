//! The rows that a question about rows keeps, in an order that does not depend on how they came. Evaluating and
//! filtering them is `partial`'s, ordering and cutting the answer is `finish`'s.
//!
//! Without ORDER BY rows stand in the order of their sources (file by file, feed by feed, each by position), and LIMIT
//! means the first of them. With ORDER BY, rows that it leaves equal are ordered by their values, so any cut of the
//! same rows gives the same table.

mod travel;

use std::collections::BTreeMap;
use std::sync::Arc;

use polars::prelude::*;

use crate::data::Result;
use crate::data::words::count;
use crate::query::order::sorted;
use crate::query::order_by::sort_columns;
use crate::query::plan::Plan;
use crate::query::rows::{Retention, RowPlan, SourceRange, value_name};

/// Rows kept where nobody says how much memory they may take.
pub const MOST_ROWS: usize = 1_000_000;
/// Below this many rows neighbours are put together whatever their sizes.
const SMALL: usize = 1_024;
/// Rows that wait before the best of them are looked for.
const WAITING: usize = 8_192;

/// Source, partition, first position, and a number that tells equal ones apart.
type SegmentKey = (u32, u64, u64, u32);

/// The rows kept.
#[derive(Debug)]
pub struct RowStore {
    plan: Arc<Plan>,
    keep: Retention,
    most: usize,
    segments: BTreeMap<SegmentKey, (u64, DataFrame)>,
    rows: usize,
    bytes: usize,
    /// Rows that were kept once and are no more.
    evicted: u64,
    /// Where the rows begin of which none was let go: what stood before goes too, also when it comes later, so that
    /// what is kept are the newest rows and not some of them.
    evicted_before: Option<(u32, u64, u64)>,
    /// Where rows go that come without a position.
    next: u64,
}

impl RowStore {
    pub fn new(plan: Arc<Plan>, rows: &RowPlan) -> Self {
        let most = match rows.keep {
            Retention::First(_) => usize::MAX,
            Retention::All if rows.whole => usize::MAX,
            Retention::All | Retention::Top(_) => MOST_ROWS,
        };
        Self {
            plan,
            keep: rows.keep,
            most,
            segments: BTreeMap::new(),
            rows: 0,
            bytes: 0,
            evicted: 0,
            evicted_before: None,
            next: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.rows
    }

    /// Bytes held, about.
    pub fn size(&self) -> usize {
        self.bytes
    }

    /// Takes the values of some rows, in their order.
    ///
    /// # Errors
    /// What polars says when it stacks or sorts them.
    pub fn add(&mut self, at: Option<SourceRange>, values: DataFrame) -> Result<()> {
        let at = at.unwrap_or(SourceRange {
            source: u32::MAX,
            partition: 0,
            from: self.next,
            to: self.next + values.height() as u64,
        });
        self.next = self.next.max(at.to);
        if self.evicted_before.is_some_and(|evicted_before| (at.source, at.partition, at.from) < evicted_before) {
            self.evicted += values.height() as u64;
            return Ok(());
        }
        self.rows += values.height();
        self.bytes += values.estimated_size();
        self.insert(at, values)?;
        match self.keep {
            Retention::Top(rows) if self.rows > rows.saturating_mul(2).max(WAITING) => self.cut(rows),
            Retention::Top(_) => Ok(()),
            Retention::First(rows) => {
                self.evict_after(rows);
                Ok(())
            }
            Retention::All => {
                self.evict(self.most);
                Ok(())
            }
        }
    }

    /// Puts rows where they belong, and together with neighbours that follow without a gap, in sizes that grow.
    fn insert(&mut self, at: SourceRange, frame: DataFrame) -> Result<()> {
        let mut key: SegmentKey = (at.source, at.partition, at.from, 0);
        while self.segments.contains_key(&key) {
            key.3 += 1;
        }
        let (mut to, mut frame) = (at.to, frame);
        let beside =
            |one: &SegmentKey, other: &SegmentKey, end: u64| one.0 == other.0 && one.1 == other.1 && end == other.2;
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
    fn evict(&mut self, most: usize) {
        while self.rows > most {
            let Some(mut first) = self.segments.first_entry() else { return };
            let excess = self.rows - most;
            let (source, partition, from, _) = *first.key();
            let (to, frame) = first.get_mut();
            let gone = if frame.height() <= excess { *to } else { from };
            self.evicted_before = self.evicted_before.max(Some((source, partition, gone)));
            let (height, size) = (frame.height(), frame.estimated_size());
            if height <= excess {
                self.bytes = self.bytes.saturating_sub(size);
                self.rows -= height;
                self.evicted += height as u64;
                first.remove();
            } else {
                *frame = frame.slice(excess as i64, height - excess);
                self.bytes = self.bytes.saturating_sub(size.saturating_sub(frame.estimated_size()));
                self.rows -= excess;
                self.evicted += excess as u64;
            }
        }
    }

    /// Lets the last rows go until `most` are left.
    fn evict_after(&mut self, most: usize) {
        while self.rows > most {
            let Some(mut last) = self.segments.last_entry() else { return };
            let excess = self.rows - most;
            let (_, frame) = last.get_mut();
            let (height, size) = (frame.height(), frame.estimated_size());
            let gone = excess.min(height);
            if gone == height {
                self.bytes = self.bytes.saturating_sub(size);
                last.remove();
            } else {
                *frame = frame.slice(0, height - gone);
                self.bytes = self.bytes.saturating_sub(size.saturating_sub(frame.estimated_size()));
            }
            self.rows -= gone;
            self.evicted += gone as u64;
        }
    }

    /// Lets all rows go that stand before a place.
    fn evict_before(&mut self, evicted_before: (u32, u64, u64)) {
        self.evicted_before = self.evicted_before.max(Some(evicted_before));
        let rest = self.segments.split_off(&(evicted_before.0, evicted_before.1, evicted_before.2, 0));
        for (_, frame) in std::mem::replace(&mut self.segments, rest).into_values() {
            self.rows = self.rows.saturating_sub(frame.height());
            self.bytes = self.bytes.saturating_sub(frame.estimated_size());
            self.evicted += frame.height() as u64;
        }
    }

    /// Whether any row may go.
    pub fn lets_go(&self) -> bool {
        self.most < usize::MAX
    }

    /// Keeps to `bytes`, about, by letting the oldest rows go; false where no row may go.
    pub fn keep_to(&mut self, bytes: usize) -> bool {
        if self.bytes <= bytes || self.rows == 0 {
            return true;
        }
        if !self.lets_go() {
            return false;
        }
        let share = bytes as f64 / self.bytes as f64 * 0.9;
        self.evict((self.rows as f64 * share) as usize);
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
        let order = match sorted(height, sort_columns(&self.plan.finish.order, &all)?)? {
            Some(order) => order,
            None => IdxCa::from_vec("row".into(), (0..height as IdxSize).collect()),
        };
        let best = all.take(&order.slice(0, rows))?;
        self.evicted += (height - rows) as u64;
        (self.rows, self.bytes) = (best.height(), best.estimated_size());
        self.segments = BTreeMap::from([((0, 0, 0, 0), (0, best))]);
        Ok(())
    }

    /// The rows that are in the answer.
    ///
    /// # Errors
    /// What polars says when it sorts them.
    pub fn answer(&self) -> Result<DataFrame> {
        let Retention::Top(rows) = self.keep else { return self.frame() };
        let mut own = Self { plan: self.plan.clone(), segments: self.segments.clone(), ..*self };
        own.cut(rows)?;
        own.frame()
    }

    /// What there is to say when not all rows are in the answer.
    pub fn note(&self) -> Option<String> {
        let (shown, taken) = (self.rows as u64, self.taken());
        (self.keep == Retention::All && shown < taken)
            .then(|| format!("the newest {} of {} rows", count(shown), count(taken)))
    }

    /// Rows ever taken.
    pub fn taken(&self) -> u64 {
        self.rows as u64 + self.evicted
    }

    /// Takes all rows out, in order: for a file that rows are written to as they come.
    pub fn drain(&mut self) -> Result<DataFrame> {
        let all = self.frame()?;
        self.segments.clear();
        (self.rows, self.bytes) = (0, 0);
        Ok(all)
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
