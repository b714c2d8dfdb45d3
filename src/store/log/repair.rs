//! A damaged segment: the file is kept as `NAME.damaged`, and one takes its place with what is whole, and with gaps of
//! known size where it is not.

use std::io;
use std::path::{Path, PathBuf};

use super::passed::gap_payload;
use super::record::{HEAD, HEADER, Header, LINE_START, RecordKind, SegmentHeader, TORN};
use super::{Log, State, now};
use crate::data::Fault;
use crate::disk::own;
use crate::store::disk;

/// Makes segment `index` anew; what was found is told in the faults. False when nothing of it is left.
pub fn repair(log: &Log, state: &mut State, index: usize) -> bool {
    let Some(segment) = state.segments.get(index).cloned() else { return false };
    if index + 1 == state.segments.len() {
        // No more is written to a file that is about to be replaced.
        state.unsynced.extend(state.active.take());
    }
    let place = segment.path.display().to_string();
    let bytes = match own::read(&segment.path) {
        Ok(bytes) => bytes,
        Err(error) => {
            state.faults.push(disk::fault(&segment.path, &error));
            return false;
        }
    };
    // While the log is being opened nobody knows where it ends.
    let end = Some((state.end, state.number)).filter(|_| state.meta.id == log.id);
    let next = state.segments.get(index + 1).map(|next| (next.start, next.number)).or(end);
    let mended = mend(&bytes, log.id, SegmentHeader { id: log.id, start: segment.start, number: segment.number }, next);
    let told = |more: &str| {
        Fault::new(format!("a part of a recording is damaged: {}", mended.told)).at(place.clone()).hint(more)
    };
    match replace(&segment.path, &mended.bytes) {
        Ok(kept) => {
            state.faults.push(told(&format!("the damaged file is kept as {}; the rest goes on", kept.display())));
            if let Some(segment) = state.segments.get_mut(index) {
                segment.length = mended.bytes.len() as u64;
                segment.repaired += 1;
            }
            true
        }
        Err(error) => {
            state.faults.push(told(&format!("it could not be set aside: {error}")));
            // Readers pass over what is damaged each time.
            segment.length > HEAD as u64
        }
    }
}

/// Whether a whole record stands behind the damage at `offset`.
pub fn goes_on(path: &Path, id: u64, offset: u64) -> bool {
    let from = usize::try_from(offset).unwrap_or(usize::MAX);
    own::read(path).is_ok_and(|bytes| next_whole(&bytes, from.saturating_add(1), id).is_some())
}

/// The next whole record at `from` or after.
pub fn next_whole(bytes: &[u8], mut from: usize, id: u64) -> Option<(usize, Header)> {
    while let Some(at) = Header::find(bytes, from, id) {
        if let Some((header, _)) = whole(bytes, at, id) {
            return Some((at, header));
        }
        from = at + 1;
    }
    None
}

fn whole(bytes: &[u8], at: usize, id: u64) -> Option<(Header, &[u8])> {
    let header = Header::decode(bytes.get(at..)?, id)?;
    let payload = bytes.get(at + HEADER..at + HEADER + header.length as usize)?;
    (crc32fast::hash(payload) == header.crc).then_some((header, payload))
}

struct Mended {
    bytes: Vec<u8>,
    told: String,
}

/// What is whole of a segment. `next` is where the segment after it begins, if there is one.
fn mend(bytes: &[u8], id: u64, head: SegmentHeader, next: Option<(u64, u64)>) -> Mended {
    let mut out = head.encode();
    let mut told = Vec::new();
    if SegmentHeader::decode(bytes) != Some(head) {
        told.push("its beginning".to_owned());
    }
    let (mut at, mut position, mut number) = (HEAD, head.start, head.number);
    while at < bytes.len() {
        if let Some((header, payload)) = whole(bytes, at, id) {
            let size = HEADER + payload.len();
            out.extend_from_slice(bytes.get(at..at + size).unwrap_or_default());
            (position, number) = (header.position + header.covers(payload), header.number + 1);
            at += size;
            continue;
        }
        let found = next_whole(bytes, at + 1, id);
        let (end, until, before) = match (&found, next) {
            (Some((end, header)), _) => (*end, header.position, header.number),
            (None, Some((start, number))) => (bytes.len(), start, number),
            // Nobody knows how much there was.
            (None, None) => (bytes.len(), position, number + 1),
        };
        let lost = until.saturating_sub(position);
        told.push(if lost > 0 {
            format!("{lost} bytes of the feed, from byte {position} on")
        } else {
            format!("{} bytes of the file", end - at)
        });
        // Where no record is missing the bytes were put in between, and nothing is lost.
        if before > number {
            let torn =
                found.is_some_and(|(_, header)| header.kind == RecordKind::Bytes && header.flags & LINE_START == 0);
            let payload = gap_payload(lost, &format!("the recording is damaged: {lost} bytes of it cannot be read"));
            let length = u32::try_from(payload.len()).unwrap_or(0);
            let flags = if torn { TORN } else { 0 };
            let gap = Header {
                kind: RecordKind::Gap,
                flags,
                length,
                position,
                number,
                time: now(),
                crc: crc32fast::hash(&payload),
            };
            out.extend_from_slice(&gap.encode(id));
            out.extend_from_slice(&payload);
            (position, number) = (position + lost, number + 1);
        }
        at = end;
    }
    Mended { bytes: out, told: if told.is_empty() { "nothing".to_owned() } else { told.join("; ") } }
}

/// Puts `bytes` in the place of a file and keeps what stood there; there is a file at every instant.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let kept = crate::disk::keep_aside(path)?;
    own::replace(path, bytes).inspect_err(|_| {
        // The attempt's own error matters more than a failure to remove what is left of it.
        let _ = crate::disk::remove(&kept);
    })?;
    Ok(kept)
}
