//! The partitions of one feed as a run knows them: where reading of each begins, which face its rows belong to, and by
//! which watermark they are judged.

use std::sync::Arc;
use std::time::Instant;

use polars::prelude::*;

use super::Conform;
use crate::data::{Chunk, Positions, Result};
use crate::engine::diagnostics::FeedLog;
use crate::engine::feed::Feed;
use crate::engine::past_late::judges_all;
use crate::engine::piece::LiveChunk;
use crate::engine::seam::Face;
use crate::engine::shared::Shared;
use crate::source::live::{Numbered, Opened, ReadOptions, Reading};

/// The partitions of one feed as a run knows them: which number each has in the watermark, where its log stood when the
/// run began, and how often it began anew.
pub struct Partitions<'a> {
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
    pub fn new(shared: &'a Shared, feed: usize, first: usize) -> Self {
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
    pub fn begin(&mut self, mut opened: Box<dyn Opened>, feed: &Feed, conform: &Conform) -> Result<Box<dyn Reading>> {
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
        self.shared.diagnostics().logs.push(FeedLog {
            feed: self.feed,
            source,
            ends,
            first_live,
            mark,
            numbered: None,
        });
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
    pub fn numbered(&mut self, said: Numbered) -> Numbered {
        let before = self.shared.resumed.as_ref().and_then(|r| r.numbered(self.feed)).map_or(0, |(_, missing)| missing);
        let mut diagnostics = self.shared.diagnostics();
        let Some(log) = diagnostics.logs.iter_mut().find(|log| log.feed == self.feed) else { return said };
        let all = log.numbered.get_or_insert(Numbered { missing: before, ..Numbered::default() });
        all.repeated += said.repeated;
        all.missing += said.missing;
        all.last = said.last;
        Numbered { missing: all.missing, ..said }
    }

    /// Which face a chunk belongs to, and by which watermark its rows are judged.
    pub fn place(&mut self, mut chunk: Chunk, times: Option<&Int64Chunked>) -> Result<LiveChunk> {
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
            let mut diagnostics = self.shared.diagnostics();
            if let Some(log) = diagnostics.logs.iter_mut().find(|l| l.feed == self.feed)
                && log.first_live.iter().all(|(p, _)| *p != chunk.partition)
            {
                log.first_live.push((chunk.partition, chunk.offsets.start));
            }
        }
        Ok(LiveChunk { chunk, feed: self.feed, face, epoch, number: 0, flight, times, numbered: None })
    }

    /// No row will come any more: it holds nothing back.
    pub fn end(&mut self) {
        for number in self.spare.take().into_iter().chain(self.known.iter().map(|(_, k)| k.watermark)) {
            self.shared.watermark.end(number);
        }
    }
}
