//! Frames as bytes and back, exactly: every type that an answer's state has, lists and binary columns included.
//! Checking that bytes are the ones that were written is the caller's, who hands them in whole, unless they are a
//! `Block`.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::*;
use polars_io::ipc::{IpcReader, IpcWriter};
use polars_io::{SerReader, SerWriter};
use serde::{Deserialize, Serialize};

use crate::data::format::arrow::check_bytes;
use crate::data::{Fault, Result};

/// A frame among others in one file: where it stands, and the checksum of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    pub at: u64,
    pub bytes: u64,
    crc: u32,
}

impl Block {
    /// Adds a frame to a file that has `at` bytes so far.
    ///
    /// # Errors
    /// When a column is of a type that cannot be written, or what `failed` makes of the disk's.
    pub fn write(
        frame: &DataFrame,
        at: u64,
        file: &mut impl Write,
        failed: impl FnOnce(io::Error) -> Fault,
    ) -> Result<Self> {
        let bytes = to_bytes(frame)?;
        file.write_all(&bytes).map_err(failed)?;
        Ok(Self { at, bytes: bytes.len() as u64, crc: crc32fast::hash(&bytes) })
    }

    /// The frame, if its bytes are what was written.
    ///
    /// # Errors
    /// The disk's, at `place`; or `damaged`.
    pub fn read(
        &self,
        file: &mut (impl Read + Seek),
        place: &str,
        damaged: impl FnOnce() -> Fault,
    ) -> Result<DataFrame> {
        // As many bytes as are there, however many should be.
        let mut bytes = Vec::new();
        let read = file.seek(SeekFrom::Start(self.at)).and_then(|_| file.take(self.bytes).read_to_end(&mut bytes));
        read.map_err(|e| Fault::io(place, &e))?;
        if bytes.len() as u64 == self.bytes && crc32fast::hash(&bytes) == self.crc {
            from_bytes(&bytes)
        } else {
            Err(damaged())
        }
    }
}

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
    // polars panics on some bytes that are no Arrow, and reserves what others claim.
    check_bytes(body).map_err(|_| broken())?;
    let frame =
        catch_unwind(AssertUnwindSafe(|| IpcReader::new(Cursor::new(body)).finish())).map_err(|_| broken())??;
    if frame.height() == height { Ok(frame) } else { Err(broken()) }
}
