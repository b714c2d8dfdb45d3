//! Between a socket and the WebSocket library, which gives a connection up for a message that is too long or whose text
//! is not UTF-8. Here such a message is cut to its beginning, and text goes on as bytes: one bad message costs no
//! others. What becomes of it is left to `ws`.

use std::collections::VecDeque;
use std::io::{self, Cursor, Read, Write};

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};

/// Bytes that are kept of a message that is too long.
const KEPT: u64 = 1 << 10;

/// A stream of which the messages come out no longer than `limit`.
#[derive(Debug)]
pub struct MessageLimit<S> {
    inner: S,
    limit: u64,
    /// Read, and not looked at yet.
    input: Vec<u8>,
    /// To be handed out, and how much of it was.
    output: Vec<u8>,
    given: usize,
    scratch: Vec<u8>,
    step: Step,
    /// Messages that have ended, and the length so far of the one that has not.
    ended: u64,
    length: u64,
    /// Messages that were cut: the number of each, from 0, and its length.
    cut: VecDeque<(u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The server's answer in HTTP, up to its empty line.
    Answer {
        line: usize,
    },
    Header,
    /// The rest of a frame: how much is handed on, how much is not, and whether it ends a message.
    Frame {
        keep: u64,
        drop: u64,
        ends: bool,
    },
    /// The bytes are no frames: the library refuses them.
    Broken,
}

impl<S> MessageLimit<S> {
    pub fn new(inner: S, limit: u64) -> Self {
        let step = Step::Answer { line: 0 };
        Self {
            inner,
            limit,
            input: Vec::new(),
            output: Vec::new(),
            given: 0,
            scratch: vec![0; 64 << 10],
            step,
            ended: 0,
            length: 0,
            cut: VecDeque::new(),
        }
    }

    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// How long message number `number` was, if it was cut. To be asked for one after another.
    pub fn was_cut(&mut self, number: u64) -> Option<u64> {
        let (_, length) = self.cut.front().copied().filter(|(cut, _)| *cut == number)?;
        self.cut.pop_front();
        Some(length)
    }

    /// Goes on with what was read, as far as that is possible.
    fn sift(&mut self) {
        let input = std::mem::take(&mut self.input);
        let mut rest = input.as_slice();
        while !rest.is_empty() {
            rest = match self.step {
                Step::Answer { line } => self.answer(rest, line),
                Step::Broken => self.pass(rest, rest.len() as u64),
                Step::Frame { keep, drop, ends } if keep > 0 => {
                    let before = rest.len();
                    let rest = self.pass(rest, keep);
                    self.step = Step::Frame { keep: keep - (before - rest.len()) as u64, drop, ends };
                    rest
                }
                Step::Frame { drop, ends, .. } => {
                    let (_, rest_of) = rest.split_at(usize::try_from(drop).unwrap_or(usize::MAX).min(rest.len()));
                    self.step = Step::Frame { keep: 0, drop: drop - (rest.len() - rest_of.len()) as u64, ends };
                    rest_of
                }
                Step::Header => match self.header(rest) {
                    Some(rest) => rest,
                    // The rest of the header is still to come.
                    None => break,
                },
            };
            if let Step::Frame { keep: 0, drop: 0, ends } = self.step {
                self.step = Step::Header;
                if ends {
                    self.end();
                }
            }
        }
        self.input = rest.to_vec();
    }

    fn pass<'a>(&mut self, bytes: &'a [u8], most: u64) -> &'a [u8] {
        let (now, later) = bytes.split_at(usize::try_from(most).unwrap_or(usize::MAX).min(bytes.len()));
        self.output.extend_from_slice(now);
        later
    }

    fn answer<'a>(&mut self, bytes: &'a [u8], mut line: usize) -> &'a [u8] {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if line == 0 => {
                    self.step = Step::Header;
                    return self.pass(bytes, at as u64 + 1);
                }
                b'\n' => line = 0,
                b'\r' => {}
                _ => line += 1,
            }
        }
        self.step = Step::Answer { line };
        self.pass(bytes, bytes.len() as u64)
    }

    /// Reads the header of a frame and hands out the one that it shall have; `None` when it is not whole.
    fn header<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let mut cursor = Cursor::new(bytes);
        let (mut header, length) = match FrameHeader::parse(&mut cursor) {
            Ok(found) => found?,
            Err(_) => {
                self.step = Step::Broken;
                return Some(bytes);
            }
        };
        let rest = bytes.get(usize::try_from(cursor.position()).unwrap_or(usize::MAX)..).unwrap_or_default();
        let mut keep = length;
        let data = matches!(header.opcode, OpCode::Data(_));
        if data {
            if header.opcode == OpCode::Data(Data::Text) {
                header.opcode = OpCode::Data(Data::Binary);
            }
            let before = self.length;
            self.length = before.saturating_add(length);
            if self.length > self.limit {
                keep = length.min(if before == 0 { KEPT } else { 0 });
                // Said before the library has the message, which it may have long before the rest has come.
                if header.is_final {
                    self.cut.push_back((self.ended, self.length));
                }
            }
        }
        // Writing to memory does not fail.
        let _ = header.format(keep, &mut self.output);
        self.step = Step::Frame { keep, drop: length - keep, ends: data && header.is_final };
        Some(rest)
    }

    fn end(&mut self) {
        (self.ended, self.length) = (self.ended + 1, 0);
    }
}

impl<S: Read> Read for MessageLimit<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given >= self.output.len() {
            self.output.clear();
            self.given = 0;
            let n = self.inner.read(&mut self.scratch)?;
            if n == 0 {
                return Ok(0);
            }
            self.input.extend_from_slice(self.scratch.get(..n).unwrap_or_default());
            self.sift();
        }
        let n = self.output.get(self.given..).unwrap_or_default().read(into)?;
        self.given += n;
        Ok(n)
    }
}

impl<S: Write> Write for MessageLimit<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
