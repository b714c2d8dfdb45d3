//! Recorded chunks as Parquet files in a folder of their own, which goes when the recording goes.

use std::fs::{self, File};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;
use polars_io::parquet::write::ParquetWriter;

use crate::data::{Chunk, Fault, Rejects, Result};

/// The segments of one recording.
#[derive(Debug, Default)]
pub struct Segments {
    folder: Option<PathBuf>,
    kept: Vec<Segment>,
}

/// A chunk on disk: its rows are in the file, the rest is here.
#[derive(Debug)]
struct Segment {
    path: PathBuf,
    source: Arc<str>,
    partition: u32,
    offsets: Range<u64>,
    bytes: u64,
    rejects: Rejects,
    arrived: Option<Instant>,
}

impl Segments {
    /// Writes a chunk and gives its number.
    ///
    /// # Errors
    /// The disk's.
    pub fn append(&mut self, chunk: &Chunk) -> Result<usize> {
        let folder = self.folder()?;
        let path = folder.join(format!("{:08}.parquet", self.kept.len()));
        let failed = |e: &dyn std::fmt::Display| Fault::new(e.to_string()).at(path.display().to_string()).hint("free some space on the disk");
        let file = File::create(&path).map_err(|e| failed(&e))?;
        ParquetWriter::new(file).finish(&mut chunk.frame.clone()).map_err(|e| failed(&e))?;
        self.kept.push(Segment {
            path: path.clone(),
            source: chunk.source.clone(),
            partition: chunk.partition,
            offsets: chunk.offsets.clone(),
            bytes: chunk.bytes,
            rejects: chunk.rejects.clone(),
            arrived: chunk.arrived,
        });
        Ok(self.kept.len() - 1)
    }

    /// Reads chunk `number` again.
    ///
    /// # Errors
    /// When its file is gone or damaged.
    pub fn read(&self, number: usize) -> Result<Chunk> {
        let segment = self.kept.get(number).ok_or_else(|| Fault::new(format!("there is no segment {number}")))?;
        let place = segment.path.display().to_string();
        let file = File::open(&segment.path).map_err(|e| Fault::io(place.clone(), &e))?;
        let frame = ParquetReader::new(file).finish().map_err(|e| Fault::from(e).at(place))?;
        Ok(Chunk {
            frame,
            source: segment.source.clone(),
            partition: segment.partition,
            offsets: segment.offsets.clone(),
            bytes: segment.bytes,
            rejects: segment.rejects.clone(),
            arrived: segment.arrived,
        })
    }

    fn folder(&mut self) -> Result<PathBuf> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        if let Some(folder) = &self.folder {
            return Ok(folder.clone());
        }
        let name = format!("braid-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).map_err(|e| Fault::io(folder.display().to_string(), &e))?;
        self.folder = Some(folder.clone());
        Ok(folder)
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // What cannot be removed is the operating system's to clean: it lies in the folder for temporary files.
            let _ = fs::remove_dir_all(folder);
        }
    }
}
