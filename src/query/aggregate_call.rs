//! One call of an aggregate, bound: what it takes of rows, and which accumulator it is.

use polars::prelude::*;

use super::aggregate::{Accumulator, Aggregate, Class, Distinct};
use super::expr::Scalar;
use super::order_by::SortExpr;
use super::order_key::order_key;
use crate::data::Result;

/// One aggregate call; equal calls are kept once.
#[derive(Debug)]
pub struct AggregateCall {
    pub aggregate: &'static Aggregate,
    /// Whether it says DISTINCT (`count(DISTINCT x)` is an aggregate of its own).
    pub distinct: bool,
    /// What is read from each row, event time included; none for `count(*)`.
    pub inputs: Vec<Scalar>,
    /// Which rows come first, where that is one more input.
    pub order: CallOrder,
    /// The inputs' types.
    pub types: Vec<DataType>,
    /// The values of the constant parameters.
    pub parameters: Vec<f64>,
    /// The FILTER clause.
    pub filter: Option<Scalar>,
    /// As written, for errors and the class shown.
    pub sql: String,
}

/// What says which rows come first.
#[derive(Debug)]
pub enum CallOrder {
    /// Nothing, or the event time, which is an input like any other.
    None,
    /// ORDER BY in the call.
    By(Vec<SortExpr>),
    /// Where they stood in their sources, as in an answer without ORDER BY.
    Rows,
    /// The places at which a window has them.
    Places,
}

impl CallOrder {
    /// The type of what says it.
    pub fn dtype(&self) -> Option<DataType> {
        match self {
            Self::None => None,
            Self::By(_) | Self::Rows => Some(DataType::Binary),
            Self::Places => Some(DataType::UInt64),
        }
    }
}

impl AggregateCall {
    pub fn make(&self) -> Box<dyn Accumulator> {
        if self.distinct && !self.aggregate.by_order {
            return Distinct::boxed(self.aggregate, &self.types, &self.parameters);
        }
        (self.aggregate.make)(&self.types, &self.parameters)
    }

    /// The answer's type.
    pub fn output(&self) -> DataType {
        (self.aggregate.output)(&self.types).unwrap_or(DataType::Null)
    }

    /// Whether it goes by where rows stood in their sources.
    pub fn goes_by_rows(&self) -> bool {
        matches!(self.order, CallOrder::Rows)
    }

    /// How exact it is, and what it costs.
    pub fn class(&self) -> Class {
        let ordered = matches!(self.order, CallOrder::By(_));
        match self.aggregate.class {
            rows @ Class::KeepsRows { .. } => rows,
            _ if self.distinct && !ordered => Class::KeepsValues,
            class => class,
        }
    }

    /// What it takes of rows at places: `rows` has the row at each.
    ///
    /// # Errors
    /// What polars says while it evaluates an expression.
    pub fn read(&self, frame: &DataFrame, rows: &IdxCa) -> Result<Vec<Column>> {
        let placed = |column: Column| column.take(rows);
        let mut inputs =
            self.inputs.iter().map(|input| Ok(placed(input.of(frame)?)?)).collect::<Result<Vec<Column>>>()?;
        match &self.order {
            CallOrder::None => {}
            CallOrder::By(order) => inputs.push(placed(order_key(order, |scalar| scalar.of(frame))?)?),
            CallOrder::Rows | CallOrder::Places => {
                inputs.push(Column::new("place".into(), (0..rows.len() as u64).collect::<Vec<_>>()));
            }
        }
        Ok(inputs)
    }
}
