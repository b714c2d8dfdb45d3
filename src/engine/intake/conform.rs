//! A feed's rows in the columns and types of its table.

use polars::prelude::*;

use super::needed_columns;
use crate::data::{Chunk, Fault, Result};
use crate::engine::run::Shared;

/// Gives a feed's rows the columns and types of its table.
pub(super) struct Conform {
    /// Which of the feed's columns are read.
    pub(super) projection: Vec<usize>,
    /// What the table wants: name, type, and whether the feed has it.
    columns: Vec<(PlSmallStr, DataType, bool)>,
}

impl Conform {
    pub(super) fn new(shared: &Shared, settled: &SchemaRef, source: &str) -> Self {
        let wanted = needed_columns(shared, true);
        let mut conform = Self { projection: Vec::new(), columns: Vec::new() };
        for name in wanted {
            let dtype = shared.table.schema.get(&name).cloned().unwrap_or(DataType::Null);
            let index = settled.index_of(&name);
            if index.is_none() {
                shared.note(format!("{source} has no column '{name}': its rows have null there"));
            }
            conform.projection.extend(index);
            conform.columns.push((name, dtype, index.is_some()));
        }
        conform
    }

    pub(super) fn apply(&self, mut chunk: Chunk) -> Result<Chunk> {
        let height = chunk.frame.height();
        let mut given = chunk.frame.columns().iter();
        let mut columns = Vec::with_capacity(self.columns.len());
        for (name, dtype, there) in &self.columns {
            let column = match if *there { given.next() } else { None } {
                Some(column) if column.dtype() == dtype => column.clone(),
                Some(column) => column.strict_cast(dtype).map_err(|e| Fault::from(e).at(chunk.source.to_string()))?.with_name(name.clone()),
                None => Column::full_null(name.clone(), height, dtype),
            };
            columns.push(column);
        }
        chunk.frame = DataFrame::new(height, columns)?;
        Ok(chunk)
    }
}
