//! Late rows in Parquet files. Small files are merged with those after them, so that there are few, and each row is
//! written a few times at most.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use polars::prelude::*;
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;
use polars_io::parquet::write::ParquetWriter;

use super::{Counts, Limits, Segment, drop_old, path_of, segments};
use crate::data::format::parquet::check;
use crate::data::{Fault, Result};
use crate::disk::{Draft, own};
use crate::store::disk;

const KIND: &str = "late";
const ENDING: &str = "parquet";
/// Rows that may wait for a flush.
const WAITING: usize = 65_536;

#[derive(Debug)]
pub struct LateFiles {
    folder: PathBuf,
    limits: Limits,
    segments: Vec<Segment>,
    waiting: DataFrame,
    dropped: u64,
    /// The number of the next row to be written.
    next: u64,
}

impl LateFiles {
    pub fn open(folder: &std::path::Path, limits: Limits, faults: &mut Vec<Fault>) -> Result<Self> {
        let mut found = segments(folder, KIND, ENDING)?;
        let next = found.last().map_or(0, |s| s.until);
        found.retain(|segment| match height(segment) {
            Ok(rows) if rows == segment.until - segment.from => true,
            checked => {
                let why =
                    checked.err().map_or_else(|| "it holds another number of rows".to_owned(), |fault| fault.what);
                let kept = crate::disk::set_aside(&segment.path)
                    .map_or_else(|e| e.to_string(), |to| format!("it is kept as {}", to.display()));
                faults.push(
                    Fault::new(format!("a file of late rows is damaged: {why}"))
                        .at(segment.path.display().to_string())
                        .hint(kept),
                );
                false
            }
        });
        let there: u64 = found.iter().map(|s| s.until - s.from).sum();
        Ok(Self {
            folder: folder.to_owned(),
            limits,
            segments: found,
            waiting: DataFrame::empty(),
            dropped: next - there,
            next,
        })
    }

    pub fn add(&mut self, rows: &DataFrame) -> Result<()> {
        if rows.height() == 0 {
            return Ok(());
        }
        if self.waiting.height() > 0 && self.waiting.schema() != rows.schema() {
            // Another question reads other columns: its rows are in files of their own.
            self.write()?;
        }
        self.waiting = if self.waiting.height() == 0 { rows.clone() } else { self.waiting.vstack(rows)? };
        if self.waiting.height() >= WAITING { self.write() } else { Ok(()) }
    }

    pub fn flush(&mut self) -> Result<()> {
        self.write()
    }

    fn write(&mut self) -> Result<()> {
        if self.waiting.height() == 0 {
            return Ok(());
        }
        let mut rows = self.waiting.clone();
        let (mut from, until) = (self.next, self.next + rows.height() as u64);
        let mut merged = 0;
        // As one counts: a file takes the one before it along while that is not much larger.
        for last in self.segments.iter().rev() {
            let small = last.until - last.from <= 2 * (until - from)
                && last.bytes < self.limits.segment_bytes
                && last.until == from;
            let before =
                if small { read(&last.path).ok().filter(|before| before.schema() == rows.schema()) } else { None };
            let Some(before) = before else { break };
            rows = before.vstack(&rows)?;
            (from, merged) = (last.from, merged + 1);
        }
        let path = path_of(&self.folder, KIND, from, until, ENDING);
        let bytes = write(&mut rows, &path)?;
        let keep = self.segments.len() - merged;
        for old in self.segments.drain(keep..) {
            // What cannot be removed now is removed when the folder is opened again: its rows are in the new file.
            let _ = crate::disk::remove(&old.path);
        }
        self.segments.push(Segment { from, until, bytes, path });
        (self.next, self.waiting) = (until, DataFrame::empty());
        self.dropped += drop_old(&mut self.segments, self.limits)?;
        Ok(())
    }

    pub fn read(&self) -> Result<DataFrame> {
        let mut all: Option<DataFrame> = None;
        let files = self.segments.iter().map(|segment| read(&segment.path));
        let waiting = (self.waiting.height() > 0).then(|| Ok(self.waiting.clone()));
        for frame in files.chain(waiting) {
            let frame = frame?;
            all = Some(match all {
                None => frame,
                Some(all) => stack(all, frame)?,
            });
        }
        Ok(all.unwrap_or_default())
    }

    pub fn counts(&self) -> Counts {
        let rows = self.next + self.waiting.height() as u64;
        Counts { rows, dropped: self.dropped, bytes: self.segments.iter().map(|s| s.bytes).sum() }
    }

    /// Forgets the rows from number `rows` on.
    pub fn truncate(&mut self, rows: u64) -> Result<()> {
        if self.next <= rows {
            return Ok(());
        }
        while let Some(last) = self.segments.pop_if(|last| last.until > rows) {
            if last.from < rows {
                let mut kept = read(&last.path)?.head(usize::try_from(rows - last.from).ok());
                let path = path_of(&self.folder, KIND, last.from, rows, ENDING);
                let bytes = write(&mut kept, &path)?;
                self.segments.push(Segment { from: last.from, until: rows, bytes, path });
            }
            crate::disk::remove(&last.path).map_err(|e| disk::fault(&last.path, &e))?;
        }
        (self.next, self.waiting) = (rows, DataFrame::empty());
        Ok(())
    }

    pub fn clear(&mut self) -> Result<()> {
        self.waiting = DataFrame::empty();
        while let Some(segment) = self.segments.pop() {
            crate::disk::remove(&segment.path).map_err(|e| disk::fault(&segment.path, &e))?;
        }
        (self.next, self.dropped) = (0, 0);
        Ok(())
    }
}

/// One below the other; what only one of them has is null in the other. A column of two types becomes text.
///
/// # Errors
/// When a value cannot be written as text.
pub fn stack(one: DataFrame, other: DataFrame) -> Result<DataFrame> {
    if one.schema() == other.schema() {
        return Ok(one.vstack(&other)?);
    }
    let mut schema = Schema::clone(one.schema());
    for (name, dtype) in other.schema().iter() {
        match schema.get(name) {
            None => _ = schema.insert(name.clone(), dtype.clone()),
            Some(own) if own != dtype => _ = schema.insert(name.clone(), DataType::String),
            Some(_) => {}
        }
    }
    Ok(fit(&one, &schema)?.vstack(&fit(&other, &schema)?)?)
}

fn fit(frame: &DataFrame, schema: &Schema) -> Result<DataFrame> {
    let column = |(name, dtype): (&PlSmallStr, &DataType)| match frame.column(name) {
        Ok(column) => column.cast(dtype),
        Err(_) => Ok(Column::full_null(name.clone(), frame.height(), dtype)),
    };
    let columns = schema.iter().map(column).collect::<PolarsResult<Vec<_>>>()?;
    Ok(DataFrame::new(frame.height(), columns)?)
}

fn write(rows: &mut DataFrame, path: &std::path::Path) -> Result<u64> {
    rows.rechunk_mut();
    let written = (|| -> PolarsResult<u64> {
        let draft = Draft::own(path)?;
        let mut file = BufWriter::with_capacity(1 << 18, draft.file()?);
        ParquetWriter::new(&mut file).finish(rows)?;
        file.flush()?;
        let bytes = draft.written()?;
        draft.finish()?;
        Ok(bytes)
    })();
    written.map_err(|error| match error {
        PolarsError::IO { error, .. } => disk::fault(path, &error),
        error => Fault::from(error).at(path.display().to_string()),
    })
}

fn read(path: &std::path::Path) -> Result<DataFrame> {
    guarded(path, |file| ParquetReader::new(file).finish())
}

fn height(segment: &Segment) -> Result<u64> {
    guarded(&segment.path, |file| ParquetReader::new(file).num_rows()).map(|rows| rows as u64)
}

/// Some decoders of polars panic on a damaged file, and reserve what it claims.
fn guarded<T>(path: &std::path::Path, work: impl FnOnce(File) -> PolarsResult<T>) -> Result<T> {
    let file = own::open(path).map_err(|e| disk::fault(path, &e))?;
    check(path)?;
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(file)));
    let broken = || Fault::new("it cannot be decoded").at(path.display().to_string());
    done.map_err(|_| broken())?.map_err(|error| Fault::from(error).at(path.display().to_string()))
}
