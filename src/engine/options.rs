//! How a run may behave: what a person or a caller sets before it starts. What each setting does is left to those who
//! read it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use polars::prelude::Schema;

use super::checkpoint::Asker;
use super::memory::Memory;
use super::{Reached, Table};
use crate::data::Result;
use crate::data::format::{Formulas, RowWriter};

/// How a run may behave.
#[derive(Clone, Debug)]
pub struct Options {
    /// Workers; 0 means one a core.
    pub threads: usize,
    /// The memory that it draws from, with all others that are given the same.
    pub memory: Option<Memory>,
    /// The shortest time between two snapshots.
    pub pace: Duration,
    /// Where checkpoints are kept; without it a run begins anew each time.
    pub workspace: Option<PathBuf>,
    /// Who asks, where checkpoints are kept for one that asks question after question.
    pub asker: Option<Asker>,
    /// How often checkpoints are written, and how large what is known may be for one.
    pub saving: Saving,
    /// The other tables that the question names, in the order of `Query::tables`.
    pub datasets: Vec<Arc<Table>>,
    /// Where the rows of a question that `streams` go instead of into the answer. Such a run keeps no checkpoints.
    pub rows_to: Option<RowsTo>,
    /// Whether the answer is verified against a batch over the recording, and how long to rest in between.
    pub audit: Option<Duration>,
    /// At most so many pieces of the history are read; to measure what parts of it cost.
    pub pieces: Option<u64>,
    /// Feeds are read up to there and end: a question about the past of a running one. What is past is history:
    /// nothing in it is late.
    pub past: Option<Reached>,
    /// A feed with a pace of its own is read up to there as fast as can be: another run has come so far already.
    pub catch_up: Option<Reached>,
    /// Groups of final windows that stay in memory; older ones leave for disk.
    pub final_groups: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 0,
            memory: None,
            pace: Duration::from_millis(30),
            workspace: None,
            asker: None,
            saving: Saving::default(),
            datasets: Vec::new(),
            rows_to: None,
            audit: None,
            pieces: None,
            past: None,
            catch_up: None,
            final_groups: 100_000,
        }
    }
}

impl Options {
    pub fn workers(&self) -> usize {
        if self.threads > 0 { self.threads } else { std::thread::available_parallelism().map_or(2, usize::from) }
    }
}

/// How often checkpoints are written, and how large they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saving {
    /// The shortest time between two; costly ones are written more rarely.
    pub pace: Duration,
    /// What is known of a question is written while it takes no more memory than this, bytes.
    pub most: usize,
}

impl Default for Saving {
    fn default() -> Self {
        Self { pace: Duration::from_millis(500), most: usize::MAX }
    }
}

/// Where the rows of a question that streams are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowsTo {
    /// A file whose name says its format.
    File(PathBuf, Formulas),
    /// CSV on standard output.
    Stdout(Formulas),
}

impl RowsTo {
    /// # Errors
    /// What the disk says.
    pub fn open(&self, schema: &Schema) -> Result<RowWriter> {
        match self {
            Self::File(path, formulas) => RowWriter::create(path, schema, *formulas),
            Self::Stdout(formulas) => RowWriter::stdout(schema, *formulas),
        }
    }
}
