//! History: rows that stand in files. One file a kind of reading; folders and globs are lists of files.

mod columns;
mod find;
mod input;
mod text;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use polars::prelude::{DataFrame, PlSmallStr, SchemaRef};

use crate::data::chunk::CHUNK_ROWS;
use crate::data::format::{Commas, FormatKind, misnamed};
use crate::data::memory::keep_freed;
use crate::data::{Chunk, Rejects, Result};

pub use find::expand;

/// Opens one file. Where a table knows the types of its columns already, `known` has them by name, and the file's
/// columns get those.
///
/// # Errors
/// When there is nothing that can be read: missing, empty, not permitted, damaged, no table.
pub fn open_history(path: &Path, known: Option<SchemaRef>) -> Result<Arc<dyn History>> {
    keep_freed();
    let opening = text::Opening::new(path)?;
    let notes = misnamed(path, opening.format).into_iter().collect();
    match opening.format.kind {
        FormatKind::Text { .. } => Ok(Arc::new(opening.finish(known, notes)?)),
        FormatKind::Columns { .. } => Ok(Arc::new(columns::Columns::new(path, opening.format, known, notes)?)),
    }
}

/// Something that can be read from beginning to end, as often as one likes.
pub trait History: Send + Sync + std::fmt::Debug {
    /// As a person would recognise it: the path.
    fn name(&self) -> &str;

    fn schema(&self) -> &SchemaRef;

    fn extent(&self) -> Extent;

    /// The most memory that reading and decoding one piece of `columns` takes, bytes, about.
    fn piece_bytes(&self, columns: &[usize]) -> u64;

    /// Whether its types were settled by rows; a header alone settles none.
    fn is_settled(&self) -> bool {
        true
    }

    /// Columns of text whose values are numbers with commas, and how those are written.
    fn commas(&self) -> &[(PlSmallStr, Commas)] {
        &[]
    }

    /// What a person should know about the file, each in a sentence: a name that lies, columns that are left out.
    fn notes(&self) -> &[String] {
        &[]
    }

    /// The same file up to the end of its last whole line: of a log that is being written, what comes after that is not
    /// a record yet. `None` when it ends with a line, or is no log.
    ///
    /// # Errors
    /// When it cannot be read.
    fn whole_lines(&self) -> Result<Option<Arc<dyn History>>> {
        Ok(None)
    }

    /// Begins a reading of `columns` (indices into `schema`). May be called many times. A cell that cannot be read is
    /// null. Where it is said which columns are `vital`, its row is marked, see `data::broken`, and of one in a vital
    /// column the whole row is told.
    ///
    /// # Errors
    /// When the file cannot be opened (any more).
    fn open_vital(&self, columns: &[usize], vital: Option<&[usize]>) -> Result<Box<dyn Reader>>;

    /// The same without marks.
    ///
    /// # Errors
    /// When the file cannot be opened (any more).
    fn open(&self, columns: &[usize]) -> Result<Box<dyn Reader>> {
        self.open_vital(columns, None)
    }
}

/// How much there is, as far as it can be told without reading it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes on disk when it was opened: what progress is measured in, and how far it is read.
    pub bytes: u64,
    /// Rows, where the format says.
    pub rows: Option<u64>,
}

/// A reading under way. The engine calls `next` from one worker at a time; the `FileSplit` that it returns is decoded
/// outside that lock, by the worker that took it. So only I/O and cutting are sequential, and the memory in use is
/// bounded by the number of workers.
pub trait Reader: Send {
    /// The next piece, or `None` at the end. Pieces are small at first, so that a first answer comes early.
    ///
    /// # Errors
    /// When the file vanishes, shrinks or cannot be read while it is read.
    fn next(&mut self) -> Result<Option<FileSplit>>;
}

/// Cuts what was decoded from one piece into chunks of at most `CHUNK_ROWS` rows. Where the rows of a text lie within
/// the piece is not known any more: offsets and bytes are shared out by rows. Rejected rows go with the first chunk.
fn slices(frame: DataFrame, rejects: Rejects, source: &Arc<str>, offsets: Range<u64>, bytes: u64) -> Vec<Chunk> {
    let height = frame.height();
    let length = offsets.end - offsets.start;
    let share = |of: u64, rows: usize| {
        if rows == height { of } else { (u128::from(of) * rows as u128 / height.max(1) as u128) as u64 }
    };
    let mut rejects = Some(rejects);
    let chunk = |start: usize| {
        let end = (start + CHUNK_ROWS).min(height);
        let before = |of: u64| if start == 0 { 0 } else { share(of, start) };
        Chunk {
            frame: if end - start == height { frame.clone() } else { frame.slice(start as i64, end - start) },
            source: source.clone(),
            partition: 0,
            offsets: offsets.start + before(length)..offsets.start + share(length, end),
            bytes: share(bytes, end) - before(bytes),
            rejects: rejects.take().unwrap_or_default(),
            arrived: None,
        }
    };
    (0..height.max(1)).step_by(CHUNK_ROWS).map(chunk).collect()
}

/// Bytes that are still to be decoded into chunks.
pub struct FileSplit(Box<dyn FnOnce() -> Result<Vec<Chunk>> + Send>);

impl FileSplit {
    pub fn new(decode: impl FnOnce() -> Result<Vec<Chunk>> + Send + 'static) -> Self {
        Self(Box::new(decode))
    }

    pub fn decode(self) -> Result<Vec<Chunk>> {
        (self.0)()
    }
}
