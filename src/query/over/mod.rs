//! Window functions over the answer: `rank() OVER (PARTITION BY … ORDER BY …)` and others, computed each time the
//! answer is made, from the rows or groups that are kept. Event-time windows are another thing: they are in `window`.

mod evaluate;
mod running;

use polars::prelude::*;

use super::expr::Scalar;
use super::order_by::SortExpr;

/// A call that can be evaluated.
#[derive(Debug)]
pub struct OverCall {
    pub kind: OverFunction,
    pub args: Vec<Scalar>,
    pub partition: Vec<Scalar>,
    pub order: Vec<SortExpr>,
    pub frame: OverFrame,
    pub dtype: DataType,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OverFunction {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    Lag(i64),
    First,
    Last,
    Count,
    Sum,
    Avg,
    Min,
    Max,
}

/// Which rows of its partition a row looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OverFrame {
    /// As SQL has it without a frame: up to this row and its equals where there is an order, else all.
    Usual,
    /// This number of rows before and after the row; `None` is all rows there.
    Rows { before: Option<usize>, after: Option<usize> },
}

/// The column of a window function's values.
pub(super) fn name(i: usize) -> PlSmallStr {
    format!("__win{i}").into()
}
