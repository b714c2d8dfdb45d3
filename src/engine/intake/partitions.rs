//! The partitions of one feed as a scan knows them: where reading of each begins, which face its rows belong to, and by
//! which watermark they are judged.

use std::sync::Arc;
use std::time::Instant;

use polars::prelude::*;

use super::Conform;
use crate::data::{Chunk, Fault, Positions, Result};
use crate::engine::diagnostics::FeedLog;
use crate::engine::feed::Feed;
use crate::engine::live_chunk::LiveChunk;
use crate::engine::query_set::QuerySet;
use crate::engine::reached::{PartitionPosition, Reached};
use crate::engine::scan::Scan;
use crate::engine::seam::Face;
use crate::source::live::{Numbered, Opened, ReadOptions, Reading};

/// The partitions of one feed as a scan knows them: which number each has in the watermark, where its log stood when
/// the run began, and how often it began anew.
pub struct Partitions<'a> {
    scan: &'a Scan,
    feed: usize,
    /// Watermark numbers by partition. The feed's first is there from the start, so that the watermark waits for it.
    known: Vec<(u32, Known)>,
    spare: Option<usize>,
    /// The log is another than the one that positions are of.
    anew: bool,
    /// Where the log of each partition stood when the table was first asked: rows before it are history.
    ends: Positions,
}

struct Known {
    watermark: usize,
    /// Where reading began, and the next position to read.
    start: u64,
    next: u64,
    epoch: u64,
}

impl<'a> Partitions<'a> {
    pub fn new(scan: &'a Scan, feed: usize, first: usize) -> Self {
        Self { scan, feed, known: Vec::new(), spare: Some(first), anew: false, ends: Positions::new() }
    }

    /// Takes up the log where a checkpoint left it, or at its beginning. The position vector of the seam is told before
    /// the first live row is counted.
    pub fn begin(&mut self, mut opened: Box<dyn Opened>, feed: &Feed, conform: &Conform) -> Result<Box<dyn Reading>> {
        let source: Arc<str> = feed.url.shown().into();
        let before = self.scan.start.feeds.get(self.feed);
        let catch_up = self.scan.options.catch_up.as_ref();
        let mut mark = opened.mark();
        let mut start = Positions::new();
        let stop = self.scan.stop.as_ref().map(|stop| stop.feeds.get(self.feed).cloned().unwrap_or_default());
        self.ends = match before {
            Some(before) => {
                let at = before.next.get(&0).copied().unwrap_or(0);
                let is_same = mark.starts_with(&before.mark);
                if is_same || opened.turn_to(&before.mark, at) {
                    start.clone_from(&before.next);
                    if !is_same {
                        mark.clone_from(&before.mark);
                    }
                } else {
                    self.anew = true;
                    if let Some(stop) = stop.as_ref().filter(|stop| !mark.starts_with(&stop.mark)) {
                        opened.turn_to(&stop.mark, 0);
                    }
                    if stop.is_some() {
                        // The scan that goes on beside this one may have had rows that are not there any more.
                        self.scan.fault(past_is_gone(&source));
                    } else {
                        self.scan.note(format!(
                            "{source}: the log begins with other rows than at the checkpoint; it is read from its \
                             beginning"
                        ));
                    }
                }
                before.ends.clone()
            }
            None => match catch_up.and_then(|reached| reached.ends.get(self.feed)) {
                // What was live for the question before this one still is.
                Some(ends) if !ends.is_empty() => ends.clone(),
                _ => opened.ends()?.unwrap_or_default(),
            },
        };
        let options = ReadOptions {
            start,
            stop_in: stop.as_ref().map(|stop| stop.mark.clone()).unwrap_or_default(),
            stop: stop.map(|stop| stop.next),
            hasten: catch_up.map(|reached| reached.of(self.feed)).unwrap_or_default(),
            count_from: self.scan.start.numbered(self.feed).map(|(last, _)| last),
            ..self.options(conform)
        };
        let live = opened.read(&options)?;
        for partition in self.ends.keys().copied().collect::<Vec<_>>() {
            self.number(partition);
        }
        let first_live = before.map(|b| b.first_live.clone()).unwrap_or_default();
        let ends = self.ends.clone();
        let epoch = self.scan.start.reached.epoch(self.feed);
        let first =
            before.filter(|before| epoch > 0 && !before.first.is_empty()).map(|before| (0, before.first.clone()));
        let marks = first.into_iter().chain([(epoch, mark)]).collect();
        self.scan.feeds().logs.push(FeedLog { feed: self.feed, source, ends, first_live, marks, numbered: None });
        Ok(live)
    }

    /// Goes on in the log where it stands.
    pub fn go_on(&mut self, mut opened: Box<dyn Opened>, conform: &Conform) -> Result<Box<dyn Reading>> {
        let reached = Reached { partitions: self.positions(), ..Reached::default() };
        let start = reached.of(self.feed);
        let (count_from, mark) = {
            let feeds = self.scan.feeds();
            let log = feeds.log(self.feed);
            let mark = log.map(|log| log.mark(reached.epoch(self.feed))).unwrap_or_default();
            (log.and_then(|log| log.numbered?.last), mark)
        };
        if !opened.mark().starts_with(&mark) {
            opened.turn_to(&mark, start.get(&0).copied().unwrap_or(0));
        }
        opened.read(&ReadOptions { start, count_from, ..self.options(conform) })
    }

    fn options(&self, conform: &Conform) -> ReadOptions {
        let (columns, vital) = (Some(conform.projection.clone()), conform.vital.clone());
        ReadOptions { columns, vital, split: self.ends.clone(), ..ReadOptions::default() }
    }

    /// How far each partition was read.
    pub fn positions(&self) -> Vec<PartitionPosition> {
        let before = self.scan.start.reached.partitions.iter().filter(|at| at.feed == self.feed);
        let mut all = Reached { partitions: before.cloned().collect(), ..Reached::default() };
        for (partition, known) in self.known.iter().filter(|(_, known)| known.epoch > 0 || known.next > 0) {
            all.add(&PartitionPosition {
                feed: self.feed,
                partition: *partition,
                start: known.start,
                epoch: known.epoch,
                next: known.next,
                newest: None,
                number: None,
                missing: 0,
            });
        }
        all.partitions
    }

    fn number(&mut self, partition: u32) -> usize {
        if let Some(i) = self.known.iter().position(|(p, _)| *p == partition) {
            return i;
        }
        let watermark = self.spare.take().unwrap_or_else(|| self.scan.watermark.add(Instant::now()));
        let own = |at: &&PartitionPosition| at.feed == self.feed && at.partition == partition;
        let before = self.scan.start.reached.partitions.iter().find(own);
        self.scan.watermark.advance(watermark, before.and_then(|at| at.newest), Instant::now());
        let (start, next, epoch) = before.map_or((u64::MAX, 0, 0), |at| (at.start, at.next, at.epoch));
        self.known.push((partition, Known { watermark, start, next, epoch }));
        self.known.len() - 1
    }

    /// Counts what the numbers of a chunk's messages say; what is missing, of the feed so far.
    pub fn numbered(&mut self, said: Numbered) -> Numbered {
        let before = self.scan.start.numbered(self.feed).map_or(0, |(_, missing)| missing);
        let mut feeds = self.scan.feeds();
        let Some(log) = feeds.log_mut(self.feed) else { return said };
        let all = log.numbered.get_or_insert(Numbered { missing: before, ..Numbered::default() });
        all.repeated += said.repeated;
        all.missing += said.missing;
        all.last = said.last;
        Numbered { missing: all.missing, ..said }
    }

    /// Which face a chunk belongs to, and by which watermark its rows are judged.
    /// `mark` gives what the log begins with that the chunk is of.
    pub fn place(
        &mut self,
        mut chunk: Chunk,
        times: Option<&Int64Chunked>,
        set: Arc<QuerySet>,
        mark: impl FnOnce() -> Vec<u8>,
    ) -> Result<LiveChunk> {
        let i = self.number(chunk.partition);
        // `ends` was told to the feed: a chunk lies on one side of it.
        let past = self.ends.get(&chunk.partition).is_some_and(|end| chunk.offsets.end <= *end);
        let face = if past { Face::History } else { Face::Live };
        let mut epoch = 0;
        let mut flight = None;
        if let Some((_, known)) = self.known.get_mut(i) {
            let first = chunk.partition == 0;
            if chunk.offsets.start < known.next || (first && std::mem::take(&mut self.anew)) {
                known.epoch += 1;
                if let Some(log) = self.scan.feeds().log_mut(self.feed).filter(|_| first) {
                    log.marks.insert(known.epoch, mark());
                }
            }
            (known.next, epoch) = (chunk.offsets.end, known.epoch);
            known.start = known.start.min(chunk.offsets.start);
            // History is read with a perfect watermark: nothing in it is late, and it makes nothing late.
            let (number, now) = (known.watermark, Instant::now());
            match times.filter(|_| face == Face::Live) {
                Some(times) => {
                    let (judging, judged) = self.scan.watermark.judge(number, times, set.judges == Some(true), now);
                    flight = Some(judging);
                    if let Some(judged) = judged.filter(|_| set.judges.is_some()) {
                        chunk.frame.with_column(judged.into_column())?;
                    }
                }
                None => drop(self.scan.watermark.advance(number, None, now)),
            }
        }
        let times = times.and_then(|times| times.min().zip(times.max()));
        if face == Face::Live && chunk.rows_in() > 0 {
            let mut feeds = self.scan.feeds();
            if let Some(log) = feeds.log_mut(self.feed)
                && log.first_live.iter().all(|(p, _)| *p != chunk.partition)
            {
                log.first_live.push((chunk.partition, chunk.offsets.start));
            }
        }
        Ok(LiveChunk { chunk, set, feed: self.feed, face, epoch, number: 0, flight, times, numbered: None })
    }

    /// No row will come any more: it holds nothing back.
    pub fn end(&mut self) {
        for number in self.spare.take().into_iter().chain(self.known.iter().map(|(_, k)| k.watermark)) {
            self.scan.watermark.end(number);
        }
    }
}

/// Why the past of a feed is not all there, where another log took the place of the one that was read.
fn past_is_gone(source: &str) -> Fault {
    Fault::new("what it held before another took its place cannot be read again: those rows are not in this answer")
        .at(source)
        .hint("put the file that was moved beside it as NAME.1, and ask again")
}
