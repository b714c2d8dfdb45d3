//! The files of a table, handed out piece by piece to whichever worker is free. What becomes of a piece is the
//! worker's.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::PlSmallStr;

use super::{indices, needed_columns};
use crate::engine::piece::HistoryDone;
use crate::engine::shared::Shared;
use crate::source::history::{FileSplit, History, Reader};

/// The files of a table that are still to be read.
pub struct HistoryQueue {
    state: Mutex<Handing>,
    total: u64,
    /// Names of the columns that are read, and of those without whose value a row is none.
    columns: Vec<PlSmallStr>,
    vital: Vec<PlSmallStr>,
}

/// A piece to decode.
pub struct Handed {
    pub piece: FileSplit,
    /// Which of the table's files it is of.
    pub file: usize,
    /// Its number among all pieces that this run handed out, from 0.
    pub number: u64,
}

struct Handing {
    files: VecDeque<Arc<dyn History>>,
    handed: u64,
    current: Option<Box<dyn Reader>>,
    done: HistoryDone,
    /// Pieces that may still be handed out.
    left: u64,
}

impl HistoryQueue {
    /// All files of the table from their beginning.
    pub fn whole(shared: &Shared) -> Self {
        Self::from(shared, HistoryDone::default())
    }

    /// What is still to be read of them.
    pub fn new(shared: &Shared) -> Self {
        Self::from(shared, shared.resumed.as_ref().map(|r| r.meta.history).unwrap_or_default())
    }

    fn from(shared: &Shared, done: HistoryDone) -> Self {
        let columns = needed_columns(shared, !shared.table.live.is_empty());
        let total = shared.table.history.iter().map(|f| f.extent().bytes).sum();
        let files = shared.table.history.iter().skip(done.files).cloned().collect();
        Self {
            state: Mutex::new(Handing {
                files,
                handed: 0,
                current: None,
                done,
                left: shared.options.pieces.unwrap_or(u64::MAX),
            }),
            total,
            columns,
            vital: shared.plan.vital.clone(),
        }
    }

    /// What was handed out so far.
    pub fn done(&self) -> HistoryDone {
        self.lock().done
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Handing> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn total_bytes(&self) -> u64 {
        self.total
    }

    /// The next piece to decode; `None` when all has been handed out. A file that fails is left, with its fault told.
    pub fn next(&self, shared: &Shared) -> Option<Handed> {
        let mut state = self.lock();
        state.left = state.left.checked_sub(1)?;
        loop {
            if state.current.is_none() {
                let file = state.files.pop_front()?;
                let pieces = state.done.pieces;
                let places = |columns: &[PlSmallStr]| indices(columns, file.schema(), file.name());
                let opened = places(&self.columns)
                    .and_then(|columns| file.open_vital(&columns, &places(&self.vital)?))
                    .and_then(|mut reader| {
                        // Pieces that a checkpoint holds are passed over without decoding them.
                        for _ in 0..pieces {
                            reader.next()?;
                        }
                        Ok(reader)
                    });
                match opened {
                    Ok(reader) => state.current = Some(reader),
                    Err(fault) => {
                        shared.fault(fault);
                        state.end_file();
                        continue;
                    }
                }
            }
            match state.current.as_mut()?.next() {
                Ok(Some(piece)) => {
                    state.done.pieces += 1;
                    state.handed += 1;
                    return Some(Handed { piece, file: state.done.files, number: state.handed - 1 });
                }
                Ok(None) => state.end_file(),
                Err(fault) => {
                    shared.fault(fault);
                    state.end_file();
                }
            }
        }
    }
}

impl Handing {
    fn end_file(&mut self) {
        self.current = None;
        self.done = HistoryDone { files: self.done.files + 1, pieces: 0 };
    }
}
