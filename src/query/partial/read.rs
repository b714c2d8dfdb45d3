//! From groups to the answer, without consuming them.

use super::Partial;
use crate::data::Result;
use crate::query::Plan;
use crate::query::blocks::{AnswerBlocks, MANY};
use crate::query::finish::STATUS;
use crate::query::plan::{END, call_name};
use crate::query::row_store::RowStore;
use crate::query::window::{Micros, WindowStatus, as_times};
use polars::prelude::*;
use std::sync::{Arc, PoisonError};

/// A finished answer.
#[derive(Debug)]
pub struct Answer {
    pub frame: DataFrame,
    pub groups: usize,
    /// What a person should know about it.
    pub notes: Vec<String>,
    /// Where the question has a window: whether the window of each row of `frame` is open, final or corrected.
    pub status: Option<Vec<WindowStatus>>,
}

impl Answer {
    /// From what is kept of each group.
    pub(super) fn of(plan: &Plan, kept: DataFrame, groups: usize) -> Result<Self> {
        let mut frame = plan.finish.apply(kept)?;
        let status = match plan.window() {
            Some(_) => Some(
                frame
                    .drop_in_place(STATUS)?
                    .u8()?
                    .iter()
                    .map(|code| WindowStatus::from_code(code.unwrap_or(0)))
                    .collect(),
            ),
            None => None,
        };
        let notes = division_notes(&frame, &plan.finish.divisions)?;
        let answer = Self { frame, groups, notes, status };
        plan.above.iter().try_fold(answer, Self::asked)
    }

    /// The answer to a question about this one.
    fn asked(self, above: &Arc<Plan>) -> Result<Self> {
        let Self { frame, notes, .. } = Self::over(above, &self.frame, &mut |_| Ok(()))?;
        // Windows are those of the question below: none is one of what is seen.
        Ok(Self { frame, groups: self.groups, notes: self.notes.into_iter().chain(notes).collect(), status: None })
    }

    /// The answer to a question over rows that are the answer to another. `more` adds columns to what is kept of them.
    ///
    /// # Errors
    /// As `Partial::absorb` and `Partial::answer`, and those of `more`.
    pub(in crate::query) fn over(
        plan: &Arc<Plan>,
        rows: &DataFrame,
        more: &mut dyn FnMut(&mut DataFrame) -> Result<()>,
    ) -> Result<Self> {
        let mut partial = Partial::new(plan.clone())?;
        let lost = partial.absorb(rows, None)?.cells.count();
        let mut kept = partial.kept(None)?;
        more(&mut kept)?;
        let mut answer = Self::of(plan, kept, partial.groups())?;
        if lost > 0 {
            answer.notes.insert(0, format!("{lost} values of the answer below have no place in their type"));
        }
        Ok(answer)
    }
}

impl Partial {
    /// The answer to the rows taken so far, and by `watermark` which of its windows are final: none without one.
    ///
    /// # Errors
    /// When a result has no place in its type, or an expression of the answer cannot be evaluated.
    pub fn answer(&self, watermark: Option<Micros>) -> Result<Answer> {
        let mut answer = Answer::of(&self.plan, self.kept(watermark)?, self.groups())?;
        answer.notes.extend(self.rows.as_ref().and_then(RowStore::note));
        Ok(answer)
    }

    /// `finished` of a large answer that is read often: what has not changed is not finished again.
    fn finished_in_blocks(&self) -> Result<DataFrame> {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(blocks) = blocks.as_mut() else {
            // The first reading may be the only one.
            *blocks = Some(AnswerBlocks::default());
            return self.finished();
        };
        // Of an aggregate that cannot finish a part of its groups, all are finished once and cut.
        let mut whole: Vec<Option<Column>> = self.states.iter().map(|_| None).collect();
        let key_columns = self.plan.keys.len();
        blocks.read(
            self.keys.len(),
            || self.finished(),
            |groups, before| {
                // A group's key stays what it is.
                let known = before.and_then(|block| block.columns().get(..key_columns)).map(<[Column]>::to_vec);
                let mut columns = known.map_or_else(|| self.keys.some_columns(groups.clone()), Ok)?;
                for (i, ((state, call), whole)) in self.states.iter().zip(&self.plan.calls).zip(&mut whole).enumerate()
                {
                    let cut = |all: &Column| all.slice(groups.start as i64, groups.len());
                    let column = match (state.finish_some(groups.clone()), &whole) {
                        (Some(column), _) => column,
                        (None, Some(all)) => Ok(cut(all)),
                        (None, None) => state.finish().map(|all| cut(whole.insert(all))),
                    };
                    columns.push(column.map_err(|fault| fault.at(call.sql.clone()))?.with_name(call_name(i)));
                }
                Ok(DataFrame::new(groups.len(), columns)?)
            },
        )
    }

    /// The keys of each group and the results of its aggregates.
    fn finished(&self) -> Result<DataFrame> {
        let mut columns = self.keys.columns()?;
        for (i, (state, call)) in self.states.iter().zip(&self.plan.calls).enumerate() {
            let column = state.finish().map_err(|fault| fault.at(call.sql.clone()))?;
            columns.push(column.with_name(call_name(i)));
        }
        Ok(DataFrame::new(self.keys.len(), columns)?)
    }

    /// One row a group: its keys, the results of its aggregates, and the end and status of its window.
    pub(in crate::query) fn kept(&self, watermark: Option<Micros>) -> Result<DataFrame> {
        if let Some(rows) = &self.rows {
            return rows.answer();
        }
        if self.plan.window().is_none() && self.keys.len() >= MANY {
            return self.finished_in_blocks();
        }
        let settled = self.settled()?;
        let (states, corrected) =
            settled.as_ref().map_or((&self.states, &self.corrected), |s| (&s.states, &s.corrected));
        let mut columns = self.key_columns()?;
        if let Some(settled) = &settled {
            columns = columns.iter().map(|column| column.take(&settled.slots)).collect::<PolarsResult<_>>()?;
        }
        for (i, (state, call)) in states.iter().zip(&self.plan.calls).enumerate() {
            let column = state.finish().map_err(|fault| fault.at(call.sql.clone()))?;
            columns.push(column.with_name(call_name(i)));
        }
        if let Some(window) = self.plan.window() {
            let mut lasts = self.lasts()?;
            if let Some(settled) = &settled {
                lasts = lasts.take(&settled.slots)?;
            }
            columns.push(as_times(END.into(), lasts.iter().map(|last| last.map(|last| window.end(last))).collect()));
            let status = |(group, last): (usize, Option<Micros>)| {
                WindowStatus::of(last.map(|last| window.final_at(last)), corrected.get(group) == Some(&true), watermark)
                    as u8
            };
            columns.push(Column::new(STATUS.into(), lasts.iter().enumerate().map(status).collect::<Vec<u8>>()));
        }
        Ok(DataFrame::new(self.groups(), columns)?)
    }
}

/// A word about values that a division by zero may have made; a division that overflows gives the same values.
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
                "column '{name}': {odd} of {} values are not finite: a division by zero, or a number too large for its \
                 type; x / NULLIF(y, 0) is null where y is zero",
                frame.height()
            ));
        }
    }
    Ok(notes)
}
