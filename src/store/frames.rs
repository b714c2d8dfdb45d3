//! Frames as bytes and back, exactly: every type that an answer's state has, lists and binary columns included.
//! Checking that the bytes are the ones that were written is the caller's: they are handed in whole.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::*;
use polars_io::ipc::{IpcReader, IpcWriter};
use polars_io::{SerReader, SerWriter};

use crate::data::{Fault, Result};

/// The frame as bytes: its height (a frame may have rows and no column), then Arrow IPC.
///
/// # Errors
/// When a column is of a type that cannot be written.
pub fn to_bytes(frame: &DataFrame) -> Result<Vec<u8>> {
    let mut bytes = (frame.height() as u64).to_le_bytes().to_vec();
    if frame.width() > 0 {
        let mut frame = frame.clone();
        frame.rechunk_mut();
        IpcWriter::new(&mut bytes).finish(&mut frame)?;
    }
    Ok(bytes)
}

/// The frame that `to_bytes` was given.
///
/// # Errors
/// When these are no such bytes.
pub fn from_bytes(bytes: &[u8]) -> Result<DataFrame> {
    let broken = || Fault::new("a table that was kept cannot be read back: its bytes are damaged");
    let (height, body) = bytes.split_first_chunk::<8>().ok_or_else(broken)?;
    let height = usize::try_from(u64::from_le_bytes(*height)).map_err(|_| broken())?;
    if body.is_empty() {
        return Ok(DataFrame::empty_with_height(height));
    }
    // polars panics on some bytes that are no Arrow.
    let frame = catch_unwind(AssertUnwindSafe(|| IpcReader::new(Cursor::new(body)).finish())).map_err(|_| broken())??;
    if frame.height() == height { Ok(frame) } else { Err(broken()) }
}
