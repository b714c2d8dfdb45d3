//! Faults of a feed, made on purpose and repeatable: rows that come late, and rows that come twice.
//! When a row is sent is `replay`'s.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use polars::prelude::{DataFrame, IdxCa, IdxSize};

use crate::data::{Result, broken};

/// Puts rows into the order in which they are sent.
///
/// Each row (and each second copy) has a key: its time plus a random delay, or, where that lies in the past or there is
/// no time, the largest time before it. Rows are sent by key, then as they came. No later row can have a key
/// below the largest time so far; so all rows up to it can go, the order does not depend on how the rows
/// are cut into frames, and only rows within the delay are held.
#[derive(Debug)]
pub struct Order {
    random: fastrand::Rng,
    /// The delay of a row is below this, microseconds.
    disorder: u64,
    duplicate: f64,
    /// The largest time so far.
    newest: i64,
    count: u64,
    /// Frames that hold rows still to be sent, and rows sent already.
    held: DataFrame,
    waiting: BinaryHeap<Reverse<Sending>>,
}

/// A row to be sent: ordered by key, then by count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sending {
    key: i64,
    count: u64,
    row: IdxSize,
}

/// Rows in the order in which they are sent, and when, in event time (microseconds). `due` never steps back.
#[derive(Debug, Default)]
pub struct Sent {
    pub frame: DataFrame,
    pub due: Vec<i64>,
}

impl Order {
    pub fn new(seed: u64, disorder: u64, duplicate: f64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self {
            random,
            disorder,
            duplicate,
            newest: i64::MIN,
            count: 0,
            held: DataFrame::default(),
            waiting: BinaryHeap::new(),
        }
    }

    /// Takes a frame in, with the time of each row; gives the rows that can be sent.
    pub fn push(&mut self, frame: DataFrame, times: &[Option<i64>]) -> Result<Sent> {
        if self.disorder > 0 {
            return self.shuffle(&frame, times);
        }
        let mut due = Vec::with_capacity(times.len());
        if self.duplicate <= 0.0 {
            due.extend(times.iter().map(|time| self.advance(*time)));
            return Ok(Sent { frame, due });
        }
        let mut rows: Vec<IdxSize> = Vec::with_capacity(times.len());
        for (row, time) in (0..).zip(times) {
            let key = self.advance(*time);
            for _ in 0..self.copies() {
                rows.push(row);
                due.push(key);
            }
        }
        let frame = if rows.len() == frame.height() { frame } else { gather(&frame, rows)? };
        Ok(Sent { frame, due })
    }

    /// No more rows will come: gives all that are left.
    pub fn finish(&mut self) -> Result<Sent> {
        self.release(i64::MAX)
    }

    fn advance(&mut self, time: Option<i64>) -> i64 {
        self.newest = self.newest.max(time.unwrap_or(i64::MIN));
        self.newest
    }

    fn copies(&mut self) -> usize {
        if self.duplicate > 0.0 && self.random.f64() < self.duplicate { 2 } else { 1 }
    }

    fn shuffle(&mut self, frame: &DataFrame, times: &[Option<i64>]) -> Result<Sent> {
        let base = self.held.height() as IdxSize;
        if base == 0 {
            self.held = frame.clone();
        } else {
            broken::stack(&mut self.held, frame)?;
        }
        for (row, time) in (base..).zip(times) {
            let before = self.newest;
            for _ in 0..self.copies() {
                let delay = self.random.u64(0..self.disorder);
                let key = time.map_or(before, |time| time.saturating_add_unsigned(delay).max(before));
                self.waiting.push(Reverse(Sending { key, count: self.count, row }));
                self.count += 1;
            }
            self.advance(*time);
        }
        self.release(self.newest)
    }

    fn release(&mut self, until: i64) -> Result<Sent> {
        let (mut rows, mut due) = (Vec::new(), Vec::new());
        while let Some(Reverse(next)) = self.waiting.peek().copied().filter(|next| next.0.key <= until) {
            self.waiting.pop();
            rows.push(next.row);
            due.push(next.key);
        }
        let frame = gather(&self.held, rows)?;
        // Let go of sent rows as soon as they are the greater part: each row is then copied twice at most, on average.
        if self.waiting.len() * 2 < self.held.height() {
            let mut left = std::mem::take(&mut self.waiting).into_vec();
            left.sort_unstable_by_key(|next| next.0.count);
            let rows = left.iter().map(|next| next.0.row).collect();
            self.held = if left.is_empty() { self.held.clear() } else { gather(&self.held, rows)? };
            for (row, next) in (0..).zip(&mut left) {
                next.0.row = row;
            }
            self.waiting = left.into();
        }
        Ok(Sent { frame, due })
    }
}

fn gather(frame: &DataFrame, rows: Vec<IdxSize>) -> Result<DataFrame> {
    Ok(frame.take(&IdxCa::from_vec("".into(), rows))?)
}
