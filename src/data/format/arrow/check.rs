//! Arrow's messages before polars believes them: that a schema is no larger than what it is written in, and that a
//! batch's rows and buffers lie within the file. What polars makes of them is left to it.

use std::io::{Read, Seek};

use super::super::blocks::read_range;
use super::super::codec::Codec;
use super::super::flatbuffer::{FlatTable, FlatVector};
use crate::data::memory::afford;

type Checked<T> = Result<T, String>;

/// The deepest nesting of types that is read.
const DEEPEST: usize = 64;
/// A schema may name a thing several times, but not so that it grows beyond all bounds.
const SHARED: usize = 16;
const FIELD: usize = 64;
/// Bytes of an entry in a list of batches, of a node, of a buffer.
pub(super) const BLOCK: usize = 24;
const NODE: usize = 16;
const BUFFER: usize = 16;

/// What proves how many values a column has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LengthProof {
    /// So many bits each, in the buffer after the validity.
    Bits(u64),
    /// So many bits each, and once more at the end.
    Ends(u64),
    /// Nothing but its word: values that are all null have no bytes.
    None,
    /// Of a kind that polars does not read here.
    Other,
}

/// How a column lies in a batch.
#[derive(Clone, Debug)]
pub(super) struct ColumnLayout {
    proof: LengthProof,
    buffers: usize,
    /// Has more buffers, whose number stands in the batch.
    views: bool,
    children: Vec<ColumnLayout>,
}

/// Looks through a schema in a message of its own, as Parquet files keep it.
///
/// # Errors
/// Why it is not read.
pub(in crate::data::format) fn schema_message(message: &[u8]) -> Checked<()> {
    let broken = || "the Arrow schema in it is damaged".to_owned();
    let schema = FlatTable::root(message).and_then(|m| m.table(2)).ok_or_else(broken)?;
    shapes(schema, message.len()).map(drop)
}

/// How the columns of a schema lie in a batch. `bytes` is how long what holds the schema is.
///
/// # Errors
/// Why it is not read.
pub(super) fn shapes(schema: FlatTable<'_>, bytes: usize) -> Checked<Vec<ColumnLayout>> {
    let mut left = bytes.saturating_mul(SHARED);
    let shapes = schema.tables(1).and_then(|fields| {
        words(schema, 2, &mut left)?;
        (0..fields.length).map(|i| shape(fields.table(i)?, 0, &mut left)).collect()
    });
    shapes.ok_or_else(|| "its schema is damaged, nested too deeply, or larger than what it is written in".to_owned())
}

/// What a table's own words take.
fn words(table: FlatTable<'_>, field: usize, left: &mut usize) -> Option<()> {
    if let Some(pairs) = table.tables(field) {
        for i in 0..pairs.length {
            let pair = pairs.table(i)?;
            let text =
                |field: usize| if pair.has(field) { pair.vector(field, 1).map(|text| text.length) } else { Some(0) };
            *left = left.checked_sub(text(0)?.checked_add(text(1)?)?.checked_add(8)?)?;
        }
    }
    Some(())
}

fn shape(field: FlatTable<'_>, depth: usize, left: &mut usize) -> Option<ColumnLayout> {
    let name = if field.has(0) { field.vector(0, 1)?.length } else { 0 };
    *left = left.checked_sub(FIELD.checked_add(name)?).filter(|_| depth < DEEPEST)?;
    words(field, 6, left)?;
    let children: Vec<ColumnLayout> = match field.tables(5) {
        Some(fields) => (0..fields.length).map(|i| shape(fields.table(i)?, depth + 1, left)).collect::<Option<_>>()?,
        None => Vec::new(),
    };
    if let Some(dictionary) = field.table(4) {
        let bits = dictionary.table(1).and_then(|int| int.int(0, 0)).unwrap_or(32);
        return Some(ColumnLayout {
            proof: LengthProof::Bits(u64::try_from(bits).ok()?),
            buffers: 2,
            views: false,
            children: Vec::new(),
        });
    }
    let kind = field.table(3)?;
    let bits = |field: usize, default: i32| kind.int(field, default).and_then(|bits| u64::try_from(bits).ok());
    let short = |field: usize| kind.number(field, [0, 0]).map(u16::from_le_bytes);
    let fixed = |bits: u64| (LengthProof::Bits(bits), 2, false);
    let (proof, buffers, views) = match field.byte(2)? {
        1 => (LengthProof::None, 0, false),
        2 => fixed(bits(0, 0)?),
        3 => fixed(16 << short(0)?.min(2)),
        4 | 5 => (LengthProof::Ends(32), 3, false),
        6 => fixed(1),
        7 => fixed(bits(2, 128)?),
        8 => fixed(if kind.has(0) && short(0)? == 0 { 32 } else { 64 }),
        9 => fixed(bits(1, 32)?),
        10 | 18 => fixed(64),
        11 => fixed(if short(0)? == 0 { 32 } else { 64 }),
        12 | 17 => (LengthProof::Ends(32), 2, false),
        13 => (LengthProof::Other, 1, false),
        // Which kind each value is of, and where they lie apart from each other.
        14 => (LengthProof::Other, if short(0)? == 0 { 1 } else { 2 }, false),
        15 => fixed(bits(0, 0)?.checked_mul(8)?),
        16 => (LengthProof::Other, 1, false),
        19 | 20 => (LengthProof::Ends(64), 3, false),
        21 => (LengthProof::Ends(64), 2, false),
        23 | 24 => (LengthProof::Bits(128), 2, true),
        // polars has no word for these, and says so.
        _ => (LengthProof::Other, 2, false),
    };
    Some(ColumnLayout { proof, buffers, views, children })
}

/// Where a message and its body lie in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    at: u64,
    header: u64,
    body: u64,
}

impl Block {
    /// One of a footer's list, if it lies within the file.
    pub fn of(list: FlatVector<'_>, i: usize, length: u64) -> Option<Self> {
        let at = u64::try_from(list.long(i, 0)?).ok()?;
        let header = u64::try_from(i32::from_le_bytes(list.number(i, 8)?)).ok()?;
        let body = u64::try_from(list.long(i, 16)?).ok()?;
        at.checked_add(header)?.checked_add(body).filter(|end| *end <= length)?;
        Some(Self { at, header, body })
    }

    pub fn bytes(&self) -> u64 {
        self.header.saturating_add(self.body)
    }

    /// Its message, without what stands before it.
    fn message(&self, file: &mut (impl Read + Seek), length: u64) -> Checked<Vec<u8>> {
        let mut bytes = read_range(file, length, self.at..self.at + self.header).map_err(|error| error.to_string())?;
        let skip = if bytes.starts_with(&[255; 4]) { 8 } else { 4 };
        let said = bytes.get(skip - 4..).and_then(<[u8]>::first_chunk).map(|b| i32::from_le_bytes(*b));
        // polars reads as many bytes as are said here, whatever the footer says.
        if said.and_then(|said| usize::try_from(said).ok()).is_none_or(|said| said > bytes.len().saturating_sub(skip)) {
            return Err("its header is longer than the place for it".to_owned());
        }
        bytes.drain(..skip);
        Ok(bytes)
    }
}

/// A batch of rows and how it lies in the file.
pub(super) struct Batch<'a, F> {
    pub file: &'a mut F,
    pub length: u64,
    pub block: Block,
    codec: Option<Codec>,
    /// What the buffers that are read become, bytes.
    need: u64,
}

/// The kinds of messages.
const DICTIONARY: u8 = 2;
const RECORDS: u8 = 3;

impl<'a, F: Read + Seek> Batch<'a, F> {
    pub fn new(file: &'a mut F, length: u64, block: Block) -> Self {
        Self { file, length, block, codec: None, need: 0 }
    }

    /// The rows of a batch, of which the columns at `places` (all, where that is `None`) are to be read.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn rows(&mut self, shapes: &[ColumnLayout], places: Option<&[usize]>) -> Checked<u64> {
        let message = self.block.message(self.file, self.length)?;
        let broken = || "its header is damaged".to_owned();
        let root = FlatTable::root(&message).filter(|root| root.byte(1) == Some(RECORDS)).ok_or_else(broken)?;
        let records = root.table(2).ok_or_else(broken)?;
        let rows = records.long(0).and_then(|rows| u32::try_from(rows).ok()).map(u64::from);
        let rows = rows.ok_or_else(|| {
            format!("it claims {} rows, more than can be read together", records.long(0).unwrap_or(-1))
        })?;
        let mut columns = Columns::new(records).ok_or_else(broken)?;
        self.codec = codec(records)?;
        // Where no column is read one must vouch for the rows.
        let witness =
            shapes.iter().position(|shape| matches!(shape.proof, LengthProof::Bits(_) | LengthProof::Ends(_)));
        for (i, shape) in shapes.iter().enumerate() {
            let asked = match places {
                Some([]) => Some(i) == witness,
                Some(places) => places.contains(&i),
                None => true,
            };
            self.column(shape, &mut columns, Some(rows), asked).map_err(|why| format!("column {}: {why}", i + 1))?;
        }
        self.afford()?;
        Ok(rows)
    }

    /// Looks at a dictionary: its buffers must lie within the file.
    pub fn dictionary(&mut self) -> Checked<()> {
        let message = self.block.message(self.file, self.length)?;
        let broken = || "its header is damaged".to_owned();
        let root = FlatTable::root(&message).filter(|root| root.byte(1) == Some(DICTIONARY)).ok_or_else(broken)?;
        let records = root.table(2).and_then(|dictionary| dictionary.table(1)).ok_or_else(broken)?;
        let mut columns = Columns::new(records).ok_or_else(broken)?;
        self.codec = codec(records)?;
        for _ in 0..columns.buffers.length {
            let (at, bytes) = columns.buffer()?;
            self.buffer(at, bytes, true)?;
        }
        self.afford()
    }

    fn afford(&self) -> Checked<()> {
        afford(self.need).map_err(|room| {
            format!("its columns take about {} MiB, and there is room for {}", self.need >> 20, room >> 20)
        })
    }

    /// Takes a column's nodes and buffers. `rows` is how many values it must have.
    fn column(
        &mut self,
        shape: &ColumnLayout,
        columns: &mut Columns<'_>,
        rows: Option<u64>,
        asked: bool,
    ) -> Checked<()> {
        let (length, nulls) = columns.node()?;
        if let Some(rows) = rows.filter(|rows| *rows != length) {
            return Err(format!("it has {length} values, the batch {rows} rows"));
        }
        let more = if shape.views { columns.views()? } else { 0 };
        for i in 0..shape.buffers + more {
            let (at, bytes) = columns.buffer()?;
            let bytes = self.buffer(at, bytes, asked)?;
            let bits = match (i, shape.proof) {
                (0, LengthProof::Bits(_) | LengthProof::Ends(_)) if nulls > 0 => length,
                (1, LengthProof::Bits(bits)) => length.saturating_mul(bits),
                (1, LengthProof::Ends(bits)) if length > 0 => (length + 1).saturating_mul(bits),
                _ => 0,
            };
            if asked && rows.is_some() && bytes.saturating_mul(8) < bits {
                return Err(format!("{bytes} bytes claim to hold {length} values"));
            }
        }
        shape.children.iter().try_for_each(|child| self.column(child, columns, None, asked))
    }

    /// What a buffer becomes, bytes, if it lies within the batch.
    fn buffer(&mut self, at: u64, bytes: u64, asked: bool) -> Checked<u64> {
        if at.checked_add(bytes).is_none_or(|end| end > self.block.body) {
            return Err("a buffer lies beyond the end of its batch".to_owned());
        }
        let Some(codec) = self.codec.filter(|_| asked && bytes > 0) else {
            self.need = self.need.saturating_add(if asked { bytes.saturating_mul(2) } else { 0 });
            return Ok(bytes);
        };
        let from = self.block.at + self.block.header + at;
        let fault = |error: polars::prelude::PolarsError| error.to_string();
        let head = read_range(self.file, self.length, from..from + bytes.min(8)).map_err(fault)?;
        let said = head.first_chunk().map(|b| i64::from_le_bytes(*b)).ok_or("a buffer is too short")?;
        let packed = bytes - 8;
        // Buffers that would not become smaller are not packed.
        let becomes = if said == -1 {
            packed
        } else {
            u64::try_from(said).map_err(|_| format!("a buffer claims to become {said} bytes"))?
        };
        let held = said == -1
            || codec.may_hold(packed, becomes)
                && (!Codec::is_doubtful(packed, becomes)
                    || codec
                        .holds(&read_range(self.file, self.length, from + 8..from + bytes).map_err(fault)?, becomes));
        if !held {
            return Err(format!("a buffer of {packed} bytes claims to become {becomes}"));
        }
        self.need = self.need.saturating_add(becomes.saturating_mul(2)).saturating_add(bytes);
        Ok(becomes)
    }
}

fn codec(records: FlatTable<'_>) -> Checked<Option<Codec>> {
    let Some(compression) = records.table(3) else { return Ok(None) };
    match compression.byte(0) {
        Some(0) => Ok(Some(Codec::Lz4)),
        Some(1) => Ok(Some(Codec::Zstd)),
        _ => Err("it is packed in a way that is not known".to_owned()),
    }
}

/// Nodes and buffers of a batch, in the order in which columns take them.
struct Columns<'a> {
    nodes: FlatVector<'a>,
    buffers: FlatVector<'a>,
    views: Option<FlatVector<'a>>,
    next: [usize; 3],
}

impl<'a> Columns<'a> {
    fn new(records: FlatTable<'a>) -> Option<Self> {
        let views = if records.has(4) { Some(records.vector(4, 8)?) } else { None };
        Some(Self { nodes: records.vector(1, NODE)?, buffers: records.vector(2, BUFFER)?, views, next: [0; 3] })
    }

    /// Values and nulls.
    fn node(&mut self) -> Checked<(u64, u64)> {
        let (length, nulls) = self
            .nodes
            .long(self.next[0], 0)
            .zip(self.nodes.long(self.next[0], 8))
            .ok_or("it has fewer columns than the schema")?;
        self.next[0] += 1;
        match (u64::try_from(length), u64::try_from(nulls)) {
            (Ok(length), Ok(nulls)) if nulls <= length => Ok((length, nulls)),
            _ => Err(format!("it claims {length} values and {nulls} nulls")),
        }
    }

    /// Place and length.
    fn buffer(&mut self) -> Checked<(u64, u64)> {
        let (at, bytes) = self
            .buffers
            .long(self.next[1], 0)
            .zip(self.buffers.long(self.next[1], 8))
            .ok_or("it has fewer buffers than it needs")?;
        self.next[1] += 1;
        u64::try_from(at)
            .ok()
            .zip(u64::try_from(bytes).ok())
            .ok_or_else(|| "the place of a buffer is negative".to_owned())
    }

    fn views(&mut self) -> Checked<usize> {
        let more = self.views.and_then(|views| views.long(self.next[2], 0)).and_then(|more| usize::try_from(more).ok());
        self.next[2] += 1;
        more.filter(|more| *more <= self.buffers.length).ok_or_else(|| "it has fewer buffers than it needs".to_owned())
    }
}
