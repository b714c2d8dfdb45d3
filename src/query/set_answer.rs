//! The answer to a question that puts answers together, over the rows of its tables. Collecting these is left to the
//! engine.

use std::sync::Arc;

use polars::prelude::*;

use super::Plan;
use super::partial::Answer;
use super::sets::{SIDE, SetNode, Sets};
use super::sql::sets::SetOp;
use crate::data::Result;
use crate::sync::deep;

/// The answer over the rows of tables, in the order of the question's tables.
///
/// # Errors
/// What a question cannot be answered for.
pub fn answer(sets: &Sets<Plan>, tables: &[DataFrame]) -> Result<DataFrame> {
    deep(|| {
        let rows = rows_of(&sets.tree, tables)?;
        sets.above.iter().try_fold(rows, |rows, plan| ask(plan, &rows))
    })
}

fn rows_of(node: &SetNode<Plan>, tables: &[DataFrame]) -> Result<DataFrame> {
    match node {
        SetNode::Select { table, plan, .. } => {
            let none = DataFrame::default();
            ask(plan, tables.get(*table).unwrap_or(&none))
        }
        SetNode::Both { op, left, right, output, of_both } => {
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
            let mut both = side(rows_of(left, tables)?, 0)?;
            both.vstack_mut(&side(rows_of(right, tables)?, 1)?)?;
            match of_both {
                Some(plan) => ask(plan, &both),
                None => Ok(both),
            }
        }
    }
}

/// The answer to a question over rows.
fn ask(plan: &Arc<Plan>, rows: &DataFrame) -> Result<DataFrame> {
    Ok(Answer::over(plan, rows)?.frame)
}
