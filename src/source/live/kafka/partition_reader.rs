//! One partition that is read: the messages that were fetched and handed out, and the gaps in between.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::DataFrame;
use rskafka::client::partition::PartitionClient;
use rskafka::record::RecordAndOffset;

use super::LONGEST_BACK_OFF;
use super::client::{Fetched, PartitionStart, Size};
use super::settings::From;
use crate::data::chunk::{CHUNK_BYTES, CHUNK_ROWS};
use crate::data::{Chunk, Rejects};
use crate::source::live::flush_timer::FlushTimer;
use crate::source::live::net::back_off::BackOff;

/// So much is handed out without waiting for the flush timer, bytes.
const MUCH: usize = 1 << 20;
/// So many batches without a mark make it likely that there are no more transactions.
const SINGLE: u32 = 64;

/// A partition. Offsets count its messages, from 0.
pub struct PartitionReader {
    pub id: i32,
    pub client: Option<Arc<PartitionClient>>,
    /// Something was asked and not answered yet.
    pub busy: bool,
    /// The next offset to fetch.
    pub next: u64,
    /// The next offset to hand out.
    pub given: u64,
    /// Messages before this offset are not asked for.
    floor: u64,
    /// Where the log began when it was found.
    pub earliest: u64,
    /// Where reading ends, if it does.
    pub end: Option<u64>,
    /// Where history ends and live begins: no chunk has messages of both.
    pub seam: Option<u64>,
    /// Where the log ended when it was found.
    pub log_end: u64,
    /// Where the messages begin that the columns are settled from.
    pub sample: u64,
    pub records: Vec<RecordAndOffset>,
    pub bytes: usize,
    /// A gap to be told once all messages before it are handed out, and where reading goes on after it.
    gap: Option<String>,
    after_gap: u64,
    /// Batches still to be fetched one at a time.
    single: u32,
    /// Its connection was lost, and nothing came since.
    lost: bool,
    again: BackOff,
    next_try: Option<Instant>,
    flush_timer: FlushTimer,
}

impl PartitionReader {
    pub fn new(id: i32, place: &PartitionStart, from: From, follow: bool) -> Self {
        let mut reader = Self {
            id,
            client: Some(place.client.clone()),
            busy: false,
            next: place.start,
            given: place.start,
            floor: 0,
            earliest: place.earliest,
            end: (!follow).then_some(place.end),
            seam: None,
            log_end: place.end,
            sample: 0,
            records: Vec::new(),
            bytes: 0,
            gap: None,
            after_gap: 0,
            single: 0,
            lost: false,
            again: BackOff::new(LONGEST_BACK_OFF),
            next_try: None,
            flush_timer: FlushTimer::default(),
        };
        if let From::Offset(offset) = from {
            reader.begin_at(Some(offset), place.end);
        }
        reader
    }

    /// Begins at an offset; `None` stands for the beginning. Where the log is shorter than that (it ends at `end`),
    /// what comes before is passed over.
    pub fn begin_at(&mut self, at: Option<u64>, end: u64) {
        let at = at.unwrap_or(self.earliest);
        (self.next, self.given, self.floor) = (at.min(end), at, at);
    }

    /// Takes messages in; true when it had been lost before.
    pub fn take(&mut self, fetched: Fetched) -> bool {
        self.busy = false;
        self.next = fetched.next;
        // Where one transaction was, another is likely.
        self.single = if fetched.marks { SINGLE } else { self.single.saturating_sub(1) };
        let (floor, end) = (self.floor, self.end.unwrap_or(u64::MAX));
        let wanted =
            |record: &RecordAndOffset| u64::try_from(record.offset).is_ok_and(|offset| (floor..end).contains(&offset));
        for record in fetched.records.into_iter().filter(wanted) {
            self.bytes += record.record.approximate_size();
            self.records.push(record);
        }
        self.next_try = None;
        self.again.up(Instant::now());
        std::mem::take(&mut self.lost)
    }

    /// The next offset is not there (any more): reading goes on with what is.
    pub fn out_of_range(&mut self, earliest: u64, latest: u64) {
        self.busy = false;
        let (id, next) = (self.id, self.next);
        if next < earliest {
            let lost = earliest - next;
            let plural = if lost == 1 { "" } else { "s" };
            let to = earliest - 1;
            self.gap = Some(format!(
                "partition {id}: {lost} offset{plural} ({next} to {to}) were deleted before they were read, and are \
                 lost"
            ));
            self.after_gap = earliest;
        } else {
            let what = format!(
                "partition {id} ends at offset {latest} now, before {next}, up to which it was read: the topic was \
                 cut or created anew"
            );
            self.gap = Some(format!("{what}; what it holds before offset {latest} is not read"));
            self.after_gap = latest;
        }
        self.next = self.after_gap;
    }

    /// The gap to be told now; what comes after it begins behind it.
    pub fn take_gap(&mut self) -> Option<String> {
        let gap = self.gap.take_if(|_| self.records.is_empty());
        if gap.is_some() {
            self.given = self.after_gap;
        }
        gap
    }

    /// How much to fetch, where `most` bytes would be welcome.
    pub fn size(&self, most: i32) -> Size {
        if self.single > 0 { Size::Batch } else { Size::Bytes(most) }
    }

    /// Its connection is lost; how long to wait for the next.
    pub fn lost(&mut self, now: Instant) -> Duration {
        self.busy = false;
        self.client = None;
        self.lost = true;
        let wait = self.again.down(now);
        self.next_try = Some(now + wait);
        wait
    }

    /// Whether all that is asked for was fetched.
    fn fetched(&self) -> bool {
        self.end.is_some_and(|end| self.next >= end)
    }

    /// Whether all that is asked for was handed out.
    pub fn ended(&self) -> bool {
        self.fetched() && self.records.is_empty() && self.gap.is_none() && self.end.is_some_and(|end| self.given >= end)
    }

    /// Whether something is to be asked now. `room`: not too much waits in all partitions together.
    pub fn wants(&self, now: Instant, room: bool) -> bool {
        let full = self.bytes >= CHUNK_BYTES || self.records.len() >= CHUNK_ROWS || !(room || self.records.is_empty());
        !self.busy && !full && self.gap.is_none() && !self.fetched() && self.next_try.is_none_or(|next| next <= now)
    }

    /// What is waited for before the next try is not waited for.
    pub fn try_now(&mut self) {
        self.next_try = None;
    }

    /// Whether something is to be handed out now.
    pub fn due(&self, now: Instant) -> bool {
        if self.records.is_empty() {
            // Nothing but marks of transactions is left before the seam, or before the end: that is told, too.
            let at_seam = self.seam.is_some_and(|seam| self.given < seam && seam <= self.next);
            return self.gap.is_some() || at_seam || (self.fetched() && self.end.is_some_and(|end| self.given < end));
        }
        self.bytes >= MUCH
            || self.records.len() >= CHUNK_ROWS
            || self.fetched()
            || self.gap.is_some()
            || self.lost
            || self.flush_timer.due(now)
    }

    /// When to look again, before `deadline`, though no answer came.
    pub fn wake(&self, now: Instant, deadline: Instant) -> Option<Instant> {
        let flush_timer = (!self.records.is_empty()).then(|| self.flush_timer.or(now, deadline));
        let again = self.next_try.filter(|next| *next > now);
        flush_timer.into_iter().chain(again).min()
    }

    /// Messages for one chunk, and the offsets that they cover: with what was passed over before and between them.
    pub fn hand_out(&mut self, now: Instant) -> (Vec<RecordAndOffset>, Range<u64>) {
        let mut bytes = 0;
        let mut fits = |record: &RecordAndOffset| {
            bytes += record.record.approximate_size();
            bytes <= CHUNK_BYTES
        };
        let seam = self.seam.filter(|seam| self.given < *seam);
        let before = |record: &RecordAndOffset| {
            seam.is_none_or(|seam| u64::try_from(record.offset).is_ok_and(|offset| offset < seam))
        };
        let fitting = self
            .records
            .iter()
            .take(CHUNK_ROWS)
            .take_while(|record| fits(record))
            .count()
            .max(1)
            .min(self.records.len());
        let count = self.records.iter().take(fitting).take_while(|record| before(record)).count();
        let rest = self.records.split_off(count);
        let records = std::mem::replace(&mut self.records, rest);
        self.bytes = self.records.iter().map(|record| record.record.approximate_size()).sum();
        let last = records.last().and_then(|record| u64::try_from(record.offset).ok()).map(|last| last + 1);
        let end = match (self.records.is_empty(), self.gap.is_some()) {
            // Marks of transactions after the last message are passed over with it.
            (true, false) => self.next.min(self.end.unwrap_or(u64::MAX)).max(self.given),
            // Nothing is left before the seam but marks.
            _ => last.or(seam).unwrap_or(self.given),
        };
        let end = seam.map_or(end, |seam| end.min(seam));
        let offsets = self.given..end;
        self.given = end;
        self.flush_timer.mark(now);
        (records, offsets)
    }

    pub fn chunk(&self, source: &Arc<str>, frame: DataFrame, offsets: Range<u64>) -> Chunk {
        Chunk {
            frame,
            source: source.clone(),
            partition: u32::try_from(self.id).unwrap_or(0),
            offsets,
            bytes: 0,
            rejects: Rejects::default(),
            arrived: Some(Instant::now()),
        }
    }
}
