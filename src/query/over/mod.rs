//! Window functions over the answer: `rank() OVER (PARTITION BY … ORDER BY …)` and others, computed each time the
//! answer is made, from the rows or groups that are kept. Event-time windows are another thing: they are in `window`.

mod aggregate;
mod evaluate;
mod frame;
mod layout;
mod place;
mod rank;
mod running;

use polars::prelude::*;

use super::aggregate_call::AggregateCall;
use super::expr::Scalar;
use super::order_by::SortExpr;
pub use frame::{Distance, FrameBound, FrameUnit, OverFrame};

/// A call that can be evaluated.
#[derive(Debug)]
pub struct OverCall {
    pub kind: OverFunction,
    /// What is read of each row, and of `lag` and `lead` the value where there is no such row; none for an aggregate.
    pub args: Vec<Scalar>,
    /// The aggregate, where it is one.
    pub aggregate: Option<AggregateCall>,
    /// IGNORE NULLS: rows without a value are passed over.
    pub ignores_nulls: bool,
    pub partition: Vec<Scalar>,
    pub order: Vec<SortExpr>,
    pub frame: OverFrame,
    pub dtype: DataType,
    pub text: String,
}

/// What a call with OVER computes of a row's place among others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OverFunction {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    /// Into how many parts the rows are divided.
    Ntile(i64),
    /// How many rows before; `lead` looks as many rows after.
    Lag(i64),
    First,
    Last,
    /// Which row of the frame, from 1.
    Nth(i64),
    /// An aggregate of the frame's rows.
    Aggregate,
}

/// The column of a window function's values.
pub(super) fn name(i: usize) -> PlSmallStr {
    format!("__win{i}").into()
}
