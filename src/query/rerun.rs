//! Questions that are not kept up to date row by row (sub-queries, UNION, WITH, several joins): polars' SQL answers
//! them anew over the rows of the tables they name. Collecting the rows, and when to ask again, is left to the engine.

use polars::prelude::*;
use polars::sql::SQLContext;

use super::model::Models;
use super::order::sorted;
use super::sql::{quote, quote_always};
use crate::data::Result;
use crate::sync::deep;

/// A question that is asked again and again.
#[derive(Debug)]
pub struct Rerun {
    /// As it was written.
    pub text: String,
    /// With every name as the tables have it.
    pub sql: String,
    pub tables: Vec<Needed>,
    /// What `predict` in it may name.
    pub models: Models,
    /// Whether the question itself says how its answer is ordered.
    pub ordered: bool,
    /// What items without a name of their own are called, in the order of the answer's columns.
    pub names: Vec<Option<String>>,
}

/// A table and the columns that the question may look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Needed {
    pub table: String,
    pub columns: Vec<PlSmallStr>,
    /// Calls of models as SQL, and their types: columns that come after those of the table.
    pub scores: Vec<(String, DataType)>,
}

impl Needed {
    /// The question that gives these rows.
    pub fn sql(&self) -> String {
        let scores = self.scores.iter().map(|(sql, _)| format!("{sql} AS {}", quote_always(sql)));
        let columns: Vec<String> = self.columns.iter().map(|c| quote_always(c)).chain(scores).collect();
        format!(
            "SELECT {} FROM {}",
            if columns.is_empty() { "1 AS one".to_owned() } else { columns.join(", ") },
            quote(&self.table)
        )
    }
}

impl Rerun {
    /// The answer over the rows of `tables`, in the order of `self.tables`. Where the question does not order its
    /// answer, its values do.
    ///
    /// # Errors
    /// polars' complaint.
    pub fn answer(&self, tables: &[DataFrame]) -> Result<DataFrame> {
        let mut context = SQLContext::new();
        for (needed, rows) in self.tables.iter().zip(tables) {
            context.register(&needed.table, rows.clone().lazy());
        }
        let mut answer = deep(|| context.execute(&self.sql)?.collect())?;
        for name in answer.get_column_names_owned() {
            let column = answer.column(&name)?;
            // Counts are whole numbers like any other.
            if *column.dtype() == IDX_DTYPE {
                let wide = column.cast(&DataType::Int64)?;
                answer.with_column(wide)?;
            }
        }
        if self.names.len() == answer.width() {
            let mut taken: Vec<PlSmallStr> = answer.get_column_names_owned();
            for (i, name) in self.names.iter().enumerate().filter_map(|(i, name)| name.as_ref().map(|name| (i, name))) {
                let free = |n: &String| taken.iter().enumerate().all(|(at, t)| at == i || t.as_str() != n);
                let name = std::iter::once(name.clone())
                    .chain((1..).map(|n| format!("{name}_{n}")))
                    .find(free)
                    .unwrap_or_default();
                if let Some(old) = taken.get_mut(i) {
                    let new = PlSmallStr::from(name);
                    answer.rename(&std::mem::replace(old, new.clone()), new)?;
                }
            }
        }
        if !self.ordered {
            let sortable = |c: &&Column| {
                c.dtype().is_primitive_numeric()
                    || c.dtype().is_temporal()
                    || matches!(c.dtype(), DataType::String | DataType::Boolean)
            };
            let by = answer.columns().iter().filter(sortable).map(|c| (c.clone(), false, false)).collect();
            if let Some(order) = sorted(answer.height(), by)? {
                answer = answer.take(&order)?;
            }
        }
        Ok(answer)
    }
}
