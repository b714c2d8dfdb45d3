//! Whole records to chunks; what is no record, or has lost its beginning or its end, is set aside.

use std::ops::Range;
use std::time::Instant;

use polars::prelude::{DataFrame, Schema};

use super::StreamDecoder;
use crate::data::chunk::{CHUNK_BYTES, CHUNK_ROWS};
use crate::data::{Chunk, Reject, Rejects, Result};

/// A record longer than this is set aside, so that a stray quote or a missing line end does not fill the memory.
const RECORD_BYTES: usize = 64 << 20;

impl StreamDecoder {
    /// The next chunk of whole records; with `ended`, what is left counts as a whole record.
    ///
    /// # Errors
    /// When the decoder gives up, or a new file does not have the columns of the old one.
    pub fn take(&mut self, ended: bool) -> Result<Option<Chunk>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Ok(Some(chunk));
            }
            if !self.decode(ended)? {
                return Ok(None);
            }
        }
    }

    /// Goes on by one chunk, or by a header. False when there is nothing whole to decode.
    fn decode(&mut self, ended: bool) -> Result<bool> {
        let Some(schema) = self.schema.clone() else { return Ok(false) };
        if self.waiting() == 0 {
            return Ok(false);
        }
        if self.torn {
            return Ok(self.pass_torn(ended));
        }
        let Some(shape) = self.shape.clone() else {
            let begun = ended || memchr::memchr(b'\n', self.bytes()).is_some();
            if begun {
                self.take_over(&schema, ended)?;
            }
            return Ok(begun);
        };
        if let Some(begin) = self.skipping {
            self.skip(begin, ended);
            return Ok(true);
        }
        let size = self.measure(ended);
        if size == 0 {
            // A record that does not end is waited for, up to a bound.
            self.need = self.waiting() + CHUNK_BYTES;
            let long = self.waiting() >= RECORD_BYTES;
            self.skipping = long.then_some(self.offset);
            return Ok(long);
        }
        self.need = 0;
        let bytes = self.bytes().get(..size).unwrap_or_default();
        let vital: Option<Vec<usize>> = self.needed.as_ref().map(|needed| {
            let pairs = self.wanted.iter().zip(&self.columns);
            pairs.filter(|(wanted, _)| needed.contains(wanted)).map(|(_, own)| *own).collect()
        });
        let decoded = shape.decoder.decode_vital(&shape.text(bytes), self.line, &self.columns, vital.as_deref())?;
        let offsets = self.offset..self.offset + size as u64;
        let chunk = self.chunk(decoded.frame, offsets, decoded.rejects);
        self.advance(size, decoded.lines);
        // The bytes that are left came with the newest at the earliest.
        self.arrived = self.arrived.map(|(_, last)| (last, last)).filter(|_| self.waiting() > 0);
        // Not cut further, though records without line ends may be many: a chunk is the smallest step of a position.
        self.ready.push_back(chunk);
        Ok(true)
    }

    /// Bytes of whole records, bounded in bytes and (as far as they end with lines) in rows; 0 when there is none.
    fn measure(&self, ended: bool) -> usize {
        let Some(shape) = &self.shape else { return 0 };
        let bytes = self.bytes();
        let mut window = bytes.len().min(CHUNK_BYTES);
        if let Some(last) = memchr::memchr_iter(b'\n', bytes.get(..window).unwrap_or_default()).nth(CHUNK_ROWS - 1) {
            window = last + 1;
        }
        loop {
            if ended && window == bytes.len() {
                return window;
            }
            match shape.decoder.cut(bytes.get(..window).unwrap_or_default()) {
                0 if window < bytes.len() => window = (window * 2).min(bytes.len()),
                size => return size,
            }
        }
    }

    /// Sets aside the rest of a line whose beginning is lost. False when its end is still to come.
    fn pass_torn(&mut self, ended: bool) -> bool {
        let end = memchr::memchr(b'\n', self.bytes()).map(|end| end + 1);
        let Some(size) = end.or_else(|| (ended || self.waiting() >= RECORD_BYTES).then(|| self.waiting())) else {
            return false;
        };
        self.torn = end.is_none() && !ended;
        let body = self.bytes().get(..size).unwrap_or_default();
        let reject =
            Reject::new(&self.source, self.line, "the beginning of this record is lost", body.trim_ascii_end());
        self.set_aside(reject, self.offset..self.offset + size as u64);
        self.advance(size, u64::from(end.is_some()));
        true
    }

    /// Lets the rest of a record that is too long pass, as far as it is there.
    fn skip(&mut self, begin: u64, ended: bool) {
        let end = memchr::memchr(b'\n', self.bytes());
        // The first time the whole beginning is still there, and is kept as the body.
        if self.offset == begin {
            let reason = format!("this record does not end within {} MiB", RECORD_BYTES >> 20);
            let reject = Reject::new(&self.source, self.line, reason, self.bytes());
            self.set_aside(reject, begin..begin);
        }
        let passed = end.map_or(self.waiting(), |end| end + 1);
        self.advance(passed, u64::from(end.is_some()));
        if end.is_some() || ended {
            self.skipping = None;
            let (frame, rejects) = (self.nothing(), Rejects::default());
            let chunk = self.chunk(frame, begin..self.offset, rejects);
            self.ready.push_back(chunk);
        }
    }

    /// Decodes what is whole, and sets aside what is left of a record whose end will never come.
    ///
    /// # Errors
    /// As `take`.
    pub fn give_up(&mut self, reason: &str) -> Result<()> {
        while self.decode(false)? {}
        let left = self.waiting();
        if left > 0 && self.shape.is_some() {
            let reject = Reject::new(&self.source, self.line, reason, self.bytes());
            self.set_aside(reject, self.offset..self.offset + left as u64);
            self.advance(left, 1);
        }
        Ok(())
    }

    fn set_aside(&mut self, reject: Reject, offsets: Range<u64>) {
        let mut rejects = Rejects::default();
        rejects.push(reject);
        let frame = self.nothing();
        let chunk = self.chunk(frame, offsets, rejects);
        self.ready.push_back(chunk);
    }

    fn chunk(&self, frame: DataFrame, offsets: Range<u64>, rejects: Rejects) -> Chunk {
        let bytes = offsets.end - offsets.start;
        let arrived = self.arrived.map_or_else(Instant::now, |(first, _)| first);
        Chunk { frame, source: self.source.clone(), partition: 0, offsets, bytes, rejects, arrived: Some(arrived) }
    }

    /// A frame of the wanted columns without rows.
    fn nothing(&self) -> DataFrame {
        let schema: Schema = self
            .schema
            .iter()
            .flat_map(|schema| self.wanted.iter().filter_map(|i| schema.get_at_index(*i)))
            .map(|(n, t)| (n.clone(), t.clone()))
            .collect();
        DataFrame::empty_with_schema(&schema)
    }
}
