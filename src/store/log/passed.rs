//! What a full disk does not take: it is handed to the readers all the same, from memory, and counted. As soon as the
//! log can be written again it says itself what it lacks: a gap over the same positions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::record::{Header, LINE_START, NOTE, RecordKind, TORN};
use super::{Log, Recent, State, now};
use crate::data::Result;
use crate::source::live::byte_source::{Break, ByteEvent};

/// What a recording lacks of its feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unrecorded {
    /// Rows that readers were handed and that are not in the recording.
    pub rows: u64,
    /// Rows that no reader was handed, and that are not in the recording either.
    pub dropped: u64,
    /// Rows in hand that wait to be written.
    pub waiting: u64,
    /// What keeps the recording from being written at present.
    pub why: Option<String>,
}

/// A stretch of the feed that is not on disk.
#[derive(Debug)]
pub(super) struct Hole {
    at: u64,
    rows: u64,
}

impl Log {
    /// What it lacks.
    pub fn unrecorded(&self) -> Unrecorded {
        let state = self.lock();
        // What was passed and nobody has taken yet is not in an answer.
        let next: Vec<u64> = state
            .readers
            .iter()
            .filter_map(std::sync::Weak::upgrade)
            .map(|next| next.load(Ordering::Acquire))
            .collect();
        let untaken = |recent: &&Recent| {
            recent.passed
                && recent.header.kind == RecordKind::Bytes
                && next.iter().any(|next| *next <= recent.header.number)
        };
        let rows: u64 = state.recent.iter().filter(untaken).map(|recent| lines(&recent.payload)).sum();
        let known = state.unrecorded.clone();
        Unrecorded {
            why: state.trouble.clone(),
            rows: known.rows.saturating_sub(rows),
            waiting: known.waiting + rows,
            ..known
        }
    }

    /// Hands bytes to the readers that cannot be written.
    pub fn pass(&self, bytes: &Arc<Vec<u8>>, arrived: Instant) {
        let mut state = self.lock();
        let rows = lines(bytes);
        let (at, number, line_start) = (state.end, state.number, state.line_start);
        state.hole.get_or_insert(Hole { at, rows: 0 }).rows += rows;
        state.unrecorded.rows += rows;
        state.unrecorded.waiting = 0;
        let flags = if line_start { LINE_START } else { 0 };
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let header = Header { kind: RecordKind::Bytes, flags, length, position: at, number, time: now(), crc: 0 };
        self.remember(&mut state, header, bytes, arrived, true);
    }

    /// Tells the readers of a break, of trouble, or of what is worth knowing, where that cannot be written.
    pub fn pass_told(&self, said: &ByteEvent) {
        let mut state = self.lock();
        let text = |reason: &str| Arc::new(reason.as_bytes().to_vec());
        let (kind, flags, payload) = match said {
            ByteEvent::Gap(Break { reason, .. }) => (RecordKind::Gap, 0, gap_payload(0, reason)),
            ByteEvent::Trouble { reason } => (RecordKind::Trouble, 0, text(reason)),
            ByteEvent::Note { reason } => (RecordKind::Trouble, NOTE, text(reason)),
            ByteEvent::Bytes(_) | ByteEvent::Quiet | ByteEvent::End => return,
        };
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let header = Header { kind, flags, length, position: state.end, number: state.number, time: now(), crc: 0 };
        self.remember(&mut state, header, &payload, Instant::now(), true);
    }

    /// So many rows are in hand and wait to be written.
    pub fn hold(&self, rows: u64) {
        self.lock().unrecorded.waiting = rows;
    }

    /// So many rows were let go, because they could be neither written nor handed out.
    pub fn drop_rows(&self, rows: u64) {
        self.lock().unrecorded.dropped += rows;
    }

    /// Whether somebody reads, and all who do have taken all there is.
    pub fn caught_up(&self) -> bool {
        let mut state = self.lock();
        state.readers.retain(|reader| reader.strong_count() > 0);
        let number = state.number;
        !state.readers.is_empty()
            && state
                .readers
                .iter()
                .all(|reader| reader.upgrade().is_none_or(|next| next.load(Ordering::Acquire) >= number))
    }

    /// A place for a reader to say which record it takes next.
    pub(super) fn register(&self) -> Arc<AtomicU64> {
        let next = Arc::new(AtomicU64::new(0));
        self.lock().readers.push(Arc::downgrade(&next));
        next
    }

    /// Writes down what is missing, if anything is.
    pub(super) fn fill(&self, state: &mut State) -> Result<()> {
        let Some(hole) = &state.hole else { return Ok(()) };
        let (at, rows, torn) = (hole.at, hole.rows, !state.line_start);
        let payload = gap_payload(
            state.end.saturating_sub(at),
            &format!("{rows} rows could not be recorded, and are not in the recording"),
        );
        let (flags, line_start) = (if torn { TORN } else { 0 }, state.line_start);
        self.write(state, at, RecordKind::Gap, flags, &payload, Instant::now())?;
        (state.hole, state.line_start) = (None, line_start);
        Ok(())
    }
}

impl State {
    /// A record leaves memory: one that is nowhere else is lost to those who have not read it.
    pub(super) fn lose(&mut self, old: &Recent) {
        let unread = |next: Arc<AtomicU64>| next.load(Ordering::Acquire) <= old.header.number;
        if old.passed
            && old.header.kind == RecordKind::Bytes
            && self.readers.iter().filter_map(std::sync::Weak::upgrade).any(unread)
        {
            let rows = lines(&old.payload);
            self.unrecorded.dropped += rows;
            self.unrecorded.rows = self.unrecorded.rows.saturating_sub(rows);
        }
    }
}

fn lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

pub(super) fn gap_payload(lost: u64, reason: &str) -> Arc<Vec<u8>> {
    Arc::new([&lost.to_le_bytes()[..], reason.as_bytes()].concat())
}
