//! Some rows and where they came from. A piece of a file and a micro-batch of a feed are the same type.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use polars::prelude::DataFrame;

use super::Rejects;

/// The most rows a chunk holds.
pub const CHUNK_ROWS: usize = 131_072;
/// The most bytes of text that become one chunk.
pub const CHUNK_BYTES: usize = 4 << 20;

/// Rows on their way from a source to a worker.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Only the columns that were asked for, in the order they were asked for. It may have rows and no column.
    pub frame: DataFrame,
    /// File name or feed address, as a person would recognise it.
    pub source: Arc<str>,
    /// Which partition of the source: 0 where it has only one.
    pub partition: u32,
    /// Positions in the source that this chunk covers, in the source's own unit (bytes of a text file, rows of a
    /// columnar one, messages of a feed).
    pub offsets: Range<u64>,
    /// Bytes of input that this chunk stands for (before decoding), for progress.
    pub bytes: u64,
    /// Rows of this piece that could not be read, which are not in `frame`; and cells, which are null in it.
    pub rejects: Rejects,
    /// When a live chunk arrived; `None` for history.
    pub arrived: Option<Instant>,
}

impl Chunk {
    /// Rows that came in: those in the frame and those set aside.
    pub fn rows_in(&self) -> u64 {
        self.frame.height() as u64 + self.rejects.count
    }
}
