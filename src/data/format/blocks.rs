//! What columnar files have in common: reading ranges of a file, and polars' decoders kept from bringing a worker down.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use polars::prelude::*;

use crate::data::memory::afford;
use crate::data::{Fault, Result};

/// What to say of bytes that do not hold what they should.
pub(super) fn damaged(place: &str, what: &str, why: &str) -> Fault {
    let why = why.lines().next().unwrap_or_default().trim();
    Fault::new(format!("it is damaged: {what} cannot be decoded ({why})"))
        .at(place)
        .hint("copy or download the file again")
}

/// Runs a decoder of polars over bytes that may be broken: some of them panic on those.
pub(super) fn guarded<T>(place: &str, what: &str, work: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(PolarsError::IO { error, .. })) if error.kind() != ErrorKind::UnexpectedEof => {
            Err(Fault::io(place, &error))
        }
        Ok(Err(error)) => Err(damaged(place, what, &error.to_string())),
        Err(cause) => {
            let said =
                cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
            Err(damaged(place, what, said.unwrap_or("no reason was given")))
        }
    }
}

pub(super) fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| Fault::io(path.display().to_string(), &error))
}

/// Exactly these bytes of a file of `length` bytes. A file may be longer than the memory: most of it may be a hole.
pub(super) fn read_range(
    file: &mut (impl Read + Seek),
    length: u64,
    range: std::ops::Range<u64>,
) -> PolarsResult<Vec<u8>> {
    let size = range.end.checked_sub(range.start).filter(|_| range.end <= length);
    let Some(size) = size else { polars_bail!(ComputeError: "a part of it lies beyond its end") };
    if let Err(room) = afford(size) {
        polars_bail!(ComputeError: "a part of it takes {} MiB, and there is room for {}", size >> 20, room >> 20);
    }
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(size).read_to_end(&mut bytes)?;
    polars_ensure!(bytes.len() as u64 == size, ComputeError: "it ends early");
    Ok(bytes)
}

/// About what a value takes in memory, bytes; of a text or a list the place where it lies.
pub(super) fn width(dtype: &ArrowDataType) -> u8 {
    use ArrowDataType as A;
    match dtype {
        A::Null | A::Boolean | A::Int8 | A::UInt8 => 1,
        A::Int16 | A::UInt16 => 2,
        A::Int32 | A::UInt32 | A::Float32 | A::Date32 => 4,
        A::Int64
        | A::UInt64
        | A::Float64
        | A::Date64
        | A::Time32(_)
        | A::Time64(_)
        | A::Timestamp(..)
        | A::Duration(_) => 8,
        A::FixedSizeBinary(size) => u8::try_from(*size).unwrap_or(u8::MAX).max(16),
        _ => 32,
    }
}

/// Our form of a column: times without a zone (they are UTC), categories as text.
pub(super) fn plain(column: Column) -> PolarsResult<Column> {
    let dtype = column.dtype().clone();
    let dtype = plain_type(&dtype);
    match (column.dtype(), &dtype) {
        (DataType::Datetime(_, Some(_)), DataType::Datetime(unit, None)) => {
            let numbers = column.to_physical_repr().take_materialized_series();
            Ok(numbers.i64()?.clone().into_datetime(*unit, None).into_series().into_column())
        }
        (from, to) if from != to => column.cast(to),
        _ => Ok(column),
    }
}

pub(super) fn plain_type(dtype: &DataType) -> DataType {
    match dtype {
        DataType::Datetime(unit, _) => DataType::Datetime(*unit, None),
        DataType::Categorical(..) | DataType::Enum(..) => DataType::String,
        other => other.clone(),
    }
}

/// Whether polars, as it is built here, can hold this; asking it about anything else ends in a panic.
pub(super) fn holds(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as A;
    match dtype {
        A::Null
        | A::Boolean
        | A::Int8
        | A::Int16
        | A::Int32
        | A::Int64
        | A::UInt8
        | A::UInt16
        | A::UInt32
        | A::UInt64 => true,
        A::Float32
        | A::Float64
        | A::Date32
        | A::Date64
        | A::Time32(_)
        | A::Time64(_)
        | A::Timestamp(..)
        | A::Duration(_) => true,
        A::Utf8 | A::LargeUtf8 | A::Utf8View | A::Binary | A::LargeBinary | A::BinaryView | A::FixedSizeBinary(_) => {
            true
        }
        A::Dictionary(_, values, _) => matches!(**values, A::Utf8 | A::LargeUtf8 | A::Utf8View),
        A::List(inner) | A::LargeList(inner) => !matches!(inner.dtype(), A::Dictionary(..)) && holds(inner.dtype()),
        _ => false,
    }
}

/// The sentence for a column that `holds` refused.
pub(super) fn left_out(name: &str, dtype: &ArrowDataType) -> String {
    let text = format!("{dtype:?}");
    let kind = text.split(['(', ' ', '{']).next().unwrap_or_default().to_lowercase();
    format!("column '{name}' is left out: it holds {kind} values, which cannot be read here")
}
