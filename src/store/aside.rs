//! Rows set aside: late rows as Parquet, rejected rows as lines of JSON, in files of bounded size that any program can
//! open. All of them are kept, up to a bound in bytes; what the bound drops is counted. Why a row is set aside is the
//! caller's.

mod late;
mod rejected;

use std::fs;
use std::path::{Path, PathBuf};

use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use super::disk;
use crate::data::{Fault, Rejects, Result};
use late::LateFiles;
pub use late::stack;
use rejected::Rejected;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One file is full beyond this.
    pub segment_bytes: u64,
    /// Of late and of rejected rows each; the oldest files go first.
    pub total_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { segment_bytes: 16 << 20, total_bytes: 1 << 30 }
    }
}

/// What was set aside so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows ever set aside, of which `dropped` are no longer there: by the bound, or because their body was not kept.
    pub rows: u64,
    pub dropped: u64,
    /// On disk.
    pub bytes: u64,
}

/// The rows set aside by one question, in a folder of its own.
#[derive(Debug)]
pub struct Aside {
    late: LateFiles,
    rejected: Rejected,
}

impl Aside {
    /// Opens the folder, or begins it. What cannot be read any more is in the faults.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(folder: &Path, limits: Limits) -> Result<(Self, Vec<Fault>)> {
        crate::disk::own::folders(folder).map_err(|e| disk::fault(folder, &e))?;
        crate::disk::own::sweep_drafts(folder);
        let mut faults = Vec::new();
        let late = LateFiles::open(folder, limits, &mut faults)?;
        let rejected = Rejected::open(folder, limits, &mut faults)?;
        Ok((Self { late, rejected }, faults))
    }

    /// Adds late rows, whole and in order. They are on disk after `flush`, or when they are many.
    ///
    /// # Errors
    /// The disk's; the rows are tried again with the next.
    pub fn add_late(&mut self, rows: &DataFrame) -> Result<()> {
        self.late.add(rows)
    }

    /// Adds rejected rows. They are on disk after `flush`, or when they are many.
    ///
    /// # Errors
    /// The disk's; the rows are tried again with the next.
    pub fn add_rejected(&mut self, rejects: &Rejects) -> Result<()> {
        self.rejected.add(rejects)
    }

    /// Returns when all that was added survives a power cut.
    ///
    /// # Errors
    /// The disk's.
    pub fn flush(&mut self) -> Result<()> {
        self.late.flush()?;
        self.rejected.flush()
    }

    /// All late rows that are kept, in order. A column that some of them do not have is null there.
    ///
    /// # Errors
    /// When a file is gone or damaged.
    pub fn late(&self) -> Result<DataFrame> {
        self.late.read()
    }

    /// All rejected rows and cells that are kept, in order: `source`, `line`, `column` (of a cell), `reason`, `body`.
    ///
    /// # Errors
    /// When a file is gone.
    pub fn rejected(&self) -> Result<DataFrame> {
        self.rejected.read()
    }

    pub fn late_counts(&self) -> Counts {
        self.late.counts()
    }

    pub fn rejected_counts(&self) -> Counts {
        self.rejected.counts()
    }

    /// Forgets what was set aside after these counts were taken: it is read, and set aside, again.
    ///
    /// # Errors
    /// The disk's.
    pub fn truncate(&mut self, late: &Counts, rejected: &Counts) -> Result<()> {
        self.late.truncate(late.rows)?;
        self.rejected.truncate(rejected.rows - rejected.dropped.min(rejected.rows))
    }

    /// Forgets the late rows, because they were counted after all.
    ///
    /// # Errors
    /// The disk's.
    pub fn readmit_late(&mut self) -> Result<()> {
        self.late.clear()
    }
}

/// A file that holds the rows `from..until` of all that were ever set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    from: u64,
    until: u64,
    bytes: u64,
    path: PathBuf,
}

/// The files of a folder called `KIND-FROM-UNTIL.ENDING`, in order. One whose rows another holds as well is left from a
/// process that died while it merged the two, and removed.
fn segments(folder: &Path, kind: &str, ending: &str) -> Result<Vec<Segment>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| disk::fault(folder, &e))? {
        let path = entry.map_err(|e| disk::fault(folder, &e))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = name
            .strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|rest| rest.strip_suffix(ending)?.strip_suffix('.'));
        let range = stem.and_then(|stem| stem.split_once('-')).map(|(from, until)| (from.parse(), until.parse()));
        if let Some((Ok(from), Ok(until))) = range {
            let bytes = fs::metadata(&path).map_or(0, |m| m.len());
            found.push(Segment { from, until, bytes, path });
        }
    }
    found.sort_by_key(|s| (s.from, std::cmp::Reverse(s.until)));
    let mut kept: Vec<Segment> = Vec::new();
    for segment in found {
        match kept.last() {
            Some(last) if segment.until <= last.until => {
                crate::disk::remove(&segment.path).map_err(|e| disk::fault(&segment.path, &e))?;
            }
            _ => kept.push(segment),
        }
    }
    Ok(kept)
}

/// Twenty digits, so that names sort as numbers do.
fn path_of(folder: &Path, kind: &str, from: u64, until: u64, ending: &str) -> PathBuf {
    folder.join(format!("{kind}-{from:020}-{until:020}.{ending}"))
}

/// Removes the oldest files beyond the bound; rows that went.
fn drop_old(segments: &mut Vec<Segment>, limits: Limits) -> Result<u64> {
    let mut dropped = 0;
    while segments.len() > 1 && segments.iter().map(|s| s.bytes).sum::<u64>() > limits.total_bytes {
        let old = segments.remove(0);
        dropped += old.until - old.from;
        crate::disk::remove(&old.path).map_err(|e| disk::fault(&old.path, &e))?;
    }
    Ok(dropped)
}
