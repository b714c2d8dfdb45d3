//! What workers take: rows from a feed on their way to a worker, and how much of the files was handed out. Reading them
//! is `intake`'s.

use serde::{Deserialize, Serialize};

use super::seam::Face;
use super::watermark::InFlight;
use crate::data::Chunk;
use crate::query::window::Micros;
use crate::source::live::Numbered;

/// How much of a table's files was handed out: whole files, and pieces of the next. Pieces are cut alike each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryDone {
    pub files: usize,
    pub pieces: u64,
}

/// Rows from a feed on their way to a worker.
pub struct LiveChunk {
    pub chunk: Chunk,
    /// Which of the table's feeds.
    pub feed: usize,
    /// Rows of a log from before the run began are history.
    pub face: Face,
    /// How often its log began anew before these rows.
    pub epoch: u64,
    /// Its place among the chunks of its feed in this run, from 0.
    pub number: u64,
    /// Where they are judged: until they are in the answer, it stands where the watermark was before them.
    pub flight: Option<InFlight>,
    /// The smallest and the largest event time among them.
    pub times: Option<(Micros, Micros)>,
    /// What their numbers say: how many came again, and of the feed so far how many are missing.
    pub numbered: Option<Numbered>,
}
