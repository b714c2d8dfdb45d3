//! A large expression as steps. polars keeps with every node all that is below it, and goes as deep as the expression;
//! of steps that are small neither matters. Left to right stays left to right.

use polars::prelude::*;
use sqlparser::ast::Expr as Ast;

use super::cut::{cut, step_name};
use super::evaluate::evaluate;
use super::lower::to_polars;
use super::time_calls::TimeOverflow;
use crate::data::Result;
use crate::query::sql::span::ClauseSpan;

/// Expressions that are evaluated one after the other; the last is the value.
#[derive(Clone, Debug)]
pub struct Steps {
    before: Vec<Expr>,
    last: Expr,
    /// Where times are calculated with, and what is lost there.
    overflows: Vec<TimeOverflow>,
}

impl Steps {
    /// # Errors
    /// What polars does not understand.
    pub fn new(expr: &Ast, place: ClauseSpan<'_>) -> Result<Self> {
        let ((before, last), mut overflows) = (cut(expr), Vec::new());
        let mut lower = |step: &Ast| to_polars(step, place, &mut overflows);
        let (before, last) = (before.iter().map(&mut lower).collect::<Result<_>>()?, lower(&last)?);
        Ok(Self { before, last, overflows })
    }

    /// The value for each row of `frame`, which has the columns that are read.
    ///
    /// # Errors
    /// What polars says while it evaluates.
    pub fn of(&self, frame: &DataFrame) -> Result<Column> {
        evaluate(&self.before(frame)?, &self.last)
    }

    /// `frame` with what is evaluated before the value.
    ///
    /// # Errors
    /// What polars says while it evaluates.
    pub fn before(&self, frame: &DataFrame) -> Result<DataFrame> {
        let mut frame = frame.clone();
        for (i, step) in self.before.iter().enumerate() {
            let column = evaluate(&frame, step)?.with_name(step_name(i).into());
            frame = DataFrame::new(frame.height(), frame.columns().iter().cloned().chain([column]).collect())?;
        }
        Ok(frame)
    }

    /// Where times are calculated with: expressions over what `before` gives.
    pub fn overflows(&self) -> &[TimeOverflow] {
        &self.overflows
    }
}
