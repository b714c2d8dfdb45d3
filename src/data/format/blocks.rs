//! What columnar files have in common: reading ranges of a file, and polars' decoders kept from bringing a worker down.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use polars::prelude::*;

use crate::data::{Fault, Result};

/// Runs a decoder of polars over bytes that may be broken: some of them panic on those.
pub(super) fn guarded<T>(path: &Path, what: &str, work: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
    let broken = |why: &str| {
        let why = why.lines().next().unwrap_or_default().trim();
        Fault::new(format!("it is damaged: {what} cannot be decoded ({why})")).at(path.display().to_string()).hint("copy or download it again")
    };
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(PolarsError::IO { error, .. })) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(Fault::io(path.display().to_string(), &error)),
        Ok(Err(error)) => Err(broken(&error.to_string())),
        Err(cause) => {
            let said = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
            Err(broken(said.unwrap_or("no reason was given")))
        }
    }
}

pub(super) fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| Fault::io(path.display().to_string(), &error))
}

/// Exactly these bytes of a file of `length` bytes.
pub(super) fn read_range(file: &mut File, length: u64, range: std::ops::Range<u64>) -> PolarsResult<Vec<u8>> {
    let size = range.end.checked_sub(range.start).filter(|_| range.end <= length);
    let size = size.and_then(|size| usize::try_from(size).ok());
    let Some(size) = size else { polars_bail!(ComputeError: "a part of it lies beyond its end") };
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::with_capacity(size);
    file.take(size as u64).read_to_end(&mut bytes)?;
    polars_ensure!(bytes.len() == size, ComputeError: "it ends early");
    Ok(bytes)
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
        A::Null | A::Boolean | A::Int8 | A::Int16 | A::Int32 | A::Int64 | A::UInt8 | A::UInt16 | A::UInt32 | A::UInt64 => true,
        A::Float32 | A::Float64 | A::Date32 | A::Date64 | A::Time32(_) | A::Time64(_) | A::Timestamp(..) | A::Duration(_) => true,
        A::Utf8 | A::LargeUtf8 | A::Utf8View | A::Binary | A::LargeBinary | A::BinaryView | A::FixedSizeBinary(_) => true,
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
