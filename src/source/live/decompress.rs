//! A pipe whose bytes are packed: told by its first bytes, and unpacked as they come, so that what is decoded, counted
//! and recorded is the text. Positions are bytes of that text. How text is unpacked is `packing`'s.

use std::io::{self, BufRead, Read};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use super::byte_source::{ByteEvent, ByteSource};
use crate::data::{Fault, Result};
use crate::source::packing::{MARK_BYTES, Packing};

/// So much text is handed out at once: a few packed bytes may stand for very much of it.
const STEP: usize = 256 << 10;

/// The text of a source of bytes that may be packed.
pub struct Decompressed<R> {
    raw: R,
    /// For error messages.
    source: String,
    state: State,
    /// When the newest bytes arrived.
    at: Instant,
    ended: bool,
    scratch: Vec<u8>,
}

enum State {
    /// Too few bytes came to tell.
    Unknown(Vec<u8>),
    Plain,
    Packed(Stream),
}

struct Stream {
    packing: Packing,
    text: Box<dyn Read + Send>,
    /// Where packed bytes go; `None` when all of them came.
    more: Option<Sender<Vec<u8>>>,
}

impl<R: ByteSource> Decompressed<R> {
    pub fn new(raw: R, source: String) -> Self {
        Self { raw, source, state: State::Unknown(Vec::new()), at: Instant::now(), ended: false, scratch: Vec::new() }
    }

    /// Settles what the source is, now that its beginning is there.
    fn settle(&mut self, head: Vec<u8>, into: &mut Vec<u8>) -> Result<()> {
        let packing = Packing::of(&head);
        if packing == Packing::Plain {
            into.extend_from_slice(&head);
            self.state = State::Plain;
            return Ok(());
        }
        let (more, bytes) = bounded(1);
        let text = packing
            .unpack(Arriving { bytes, piece: Vec::new(), taken: 0 })
            .map_err(|error| Fault::io(&*self.source, &error))?;
        let stream = Stream { packing, text, more: Some(more) };
        stream.give(head)?;
        self.state = State::Packed(stream);
        Ok(())
    }
}

impl Stream {
    /// Takes the next packed bytes; those before them were used up.
    fn give(&self, bytes: Vec<u8>) -> Result<()> {
        let given = self.more.as_ref().is_none_or(|more| more.try_send(bytes).is_ok());
        if given {
            Ok(())
        } else {
            Err(Fault::new("internal error: packed bytes came before those before them were used")
                .hint("please report it with the data"))
        }
    }

    /// Unpacks what is there, up to a step.
    fn file_chunks(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        let before = into.len();
        match (&mut self.text).take(STEP as u64).read_to_end(into) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(into.len() - before),
        }
    }
}

impl<R: ByteSource> ByteSource for Decompressed<R> {
    fn poll(&mut self, wait: Duration, into: &mut Vec<u8>) -> Result<ByteEvent> {
        let deadline = Instant::now() + wait;
        loop {
            match &mut self.state {
                State::Plain if self.ended => return Ok(ByteEvent::End),
                State::Plain => return self.raw.poll(wait, into),
                State::Unknown(head) if head.len() >= MARK_BYTES || self.ended => {
                    let head = std::mem::take(head);
                    let some = !head.is_empty();
                    self.settle(head, into)?;
                    if some && matches!(self.state, State::Plain) {
                        return Ok(ByteEvent::Bytes(self.at));
                    }
                    continue;
                }
                State::Unknown(_) => {}
                State::Packed(stream) => {
                    if self.ended {
                        stream.more = None;
                    }
                    let pulled = stream.file_chunks(into).map_err(|error| {
                        let fault = stream.packing.fault(&error).unwrap_or_else(|| Fault::io("", &error));
                        fault.at(&*self.source)
                    })?;
                    if pulled > 0 {
                        return Ok(ByteEvent::Bytes(self.at));
                    }
                    if self.ended {
                        return Ok(ByteEvent::End);
                    }
                }
            }
            self.scratch.clear();
            match self.raw.poll(deadline.saturating_duration_since(Instant::now()), &mut self.scratch)? {
                ByteEvent::Bytes(at) => {
                    self.at = at;
                    match &mut self.state {
                        State::Unknown(head) => head.extend_from_slice(&self.scratch),
                        State::Packed(stream) => stream.give(std::mem::take(&mut self.scratch))?,
                        State::Plain => into.extend_from_slice(&self.scratch),
                    }
                }
                ByteEvent::End => self.ended = true,
                said => return Ok(said),
            }
        }
    }
}

/// Packed bytes as they come; where none are there just now, a read of them would block.
struct Arriving {
    bytes: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    taken: usize,
}

impl BufRead for Arriving {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.taken >= self.piece.len() {
            match self.bytes.try_recv() {
                Ok(piece) => (self.piece, self.taken) = (piece, 0),
                Err(TryRecvError::Empty) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(TryRecvError::Disconnected) => return Ok(&[]),
            }
        }
        Ok(self.piece.get(self.taken..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.taken = self.taken.saturating_add(amount).min(self.piece.len());
    }
}

impl Read for Arriving {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(into)?;
        self.consume(n);
        Ok(n)
    }
}
