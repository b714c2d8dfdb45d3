//! Feeds as bytes: what a pipe or a socket sends, before it is decoded, so that it can be recorded as it came.
//! Turning it into rows is `stream`'s, keeping it the engine's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::data::{Fault, Result};

/// A source of bytes of text, in whole or partial lines. Dropping it closes the connection.
pub trait ByteSource: Send {
    /// The next event; bytes are appended to `into`. Blocks at most `wait`.
    ///
    /// # Errors
    /// When nothing more can be had from it.
    fn poll(&mut self, wait: Duration, into: &mut Vec<u8>) -> Result<ByteEvent>;

    /// Goes to the byte `to` of a recording, and says what the stream that holds it began with: its header.
    ///
    /// # Errors
    /// When this is no recording, or it does not reach so far.
    fn seek(&mut self, to: u64) -> Result<StreamStart> {
        let _ = to;
        Err(Fault::new("this feed cannot be read again").hint("what was recorded of it can"))
    }

    /// Tells a recording from another at the same place; empty for a source that is no recording.
    fn mark(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// The stream that a position of a recording belongs to; a recording that was taken up again holds several.
#[derive(Clone, Debug)]
pub struct StreamStart {
    /// Where it begins.
    pub at: u64,
    /// Its first bytes; empty where they are not known.
    pub head: Arc<[u8]>,
}

/// An event of a source of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ByteEvent {
    /// Bytes were appended; they arrived at this time.
    Bytes(Instant),
    /// Nothing within the wait.
    Quiet,
    Gap(Break),
    /// Something that a person should know, and that has passed.
    Note {
        reason: String,
    },
    Trouble {
        reason: String,
    },
    End,
}

/// A break in the bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Break {
    /// For a person.
    pub reason: String,
    /// Bytes of a recording that cannot be had any more.
    pub lost: u64,
    /// What follows begins in the middle of a line.
    pub torn: bool,
    /// What follows is a stream with a beginning of its own.
    pub anew: bool,
}
