//! What a question knows so far: its groups, and the state of each aggregate in each group.
//!
//! `absorb` takes rows, `merge` takes another partial, `answer` reads without consuming. Merging is associative and
//! commutative and an empty partial is its identity, so the answer does not depend on how the rows were cut:
//! `answer(merge(partials)) == answer(Q over all rows)`. A partial travels as a `DataFrame`: key columns, then state columns.

use std::sync::Arc;

use polars::prelude::*;

use super::Plan;
use super::aggregate::Accumulator;
use super::expr::keep;
use super::join::distinct_rows;
use super::keys::Keys;
use super::plan::{call_name, key_name};
use super::rows::{At, Store, value_name};
use super::window::{Micros, Tumble, micros_of};
use crate::data::{Fault, Result};

#[derive(Debug)]
pub struct Partial {
    plan: Arc<Plan>,
    keys: Keys,
    states: Vec<Box<dyn Accumulator>>,
    /// The rows, where rows are shown instead of groups.
    rows: Option<Store>,
    /// The group of each row; kept for its memory.
    groups: Vec<u32>,
}

/// Where the rows of one `absorb` went: `rows == shown + filtered + late.height()`.
#[derive(Debug, Default)]
pub struct Absorbed {
    pub shown: u64,
    pub filtered: u64,
    /// Rows whose window was final already; they are not in the answer.
    pub late: Option<DataFrame>,
}

/// A finished answer.
#[derive(Debug)]
pub struct Answer {
    pub frame: DataFrame,
    pub groups: usize,
    /// What a person should know about it.
    pub notes: Vec<String>,
}

impl Partial {
    /// The identity of `merge`.
    ///
    /// # Errors
    /// When a key's type cannot be grouped by.
    pub fn new(plan: Arc<Plan>) -> Result<Self> {
        let keys = plan.new_keys()?;
        let states = plan.calls.iter().map(super::plan::Call::make).collect();
        let rows = plan.rows.as_ref().map(|rows| Store::new(plan.clone(), rows));
        let mut partial = Self { plan, keys, states, rows, groups: Vec::new() };
        if partial.plan.keys.is_empty() && partial.rows.is_none() {
            // Without GROUP BY there is one group, also over no rows.
            partial.keys.assign(&[], 0, &mut partial.groups)?;
            partial.states.iter_mut().for_each(|s| s.resize(1));
        }
        Ok(partial)
    }

    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Groups, or rows where those are kept.
    pub fn groups(&self) -> usize {
        self.rows.as_ref().map_or(self.keys.len(), Store::len)
    }

    /// Bytes held, about.
    pub fn size(&self) -> usize {
        self.rows.as_ref().map_or(0, Store::size) + self.keys.size() + self.states.iter().map(|s| s.size()).sum::<usize>() + self.groups.capacity() * 4
    }

    /// Takes rows. `frame` has the plan's columns. Where `watermark` is given, rows of windows that end at or before it
    /// are set aside.
    ///
    /// # Errors
    /// When an expression cannot be evaluated over these rows; the partial is then unchanged.
    pub fn absorb(&mut self, frame: &DataFrame, watermark: Option<Micros>) -> Result<Absorbed> {
        self.absorb_at(frame, watermark, None)
    }

    /// `absorb` for rows of which it is known where they stood.
    ///
    /// # Errors
    /// As `absorb`.
    pub fn absorb_at(&mut self, frame: &DataFrame, watermark: Option<Micros>, at: Option<At>) -> Result<Absorbed> {
        let plan = self.plan.clone();
        let mut absorbed = Absorbed::default();
        let mut rows = frame.clone();
        if let Some(filter) = &plan.filter {
            rows = filter_rows(&rows, &keep(filter, &rows)?)?;
            absorbed.filtered = (frame.height() - rows.height()) as u64;
        }
        if let (Some(store), Some(kept)) = (&mut self.rows, &plan.rows) {
            let values = kept.values.iter().enumerate().map(|(i, v)| Ok(v.scalar.of(&rows)?.with_name(value_name(i)))).collect::<Result<_>>()?;
            absorbed.shown = distinct_rows(&rows)?;
            store.add(at, DataFrame::new(rows.height(), values)?)?;
            return Ok(absorbed);
        }
        let mut window_starts = None;
        if let Some(window) = plan.window() {
            let mut starts = window.starts(&window.time.of(&rows)?)?;
            if let Some(late) = late_rows(window, &starts, watermark)? {
                absorbed.late = Some(filter_rows(&rows, &late)?);
                rows = filter_rows(&rows, &!&late)?;
                starts = starts.filter(&!&late)?;
            }
            window_starts = Some(starts);
        }
        let mut keys = Vec::with_capacity(plan.keys.len());
        for key in &plan.keys {
            keys.push(match (&key.window, &window_starts) {
                (Some(_), Some(starts)) => starts.clone(),
                _ => key.scalar.of(&rows)?,
            });
        }
        // Everything that can fail is evaluated before anything is changed.
        let mut inputs = Vec::with_capacity(plan.calls.len());
        for call in &plan.calls {
            let mask = call.filter.as_ref().map(|f| keep(f, &rows)).transpose()?;
            let argument = call.argument.as_ref().map(|(scalar, _)| scalar.of(&rows)).transpose()?;
            let argument = match (&mask, argument) {
                (Some(mask), Some(argument)) => Some(argument.filter(mask)?),
                (_, argument) => argument,
            };
            inputs.push((mask, argument));
        }
        self.keys.assign(&keys, rows.height(), &mut self.groups)?;
        let count = self.keys.len();
        for (state, (mask, argument)) in self.states.iter_mut().zip(&inputs) {
            state.resize(count);
            match mask {
                Some(mask) => {
                    let kept: Vec<u32> = self.groups.iter().zip(mask.iter()).filter(|(_, keep)| *keep == Some(true)).map(|(g, _)| *g).collect();
                    state.absorb(&kept, argument.as_ref())?;
                }
                None => state.absorb(&self.groups, argument.as_ref())?,
            }
        }
        absorbed.shown = distinct_rows(&rows)?;
        Ok(absorbed)
    }

    /// Keeps to `bytes`, about, where rows are kept and may be let go; false where they may not.
    pub fn keep_to(&mut self, bytes: usize) -> bool {
        self.rows.as_mut().is_some_and(|rows| rows.keep_to(bytes))
    }

    /// Takes the rows out as they would be shown: for a question that `streams`.
    ///
    /// # Errors
    /// When an expression of the answer cannot be evaluated.
    pub fn drain(&mut self) -> Result<DataFrame> {
        let rows = self.rows.as_mut().map(Store::drain).transpose()?.unwrap_or_default();
        self.plan.finish.apply(rows)
    }

    /// This partial as a table: key columns, then the state columns of each aggregate.
    ///
    /// # Errors
    /// What polars says while it builds the columns.
    pub fn to_frame(&self) -> Result<DataFrame> {
        if let Some(rows) = &self.rows {
            return rows.to_frame();
        }
        let mut columns = self.keys.columns()?;
        for (i, state) in self.states.iter().enumerate() {
            for (j, column) in state.state()?.into_iter().enumerate() {
                let name = format!("{}_{j}", call_name(i));
                columns.push(column.with_name(name.into()));
            }
        }
        Ok(DataFrame::new(self.keys.len(), columns)?)
    }

    /// Takes what another partial of the same plan knows.
    ///
    /// # Errors
    /// When the frame is not one of this plan.
    pub fn merge(&mut self, other: &DataFrame) -> Result<()> {
        if let Some(rows) = &mut self.rows {
            return rows.merge(other);
        }
        let mut columns = other.columns();
        let mut keys = Vec::with_capacity(self.plan.keys.len());
        for (i, key) in self.plan.keys.iter().enumerate() {
            let column = other.column(&key_name(i))?;
            if *column.dtype() != key.dtype {
                return Err(
                    Fault::new(format!("a partial result has {} where this question has {}", column.dtype(), key.dtype)).hint("it belongs to another question")
                );
            }
            keys.push(column.clone());
            columns = columns.get(1..).unwrap_or_default();
        }
        self.keys.assign(&keys, other.height(), &mut self.groups)?;
        let count = self.keys.len();
        for (i, state) in self.states.iter_mut().enumerate() {
            state.resize(count);
            let prefix = format!("{}_", call_name(i));
            let own = columns.iter().take_while(|c| c.name().starts_with(prefix.as_str())).count();
            let (own, rest) = columns.split_at(own);
            state.merge(&self.groups, own)?;
            columns = rest;
        }
        Ok(())
    }

    /// The answer to the rows taken so far.
    ///
    /// # Errors
    /// When a result has no place in its type, or an expression of the answer cannot be evaluated.
    pub fn answer(&self) -> Result<Answer> {
        if let Some(rows) = &self.rows {
            let frame = self.plan.finish.apply(rows.answer()?)?;
            let mut notes = division_notes(&frame, &self.plan.finish.divisions)?;
            notes.extend(rows.note());
            return Ok(Answer { groups: frame.height(), frame, notes });
        }
        let mut columns = self.keys.columns()?;
        for (i, (state, call)) in self.states.iter().zip(&self.plan.calls).enumerate() {
            let column = state.finish().map_err(|fault| fault.at(call.sql.clone()))?;
            columns.push(column.with_name(call_name(i)));
        }
        let kept = DataFrame::new(self.keys.len(), columns)?;
        let frame = self.plan.finish.apply(kept)?;
        let notes = division_notes(&frame, &self.plan.finish.divisions)?;
        Ok(Answer { frame, groups: self.keys.len(), notes })
    }
}

/// `frame.filter`, also for a frame without columns.
fn filter_rows(frame: &DataFrame, mask: &BooleanChunked) -> Result<DataFrame> {
    if frame.width() == 0 {
        return Ok(DataFrame::new(mask.sum().unwrap_or(0) as usize, Vec::new())?);
    }
    Ok(frame.filter(mask)?)
}

/// Which rows are late; `None` when none is.
fn late_rows(window: &Tumble, starts: &Column, watermark: Option<Micros>) -> Result<Option<BooleanChunked>> {
    let Some(watermark) = watermark else { return Ok(None) };
    let late: BooleanChunked = micros_of(starts)?.iter().map(|start| Some(start.is_some_and(|s| window.end(s) <= watermark))).collect();
    Ok(late.any().then_some(late))
}

/// A word about values that a division by zero made.
fn division_notes(frame: &DataFrame, divisions: &[PlSmallStr]) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for name in divisions {
        let column = frame.column(name)?;
        if !column.dtype().is_float() {
            continue;
        }
        let values = column.cast(&DataType::Float64)?;
        let odd = values.f64()?.iter().flatten().filter(|x| !x.is_finite()).count();
        if odd > 0 {
            notes.push(format!(
                "column '{name}': {odd} of {} values are not finite, from a division by zero; write x / NULLIF(y, 0) to make them null",
                frame.height()
            ));
        }
    }
    Ok(notes)
}
