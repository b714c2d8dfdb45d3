//! Answers that are put together (UNION, EXCEPT, INTERSECT), each of the rows of one table. Binding is left to `bind`,
//! answering to `set_answer`.

use std::sync::Arc;

use polars::prelude::*;

use super::plan::Plan;
use super::sql::sets::SetOp;

/// The column that says of which of the two answers a row is, where that matters.
pub const SIDE: &str = "which of the two";

/// Answers that are put together, and the questions that are asked of all of it, one of the other.
#[derive(Debug)]
pub struct Sets {
    pub tree: SetNode,
    pub above: Vec<Arc<Plan>>,
}

/// The answer of a question about the rows of a table, or two answers put together.
#[derive(Debug)]
pub enum SetNode {
    Select {
        /// By its place among the tables of the question.
        table: usize,
        plan: Arc<Plan>,
    },
    Both {
        op: SetOp,
        left: Box<SetNode>,
        right: Box<SetNode>,
        /// The columns of both: the names of the left one's, in types that hold the values of both.
        output: SchemaRef,
        /// What is asked of the rows of both; all of them are kept without.
        of_both: Option<Arc<Plan>>,
    },
}

impl SetNode {
    pub fn output(&self) -> &SchemaRef {
        match self {
            Self::Select { plan, .. } => &plan.output,
            Self::Both { output, .. } => output,
        }
    }

    /// Shows the question of each SELECT, with the place of its table.
    pub fn each(&self, step: &mut dyn FnMut(usize, &Plan)) {
        match self {
            Self::Select { table, plan } => step(*table, plan),
            Self::Both { left, right, .. } => {
                left.each(step);
                right.each(step);
            }
        }
    }
}
