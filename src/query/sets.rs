//! Answers that are put together (UNION, EXCEPT, INTERSECT), each of the rows of one table. Binding is left to `bind`,
//! collecting the rows to the engine.

use std::sync::Arc;

use polars::prelude::*;

use super::sql::sets::SetOp;
use super::{Partial, Plan};
use crate::data::Result;

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

impl Sets {
    /// The answer over the rows of tables.
    ///
    /// # Errors
    /// What a question cannot be answered for.
    pub fn answer(&self, tables: &[DataFrame]) -> Result<DataFrame> {
        let rows = self.tree.answer(tables)?;
        self.above.iter().try_fold(rows, |rows, plan| ask(plan, &rows))
    }
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

    fn answer(&self, tables: &[DataFrame]) -> Result<DataFrame> {
        match self {
            Self::Select { table, plan } => {
                let none = DataFrame::default();
                ask(plan, tables.get(*table).unwrap_or(&none))
            }
            Self::Both { op, left, right, output, of_both } => {
                let sided = matches!(op, SetOp::Except | SetOp::Intersect);
                let side = |frame: DataFrame, which: i32| -> Result<DataFrame> {
                    let columns = frame.columns().iter().zip(output.iter());
                    let mut columns = columns
                        .map(|(column, (name, dtype))| Ok(column.cast(dtype)?.with_name(name.clone())))
                        .collect::<Result<Vec<Column>>>()?;
                    if sided {
                        columns.push(Column::new_scalar(SIDE.into(), Scalar::from(which), frame.height()));
                    }
                    Ok(DataFrame::new(frame.height(), columns)?)
                };
                let mut both = side(left.answer(tables)?, 0)?;
                both.vstack_mut(&side(right.answer(tables)?, 1)?)?;
                of_both.as_ref().map_or_else(|| Ok(both.clone()), |plan| ask(plan, &both))
            }
        }
    }
}

/// The answer to a question over rows.
fn ask(plan: &Arc<Plan>, rows: &DataFrame) -> Result<DataFrame> {
    let mut partial = Partial::new(plan.clone())?;
    partial.absorb(rows, None)?;
    Ok(partial.answer(None)?.frame)
}
