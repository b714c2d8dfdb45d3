//! `ws:` and `wss:`: rows from a WebSocket, one JSON message after another, for as long as it takes.
//! Taking messages apart is `messages`'s, the connection itself `link`'s.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::SchemaRef;

use super::beat::{Beat, LOOK};
use super::link::{Heard, Link};
use super::messages::Lines;
use super::pull::split;
use super::{Event, Expect, FeedUrl, Live, LiveKind, Setting};
use crate::data::chunk::{CHUNK_BYTES, CHUNK_ROWS};
use crate::data::format::{self, Decoder, Kind, Sniff};
use crate::data::{Chunk, Fault, Reject, Rejects, Result};

pub const KIND: LiveKind = LiveKind {
    schemes: &["ws", "wss"],
    title: "WebSocket",
    about: "Receives JSON messages from a server; connects again when the connection is lost.",
    example: "wss://example.org/events?subscribe={\"channel\":\"trades\"}",
    settings: &[
        Setting { name: "subscribe", about: "a message to send after connecting", default: "none" },
        Setting { name: "query", about: "what the server shall see after a question mark", default: "nothing" },
    ],
    can_wait: false,
    rereadable: false,
    open,
};

/// How long the first message may wait for more, so that the schema is settled from more than one.
const PATIENCE: Duration = Duration::from_millis(120);
const ENOUGH_ROWS: usize = 100;
/// A feed that sends this many messages and no row is not one of ours.
const ENOUGH_REFUSED: usize = 20;
/// A connection that is lost this soon, before it gave a row, is an error rather than trouble.
const EARLY: Duration = Duration::from_secs(10);
const BACK_OFF: Duration = Duration::from_millis(250);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);

fn open(url: &FeedUrl, expect: Expect) -> Result<Box<dyn Live>> {
    let name = url.params.get("format").map_or("json", String::as_str);
    if !["json", "ndjson"].contains(&name) {
        return Err(Fault::new(format!("WebSocket feeds cannot be read as '{name}'")).at(url.shown()).hint("leave format out: messages are read as JSON"));
    }
    super::link::check(url)?;
    Ok(Box::new(WebSocket {
        source: url.shown().into(),
        url: url.clone(),
        expect,
        link: None,
        opened: None,
        lost: None,
        failures: 0,
        next_try: None,
        decoder: None,
        columns: Vec::new(),
        since: None,
        message: 0,
        first: 0,
        bytes: 0,
        lines: Lines::default(),
        rejects: Rejects::default(),
        ready: VecDeque::new(),
        events: VecDeque::new(),
        beat: Beat::default(),
    }))
}

struct WebSocket {
    source: Arc<str>,
    url: FeedUrl,
    expect: Expect,
    link: Option<Link>,
    /// When it was connected for the first time.
    opened: Option<Instant>,
    /// Since when the connection is lost.
    lost: Option<Instant>,
    /// Attempts since a message was last received.
    failures: u32,
    next_try: Option<Instant>,
    decoder: Option<Arc<dyn Decoder>>,
    columns: Vec<usize>,
    /// When the first row was received.
    since: Option<Instant>,
    /// Messages received, messages handed out, and bytes of those between.
    message: u64,
    first: u64,
    bytes: u64,
    lines: Lines,
    rejects: Rejects,
    ready: VecDeque<Chunk>,
    events: VecDeque<Event>,
    beat: Beat,
}

impl WebSocket {
    fn full(&self) -> bool {
        self.lines.rows() >= CHUNK_ROWS || self.lines.bytes.len() >= CHUNK_BYTES
    }

    /// Whether something was received that is to be handed out.
    fn some(&self) -> bool {
        self.lines.rows() > 0 || !self.rejects.is_empty()
    }

    /// Receives messages until there is enough for a chunk, or until `deadline`.
    fn listen(&mut self, deadline: Instant) {
        loop {
            let until = if self.some() { self.beat.or(Instant::now(), deadline) } else { deadline };
            let Some(link) = &mut self.link else { return };
            match link.hear(until) {
                Heard::Payload(payload) => self.receive(&payload),
                Heard::Nothing => return,
                Heard::Lost(reason) => return self.lose(&reason),
            }
            let now = Instant::now();
            if self.full() || self.beat.due(now) || now >= deadline {
                return;
            }
        }
    }

    fn receive(&mut self, payload: &[u8]) {
        self.failures = 0;
        self.message += 1;
        self.bytes += payload.len() as u64;
        let (source, rejects, message) = (&self.source, &mut self.rejects, self.message);
        self.lines.add(payload, message, |refused| rejects.push(Reject::new(source, message, refused.reason, refused.body)));
    }

    /// The connection is gone: it will be tried again a while later.
    fn lose(&mut self, reason: &str) {
        let now = Instant::now();
        self.link = None;
        self.lost.get_or_insert(now);
        let wait = BACK_OFF.saturating_mul(1 << self.failures.min(7)).min(LONGEST_BACK_OFF);
        // Many that lost the same server shall not come back all at once.
        let wait = wait.mul_f64(0.75 + 0.5 * fastrand::f64()).min(LONGEST_BACK_OFF);
        self.failures = self.failures.saturating_add(1);
        self.next_try = Some(now + wait);
        self.events.push_back(Event::Trouble { reason: format!("{reason}; trying again in {:.1} s", wait.as_secs_f64()) });
    }

    fn connect(&mut self) -> Result<()> {
        self.link = Some(Link::connect(&self.url)?);
        let now = Instant::now();
        self.opened.get_or_insert(now);
        if let Some(lost) = self.lost.take() {
            let seconds = now.duration_since(lost).as_secs_f64();
            let reason = format!("connection lost for {seconds:.1} s; what was sent meanwhile cannot be known");
            self.events.push_back(Event::Gap { reason });
        }
        Ok(())
    }

    /// Waits for the time of the next attempt, and makes it.
    fn reconnect(&mut self, deadline: Instant) {
        let now = Instant::now();
        let next = self.next_try.unwrap_or(now);
        if now < next {
            std::thread::sleep(next.min(deadline) - now);
        }
        if next <= deadline
            && let Err(fault) = self.connect()
        {
            self.lose(&fault.what);
        }
    }

    /// Settles the schema from what was received.
    fn sniff(&mut self) -> Result<SchemaRef> {
        let lines = format::FORMATS.iter().find(|format| format.name == "ndjson").map(|format| &format.kind);
        let Some(Kind::Text { sniff }) = lines else {
            return Err(Fault::new("this build cannot read JSON").at(&*self.source));
        };
        let sniff = sniff(&Sniff { source: self.source.clone(), head: &self.lines.bytes, whole: false, known: self.expect.known.clone() });
        let decoder = sniff.map_err(|fault| fault.at(&*self.source))?;
        let schema = decoder.schema().clone();
        self.columns = (0..schema.len()).collect();
        self.decoder = Some(decoder);
        Ok(schema)
    }

    /// Decodes what was received since the last time.
    fn decode(&mut self) -> Result<()> {
        let Some(decoder) = &self.decoder else { return Ok(()) };
        let decoded = decoder.decode(&self.lines.bytes, 1, &self.columns)?;
        let mut rejects = std::mem::take(&mut self.rejects);
        let mut refused = decoded.rejects;
        for reject in &mut refused.kept {
            let line = usize::try_from(reject.line).unwrap_or(0);
            reject.line = self.lines.message.get(line.saturating_sub(1)).copied().unwrap_or(self.message);
        }
        rejects.add(refused);
        let chunk = Chunk {
            frame: decoded.frame,
            source: self.source.clone(),
            partition: 0,
            offsets: self.first..self.message,
            bytes: std::mem::take(&mut self.bytes),
            rejects,
            arrived: Some(Instant::now()),
        };
        self.first = self.message;
        self.lines.clear();
        split(chunk, &mut self.ready);
        Ok(())
    }

    /// Why there will be no schema, if it is plain by now.
    fn hopeless(&self) -> Option<Fault> {
        if self.rejects.count < ENOUGH_REFUSED as u64 {
            return None;
        }
        let body: String = self.rejects.kept.first().map(|first| first.body.chars().take(80).collect()).unwrap_or_default();
        let fault = Fault::new(format!("its messages are no JSON objects: the first was '{body}'")).at(&*self.source);
        Some(fault.hint("check the address, and whether the server wants a subscribe message"))
    }
}

impl Live for WebSocket {
    fn settle(&mut self, wait: Duration) -> Result<Option<SchemaRef>> {
        if let Some(decoder) = &self.decoder {
            return Ok(Some(decoder.schema().clone()));
        }
        let deadline = Instant::now() + wait;
        if self.opened.is_none() {
            self.connect()?;
        }
        loop {
            let rows = self.lines.rows();
            if rows > 0 {
                let since = *self.since.get_or_insert_with(Instant::now);
                if rows >= ENOUGH_ROWS || since.elapsed() >= PATIENCE || self.link.is_none() {
                    match self.sniff() {
                        Ok(schema) => return Ok(Some(schema)),
                        // The first message may be broken and the next ones right.
                        Err(_) if rows < ENOUGH_REFUSED && self.link.is_some() => {}
                        Err(fault) => return Err(fault),
                    }
                }
            } else if let Some(fault) = self.hopeless() {
                return Err(fault);
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(None);
            }
            if self.link.is_some() {
                self.listen(deadline.min(now + LOOK));
                if self.link.is_none() && self.lines.rows() == 0 && self.opened.is_some_and(|opened| opened.elapsed() < EARLY) {
                    return Err(Fault::new("the server closed the connection before it sent a row")
                        .at(&*self.source)
                        .hint("check whether it wants a subscribe message"));
                }
            } else {
                self.reconnect(deadline);
            }
        }
    }

    fn project(&mut self, columns: &[usize]) {
        columns.clone_into(&mut self.columns);
    }

    fn poll(&mut self, wait: Duration) -> Result<Event> {
        let deadline = Instant::now() + wait;
        loop {
            let now = Instant::now();
            // What came before a break is handed out before the break is told.
            if self.some() && (self.full() || self.link.is_none() || self.beat.due(now)) {
                self.decode()?;
                self.beat.mark(now);
            }
            if let Some(chunk) = self.ready.pop_front() {
                return Ok(Event::Chunk(chunk));
            }
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            if now >= deadline {
                return Ok(Event::Quiet);
            }
            if self.link.is_some() {
                self.listen(deadline);
            } else {
                self.reconnect(deadline);
            }
        }
    }
}
