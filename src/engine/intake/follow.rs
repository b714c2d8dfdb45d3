//! A feed that is followed: its chunks are sent to the workers, its breaks and troubles are told.

use std::sync::Arc;

use crossbeam_channel::{SendTimeoutError, Sender, TrySendError};
use polars::prelude::{ChunkAgg, Int64Chunked};

use super::partitions::Partitions;
use super::past::read_past;
use super::{Conform, WAIT, event_times};
use crate::data::{Fault, Result};
use crate::engine::counts::TimeGap;
use crate::engine::diagnostics::cause;
use crate::engine::feed::Feed;
use crate::engine::live_chunk::LiveChunk;
use crate::engine::past_late::PastLate;
use crate::engine::query_set::QuerySet;
use crate::engine::reached::Reached;
use crate::engine::scan::Scan;
use crate::engine::seam::Face;
use crate::query::window::Micros;
use crate::source::live::{Event, Numbered, Opened, Reading};

/// Follows feed number `number` of the table to its end, or until the scan ends. Faults and breaks are told, rows are
/// sent.
pub fn follow(scan: &Scan, number: usize, feed: &Feed, first: usize, out: &Sender<LiveChunk>) {
    let mut following = Following {
        scan,
        number,
        feed,
        name: feed.url.shown(),
        partitions: Partitions::new(scan, number, first),
        newest: newest_before(scan, number),
        broken: false,
        sent: 0,
        numbered: None,
    };
    let told = tell_damage(scan, feed, 0);
    let followed = match &scan.options.past {
        Some(past) => following.read_past(past, out),
        None => following.follow(out),
    };
    if let Err(fault) = followed {
        scan.fault(if fault.place.is_empty() { fault.at(feed.url.shown()) } else { fault });
    }
    tell_damage(scan, feed, told);
    following.partitions.end();
    scan.feed_ended(number, Some(following.partitions.positions()));
}

/// Names what was found damaged in a feed's recording, apart from the first `told`; how many there are.
fn tell_damage(scan: &Scan, feed: &Feed, told: usize) -> usize {
    let faults = feed.kept().map(|kept| kept.faults).unwrap_or_default();
    faults.iter().skip(told).for_each(|fault| scan.note(fault.to_string()));
    faults.len()
}

/// A feed under way.
struct Following<'a> {
    scan: &'a Scan,
    number: usize,
    feed: &'a Feed,
    name: String,
    partitions: Partitions<'a>,
    /// The largest event time so far.
    newest: Option<Micros>,
    /// Whether no row has come since it broke off.
    broken: bool,
    /// Chunks that were sent.
    sent: u64,
    /// What the numbers of the next chunk's messages say.
    numbered: Option<Numbered>,
}

/// A feed whose columns are known: for which questions it is read, and how.
struct Settled {
    set: Arc<QuerySet>,
    conform: Conform,
    opened: Box<dyn Opened>,
}

/// Why reading ended.
enum Ending {
    /// There is no more, or the scan ends.
    Over,
    /// Questions are asked that need more columns than are read: the feed is to be opened again.
    Widened,
}

impl Following<'_> {
    /// Reads what lies before some positions, all of it on time.
    fn read_past(&mut self, past: &Reached, out: &Sender<LiveChunk>) -> Result<()> {
        let (scan, number) = (self.scan, self.number);
        let set = scan.feed_reads_for(number, &[]);
        let mut late: Vec<PastLate<'_>> = set.queries.iter().map(|query| PastLate::new(query, &scan.table)).collect();
        let mut sent = 0;
        let read = read_past(scan, &set, self.feed, past.stretch(number), |chunk| {
            let times = event_times(&scan.table, &chunk.frame)?;
            late.iter_mut().try_for_each(|late| late.see(&chunk, times.as_ref()))?;
            let times = times.and_then(|t| t.min().zip(t.max()));
            let chunk = LiveChunk {
                chunk,
                set: set.clone(),
                feed: number,
                face: Face::Live,
                epoch: 0,
                number: sent,
                flight: None,
                times,
                numbered: None,
            };
            send(scan, chunk, true, out);
            sent += 1;
            Ok(())
        });
        late.iter().for_each(|late| late.tell(&self.name));
        read
    }

    fn follow(&mut self, out: &Sender<LiveChunk>) -> Result<()> {
        // A scan of the past leaves the connection that is open to the one that goes on.
        let (opened, can_wait) =
            if self.scan.stop.is_some() { (self.feed.reread()?, true) } else { self.feed.connect()? };
        let Some(Settled { mut set, mut conform, opened }) = self.settle(opened)? else { return Ok(()) };
        let mut live = self.partitions.begin(opened, self.feed, &conform)?;
        while let Ending::Widened = self.read(&mut *live, &mut set, &conform, can_wait, out)? {
            // It stands where the positions say, for the newest questions.
            let again = self.feed.reread()?;
            let Some(settled) = self.settle(again)? else { return Ok(()) };
            (set, conform) = (settled.set, settled.conform);
            live = self.partitions.go_on(settled.opened, &conform)?;
        }
        Ok(())
    }

    /// Waits for the columns; for which questions it is read, and how. `None` when the scan ends before.
    fn settle(&self, mut opened: Box<dyn Opened>) -> Result<Option<Settled>> {
        let settled = loop {
            if self.scan.ending() {
                return Ok(None);
            }
            if let Some(schema) = opened.settle(WAIT)? {
                break schema;
            }
        };
        let set = self.scan.feed_reads_for(self.number, &self.partitions.positions());
        let conform = Conform::new(self.scan, &set, &settled, &self.name);
        Ok(Some(Settled { set, conform, opened }))
    }

    /// Sends chunks until there are no more, or the columns that are read do not suffice any more.
    fn read(
        &mut self,
        live: &mut dyn Reading,
        set: &mut Arc<QuerySet>,
        conform: &Conform,
        can_wait: bool,
        out: &Sender<LiveChunk>,
    ) -> Result<Ending> {
        let scan = self.scan;
        while !scan.ending() {
            if scan.generation() != set.generation && self.numbered.is_none() {
                if !set.reads_for(&scan.set()) {
                    return Ok(Ending::Widened);
                }
                *set = scan.feed_reads_for(self.number, &self.partitions.positions());
            }
            match live.poll(WAIT)? {
                Event::Chunk(chunk) => {
                    let rows = chunk.rows_in();
                    let chunk = conform.apply(chunk)?;
                    let times = event_times(&scan.table, &chunk.frame)?;
                    scan.diagnostics().trouble.remove(&self.name);
                    let placed = self.partitions.place(chunk, times.as_ref(), set.clone(), || live.mark())?;
                    let live = LiveChunk { number: self.sent, numbered: self.numbered.take(), ..placed };
                    if rows > 0 {
                        self.broken = false;
                        self.close_gaps(times.as_ref());
                    }
                    self.newest = self.newest.max(live.times.map(|t| t.1));
                    if send(scan, live, can_wait, out) {
                        self.sent += 1;
                    } else {
                        scan.feeds().dropped += rows;
                    }
                }
                // The scan that goes on beside it may have had those rows; a recording has the same gap each time.
                Event::Gap { reason } if scan.stop.is_some() && self.feed.kept().is_none() => {
                    scan.fault(Fault::new(reason).at(&self.name).hint("ask again once it is there"));
                }
                Event::Gap { reason } => self.note_gap(reason),
                Event::Trouble { reason } => {
                    scan.diagnostics().trouble.insert(self.name.clone(), reason);
                }
                Event::Note { reason } => scan.note_again(format!("{}: {reason}", self.name), false),
                Event::Numbers(said) => self.numbered = Some(self.partitions.numbered(said)),
                Event::Quiet => {}
                Event::End => break,
            }
        }
        Ok(Ending::Over)
    }

    /// The feed broke off. Until a row comes, further breaks are of the same gap.
    fn note_gap(&mut self, reason: String) {
        let (scan, source) = (self.scan, self.name.clone());
        let broken = std::mem::replace(&mut self.broken, true);
        let note = format!("{source}: {reason}");
        let mut feeds = scan.feeds();
        let (newest, before) = (self.newest, feeds.gaps_before);
        let alike = |gap: &TimeGap| gap.source == source && cause(&gap.reason) == cause(&reason);
        let known = |(at, gap): (usize, &TimeGap)| at < before && newest.is_some() && gap.from == newest && alike(gap);
        let last = feeds.gaps.iter().rposition(|gap| gap.source == source).filter(|_| broken);
        let last = last.filter(|at| feeds.gaps.get(*at).is_some_and(alike));
        let same = last.or_else(|| feeds.gaps.iter().enumerate().position(known));
        let same = same.and_then(|at| feeds.gaps.get_mut(at));
        let goes_on = same.is_some();
        match same {
            Some(gap) => gap.reason = reason,
            None => feeds.gaps.push(TimeGap { source, from: self.newest, until: None, reason }),
        }
        drop(feeds);
        scan.note_again(note, goes_on);
    }

    /// The first row of later event time says where a gap ends: rows that are older say nothing of what is missing.
    fn close_gaps(&self, times: Option<&Int64Chunked>) {
        let Some(times) = times else { return };
        for gap in self.scan.feeds().gaps.iter_mut().filter(|g| g.until.is_none() && g.source == self.name) {
            gap.until = times.iter().flatten().filter(|time| gap.from.is_none_or(|from| *time > from)).min();
        }
    }
}

/// The largest event time that a feed had brought when a run was begun again.
fn newest_before(scan: &Scan, feed: usize) -> Option<Micros> {
    scan.start.reached.partitions.iter().filter(|at| at.feed == feed).filter_map(|at| at.newest).max()
}

/// Hands a chunk to the workers. A feed that can wait waits; false when one that cannot found the queue full.
fn send(scan: &Scan, mut chunk: LiveChunk, can_wait: bool, out: &Sender<LiveChunk>) -> bool {
    if !can_wait {
        let sent = out.try_send(chunk);
        scan.ring();
        return !matches!(sent, Err(TrySendError::Full(_)));
    }
    // Also when the scan is to finish: a chunk that was taken from its feed is counted.
    while !scan.cancel.is_set() {
        match out.send_timeout(chunk, WAIT) {
            Ok(()) | Err(SendTimeoutError::Disconnected(_)) => break,
            Err(SendTimeoutError::Timeout(back)) => chunk = back,
        }
    }
    scan.ring();
    true
}
