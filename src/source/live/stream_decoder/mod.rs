//! Bytes as they arrive, cut at the ends of records and decoded: what a followed file and a pipe have in common.
//! Where the bytes come from, and how long a feed waits for them, is the feed's.

mod decode;
mod settle;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use polars::prelude::SchemaRef;

use super::byte_source::StreamStart;
use super::stream_format::{StreamFormat, text_format};
use super::{Expect, FeedUrl};
use crate::data::chunk::CHUNK_BYTES;
use crate::data::format::Format;
use crate::data::{Chunk, Result};

/// Takes bytes, gives chunks.
#[derive(Debug)]
pub struct StreamDecoder {
    source: Arc<str>,
    /// Only its name is looked at, to find the format.
    path: PathBuf,
    named: Option<&'static Format>,
    known: Option<SchemaRef>,
    /// The first lines may be broken and the next ones right.
    forgiving: bool,
    schema: Option<SchemaRef>,
    shape: Option<StreamFormat>,
    /// The columns asked for, as indices into `schema`, and into the decoder's (which a new file may order otherwise).
    wanted: Vec<usize>,
    columns: Vec<usize>,
    /// The vital ones, as indices into `schema`; `None` where rows are not marked.
    needed: Option<Vec<usize>>,
    buffer: Vec<u8>,
    /// Where the bytes begin that are still to be decoded: in `buffer`, in the source, and as a line number.
    start: usize,
    offset: u64,
    line: u64,
    /// Bytes to read before the next look for the end of a long record.
    need: usize,
    /// Bytes at the beginning of the input that hold no row.
    header: u64,
    /// Inside a record that is too long: where it began.
    skipping: Option<u64>,
    /// The beginning of the line that comes next is lost.
    torn: bool,
    /// When the oldest and the newest of the bytes arrived, where the feed says so.
    arrived: Option<(Instant, Instant)>,
    /// When the first whole lines were there.
    since: Option<Instant>,
    ready: VecDeque<Chunk>,
}

impl StreamDecoder {
    /// # Errors
    /// When the address names a format that is unknown or has no records.
    pub fn new(url: &FeedUrl, path: &Path, expect: &Expect) -> Result<Self> {
        let named = url.params.get("format").map(|name| text_format(url, name)).transpose()?;
        Ok(Self::with(url.shown().into(), path, named, expect.known.clone()))
    }

    /// Takes lines of a format that the kind of feed settles; some of them may be broken.
    pub fn lines(url: &FeedUrl, format: &'static Format, expect: &Expect) -> Self {
        Self { forgiving: true, ..Self::with(url.shown().into(), Path::new(""), Some(format), expect.known.clone()) }
    }

    /// Takes bytes of a shape that is known already, from the first byte after the header.
    pub fn shaped(source: Arc<str>, shape: StreamFormat) -> Self {
        let schema = shape.schema().clone();
        let columns: Vec<usize> = (0..schema.len()).collect();
        let (header, lines) = (shape.header, shape.lines);
        let mut decoder = Self::with(source, Path::new(""), Some(shape.format), Some(schema.clone()));
        (decoder.schema, decoder.header, decoder.shape) = (Some(schema), header, Some(shape));
        decoder.project(&columns);
        decoder.seek(header, 1 + lines);
        decoder
    }

    fn with(source: Arc<str>, path: &Path, named: Option<&'static Format>, known: Option<SchemaRef>) -> Self {
        Self {
            source,
            path: path.to_owned(),
            named,
            known,
            forgiving: false,
            schema: None,
            shape: None,
            wanted: Vec::new(),
            columns: Vec::new(),
            needed: None,
            buffer: Vec::new(),
            start: 0,
            offset: 0,
            line: 1,
            need: 0,
            header: 0,
            skipping: None,
            torn: false,
            arrived: None,
            since: None,
            ready: VecDeque::new(),
        }
    }

    /// The columns, once they are settled.
    pub fn schema(&self) -> Option<&SchemaRef> {
        self.schema.as_ref()
    }

    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// Whether there is enough for a chunk of the largest size: time to take before reading on. While a record does
    /// not end, more is needed.
    pub fn full(&self) -> bool {
        self.waiting() >= CHUNK_BYTES.max(self.need)
    }

    pub fn waiting(&self) -> usize {
        self.buffer.len() - self.start
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.room().extend_from_slice(bytes);
    }

    /// Where the next bytes are to be appended.
    pub fn room(&mut self) -> &mut Vec<u8> {
        if self.start > 0 && self.start >= self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.start = 0;
            // The memory that one long record took is given back.
            if self.buffer.capacity() > 4 * CHUNK_BYTES && self.buffer.len() < CHUNK_BYTES {
                self.buffer.shrink_to(2 * CHUNK_BYTES);
            }
        }
        &mut self.buffer
    }

    /// Bytes were appended that arrived at this time.
    pub fn arrived(&mut self, at: Instant) {
        self.arrived = Some((self.arrived.map_or(at, |(first, _)| first), at));
    }

    /// Where the first byte stands that is not decoded yet: its position and its line.
    pub fn next(&self) -> (u64, u64) {
        (self.offset, self.line)
    }

    /// The columns that chunks hold, as this file orders them.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The position after the last byte that was appended.
    pub fn reach(&self) -> u64 {
        self.offset + self.waiting() as u64
    }

    /// Takes back what lies beyond a position.
    pub fn cut_at(&mut self, position: u64) {
        let beyond = usize::try_from(self.reach().saturating_sub(position)).unwrap_or(usize::MAX);
        self.buffer.truncate(self.buffer.len().saturating_sub(beyond).max(self.start));
    }

    /// The bytes from the first on, before any was decoded.
    pub fn from_header(&self) -> Vec<u8> {
        let header = self.shape.as_ref().and_then(|shape| shape.head.get(..usize::try_from(shape.header).unwrap_or(0)));
        [header.unwrap_or_default(), self.bytes()].concat()
    }

    /// Goes on at the byte `from` of a recording, in the stream that began so; says where to read on.
    ///
    /// # Errors
    /// When that stream does not have the columns of the first.
    pub fn resume(&mut self, from: u64, begin: &StreamStart) -> Result<u64> {
        let mut at = from;
        if self.header > 0 {
            if begin.at == 0 {
                at = at.max(self.header);
            } else if from == begin.at {
                self.shape = None;
            } else if !begin.head.is_empty()
                && let Some(schema) = self.schema.clone()
            {
                self.seek(begin.at, 1);
                self.push(&begin.head);
                self.take_over(&schema, false)?;
            }
        }
        self.seek(at, 1);
        Ok(at)
    }

    /// How the bytes become rows, once that is settled.
    pub fn shape(&self) -> Option<&StreamFormat> {
        self.shape.as_ref()
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn advance(&mut self, bytes: usize, lines: u64) {
        self.start = (self.start + bytes).min(self.buffer.len());
        self.offset += bytes as u64;
        self.line += lines;
    }

    /// Which columns chunks shall hold.
    pub fn project(&mut self, columns: &[usize]) {
        columns.clone_into(&mut self.wanted);
        columns.clone_into(&mut self.columns);
    }

    /// Of those, the vital ones.
    pub fn require(&mut self, vital: Option<&[usize]>) {
        self.needed = vital.map(<[usize]>::to_vec);
    }

    /// Another input takes the place of this one (a rotated or truncated file) and begins at its beginning. What was
    /// not decoded yet is forgotten.
    pub fn begin_again(&mut self) {
        self.seek(0, 1);
        // A header has to be read again: it may be longer, or name the columns in another order.
        if self.header > 0 {
            self.shape = None;
        }
    }

    /// A recorded stream begins anew at the position after the last byte. Call `give_up` before.
    pub fn begin_anew(&mut self) {
        let at = self.reach();
        self.begin_again();
        self.offset = at;
    }

    /// So many bytes that would come next are lost; what follows may begin in the middle of a line. Call `give_up`
    /// before.
    pub fn lose(&mut self, bytes: u64, torn: bool) {
        let (at, line) = (self.reach() + bytes, self.line);
        self.seek(at, line);
        self.torn = torn;
    }

    /// The next byte pushed is the one at `offset`, which begins the line `line`.
    pub fn seek(&mut self, offset: u64, line: u64) {
        self.buffer.clear();
        self.start = 0;
        self.offset = offset;
        self.line = line;
        self.skipping = None;
        self.torn = false;
        self.need = 0;
        self.arrived = None;
    }

    /// Bytes at the beginning of the input that hold no row: a mark, a header.
    pub fn header(&self) -> u64 {
        self.header
    }

    /// As many lines more stand before those that are to come.
    pub fn add_lines(&mut self, lines: u64) {
        self.line += lines;
    }
}
