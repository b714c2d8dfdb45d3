//! A history read from beginning to end by one thread: what a replay, or a file that will not grow, is made of.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::data::chunk::CHUNK_ROWS;
use crate::data::{Chunk, Rejects, Result};
use crate::source::history::{History, Reader};

/// Chunks of a history in file order, none with more than `CHUNK_ROWS` rows.
pub struct FileChunks {
    reader: Box<dyn Reader>,
    ready: VecDeque<Chunk>,
}

impl FileChunks {
    pub fn open(history: &Arc<dyn History>, columns: &[usize], vital: Option<&[usize]>) -> Result<Self> {
        Ok(Self { reader: history.open_vital(columns, vital)?, ready: VecDeque::new() })
    }

    pub fn next(&mut self) -> Result<Option<Chunk>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Ok(Some(chunk));
            }
            let Some(piece) = self.reader.next()? else { return Ok(None) };
            for chunk in piece.decode()? {
                split(chunk, &mut self.ready);
            }
        }
    }
}

/// Cuts a chunk with too many rows. What cannot be cut (the offsets, the bytes, the rejects) stays with the last part,
/// so that a position counts as read only when all its rows are.
pub fn split(chunk: Chunk, into: &mut VecDeque<Chunk>) {
    let height = chunk.frame.height();
    let begin = chunk.offsets.start;
    let mut at = 0;
    while height - at > CHUNK_ROWS {
        let frame = chunk.frame.slice(at as i64, CHUNK_ROWS);
        let source = chunk.source.clone();
        into.push_back(Chunk { frame, source, offsets: begin..begin, bytes: 0, rejects: Rejects::default(), ..chunk });
        at += CHUNK_ROWS;
    }
    let frame = if at == 0 { chunk.frame } else { chunk.frame.slice(at as i64, height - at) };
    into.push_back(Chunk { frame, ..chunk });
}
