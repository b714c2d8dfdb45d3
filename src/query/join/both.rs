//! The rows of two tables beside each other, all of both at hand: every kind of join, by equations and by any further
//! condition. Null keys never match.

use polars::prelude::*;

use super::lookup::{KeyCells, LOOK, Lookup, beside};
use super::{AT_ONCE, Equation, Nearest};
use crate::data::{Fault, Result};
use crate::query::expr::{Scalar, keep};
use crate::query::sql::question::JoinKind;

/// How two tables are joined.
#[derive(Debug)]
pub struct RowJoin {
    pub kind: JoinKind,
    pub equations: Vec<Equation>,
    /// What else must be true of two rows.
    pub rest: Option<Scalar>,
    /// ASOF: only the nearest of the right rows counts.
    pub nearest: Option<Nearest>,
}

/// The most pairs of rows that one join gives.
const MOST: usize = 1 << 28;
/// The most values that they have: some 4 GiB.
const MOST_VALUES: usize = 1 << 29;

impl RowJoin {
    /// The rows of `left` beside those of `right`, in the order of the left ones; rows of the right one that nobody
    /// matches come last. Their columns have different names.
    ///
    /// # Errors
    /// When a condition cannot be evaluated, more pairs match than can be held, or `stopped` ended the work.
    pub fn of(&self, left: &DataFrame, right: &DataFrame, stopped: &dyn Fn() -> bool) -> Result<DataFrame> {
        let sorted = self.nearest.as_ref().map(|nearest| nearest.sorted(right)).transpose()?;
        let right = sorted.as_ref().map_or(right, |(right, _)| right);
        let mut pairs = Pairs {
            join: self,
            left,
            right,
            waiting: (Vec::new(), Vec::new()),
            found: (Vec::new(), Vec::new()),
            hit_left: vec![false; left.height()],
            hit_right: vec![false; right.height()],
        };
        match &sorted {
            Some((_, ranks)) => pairs.find_nearest(ranks, stopped)?,
            None => pairs.find(stopped)?,
        }
        pairs.rows()
    }
}

fn ended() -> Fault {
    Fault::new("stopped while rows were joined")
}

struct Pairs<'a> {
    join: &'a RowJoin,
    left: &'a DataFrame,
    right: &'a DataFrame,
    /// Pairs that are still to be looked at.
    waiting: (Vec<IdxSize>, Vec<IdxSize>),
    /// Pairs that match, in the order of the left rows.
    found: (Vec<IdxSize>, Vec<IdxSize>),
    /// Rows that have a match.
    hit_left: Vec<bool>,
    hit_right: Vec<bool>,
}

impl Pairs<'_> {
    /// The keys of the left rows, and the right rows by theirs; no such where nothing has to be equal.
    fn keys(&self, stopped: &dyn Fn() -> bool) -> Result<(Vec<KeyCells>, Option<Lookup>)> {
        let equations = &self.join.equations;
        let cells = |side: fn(&Equation) -> &Scalar, rows: &DataFrame| {
            equations.iter().map(|e| KeyCells::of(&side(e).of(rows)?, &e.compare)).collect::<Result<Vec<_>>>()
        };
        let lookup = if equations.is_empty() {
            None
        } else {
            let own = cells(|e| &e.second, self.right)?;
            Some(Lookup::new(self.right.clone(), own, stopped).ok_or_else(ended)?)
        };
        Ok((cells(|e| &e.first, self.left)?, lookup))
    }

    fn find_nearest(&mut self, ranks: &[u64], stopped: &dyn Fn() -> bool) -> Result<()> {
        let Some(nearest) = &self.join.nearest else { return Ok(()) };
        let (keys, lookup) = self.keys(stopped)?;
        for (row, other) in nearest.find(self.left, &keys, lookup.as_ref(), ranks, stopped)?.into_iter().enumerate() {
            self.waiting.0.extend(other.map(|_| row as IdxSize));
            self.waiting.1.extend(other);
        }
        self.look()
    }

    fn find(&mut self, stopped: &dyn Fn() -> bool) -> Result<()> {
        let (keys, lookup) = self.keys(stopped)?;
        let all: Vec<u32> = if lookup.is_none() { (0..self.right.height() as u32).collect() } else { Vec::new() };
        for row in 0..self.left.height() {
            if row % LOOK == 0 && stopped() {
                return Err(ended());
            }
            let others = lookup.as_ref().map_or(&all[..], |lookup| lookup.find(&keys, row));
            for some in others.chunks(AT_ONCE) {
                if self.waiting.0.len() + some.len() > AT_ONCE {
                    self.look()?;
                    if stopped() {
                        return Err(ended());
                    }
                }
                self.waiting.0.extend(std::iter::repeat_n(row as IdxSize, some.len()));
                self.waiting.1.extend(some);
            }
        }
        self.look()
    }

    /// Which of the pairs that wait match.
    fn look(&mut self) -> Result<()> {
        let (left, right) = (std::mem::take(&mut self.waiting.0), std::mem::take(&mut self.waiting.1));
        let matches = match &self.join.rest {
            Some(rest) => {
                let rows = beside(
                    self.left,
                    &IdxCa::from_slice("".into(), &left),
                    self.right,
                    &IdxCa::from_slice("".into(), &right),
                )?;
                Some(keep(rest, &rows)?)
            }
            None => None,
        };
        let shown = !matches!(self.join.kind, JoinKind::Semi | JoinKind::Anti);
        for (i, (left, right)) in left.into_iter().zip(right).enumerate() {
            if matches.as_ref().is_some_and(|matches| matches.get(i) != Some(true)) {
                continue;
            }
            self.hit_left.get_mut(left as usize).into_iter().for_each(|hit| *hit = true);
            self.hit_right.get_mut(right as usize).into_iter().for_each(|hit| *hit = true);
            if shown {
                self.found.0.push(left);
                self.found.1.push(right);
            }
        }
        let most = MOST.min(MOST_VALUES / (self.left.width() + self.right.width()).max(1));
        if self.found.0.len() > most {
            return Err(Fault::new(format!("this join gives more than {most} rows")).hint(
                "join by an equation that fewer rows fulfil, and name tables that share one next to each other",
            ));
        }
        Ok(())
    }

    fn rows(self) -> Result<DataFrame> {
        let numbers = |hits: &[bool], which: bool| -> Vec<IdxSize> {
            let of = hits.iter().enumerate().filter(|(_, hit)| **hit == which);
            of.map(|(row, _)| row as IdxSize).collect()
        };
        let kind = self.join.kind;
        if matches!(kind, JoinKind::Semi | JoinKind::Anti) {
            let rows = numbers(&self.hit_left, kind == JoinKind::Semi);
            return Ok(self.left.take(&IdxCa::from_vec("".into(), rows))?);
        }
        let (mut left, mut right): (Vec<Option<IdxSize>>, Vec<Option<IdxSize>>) = (Vec::new(), Vec::new());
        let mut alone =
            if matches!(kind, JoinKind::Left | JoinKind::Full) { numbers(&self.hit_left, false) } else { Vec::new() }
                .into_iter()
                .peekable();
        for (row, other) in self.found.0.into_iter().zip(self.found.1) {
            while let Some(before) = alone.next_if(|alone| *alone < row) {
                left.push(Some(before));
                right.push(None);
            }
            left.push(Some(row));
            right.push(Some(other));
        }
        for row in alone {
            left.push(Some(row));
            right.push(None);
        }
        if matches!(kind, JoinKind::Right | JoinKind::Full) {
            for row in numbers(&self.hit_right, false) {
                left.push(None);
                right.push(Some(row));
            }
        }
        beside(self.left, &left.into_iter().collect(), self.right, &right.into_iter().collect())
    }
}
