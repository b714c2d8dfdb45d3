//! What comes in: history as pieces that workers take in turn, and feeds that a thread each follows.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{SendTimeoutError, Sender, TrySendError};
use polars::prelude::*;

use super::feed::Feed;
use super::run::Shared;
use super::snapshot::TimeGap;
use crate::data::{Chunk, Fault, Result};
use crate::query::window::{Micros, micros_of};
use crate::source::history::{History, Piece, Reader};
use crate::source::live::Event;

/// How long a thread waits for rows before it looks whether it should stop.
const WAIT: Duration = Duration::from_millis(20);

/// The files of a table, handed out piece by piece to whichever worker is free.
pub struct HistoryQueue {
    state: Mutex<Reading>,
    total: u64,
    /// Names of the columns that are read.
    columns: Vec<PlSmallStr>,
}

struct Reading {
    files: VecDeque<Arc<dyn History>>,
    current: Option<Box<dyn Reader>>,
}

impl HistoryQueue {
    pub fn new(shared: &Shared) -> Self {
        let columns = needed_columns(shared, !shared.table.live.is_empty());
        let files: VecDeque<_> = shared.table.history.iter().cloned().collect();
        let total = files.iter().map(|f| f.extent().bytes).sum();
        Self { state: Mutex::new(Reading { files, current: None }), total, columns }
    }

    pub fn total_bytes(&self) -> u64 {
        self.total
    }

    /// The next piece to decode; `None` when all has been handed out. A file that fails is left, with its fault told.
    pub fn next(&self, shared: &Shared) -> Option<Piece> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.current.is_none() {
                let file = state.files.pop_front()?;
                let opened = indices(&self.columns, file.schema(), file.name()).and_then(|columns| file.open(&columns));
                match opened {
                    Ok(reader) => state.current = Some(reader),
                    Err(fault) => {
                        shared.fault(fault);
                        continue;
                    }
                }
            }
            match state.current.as_mut()?.next() {
                Ok(Some(piece)) => return Some(piece),
                Ok(None) => state.current = None,
                Err(fault) => {
                    shared.fault(fault);
                    state.current = None;
                }
            }
        }
    }
}

/// The question's columns, and those that time and seam need.
fn needed_columns(shared: &Shared, with_time: bool) -> Vec<PlSmallStr> {
    let mut columns = shared.plan.columns.clone();
    let time = shared.table.time.as_ref().filter(|_| with_time).map(|t| t.column.as_str());
    for extra in [time, shared.divider.column()].into_iter().flatten() {
        if columns.iter().all(|c| c.as_str() != extra) {
            columns.push(extra.into());
        }
    }
    columns
}

fn indices(columns: &[PlSmallStr], schema: &SchemaRef, place: &str) -> Result<Vec<usize>> {
    let find = |name: &PlSmallStr| {
        schema.index_of(name).ok_or_else(|| Fault::new(format!("the column '{name}' is missing")).at(place).hint("open it as a table of its own"))
    };
    columns.iter().map(find).collect()
}

/// Rows from a feed on their way to a worker.
pub struct LiveChunk {
    pub chunk: Chunk,
    /// The table's watermark before these rows came.
    pub watermark: Option<Micros>,
    /// The smallest and the largest event time among them.
    pub times: Option<(Micros, Micros)>,
}

/// Follows one feed to its end, or until the run ends. Faults and breaks are told, rows are sent.
pub fn follow(shared: &Shared, feed: &Feed, partition: usize, out: &Sender<LiveChunk>) {
    if let Err(fault) = try_follow(shared, feed, partition, out) {
        shared.fault(if fault.place.is_empty() { fault.at(feed.url.shown()) } else { fault });
    }
}

fn try_follow(shared: &Shared, feed: &Feed, partition: usize, out: &Sender<LiveChunk>) -> Result<()> {
    let (mut live, can_wait) = feed.connect()?;
    let settled = loop {
        if shared.ending() {
            return Ok(());
        }
        if let Some(schema) = live.settle(WAIT)? {
            break schema;
        }
    };
    let name = feed.url.shown();
    let conform = Conform::new(shared, &settled, &name);
    live.project(&conform.projection);
    let mut newest: Option<Micros> = None;
    let mut first = true;
    while !shared.ending() {
        match live.poll(WAIT)? {
            Event::Chunk(chunk) => {
                if first && chunk.rows_in() > 0 {
                    first = false;
                    shared.news().first_live.push((chunk.source.clone(), chunk.partition, chunk.offsets.start as i64));
                }
                let rows = chunk.rows_in();
                let chunk = conform.apply(chunk)?;
                let times = event_times(shared, &chunk.frame)?;
                newest = newest.max(times.map(|t| t.1));
                shared.news().trouble.remove(&name);
                close_gaps(shared, &name, times);
                let watermark = shared.watermark.advance(partition, times.map(|t| t.1), Instant::now());
                if !send(shared, LiveChunk { chunk, watermark, times }, can_wait, out) {
                    shared.news().dropped += rows;
                }
            }
            Event::Gap { reason } => {
                shared.note(format!("{name}: {reason}"));
                shared.news().gaps.push(TimeGap { source: name.clone(), from: newest, until: None, reason });
            }
            Event::Trouble { reason } => {
                shared.news().trouble.insert(name.clone(), reason);
            }
            Event::Quiet => {}
            Event::End => break,
        }
    }
    Ok(())
}

/// Hands a chunk to the workers. A feed that can wait waits; false when one that cannot found the queue full.
fn send(shared: &Shared, mut chunk: LiveChunk, can_wait: bool, out: &Sender<LiveChunk>) -> bool {
    if !can_wait {
        return match out.try_send(chunk) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => true,
            Err(TrySendError::Full(_)) => false,
        };
    }
    // Also when the run is to finish: a chunk that was taken from its feed is counted.
    while !shared.cancel.is_set() {
        match out.send_timeout(chunk, WAIT) {
            Ok(()) | Err(SendTimeoutError::Disconnected(_)) => break,
            Err(SendTimeoutError::Timeout(back)) => chunk = back,
        }
    }
    true
}

/// The first row after a break says where the gap ends.
fn close_gaps(shared: &Shared, source: &str, times: Option<(Micros, Micros)>) {
    let Some((oldest, _)) = times else { return };
    for gap in shared.news().gaps.iter_mut().filter(|g| g.until.is_none() && g.source == source) {
        gap.until = Some(oldest);
    }
}

fn event_times(shared: &Shared, frame: &DataFrame) -> Result<Option<(Micros, Micros)>> {
    let Some(time) = &shared.table.time else { return Ok(None) };
    let micros = micros_of(frame.column(&time.column)?)?;
    Ok(micros.min().zip(micros.max()))
}

/// Gives a feed's rows the columns and types of its table.
struct Conform {
    /// Which of the feed's columns are read.
    projection: Vec<usize>,
    /// What the table wants: name, type, and whether the feed has it.
    columns: Vec<(PlSmallStr, DataType, bool)>,
}

impl Conform {
    fn new(shared: &Shared, settled: &SchemaRef, source: &str) -> Self {
        let wanted = needed_columns(shared, true);
        let mut conform = Self { projection: Vec::new(), columns: Vec::new() };
        for name in wanted {
            let dtype = shared.table.schema.get(&name).cloned().unwrap_or(DataType::Null);
            let index = settled.index_of(&name);
            if index.is_none() {
                shared.note(format!("{source} has no column '{name}': its rows have null there"));
            }
            conform.projection.extend(index);
            conform.columns.push((name, dtype, index.is_some()));
        }
        conform
    }

    fn apply(&self, mut chunk: Chunk) -> Result<Chunk> {
        let height = chunk.frame.height();
        let mut given = chunk.frame.columns().iter();
        let mut columns = Vec::with_capacity(self.columns.len());
        for (name, dtype, there) in &self.columns {
            let column = match if *there { given.next() } else { None } {
                Some(column) if column.dtype() == dtype => column.clone(),
                Some(column) => column.strict_cast(dtype).map_err(|e| Fault::from(e).at(chunk.source.to_string()))?.with_name(name.clone()),
                None => Column::full_null(name.clone(), height, dtype),
            };
            columns.push(column);
        }
        chunk.frame = DataFrame::new(height, columns)?;
        Ok(chunk)
    }
}
