//! A file of text that grows: followed from its beginning (or `from`) to its end or for ever. Watching for its end is
//! `tail`'s, files that another took the place of `rotation`'s, cutting and decoding `stream_decoder`'s.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use polars::prelude::SchemaRef;

use super::not_followed;
use super::rotation::{self, Between, Left, UNFINISHED};
use super::tail::{Identity, Standing, State, Tail};
use crate::data::{Chunk, Fault, Result};
use crate::source::live::flush_timer::{FlushTimer, POLL_PAUSE};
use crate::source::live::stream_decoder::StreamDecoder;
use crate::source::live::{Event, Opened, ReadOptions, Reading, unsettled};
use crate::source::packing::Packing;

/// How long a file may be away, as it is in the middle of a rotation, before that is trouble.
const AWAY: Duration = Duration::from_secs(1);
const READ_BYTES: usize = 1 << 18;

/// A file of records, from its beginning (or `from`) to its end or for ever.
pub struct Following {
    path: PathBuf,
    follow: bool,
    from: u64,
    /// Where to end, if only the past is wanted.
    until: Option<u64>,
    /// What the file begins with that `until` is of; empty for whichever is read.
    until_in: Vec<u8>,
    /// Whether a file is read first that stood at the path before.
    turned: bool,
    decoder: StreamDecoder,
    tail: Option<Tail>,
    /// Whether reading has begun at `from`; the types are settled from the file's beginning.
    jumped: bool,
    /// Another file stands at the path: what is left of this one is its end.
    leaving: bool,
    /// Since when that is so, and nothing came of it.
    quiet: Option<Instant>,
    /// Files that another took the place of.
    left: Left,
    /// Those of the past that were read: none of them is read twice.
    read: Vec<Identity>,
    /// Since when nothing stands at the path.
    away: Option<Instant>,
    /// Whether a person was told that it is away.
    told: bool,
    /// Whether the lines before `from` were counted.
    lines_known: bool,
    events: VecDeque<Event>,
    flush_timer: FlushTimer,
    scratch: Vec<u8>,
}

impl Following {
    pub fn new(path: PathBuf, follow: bool, from: u64, tail: Option<Tail>, decoder: StreamDecoder) -> Self {
        Self {
            path,
            follow,
            from,
            until: None,
            until_in: Vec::new(),
            turned: false,
            decoder,
            tail,
            jumped: from == 0,
            leaving: false,
            quiet: None,
            left: Left::default(),
            read: Vec::new(),
            away: None,
            told: false,
            lines_known: from == 0,
            events: VecDeque::new(),
            flush_timer: FlushTimer::default(),
            scratch: vec![0; READ_BYTES],
        }
    }

    /// Where the file ends that is read now, if only the past is wanted and it is of this one.
    fn bound(&self) -> Option<u64> {
        let begins = |tail: &Tail| tail.beginning().starts_with(&self.until_in);
        self.until.filter(|_| self.tail.as_ref().is_none_or(begins))
    }

    fn fault(&self, error: &io::Error) -> Fault {
        Fault::io(self.path.display().to_string(), error)
    }

    /// Reads what is there, up to a full chunk. True when the end was reached.
    fn fill(&mut self) -> Result<bool> {
        let bound = self.bound();
        let Some(tail) = &mut self.tail else { return Ok(true) };
        let fault = |error: &io::Error| Fault::io(self.path.display().to_string(), error);
        match tail.state().map_err(|e| fault(&e))? {
            State::Still => return Ok(true),
            State::Rewritten { now } => {
                let was = tail.at();
                let copy =
                    if self.follow { rotation::copy_of(&self.path, tail.beginning(), was, tail.last()) } else { None };
                if !self.follow {
                    let what = format!("the file shrank from {was} to {now} bytes while it was read");
                    return Err(Fault::new(what)
                        .at(self.path.display().to_string())
                        .hint("read it again when it is complete"));
                }
                tail.restart().map_err(|e| fault(&e))?;
                self.lines_known = true;
                self.jumped = true;
                let rest = match (copy, self.decoder.shape().cloned()) {
                    (Some(copy), Some(shape)) => {
                        let (at, line) = self.decoder.next();
                        self.left.push(copy, self.decoder.source(), shape, self.decoder.columns(), at, line);
                        "what stood in it is read from its copy, and what was written after that is unknown"
                    }
                    _ => {
                        self.decoder.give_up("the file was truncated before this record was complete")?;
                        "what stood in it unread is unknown"
                    }
                };
                self.decoder.begin_again();
                let reason =
                    if now < was { format!("truncated from {was} to {now} bytes") } else { "written anew".to_owned() };
                self.events.push_back(Event::Gap { reason: format!("the file was {reason}; {rest}") });
                return Ok(false);
            }
            State::Grown => {}
        }
        // A file that was empty when it was opened, or that took the place of another.
        if tail.at() == 0 && Packing::of(tail.beginning()) != Packing::Plain {
            return Err(not_followed(&self.path));
        }
        while !self.decoder.full() {
            let room = bound.map_or(u64::MAX, |until| until.saturating_sub(tail.at()));
            let room = usize::try_from(room).unwrap_or(usize::MAX).min(self.scratch.len());
            let n = tail.read(self.scratch.get_mut(..room).unwrap_or_default()).map_err(|e| fault(&e))?;
            if n == 0 {
                return Ok(true);
            }
            self.decoder.push(self.scratch.get(..n).unwrap_or_default());
            self.quiet = None;
        }
        Ok(false)
    }

    /// Opens the file when there is none open. False when there is still none.
    fn find(&mut self) -> Result<bool> {
        if self.tail.is_some() {
            return Ok(true);
        }
        match Tail::open(&self.path) {
            Ok(tail) => {
                self.tail = Some(tail);
                (self.away, self.told) = (None, false);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !self.told {
                    self.told = true;
                    self.events
                        .push_back(Event::Trouble { reason: "there is no such file yet; waiting for it".to_owned() });
                }
                Ok(false)
            }
            Err(error) => Err(self.fault(&error)),
        }
    }

    /// Turns to the file that stands at the path now.
    fn next(&mut self) -> Result<()> {
        let (at, line) = self.decoder.next();
        let mut came = Between::default();
        if let Some(old) = self.tail.take() {
            let known = |id| self.left.holds(id) || self.read.contains(&id);
            came = rotation::between(&self.path, &old, known);
            if self.until.is_some() {
                self.read.push(old.identity());
            }
            // What still comes to it is no more of the past.
            if let Some(shape) = self.decoder.shape().cloned().filter(|_| self.until.is_none()) {
                self.left.push(old, self.decoder.source(), shape, self.decoder.columns(), at, line);
            }
        }
        if let Some(lost) = came.lost {
            self.events.push_back(Event::Gap { reason: lost });
        }
        self.leaving = false;
        self.quiet = None;
        self.lines_known = true;
        self.decoder.begin_again();
        // A file that came and went is read where it is now; then the file after it.
        self.tail = came.first.and_then(|path| Tail::open_for(&path, &self.path).ok());
        self.find().map(|_| ())
    }

    /// At the end of a followed file: does it still stand at the path?
    fn look_around(&mut self) -> Result<()> {
        let Some(tail) = &self.tail else { return Ok(()) };
        match tail.standing().map_err(|e| self.fault(&e))? {
            Standing::Same => (self.away, self.told) = (None, false),
            Standing::Other => self.leaving = true,
            Standing::Gone => {
                let since = *self.away.get_or_insert_with(Instant::now);
                if since.elapsed() > AWAY && !self.told {
                    self.told = true;
                    self.events.push_back(Event::Trouble {
                        reason: "the file is gone; waiting for it to come back".to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Begins at `from`, now that the types are settled.
    fn jump(&mut self) -> Result<()> {
        self.jumped = true;
        let from = self.from.max(self.decoder.header());
        let Some(tail) = &mut self.tail else { return Ok(()) };
        if let Err(error) = tail.seek(from) {
            return Err(self.fault(&error));
        }
        self.decoder.seek(from, 1);
        Ok(())
    }

    /// Numbers the lines of rejects by the file's own count. The lines before `from` are only counted if there are any.
    fn number(&mut self, mut chunk: Chunk) -> Chunk {
        if self.lines_known || chunk.rejects.all().next().is_none() {
            return chunk;
        }
        let from = self.from.max(self.decoder.header());
        // Without the count the lines are numbered from `from`: no reason to lose the rows.
        let before = self.tail.as_mut().and_then(|tail| tail.lines_before(from).ok()).unwrap_or(0);
        self.lines_known = true;
        self.decoder.add_lines(before);
        for reject in chunk.rejects.kept.iter_mut().chain(&mut chunk.rejects.cells.kept) {
            reject.line += before;
        }
        chunk
    }

    /// One step: an event, or `None` when there is nothing just now.
    fn step(&mut self) -> Result<Option<Event>> {
        if !self.jumped {
            self.jump()?;
        }
        if !self.find()? {
            return Ok(self.events.pop_front());
        }
        let at_end = self.fill()?;
        if let Some(event) = self.events.pop_front() {
            return Ok(Some(event));
        }
        let past = self.bound().is_some();
        let now = Instant::now();
        // A line that another process is in the middle of is given a while.
        let unfinished =
            self.leaving && self.decoder.waiting() > 0 && self.quiet.get_or_insert(now).elapsed() < UNFINISHED;
        let over = at_end && ((self.leaving && !unfinished) || !self.follow || past);
        if over || self.decoder.full() || self.flush_timer.due(now) {
            if let Some(chunk) = self.decoder.take(over)? {
                self.flush_timer.mark(now);
                return Ok(Some(Event::Chunk(self.number(chunk))));
            }
            if over && (!self.follow || past) {
                return Ok(Some(Event::End));
            }
        }
        if let Some(chunk) = self.left.take(&mut self.scratch)? {
            return Ok(Some(Event::Chunk(chunk)));
        }
        if over {
            self.next()?;
        } else if at_end && !self.leaving {
            self.look_around()?;
            if self.leaving {
                // The old file may have grown before it was moved away: it is read to its end once more.
                return self.step();
            }
            if self.until.is_some() && self.away.is_none() {
                // What was wanted is gone: nothing of it comes any more.
                return Ok(Some(self.decoder.take(true)?.map_or(Event::End, Event::Chunk)));
            }
        }
        Ok(self.events.pop_front())
    }
}

impl Opened for Following {
    fn settle(&mut self, wait: Duration) -> Result<Option<SchemaRef>> {
        let deadline = Instant::now() + wait;
        loop {
            let at_end = if self.find()? { self.fill()? } else { false };
            let over = at_end && (!self.follow || self.leaving);
            if over && self.follow && !self.decoder.begun() {
                // A header alone was moved away: the types are those of the next file.
                self.next()?;
            } else if let Some(schema) = self.decoder.settle(over, at_end)? {
                return Ok(Some(schema));
            } else if at_end && self.follow {
                self.look_around()?;
                if self.leaving {
                    continue;
                }
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(None);
            }
            std::thread::sleep(POLL_PAUSE.min(deadline - now));
        }
    }

    fn mark(&self) -> Vec<u8> {
        self.tail.as_ref().map(|tail| tail.beginning().to_vec()).unwrap_or_default()
    }

    /// One with another header cannot be read as this one is.
    fn turn_to(&mut self, mark: &[u8], at: u64) -> bool {
        let header = usize::try_from(self.decoder.header()).unwrap_or(usize::MAX);
        let header = self.tail.as_ref().filter(|_| self.follow).and_then(|tail| tail.beginning().get(..header));
        let found = header.and_then(|header| rotation::that_began(&self.path, mark, header, at));
        let is_found = found.is_some();
        if is_found {
            (self.tail, self.turned) = (found, true);
        }
        is_found
    }

    /// Positions are bytes.
    fn read(mut self: Box<Self>, options: &ReadOptions) -> Result<Box<dyn Reading>> {
        let Some(schema) = self.decoder.schema() else { return Err(unsettled(self.decoder.source())) };
        let columns = options.columns_of(schema);
        self.decoder.project(&columns);
        self.decoder.require(options.vital.as_deref());
        if let Some(from) = options.start() {
            self.from = from;
            (self.jumped, self.lines_known) = (false, from == 0);
        } else if self.turned {
            (self.from, self.jumped, self.lines_known) = (0, false, true);
        } else if self.follow && self.from == 0 {
            // Who followed the file before had the rows of those, too.
            self.events.extend(rotation::not_read(&self.path).map(|reason| Event::Note { reason }));
        }
        if let Some(until) = options.stop() {
            self.until = Some(until);
            self.until_in.clone_from(&options.stop_in);
            // Types may have been settled from bytes beyond it.
            self.jumped = false;
        }
        Ok(self)
    }
}

impl Reading for Following {
    fn mark(&self) -> Vec<u8> {
        Opened::mark(self)
    }

    fn poll(&mut self, wait: Duration) -> Result<Event> {
        let deadline = Instant::now() + wait;
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            if let Some(event) = self.step()? {
                return Ok(event);
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(Event::Quiet);
            }
            std::thread::sleep(self.flush_timer.or(now, deadline).min(now + POLL_PAUSE) - now);
        }
    }
}
