//! How much of a table's files was handed out to workers. Reading them is `intake`'s.

use serde::{Deserialize, Serialize};

/// How much of a table's files was handed out: whole files, and pieces of the next. Pieces are cut alike each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryDone {
    pub files: usize,
    pub pieces: u64,
}
