//! What a worker hands to the merger.

use std::time::{Duration, Instant};

use crate::data::Rejects;
use crate::engine::counts::RowCounts;
use crate::engine::late::Late;
use crate::engine::reached::Reached;
use crate::engine::seam::FaceTimes;
use crate::engine::watermark::InFlight;
use crate::query::Partial;

/// The partial of a worker, and what else happened since its last one.
#[derive(Debug, Default)]
pub struct Delta {
    pub partial: Option<Partial>,
    pub rows: RowCounts,
    pub rejects: Rejects,
    pub late: Late,
    pub chunks: u64,
    /// How long the worker was at work, without waiting.
    pub busy: Duration,
    pub bytes: u64,
    pub history_bytes: u64,
    pub history_rows: u64,
    pub live_rows: u64,
    pub overlap: u64,
    /// The event times that each face brought.
    pub times: FaceTimes,
    /// How far the feeds were absorbed.
    pub reached: Reached,
    /// Judged rows that are in the answer once this is merged.
    pub flights: Vec<InFlight>,
    /// When live chunks arrived, and their rows.
    pub arrivals: Vec<(Instant, u64)>,
    /// All that this worker took is handed over with this, and it waits at that barrier.
    pub barrier: Option<u64>,
    /// This worker's last word.
    pub gone: bool,
}
