//! The history of a table as a scan reads it: file by file, handed out in pieces that workers decode.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::PlSmallStr;

use super::indices;
use crate::engine::piece::HistoryDone;
use crate::engine::query_set::QuerySet;
use crate::engine::scan::Scan;
use crate::engine::table::Table;
use crate::source::history::{FileSplit, History, Reader};

/// The files of a table that are still to be read.
pub struct HistoryQueue {
    state: Mutex<Handing>,
    total: u64,
}

/// A piece to decode.
pub struct Handed {
    pub piece: FileSplit,
    /// The questions that it is read for.
    pub set: Arc<QuerySet>,
    /// Which of the table's files it is of.
    pub file: usize,
    /// Its number among all pieces that this scan handed out, from 0.
    pub number: u64,
}

struct Handing {
    files: VecDeque<Arc<dyn History>>,
    set: Arc<QuerySet>,
    handed: u64,
    current: Option<Box<dyn Reader>>,
    done: HistoryDone,
    until: Option<HistoryDone>,
    /// Pieces that may still be handed out.
    left: u64,
}

impl std::fmt::Debug for HistoryQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HistoryQueue({:?})", self.done())
    }
}

impl HistoryQueue {
    /// What of the files is to be read for some questions: from `done` to `until`, and at most so many pieces.
    pub fn new(
        table: &Table,
        set: Arc<QuerySet>,
        done: HistoryDone,
        until: Option<HistoryDone>,
        pieces: Option<u64>,
    ) -> Self {
        let total = table.history.iter().map(|f| f.extent().bytes).sum();
        let files = table.history.iter().skip(done.files).cloned().collect();
        let left = pieces.unwrap_or(u64::MAX);
        let state = Handing { files, set, handed: 0, current: None, done, until, left };
        Self { state: Mutex::new(state), total }
    }

    /// What was handed out so far.
    pub fn done(&self) -> HistoryDone {
        self.lock().done
    }

    /// Reads for other questions from now on; what was handed out before.
    pub fn read_for(&self, set: &Arc<QuerySet>) -> HistoryDone {
        let mut state = self.lock();
        if !state.set.reads_for(set) {
            // The file is opened again, and what was read of it passed over.
            state.current = None;
        }
        state.set = set.clone();
        state.done
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Handing> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn total_bytes(&self) -> u64 {
        self.total
    }

    /// The next piece to decode; `None` when all has been handed out. A file that fails is left, with its fault told.
    pub fn next(&self, scan: &Scan) -> Option<Handed> {
        let mut state = self.lock();
        if state.until.is_some_and(|until| (state.done.files, state.done.pieces) >= (until.files, until.pieces)) {
            return None;
        }
        state.left = state.left.checked_sub(1)?;
        loop {
            if state.current.is_none() {
                let file = state.files.front()?.clone();
                match state.open(&*file) {
                    Ok(reader) => state.current = Some(reader),
                    Err(fault) => {
                        scan.fault(fault);
                        state.end_file();
                        continue;
                    }
                }
            }
            match state.current.as_mut()?.next() {
                Ok(Some(piece)) => {
                    let (file, number, set) = (state.done.files, state.handed, state.set.clone());
                    state.done.pieces += 1;
                    state.handed += 1;
                    return Some(Handed { piece, set, file, number });
                }
                Ok(None) => state.end_file(),
                Err(fault) => {
                    scan.fault(fault);
                    state.end_file();
                }
            }
        }
    }
}

impl Handing {
    /// Begins to read a file behind the pieces of it that were handed out: those are passed over without decoding them.
    fn open(&self, file: &dyn History) -> crate::data::Result<Box<dyn Reader>> {
        let places = |columns: &[PlSmallStr]| indices(columns, file.schema(), file.name());
        let mut reader = file.open_vital(&places(&self.set.columns)?, Some(&places(&self.set.vital)?))?;
        for _ in 0..self.done.pieces {
            reader.next()?;
        }
        Ok(reader)
    }

    fn end_file(&mut self) {
        self.files.pop_front();
        self.current = None;
        self.done = HistoryDone { files: self.done.files + 1, pieces: 0 };
    }
}
