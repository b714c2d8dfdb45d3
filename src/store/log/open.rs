//! Opens a log, whatever state a dead process or a failing disk left it in.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::cursor::{Cursor, Found};
use super::record::{HEAD, Header, RecordKind, SegmentHeader};
use super::{Log, LogMeta, LogOptions, Segment, State, meta, now, record, repair};
use crate::data::{Fault, Result};
use crate::disk::own;
use crate::store::disk;

impl Log {
    /// Opens the log of a folder, or begins one there. What was found damaged is in the faults; the rest goes on.
    ///
    /// # Errors
    /// When the folder cannot be used, or another process writes it.
    pub fn open(folder: &Path, options: LogOptions) -> Result<(Arc<Self>, Vec<Fault>)> {
        let fault = |error: std::io::Error| disk::fault(folder, &error);
        own::folders(folder).map_err(fault)?;
        let lock = lock(folder)?;
        own::sweep_drafts(folder);
        let mut faults = Vec::new();
        let (mut known, damaged) = LogMeta::load(folder);
        faults.extend(damaged);
        let files = files(folder)?;
        let heads: Vec<Option<SegmentHeader>> = files.iter().map(|file| head(&file.path)).collect();
        let id = known.as_ref().map(|m| m.id).or_else(|| heads.iter().flatten().map(|h| h.id).next());
        let id = id.unwrap_or_else(|| fastrand::u64(1..));
        let state = State { line_start: true, keep: options.keep, ..State::default() };
        let log = Self {
            folder: folder.to_owned(),
            id,
            options,
            state: Mutex::new(state),
            news: Condvar::new(),
            _lock: lock,
        };
        {
            let mut state = log.lock();
            let mut wrong = Vec::new();
            for (file, head) in files.into_iter().zip(heads) {
                wrong.extend(log.take_in(&mut state, file, head));
            }
            // All segments are listed by now, so that it is known where a damaged one must end.
            for number in wrong {
                let Some(at) = state.segments.iter().position(|s| s.number == number) else { continue };
                if !repair::repair(&log, &mut state, at) {
                    state.segments.remove(at);
                }
            }
            log.mend_last(&mut state);
            faults.append(&mut state.faults);
            state.faults.clone_from(&faults);
            if known.is_none() {
                let first = state.segments.front().map_or(0, |s| s.start);
                known = Some(LogMeta {
                    version: meta::VERSION,
                    id,
                    created: now(),
                    first,
                    streams: streams(folder)?,
                    ..LogMeta::default()
                });
            }
            let mut meta = known.unwrap_or_default();
            meta.ended |= state.closed;
            state.closed |= meta.ended;
            state.meta = meta;
            state.meta.save(folder)?;
        }
        Ok((Arc::new(log), faults))
    }

    /// What is known of the log of a folder, without opening it; `None` where there is none, or nothing certain.
    pub fn peek(folder: &Path) -> Option<LogMeta> {
        LogMeta::read(folder)
    }

    /// Lists a segment; its number, where its head is damaged.
    fn take_in(&self, state: &mut State, file: Named, head: Option<SegmentHeader>) -> Option<u64> {
        let length = fs::metadata(&file.path).map_or(0, |m| m.len());
        if head.is_none() && length == 0 {
            // Made, and not written before the process died.
            let _ = crate::disk::remove(&file.path);
            return None;
        }
        let time = first_time(&file.path, self.id, length).unwrap_or(0);
        let fits = head.is_some_and(|h| (h.id, h.start, h.number) == (self.id, file.start, file.number));
        let wrong = (!fits).then_some(file.number);
        state.segments.push_back(Segment {
            start: file.start,
            number: file.number,
            path: file.path,
            length,
            time,
            repaired: 0,
        });
        wrong
    }

    /// Finds the end of the last segment that has one: what is torn is cut off, what is damaged set aside.
    fn mend_last(&self, state: &mut State) {
        for _ in 0..2 {
            let Some(last) = state.segments.back().cloned() else { return };
            match self.walk(state, &last) {
                Ok(None) => return,
                Ok(Some(at)) if repair::goes_on(&last.path, self.id, at) => {
                    let index = state.segments.len() - 1;
                    if !repair::repair(self, state, index) {
                        state.segments.pop_back();
                    }
                }
                Ok(Some(at)) => {
                    let lost = last.length - at;
                    let what = format!("the last {lost} bytes of a recording were not written whole and are cut off");
                    state.faults.push(
                        Fault::new(what).at(last.path.display().to_string()).hint("what stands before them is whole"),
                    );
                    match own::cut(&last.path, at) {
                        Ok(()) => {
                            if let Some(last) = state.segments.back_mut() {
                                last.length = at;
                            }
                        }
                        Err(error) => state.faults.push(disk::fault(&last.path, &error)),
                    }
                    return;
                }
                Err(error) => {
                    state.faults.push(disk::fault(&last.path, &error));
                    return;
                }
            }
        }
    }

    /// Reads a segment through and notes where it ends; the offset of what is no whole record, if there is such.
    fn walk(&self, state: &mut State, segment: &Segment) -> std::io::Result<Option<u64>> {
        (state.number, state.end, state.line_start, state.closed) = (segment.number, segment.start, true, false);
        let mut cursor = Cursor::open(&segment.path, self.id, segment.length)?;
        loop {
            match cursor.look()? {
                Found::Record(header) => {
                    let payload = cursor.payload(&header);
                    state.number = header.number + 1;
                    state.end = header.position + header.covers(payload);
                    match header.kind {
                        RecordKind::Bytes => state.line_start = payload.ends_with(b"\n"),
                        RecordKind::Gap => state.line_start |= header.flags & record::ANEW != 0,
                        RecordKind::Trouble | RecordKind::End => {}
                    }
                    state.closed = header.kind == RecordKind::End;
                    cursor.advance(&header);
                }
                Found::Nothing => return Ok(None),
                Found::Damaged => return Ok(Some(cursor.offset())),
            }
        }
    }
}

fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file = own::change(&path).map_err(|e| disk::fault(&path, &e))?;
    // One that just ended may not have let go yet.
    for _ in 0..50 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            Err(TryLockError::Error(error)) => return Err(disk::fault(&path, &error)),
        }
    }
    Err(Fault::new("another Braid is recording here")
        .at(folder.display().to_string())
        .hint("end the other one, or choose another workspace"))
}

/// A segment file and what its name says.
struct Named {
    start: u64,
    number: u64,
    path: PathBuf,
}

fn files(folder: &Path) -> Result<Vec<Named>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| disk::fault(folder, &e))? {
        let path = entry.map_err(|e| disk::fault(folder, &e))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let numbers = name.strip_suffix(".log").and_then(|stem| stem.split_once('-'));
        if let Some((Ok(start), Ok(number))) = numbers.map(|(start, number)| (start.parse(), number.parse())) {
            files.push(Named { start, number, path });
        }
    }
    files.sort_by_key(|file| file.number);
    Ok(files)
}

/// Where streams begin, by the files that keep their first bytes.
fn streams(folder: &Path) -> Result<Vec<u64>> {
    let mut streams = vec![0];
    for entry in fs::read_dir(folder).map_err(|e| disk::fault(folder, &e))? {
        let name = entry.map_err(|e| disk::fault(folder, &e))?.file_name();
        streams.extend(name.to_string_lossy().strip_prefix("head-").and_then(|at| at.parse::<u64>().ok()));
    }
    streams.sort_unstable();
    streams.dedup();
    Ok(streams)
}

fn head(path: &Path) -> Option<SegmentHeader> {
    read_start(path, HEAD).and_then(|bytes| SegmentHeader::decode(&bytes))
}

fn first_time(path: &Path, id: u64, length: u64) -> Option<i64> {
    let size = HEAD + record::HEADER;
    if length < size as u64 {
        return None;
    }
    read_start(path, size).and_then(|bytes| Header::decode(bytes.get(HEAD..)?, id)).map(|header| header.time)
}

fn read_start(path: &Path, size: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size);
    std::io::Read::read_to_end(&mut std::io::Read::take(own::open(path).ok()?, size as u64), &mut bytes).ok()?;
    Some(bytes)
}
