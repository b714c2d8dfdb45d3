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
mod write;

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::disk;
use crate::data::{Fault, Result};
pub use medium::{Disk, Medium, Track};
pub use meta::{LogMeta, MetaColumn};
use passed::Hole;
pub use passed::Unrecorded;
pub use reader::LogReader;
use record::Header;

/// Limits and medium of a log.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// A segment file is full beyond this.
    pub segment_bytes: u64,
    /// How much of the newest stays in memory for readers that keep up.
    pub memory: usize,
    pub keep: Keep,
    pub medium: Arc<dyn Medium>,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, memory: 4 << 20, keep: Keep::default(), medium: Arc::new(Disk) }
    }
}

/// Limits of what a log keeps: whole segments are dropped, the oldest first. `None` is without limit.
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
    options: LogOptions,
    state: Mutex<State>,
    news: Condvar,
    /// Held while the log is open: one process writes it.
    _lock: File,
}

#[derive(Debug, Default)]
struct State {
    keep: Keep,
    /// What streams began with, where the disk does not take it.
    heads: std::collections::BTreeMap<u64, Vec<u8>>,
    meta: LogMeta,
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
    /// The record is in memory alone.
    passed: bool,
}

impl Recent {
    /// The memory that it takes: a block may have room that it does not fill.
    fn held(&self) -> usize {
        self.payload.capacity() + size_of::<Self>()
    }
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

    pub fn meta(&self) -> LogMeta {
        self.lock().meta.clone()
    }

    /// Changes what is known of the log.
    ///
    /// # Errors
    /// The disk's.
    pub fn describe(&self, change: impl FnOnce(&mut LogMeta)) -> Result<()> {
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
    pub fn reader(self: &Arc<Self>) -> LogReader {
        LogReader::new(self.clone())
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

    /// It goes on: what was closed with `close` is added to again.
    pub fn reopen(&self) {
        let mut state = self.lock();
        state.closed = state.meta.ended;
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
}

/// Microseconds since 1970.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_micros()).ok()).unwrap_or(0)
}
