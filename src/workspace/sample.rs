//! The sample data: a real flights file that comes with the program.

use std::fs;
use std::path::PathBuf;

use super::Folders;
use crate::data::{Fault, Result};

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
    let fault = |error: std::io::Error| Fault::io(path.display().to_string(), &error);
    fs::create_dir_all(&folders.cache).map_err(fault)?;
    // A second window may write it at the same time: each writes its own file, and a rename is atomic.
    let part = folders.cache.join(format!("flights.{}.part", std::process::id()));
    fs::write(&part, SAMPLE).map_err(fault)?;
    fs::rename(&part, &path).map_err(fault)?;
    Ok(path)
}
