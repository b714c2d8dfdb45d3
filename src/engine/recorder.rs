//! The thread that records: it takes bytes from a feed and appends them to a log, in blocks. While the disk is full a
//! feed that can wait waits for a while; then, and at once where it cannot wait, its rows go to the questions without
//! being recorded, and are counted.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::data::{Fault, Result};
use crate::source::live::byte_source::{Break, ByteEvent, ByteSource};
use crate::source::live::stream_format::StreamFormat;
use crate::source::live::stream_parts::StreamParts;
use crate::source::live::{Expect, FeedUrl, LiveKind};
use crate::store::log::Log;
use crate::sync::Cancel;

/// A block is written when it has this many bytes, or when its first byte has waited this long.
const BLOCK: usize = 256 << 10;
const GATHER: Duration = Duration::from_millis(10);
/// How long to wait for a feed before looking whether to stop.
const WAIT: Duration = Duration::from_millis(50);
/// Between two attempts to write to a full disk, or to connect again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a feed that can wait is held back by a full disk, before its rows are only counted.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait for questions to take blocks that are nowhere but in memory.
const STEP: Duration = Duration::from_millis(2);
/// The longest piece that is written at once.
const LONGEST: usize = 1 << 20;
/// How much of the beginning of a later stream is kept for its header.
const HEAD: usize = 64 << 10;

/// What a recording is of.
pub struct Subject {
    pub url: FeedUrl,
    pub kind: &'static LiveKind,
    pub expect: Expect,
}

pub struct Recorder {
    subject: Subject,
    log: Arc<Log>,
    shape: Arc<OnceLock<StreamFormat>>,
    /// Something was recorded by an earlier process: a break is noted before the first byte.
    before: bool,
    cancel: Cancel,
    /// The first bytes of a later stream, until its header is whole.
    head: Option<(u64, Vec<u8>)>,
    block: Vec<u8>,
    since: Option<Instant>,
    /// Lines that could not be kept, while the disk is full.
    dropped: u64,
    /// Since when nothing can be written, and when it is tried again.
    failing: Option<Instant>,
    next_try: Option<Instant>,
    /// How bytes become rows is not written down yet.
    unsettled: bool,
}

/// Why recording stopped.
enum Stop {
    /// The recording was dropped.
    Cancelled,
    /// The feed ended, or can give nothing more.
    Ended,
    Failed(Fault),
}

type Going<T = ()> = std::result::Result<T, Stop>;

impl Recorder {
    pub fn new(
        subject: Subject,
        log: Arc<Log>,
        shape: Arc<OnceLock<StreamFormat>>,
        before: bool,
        cancel: Cancel,
    ) -> Self {
        Self {
            subject,
            log,
            shape,
            before,
            cancel,
            head: None,
            block: Vec::new(),
            since: None,
            dropped: 0,
            failing: None,
            next_try: None,
            unsettled: false,
        }
    }

    /// Records until the feed ends or the recording is dropped.
    pub fn run(mut self, taken: Option<StreamParts>) {
        let mut taken = taken;
        loop {
            let stop = match self.record(taken.take()) {
                Ok(()) => Stop::Ended,
                Err(stop) => stop,
            };
            match stop {
                Stop::Cancelled => break,
                Stop::Ended => {
                    // An input that gives nothing is no end of what was recorded before.
                    if self.before {
                        break;
                    }
                    if self.finish().is_err() {
                        break;
                    }
                    return;
                }
                Stop::Failed(fault) => {
                    let reason = fault.to_string();
                    if !self.subject.kind.reconnects || self.log.range().is_empty() {
                        self.log.fail(fault);
                        break;
                    }
                    // A recording with rows is kept open for more.
                    self.log.say(Some(format!("{reason}; trying again")));
                    if self.pause(AGAIN * 5).is_err() {
                        break;
                    }
                    self.log.say(None);
                    self.before = true;
                }
            }
        }
        self.log.close();
    }

    fn record(&mut self, taken: Option<StreamParts>) -> Going {
        let StreamParts { mut raw, shape, bytes, pending } = match taken {
            Some(taken) => taken,
            None => self.connect()?,
        };
        if let Some(shape) = shape.filter(|_| self.shape.get().is_none()) {
            self.settle(&shape);
        }
        if self.shape.get().is_none() {
            return Err(Stop::Failed(
                Fault::new("it is not known how its bytes become rows").at(self.subject.url.shown()),
            ));
        }
        if !bytes.is_empty() {
            for part in bytes.chunks(BLOCK) {
                self.block.extend_from_slice(part);
                self.since = Some(Instant::now());
                self.write(&mut *raw)?;
            }
        }
        for said in pending {
            self.note(said, &mut *raw)?;
        }
        loop {
            self.check()?;
            let wait = self.since.map_or(WAIT, |since| GATHER.saturating_sub(since.elapsed()));
            if self.block.capacity() == 0 {
                self.block.reserve_exact(BLOCK + (BLOCK >> 2));
            }
            match raw.poll(wait, &mut self.block) {
                Err(fault) => {
                    self.write(&mut *raw)?;
                    return Err(Stop::Failed(fault));
                }
                Ok(ByteEvent::Bytes(at)) => {
                    let since = *self.since.get_or_insert(at);
                    if self.block.len() >= BLOCK || since.elapsed() >= GATHER {
                        self.write(&mut *raw)?;
                    }
                }
                Ok(said) => {
                    self.write(&mut *raw)?;
                    self.note(said, &mut *raw)?;
                }
            }
        }
    }

    /// Opens the feed. Where it is not known how its bytes become rows, its first rows are waited for.
    fn connect(&mut self) -> Going<StreamParts> {
        let subject = &self.subject;
        let mut live = match subject.kind.connect(&subject.url, subject.expect.clone()) {
            Ok(live) => live,
            // A pipe that is not there any more: what was recorded of it is all.
            Err(_) if self.before && !subject.kind.reconnects => return Err(Stop::Ended),
            Err(fault) => return Err(Stop::Failed(fault)),
        };
        while self.shape.get().is_none() && live.settle(WAIT).map_err(Stop::Failed)?.is_none() {
            self.check()?;
        }
        let no_bytes = || Stop::Failed(Fault::new("this kind of feed cannot be recorded").at(self.subject.url.shown()));
        live.into_parts().ok_or_else(no_bytes)
    }

    /// Writes down how the bytes become rows, before the first of them; where that cannot be, with the first that can
    /// be written.
    fn settle(&mut self, shape: &StreamFormat) {
        let log = &self.log;
        let written = log.set_head(0, &shape.head).and_then(|()| {
            log.describe(|meta| {
                meta.set_schema(shape.schema());
                (meta.format, meta.whole) = (shape.format.name.to_owned(), shape.whole);
            })
        });
        self.unsettled = written.is_err();
        let _ = self.shape.set(shape.clone());
    }

    /// Writes the block, however long that takes.
    fn write(&mut self, raw: &mut dyn ByteSource) -> Going {
        let Some(arrived) = self.since.take().filter(|_| !self.block.is_empty()) else { return Ok(()) };
        let block = self.take_block();
        if std::mem::take(&mut self.before) {
            let reason = "recording was stopped and taken up again; what was sent meanwhile is unknown";
            self.begin_anew(reason, raw)?;
        }
        // A message may be longer than a record can be.
        if block.len() <= LONGEST {
            let block = Arc::new(block);
            self.put(&block, arrived)?;
            return self.keep_head(&block, raw);
        }
        for part in block.chunks(LONGEST) {
            self.put(&Arc::new(part.to_vec()), arrived)?;
        }
        self.keep_head(&block, raw)
    }

    /// What was gathered. The newest blocks stay in memory, and those of a slow feed are small: they take no more room
    /// than they fill.
    fn take_block(&mut self) -> Vec<u8> {
        if self.block.len() >= BLOCK / 2 {
            return std::mem::take(&mut self.block);
        }
        let block = self.block.clone();
        self.block.clear();
        block
    }

    /// Notes that what comes next is a stream with a beginning of its own. Its header must not be lost.
    fn begin_anew(&mut self, reason: &str, raw: &mut dyn ByteSource) -> Going {
        let at = self.keep_with(raw, &|log| log.gap(reason, true))?;
        self.head = Some((at, Vec::new()));
        Ok(())
    }

    /// Keeps the header of a later stream, once it is whole.
    fn keep_head(&mut self, block: &[u8], raw: &mut dyn ByteSource) -> Going {
        if let Some((at, mut head)) = self.head.take() {
            head.extend(block.iter().take(HEAD - head.len().min(HEAD)));
            if head.len() >= HEAD || memchr::memchr(b'\n', &head).is_some() {
                // Without it a restart in this stream trusts the header of the first.
                self.keep_with(raw, &|log| log.set_head(at, &head).map(|()| at))?;
            } else {
                self.head = Some((at, head));
            }
        }
        Ok(())
    }

    fn note(&mut self, said: ByteEvent, raw: &mut dyn ByteSource) -> Going {
        let kept = match &said {
            ByteEvent::Bytes(_) | ByteEvent::Quiet => return Ok(()),
            ByteEvent::End => return Err(Stop::Ended),
            ByteEvent::Gap(Break { reason, anew: true, .. }) => return self.begin_anew(reason, raw),
            ByteEvent::Gap(Break { reason, .. }) => self.log.gap(reason, false),
            ByteEvent::Trouble { reason } => self.log.trouble(reason),
            ByteEvent::Note { reason } => self.log.remark(reason),
        };
        if kept.is_err() {
            self.log.pass_told(&said);
        }
        Ok(())
    }

    /// Records a block. Where that fails, the block goes to the questions; a feed that can wait waits for them.
    fn put(&mut self, block: &Arc<Vec<u8>>, arrived: Instant) -> Going {
        let can_wait = self.subject.kind.can_wait;
        let rows = memchr::memchr_iter(b'\n', block).count() as u64;
        loop {
            let now = Instant::now();
            if self.next_try.is_none_or(|next| next <= now) {
                match self.log.append(block, arrived) {
                    Ok(_) => {
                        if self.failing.take().is_some() {
                            self.log.hold(0);
                            self.log.say(None);
                        }
                        self.next_try = None;
                        if let Some(shape) = self.shape.get().filter(|_| self.unsettled).cloned() {
                            self.settle(&shape);
                        }
                        return Ok(());
                    }
                    Err(fault) => {
                        self.next_try = Some(now + AGAIN);
                        let since = *self.failing.get_or_insert(now);
                        let waits = can_wait && now.duration_since(since) < PATIENCE;
                        let what = if waits {
                            "the feed waits"
                        } else {
                            "rows that come meanwhile are in the answer and not in the recording"
                        };
                        self.log.say(Some(format!("{}: {}; {what}", fault.what, fault.place)));
                    }
                }
            }
            let waits = can_wait && self.failing.is_some_and(|since| since.elapsed() < PATIENCE);
            if !waits && (!can_wait || self.log.caught_up()) {
                self.log.pass(block, arrived);
                return Ok(());
            }
            self.log.hold(rows);
            self.check()?;
            std::thread::sleep(STEP);
        }
    }

    /// Notes that the feed ended. Where that cannot be written the recording stays open to be taken up again.
    fn finish(&mut self) -> Going {
        let begun = Instant::now();
        while self.log.finish().is_err() {
            if begun.elapsed() >= PATIENCE {
                self.log.close();
                break;
            }
            self.pause(WAIT)?;
        }
        Ok(())
    }

    fn keep(&mut self, write: &dyn Fn(&Log) -> Result<()>) -> Going {
        self.keep_with(&mut Silent, &|log| write(log).map(|()| 0)).map(drop)
    }

    /// Writes to the log what must not be missing. While that fails it is said why, and tried again; a feed that can
    /// wait is left after a while: nothing of it is lost.
    fn keep_with(&mut self, raw: &mut dyn ByteSource, write: &dyn Fn(&Log) -> Result<u64>) -> Going<u64> {
        let begun = Instant::now();
        let mut told = false;
        loop {
            match write(&self.log) {
                Ok(at) => {
                    if told {
                        self.log.say(None);
                    }
                    if self.dropped > 0 {
                        let rows = std::mem::take(&mut self.dropped);
                        let reason = format!("{rows} rows were dropped while they could not be written");
                        self.keep(&|log| log.gap(&reason, false).map(drop))?;
                    }
                    return Ok(at);
                }
                Err(fault) => {
                    if self.subject.kind.can_wait && begun.elapsed() >= PATIENCE {
                        return Err(Stop::Failed(fault));
                    }
                    let what = if self.subject.kind.can_wait {
                        "the feed waits"
                    } else {
                        "rows that come meanwhile are dropped and counted"
                    };
                    self.log.say(Some(format!("{}: {}; {what}", fault.what, fault.place)));
                    told = true;
                }
            }
            if self.subject.kind.can_wait {
                self.pause(AGAIN)?;
            } else {
                self.drop_rows(raw)?;
            }
        }
    }

    /// Lets pass what a feed sends that cannot wait.
    fn drop_rows(&mut self, raw: &mut dyn ByteSource) -> Going {
        let until = Instant::now() + AGAIN;
        let mut passed = Vec::new();
        while let left = until.saturating_duration_since(Instant::now())
            && !left.is_zero()
        {
            self.check()?;
            passed.clear();
            // Where it fails, the next read of it tells why.
            if raw.poll(left.min(WAIT), &mut passed).is_err() {
                return self.pause(left);
            }
            let rows = memchr::memchr_iter(b'\n', &passed).count() as u64;
            self.dropped += rows;
            self.log.drop_rows(rows);
        }
        Ok(())
    }

    fn check(&self) -> Going {
        if self.cancel.is_set() { Err(Stop::Cancelled) } else { Ok(()) }
    }

    fn pause(&self, time: Duration) -> Going {
        let until = Instant::now() + time;
        while let left = until.saturating_duration_since(Instant::now())
            && !left.is_zero()
        {
            self.check()?;
            std::thread::sleep(left.min(WAIT));
        }
        Ok(())
    }
}

/// A feed that has nothing to say.
struct Silent;

impl ByteSource for Silent {
    fn poll(&mut self, wait: Duration, _into: &mut Vec<u8>) -> Result<ByteEvent> {
        std::thread::sleep(wait);
        Ok(ByteEvent::Quiet)
    }
}
