//! What comes in: history as pieces that workers take in turn, and feeds that a thread each follows.

mod conform;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{SendTimeoutError, Sender, TrySendError};
use polars::prelude::*;

pub(super) use self::conform::Conform;
use super::counts::TimeGap;
use super::feed::Feed;
use super::judge::{PastLate, judges_all};
use super::piece::{HistoryDone, LiveChunk};
use super::reached::Reached;
use super::seam::Face;
use super::shared::{Log, Shared};
use crate::data::{Chunk, Fault, Positions, Result};
use crate::query::window::{Micros, finite, micros_of};
use crate::source::history::{History, Piece, Reader};
use crate::source::live::{Event, Numbered, Opened, ReadOptions, Reading};

/// How long a thread waits for rows before it looks whether it should stop.
pub(super) const WAIT: Duration = Duration::from_millis(20);

/// The files of a table, handed out piece by piece to whichever worker is free.
pub struct HistoryQueue {
    state: Mutex<Handing>,
    total: u64,
    /// Names of the columns that are read, and of those without whose value a row is none.
    columns: Vec<PlSmallStr>,
    vital: Vec<PlSmallStr>,
}

/// A piece to decode.
pub struct Handed {
    pub piece: Piece,
    /// Which of the table's files it is of.
    pub file: usize,
    /// The how many-th piece it is of all that this run handed out.
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

pub fn indices(columns: &[PlSmallStr], schema: &SchemaRef, place: &str) -> Result<Vec<usize>> {
    let find = |name: &PlSmallStr| {
        schema.index_of(name).ok_or_else(|| {
            Fault::new(format!("the column '{name}' is missing")).at(place).hint("open it as a table of its own")
        })
    };
    columns.iter().map(find).collect()
}

/// Follows feed number `number` of the table to its end, or until the run ends. Faults and breaks are told, rows are
/// sent.
pub fn follow(shared: &Shared, number: usize, feed: &Feed, first: usize, out: &Sender<LiveChunk>) {
    let mut partitions = Partitions::new(shared, number, first);
    let mut sent = 0;
    let told = tell_damage(shared, feed, 0);
    let mut past_late = PastLate::new(shared);
    let followed = match &shared.options.past {
        Some(past) => read_past(shared, feed, number, past, |chunk| {
            let times = event_times(shared, &chunk.frame)?;
            past_late.see(&chunk, times.as_ref())?;
            let times = times.and_then(|t| t.min().zip(t.max()));
            send(
                shared,
                LiveChunk {
                    chunk,
                    feed: number,
                    face: Face::Live,
                    epoch: 0,
                    number: sent,
                    flight: None,
                    times,
                    numbered: None,
                },
                true,
                out,
            );
            sent += 1;
            Ok(())
        }),
        None => try_follow(shared, feed, &mut partitions, out),
    };
    if let Err(fault) = followed {
        shared.fault(if fault.place.is_empty() { fault.at(feed.url.shown()) } else { fault });
    }
    tell_damage(shared, feed, told);
    past_late.tell(&feed.url.shown());
    partitions.end();
}

/// Names what was found damaged in a feed's recording, apart from the first `told`; how many there are.
fn tell_damage(shared: &Shared, feed: &Feed, told: usize) -> usize {
    let faults = feed.kept().map(|kept| kept.faults).unwrap_or_default();
    faults.iter().skip(told).for_each(|fault| shared.note(fault.to_string()));
    faults.len()
}

fn try_follow(shared: &Shared, feed: &Feed, partitions: &mut Partitions<'_>, out: &Sender<LiveChunk>) -> Result<()> {
    let (mut opened, can_wait) = feed.connect()?;
    let settled = loop {
        if shared.ending() {
            return Ok(());
        }
        if let Some(schema) = opened.settle(WAIT)? {
            break schema;
        }
    };
    let name = feed.url.shown();
    let conform = Conform::new(shared, &settled, &name);
    let mut live = partitions.begin(opened, feed, &conform)?;
    let mut newest: Option<Micros> = None;
    let mut number = 0;
    let mut numbered: Option<Numbered> = None;
    while !shared.ending() {
        match live.poll(WAIT)? {
            Event::Chunk(chunk) => {
                let rows = chunk.rows_in();
                let chunk = conform.apply(chunk)?;
                let times = event_times(shared, &chunk.frame)?;
                shared.news().trouble.remove(&name);
                let live = LiveChunk { number, numbered: numbered.take(), ..partitions.place(chunk, times.as_ref())? };
                close_gaps(shared, &name, live.times);
                newest = newest.max(live.times.map(|t| t.1));
                if send(shared, live, can_wait, out) {
                    number += 1;
                } else {
                    shared.news().dropped += rows;
                }
            }
            Event::Gap { reason } => {
                shared.note_again(format!("{name}: {reason}"));
                shared.news().gaps.push(TimeGap { source: name.clone(), from: newest, until: None, reason });
            }
            Event::Trouble { reason } => {
                shared.news().trouble.insert(name.clone(), reason);
            }
            Event::Note { reason } => shared.note_again(format!("{name}: {reason}")),
            Event::Numbers(said) => numbered = Some(partitions.numbered(said)),
            Event::Quiet => {}
            Event::End => break,
        }
    }
    Ok(())
}

/// The partitions of one feed as a run knows them: which number each has in the watermark, where its log stood when the
/// run began, and how often it began anew.
struct Partitions<'a> {
    shared: &'a Shared,
    feed: usize,
    /// Watermark numbers by partition. The feed's first is there from the start, so that the watermark waits for it.
    known: Vec<(u32, Known)>,
    spare: Option<usize>,
    /// Where the log of each partition stood when the table was first asked: rows before it are history.
    ends: Positions,
    judges_all: Option<bool>,
}

struct Known {
    watermark: usize,
    next: u64,
    epoch: u64,
}

impl<'a> Partitions<'a> {
    fn new(shared: &'a Shared, feed: usize, first: usize) -> Self {
        Self {
            shared,
            feed,
            known: Vec::new(),
            spare: Some(first),
            ends: Positions::new(),
            judges_all: judges_all(shared),
        }
    }

    /// Takes up the log where a checkpoint left it, or at its beginning. The position vector of the seam is told before
    /// the first live row is counted.
    fn begin(&mut self, mut opened: Box<dyn Opened>, feed: &Feed, conform: &Conform) -> Result<Box<dyn Reading>> {
        let source: Arc<str> = feed.url.shown().into();
        let resumed = self.shared.resumed.as_ref();
        let before = resumed.and_then(|r| r.meta.feeds.get(self.feed));
        let catch_up = self.shared.options.catch_up.as_ref();
        let mark = opened.mark();
        let mut start = Positions::new();
        self.ends = match before {
            Some(before) => {
                if mark.starts_with(&before.mark) {
                    start.clone_from(&before.next);
                } else {
                    self.shared.note(format!(
                        "{source}: the log begins with other rows than at the checkpoint; it is read from its \
                         beginning"
                    ));
                }
                before.ends.clone()
            }
            None => match catch_up.and_then(|reached| reached.ends.get(self.feed)) {
                // What was live for the question before this one still is.
                Some(ends) if !ends.is_empty() => ends.clone(),
                _ => opened.ends()?.unwrap_or_default(),
            },
        };
        let live = opened.read(&ReadOptions {
            columns: Some(conform.projection.clone()),
            vital: conform.vital.clone(),
            start,
            stop: None,
            hasten: catch_up.map(|reached| reached.of(self.feed)).unwrap_or_default(),
            split: self.ends.clone(),
            count_from: resumed.and_then(|r| r.numbered(self.feed)).map(|(last, _)| last),
        })?;
        for partition in self.ends.keys().copied().collect::<Vec<_>>() {
            self.number(partition);
        }
        let first_live = before.map(|b| b.first_live.clone()).unwrap_or_default();
        let ends = self.ends.clone();
        self.shared.news().logs.push(Log { feed: self.feed, source, ends, first_live, mark, numbered: None });
        Ok(live)
    }

    fn number(&mut self, partition: u32) -> usize {
        if let Some(i) = self.known.iter().position(|(p, _)| *p == partition) {
            return i;
        }
        let watermark = self.spare.take().unwrap_or_else(|| self.shared.watermark.add(Instant::now()));
        let newest = self.shared.resumed.as_ref().and_then(|r| r.newest(self.feed, partition));
        self.shared.watermark.advance(watermark, newest, Instant::now());
        self.known.push((partition, Known { watermark, next: 0, epoch: 0 }));
        self.known.len() - 1
    }

    /// Counts what the numbers of a chunk's messages say; what is missing, of the feed so far.
    fn numbered(&mut self, said: Numbered) -> Numbered {
        let before = self.shared.resumed.as_ref().and_then(|r| r.numbered(self.feed)).map_or(0, |(_, missing)| missing);
        let mut news = self.shared.news();
        let Some(log) = news.logs.iter_mut().find(|log| log.feed == self.feed) else { return said };
        let all = log.numbered.get_or_insert(Numbered { missing: before, ..Numbered::default() });
        all.repeated += said.repeated;
        all.missing += said.missing;
        all.last = said.last;
        Numbered { missing: all.missing, ..said }
    }

    /// Which face a chunk belongs to, and by which watermark its rows are judged.
    fn place(&mut self, mut chunk: Chunk, times: Option<&Int64Chunked>) -> Result<LiveChunk> {
        let i = self.number(chunk.partition);
        // `ends` was told to the feed: a chunk lies on one side of it.
        let past = self.ends.get(&chunk.partition).is_some_and(|end| chunk.offsets.end <= *end);
        let face = if past { Face::History } else { Face::Live };
        let mut epoch = 0;
        let mut flight = None;
        if let Some((_, known)) = self.known.get_mut(i) {
            known.epoch += u64::from(chunk.offsets.start < known.next);
            (known.next, epoch) = (chunk.offsets.end, known.epoch);
            // History is read with a perfect watermark: nothing in it is late, and it makes nothing late.
            let (number, now) = (known.watermark, Instant::now());
            match times.filter(|_| face == Face::Live) {
                Some(times) => {
                    let (judging, judged) =
                        self.shared.watermark.judge(number, times, self.judges_all == Some(true), now);
                    flight = Some(judging);
                    if let Some(judged) = judged.filter(|_| self.judges_all.is_some()) {
                        chunk.frame.with_column(judged.into_column())?;
                    }
                }
                None => drop(self.shared.watermark.advance(number, None, now)),
            }
        }
        let times = times.and_then(|times| times.min().zip(times.max()));
        if face == Face::Live && chunk.rows_in() > 0 {
            let mut news = self.shared.news();
            if let Some(log) = news.logs.iter_mut().find(|l| l.feed == self.feed)
                && log.first_live.iter().all(|(p, _)| *p != chunk.partition)
            {
                log.first_live.push((chunk.partition, chunk.offsets.start));
            }
        }
        Ok(LiveChunk { chunk, feed: self.feed, face, epoch, number: 0, flight, times, numbered: None })
    }

    /// No row will come any more: it holds nothing back.
    fn end(&mut self) {
        for number in self.spare.take().into_iter().chain(self.known.iter().map(|(_, k)| k.watermark)) {
            self.shared.watermark.end(number);
        }
    }
}

/// Reads the past of feed number `number` once more, from where reading began to where it has come, in the columns and
/// types of the table.
///
/// # Errors
/// When it cannot be had any more, or `each` fails.
pub fn read_past(
    shared: &Shared,
    feed: &Feed,
    number: usize,
    past: &Reached,
    mut each: impl FnMut(Chunk) -> Result<()>,
) -> Result<()> {
    let cancel = &shared.cancel;
    let mut opened = feed.reread()?;
    let settled = loop {
        if cancel.is_set() {
            return Ok(());
        }
        if let Some(schema) = opened.settle(WAIT)? {
            break schema;
        }
    };
    let conform = Conform::new(shared, &settled, &feed.url.shown());
    let (columns, vital) = (Some(conform.projection.clone()), conform.vital.clone());
    let mut live = opened.read(&ReadOptions { columns, vital, ..past.stretch(number) })?;
    while !cancel.is_set() {
        match live.poll(WAIT)? {
            Event::Chunk(chunk) => each(conform.apply(chunk)?)?,
            Event::End => break,
            // A break in a recording is there each time it is read.
            Event::Gap { .. } | Event::Trouble { .. } if feed.kept().is_some() => {}
            Event::Gap { reason } | Event::Trouble { reason } => return Err(Fault::new(reason).at(feed.url.shown())),
            Event::Quiet | Event::Note { .. } | Event::Numbers(_) => {}
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

fn event_times(shared: &Shared, frame: &DataFrame) -> Result<Option<Int64Chunked>> {
    // An infinite time says nothing of how far a feed has come.
    shared.table.time.as_ref().map(|time| Ok(finite(micros_of(frame.column(&time.column)?)?))).transpose()
}
