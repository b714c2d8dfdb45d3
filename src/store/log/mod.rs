//! An append-only log of the raw bytes of a feed, in segment files, with one writer and any number of readers.
//! Positions are bytes of the feed; they are never used twice. What the bytes mean is the reader's.
//!
//! A process that dies leaves a log that is whole up to a record: what is torn is cut off, what is damaged is set aside
//! and leaves a gap of known size. Every bit of a record is under a checksum, and it is looked at whenever a file is
//! read.

mod cursor;
mod medium;
mod meta;
mod open;
mod passed;
mod reader;
mod record;
mod repair;

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::disk;
use crate::data::{Fault, Result};
pub use medium::{Disk, Medium, Track};
pub use meta::{Meta, MetaColumn};
use passed::Hole;
pub use passed::Unrecorded;
pub use reader::Reader;
use record::{ANEW, HEAD, HEADER, Head, Header, Kind, LINE_START};

/// How a log is kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// A segment file is full beyond this.
    pub segment_bytes: u64,
    /// How much of the newest stays in memory for readers that keep up.
    pub memory: usize,
    pub keep: Keep,
    pub medium: Arc<dyn Medium>,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, memory: 4 << 20, keep: Keep::default(), medium: Arc::new(Disk) }
    }
}

/// How much is kept: whole segments are dropped, the oldest first. `None` is without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    pub bytes: Option<u64>,
    pub age: Option<Duration>,
}

/// A log, open for one writer. Share it by `Arc`; readers keep it open.
#[derive(Debug)]
pub struct Log {
    folder: PathBuf,
    id: u64,
    options: Options,
    state: Mutex<State>,
    news: Condvar,
    /// Held while the log is open: one process writes it.
    _lock: File,
}

#[derive(Debug, Default)]
struct State {
    /// What streams began with, where the disk does not take it.
    heads: std::collections::BTreeMap<u64, Vec<u8>>,
    meta: Meta,
    /// In order; the last may be the one that is written.
    segments: VecDeque<Segment>,
    active: Option<Arc<dyn Track>>,
    /// A failed write may have left a part of a record behind.
    torn: bool,
    /// Number and position of the next record.
    number: u64,
    end: u64,
    line_start: bool,
    recent: VecDeque<Recent>,
    recent_bytes: usize,
    unsynced: Vec<Arc<dyn Track>>,
    /// Segment files were made since the last sync.
    new_files: bool,
    /// Nothing will be added.
    closed: bool,
    /// What keeps the log from being written at present, and how often that changed.
    trouble: Option<String>,
    troubles: u64,
    faults: Vec<Fault>,
    /// What was handed to readers and could not be written, until the log says so itself.
    hole: Option<Hole>,
    unrecorded: Unrecorded,
    /// The next record of each reader.
    readers: Vec<Weak<AtomicU64>>,
    /// Why it was closed.
    failed: Option<Fault>,
}

#[derive(Clone, Debug)]
struct Segment {
    start: u64,
    /// Of its first record.
    number: u64,
    path: PathBuf,
    length: u64,
    /// Of its first record, microseconds since 1970; of a new one that of its making.
    time: i64,
    /// Counts how often the file was made anew because of damage.
    repaired: u64,
}

/// A record that is still in memory.
#[derive(Clone, Debug)]
struct Recent {
    header: Header,
    payload: Arc<Vec<u8>>,
    arrived: Instant,
    /// It is nowhere else.
    passed: bool,
}

impl Log {
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Tells this log from any other.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Positions of the oldest byte that is kept, and after the newest.
    pub fn range(&self) -> std::ops::Range<u64> {
        let state = self.lock();
        state.segments.front().map_or(state.end, |s| s.start.min(state.end))..state.end
    }

    /// Bytes on disk.
    pub fn size(&self) -> u64 {
        self.lock().segments.iter().map(|s| s.length).sum()
    }

    /// What was found damaged since it was opened.
    pub fn faults(&self) -> Vec<Fault> {
        self.lock().faults.clone()
    }

    pub fn meta(&self) -> Meta {
        self.lock().meta.clone()
    }

    /// Changes what is known of the log.
    ///
    /// # Errors
    /// The disk's.
    pub fn describe(&self, change: impl FnOnce(&mut Meta)) -> Result<()> {
        let mut state = self.lock();
        change(&mut state.meta);
        state.meta.save(&self.folder)
    }

    /// Keeps the first bytes of the stream that begins at `at`.
    ///
    /// # Errors
    /// The disk's.
    pub fn set_head(&self, at: u64, head: &[u8]) -> Result<()> {
        let saved = meta::save_head(&self.folder, at, head);
        // Readers of this process need it on a full disk, too; what is on the disk need not stay in memory as well.
        match saved {
            Ok(()) => self.lock().heads.remove(&at),
            Err(_) => self.lock().heads.insert(at, head.to_vec()),
        };
        saved
    }

    /// What the stream that begins at `at` began with, where that was kept.
    pub fn head(&self, at: u64) -> Option<Vec<u8>> {
        let known = self.lock().heads.get(&at).cloned();
        known.or_else(|| meta::load_head(&self.folder, at))
    }

    /// A reader that begins with the oldest record.
    pub fn reader(self: &Arc<Self>) -> Reader {
        Reader::new(self.clone())
    }

    /// Adds bytes of the feed and gives the position of the first. On an error nothing was added, and it may be tried
    /// again.
    ///
    /// # Errors
    /// The disk's.
    pub fn append(&self, bytes: &Arc<Vec<u8>>, arrived: Instant) -> Result<u64> {
        self.add(Kind::Bytes, 0, bytes, arrived)
    }

    /// Notes a break. `anew` says that a stream with a beginning of its own follows.
    ///
    /// # Errors
    /// The disk's.
    pub fn gap(&self, reason: &str, anew: bool) -> Result<u64> {
        let at = self.add(Kind::Gap, if anew { ANEW } else { 0 }, &gap_payload(0, reason), Instant::now())?;
        if anew {
            self.note(|meta| meta.streams.push(at));
        }
        Ok(at)
    }

    /// As `describe`, for what the records tell as well: a failure is kept among the faults.
    fn note(&self, change: impl FnOnce(&mut Meta)) {
        if let Err(fault) = self.describe(change) {
            self.lock().faults.push(fault);
        }
    }

    /// # Errors
    /// The disk's.
    pub fn trouble(&self, reason: &str) -> Result<u64> {
        self.add(Kind::Trouble, 0, &Arc::new(reason.as_bytes().to_vec()), Instant::now())
    }

    /// Keeps something that a person should know.
    ///
    /// # Errors
    /// The disk's.
    pub fn remark(&self, reason: &str) -> Result<u64> {
        self.add(Kind::Trouble, record::NOTE, &Arc::new(reason.as_bytes().to_vec()), Instant::now())
    }

    /// The feed ended: nothing will be added, now or later.
    ///
    /// # Errors
    /// The disk's.
    pub fn finish(&self) -> Result<()> {
        self.add(Kind::End, 0, &Arc::default(), Instant::now())?;
        self.note(|meta| meta.ended = true);
        self.close();
        Ok(())
    }

    /// Nothing will be added by this process: readers end at the end.
    pub fn close(&self) {
        let mut state = self.lock();
        // Where the disk is full to the last byte, the next process does not know; this one has told.
        let _ = self.fill(&mut state);
        state.closed = true;
        drop(state);
        self.news.notify_all();
    }

    /// As `close`, because of a fault.
    pub fn fail(&self, fault: Fault) {
        let mut state = self.lock();
        state.trouble = Some(fault.to_string());
        state.troubles += 1;
        state.failed = Some(fault);
        drop(state);
        self.close();
    }

    /// Why nothing will be added, if that is so.
    pub fn over(&self) -> Option<Fault> {
        let state = self.lock();
        state.closed.then(|| {
            state
                .failed
                .clone()
                .unwrap_or_else(|| Fault::new("there are no rows in it").hint("begin with a header or a first row"))
        })
    }

    /// The fault because of which it was closed, if it was.
    pub fn failed(&self) -> Option<Fault> {
        self.lock().failed.clone()
    }

    /// Tells readers what keeps the log from being written; `None` when it can be written again.
    pub fn say(&self, trouble: Option<String>) {
        let mut state = self.lock();
        if state.trouble != trouble {
            state.trouble = trouble;
            state.troubles += 1;
            self.news.notify_all();
        }
    }

    /// Returns when all that was added survives a power cut.
    ///
    /// # Errors
    /// The disk's.
    pub fn sync(&self) -> Result<()> {
        let (tracks, new_files) = {
            let mut state = self.lock();
            // Positions behind a hole that the log does not know of would be beyond its end when it is opened again.
            self.fill(&mut state)?;
            let mut tracks = std::mem::take(&mut state.unsynced);
            tracks.extend(state.active.clone());
            (tracks, std::mem::take(&mut state.new_files))
        };
        let synced = tracks
            .iter()
            .try_for_each(|track| track.sync())
            .and_then(|()| if new_files { crate::disk::sync_folder(&self.folder) } else { Ok(()) });
        synced.map_err(|error| {
            let mut state = self.lock();
            state.unsynced.extend(tracks);
            state.new_files |= new_files;
            disk::fault(&self.folder, &error)
        })
    }

    /// The position at which the log stood at a time, microseconds since 1970: of the first record that was written
    /// then or later.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub fn at_time(&self, time: i64) -> Result<u64> {
        let (segment, end) = {
            let state = self.lock();
            let before = state.segments.iter().rev().find(|s| s.time < time).cloned();
            match before {
                Some(segment) => (segment, state.end),
                None => return Ok(state.segments.front().map_or(state.end, |s| s.start)),
            }
        };
        let fault = |error: std::io::Error| disk::fault(&segment.path, &error);
        let mut cursor = cursor::Cursor::open(&segment.path, self.id, segment.length).map_err(fault)?;
        let mut at = segment.start;
        while let cursor::Found::Record(header) = cursor.look().map_err(fault)? {
            if header.time >= time {
                return Ok(header.position);
            }
            at = header.position + header.covers(cursor.payload(&header));
            cursor.advance(&header);
        }
        Ok(at.min(end))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, kind: Kind, flags: u8, payload: &Arc<Vec<u8>>, arrived: Instant) -> Result<u64> {
        let mut state = self.lock();
        if kind == Kind::Bytes && payload.is_empty() {
            return Ok(state.end);
        }
        if payload.len() > record::LONGEST {
            return Err(Fault::new("too much at once").at(self.folder.display().to_string()));
        }
        self.fill(&mut state)?;
        let at = state.end;
        let flags = if kind == Kind::Bytes && state.line_start { LINE_START } else { flags };
        self.write(&mut state, at, kind, flags, payload, arrived)?;
        Ok(at)
    }

    /// Writes a record that begins at `at`: the end of the log, or of what is on disk.
    fn write(
        &self,
        state: &mut State,
        at: u64,
        kind: Kind,
        flags: u8,
        payload: &Arc<Vec<u8>>,
        arrived: Instant,
    ) -> Result<()> {
        let full =
            state.segments.back().is_none_or(|s| s.length >= self.options.segment_bytes && s.length > HEAD as u64);
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
    fn remember(&self, state: &mut State, header: Header, payload: &Arc<Vec<u8>>, arrived: Instant, passed: bool) {
        let flags = header.flags;
        state.number += 1;
        state.end = state.end.max(header.position + header.covers(payload));
        state.line_start = match header.kind {
            Kind::Bytes => payload.ends_with(b"\n"),
            Kind::Gap => flags & ANEW != 0 || state.line_start,
            Kind::Trouble | Kind::End => state.line_start,
        };
        state.recent_bytes += payload.len() + HEADER;
        state.recent.push_back(Recent { header, payload: payload.clone(), arrived, passed });
        while state.recent_bytes > self.options.memory && state.recent.len() > 1 {
            if let Some(old) = state.recent.pop_front() {
                state.recent_bytes -= old.payload.len() + HEADER;
                state.lose(&old);
            }
        }
        self.news.notify_all();
    }

    /// Begins a new segment file.
    fn roll(&self, state: &mut State, start: u64) -> Result<()> {
        let number = state.number;
        // An empty segment of the same name, left by a failure, is written over.
        let path = segment_path(&self.folder, start, number);
        let track = self.options.medium.open(&path).map_err(|e| disk::fault(&path, &e))?;
        let written = track.cut(0).and_then(|()| track.append(&Head { id: self.id, start, number }.encode(), &[]));
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

    /// Drops what is older than it shall be.
    fn retain(&self, state: &mut State) {
        let Keep { bytes, age } = self.options.keep;
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

/// Sealed segments that may wait for a sync.
const UNSYNCED: usize = 4;

fn gap_payload(lost: u64, reason: &str) -> Arc<Vec<u8>> {
    Arc::new([&lost.to_le_bytes()[..], reason.as_bytes()].concat())
}

/// Two segments may begin at one position, where the first holds no bytes: so the number is in the name as well.
fn segment_path(folder: &Path, start: u64, number: u64) -> PathBuf {
    folder.join(format!("{start:020}-{number}.log"))
}

/// Microseconds since 1970.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_micros()).ok()).unwrap_or(0)
}
