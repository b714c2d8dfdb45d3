//! A feed's rows in the columns and types of its table.

use polars::prelude::*;

use crate::data::{Chunk, Fault, Result, broken, time};
use crate::engine::query_set::QuerySet;
use crate::engine::scan::Scan;

/// Gives a feed's rows the columns and types of its table.
pub(in crate::engine) struct Conform {
    /// Which of the feed's columns are read.
    pub(in crate::engine) projection: Vec<usize>,
    /// Those of them that are vital to a question; `None` where rows are not marked.
    pub(in crate::engine) vital: Option<Vec<usize>>,
    /// What the table wants: name, type, and whether the feed has it.
    columns: Vec<(PlSmallStr, DataType, bool)>,
}

impl Conform {
    pub(super) fn new(scan: &Scan, set: &QuerySet, settled: &SchemaRef, source: &str) -> Self {
        let (mut conform, missing) = Self::to(&set.columns, &scan.table.schema, settled);
        conform.vital = Some(set.vital.iter().filter_map(|name| settled.index_of(name)).collect());
        for name in missing {
            scan.note(format!("{source} has no column '{name}': its rows have null there"));
        }
        conform
    }

    /// To these columns of a table; and those of them that the feed does not have: its rows are null there.
    pub(in crate::engine) fn to(wanted: &[PlSmallStr], table: &Schema, settled: &Schema) -> (Self, Vec<PlSmallStr>) {
        let mut conform = Self { projection: Vec::new(), vital: None, columns: Vec::new() };
        let mut missing = Vec::new();
        for name in wanted {
            let dtype = table.get(name).cloned().unwrap_or(DataType::Null);
            let index = settled.index_of(name);
            if index.is_none() {
                missing.push(name.clone());
            }
            conform.projection.extend(index);
            conform.columns.push((name.clone(), dtype, index.is_some()));
        }
        (conform, missing)
    }

    pub(in crate::engine) fn apply(&self, mut chunk: Chunk) -> Result<Chunk> {
        let height = chunk.frame.height();
        let mut given = chunk.frame.columns().iter();
        let mut columns = Vec::with_capacity(self.columns.len());
        let mut lost = Vec::new();
        for (name, dtype, there) in &self.columns {
            let column = match if *there { given.next() } else { None } {
                Some(column) if column.dtype() == dtype => column.clone(),
                Some(column) if time::is_time(column.dtype()) && time::is_time(dtype) => {
                    let moved = time::convert(column, dtype)?.with_name(name.clone());
                    let gone = &moved.is_null() & &column.is_not_null();
                    if gone.any() {
                        chunk.rejects.cells.note(name, u64::from(gone.sum().unwrap_or(0)));
                        lost.push((name.clone(), gone));
                    }
                    moved
                }
                Some(column) => column
                    .strict_cast(dtype)
                    .map_err(|e| Fault::from(e).at(chunk.source.to_string()))?
                    .with_name(name.clone()),
                None => Column::full_null(name.clone(), height, dtype),
            };
            columns.push(column);
        }
        columns.extend(broken::marks(&chunk.frame).cloned());
        let mut frame = DataFrame::new(height, columns)?;
        for (name, lost) in lost.into_iter().filter(|_| self.vital.is_some()) {
            broken::mark(&mut frame, &name, lost)?;
        }
        chunk.frame = frame;
        Ok(chunk)
    }
}
