//! `stdin:`: bytes from a pipe, until it ends. Unpacking them is `decompress`'s, turning them into rows `stream`'s.
//! Waiting for a pipe without blocking for ever needs `poll`, which the standard library does not have.

use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use super::byte_source::{ByteEvent, ByteSource};
use super::decompress::Decompressed;
use super::stream::Stream;
use super::stream_decoder::StreamDecoder;
use super::{Expect, FeedUrl, LiveKind, Opened, Origin};
use crate::data::{Fault, Result, Setting};

pub const KIND: LiveKind = LiveKind {
    schemes: &["stdin"],
    title: "Standard input",
    about: "Reads NDJSON or CSV rows from a pipe until it ends; packed with gzip or zstd, too.",
    example: "stdin:",
    settings: &[],
    origin: Origin::Pipe,
    can_wait: true,
    rereadable: false,
    reconnects: false,
    open,
};

const READ_BYTES: usize = 1 << 16;

fn open(url: &FeedUrl, expect: Expect) -> Result<Box<dyn Opened>> {
    if io::stdin().is_terminal() {
        return Err(Fault::new("the standard input is a terminal").at(url.shown()).hint(Setting::Pipe));
    }
    let input = standard_input().map_err(|error| Fault::io(url.shown(), &error))?;
    Ok(Box::new(rows(input, url, &expect)?))
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
///
/// # Errors
/// When the address names a format that has no records.
pub fn rows(input: impl Arriving + Send + 'static, url: &FeedUrl, expect: &Expect) -> Result<Stream> {
    let decoder = StreamDecoder::new(url, Path::new("stdin"), expect)?;
    let pipe = Decompressed::new(Pipe { input, scratch: vec![0; READ_BYTES] }, url.shown());
    Ok(Stream::new(Box::new(pipe), decoder))
}

/// Bytes from a pipe.
struct Pipe<R> {
    input: R,
    scratch: Vec<u8>,
}

impl<R: Arriving + Send> ByteSource for Pipe<R> {
    fn poll(&mut self, wait: Duration, into: &mut Vec<u8>) -> Result<ByteEvent> {
        let fault = |error: io::Error| Fault::io("stdin:", &error);
        if !self.input.arrived(wait).map_err(fault)? {
            return Ok(ByteEvent::Quiet);
        }
        match self.input.read(&mut self.scratch) {
            Ok(0) => Ok(ByteEvent::End),
            Ok(n) => {
                into.extend_from_slice(self.scratch.get(..n).unwrap_or_default());
                Ok(ByteEvent::Bytes(Instant::now()))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {
                Ok(ByteEvent::Quiet)
            }
            Err(error) => Err(fault(error)),
        }
    }
}
