//! Rows from a source of bytes: a pipe, a socket, or what was recorded of them. Only the columns asked for are decoded.
//! Where the bytes come from is `byte_source`'s, cutting and decoding `stream_decoder`'s.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::SchemaRef;

use super::byte_source::{Break, ByteEvent, ByteSource};
use super::deduplicate::Deduplicator;
use super::flush_timer::{FlushTimer, POLL_PAUSE};
use super::stream_decoder::StreamDecoder;
use super::stream_format::StreamFormat;
use super::stream_parts::StreamParts;
use super::{Event, Opened, ReadOptions, Reading, unsettled};
use crate::data::{Chunk, Fault, Result};

/// Decodes what a source of bytes says. Positions are bytes.
pub struct Stream {
    raw: Box<dyn ByteSource>,
    decoder: StreamDecoder,
    /// Told when the rows before it are handed out.
    pending: Option<ByteEvent>,
    told: VecDeque<Event>,
    numbers: Option<Deduplicator>,
    ended: bool,
    /// The position at which it shall end.
    stop: Option<u64>,
}

/// A stream whose rows are handed out.
struct Rows {
    stream: Stream,
    flush_timer: FlushTimer,
}

/// How long a break may wait for the schema to be settled from the rows before it.
const HELD: Duration = Duration::from_millis(300);

impl Stream {
    pub fn new(raw: Box<dyn ByteSource>, decoder: StreamDecoder) -> Self {
        Self { raw, decoder, pending: None, told: VecDeque::new(), numbers: None, ended: false, stop: None }
    }

    /// The messages are numbered by this field.
    #[must_use]
    pub fn numbered(self, field: Option<&String>) -> Self {
        Self { numbers: field.map(|field| Deduplicator::new(field)), ..self }
    }

    /// Reads a recording from its first row; `raw` must be one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn recorded(mut raw: Box<dyn ByteSource>, source: Arc<str>, shape: StreamFormat) -> Result<Self> {
        raw.seek(shape.header)?;
        Ok(Self::new(raw, StreamDecoder::shaped(source, shape)))
    }

    /// Reads once if something arrives before `until`.
    fn read_bytes(&mut self, until: Instant) -> Result<()> {
        if self.ended || self.pending.is_some() || self.decoder.full() {
            return Ok(());
        }
        let wait = until.saturating_duration_since(Instant::now());
        match self.raw.poll(wait, self.decoder.room())? {
            ByteEvent::Bytes(at) => self.decoder.arrived(at),
            ByteEvent::Quiet => {}
            ByteEvent::End => self.ended = true,
            said => self.pending = Some(said),
        }
        if let Some(stop) = self.stop
            && self.decoder.reach() >= stop
        {
            self.decoder.cut_at(stop);
            (self.ended, self.pending) = (true, None);
        }
        Ok(())
    }

    /// Begins at this byte of a recording.
    fn resume(&mut self, from: u64) -> Result<()> {
        let begin = self.raw.seek(from)?;
        (self.pending, self.ended) = (None, false);
        let at = self.decoder.resume(from, &begin)?;
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
        // There may be no row before the end.
        self.ended |= self.decoder.reach() >= stop;
        Ok(())
    }

    /// What a break means for the bytes after it; the rows before it are out.
    fn pass(&mut self, said: ByteEvent) -> Result<()> {
        match said {
            ByteEvent::Gap(Break { reason, lost, torn, anew }) => {
                if lost > 0 || anew {
                    self.decoder.give_up(if anew {
                        "the feed ended before this record was complete"
                    } else {
                        "the end of this record is lost"
                    })?;
                }
                if lost > 0 {
                    self.decoder.lose(lost, torn);
                }
                if anew {
                    self.decoder.begin_anew();
                }
                self.told.push_back(Event::Gap { reason });
            }
            ByteEvent::Trouble { reason } => self.told.push_back(Event::Trouble { reason }),
            ByteEvent::Note { reason } => self.told.push_back(Event::Note { reason }),
            ByteEvent::Bytes(_) | ByteEvent::Quiet | ByteEvent::End => {}
        }
        Ok(())
    }
}

impl Opened for Stream {
    fn settle(&mut self, wait: Duration) -> Result<Option<SchemaRef>> {
        let deadline = Instant::now() + wait;
        let mut held: Option<Instant> = None;
        loop {
            if let Some(schema) = self.decoder.settle(self.ended, false)? {
                return Ok(Some(schema));
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(None);
            }
            if self.pending.is_some() {
                // What came before a break is looked at first, for a while.
                if self.decoder.waiting() == 0 || held.get_or_insert(now).elapsed() > HELD {
                    if let Some(said) = self.pending.take() {
                        self.pass(said)?;
                    }
                    held = None;
                } else {
                    std::thread::sleep(POLL_PAUSE.min(deadline - now));
                }
            }
            self.read_bytes(deadline.min(now + POLL_PAUSE))?;
        }
    }

    fn read(mut self: Box<Self>, options: &ReadOptions) -> Result<Box<dyn Reading>> {
        let Some(schema) = self.decoder.schema().cloned() else { return Err(unsettled(self.decoder.source())) };
        let mut columns = options.columns_of(&schema);
        if let Some(numbers) = &mut self.numbers {
            columns = numbers.project(&schema, &columns);
            if let Some(last) = options.count_from {
                numbers.after(last);
            }
        }
        self.decoder.project(&columns);
        self.decoder.require(options.vital.as_deref());
        if let Some(from) = options.start() {
            self.resume(from)?;
        }
        if let Some(stop) = options.stop() {
            self.stop_at(stop)?;
        }
        Ok(Box::new(Rows { stream: *self, flush_timer: FlushTimer::default() }))
    }

    fn mark(&self) -> Vec<u8> {
        self.raw.mark()
    }

    fn into_parts(self: Box<Self>) -> Option<StreamParts> {
        let Self { raw, decoder, pending, told, ended, .. } = *self;
        let shape = decoder.shape().cloned();
        let said = |event| match event {
            Event::Gap { reason } => Some(ByteEvent::Gap(Break { reason, ..Break::default() })),
            Event::Trouble { reason } => Some(ByteEvent::Trouble { reason }),
            Event::Note { reason } => Some(ByteEvent::Note { reason }),
            Event::Chunk(_) | Event::Numbers(_) | Event::Quiet | Event::End => None,
        };
        let pending = told.into_iter().filter_map(said).chain(pending).chain(ended.then_some(ByteEvent::End)).collect();
        Some(StreamParts { raw, bytes: decoder.from_header(), shape, pending })
    }
}

impl Reading for Rows {
    fn poll(&mut self, wait: Duration) -> Result<Event> {
        let deadline = Instant::now() + wait;
        let Self { stream, flush_timer } = self;
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
                || stream.decoder.full()
                || flush_timer.due(now)
            {
                if let Some(chunk) = stream.decoder.take(stream.ended)? {
                    flush_timer.mark(now);
                    let Some(numbers) = &mut stream.numbers else { return Ok(Event::Chunk(chunk)) };
                    let (frame, said) =
                        numbers.own(chunk.frame).map_err(|fault| fault.at(&**stream.decoder.source()))?;
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
            stream.read_bytes(flush_timer.or(now, deadline))?;
        }
    }
}
