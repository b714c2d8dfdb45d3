//! `stdin:`: rows from a pipe, until it ends. Cutting and decoding is `intake`'s.
//! Waiting for a pipe without blocking for ever needs `poll`, which the standard library does not have.

use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use polars::prelude::SchemaRef;

use super::beat::{Beat, LOOK};
use super::intake::Intake;
use super::{Event, Expect, FeedUrl, Live, LiveKind};
use crate::data::{Fault, Result};

pub const KIND: LiveKind = LiveKind {
    schemes: &["stdin"],
    title: "Standard input",
    about: "Reads NDJSON or CSV rows from a pipe until it ends.",
    example: "stdin:",
    settings: &[],
    can_wait: true,
    rereadable: false,
    open,
};

const READ_BYTES: usize = 1 << 16;

fn open(url: &FeedUrl, expect: Expect) -> Result<Box<dyn Live>> {
    if io::stdin().is_terminal() {
        return Err(Fault::new("the standard input is a terminal").at(url.shown()).hint("pipe rows into it: PROGRAM | braid run --live NAME=stdin: …"));
    }
    let input = standard_input().map_err(|error| Fault::io(url.shown(), &error))?;
    Ok(Box::new(Pipe::new(input, url, &expect)?))
}

/// The input itself, past the standard library's buffer: what lies in a buffer `poll` does not see.
#[cfg(unix)]
fn standard_input() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd;
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

#[cfg(not(unix))]
fn standard_input() -> io::Result<io::Stdin> {
    Ok(io::stdin())
}

/// Something to read from that can say whether a read would wait.
pub trait Arriving: Read {
    /// Whether bytes (or the end) are there, within `wait`.
    fn arrived(&self, wait: Duration) -> io::Result<bool>;
}

#[cfg(unix)]
impl<R: Read + std::os::fd::AsFd> Arriving for R {
    fn arrived(&self, wait: Duration) -> io::Result<bool> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let wait = Timespec::try_from(wait).map_err(|_| io::ErrorKind::InvalidInput)?;
        match poll(&mut [PollFd::new(self, PollFlags::IN)], Some(&wait)) {
            Err(rustix::io::Errno::INTR) => Ok(false),
            ready => Ok(ready? > 0),
        }
    }
}

/// Elsewhere a read waits as long as it likes; the engine has a thread for it.
#[cfg(not(unix))]
impl<R: Read> Arriving for R {
    fn arrived(&self, _wait: Duration) -> io::Result<bool> {
        Ok(true)
    }
}

/// Rows from a pipe.
pub struct Pipe<R> {
    input: R,
    intake: Intake,
    ended: bool,
    beat: Beat,
    scratch: Vec<u8>,
}

impl<R: Arriving> Pipe<R> {
    /// # Errors
    /// When the address names a format that has no records.
    pub fn new(input: R, url: &FeedUrl, expect: &Expect) -> Result<Self> {
        let intake = Intake::new(url, Path::new("stdin"), expect)?;
        Ok(Self { input, intake, ended: false, beat: Beat::default(), scratch: vec![0; READ_BYTES] })
    }

    /// Reads once if something arrives before `until`.
    fn read(&mut self, until: Instant) -> Result<()> {
        let fault = |error: io::Error| Fault::io("stdin:", &error);
        if self.ended || self.intake.full() || !self.input.arrived(until.saturating_duration_since(Instant::now())).map_err(fault)? {
            return Ok(());
        }
        match self.input.read(&mut self.scratch) {
            Ok(0) => self.ended = true,
            Ok(n) => self.intake.push(self.scratch.get(..n).unwrap_or_default()),
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            Err(error) => return Err(fault(error)),
        }
        Ok(())
    }
}

impl<R: Arriving + Send> Live for Pipe<R> {
    fn settle(&mut self, wait: Duration) -> Result<Option<SchemaRef>> {
        let deadline = Instant::now() + wait;
        loop {
            if let Some(schema) = self.intake.settle(self.ended, false)? {
                return Ok(Some(schema));
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(None);
            }
            self.read(deadline.min(now + LOOK))?;
        }
    }

    fn project(&mut self, columns: &[usize]) {
        self.intake.project(columns);
    }

    fn poll(&mut self, wait: Duration) -> Result<Event> {
        let deadline = Instant::now() + wait;
        loop {
            let now = Instant::now();
            if self.ended || self.intake.full() || self.beat.due(now) {
                if let Some(chunk) = self.intake.take(self.ended)? {
                    self.beat.mark(now);
                    return Ok(Event::Chunk(chunk));
                }
                if self.ended {
                    return Ok(Event::End);
                }
            }
            if now >= deadline {
                return Ok(Event::Quiet);
            }
            self.read(self.beat.or(now, deadline))?;
        }
    }
}
