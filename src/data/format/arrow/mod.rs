//! Arrow IPC files (Feather version 2): the schema from the footer, one record batch at a time.
//! polars' reader reads a file as a whole; it is shown a file whose footer lists just the batch that is wanted. What
//! the file says of its sizes is looked at in `check` before polars, which believes it, is asked.

pub(super) mod check;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;
use polars_io::SerReader;
use polars_io::ipc::IpcReader;
use polars_io::mmap::MmapBytesReader;

use self::check::{BLOCK, Batch, Block, ColumnLayout, shapes};
use super::flatbuffer::{FlatTable, FlatVector};
use super::{ColumnFile, Format, FormatKind, RowGroup, blocks};
use crate::data::{Fault, Result};

pub static ARROW: Format = Format {
    name: "arrow",
    title: "Arrow IPC or Feather",
    extensions: &["arrow", "ipc", "feather"],
    kind: FormatKind::Columns { open },
};

/// Bytes after the footer: its length and the closing magic.
const TAIL: u64 = 10;

#[derive(Debug)]
struct Arrow {
    path: PathBuf,
    footer: Footer,
    shapes: Vec<ColumnLayout>,
    /// For each column of `schema`, its place in the file.
    places: Vec<usize>,
    schema: SchemaRef,
    /// Columns whose times are in seconds, which polars makes milliseconds of.
    seconds: Vec<PlSmallStr>,
    groups: Vec<RowGroup>,
    /// Why a batch is not read.
    refused: Vec<Option<Fault>>,
    left_out: Vec<String>,
}

fn open(path: &Path) -> Result<Arc<dyn ColumnFile>> {
    let place = path.display().to_string();
    let mut file = blocks::open(path)?;
    let length = file.metadata().map_err(|error| Fault::io(&place, &error))?.len();
    let footer = Footer::read(&mut file, length).ok_or_else(|| {
        Fault::new("it is truncated or not Arrow; the footer is missing")
            .at(place.clone())
            .hint("copy or download it again")
    })?;
    let shapes = footer.check(&mut file).map_err(|why| blocks::damaged(&place, "its footer", &why))?;
    let whole = footer.show(blocks::open(path)?, None);
    let arrow = blocks::guarded(&place, "its footer", || IpcReader::new(whole).schema())?;
    let (mut places, mut schema, mut left_out, mut seconds) = (Vec::new(), Schema::default(), Vec::new(), Vec::new());
    for (place, field) in arrow.iter_values().enumerate() {
        if blocks::holds(field.dtype()) {
            places.push(place);
            if matches!(
                field.dtype(),
                ArrowDataType::Timestamp(ArrowTimeUnit::Second, _) | ArrowDataType::Duration(ArrowTimeUnit::Second)
            ) {
                seconds.push(field.name.clone());
            }
            schema.insert(field.name.clone(), blocks::plain_type(&DataType::from_arrow_field(field)));
        } else {
            left_out.push(blocks::left_out(&field.name, field.dtype()));
        }
    }
    if places.is_empty() {
        return Err(Fault::new("none of its columns can be read here")
            .at(place)
            .hint("write it again with plain columns"));
    }
    let mut this = Arrow {
        path: path.to_owned(),
        footer,
        shapes,
        places,
        schema: schema.into(),
        seconds,
        groups: Vec::new(),
        refused: Vec::new(),
        left_out,
    };
    for batch in 0..this.footer.batches {
        let rows = this.rows(&mut file, batch, &[]);
        this.groups.push(RowGroup {
            rows: *rows.as_ref().unwrap_or(&0),
            bytes: this.footer.block(batch).map_or(0, |block| block.bytes()),
        });
        this.refused.push(rows.err());
    }
    Ok(Arc::new(this))
}

/// Looks at all that an Arrow file in memory says of its sizes.
///
/// # Errors
/// Why it is not believed.
pub fn check_bytes(bytes: &[u8]) -> std::result::Result<(), String> {
    let (mut file, length) = (std::io::Cursor::new(bytes), bytes.len() as u64);
    let footer = Footer::read(&mut file, length).ok_or("the footer is missing")?;
    let shapes = footer.check(&mut file)?;
    for batch in 0..footer.batches {
        let block = footer.block(batch).ok_or("a batch lies beyond the end")?;
        Batch::new(&mut file, length, block).rows(&shapes, None)?;
    }
    Ok(())
}

impl Arrow {
    fn place(&self, batch: usize) -> String {
        format!("record batch {} of {}", batch + 1, self.path.display())
    }

    /// The rows of a batch, if it can be what it says.
    fn rows(&self, file: &mut File, batch: usize, places: &[usize]) -> Result<u64> {
        let block = self.footer.block(batch).ok_or_else(|| "it lies beyond the end of the file".to_owned());
        let rows = block.and_then(|block| Batch::new(file, self.footer.length, block).rows(&self.shapes, Some(places)));
        // What such a batch holds is not known: its rows stand in its header alone.
        let hint = "copy or download the file again, or ask whoever wrote it";
        rows.map_err(|why| {
            Fault::new(format!("it is damaged and left out: {why}")).at(self.place(batch)).hint(hint).lost(0)
        })
    }

    /// Seconds beyond what milliseconds can hold come out of polars as other times. A multiple of a thousand that went
    /// round in 64 bits is none any more (but for eight places in the whole range): no such batch is believed.
    fn check_seconds(&self, frame: &DataFrame) -> Result<()> {
        for name in self.seconds.iter() {
            let Ok(column) = frame.column(name) else { continue };
            let values = column.to_physical_repr().cast(&DataType::Int64)?;
            if values.i64()?.iter().flatten().any(|value| value % 1_000 != 0) {
                let what = format!(
                    "column '{name}' holds times in seconds that lie beyond what can be read, so that it is left out"
                );
                return Err(Fault::new(what).hint("write its times in milliseconds or microseconds"));
            }
        }
        Ok(())
    }

    fn batch(&self, batch: usize, places: Vec<usize>, rows: u64) -> Result<DataFrame> {
        let file = blocks::open(&self.path)?;
        let read = blocks::guarded(&self.place(batch), "it", || {
            let reader = BufReader::new(self.footer.show(file, Some(batch)));
            IpcReader::new(Shown(reader)).with_projection(Some(places)).finish()
        });
        read.map_err(|fault| fault.lost(rows))
    }
}

impl ColumnFile for Arrow {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn left_out(&self) -> &[String] {
        &self.left_out
    }

    fn groups(&self) -> &[RowGroup] {
        &self.groups
    }

    fn read(&self, group: usize, columns: &[usize]) -> Result<DataFrame> {
        // The reader wants places in rising order.
        let mut places: Vec<usize> = columns.iter().filter_map(|c| self.places.get(*c).copied()).collect();
        places.sort_unstable();
        places.dedup();
        if let Some(fault) = self.refused.get(group).and_then(Option::as_ref) {
            return Err(fault.clone());
        }
        let rows = self.rows(&mut blocks::open(&self.path)?, group, &places)?;
        if places.is_empty() {
            let height = usize::try_from(rows).unwrap_or(usize::MAX);
            return DataFrame::new(height, Vec::new()).map_err(|error| Fault::from(error).at(self.place(group)));
        }
        let frame = self.batch(group, places, rows)?;
        self.check_seconds(&frame).map_err(|fault| fault.at(self.place(group)).lost(rows))?;
        let names = columns.iter().filter_map(|c| self.schema.get_at_index(*c)).map(|(name, _)| name);
        let read: PolarsResult<Vec<Column>> =
            names.map(|name| frame.column(name).cloned().and_then(blocks::plain)).collect();
        read.and_then(|read| DataFrame::new(frame.height(), read))
            .map_err(|error| Fault::from(error).at(self.place(group)))
    }
}

/// The end of an Arrow file, and where in it the batches are listed.
#[derive(Debug)]
struct Footer {
    length: u64,
    /// Where the footer begins in the file.
    start: u64,
    /// The footer and what follows it.
    bytes: Vec<u8>,
    /// Where, in `bytes`, the list begins: its length, then its entries.
    list: usize,
    batches: usize,
}

/// Fields of a footer.
const SCHEMA: usize = 1;
const DICTIONARIES: usize = 2;
const BATCHES: usize = 3;

impl Footer {
    fn read(file: &mut (impl Read + Seek), length: u64) -> Option<Self> {
        let tail = blocks::read_range(file, length, length.checked_sub(TAIL)?..length).ok()?;
        let (size, magic) = tail.split_first_chunk::<4>()?;
        if magic != b"ARROW1" {
            return None;
        }
        let start = (length - TAIL).checked_sub(u64::from(u32::from_le_bytes(*size)))?;
        let bytes = blocks::read_range(file, length, start..length).ok()?;
        let mut footer = Self { length, start, bytes, list: 0, batches: 0 };
        let table = FlatTable::root(&footer.bytes)?;
        if table.has(BATCHES) {
            let list = table.vector(BATCHES, BLOCK)?;
            (footer.list, footer.batches) = (list.at().checked_sub(4)?, list.length);
        }
        Some(footer)
    }

    /// Looks at the schema and the dictionaries, which every batch needs; how columns lie in a batch.
    fn check(&self, file: &mut (impl Read + Seek)) -> std::result::Result<Vec<ColumnLayout>, String> {
        let table = FlatTable::root(&self.bytes).ok_or("it is damaged")?;
        let schema = table.table(SCHEMA).ok_or("it has no schema")?;
        let shapes = shapes(schema, self.bytes.len())?;
        if let Some(list) = table.vector(DICTIONARIES, BLOCK) {
            for i in 0..list.length {
                let block = Block::of(list, i, self.length).ok_or("a dictionary lies beyond the end of the file")?;
                Batch::new(file, self.length, block)
                    .dictionary()
                    .map_err(|why| format!("dictionary {}: {why}", i + 1))?;
            }
        }
        Ok(shapes)
    }

    fn entries(&self) -> Option<FlatVector<'_>> {
        FlatTable::root(&self.bytes)?.vector(BATCHES, BLOCK)
    }

    /// Where a batch lies, if that is within the file.
    fn block(&self, batch: usize) -> Option<Block> {
        Block::of(self.entries()?, batch, self.length)
    }

    fn entry(&self, batch: usize) -> Option<&[u8]> {
        let at = self.list + 4 + batch * BLOCK;
        self.bytes.get(at..at + BLOCK)
    }

    /// The file with all its batches, or with one alone.
    fn show(&self, file: File, batch: Option<usize>) -> Spliced {
        let mut bytes = self.bytes.clone();
        if let Some(entry) = batch.and_then(|batch| self.entry(batch)) {
            if let Some(count) = bytes.get_mut(self.list..self.list + 4) {
                count.copy_from_slice(&1_u32.to_le_bytes());
            }
            if let Some(first) = bytes.get_mut(self.list + 4..self.list + 4 + BLOCK) {
                first.copy_from_slice(entry);
            }
        }
        Spliced { file, length: self.length, start: self.start, end: bytes, at: 0, file_at: None }
    }
}

/// A file whose end is another one.
struct Spliced {
    file: File,
    length: u64,
    /// Where the other end begins.
    start: u64,
    end: Vec<u8>,
    at: u64,
    /// Where the file itself stands, if that is known.
    file_at: Option<u64>,
}

impl Read for Spliced {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = if self.at < self.start {
            if self.file_at != Some(self.at) {
                self.file.seek(SeekFrom::Start(self.at))?;
            }
            let room = usize::try_from(self.start - self.at).unwrap_or(usize::MAX).min(into.len());
            let read = self.file.read(into.get_mut(..room).unwrap_or_default())?;
            self.file_at = Some(self.at + read as u64);
            read
        } else {
            let from = usize::try_from(self.at - self.start).unwrap_or(usize::MAX);
            let mut rest = self.end.get(from..).unwrap_or_default();
            rest.read(into)?
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Spliced {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at =
            at.ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidInput, "a place before the beginning"))?;
        Ok(self.at)
    }
}

impl MmapBytesReader for Spliced {}

/// A buffered `Spliced`: the reader takes headers in small pieces.
struct Shown(BufReader<Spliced>);

impl Read for Shown {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

impl Seek for Shown {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

impl MmapBytesReader for Shown {}
