//! A text file as history, plain or packed: read in blocks one after another, decoded by many workers at once.

use std::path::Path;
use std::sync::Arc;

use polars::prelude::{DataFrame, PlSmallStr, SchemaRef};

use super::input::{Input, Packing, Stamp};
use super::{Extent, FileSplit, History, Reader, slices};
use crate::data::encoding::{HEAD_BYTES, TextEncoding};
use crate::data::format::{Commas, Decoder, Format, FormatKind, Sniff, format_for};
use crate::data::{Fault, Reject, Rejects, Result};

/// The first block is small, so that a first answer comes early; each next one is twice as long.
const FIRST_BLOCK: usize = 256 << 10;
/// No longer than this: what is read and decoded stays in the cache, and workers hold little at a time.
const BLOCK_BYTES: usize = 1 << 20;
/// Of wide rows a block holds some tens: what a column costs whatever it holds is shared by them.
const COLUMN_BYTES: usize = 256;
const WIDEST_BLOCK: usize = 32 << 20;
/// Where the beginning of a file holds fewer lines than this, more of it is looked at, up to so many bytes.
const FEW_LINES: u64 = 16;
const WIDE_HEAD: usize = 16 << 20;
/// The longest record that is kept in memory; a longer one is set aside.
pub(super) const RECORD_BYTES: usize = 64 << 20;

/// A text file that is being opened: its beginning, unpacked and as UTF-8.
pub(super) struct Opening {
    stamp: Stamp,
    packing: Packing,
    encoding: TextEncoding,
    head: Vec<u8>,
    whole: bool,
    pub format: &'static Format,
}

impl Opening {
    pub fn new(path: &Path) -> Result<Self> {
        let stamp = Stamp::take(path)?;
        let mut bytes = Vec::new();
        let mut input = Input::open(&stamp, Packing::Plain, None)?;
        let more = input.read(HEAD_BYTES, &mut bytes)?;
        let packing = Packing::of(&bytes);
        let mut whole = !more || bytes.len() as u64 == stamp.bytes;
        if packing != Packing::Plain {
            bytes.clear();
            let mut input = Input::open(&stamp, packing, None)?;
            // One byte more tells whether there is more.
            whole = !input.read(HEAD_BYTES + 1, &mut bytes)?;
        }
        if (1..FEW_LINES).contains(&newlines(&bytes)) {
            // Lines, and few: they are wide, and more of them tell the types.
            let mut input = Input::open(&stamp, packing, None)?;
            let mut wide = Vec::new();
            while !whole && wide.len() < WIDE_HEAD && newlines(if wide.is_empty() { &bytes } else { &wide }) < FEW_LINES
            {
                whole = !input.read(wide.len().max(2 * HEAD_BYTES), &mut wide)?;
            }
            if wide.len() > bytes.len() {
                bytes = wide;
            }
        }
        if bytes.is_empty() {
            return Err(Fault::new("the packed file holds nothing")
                .at(path.display().to_string())
                .hint("choose a file with data"));
        }
        let bare = format_for(path, &bytes);
        let (encoding, head) = match &bare {
            Ok(format) if matches!(format.kind, FormatKind::Columns { .. }) => (TextEncoding::UTF_8, bytes),
            _ => {
                let encoding = TextEncoding::detect(&bytes, whole);
                // Only text of two bytes a character looks like no text at all before it is converted.
                if let (Err(fault), false) = (&bare, encoding.is_wide()) {
                    return Err(fault.clone());
                }
                let body = bytes.split_off(encoding.mark_bytes.min(bytes.len()));
                (encoding, encoding.convert(body, whole))
            }
        };
        let format = format_for(path, &head)?;
        if packing != Packing::Plain && matches!(format.kind, FormatKind::Columns { .. }) {
            let what = format!("this is a packed {} file; only text can be read packed", format.title);
            return Err(Fault::new(what).at(path.display().to_string()).hint("unpack it first: gzip -d or zstd -d"));
        }
        Ok(Self { stamp, packing, encoding, head, whole, format })
    }

    pub fn finish(self, known: Option<SchemaRef>, notes: Vec<String>) -> Result<Text> {
        let FormatKind::Text { sniff } = self.format.kind else {
            return Err(Fault::new("this is no text").at(self.stamp.path.display().to_string()));
        };
        let name: Arc<str> = self.stamp.path.display().to_string().into();
        let decoder = sniff(&Sniff { source: name.clone(), head: &self.head, whole: self.whole, known })?;
        Ok(Text(Arc::new(Inner {
            name,
            stamp: self.stamp,
            packing: self.packing,
            encoding: self.encoding,
            decoder,
            notes,
        })))
    }
}

#[derive(Debug)]
pub(super) struct Text(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    name: Arc<str>,
    stamp: Stamp,
    packing: Packing,
    encoding: TextEncoding,
    decoder: Arc<dyn Decoder>,
    notes: Vec<String>,
}

impl History for Text {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn schema(&self) -> &SchemaRef {
        self.0.decoder.schema()
    }

    fn piece_bytes(&self, columns: &[usize]) -> u64 {
        // The block, the beginning of the next, and the columns that it becomes.
        4 * block_bytes(columns.len()) as u64
    }

    fn is_settled(&self) -> bool {
        self.0.decoder.is_settled()
    }

    fn extent(&self) -> Extent {
        Extent { bytes: self.0.stamp.bytes, rows: None }
    }

    fn commas(&self) -> &[(PlSmallStr, Commas)] {
        self.0.decoder.commas()
    }

    fn notes(&self) -> &[String] {
        &self.0.notes
    }

    fn whole_lines(&self) -> Result<Option<Arc<dyn History>>> {
        if self.0.packing != Packing::Plain || !self.0.encoding.encoding.is_ascii_compatible() {
            return Ok(None);
        }
        let end = self.0.stamp.last_line_end()?;
        if end == self.0.stamp.bytes {
            return Ok(None);
        }
        let stamp = self.0.stamp.cut(end);
        Ok(Some(Arc::new(Self(Arc::new(Inner { stamp, ..Inner::clone(&self.0) })))))
    }

    fn open_vital(&self, columns: &[usize], vital: Option<&[usize]>) -> Result<Box<dyn Reader>> {
        let file = self.0.clone();
        file.stamp.check(true)?;
        let input = Input::open(&file.stamp, file.packing, Some(file.encoding))?;
        let plain = file.packing == Packing::Plain && file.encoding.is_utf8();
        let offset = if plain { file.encoding.mark_bytes as u64 } else { 0 };
        Ok(Box::new(Blocks {
            input,
            columns: columns.into(),
            vital: vital.map(Arc::from),
            text: Vec::new(),
            target: FIRST_BLOCK.max(block_bytes(columns.len()) / 4),
            offset,
            line: 1,
            started: false,
            ended: false,
            told: 0,
            plain,
            file,
        }))
    }
}

/// A reading under way.
struct Blocks {
    file: Arc<Inner>,
    input: Input,
    columns: Arc<[usize]>,
    vital: Option<Arc<[usize]>>,
    /// Read, but not handed out yet; it begins at the beginning of a record.
    text: Vec<u8>,
    /// How long the next block shall be.
    target: usize,
    /// Where `text` begins: in the file, or in its text where that is packed or transcoded.
    offset: u64,
    /// The number of the first line of `text`.
    line: u64,
    started: bool,
    ended: bool,
    /// Bytes of the file that the pieces so far stand for.
    told: u64,
    /// Whether offsets are places in the file itself.
    plain: bool,
}

impl Reader for Blocks {
    fn next(&mut self) -> Result<Option<FileSplit>> {
        let mut want = self.target;
        let cut = loop {
            while !self.ended && self.text.len() < want {
                self.fill(want - self.text.len())?;
            }
            self.check()?;
            self.start();
            if self.ended {
                break self.text.len();
            }
            let cut = self.file.decoder.cut(&self.text);
            if cut > 0 {
                break cut;
            }
            if self.text.len() >= RECORD_BYTES {
                return self.overlong().map(Some);
            }
            want = (self.text.len() * 2).clamp(FIRST_BLOCK, RECORD_BYTES);
        };
        if self.ended && cut == 0 && self.told >= self.file.stamp.bytes {
            return Ok(None);
        }
        self.target = (self.target * 2).min(block_bytes(self.columns.len()));
        let mut rest = Vec::with_capacity(self.target.max(self.text.len() - cut));
        rest.extend_from_slice(self.text.get(cut..).unwrap_or_default());
        let mut block = std::mem::replace(&mut self.text, rest);
        block.truncate(cut);
        let (line, offset) = (self.line, self.offset);
        self.line += newlines(&block);
        self.offset += cut as u64;
        let bytes = self.account();
        let (file, columns, vital, end) = (self.file.clone(), self.columns.clone(), self.vital.clone(), self.offset);
        Ok(Some(FileSplit::new(move || {
            let decoded = file.decoder.decode_vital(&block, line, &columns, vital.as_deref())?;
            Ok(slices(decoded.frame, decoded.rejects, &file.name, offset..end, bytes))
        })))
    }
}

impl Blocks {
    fn fill(&mut self, bytes: usize) -> Result<()> {
        match self.input.read(bytes, &mut self.text) {
            Ok(more) => self.ended = !more,
            // That the file changed explains any error better than the error does.
            Err(fault) => return Err(self.file.stamp.check(true).err().unwrap_or(fault)),
        }
        Ok(())
    }

    /// # Errors
    /// When the file is not what it was, or ended before its length.
    fn check(&self) -> Result<()> {
        self.file.stamp.check(true)?;
        let short = self.ended && self.plain && self.input.taken() < self.file.stamp.bytes;
        if short { Err(self.file.stamp.changed()) } else { Ok(()) }
    }

    /// Passes over the header, once. It lies within the first block, because it was found in the head of the file.
    fn start(&mut self) {
        let preamble = self.file.decoder.preamble();
        if self.started || (self.text.len() < preamble.bytes && !self.ended) {
            return;
        }
        self.started = true;
        let bytes = preamble.bytes.min(self.text.len());
        self.text.drain(..bytes);
        self.offset += bytes as u64;
        self.line += preamble.lines;
    }

    /// Bytes of the file that the piece which ends here adds.
    fn account(&mut self) -> u64 {
        let total = self.file.stamp.bytes;
        let reached = match (self.ended, self.plain) {
            (true, _) => total,
            (false, true) => self.offset,
            (false, false) => self.input.taken().min(total),
        };
        let bytes = reached.saturating_sub(self.told);
        self.told += bytes;
        bytes
    }

    /// Sets aside a record that is too long to be held, up to the next line end.
    fn overlong(&mut self) -> Result<FileSplit> {
        let (line, offset) = (self.line, self.offset);
        let mut rejects = Rejects::default();
        let reason = format!("this line is longer than {} MiB", RECORD_BYTES >> 20);
        rejects.push(Reject::new(&self.file.name, line, reason, &self.text));
        loop {
            // What was held so far has no record end in it, but may have line ends within quotes.
            self.line += newlines(&self.text);
            self.offset += self.text.len() as u64;
            self.text.clear();
            self.fill(FIRST_BLOCK)?;
            self.check()?;
            if let Some(end) = memchr::memchr(b'\n', &self.text) {
                self.text.drain(..=end);
                self.line += 1;
                self.offset += end as u64 + 1;
                break;
            }
            if self.ended {
                self.offset += self.text.len() as u64;
                self.text.clear();
                break;
            }
        }
        self.text.shrink_to(BLOCK_BYTES);
        let bytes = self.account();
        let (file, columns, end) = (self.file.clone(), self.columns.clone(), self.offset);
        Ok(FileSplit::new(move || {
            let frame: DataFrame = file.decoder.decode(&[], line, &columns)?.frame;
            Ok(slices(frame, rejects, &file.name, offset..end, bytes))
        }))
    }
}

/// How long a block is of which so many columns are read.
fn block_bytes(columns: usize) -> usize {
    (columns * COLUMN_BYTES).clamp(BLOCK_BYTES, WIDEST_BLOCK)
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
