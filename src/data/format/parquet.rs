//! Parquet files: the schema and row groups from the footer, and only the asked columns of a group from the disk.
//! Bytes are read, never mapped: a file that shrinks under a mapping would end the process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;
use polars_io::SerReader;
use polars_io::parquet::metadata::FileMetadata;
use polars_io::parquet::read::{_internal::to_deserializer, ParquetReader};

use super::{ColumnFile, Format, Kind, RowGroup, blocks};
use crate::data::{Fault, Result};

pub static PARQUET: Format = Format { name: "parquet", title: "Parquet", extensions: &["parquet", "pq"], kind: Kind::Columns { open } };

#[derive(Debug)]
struct Parquet {
    path: PathBuf,
    length: u64,
    metadata: Arc<FileMetadata>,
    columns: Vec<Stored>,
    schema: SchemaRef,
    groups: Vec<RowGroup>,
    left_out: Vec<String>,
}

/// A column as it is stored and as we hand it out.
#[derive(Debug)]
struct Stored {
    /// What polars' decoder shall make of the pages.
    field: ArrowField,
    /// For a decimal: how many of its digits follow the point.
    scale: Option<usize>,
}

fn open(path: &Path) -> Result<Arc<dyn ColumnFile>> {
    let place = path.display().to_string();
    let mut file = blocks::open(path)?;
    let length = file.metadata().map_err(|error| Fault::io(&place, &error))?.len();
    let tail = blocks::read_range(&mut file, length, length.saturating_sub(4)..length).unwrap_or_default();
    if tail != b"PAR1" || length < 12 {
        return Err(Fault::new("it is truncated or not Parquet; the footer is missing").at(place).hint("copy or download it again"));
    }
    let (metadata, arrow) = blocks::guarded(path, "its footer", || {
        let mut reader = ParquetReader::new(file);
        let arrow = reader.schema()?;
        Ok((reader.get_metadata()?.clone(), arrow))
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
        return Err(Fault::new("none of its columns can be read here").at(place).hint("write it again with plain columns"));
    }
    let group = |md: &polars_io::parquet::metadata::FileMetadata| {
        md.row_groups.iter().map(|g| RowGroup { rows: g.num_rows() as u64, bytes: g.compressed_size() as u64 }).collect()
    };
    let groups = group(&metadata);
    Ok(Arc::new(Parquet { path: path.to_owned(), length, metadata, columns, schema: schema.into(), groups, left_out }))
}

/// How to decode a column, and the type it has then; `None` when nothing here can.
fn stored(field: &ArrowField, metadata: &FileMetadata) -> Option<(Stored, DataType)> {
    use ArrowDataType as A;
    let (dtype, scale) = match field.dtype() {
        A::Timestamp(unit, _) => (A::Timestamp(*unit, None), None),
        // Parquet has no seconds of a day: what an Arrow writer called seconds is stored as milliseconds.
        A::Time32(_) => (A::Time32(ArrowTimeUnit::Millisecond), None),
        A::Utf8 | A::LargeUtf8 => (A::Utf8View, None),
        A::Binary | A::LargeBinary => (A::BinaryView, None),
        A::Dictionary(_, values, _) if matches!(**values, A::Utf8 | A::LargeUtf8 | A::Utf8View) => (A::Utf8View, None),
        A::Decimal(_, scale) | A::Decimal32(_, scale) | A::Decimal64(_, scale) | A::Decimal256(_, scale) => (physical(field, metadata)?, Some(*scale)),
        other if blocks::holds(other) => (other.clone(), None),
        _ => return None,
    };
    let polars_type = if scale.is_some() { DataType::Float64 } else { blocks::plain_type(&DataType::from_arrow_dtype(&dtype)) };
    let field = ArrowField::new(field.name.clone(), dtype, field.is_nullable);
    Some((Stored { field, scale }, polars_type))
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
        other => other.strip_prefix("FixedLenByteArray(")?.strip_suffix(')')?.parse().ok().filter(|n| *n <= 16).map(ArrowDataType::FixedSizeBinary),
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
        let mut file = blocks::open(&self.path)?;
        blocks::guarded(&self.path, &format!("row group {}", group + 1), || {
            let mut read = Vec::with_capacity(columns.len());
            for &column in columns {
                let Some(stored) = self.columns.get(column) else { polars_bail!(ColumnNotFound: "column number {column}") };
                let name = &stored.field.name;
                let mut chunks = Vec::new();
                for chunk in metadata.columns_under_root_iter(name).into_iter().flatten() {
                    chunks.push((chunk, blocks::read_range(&mut file, self.length, chunk.byte_range())?.into()));
                }
                polars_ensure!(!chunks.is_empty(), ColumnNotFound: "column '{name}'");
                let (arrays, _) = to_deserializer(chunks, stored.field.clone(), None)?;
                let series = Series::try_from((&stored.field, arrays))?;
                read.push(match stored.scale {
                    Some(scale) => decimal(&series, scale)?.into_column(),
                    None => blocks::plain(series.into_column())?,
                });
            }
            DataFrame::new(metadata.num_rows(), read)
        })
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
