//! History: rows that stand in files. One file a kind of reading; folders and globs are lists of files.

use polars::prelude::SchemaRef;

use crate::data::{Chunk, Result};

/// Something that can be read from beginning to end, as often as one likes.
pub trait History: Send + Sync + std::fmt::Debug {
    /// As a person would recognise it: the path.
    fn name(&self) -> &str;

    fn schema(&self) -> &SchemaRef;

    fn extent(&self) -> Extent;

    /// Begins a reading of `columns` (indices into `schema`). May be called many times.
    ///
    /// # Errors
    /// When the file cannot be opened (any more).
    fn open(&self, columns: &[usize]) -> Result<Box<dyn Reader>>;
}

/// How much there is, as far as it can be told without reading it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes on disk: what progress is measured in.
    pub bytes: u64,
    /// Rows, where the format says.
    pub rows: Option<u64>,
}

/// A reading under way. The engine calls `next` from one worker at a time; the `Piece` it returns is decoded outside
/// that lock, by the worker that took it. So only I/O and cutting are sequential, and the memory in use is bounded by
/// the number of workers.
pub trait Reader: Send {
    /// The next piece, or `None` at the end. Pieces are small at first, so that a first answer comes early.
    ///
    /// # Errors
    /// When the file vanishes, shrinks or cannot be read while it is read.
    fn next(&mut self) -> Result<Option<Piece>>;
}

/// Bytes that are still to be decoded into chunks.
pub struct Piece(Box<dyn FnOnce() -> Result<Vec<Chunk>> + Send>);

impl Piece {
    pub fn new(decode: impl FnOnce() -> Result<Vec<Chunk>> + Send + 'static) -> Self {
        Self(Box::new(decode))
    }

    pub fn decode(self) -> Result<Vec<Chunk>> {
        (self.0)()
    }
}
