//! Rows of a feed on their way to a worker, with all that is known of them. Reading them is `intake`'s.

use std::sync::Arc;

use super::query_set::QuerySet;
use super::reached::{PartitionPosition, Reached};
use super::seam::Face;
use super::watermark::InFlight;
use crate::data::Chunk;
use crate::query::window::Micros;
use crate::source::live::Numbered;

/// Rows from a feed on their way to a worker.
pub struct LiveChunk {
    pub chunk: Chunk,
    /// The questions that it was read for.
    pub set: Arc<QuerySet>,
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

impl LiveChunk {
    /// How far its feed is absorbed once all of its rows are.
    pub fn reached(&self) -> Reached {
        let newest = self.times.filter(|_| self.face == Face::Live).map(|t| t.1);
        let at = PartitionPosition {
            feed: self.feed,
            partition: self.chunk.partition,
            start: self.chunk.offsets.start,
            epoch: self.epoch,
            next: self.chunk.offsets.end,
            newest,
            number: self.numbered.and_then(|numbered| numbered.last),
            missing: self.numbered.map_or(0, |numbered| numbered.missing),
        };
        let watermark = self.flight.as_ref().and_then(|flight| flight.before);
        Reached { partitions: vec![at], watermark, ..Reached::default() }
    }
}
