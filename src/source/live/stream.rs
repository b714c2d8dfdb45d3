//! Rows from a source of bytes: a pipe, a socket, or what was recorded of them. Only the columns asked for are decoded.
//! Where the bytes come from is `raw`'s, cutting and decoding `intake`'s.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::SchemaRef;

use super::beat::{Beat, LOOK};
use super::intake::Intake;
use super::numbers::Numbers;
use super::raw::{Break, Raw, Said};
use super::shape::Shape;
use super::{Event, Opened, ReadOptions, Reading, unsettled};
use crate::data::{Chunk, Fault, Result};

/// Decodes what a source of bytes says. Positions are bytes.
pub struct Stream {
    raw: Box<dyn Raw>,
    intake: Intake,
    /// Told when the rows before it are handed out.
    pending: Option<Said>,
    told: VecDeque<Event>,
    numbers: Option<Numbers>,
    ended: bool,
    /// The position at which it shall end.
    stop: Option<u64>,
}

/// A stream whose rows are handed out.
struct Rows {
    stream: Stream,
    beat: Beat,
}

/// How long a break may wait for the schema to be settled from the rows before it.
const HELD: Duration = Duration::from_millis(300);

/// A connection taken apart: what is to come, and what came already.
pub struct Taken {
    pub raw: Box<dyn Raw>,
    /// How they become rows, if that is settled.
    pub shape: Option<Shape>,
    /// The bytes that came already, from the first.
    pub bytes: Vec<u8>,
    /// What came after them and was not told.
    pub pending: Vec<Said>,
}

impl Stream {
    pub fn new(raw: Box<dyn Raw>, intake: Intake) -> Self {
        Self { raw, intake, pending: None, told: VecDeque::new(), numbers: None, ended: false, stop: None }
    }

    /// The messages are numbered by this field.
    #[must_use]
    pub fn numbered(self, field: Option<&String>) -> Self {
        Self { numbers: field.map(|field| Numbers::new(field)), ..self }
    }

    /// Reads a recording from its first row; `raw` must be one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn recorded(mut raw: Box<dyn Raw>, source: Arc<str>, shape: Shape) -> Result<Self> {
        raw.seek(shape.header)?;
        Ok(Self::new(raw, Intake::shaped(source, shape)))
    }

    /// Reads once if something arrives before `until`.
    fn read_bytes(&mut self, until: Instant) -> Result<()> {
        if self.ended || self.pending.is_some() || self.intake.full() {
            return Ok(());
        }
        let wait = until.saturating_duration_since(Instant::now());
        match self.raw.poll(wait, self.intake.room())? {
            Said::Bytes(at) => self.intake.arrived(at),
            Said::Quiet => {}
            Said::End => self.ended = true,
            said => self.pending = Some(said),
        }
        if let Some(stop) = self.stop
            && self.intake.reach() >= stop
        {
            self.intake.cut_at(stop);
            (self.ended, self.pending) = (true, None);
        }
        Ok(())
    }

    /// Begins at this byte of a recording.
    fn resume(&mut self, from: u64) -> Result<()> {
        let begin = self.raw.seek(from)?;
        (self.pending, self.ended) = (None, false);
        let at = self.intake.resume(from, &begin)?;
        if at != from {
            self.raw.seek(at)?;
        }
        Ok(())
    }

    /// Ends at this byte of a recording.
    fn stop_at(&mut self, stop: u64) -> Result<()> {
        if self.raw.mark().is_empty() {
            return Err(Fault::new("this feed cannot be read again").hint("what was recorded of it can"));
        }
        self.stop = Some(stop);
        // There may be nothing before it.
        self.ended |= self.intake.reach() >= stop;
        Ok(())
    }

    /// What a break means for the bytes after it; the rows before it are out.
    fn pass(&mut self, said: Said) -> Result<()> {
        match said {
            Said::Gap(Break { reason, lost, torn, anew }) => {
                if lost > 0 || anew {
                    self.intake.give_up(if anew {
                        "the feed ended before this record was complete"
                    } else {
                        "the end of this record is lost"
                    })?;
                }
                if lost > 0 {
                    self.intake.lose(lost, torn);
                }
                if anew {
                    self.intake.begin_anew();
                }
                self.told.push_back(Event::Gap { reason });
            }
            Said::Trouble { reason } => self.told.push_back(Event::Trouble { reason }),
            Said::Note { reason } => self.told.push_back(Event::Note { reason }),
            Said::Bytes(_) | Said::Quiet | Said::End => {}
        }
        Ok(())
    }
}

impl Opened for Stream {
    fn settle(&mut self, wait: Duration) -> Result<Option<SchemaRef>> {
        let deadline = Instant::now() + wait;
        let mut held: Option<Instant> = None;
        loop {
            if let Some(schema) = self.intake.settle(self.ended, false)? {
                return Ok(Some(schema));
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(None);
            }
            if self.pending.is_some() {
                // What came before a break is looked at first, for a while.
                if self.intake.waiting() == 0 || held.get_or_insert(now).elapsed() > HELD {
                    if let Some(said) = self.pending.take() {
                        self.pass(said)?;
                    }
                    held = None;
                } else {
                    std::thread::sleep(LOOK.min(deadline - now));
                }
            }
            self.read_bytes(deadline.min(now + LOOK))?;
        }
    }

    fn read(mut self: Box<Self>, options: &ReadOptions) -> Result<Box<dyn Reading>> {
        let Some(schema) = self.intake.schema().cloned() else { return Err(unsettled(self.intake.source())) };
        let mut columns = options.columns_of(&schema);
        if let Some(numbers) = &mut self.numbers {
            columns = numbers.project(&schema, &columns);
            if let Some(last) = options.count_from {
                numbers.after(last);
            }
        }
        self.intake.project(&columns);
        self.intake.require(&options.vital);
        if let Some(from) = options.start() {
            self.resume(from)?;
        }
        if let Some(stop) = options.stop() {
            self.stop_at(stop)?;
        }
        Ok(Box::new(Rows { stream: *self, beat: Beat::default() }))
    }

    fn mark(&self) -> Vec<u8> {
        self.raw.mark()
    }

    fn take_apart(self: Box<Self>) -> Option<Taken> {
        let Self { raw, intake, pending, told, ended, .. } = *self;
        let shape = intake.shape().cloned();
        let said = |event| match event {
            Event::Gap { reason } => Some(Said::Gap(Break { reason, ..Break::default() })),
            Event::Trouble { reason } => Some(Said::Trouble { reason }),
            Event::Note { reason } => Some(Said::Note { reason }),
            Event::Chunk(_) | Event::Numbers(_) | Event::Quiet | Event::End => None,
        };
        let pending = told.into_iter().filter_map(said).chain(pending).chain(ended.then_some(Said::End)).collect();
        Some(Taken { raw, bytes: intake.from_header(), shape, pending })
    }
}

impl Reading for Rows {
    fn poll(&mut self, wait: Duration) -> Result<Event> {
        let deadline = Instant::now() + wait;
        let Self { stream, beat } = self;
        loop {
            if let Some(Event::Chunk(_)) = stream.told.front()
                && let Some(chunk) = stream.told.pop_front()
            {
                return Ok(chunk);
            }
            let now = Instant::now();
            if stream.ended
                || stream.pending.is_some()
                || !stream.told.is_empty()
                || stream.intake.full()
                || beat.due(now)
            {
                if let Some(chunk) = stream.intake.take(stream.ended)? {
                    beat.mark(now);
                    let Some(numbers) = &mut stream.numbers else { return Ok(Event::Chunk(chunk)) };
                    let (frame, said) =
                        numbers.own(chunk.frame).map_err(|fault| fault.at(&**stream.intake.source()))?;
                    stream.told.push_front(Event::Chunk(Chunk { frame, ..chunk }));
                    return Ok(Event::Numbers(said));
                }
                if let Some(event) = stream.told.pop_front() {
                    return Ok(event);
                }
                if let Some(said) = stream.pending.take() {
                    // What the break cuts off is set aside before it is told.
                    stream.pass(said)?;
                    continue;
                }
                if stream.ended {
                    return Ok(Event::End);
                }
            }
            if now >= deadline {
                return Ok(Event::Quiet);
            }
            stream.read_bytes(beat.or(now, deadline))?;
        }
    }
}
