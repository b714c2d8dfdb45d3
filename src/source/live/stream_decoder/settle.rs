//! The beginning of a stream: its columns and types are settled from the first records, and those of a stream that
//! takes its place are matched with them.

use std::time::{Duration, Instant};

use polars::prelude::SchemaRef;

use super::StreamDecoder;
use crate::data::encoding::HEAD_BYTES;
use crate::data::{Fault, Result};
use crate::source::live::stream_format::{FormatHint, StreamFormat};

/// How long the first rows may wait for more, so that types are settled from more than one line.
const PATIENCE: Duration = Duration::from_millis(100);
/// Lines that are enough to settle types when no more are there.
const LINES: usize = 100;
/// Where lines may be broken, as many are enough to say that they all are.
const ENOUGH_BROKEN: usize = 20;

impl StreamDecoder {
    /// Settles the schema from what is there. `ended`: no more bytes will come. `idle`: none are there just now.
    ///
    /// # Errors
    /// When what is there is in no known format, or there is nothing and nothing will come.
    pub fn settle(&mut self, ended: bool, idle: bool) -> Result<Option<SchemaRef>> {
        if self.schema.is_some() {
            return Ok(self.schema.clone());
        }
        let waiting = self.waiting();
        if waiting == 0 {
            if ended && self.known.is_none() {
                return Err(Fault::new("there are no rows in it")
                    .at(&*self.source)
                    .hint("begin with a header or a first row"));
            }
            if ended {
                self.schema.clone_from(&self.known);
            }
            return Ok(self.schema.clone());
        }
        if !ended && waiting < HEAD_BYTES {
            let lines = memchr::memchr_iter(b'\n', self.bytes()).take(LINES).count();
            // A first line alone may be a header: its columns have no types yet.
            let json =
                self.bytes().iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| b"{[".contains(byte));
            if lines < if json || self.known.is_some() { 1 } else { 2 } {
                return Ok(None);
            }
            let since = *self.since.get_or_insert_with(Instant::now);
            if since.elapsed() < PATIENCE && !(idle && lines >= LINES) {
                return Ok(None);
            }
        }
        match self.sniff(ended, self.known.clone()) {
            Err(_)
                if self.forgiving
                    && !ended
                    && memchr::memchr_iter(b'\n', self.bytes()).take(ENOUGH_BROKEN).count() < ENOUGH_BROKEN =>
            {
                return Ok(None);
            }
            sniffed => sniffed?,
        }
        self.schema = self.shape.as_ref().map(|shape| shape.schema().clone());
        self.wanted = (0..self.schema.as_ref().map_or(0, |schema| schema.len())).collect();
        self.columns.clone_from(&self.wanted);
        Ok(self.schema.clone())
    }

    /// Whether something stands after the first line, which may be a header.
    pub fn begun(&self) -> bool {
        memchr::memchr(b'\n', self.bytes()).is_some_and(|end| end + 1 < self.waiting())
    }

    /// Finds out what stands at the beginning of the input, and passes over a mark and a header.
    fn sniff(&mut self, ended: bool, known: Option<SchemaRef>) -> Result<()> {
        let look = self.named.map_or(FormatHint::Find(&self.path), FormatHint::Named);
        let shape = StreamFormat::sniff(&self.source, look, self.bytes(), ended, known)?;
        self.header = shape.header;
        self.advance(usize::try_from(shape.header).unwrap_or(usize::MAX), shape.lines);
        self.shape = Some(shape);
        Ok(())
    }

    /// Reads a new file's header, and finds the columns in it.
    pub(super) fn take_over(&mut self, schema: &SchemaRef, ended: bool) -> Result<()> {
        self.sniff(ended, Some(schema.clone()))?;
        let Some(shape) = &self.shape else { return Ok(()) };
        let mut columns = Vec::with_capacity(self.wanted.len());
        for (name, dtype) in self.wanted.iter().filter_map(|i| schema.get_at_index(*i)) {
            match shape.schema().get_full(name) {
                Some((i, _, found)) if found == dtype => columns.push(i),
                Some((_, _, found)) => {
                    return Err(self.other(&format!("its column '{name}' is {found} instead of {dtype}")));
                }
                None => return Err(self.other(&format!("it has no column '{name}'"))),
            }
        }
        self.columns = columns;
        Ok(())
    }

    fn other(&self, what: &str) -> Fault {
        Fault::new(format!("the file that took the place of the old one has other columns: {what}"))
            .at(&*self.source)
            .hint("attach it as a feed of its own")
    }
}
