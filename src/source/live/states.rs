//! The two states of a feed: opened, where its columns are settled and its log is asked, and reading, where chunks
//! come. The call that leads from one to the other says how to read. What a kind does in them stands in its own file.

use std::time::Duration;

use polars::prelude::{Schema, SchemaRef};

use super::deduplicate::Numbered;
use super::stream_parts::StreamParts;
use crate::data::{Chunk, Fault, Positions, Result};

/// A feed that is connected, or connects, and is not read yet. One thread of the engine has it at a time. Dropping it
/// closes the connection.
pub trait Opened: Send {
    /// The schema, settled from the first rows (which are kept, and handed out once the feed is read). Blocks at most
    /// `wait`; `None` when nothing has arrived yet.
    ///
    /// # Errors
    /// When the feed cannot be connected, or what it sends is no rows.
    fn settle(&mut self, wait: Duration) -> Result<Option<SchemaRef>>;

    /// Where each partition of a log ends now, as far as the feed can tell: rows before it are history, rows from there
    /// on are live. `None` for a feed that has no past.
    ///
    /// # Errors
    /// When the source does not say.
    fn ends(&mut self) -> Result<Option<Positions>> {
        Ok(None)
    }

    /// The first bytes of a log that may be replaced by another at the same address, to tell the two apart: positions
    /// hold only while the log still begins with what it began with. Empty where that cannot happen.
    fn mark(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Turns to the log that begins so, has come as far as `at`, and stood there before another took its place: it is
    /// read first, and then what came after it. Whether there is one.
    fn turn_to(&mut self, _mark: &[u8], _at: u64) -> bool {
        false
    }

    /// Begins to read. The columns must be settled.
    ///
    /// # Errors
    /// When they are not, or when the rows that the options ask for cannot be had (any more).
    fn read(self: Box<Self>, options: &ReadOptions) -> Result<Box<dyn Reading>>;

    /// The bytes behind the rows, so that they can be recorded as they come. `None` for a feed that is no stream of
    /// text.
    fn into_parts(self: Box<Self>) -> Option<StreamParts> {
        None
    }
}

/// A feed that gives chunks. Dropping it closes the connection.
pub trait Reading: Send {
    /// The next event. Blocks at most `wait`.
    ///
    /// # Errors
    /// When nothing more can be had from it.
    fn poll(&mut self, wait: Duration) -> Result<Event>;

    /// As `Opened::mark`, of the log that the last chunk of the first partition was of.
    fn mark(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// How a feed is read. The default reads all columns from where the address says, without end.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Which columns chunks hold, as indices into the settled schema; `None` for all.
    pub columns: Option<Vec<usize>>,
    /// Of those, the ones without whose value a row may be none: of one that has a broken cell there, the whole row is
    /// told. `None`: rows with broken cells are not marked.
    pub vital: Option<Vec<usize>>,
    /// Begin at these positions instead of where the address says (empty); only of a kind that is `rereadable`.
    pub start: Positions,
    /// Give only what stands before these positions, as fast as it is taken, and then `End`: the past is read once
    /// more. Only of a kind that is `rereadable`.
    pub stop: Option<Positions>,
    /// What the log begins with that `stop` is of; empty for whichever is read.
    pub stop_in: Vec<u8>,
    /// Give what stands before these positions as fast as it is taken, and go on from there at the feed's own pace: a
    /// second run catches up with the first. A feed without a pace does so anyway.
    pub hasten: Positions,
    /// Let no chunk hold rows of both sides of these positions. For feeds that know their ends.
    pub split: Positions,
    /// Messages up to this number came before; for feeds whose messages are numbered.
    pub count_from: Option<i64>,
}

impl ReadOptions {
    /// Reads these columns, and is otherwise the default.
    pub fn columns(columns: Vec<usize>) -> Self {
        Self { columns: Some(columns), ..Self::default() }
    }

    /// The columns that are read, of this schema.
    pub fn columns_of(&self, schema: &Schema) -> Vec<usize> {
        self.columns.clone().unwrap_or_else(|| (0..schema.len()).collect())
    }

    /// Where a feed of one partition begins; `None` for where its address says.
    pub fn start(&self) -> Option<u64> {
        self.start.get(&0).copied()
    }

    /// Where a feed of one partition ends, if it does.
    pub fn stop(&self) -> Option<u64> {
        self.stop.as_ref().map(|stop| stop.get(&0).copied().unwrap_or_default())
    }
}

/// The fault of a feed that is read before its columns are settled.
pub fn unsettled(source: &str) -> Fault {
    Fault::new("no row came yet").at(source).hint("wait until its columns are settled")
}

/// An event of a feed.
#[derive(Debug)]
pub enum Event {
    Chunk(Chunk),
    /// Nothing within the wait.
    Quiet,
    /// The connection was lost or regained; what was sent meanwhile cannot be known. `reason` is for a person.
    Gap {
        reason: String,
    },
    /// What the numbers of the messages say of the chunk that comes next.
    Numbers(Numbered),
    /// Something that a person should know, and that has passed.
    Note {
        reason: String,
    },
    /// The connection is trouble that a retry may cure; the feed goes on by itself.
    Trouble {
        reason: String,
    },
    /// No row will come any more.
    End,
}
