//! Bytes as they arrive, cut at the ends of records and decoded: what a followed file and a pipe have in common.
//! Where the bytes come from, and how long one waits for them, is left to the feed.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::{DataFrame, Schema, SchemaRef};

use super::raw::Begin;
use super::shape::{Look, Shape, text_format};
use super::{Expect, FeedUrl};
use crate::data::chunk::{CHUNK_BYTES, CHUNK_ROWS};
use crate::data::encoding::HEAD_BYTES;
use crate::data::format::Format;
use crate::data::{Chunk, Fault, Reject, Rejects, Result};

/// A record longer than this is set aside, so that a stray quote or a missing line end does not fill the memory.
pub const RECORD_BYTES: usize = 64 << 20;
/// How long the first rows may wait for more, so that types are settled from more than one line.
const PATIENCE: Duration = Duration::from_millis(100);
/// Lines that are enough to settle types when no more are there.
const LINES: usize = 100;
/// Where lines may be broken, as many are enough to say that they all are.
const ENOUGH_BROKEN: usize = 20;

/// Takes bytes, gives chunks.
#[derive(Debug)]
pub struct Intake {
    source: Arc<str>,
    /// Only its name is looked at, to find the format.
    path: PathBuf,
    named: Option<&'static Format>,
    known: Option<SchemaRef>,
    /// The first lines may be broken and the next ones right.
    forgiving: bool,
    schema: Option<SchemaRef>,
    shape: Option<Shape>,
    /// The columns asked for, as indices into `schema`, and into the decoder's (which a new file may order otherwise).
    wanted: Vec<usize>,
    columns: Vec<usize>,
    /// Those of `wanted` without whose value a row is none.
    needed: Vec<usize>,
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

impl Intake {
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
    pub fn shaped(source: Arc<str>, shape: Shape) -> Self {
        let schema = shape.schema().clone();
        let columns: Vec<usize> = (0..schema.len()).collect();
        let (header, lines) = (shape.header, shape.lines);
        let mut intake = Self::with(source, Path::new(""), Some(shape.format), Some(schema.clone()));
        (intake.schema, intake.header, intake.shape) = (Some(schema), header, Some(shape));
        intake.project(&columns);
        intake.seek(header, 1 + lines);
        intake
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
            needed: Vec::new(),
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
            // What one long record took is given back.
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
    pub fn resume(&mut self, from: u64, begin: &Begin) -> Result<u64> {
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
    pub fn shape(&self) -> Option<&Shape> {
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

    /// Which columns chunks shall hold.
    pub fn project(&mut self, columns: &[usize]) {
        columns.clone_into(&mut self.wanted);
        columns.clone_into(&mut self.columns);
    }

    /// Of those, the ones without whose value a row is none.
    pub fn require(&mut self, vital: &[usize]) {
        vital.clone_into(&mut self.needed);
    }

    /// Finds out what stands at the beginning of the input, and passes over a mark and a header.
    fn sniff(&mut self, ended: bool, known: Option<SchemaRef>) -> Result<()> {
        let look = self.named.map_or(Look::Find(&self.path), Look::Named);
        let shape = Shape::sniff(&self.source, look, self.bytes(), ended, known)?;
        self.header = shape.header;
        self.advance(usize::try_from(shape.header).unwrap_or(usize::MAX), shape.lines);
        self.shape = Some(shape);
        Ok(())
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

    /// As many lines more stand before those that are to come.
    pub fn add_lines(&mut self, lines: u64) {
        self.line += lines;
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
        let vital: Vec<usize> = self
            .wanted
            .iter()
            .zip(&self.columns)
            .filter(|(wanted, _)| self.needed.contains(wanted))
            .map(|(_, own)| *own)
            .collect();
        let decoded = shape.decoder.decode_vital(&shape.text(bytes), self.line, &self.columns, &vital)?;
        let offsets = self.offset..self.offset + size as u64;
        let chunk = self.chunk(decoded.frame, offsets, decoded.rejects);
        self.advance(size, decoded.lines);
        // What is left is of the newest at the earliest.
        self.arrived = self.arrived.map(|(_, last)| (last, last)).filter(|_| self.waiting() > 0);
        // Not cut further, though records without line ends may be many: a chunk is the smallest step of a position.
        self.ready.push_back(chunk);
        Ok(true)
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

    /// Reads a new file's header, and finds the columns in it.
    fn take_over(&mut self, schema: &SchemaRef, ended: bool) -> Result<()> {
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
}
