//! A columnar or packed file, read once: its chunks are those of the history, with the time of their arrival.

use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::SchemaRef;

use crate::data::{Chunk, Result};
use crate::source::history::History;
use crate::source::live::file_chunks::FileChunks;
use crate::source::live::{Event, Opened, ReadOptions, Reading};

pub struct Whole {
    history: Arc<dyn History>,
    source: Arc<str>,
}

impl Whole {
    pub fn new(history: Arc<dyn History>, source: Arc<str>) -> Self {
        Self { history, source }
    }
}

impl Opened for Whole {
    fn settle(&mut self, _wait: Duration) -> Result<Option<SchemaRef>> {
        Ok(Some(self.history.schema().clone()))
    }

    /// Positions are those of the chunks of the history: whole chunks are passed over.
    fn read(self: Box<Self>, options: &ReadOptions) -> Result<Box<dyn Reading>> {
        let columns = options.columns_of(self.history.schema());
        let file_chunks = FileChunks::open(&self.history, &columns, options.vital.as_deref())?;
        Ok(Box::new(Chunks {
            file_chunks,
            source: self.source,
            from: options.start().unwrap_or_default(),
            until: options.stop(),
        }))
    }
}

struct Chunks {
    file_chunks: FileChunks,
    source: Arc<str>,
    /// Chunks that end at or before this position were sent before.
    from: u64,
    until: Option<u64>,
}

impl Reading for Chunks {
    fn poll(&mut self, _wait: Duration) -> Result<Event> {
        loop {
            let next = self.file_chunks.next()?;
            let Some(chunk) = next.filter(|chunk| self.until.is_none_or(|until| chunk.offsets.end <= until)) else {
                return Ok(Event::End);
            };
            if chunk.offsets.end > self.from || self.from == 0 {
                return Ok(Event::Chunk(Chunk { source: self.source.clone(), arrived: Some(Instant::now()), ..chunk }));
            }
        }
    }
}
