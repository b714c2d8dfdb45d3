//! A large expression as steps: what each evaluates is a column for those after it. polars keeps with every node all
//! that is below it, and goes as deep as the expression; of steps that are small neither matters. Left to right stays
//! left to right.

use std::ops::ControlFlow;

use polars::prelude::*;
use sqlparser::ast::{Expr as Ast, VisitMut, VisitorMut};

use super::expr::{self, Place, evaluate};
use super::moment::Loss;
use crate::data::Result;

/// How deep and how large a step may be, and how many branches of CASE it may have.
const DEEP: usize = 32;
const LARGE: usize = 512;
const BRANCHES: usize = 32;
/// What the column of a step is called, with its number.
const STEP: &str = "__step";

/// Expressions that are evaluated one after the other; the last is the value.
#[derive(Clone, Debug)]
pub struct Steps {
    before: Vec<Expr>,
    last: Expr,
    /// Where times are calculated with, and what is lost there.
    losses: Vec<Loss>,
}

impl Steps {
    /// # Errors
    /// What polars does not understand.
    pub fn new(expr: &Ast, place: Place<'_>) -> Result<Self> {
        let ((before, last), mut losses) = (cut(expr), Vec::new());
        let mut to_polars = |step: &Ast| expr::to_polars_telling(step, place, &mut losses);
        let (before, last) = (before.iter().map(&mut to_polars).collect::<Result<_>>()?, to_polars(&last)?);
        Ok(Self { before, last, losses })
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
            let column = evaluate(&frame, step)?.with_name(name(i).into());
            frame = DataFrame::new(frame.height(), frame.columns().iter().cloned().chain([column]).collect())?;
        }
        Ok(frame)
    }

    /// Where times are calculated with: expressions over what `before` gives.
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }
}

fn name(i: usize) -> String {
    format!("{STEP}{i}")
}

/// The steps of an expression, and what is left of it.
pub fn cut(expr: &Ast) -> (Vec<Ast>, Ast) {
    let mut last = expr.clone();
    let mut cutter = Cutter { open: Vec::new(), steps: Vec::new() };
    let _ = VisitMut::visit(&mut last, &mut cutter);
    (cutter.steps, last)
}

struct Cutter {
    /// Of the expressions around the one at hand: how deep and how large the parts are that were seen.
    open: Vec<(usize, usize)>,
    steps: Vec<Ast>,
}

impl Cutter {
    /// Makes a step of a node: a column is left in its place.
    fn step(&mut self, node: &mut Ast) {
        let column = expr::column(&name(self.steps.len()));
        self.steps.push(std::mem::replace(node, column));
    }

    /// The last branches of a long CASE become the ELSE of those before them.
    fn branches(&mut self, node: &mut Ast) {
        let Ast::Case { operand, conditions, else_result, case_token, end_token } = node else { return };
        while conditions.len() > BRANCHES {
            let rest = conditions.split_off(conditions.len() - BRANCHES);
            let mut case = Ast::Case {
                operand: operand.clone(),
                conditions: rest,
                else_result: else_result.take(),
                case_token: case_token.clone(),
                end_token: end_token.clone(),
            };
            self.step(&mut case);
            *else_result = Some(Box::new(case));
        }
    }
}

impl VisitorMut for Cutter {
    type Break = ();

    fn pre_visit_expr(&mut self, _: &mut Ast) -> ControlFlow<()> {
        self.open.push((0, 0));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, node: &mut Ast) -> ControlFlow<()> {
        let (deep, large) = self.open.pop().unwrap_or_default();
        let (mut deep, mut large) = (deep + 1, large + 1);
        if matches!(node, Ast::Case { conditions, .. } if conditions.len() > BRANCHES) {
            self.branches(node);
        }
        if (deep >= DEEP || large >= LARGE) && !self.open.is_empty() && is_value(node) {
            self.step(node);
            (deep, large) = (0, 1);
        }
        if let Some(around) = self.open.last_mut() {
            *around = (around.0.max(deep), around.1 + large);
        }
        ControlFlow::Continue(())
    }
}

/// What is written out may have a meaning only where it stands.
fn is_value(node: &Ast) -> bool {
    !matches!(node, Ast::Value(_) | Ast::Interval(_) | Ast::Tuple(_) | Ast::Identifier(_))
}
