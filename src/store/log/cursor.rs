//! Reads the records of one segment file, one after another, never beyond the length it was told.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::record::{HEAD, HEADER, Header};

const AHEAD: usize = 256 << 10;

/// A place in a segment file.
#[derive(Debug)]
pub struct Cursor {
    file: File,
    id: u64,
    /// What was read ahead, and how far it was taken.
    buffer: Vec<u8>,
    taken: usize,
    /// Where the next byte to be taken stands in the file.
    offset: u64,
    /// What lies beyond is not written yet.
    pub limit: u64,
}

/// What stands at a place.
#[derive(Debug)]
pub enum Found {
    /// A whole record. Its payload is `Cursor::payload`.
    Record(Header),
    /// The limit.
    Nothing,
    /// Something that is no record, or not what was written.
    Damaged,
}

impl Cursor {
    /// Opens a segment at its first record.
    pub fn open(path: &Path, id: u64, limit: u64) -> io::Result<Self> {
        let mut cursor =
            Self { file: crate::disk::own::open(path)?, id, buffer: Vec::new(), taken: 0, offset: 0, limit };
        cursor.go(HEAD as u64)?;
        Ok(cursor)
    }

    pub fn go(&mut self, offset: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.buffer.clear();
        (self.taken, self.offset) = (0, offset);
        Ok(())
    }

    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Makes `size` bytes ready; false when there are not so many.
    fn ready(&mut self, size: usize) -> io::Result<bool> {
        let have = self.buffer.len() - self.taken;
        if have >= size {
            return Ok(true);
        }
        if self.offset + size as u64 > self.limit {
            return Ok(false);
        }
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let left = usize::try_from(self.limit - self.offset).unwrap_or(usize::MAX) - have;
        let want = (size - have).max(AHEAD).min(left);
        (&mut self.file).take(want as u64).read_to_end(&mut self.buffer)?;
        Ok(self.buffer.len() >= size)
    }

    fn peek(&self, from: usize, size: usize) -> &[u8] {
        self.buffer.get(self.taken + from..self.taken + from + size).unwrap_or_default()
    }

    /// The record here, with its payload made ready and checked. `advance` goes on to the next.
    pub fn look(&mut self) -> io::Result<Found> {
        if self.offset >= self.limit {
            return Ok(Found::Nothing);
        }
        if !self.ready(HEADER)? {
            return Ok(Found::Damaged);
        }
        let Some(header) = Header::decode(self.peek(0, HEADER), self.id) else { return Ok(Found::Damaged) };
        if !self.ready(HEADER + header.length as usize)? || crc32fast::hash(self.payload(&header)) != header.crc {
            return Ok(Found::Damaged);
        }
        Ok(Found::Record(header))
    }

    /// The payload of the record that `look` found.
    pub fn payload(&self, header: &Header) -> &[u8] {
        self.peek(HEADER, header.length as usize)
    }

    pub fn advance(&mut self, header: &Header) {
        let size = HEADER + header.length as usize;
        self.taken = (self.taken + size).min(self.buffer.len());
        self.offset += size as u64;
    }
}
