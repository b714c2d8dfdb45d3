//! What a worker hands to the merger: rows become counts and partials there, and nothing else travels between the two.

use std::time::{Duration, Instant};

use crate::data::Rejects;
use crate::engine::counts::RowCounts;
use crate::engine::late::Late;
use crate::engine::reached::Reached;
use crate::engine::seam::FaceTimes;
use crate::engine::watermark::InFlight;
use crate::query::Partial;

/// All that a worker has to hand over at one moment: the same rows for each question.
#[derive(Debug, Default)]
pub struct Handover {
    /// Which scan the worker works for: the merger's own, or one that reads the past for questions that joined it.
    pub scan: u64,
    /// What each question, by its `id`, has of those rows.
    pub deltas: Vec<(u64, Delta)>,
    /// Judged rows that are in the answers once this is merged.
    pub flights: Vec<InFlight>,
    /// All that this worker took is handed over with this, and it waits at that barrier.
    pub barrier: Option<u64>,
    /// This worker's last word.
    pub gone: bool,
}

/// The partial of one question in one worker, and what else happened since the last one.
#[derive(Debug, Default)]
pub struct Delta {
    pub partial: Option<Partial>,
    pub rows: RowCounts,
    pub rejects: Rejects,
    pub late: Late,
    pub chunks: u64,
    /// How long the worker was at work for all questions, without waiting.
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
    /// When live chunks arrived, and their rows.
    pub arrivals: Vec<(Instant, u64)>,
}
