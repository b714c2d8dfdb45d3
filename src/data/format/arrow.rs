//! Arrow IPC files (Feather version 2): the schema from the footer, one record batch at a time.
//! polars' reader reads a file as a whole; it is shown a file whose footer lists just the batch that is wanted.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;
use polars_io::SerReader;
use polars_io::ipc::IpcReader;
use polars_io::mmap::MmapBytesReader;

use super::{ColumnFile, Format, Kind, RowGroup, blocks};
use crate::data::{Fault, Result};

pub static ARROW: Format = Format { name: "arrow", title: "Arrow IPC or Feather", extensions: &["arrow", "ipc", "feather"], kind: Kind::Columns { open } };

/// Bytes after the footer: its length and the closing magic.
const TAIL: u64 = 10;
/// Bytes of one entry in the footer's list of batches.
const ENTRY: usize = 24;

#[derive(Debug)]
struct Arrow {
    path: PathBuf,
    footer: Footer,
    /// For each column of `schema`, its place in the file.
    places: Vec<usize>,
    schema: SchemaRef,
    groups: Vec<RowGroup>,
    left_out: Vec<String>,
}

fn open(path: &Path) -> Result<Arc<dyn ColumnFile>> {
    let mut file = blocks::open(path)?;
    let length = file.metadata().map_err(|error| Fault::io(path.display().to_string(), &error))?.len();
    let footer = Footer::read(&mut file, length)
        .ok_or_else(|| Fault::new("it is truncated or not Arrow; the footer is missing").at(path.display().to_string()).hint("copy or download it again"))?;
    let arrow = blocks::guarded(path, "its footer", || IpcReader::new(footer.show(file, None)).schema())?;
    let (mut places, mut schema, mut left_out) = (Vec::new(), Schema::default(), Vec::new());
    for (place, field) in arrow.iter_values().enumerate() {
        if blocks::holds(field.dtype()) {
            places.push(place);
            schema.insert(field.name.clone(), blocks::plain_type(&DataType::from_arrow_field(field)));
        } else {
            left_out.push(blocks::left_out(&field.name, field.dtype()));
        }
    }
    if places.is_empty() {
        return Err(Fault::new("none of its columns can be read here").at(path.display().to_string()).hint("write it again with plain columns"));
    }
    let mut this = Arrow { path: path.to_owned(), footer, places, schema: schema.into(), groups: Vec::new(), left_out };
    for batch in 0..this.footer.batches {
        let rows = this.batch(batch, Vec::new())?.height() as u64;
        this.groups.push(RowGroup { rows, bytes: this.footer.size(batch) });
    }
    Ok(Arc::new(this))
}

impl Arrow {
    fn batch(&self, batch: usize, places: Vec<usize>) -> Result<DataFrame> {
        let file = blocks::open(&self.path)?;
        blocks::guarded(&self.path, &format!("record batch {}", batch + 1), || {
            let reader = BufReader::new(self.footer.show(file, Some(batch)));
            IpcReader::new(Shown(reader)).with_projection(Some(places)).finish()
        })
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
        let frame = self.batch(group, places)?;
        let names = columns.iter().filter_map(|c| self.schema.get_at_index(*c)).map(|(name, _)| name);
        let read: PolarsResult<Vec<Column>> = names.map(|name| frame.column(name).cloned().and_then(blocks::plain)).collect();
        read.and_then(|read| DataFrame::new(frame.height(), read)).map_err(|error| Fault::from(error).at(self.path.display().to_string()))
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

impl Footer {
    fn read(file: &mut File, length: u64) -> Option<Self> {
        let tail = blocks::read_range(file, length, length.checked_sub(TAIL)?..length).ok()?;
        let (size, magic) = tail.split_first_chunk::<4>()?;
        if magic != b"ARROW1" {
            return None;
        }
        let start = (length - TAIL).checked_sub(u64::from(u32::from_le_bytes(*size)))?;
        let bytes = blocks::read_range(file, length, start..length).ok()?;
        let mut footer = Self { length, start, bytes, list: 0, batches: 0 };
        if let Some(list) = footer.find_list() {
            let batches = footer.u32(list)? as usize;
            if list.checked_add(4)?.checked_add(batches.checked_mul(ENTRY)?)? > footer.bytes.len() {
                return None;
            }
            (footer.list, footer.batches) = (list, batches);
        }
        Some(footer)
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.bytes.get(at..).and_then(<[u8]>::first_chunk).map(|b| u32::from_le_bytes(*b))
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.bytes.get(at..).and_then(<[u8]>::first_chunk).map(|b| u16::from_le_bytes(*b))
    }

    /// The footer is a flatbuffer table whose fourth field is the list.
    fn find_list(&self) -> Option<usize> {
        const FIELD: usize = 3;
        let table = self.u32(0)? as usize;
        let fields = i64::try_from(table).ok()?.checked_sub(i64::from(self.u32(table)? as i32))?;
        let fields = usize::try_from(fields).ok()?;
        if usize::from(self.u16(fields)?) < 4 + 2 * (FIELD + 1) {
            return None;
        }
        let offset = usize::from(self.u16(fields + 4 + 2 * FIELD)?);
        if offset == 0 {
            return None;
        }
        let at = table.checked_add(offset)?;
        at.checked_add(self.u32(at)? as usize)
    }

    fn entry(&self, batch: usize) -> Option<&[u8]> {
        let at = self.list + 4 + batch * ENTRY;
        self.bytes.get(at..at + ENTRY)
    }

    /// Bytes of a batch, with its header.
    fn size(&self, batch: usize) -> u64 {
        let entry = self.entry(batch).unwrap_or_default();
        let header = entry.get(8..).and_then(<[u8]>::first_chunk).map_or(0, |b| i64::from(i32::from_le_bytes(*b)));
        let body = entry.get(16..).and_then(<[u8]>::first_chunk).map_or(0, |b| i64::from_le_bytes(*b));
        u64::try_from(header.saturating_add(body)).unwrap_or(0)
    }

    /// The file with all its batches, or with one alone.
    fn show(&self, file: File, batch: Option<usize>) -> Spliced {
        let mut bytes = self.bytes.clone();
        if let Some(entry) = batch.and_then(|batch| self.entry(batch)) {
            if let Some(count) = bytes.get_mut(self.list..self.list + 4) {
                count.copy_from_slice(&1_u32.to_le_bytes());
            }
            if let Some(first) = bytes.get_mut(self.list + 4..self.list + 4 + ENTRY) {
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
        self.at = at.ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidInput, "a place before the beginning"))?;
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
