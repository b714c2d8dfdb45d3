//! The thread that records: it takes bytes from a feed and appends them to a log, in blocks. While the disk is full a feed
//! that can wait waits; of one that cannot, what is dropped is counted.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::recording::Subject;
use crate::data::{Fault, Result};
use crate::source::live;
use crate::source::live::raw::{Break, Raw, Said};
use crate::source::live::shape::Shape;
use crate::source::live::stream::Taken;
use crate::store::log::Log;
use crate::sync::Cancel;

/// A block is written when it has this many bytes, or when its first byte has waited this long.
const BLOCK: usize = 256 << 10;
const GATHER: Duration = Duration::from_millis(10);
/// How long one waits for a feed before one looks whether to stop.
const WAIT: Duration = Duration::from_millis(50);
/// Between two attempts to write to a full disk, or to connect again.
const AGAIN: Duration = Duration::from_secs(1);
/// How much of the beginning of a later stream is kept for its header.
const HEAD: usize = 64 << 10;

pub struct Recorder {
    subject: Subject,
    log: Arc<Log>,
    shape: Arc<OnceLock<Shape>>,
    /// Something was recorded by an earlier process: a break is noted before the first byte.
    before: bool,
    cancel: Cancel,
    /// The first bytes of a later stream, until its header is whole.
    head: Option<(u64, Vec<u8>)>,
    block: Vec<u8>,
    since: Option<Instant>,
    /// Lines that could not be kept, while the disk is full.
    dropped: u64,
}

/// Why recording stopped.
enum Stop {
    /// Nobody needs it any more.
    Cancelled,
    /// The feed ended, or can give nothing more.
    Ended,
    Failed(Fault),
}

type Going<T = ()> = std::result::Result<T, Stop>;

impl Recorder {
    pub fn new(subject: Subject, log: Arc<Log>, shape: Arc<OnceLock<Shape>>, before: bool, cancel: Cancel) -> Self {
        Self { subject, log, shape, before, cancel, head: None, block: Vec::new(), since: None, dropped: 0 }
    }

    /// Records until the feed ends or nobody needs it.
    pub fn run(mut self, taken: Option<Taken>) {
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
                    if self.keep(&Log::finish).is_err() {
                        break;
                    }
                    return;
                }
                Stop::Failed(fault) => {
                    let reason = fault.to_string();
                    if self.subject.kind.can_wait || self.log.range().is_empty() {
                        self.log.fail(fault);
                        break;
                    }
                    // What was recorded is worth waiting for more.
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

    fn record(&mut self, taken: Option<Taken>) -> Going {
        let Taken { mut raw, shape, bytes, pending } = match taken {
            Some(taken) => taken,
            None => self.connect()?,
        };
        if let Some(shape) = shape.filter(|_| self.shape.get().is_none()) {
            self.settle(&shape)?;
        }
        if self.shape.get().is_none() {
            return Err(Stop::Failed(Fault::new("it is not known how its bytes become rows").at(self.subject.url.shown())));
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
                Ok(Said::Bytes(at)) => {
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
    fn connect(&mut self) -> Going<Taken> {
        let subject = &self.subject;
        let mut live = match live::open(&subject.url, subject.expect.clone()) {
            Ok(live) => live,
            // A pipe that is not there any more: what was recorded of it is all.
            Err(_) if self.before && subject.kind.can_wait => return Err(Stop::Ended),
            Err(fault) => return Err(Stop::Failed(fault)),
        };
        while self.shape.get().is_none() && live.settle(WAIT).map_err(Stop::Failed)?.is_none() {
            self.check()?;
        }
        let no_bytes = || Stop::Failed(Fault::new("this kind of feed cannot be recorded").at(self.subject.url.shown()));
        live.take_apart().ok_or_else(no_bytes)
    }

    /// Writes down how the bytes become rows, before the first of them.
    fn settle(&mut self, shape: &Shape) -> Going {
        self.keep(&|log| {
            log.set_head(0, &shape.head)?;
            log.describe(|meta| {
                meta.set_schema(shape.schema());
                (meta.format, meta.whole) = (shape.format.name.to_owned(), shape.whole);
            })
        })?;
        let _ = self.shape.set(shape.clone());
        Ok(())
    }

    /// Writes the block, however long that takes.
    fn write(&mut self, raw: &mut dyn Raw) -> Going {
        let Some(arrived) = self.since.take().filter(|_| !self.block.is_empty()) else { return Ok(()) };
        let block = Arc::new(std::mem::take(&mut self.block));
        if std::mem::take(&mut self.before) {
            let reason = "recording was stopped and taken up again; what was sent meanwhile cannot be known";
            let at = self.keep_with(raw, &|log| log.gap(reason, true))?;
            self.head = Some((at, Vec::new()));
        }
        self.keep_with(raw, &|log| log.append(&block, arrived))?;
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

    fn note(&mut self, said: Said, raw: &mut dyn Raw) -> Going {
        match said {
            Said::Bytes(_) | Said::Quiet => {}
            Said::Gap(Break { reason, anew, .. }) => {
                self.keep_with(raw, &|log| log.gap(&reason, anew))?;
            }
            Said::Trouble { reason } => {
                self.keep_with(raw, &|log| log.trouble(&reason))?;
            }
            Said::End => return Err(Stop::Ended),
        }
        Ok(())
    }

    fn keep(&mut self, write: &dyn Fn(&Log) -> Result<()>) -> Going {
        self.keep_with(&mut Silent, &|log| write(log).map(|()| 0)).map(drop)
    }

    /// Writes to the log. While that fails it is said why, and tried again and again.
    fn keep_with(&mut self, raw: &mut dyn Raw, write: &dyn Fn(&Log) -> Result<u64>) -> Going<u64> {
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
                    let what = if self.subject.kind.can_wait { "the feed waits" } else { "rows that come meanwhile are dropped and counted" };
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
    fn drop_rows(&mut self, raw: &mut dyn Raw) -> Going {
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
            self.dropped += memchr::memchr_iter(b'\n', &passed).count() as u64;
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

impl Raw for Silent {
    fn poll(&mut self, wait: Duration, _into: &mut Vec<u8>) -> Result<Said> {
        std::thread::sleep(wait);
        Ok(Said::Quiet)
    }
}
