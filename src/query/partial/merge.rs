//! Partials into partials: moved, as tables, and out of memory.

use super::{Partial, Spans};
use crate::data::{Fault, Result};
use crate::query::aggregate::Accumulator;
use crate::query::plan::{CORRECTED, LAST, call_name, key_name};
use crate::query::window::{Micros, micros_of};
use polars::prelude::*;

/// The states of another partial, as they are or as columns.
enum Theirs {
    Whole(Box<dyn Accumulator>),
    Columns(Vec<Column>),
}

/// Up to this many groups are looked at each time.
const FEW_GROUPS: usize = 4096;
/// Groups that are united together: so few that those they meet find room in the cache, or all of not many.
const UNITED: usize = 1 << 11;
const ALL_UNITED: usize = 1 << 14;

impl Partial {
    /// Takes what another partial of the same plan knows, as `merge` does, without making a table of it. An empty one
    /// simply takes its place.
    ///
    /// # Errors
    /// What polars says about a state's columns.
    pub fn unite(&mut self, other: Self) -> Result<()> {
        if self.untouched {
            let plan = self.plan.clone();
            *self = Self { plan, ..other };
            return Ok(());
        }
        if other.untouched {
            return Ok(());
        }
        if let Some(rows) = &mut self.rows {
            return other.rows.map_or(Ok(()), |others| rows.unite(others));
        }
        if other.sessions.is_some() {
            return self.merge(&other.to_frame()?);
        }
        let mut other = other;
        if other.keys.len() / 2 > self.keys.len() && self.sessions.is_none() {
            // What is large stays where it is.
            other.unseen += self.unseen;
            std::mem::swap(self, &mut other);
            self.plan = other.plan.clone();
            self.blocks = std::mem::take(&mut other.blocks);
            self.forget();
        }
        let Self { keys: others, states, corrected, .. } = other;
        let mut states: Vec<_> = states.into_iter().map(Theirs::Whole).collect();
        let adoption = self.keys.adoption(&others);
        let step = if others.len() <= ALL_UNITED { ALL_UNITED } else { UNITED };
        for start in (0..others.len()).step_by(step) {
            let height = step.min(others.len() - start);
            self.keys.adopt(&others, &adoption, start..start + height, &mut self.groups);
            self.touch();
            let count = self.keys.len();
            for (state, theirs) in self.states.iter_mut().zip(&mut states) {
                state.resize(count);
                if let Theirs::Whole(whole) = theirs {
                    if state.unite(&self.groups, &**whole, start..start + height) {
                        continue;
                    }
                    *theirs = Theirs::Columns(whole.state()?);
                }
                if let Theirs::Columns(columns) = theirs {
                    let columns: Vec<Column> =
                        columns.iter().map(|column| column.slice(start as i64, height)).collect();
                    state.merge(&self.groups, &columns)?;
                }
            }
            if corrected.contains(&true) {
                self.corrected.resize(count, false);
                for (group, mark) in self.groups.iter().zip(corrected.get(start..).unwrap_or_default()) {
                    self.corrected[*group as usize] |= mark;
                }
            }
        }
        self.unseen += others.len();
        Ok(())
    }

    /// This partial as a table: key columns, then the state columns of each aggregate, then what windows need.
    ///
    /// # Errors
    /// What polars says while it builds the columns.
    pub fn to_frame(&self) -> Result<DataFrame> {
        if let Some(rows) = &self.rows {
            return rows.to_frame();
        }
        let mut columns = self.key_columns()?;
        for (i, state) in self.states.iter().enumerate() {
            for (j, column) in state.state()?.into_iter().enumerate() {
                let name = format!("{}_{j}", call_name(i));
                columns.push(column.with_name(name.into()));
            }
        }
        if let Some(sessions) = &self.sessions {
            columns.push(sessions.spans().1.with_name(LAST.into()).into_column());
        }
        if self.corrected.contains(&true) {
            let marks: BooleanChunked = (0..self.slots()).map(|g| Some(self.corrected.get(g) == Some(&true))).collect();
            columns.push(marks.with_name(CORRECTED.into()).into_column());
        }
        Ok(DataFrame::new(self.slots(), columns)?)
    }

    /// Takes what another partial of the same plan knows.
    ///
    /// # Errors
    /// When the frame is not one of this plan.
    pub fn merge(&mut self, other: &DataFrame) -> Result<()> {
        self.merge_frame(other)?;
        self.unseen += other.height();
        self.compact_if_due()
    }

    pub(super) fn merge_frame(&mut self, other: &DataFrame) -> Result<()> {
        if let Some(rows) = &mut self.rows {
            self.untouched = false;
            return rows.merge(other);
        }
        let plan = self.plan.clone();
        let mut columns = other.columns();
        let mut keys = Vec::with_capacity(plan.keys.len());
        let mut starts = Int64Chunked::default();
        for (i, key) in plan.keys.iter().enumerate() {
            let column = other.column(&key_name(i))?;
            if *column.dtype() != key.dtype {
                return Err(Fault::new(format!(
                    "a partial result has {} where this question has {}",
                    column.dtype(),
                    key.dtype
                ))
                .hint("it belongs to another question"));
            }
            match key.window {
                Some(_) => starts = micros_of(column)?,
                None => keys.push(column.clone()),
            }
            columns = columns.get(1..).unwrap_or_default();
        }
        let lasts = match self.sessions {
            Some(_) => Some(other.column(LAST)?.i64()?.clone()),
            None => None,
        };
        let spans = match lasts {
            Some(lasts) => Spans::Sessions(starts, lasts),
            None if plan.window().is_some() => Spans::Starts(starts),
            None => Spans::None,
        };
        self.untouched = false;
        self.assign(keys, &spans, other.height())?;
        self.touch();
        let count = self.slots();
        for (i, state) in self.states.iter_mut().enumerate() {
            state.resize(count);
            let prefix = format!("{}_", call_name(i));
            let own = columns.iter().take_while(|c| c.name().starts_with(prefix.as_str())).count();
            let (own, rest) = columns.split_at(own);
            state.merge(&self.groups, own)?;
            columns = rest;
        }
        if let Ok(marks) = other.column(CORRECTED) {
            self.corrected.resize(count, false);
            for (group, mark) in self.groups.iter().zip(marks.bool()?.iter()) {
                self.corrected[*group as usize] |= mark == Some(true);
            }
        }
        Ok(())
    }

    /// Takes the groups of the oldest final windows out of memory, as a partial of their own, when more than `keep`
    /// groups are final; whole windows only, and at most `keep` final groups stay. Looking costs as much as there are
    /// groups, so large partials are looked at only after as many rows have come as make that cheap; with `keep` 0 they
    /// always are.
    ///
    /// What is sealed gives its rows of the answer by itself: `new`, `merge`, `answer`. Rows that were on time when
    /// they came, and late rows that are re-admitted, may still come to a window after it was sealed: they make a
    /// new group for it here. So who reads sealed partials merges those that hold the same window; sealing and
    /// merging do not change the answer.
    ///
    /// # Errors
    /// What polars says while it builds the columns.
    pub fn seal(&mut self, watermark: Micros, keep: usize) -> Result<Option<DataFrame>> {
        let plan = self.plan.clone();
        let Some(window) = plan.window() else { return Ok(None) };
        let total = self.slots();
        if total <= keep || (keep > 0 && total > FEW_GROUPS && self.unseen < total / 4) {
            return Ok(None);
        }
        self.unseen = 0;
        self.compact()?;
        let final_at: Vec<Option<Micros>> =
            self.lasts()?.iter().map(|last| last.map(|last| window.final_at(last))).collect();
        let mut done: Vec<Micros> = final_at.iter().flatten().filter(|at| **at <= watermark).copied().collect();
        // Taking some out builds the rest anew, which must not happen for a few.
        let enough = keep == 0 || total <= FEW_GROUPS || done.len() > total / 4;
        if done.is_empty() || done.len() <= keep || !enough {
            return Ok(None);
        }
        done.sort_unstable();
        let Some(until) = done.get(done.len() - keep / 2 - 1).copied() else { return Ok(None) };
        let sealed: BooleanChunked = final_at.iter().map(|at| Some(at.is_some_and(|at| at <= until))).collect();
        let whole = self.to_frame()?;
        let mut rest = Self::new(plan)?;
        rest.merge_frame(&whole.filter(&!&sealed)?)?;
        *self = rest;
        Ok(Some(whole.filter(&sealed)?))
    }
}
