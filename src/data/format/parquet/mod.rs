//! Parquet files: the schema and row groups from the footer, and only the asked columns of a group from the disk.
//! Bytes are read, never mapped: a file that shrinks under a mapping would end the process. What the file says of its
//! sizes is held against its pages (`footer`, `pages`) before polars, which believes it, is asked.

mod footer;
mod pages;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;
use polars_io::parquet::read::{_internal::to_deserializer, infer_schema};
use polars_parquet::parquet::metadata::{ColumnChunkMetadata, FileMetadata, RowGroupMetadata};
use polars_parquet::parquet::read::deserialize_metadata;

use self::pages::{Pages, is_flat, walk};
use super::{ColumnFile, Format, FormatKind, RowGroup, blocks};
use crate::data::memory::afford;
use crate::data::{Fault, Result};

pub static PARQUET: Format =
    Format { name: "parquet", title: "Parquet", extensions: &["parquet", "pq"], kind: FormatKind::Columns { open } };

#[derive(Debug)]
struct Parquet {
    path: PathBuf,
    length: u64,
    metadata: Arc<FileMetadata>,
    columns: Vec<StoredColumn>,
    schema: SchemaRef,
    groups: Vec<RowGroup>,
    /// Why a group is not read.
    refused: Vec<Option<Fault>>,
    left_out: Vec<String>,
}

/// What was looked at, or why it is not believed.
type Checked<T> = std::result::Result<T, String>;

/// A group that claims more rows is looked through when the file is opened: what it takes is asked for before it is
/// read.
const MANY_ROWS: usize = 4 << 20;

/// A column as it is stored and as we hand it out.
#[derive(Debug)]
struct StoredColumn {
    /// What polars' decoder shall make of the pages.
    field: ArrowField,
    /// For a decimal: how many of its digits follow the point.
    scale: Option<usize>,
}

fn open(path: &Path) -> Result<Arc<dyn ColumnFile>> {
    Ok(Arc::new(parse(path)?))
}

/// Looks at all that a file says of its sizes, for those who hand it to polars as a whole.
///
/// # Errors
/// Why it is not believed.
pub fn check(path: &Path) -> Result<()> {
    let this = parse(path)?;
    let mut file = blocks::open(path)?;
    for (number, (group, refused)) in this.metadata.row_groups.iter().zip(&this.refused).enumerate() {
        if let Some(fault) = refused {
            return Err(fault.clone());
        }
        let looked = this.look(&mut file, group, group.parquet_columns().iter(), None);
        looked.map_err(|why| this.refuse(&mut file, number, group, &why))?;
    }
    Ok(())
}

fn parse(path: &Path) -> Result<Parquet> {
    let place = path.display().to_string();
    let mut file = blocks::open(path)?;
    let length = file.metadata().map_err(|error| Fault::io(&place, &error))?.len();
    let none = || {
        Fault::new("it is truncated or not Parquet; the footer is missing")
            .at(place.clone())
            .hint("copy or download it again")
    };
    let tail = blocks::read_range(&mut file, length, length.saturating_sub(8)..length).unwrap_or_default();
    let size = match tail.split_first_chunk::<4>() {
        Some((size, b"PAR1")) if length >= 12 => u64::from(u32::from_le_bytes(*size)),
        _ => return Err(none()),
    };
    let start = (length - 8).checked_sub(size).filter(|start| *start >= 4);
    let start = start.ok_or_else(|| blocks::damaged(&place, "its footer", "it claims to be longer than the file"))?;
    let bytes = blocks::guarded(&place, "its footer", || blocks::read_range(&mut file, length, start..length - 8))?;
    let footer = footer::check(bytes).map_err(|why| blocks::damaged(&place, "its footer", &why))?;
    let (metadata, arrow) = blocks::guarded(&place, "its footer", || {
        let metadata = deserialize_metadata(footer.bytes.into())?;
        let arrow = infer_schema(&metadata)?;
        Ok((metadata, arrow))
    })?;
    let (mut columns, mut schema, mut left_out) = (Vec::new(), Schema::default(), Vec::new());
    for field in arrow.iter_values() {
        match stored(field, &metadata) {
            Some((stored, dtype)) => {
                schema.insert(field.name.clone(), dtype);
                columns.push(stored);
            }
            None => left_out.push(blocks::left_out(&field.name, field.dtype())),
        }
    }
    if columns.is_empty() {
        return Err(Fault::new("none of its columns can be read here")
            .at(place)
            .hint("write it again with plain columns"));
    }
    let (path, metadata) = (path.to_owned(), Arc::new(metadata));
    let mut this = Parquet {
        path,
        length,
        metadata: metadata.clone(),
        columns,
        schema: schema.into(),
        groups: Vec::new(),
        refused: Vec::new(),
        left_out,
    };
    let mut said = footer.refused.into_iter();
    for group in &metadata.row_groups {
        let why = said.next().flatten().or_else(|| this.claims(group)).or_else(|| {
            let all = || group.parquet_columns().iter();
            (group.num_rows() > MANY_ROWS).then(|| this.look(&mut file, group, all(), None).err()).flatten()
        });
        let fault = why.map(|why| this.refuse(&mut file, this.groups.len(), group, &why));
        let rows = if fault.is_some() { 0 } else { group.num_rows() as u64 };
        let bytes =
            group.parquet_columns().iter().fold(0_u64, |sum, c| sum.saturating_add(c.compressed_size().unsigned_abs()));
        this.groups.push(RowGroup { rows, bytes: bytes.min(length) });
        this.refused.push(fault);
    }
    Ok(this)
}

impl Parquet {
    fn place(&self, group: usize) -> String {
        format!("row group {} of {}", group + 1, self.path.display())
    }

    /// Why the footer alone shows that a group cannot be.
    fn claims(&self, group: &RowGroupMetadata) -> Option<String> {
        let rows = group.num_rows() as u64;
        if IdxSize::try_from(rows).is_err() {
            return Some(format!("it claims {rows} rows, more than can be read together"));
        }
        group
            .parquet_columns()
            .iter()
            .find_map(|column| pages::claims(column, rows, self.length).err().map(|error| error.to_string()))
    }

    /// What the pages of some columns say, if it is what the footer says. `chunk` is the bytes of the column, where
    /// there is one that was read.
    ///
    /// # Errors
    /// Why it is not believed.
    fn look<'a>(
        &self,
        file: &mut File,
        group: &RowGroupMetadata,
        columns: impl Iterator<Item = &'a ColumnChunkMetadata>,
        chunk: Option<&[u8]>,
    ) -> Checked<Pages> {
        let mut all = Pages::default();
        for column in columns {
            let start = column.byte_range().start;
            let pages = walk(column, chunk.is_some(), |at, size| match chunk {
                Some(chunk) => {
                    let from = usize::try_from(at - start).unwrap_or(usize::MAX);
                    let bytes = chunk.get(from..).unwrap_or_default();
                    Ok(bytes.get(..usize::try_from(size).unwrap_or(usize::MAX)).unwrap_or(bytes).to_vec())
                }
                None => blocks::read_range(file, self.length, at..at.saturating_add(size)),
            });
            let pages = pages.map_err(|(_, why)| why)?;
            if is_flat(column) && pages.values != group.num_rows() as u64 {
                return Err(format!("the footer counts {} rows, the pages {}", group.num_rows(), pages.values));
            }
            all.values = all.values.max(pages.values);
            all.largest = all.largest.max(pages.largest);
            all.unpacked = all.unpacked.saturating_add(pages.unpacked);
        }
        Ok(all)
    }

    /// The fault of a group that claims what cannot be, with the rows that its pages hold as far as they can be found.
    fn refuse(&self, file: &mut File, number: usize, group: &RowGroupMetadata, why: &str) -> Fault {
        let mut held: Vec<u64> = Vec::new();
        for column in
            group.parquet_columns().iter().filter(|column| is_flat(column) && column.byte_range().end <= self.length)
        {
            let fetch = |at: u64, size: u64| blocks::read_range(file, self.length, at..at.saturating_add(size));
            held.push(walk(column, false, fetch).map_or_else(|(pages, _)| pages.values, |pages| pages.values));
        }
        // What the footer says, where a column agrees; else as many as every column has.
        let claimed = group.num_rows() as u64;
        let rows = if held.contains(&claimed) {
            claimed
        } else {
            held.into_iter().filter(|rows| *rows > 0).min().unwrap_or(0)
        };
        Fault::new(format!("it is damaged and left out: {why}"))
            .at(self.place(number))
            .hint("copy or download the file again, or ask whoever wrote it")
            .lost(rows)
    }

    /// Looks at the pages of one column, the cheapest: where no column is asked for, its rows are all that is read.
    fn count(&self, file: &mut File, group: &RowGroupMetadata) -> Checked<()> {
        let all = group.parquet_columns().iter();
        let cheapest = all.min_by_key(|column| (!is_flat(column), column.compressed_size()));
        self.look(file, group, cheapest.into_iter(), None).map(drop)
    }

    /// The bytes of a column's parts, if the memory for what becomes of them is there.
    fn fetch<'a>(
        &self,
        file: &mut File,
        group: &'a RowGroupMetadata,
        stored: &StoredColumn,
        need: &mut u64,
    ) -> Checked<Vec<(&'a ColumnChunkMetadata, Vec<u8>)>> {
        let mut parts = Vec::new();
        for column in group.columns_under_root_iter(&stored.field.name).into_iter().flatten() {
            let bytes =
                blocks::read_range(file, self.length, column.byte_range()).map_err(|error| error.to_string())?;
            let pages = self.look(file, group, std::iter::once(column), Some(&bytes))?;
            // Values twice, for what they become; of texts the pages stay, of others the largest is there for a moment.
            let width = 2 * u64::from(blocks::width(stored.field.dtype()));
            let kept = if width > 2 * 8 { pages.unpacked } else { 2 * pages.largest };
            *need = need.saturating_add(pages.values.saturating_mul(width)).saturating_add(kept);
            parts.push((column, bytes));
        }
        afford(*need).map_err(|room| {
            format!(
                "its {} rows take about {} MiB, and there is room for {}",
                group.num_rows(),
                *need >> 20,
                room >> 20
            )
        })?;
        Ok(parts)
    }
}

/// How to decode a column, and the type it has then; `None` when nothing here can.
fn stored(field: &ArrowField, metadata: &FileMetadata) -> Option<(StoredColumn, DataType)> {
    use ArrowDataType as A;
    let (dtype, scale) = match field.dtype() {
        A::Timestamp(unit, _) => (A::Timestamp(*unit, None), None),
        // Parquet has no seconds of a day: what an Arrow writer called seconds is stored as milliseconds.
        A::Time32(_) => (A::Time32(ArrowTimeUnit::Millisecond), None),
        A::Utf8 | A::LargeUtf8 => (A::Utf8View, None),
        A::Binary | A::LargeBinary => (A::BinaryView, None),
        A::Dictionary(_, values, _) if matches!(**values, A::Utf8 | A::LargeUtf8 | A::Utf8View) => (A::Utf8View, None),
        A::Decimal(_, scale) | A::Decimal32(_, scale) | A::Decimal64(_, scale) | A::Decimal256(_, scale) => {
            (physical(field, metadata)?, Some(*scale))
        }
        other if blocks::holds(other) => (other.clone(), None),
        _ => return None,
    };
    let polars_type =
        if scale.is_some() { DataType::Float64 } else { blocks::plain_type(&DataType::from_arrow_dtype(&dtype)) };
    let field = ArrowField::new(field.name.clone(), dtype, field.is_nullable);
    Some((StoredColumn { field, scale }, polars_type))
}

/// The type in which a decimal's digits are stored.
fn physical(field: &ArrowField, metadata: &FileMetadata) -> Option<ArrowDataType> {
    let Some(group) = metadata.row_groups.first() else { return Some(ArrowDataType::Int64) };
    let chunk = group.columns_under_root_iter(&field.name)?.next()?;
    // The enumeration itself is not exported; its words are.
    let name = format!("{:?}", chunk.physical_type());
    match name.as_str() {
        "Int32" => Some(ArrowDataType::Int32),
        "Int64" => Some(ArrowDataType::Int64),
        "ByteArray" => Some(ArrowDataType::BinaryView),
        other => other
            .strip_prefix("FixedLenByteArray(")?
            .strip_suffix(')')?
            .parse()
            .ok()
            .filter(|n| *n <= 16)
            .map(ArrowDataType::FixedSizeBinary),
    }
}

impl ColumnFile for Parquet {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn left_out(&self) -> &[String] {
        &self.left_out
    }

    fn groups(&self) -> &[RowGroup] {
        &self.groups
    }

    fn read(&self, group: usize, columns: &[usize]) -> Result<DataFrame> {
        let Some(metadata) = self.metadata.row_groups.get(group) else {
            return Err(Fault::new(format!("it has no row group {group}")).at(self.path.display().to_string()));
        };
        if let Some(fault) = self.refused.get(group).and_then(Option::as_ref) {
            return Err(fault.clone());
        }
        let mut file = blocks::open(&self.path)?;
        if columns.is_empty() {
            self.count(&mut file, metadata).map_err(|why| self.refuse(&mut file, group, metadata, &why))?;
            return DataFrame::new(metadata.num_rows(), Vec::new())
                .map_err(|error| Fault::from(error).at(self.place(group)));
        }
        let (mut read, mut need) = (Vec::with_capacity(columns.len()), 0);
        for &column in columns {
            let Some(stored) = self.columns.get(column) else {
                return Err(Fault::new(format!("it has no column number {column}")).at(self.place(group)));
            };
            let parts = self
                .fetch(&mut file, metadata, stored, &mut need)
                .map_err(|why| self.refuse(&mut file, group, metadata, &why))?;
            let decoded = blocks::guarded(&self.place(group), &format!("column '{}'", stored.field.name), || {
                decode(stored, parts)
            });
            // The footer's rows are those of its pages: that much is known.
            read.push(decoded.map_err(|fault| fault.lost(metadata.num_rows() as u64))?);
        }
        let frame = DataFrame::new(metadata.num_rows(), read);
        frame.map_err(|error| {
            blocks::damaged(&self.place(group), "it", &error.to_string()).lost(metadata.num_rows() as u64)
        })
    }
}

fn decode(stored: &StoredColumn, parts: Vec<(&ColumnChunkMetadata, Vec<u8>)>) -> PolarsResult<Column> {
    polars_ensure!(!parts.is_empty(), ColumnNotFound: "column '{}'", stored.field.name);
    let parts = parts.into_iter().map(|(column, bytes)| (column, bytes.into())).collect();
    let (arrays, _) = to_deserializer(parts, stored.field.clone(), None)?;
    let series = Series::try_from((&stored.field, arrays))?;
    match stored.scale {
        Some(scale) => Ok(decimal(&series, scale)?.into_column()),
        None => blocks::plain(series.into_column()),
    }
}

/// A decimal's digits as the nearest float.
fn decimal(digits: &Series, scale: usize) -> PolarsResult<Series> {
    let divisor = 10_f64.powi(i32::try_from(scale).unwrap_or(i32::MAX));
    let name = digits.name().clone();
    let floats: Float64Chunked = match digits.dtype() {
        DataType::Int32 => digits.i32()?.iter().map(|v| v.map(|v| f64::from(v) / divisor)).collect(),
        DataType::Int64 => digits.i64()?.iter().map(|v| v.map(|v| v as f64 / divisor)).collect(),
        _ => {
            // Two's complement, most significant byte first.
            let whole = |bytes: &[u8]| {
                let fill = if bytes.first().is_some_and(|b| b & 0x80 != 0) { -1_i128 } else { 0 };
                bytes.iter().fold(fill, |value, byte| value << 8 | i128::from(*byte))
            };
            digits.binary()?.iter().map(|v| v.map(|v| whole(v) as f64 / divisor)).collect()
        }
    };
    Ok(floats.with_name(name).into_series())
}
