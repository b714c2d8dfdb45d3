//! A large expression cut into steps: what each evaluates is a column for those after it.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr as Ast, VisitorMut};

use super::tree::column;
use crate::query::walk;

/// How deep and how large a step may be, and how many branches of CASE it may have.
const DEEP: usize = 32;
const LARGE: usize = 512;
const BRANCHES: usize = 32;
/// What the column of a step is called, with its number.
const STEP: &str = "__step";

/// What the column of a step is called.
pub(super) fn step_name(i: usize) -> String {
    format!("{STEP}{i}")
}

/// The steps of an expression, and what is left of it.
pub(super) fn cut(expr: &Ast) -> (Vec<Ast>, Ast) {
    let mut last = expr.clone();
    let mut cutter = Cutter { open: Vec::new(), steps: Vec::new() };
    let _ = walk::visit_mut(&mut last, &mut cutter);
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
        let column = column(&step_name(self.steps.len()));
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
