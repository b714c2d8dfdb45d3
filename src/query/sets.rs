//! Answers that are put together (UNION, EXCEPT, INTERSECT), each of the rows of one table. Binding is left to `bind`,
//! answering to `set_answer`.

use std::sync::Arc;

use polars::prelude::*;

use super::sql::sets::SetOp;

/// The column that says of which of the two answers a row is, where that matters.
pub const SIDE: &str = "which of the two";

/// Answers that are put together, and the questions that are asked of all of it, one of the other.
#[derive(Debug)]
pub struct Sets<P> {
    pub tree: SetNode<P>,
    pub above: Vec<Arc<P>>,
}

/// The answer of a question about the rows of a table, or two answers put together.
#[derive(Debug)]
pub enum SetNode<P> {
    Select {
        /// By its place among the tables of the question.
        table: usize,
        plan: Arc<P>,
        /// Its columns.
        output: SchemaRef,
    },
    Both {
        op: SetOp,
        left: Box<Self>,
        right: Box<Self>,
        /// The columns of both: the names of the left one's, in types that hold the values of both.
        output: SchemaRef,
        /// What is asked of the rows of both; all of them are kept without.
        of_both: Option<Arc<P>>,
    },
}

impl<P> SetNode<P> {
    pub fn output(&self) -> &SchemaRef {
        match self {
            Self::Select { output, .. } | Self::Both { output, .. } => output,
        }
    }

    /// Shows the question of each SELECT, with the place of its table.
    pub fn each(&self, step: &mut dyn FnMut(usize, &P)) {
        match self {
            Self::Select { table, plan, .. } => step(*table, plan),
            Self::Both { left, right, .. } => {
                left.each(step);
                right.each(step);
            }
        }
    }
}
