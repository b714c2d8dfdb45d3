//! A columnar file as history: one piece a row group, in file order.

use std::path::Path;
use std::sync::Arc;

use polars::prelude::*;

use super::input::Stamp;
use super::{Extent, FileSplit, History, Reader, slices};
use crate::data::format::{ColumnFile, Format, FormatKind};
use crate::data::reject::KEPT;
use crate::data::{Fault, Reject, Rejects, Result, broken, time};

#[derive(Debug)]
pub(super) struct Columns(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: Arc<str>,
    stamp: Stamp,
    file: Arc<dyn ColumnFile>,
    /// The file's own, with the types that the table wants.
    schema: SchemaRef,
    notes: Vec<String>,
}

impl Columns {
    pub fn new(path: &Path, format: &Format, known: Option<SchemaRef>, mut notes: Vec<String>) -> Result<Self> {
        let FormatKind::Columns { open } = format.kind else {
            return Err(Fault::new("this is text").at(path.display().to_string()));
        };
        let stamp = Stamp::take(path)?;
        let file = open(path)?;
        notes.extend_from_slice(file.left_out());
        let mut schema = Schema::clone(file.schema());
        for (name, dtype) in known.iter().flat_map(|known| known.iter()).filter(|(_, dtype)| **dtype != DataType::Null)
        {
            let Some(own) = schema.get(name).filter(|own| *own != dtype) else { continue };
            if !convertible(own, dtype) {
                let what = format!("the column '{name}' holds {own} here, but the table has {dtype}");
                return Err(Fault::new(what).at(path.display().to_string()).hint("open it as a table of its own"));
            }
            schema.insert(name.clone(), dtype.clone());
        }
        Ok(Self(Arc::new(Inner { name: path.display().to_string().into(), stamp, file, schema: schema.into(), notes })))
    }
}

/// Whether every value of one type has a counterpart in the other, or visibly none.
fn convertible(from: &DataType, to: &DataType) -> bool {
    let number = |dtype: &DataType| dtype.is_integer() || dtype.is_float();
    from == &DataType::Null
        || (number(from) && number(to) && !(from.is_float() && to.is_integer()))
        || (from.is_temporal()
            && to.is_temporal()
            && !matches!((from, to), (_, DataType::Time | DataType::Duration(_) | DataType::Date)))
        || (from == &DataType::String && matches!(to, DataType::Categorical(..) | DataType::Binary))
        || to == &DataType::String
}

impl History for Columns {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn schema(&self) -> &SchemaRef {
        &self.0.schema
    }

    fn extent(&self) -> Extent {
        let rows = self.0.file.groups().iter().map(|group| group.rows).sum();
        Extent { bytes: self.0.stamp.bytes, rows: Some(rows) }
    }

    fn piece_bytes(&self, columns: &[usize]) -> u64 {
        let width = |column: &usize| self.0.schema.get_at_index(*column).map_or(0, |(_, dtype)| width(dtype));
        let row: u64 = columns.iter().map(width).sum();
        let share = columns.len() as f64 / self.0.schema.len().max(1) as f64;
        // What is packed, what is unpacked of it at a time, and the values themselves.
        let bytes = |rows: u64, packed: u64| rows.saturating_mul(row) + (packed as f64 * share * 2.0) as u64;
        self.0.file.groups().iter().map(|group| bytes(group.rows, group.bytes)).max().unwrap_or(0)
    }

    fn notes(&self) -> &[String] {
        &self.0.notes
    }

    fn open_vital(&self, columns: &[usize], vital: Option<&[usize]>) -> Result<Box<dyn Reader>> {
        self.0.stamp.check(false)?;
        Ok(Box::new(Groups {
            file: self.0.clone(),
            columns: columns.into(),
            vital: vital.map(Arc::from),
            next: 0,
            row: 0,
            told: 0,
        }))
    }
}

/// What a value takes, bytes; of a text or a list the place where it lies.
fn width(dtype: &DataType) -> u64 {
    match dtype {
        DataType::Boolean | DataType::Int8 | DataType::UInt8 => 1,
        DataType::Int16 | DataType::UInt16 => 2,
        DataType::Int32 | DataType::UInt32 | DataType::Float32 | DataType::Date => 4,
        DataType::String | DataType::Binary | DataType::List(_) => 16,
        _ => 8,
    }
}

struct Groups {
    file: Arc<Inner>,
    columns: Arc<[usize]>,
    vital: Option<Arc<[usize]>>,
    next: usize,
    /// The first row of the next group, from 0.
    row: u64,
    told: u64,
}

impl Reader for Groups {
    fn next(&mut self) -> Result<Option<FileSplit>> {
        let groups = self.file.file.groups();
        let total = self.file.stamp.bytes;
        let Some(group) = groups.get(self.next).copied() else {
            let rest = total - self.told;
            self.told = total;
            // A file without a row group has been read, too.
            return Ok((rest > 0 && groups.is_empty()).then(|| FileSplit::new(|| Ok(Vec::new()))));
        };
        self.file.stamp.check(false)?;
        let (place, first) = (self.next, self.row);
        self.next += 1;
        self.row += group.rows;
        // The footer is counted with the last group.
        let last = self.next == groups.len();
        let bytes = if last { total - self.told } else { group.bytes.min(total - self.told) };
        self.told += bytes;
        let (file, columns, vital, end) = (self.file.clone(), self.columns.clone(), self.vital.clone(), self.row);
        Ok(Some(FileSplit::new(move || {
            let frame = file.file.read(place, &columns);
            // A file that changed under the reading explains any error better than the error does.
            file.stamp.check(false)?;
            let (frame, rejects) = file.convert(frame?, &columns, vital.as_deref(), first)?;
            Ok(slices(frame, rejects, &file.name, first..end, bytes))
        })))
    }
}

impl Inner {
    /// Gives the columns the types that the table wants. A value that has no counterpart is null, and marked
    /// where that is asked; in a vital column its row is told as well.
    fn convert(
        &self,
        frame: DataFrame,
        columns: &[usize],
        vital: Option<&[usize]>,
        first: u64,
    ) -> Result<(DataFrame, Rejects)> {
        let (mut frame, mut rejects) = (frame, Rejects::default());
        let mut cells: Vec<(usize, Reject)> = Vec::new();
        let mut incomplete: Vec<(usize, Reject)> = Vec::new();
        for &column in columns {
            let Some((name, dtype)) = self.schema.get_at_index(column) else { continue };
            let own = frame.column(name)?.clone();
            if own.dtype() == dtype {
                continue;
            }
            let cast = if *dtype == DataType::String { time::texts(&own)? } else { time::convert(&own, dtype)? };
            let lost = &cast.is_null() & &own.is_not_null();
            if lost.any() {
                let is_vital = vital.is_some_and(|vital| vital.contains(&column));
                rejects.cells.note(name, u64::from(lost.sum().unwrap_or(0)));
                let rows = lost.iter().enumerate().filter_map(|(row, lost)| lost.unwrap_or(false).then_some(row));
                for row in rows.take(KEPT) {
                    let value = own.get(row)?;
                    let text = time::value_text(&value).unwrap_or_else(|| value.to_string());
                    let reason = format!("column '{name}': '{text}' does not fit {dtype}");
                    let told = |body: &str| {
                        Reject::new(&self.name, first + row as u64 + 1, reason.clone(), body.as_bytes())
                            .of(name.clone())
                    };
                    cells.push((row, told(&text)));
                    incomplete.extend(is_vital.then(|| (row, told(""))));
                }
                if vital.is_some() {
                    broken::mark(&mut frame, name, lost)?;
                }
            }
            frame.with_column(cast)?;
        }
        let in_order = |mut told: Vec<(usize, Reject)>| {
            told.sort_by_key(|(row, _)| *row);
            told.into_iter().take(KEPT).map(|(_, reject)| reject).collect()
        };
        rejects.cells.kept = in_order(cells);
        rejects.incomplete = in_order(incomplete);
        Ok((frame, rejects))
    }
}
