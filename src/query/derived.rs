//! A column that is computed from others, row by row: an expression as questions have it, for code that needs one
//! outside of a question. Aggregates and windows are left to `bind`.

use polars::prelude::*;

use super::bind::find_aggregate;
use super::expr::{self, Scalar};
use super::query::{Clause, Query};
use super::scope::{InputTable, Scope};
use super::sql::span::ClauseSpan;
use crate::data::Result;
use crate::sync::deep;

/// An expression over the rows of one table.
#[derive(Clone, Debug)]
pub struct Derived {
    scalar: Scalar,
    /// The columns that it reads, in the table's order.
    pub columns: Vec<PlSmallStr>,
    pub dtype: DataType,
}

impl Derived {
    /// # Errors
    /// When it is no expression of the table's columns; the span points into `sql`.
    pub fn bind(sql: &str, table: InputTable<'_>) -> Result<Self> {
        deep(|| Self::bind_here(sql, table))
    }

    fn bind_here(sql: &str, table: InputTable<'_>) -> Result<Self> {
        let clause = Clause::from(sql);
        let place = ClauseSpan { text: sql, clause: &clause };
        let scope = Scope::new(&Query::default(), table, None)?;
        let mut ast = expr::parse(place)?;
        if let Some(call) = find_aggregate(&ast) {
            let fault = place.fault_on(format!("this looks at single rows, and {} needs many", call.name), &call);
            return Err(fault.hint("compare the row's own columns, such as delay > 15"));
        }
        let used = expr::resolve(&mut ast, table.schema, &scope, place)?;
        let (scalar, dtype) = Scalar::bind(&ast, table.schema, place)?;
        let columns = table.schema.iter_names().filter(|name| used.contains(*name)).cloned().collect();
        Ok(Self { scalar, columns, dtype })
    }

    /// One value a row of `frame`, which has the columns.
    ///
    /// # Errors
    /// When it cannot be computed.
    pub fn of(&self, frame: &DataFrame) -> Result<Column> {
        self.scalar.of(frame)
    }
}
