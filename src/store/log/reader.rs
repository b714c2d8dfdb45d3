//! Reads a log from any position and follows it as it grows: from memory where it keeps up, else from the files.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::cursor::{Cursor, Found};
use super::record::{ANEW, Header, LINE_START, NOTE, RecordKind, TORN};
use super::{Log, Recent, Segment, State, repair};
use crate::data::{Fault, Result};
use crate::source::live::byte_source::{Break, ByteEvent, ByteSource, StreamStart};
use crate::store::disk;

/// One reader's place in a log.
#[derive(Debug)]
pub struct LogReader {
    log: Arc<Log>,
    /// The next record, and the next byte.
    number: u64,
    position: u64,
    /// The place in a segment file, with the segment's first number and how often it was repaired.
    cursor: Option<(u64, u64, Cursor)>,
    /// Troubles that were told.
    troubles: u64,
    /// Where the log sees what `number` is.
    next: Arc<AtomicU64>,
}

/// Where the next record is.
enum NextRecord {
    Told(ByteEvent),
    Memory(Recent),
    File(Segment),
    /// The records in between are gone.
    Pass(u64),
}

impl LogReader {
    pub(super) fn new(log: Arc<Log>) -> Self {
        // What was trouble before it came is told once, if it still is.
        let troubles = {
            let state = log.lock();
            state.troubles.saturating_sub(u64::from(state.trouble.is_some()))
        };
        let next = log.register();
        Self { log, number: 0, position: 0, cursor: None, troubles, next }
    }

    /// The position of the next byte.
    pub fn position(&self) -> u64 {
        self.position
    }

    fn find(&mut self, deadline: Instant) -> NextRecord {
        let mut state = self.log.lock();
        loop {
            if state.troubles > self.troubles {
                self.troubles = state.troubles;
                if let Some(reason) = state.trouble.clone() {
                    return NextRecord::Told(ByteEvent::Trouble { reason });
                }
            }
            if self.number < state.number {
                return Self::locate(&state, self.number);
            }
            if state.closed {
                return NextRecord::Told(ByteEvent::End);
            }
            let now = Instant::now();
            if now >= deadline {
                return NextRecord::Told(ByteEvent::Quiet);
            }
            state =
                self.log.news.wait_timeout(state, deadline - now).map_or_else(|e| e.into_inner().0, |(state, _)| state);
        }
    }

    fn locate(state: &State, number: u64) -> NextRecord {
        if let Some(front) = state.recent.front().map(|r| r.header.number)
            && let Some(at) = number.checked_sub(front).and_then(|at| usize::try_from(at).ok())
            && let Some(recent) = state.recent.get(at)
        {
            return NextRecord::Memory(recent.clone());
        }
        match state.segments.iter().rev().find(|s| s.number <= number) {
            Some(segment) => NextRecord::File(segment.clone()),
            None => NextRecord::Pass(state.segments.front().map_or(state.number, |s| s.number)),
        }
    }

    /// Reads the next record from a file. `None` when the look must be taken anew.
    fn read_file(&mut self, segment: &Segment, into: &mut Vec<u8>) -> Result<Option<ByteEvent>> {
        match self.cursor.take() {
            Some((number, repaired, mut cursor)) if (number, repaired) == (segment.number, segment.repaired) => {
                cursor.limit = segment.length;
                self.cursor = Some((number, repaired, cursor));
            }
            _ => match Cursor::open(&segment.path, self.log.id, segment.length) {
                Ok(cursor) => self.cursor = Some((segment.number, segment.repaired, cursor)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    self.log.forget(segment);
                    return Ok(None);
                }
                Err(error) => return Err(disk::fault(&segment.path, &error)),
            },
        }
        let Some((_, _, mut cursor)) = self.cursor.take() else { return Ok(None) };
        let mut found = cursor.look().map_err(|e| disk::fault(&segment.path, &e))?;
        while let Found::Record(header) = &found
            && header.number < self.number
        {
            cursor.advance(header);
            found = cursor.look().map_err(|e| disk::fault(&segment.path, &e))?;
        }
        let said = match found {
            Found::Record(header) => {
                let said = self.take(&header, cursor.payload(&header), Instant::now(), into);
                if self.number > header.number {
                    cursor.advance(&header);
                }
                said
            }
            Found::Nothing => {
                self.number = self.log.after(segment, self.number);
                return Ok(None);
            }
            Found::Damaged => {
                self.mend(segment, &mut cursor)?;
                // The file is another now, or this one is passed over.
                None
            }
        };
        self.cursor = Some((segment.number, segment.repaired, cursor));
        Ok(said)
    }

    /// Has a damaged segment set aside; where that fails, goes on at the next whole record.
    fn mend(&mut self, segment: &Segment, cursor: &mut Cursor) -> Result<()> {
        if self.log.mend(segment) {
            return Ok(());
        }
        let bytes = crate::disk::own::read(&segment.path).map_err(|e| disk::fault(&segment.path, &e))?;
        let from = usize::try_from(cursor.offset()).unwrap_or(usize::MAX).saturating_add(1);
        match repair::next_whole(&bytes, from, self.log.id) {
            Some((at, header)) => {
                self.number = self.number.max(header.number);
                cursor.go(at as u64).map_err(|e| disk::fault(&segment.path, &e))
            }
            None => {
                self.number = self.log.after(segment, self.number);
                Ok(())
            }
        }
    }

    /// Hands out a record, or the jump before it. The record is taken when `number` moved on.
    fn take(&mut self, header: &Header, payload: &[u8], arrived: Instant, into: &mut Vec<u8>) -> Option<ByteEvent> {
        if header.position > self.position {
            let lost = header.position - self.position;
            self.position = header.position;
            let torn = header.kind == RecordKind::Bytes && header.flags & LINE_START == 0;
            let reason = format!("{lost} bytes are no longer in the recording");
            return Some(ByteEvent::Gap(Break { reason, lost, torn, anew: false }));
        }
        self.number = header.number + 1;
        let end = header.position + header.covers(payload);
        // After a seek what lies before is passed over.
        let passed = header.position < self.position && end <= self.position;
        match header.kind {
            _ if passed => None,
            RecordKind::Bytes => {
                let skip = usize::try_from(self.position - header.position).unwrap_or(usize::MAX);
                into.extend_from_slice(payload.get(skip..).unwrap_or_default());
                self.position = end;
                Some(ByteEvent::Bytes(arrived))
            }
            RecordKind::Gap => {
                let lost = end.saturating_sub(self.position);
                self.position = self.position.max(end);
                let reason = String::from_utf8_lossy(payload.get(8..).unwrap_or_default()).into_owned();
                Some(ByteEvent::Gap(Break {
                    reason,
                    lost,
                    torn: header.flags & TORN != 0,
                    anew: header.flags & ANEW != 0,
                }))
            }
            RecordKind::Trouble if header.flags & NOTE != 0 => {
                Some(ByteEvent::Note { reason: String::from_utf8_lossy(payload).into_owned() })
            }
            RecordKind::Trouble => Some(ByteEvent::Trouble { reason: String::from_utf8_lossy(payload).into_owned() }),
            RecordKind::End => None,
        }
    }
}

impl ByteSource for LogReader {
    fn poll(&mut self, wait: Duration, into: &mut Vec<u8>) -> Result<ByteEvent> {
        let deadline = Instant::now() + wait;
        loop {
            let said = match self.find(deadline) {
                NextRecord::Told(said) => Some(said),
                NextRecord::Memory(Recent { header, payload, arrived, .. }) => {
                    self.take(&header, &payload, arrived, into)
                }
                NextRecord::File(segment) => self.read_file(&segment, into)?,
                NextRecord::Pass(number) => {
                    self.number = number;
                    None
                }
            };
            self.next.store(self.number, Ordering::Release);
            if let Some(said) = said {
                return Ok(said);
            }
        }
    }

    fn seek(&mut self, to: u64) -> Result<StreamStart> {
        let first = self.log.head(0);
        let state = self.log.lock();
        // A header is written down before the first bytes, which it begins.
        if to > state.end && first.is_none_or(|head| to > head.len() as u64) {
            let what = format!("the recording ends at byte {}, before byte {to}", state.end);
            return Err(Fault::new(what).at(self.log.folder.display().to_string()).hint("read it from its beginning"));
        }
        self.number =
            state.segments.iter().rev().find(|s| s.start <= to && s.start < state.end).map_or(0, |s| s.number);
        self.position = to;
        self.cursor = None;
        let at = state.meta.streams.iter().copied().filter(|at| *at <= to).max().unwrap_or(0);
        drop(state);
        Ok(StreamStart { at, head: self.log.head(at).unwrap_or_default().into() })
    }

    fn mark(&self) -> Vec<u8> {
        self.log.id.to_le_bytes().to_vec()
    }
}

impl Log {
    /// The number to go on with after the end of a segment.
    fn after(&self, segment: &Segment, number: u64) -> u64 {
        let state = self.lock();
        let next = state.segments.iter().find(|s| s.number > segment.number).map(|s| s.number);
        let recent = state.recent.front().map(|r| r.header.number).filter(|first| *first > number);
        next.or(recent).unwrap_or(state.number).max(number)
    }

    /// A segment file was taken away.
    fn forget(&self, segment: &Segment) {
        let mut state = self.lock();
        let Some(at) = state.segments.iter().position(|s| s.number == segment.number) else { return };
        if at + 1 == state.segments.len() {
            state.active = None;
        }
        state.segments.remove(at);
        state.faults.push(
            Fault::new("a part of a recording was taken away")
                .at(segment.path.display().to_string())
                .hint("the rest goes on"),
        );
    }

    /// Has a segment set aside unless that was done meanwhile. False when it must be passed over.
    fn mend(&self, segment: &Segment) -> bool {
        let mut state = self.lock();
        let Some(at) = state.segments.iter().position(|s| s.number == segment.number) else { return true };
        let before = state.segments.get(at).map(|s| s.repaired);
        if before != Some(segment.repaired) {
            return true;
        }
        repair::repair(self, &mut state, at) && state.segments.get(at).is_some_and(|s| s.repaired > segment.repaired)
    }
}
