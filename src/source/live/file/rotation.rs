//! A file whose place another took: it may still be written to, and between two looks more than one file may have
//! come and gone. What is left behind is followed on; what stood in between is looked for among its
//! siblings. Following the file at the path is left to `follow`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::tail::{Identity, State, Tail, identity};
use crate::data::{Chunk, Fault, Result};
use crate::source::live::stream_decoder::StreamDecoder;
use crate::source::live::stream_format::StreamFormat;

/// A file that was left is followed on until it has been quiet for so long.
const QUIET: Duration = Duration::from_secs(600);
/// So many are followed at once.
const MOST: usize = 4;
/// How often files that were left are checked for growth.
const LOOK: Duration = Duration::from_millis(200);
/// A last line without an end is taken for whole when it has been quiet for so long.
pub const UNFINISHED: Duration = Duration::from_secs(2);
/// Rows of a file that was left are a partition of their own: its positions say nothing of the file at the path.
const PARTITION: u32 = 1;

/// Files that were left behind.
#[derive(Default)]
pub struct Left {
    files: Vec<Old>,
    next_look: Option<Instant>,
}

struct Old {
    tail: Tail,
    decoder: StreamDecoder,
    quiet: Instant,
}

impl Left {
    /// Follows a file on from the byte `at`, line `line`; what stands before that was handed out.
    pub fn push(
        &mut self,
        mut tail: Tail,
        source: &Arc<str>,
        format: StreamFormat,
        columns: &[usize],
        at: u64,
        line: u64,
    ) {
        let mut decoder = StreamDecoder::shaped(source.clone(), format);
        decoder.project(columns);
        decoder.seek(at, line);
        if tail.seek(at).is_err() {
            return;
        }
        if self.files.len() >= MOST {
            self.files.remove(0);
        }
        self.files.push(Old { tail, decoder, quiet: Instant::now() });
        self.next_look = None;
    }

    pub fn holds(&self, id: Identity) -> bool {
        self.files.iter().any(|old| old.tail.identity() == id)
    }

    /// Rows that were written to them since.
    ///
    /// # Errors
    /// When they can no longer be read.
    pub fn take(&mut self, scratch: &mut [u8]) -> Result<Option<Chunk>> {
        if self.files.is_empty() || self.next_look.is_some_and(|next| next > Instant::now()) {
            return Ok(None);
        }
        for old in &mut self.files {
            let fault = |error: &std::io::Error| Fault::io("a file that another took the place of", error);
            if matches!(old.tail.state().map_err(|e| fault(&e))?, State::Grown) {
                while !old.decoder.full() {
                    let n = old.tail.read(scratch).map_err(|e| fault(&e))?;
                    if n == 0 {
                        break;
                    }
                    old.quiet = Instant::now();
                    old.decoder.push(scratch.get(..n).unwrap_or_default());
                }
            }
            let ended = old.decoder.waiting() > 0 && old.quiet.elapsed() >= UNFINISHED;
            if let Some(chunk) = old.decoder.take(ended)? {
                return Ok(Some(Chunk { partition: PARTITION, ..chunk }));
            }
        }
        self.files.retain(|old| old.quiet.elapsed() < QUIET);
        self.next_look = Some(Instant::now() + LOOK);
        Ok(None)
    }
}

/// A file that a rotation named after the one at the path: `NAME.1`, `NAME-20011231`, or one of those that was packed
/// since.
struct Sibling {
    path: PathBuf,
    id: Identity,
    modified: SystemTime,
    /// When it was made, where the system knows: a name that is given later leaves that as it is.
    created: Option<SystemTime>,
    /// The number it was given, where that counts rotations.
    number: Option<u32>,
    packed: bool,
}

fn siblings(path: &Path) -> Vec<Sibling> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let own = entry.file_name().to_string_lossy().into_owned();
        let Some(rest) = own.strip_prefix(&name).and_then(|rest| rest.strip_prefix(['.', '-', '_'])) else { continue };
        let packed = [".gz", ".zst", ".bz2", ".xz"].iter().find_map(|end| rest.strip_suffix(end));
        let stem = packed.unwrap_or(rest);
        let digits = stem.bytes().any(|b| b.is_ascii_digit())
            && stem.bytes().all(|b| b.is_ascii_digit() || b"-_.:TZ".contains(&b));
        let Some(metadata) = entry.metadata().ok().filter(|metadata| digits && metadata.is_file()) else { continue };
        let Ok(modified) = metadata.modified() else { continue };
        let number = stem.parse().ok().filter(|number| *number < 10_000);
        let (id, created) = (identity(&metadata), metadata.created().ok());
        found.push(Sibling { path: entry.path(), id, modified, created, number, packed: packed.is_some() });
    }
    found.sort_by(|a, b| a.modified.cmp(&b.modified).then(b.number.cmp(&a.number)));
    found
}

/// The names of files that stood at the path before the one that is there, in a sentence; `None` where there are none.
pub fn not_read(path: &Path) -> Option<String> {
    let found = siblings(path);
    let newest = found.last()?.path.file_name()?.to_string_lossy().into_owned();
    let (more, are) = match found.len() - 1 {
        0 => (String::new(), "is"),
        more => (format!(" and {more} more"), "are"),
    };
    Some(format!(
        "{newest}{more}, left beside it by a rotation, {are} not read; open them as the table's files to have their \
         rows as its history"
    ))
}

/// What came at the path after a file that was left, and is there no longer.
#[derive(Default)]
pub struct Between {
    /// The first of them, where it is now.
    pub first: Option<PathBuf>,
    /// What cannot be read any more, in a sentence.
    pub lost: Option<String>,
}

/// Looks for the files that stood at the path after `old` and before the one that is there now. `known` tells those
/// that were read already.
pub fn between(path: &Path, old: &Tail, known: impl Fn(Identity) -> bool) -> Between {
    let (Ok((left, made)), Ok(now)) = (old.times(), path.metadata().map(|metadata| identity(&metadata))) else {
        return Between::default();
    };
    let all = siblings(path);
    let own = all.iter().find(|sibling| sibling.id == old.identity());
    // Most give the newest the number 1; some count on, so that the newest has the largest. An old file may be written
    // to after the next one was made. Where the two disagree, it is the time of making that tells.
    let came_later = |sibling: &Sibling| {
        let by_number = own.and_then(|own| own.number).zip(sibling.number).map(|(own, number)| number < own);
        let by_time = sibling.modified >= left;
        let by_making = made.zip(sibling.created).filter(|_| !sibling.packed).map(|(own, other)| other > own);
        match by_number {
            Some(by_number) if by_number != by_time => by_making.unwrap_or(by_number),
            _ => by_time,
        }
    };
    let later = |sibling: &&Sibling| {
        sibling.id != old.identity() && sibling.id != now && !known(sibling.id) && came_later(sibling)
    };
    let came: Vec<&Sibling> = all.iter().filter(later).collect();
    let first = came.iter().find(|sibling| !sibling.packed);
    let before_first = |sibling: &&&Sibling| first.is_none_or(|first| sibling.modified <= first.modified);
    let packed = came.iter().filter(|sibling| sibling.packed).filter(before_first).count();
    // By their numbers it is known how many rotations there were in between, where the newest has the number 1.
    let counts_on = |number: u32| {
        let before = |sibling: &Sibling| sibling.number.is_some_and(|other| other < number) && !came_later(sibling);
        all.iter().any(before)
    };
    let numbers = own
        .and_then(|own| own.number)
        .filter(|number| !counts_on(*number))
        .map_or(0, |own| own.saturating_sub(1 + first.and_then(|first| first.number).unwrap_or(0)) as usize);
    let gone = numbers.saturating_sub(packed);
    let lost = (packed + gone > 0).then(|| {
        let files = if packed + gone == 1 {
            "a file that stood".to_owned()
        } else {
            format!("{} files that stood", packed + gone)
        };
        let why = if packed > 0 { "packed" } else { "gone" };
        format!(
            "{files} at the path between two looks was {why} before it could be read; how many rows it held is unknown"
        )
    });
    // Where the file itself is gone from the folder, how many came after it is unknown.
    let unsure = || {
        "the file that stood at the path was removed or packed between two looks; whether others stood there before \
         the one that is there now, and how many rows they held, is unknown"
            .to_owned()
    };
    let lost = if own.is_none() { Some(unsure()) } else { lost };
    let first = first.map(|first| first.path.clone());
    Between { first, lost }
}

/// The newest file that stood at the path before, begins with these bytes, and is as long as this.
pub fn that_began(path: &Path, mark: &[u8], header: &[u8], length: u64) -> Option<Tail> {
    let long = |sibling: &Sibling| sibling.path.metadata().is_ok_and(|metadata| metadata.len() >= length);
    let found = siblings(path).into_iter().rev().filter(|sibling| !mark.is_empty() && !sibling.packed && long(sibling));
    let begins = |tail: &Tail| tail.beginning().starts_with(mark) && tail.beginning().starts_with(header);
    found.filter_map(|sibling| Tail::open_for(&sibling.path, path).ok()).find(begins)
}

/// The copy that was made of a file before it was cut: it holds what was read of it, up to the end of `read`, and more.
pub fn copy_of(path: &Path, begins: &[u8], at: u64, ends: &[u8]) -> Option<Tail> {
    if begins.is_empty() || ends.is_empty() {
        return None;
    }
    let same = |sibling: &Sibling| {
        let mut tail = Tail::open(&sibling.path).ok().filter(|tail| tail.beginning().starts_with(begins))?;
        tail.seek(at.checked_sub(ends.len() as u64)?).ok()?;
        let mut there = vec![0; ends.len()];
        let mut have = 0;
        while have < there.len() {
            have += tail.read(there.get_mut(have..)?).ok().filter(|n| *n > 0)?;
        }
        (there == ends).then_some(tail)
    };
    siblings(path).iter().rev().filter(|sibling| !sibling.packed).find_map(same)
}
