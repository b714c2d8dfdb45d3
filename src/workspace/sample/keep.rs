//! Writing the files of samples: each once, whole or not at all.

use std::path::Path;

use polars::prelude::{Column, DataFrame, Int64Chunked, IntoColumn as _, TimeUnit};

use crate::data::format::keep_frame;
use crate::data::{Fault, Result};
use crate::disk::own;

/// Writes a file by `write`, unless it is there already.
pub fn keep(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if path.is_file() {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        own::folders(folder).map_err(|error| Fault::io(folder.display().to_string(), &error))?;
    }
    write(path)
}

/// Writes rows into a file, unless it is there already.
pub fn keep_rows(path: &Path, rows: impl FnOnce() -> Result<DataFrame>) -> Result<()> {
    keep(path, |path| keep_frame(&rows()?, path))
}

/// A column of times, from microseconds since 1970.
pub fn times(name: &str, micros: Vec<i64>) -> Column {
    Int64Chunked::from_vec(name.into(), micros).into_datetime(TimeUnit::Microseconds, None).into_column()
}
