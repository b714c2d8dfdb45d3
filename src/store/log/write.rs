//! Writing a log: records at its end, in segment files that are begun when one is full and dropped when they are too
//! old. What records say is left to the caller, and how they are read again to `reader`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::passed::gap_payload;
use super::record::{self, ANEW, HEAD, HEADER, Header, LINE_START, RecordKind, SegmentHeader};
use super::{Keep, Log, LogMeta, Recent, Segment, State, now};
use crate::data::{Fault, Result};
use crate::store::disk;

/// Sealed segments that may wait for a sync.
const UNSYNCED: usize = 4;
/// A limited log has about so many segments.
const SEGMENTS: u64 = 8;

impl Log {
    /// Adds bytes of the feed and gives the position of the first. On an error nothing was added, and it may be tried
    /// again.
    ///
    /// # Errors
    /// The disk's.
    pub fn append(&self, bytes: &Arc<Vec<u8>>, arrived: Instant) -> Result<u64> {
        self.add(RecordKind::Bytes, 0, bytes, arrived)
    }

    /// Notes a break. `anew` says that a stream with a beginning of its own follows.
    ///
    /// # Errors
    /// The disk's.
    pub fn gap(&self, reason: &str, anew: bool) -> Result<u64> {
        let at = self.add(RecordKind::Gap, if anew { ANEW } else { 0 }, &gap_payload(0, reason), Instant::now())?;
        if anew {
            self.note(|meta| meta.streams.push(at));
        }
        Ok(at)
    }

    /// As `describe`, for what the records tell as well: a failure is kept among the faults.
    fn note(&self, change: impl FnOnce(&mut LogMeta)) {
        if let Err(fault) = self.describe(change) {
            self.lock().faults.push(fault);
        }
    }

    /// # Errors
    /// The disk's.
    pub fn trouble(&self, reason: &str) -> Result<u64> {
        self.add(RecordKind::Trouble, 0, &Arc::new(reason.as_bytes().to_vec()), Instant::now())
    }

    /// Keeps something that a person should know.
    ///
    /// # Errors
    /// The disk's.
    pub fn remark(&self, reason: &str) -> Result<u64> {
        self.add(RecordKind::Trouble, record::NOTE, &Arc::new(reason.as_bytes().to_vec()), Instant::now())
    }

    /// The feed ended: nothing will be added, now or later.
    ///
    /// # Errors
    /// The disk's.
    pub fn finish(&self) -> Result<()> {
        self.add(RecordKind::End, 0, &Arc::default(), Instant::now())?;
        self.note(|meta| meta.ended = true);
        self.close();
        Ok(())
    }

    fn add(&self, kind: RecordKind, flags: u8, payload: &Arc<Vec<u8>>, arrived: Instant) -> Result<u64> {
        let mut state = self.lock();
        if kind == RecordKind::Bytes && payload.is_empty() {
            return Ok(state.end);
        }
        if payload.len() > record::LONGEST {
            return Err(Fault::new("too much at once").at(self.folder.display().to_string()));
        }
        self.fill(&mut state)?;
        let at = state.end;
        let flags = if kind == RecordKind::Bytes && state.line_start { LINE_START } else { flags };
        self.write(&mut state, at, kind, flags, payload, arrived)?;
        Ok(at)
    }

    /// Writes a record that begins at `at`: the end of the log, or of what is on disk.
    pub(super) fn write(
        &self,
        state: &mut State,
        at: u64,
        kind: RecordKind,
        flags: u8,
        payload: &Arc<Vec<u8>>,
        arrived: Instant,
    ) -> Result<()> {
        let full = state.segments.back().is_none_or(|s| self.is_full(state.keep, s));
        if state.active.is_none() || full {
            self.roll(state, at)?;
        }
        let State { active: Some(track), segments, .. } = &*state else { return Ok(()) };
        let (track, length) = (track.clone(), segments.back().map_or(0, |s| s.length));
        let place = || segments.back().map_or_else(|| self.folder.clone(), |s| s.path.clone());
        if state.torn {
            track.cut(length).map_err(|e| disk::fault(&place(), &e))?;
        }
        let crc = crc32fast::hash(payload);
        // A payload is not longer than `LONGEST`, which fits.
        let size = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let header = Header { kind, flags, length: size, position: at, number: state.number, time: now(), crc };
        if let Err(error) = track.append(&header.encode(self.id), payload) {
            let fault = disk::fault(&place(), &error);
            state.torn = track.cut(length).is_err();
            return Err(fault);
        }
        state.torn = false;
        if let Some(segment) = state.segments.back_mut() {
            segment.length += (HEADER + payload.len()) as u64;
        }
        self.remember(state, header, payload, arrived, false);
        Ok(())
    }

    /// Adds a record to those in memory and tells readers.
    pub(super) fn remember(
        &self,
        state: &mut State,
        header: Header,
        payload: &Arc<Vec<u8>>,
        arrived: Instant,
        passed: bool,
    ) {
        let flags = header.flags;
        state.number += 1;
        state.end = state.end.max(header.position + header.covers(payload));
        state.line_start = match header.kind {
            RecordKind::Bytes => payload.ends_with(b"\n"),
            RecordKind::Gap => flags & ANEW != 0 || state.line_start,
            RecordKind::Trouble | RecordKind::End => state.line_start,
        };
        let recent = Recent { header, payload: payload.clone(), arrived, passed };
        state.recent_bytes += recent.held();
        state.recent.push_back(recent);
        // What is on disk is in memory for readers that are close behind; what is nowhere else has all of the room.
        let most = |old: &Recent| if old.passed { self.options.memory } else { self.options.memory / 4 };
        while state.recent.len() > 1
            && let Some(old) = state.recent.pop_front_if(|old| state.recent_bytes > most(old))
        {
            state.recent_bytes -= old.held();
            state.lose(&old);
        }
        self.news.notify_all();
    }

    /// Begins a new segment file.
    fn roll(&self, state: &mut State, start: u64) -> Result<()> {
        let number = state.number;
        // An empty segment of the same name, left by a failure, is written over.
        let path = segment_path(&self.folder, start, number);
        let track = self.options.medium.open(&path).map_err(|e| disk::fault(&path, &e))?;
        let written =
            track.cut(0).and_then(|()| track.append(&SegmentHeader { id: self.id, start, number }.encode(), &[]));
        if let Err(error) = written {
            drop(track);
            // A file without a head is set aside at the next opening, if it cannot be removed now.
            let _ = crate::disk::remove(&path);
            return Err(disk::fault(&path, &error));
        }
        let before = state.active.take();
        state.unsynced.extend(before);
        // One without a record is the same file.
        if state.segments.back().is_some_and(|last| last.number == number) {
            state.segments.pop_back();
        }
        state.torn = false;
        state.new_files = true;
        state.active = Some(track);
        state.segments.push_back(Segment { start, number, path, length: HEAD as u64, time: now(), repaired: 0 });
        self.retain(state);
        // Handles do not pile up where nobody asks for a sync; what is this old is on disk by now.
        if state.unsynced.len() > UNSYNCED {
            let oldest = state.unsynced.remove(0);
            if let Err(error) = oldest.sync() {
                state.faults.push(disk::fault(&self.folder, &error));
            }
        }
        Ok(())
    }

    /// Whether a new segment begins after this one. Segments are dropped whole, so they are small beside the limits.
    fn is_full(&self, keep: Keep, segment: &Segment) -> bool {
        let least = HEAD as u64;
        let bytes =
            keep.bytes.map_or(u64::MAX, |bytes| (bytes / SEGMENTS).max(least + 1)).min(self.options.segment_bytes);
        let age = keep.age.map_or(i64::MAX, |age| i64::try_from(age.as_micros()).unwrap_or(i64::MAX) / SEGMENTS as i64);
        segment.length > least && (segment.length >= bytes || now().saturating_sub(segment.time) >= age)
    }

    /// Keeps so much from now on.
    pub fn keep(&self, keep: Keep) {
        let mut state = self.lock();
        state.keep = keep;
        self.retain(&mut state);
    }

    /// Drops segments beyond the limits of size and age.
    fn retain(&self, state: &mut State) {
        let Keep { bytes, age } = state.keep;
        let oldest = age.map(|age| now().saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX)));
        let mut dropped = false;
        while state.segments.len() > 1 {
            let total: u64 = state.segments.iter().map(|s| s.length).sum();
            // All records of a segment are older than the first of the next.
            let old = oldest.is_some_and(|oldest| state.segments.get(1).is_some_and(|next| next.time < oldest));
            if !old && bytes.is_none_or(|bytes| total <= bytes) {
                break;
            }
            if let Some(segment) = state.segments.pop_front()
                && let Err(error) = crate::disk::remove(&segment.path)
            {
                state.faults.push(disk::fault(&segment.path, &error));
            }
            dropped = true;
        }
        if dropped {
            state.meta.first = state.segments.front().map_or(state.end, |s| s.start);
            if let Err(fault) = state.meta.save(&self.folder) {
                state.faults.push(fault);
            }
        }
    }
}

/// Two segments may begin at one position, where the first holds no bytes: so the number is in the name as well.
pub(super) fn segment_path(folder: &Path, start: u64, number: u64) -> PathBuf {
    folder.join(format!("{start:020}-{number}.log"))
}
