//! The sample data: a real flights file that comes with the program.

use std::fs;
use std::path::PathBuf;

use super::Folders;
use crate::data::{Fault, Result};
use crate::disk::own;

static SAMPLE: &[u8] = include_bytes!("../../assets/flights.parquet");

/// Where 'history and live in one table' cuts the sample: history owns what lies before. The rows end a week later.
pub const SAMPLE_CUT: &str = "2001-01-22T00:00:00";

/// Puts the sample into the cache folder if it is not there, and says where. It writes a file: call it from a job.
///
/// # Errors
/// When the cache folder cannot be written.
pub fn sample_path(folders: &Folders) -> Result<PathBuf> {
    let path = folders.cache.join("flights.parquet");
    if fs::metadata(&path).is_ok_and(|m| m.len() == SAMPLE.len() as u64) {
        return Ok(path);
    }
    let made = own::folders(&folders.cache).and_then(|()| own::replace(&path, SAMPLE));
    made.map_err(|error| Fault::io(path.display().to_string(), &error))?;
    Ok(path)
}
