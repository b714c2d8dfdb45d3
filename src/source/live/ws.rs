//! `ws:` and `wss:`: rows from a WebSocket, one JSON message after another, for as long as it takes.
//! Taking messages apart is `messages`'s, the connection itself `link`'s.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use super::again::BackOff;
use super::intake::Intake;
use super::link::{Heard, Joined, Joining, Link, MESSAGE_BYTES};
use super::messages::{self, Added};
use super::raw::{Break, Raw, Said};
use super::stream::Stream;
use super::{Expect, FeedUrl, LiveKind, Opened, Origin, Setting};
use crate::data::format::json::NDJSON;
use crate::data::{Fault, Result};

pub const KIND: LiveKind = LiveKind {
    schemes: &["ws", "wss"],
    title: "WebSocket",
    about: "Receives JSON messages from a server; connects again when the connection is lost.",
    example: "wss://example.org/events?subscribe={\"channel\":\"trades\"}",
    settings: &[
        Setting { name: "subscribe", about: "a message to send after connecting", default: "none" },
        Setting { name: "query", about: "what the server shall see after a question mark", default: "nothing" },
        Setting {
            name: "number",
            about: "the field that numbers the messages: one that comes again is counted once, one that is missing is \
                    told",
            default: "none",
        },
        Setting {
            name: "ca",
            about: "a PEM file with the certificate authority to trust, for wss",
            default: "those that browsers trust",
        },
    ],
    origin: Origin::Network,
    can_wait: false,
    rereadable: false,
    reconnects: true,
    open,
};

/// A feed that sends this many messages and no row is not one of ours.
const ENOUGH_REFUSED: usize = 20;
/// A connection that is lost this soon, before it gave a row, is an error rather than trouble.
const EARLY: Duration = Duration::from_secs(10);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);
/// So many first messages of a connection are compared with those of the one before.
const COMPARED: usize = 64;

fn open(url: &FeedUrl, expect: Expect) -> Result<Box<dyn Opened>> {
    let name = url.params.get("format").map_or("json", String::as_str);
    if !["json", "ndjson"].contains(&name) {
        return Err(Fault::new(format!("WebSocket feeds cannot be read as '{name}'"))
            .at(url.shown())
            .hint("leave format out: messages are read as JSON"));
    }
    super::link::check(url)?;
    let intake = Intake::lines(url, &NDJSON, &expect);
    Ok(Box::new(Stream::new(Box::new(WebSocket::new(url)), intake).numbered(url.params.get("number"))))
}

/// The messages of a server as lines.
struct WebSocket {
    url: FeedUrl,
    link: Option<Link>,
    joining: Option<Joining>,
    /// When it was connected for the first time.
    opened: Option<Instant>,
    /// Since when the connection is lost.
    lost: Option<Instant>,
    again: BackOff,
    next_try: Option<Instant>,
    /// Lines received, and how many of them are no rows.
    added: Added,
    first_refused: String,
    /// The first messages of the connection before, those of this one, and how many of them are the same.
    before: HashSet<u32>,
    first: HashSet<u32>,
    repeated: u64,
    news: VecDeque<Said>,
}

/// How much of a message that is no row is shown of it.
const SHOWN: usize = 200;

/// What keeps a message from being text.
fn text_of(payload: &[u8]) -> std::result::Result<(), &'static str> {
    match std::str::from_utf8(payload) {
        Err(_) => Err("that is not valid UTF-8 text"),
        Ok(text) if text.contains('\0') => Err("with zero bytes, which is no text"),
        Ok(_) => Ok(()),
    }
}

/// What is said of a message, as a line that is JSON and no row: it is set aside and counted like any other that is
/// none.
fn no_row(what: &str, payload: &[u8]) -> Vec<u8> {
    let beginning = String::from_utf8_lossy(payload.get(..SHOWN).unwrap_or(payload)).into_owned();
    serde_json::Value::String(format!("{what}, beginning with: {beginning}")).to_string().into_bytes()
}

impl WebSocket {
    fn new(url: &FeedUrl) -> Self {
        Self {
            url: url.clone(),
            link: None,
            joining: None,
            opened: None,
            lost: None,
            again: BackOff::new(LONGEST_BACK_OFF),
            next_try: None,
            added: Added::default(),
            first_refused: String::new(),
            before: HashSet::new(),
            first: HashSet::new(),
            repeated: 0,
            news: VecDeque::new(),
        }
    }

    /// Receives a message, or learns that the connection is gone.
    fn listen(&mut self, until: Instant, into: &mut Vec<u8>) -> Result<Said> {
        let Some(link) = &mut self.link else { return Ok(Said::Quiet) };
        match link.hear(until) {
            Heard::Payload(payload) => match text_of(&payload) {
                Ok(()) => self.receive(&payload, into),
                Err(what) => {
                    self.receive(&no_row(&format!("a message of {} bytes {what}", payload.len()), &payload), into)
                }
            },
            Heard::TooLong(beginning, length) => {
                let what = format!("a message of {length} bytes, more than {} MiB", MESSAGE_BYTES >> 20);
                self.receive(&no_row(&what, &beginning), into)
            }
            Heard::Nothing => Ok(self.tell_again().unwrap_or(Said::Quiet)),
            Heard::Lost(reason, since) => self.lose(&reason, since),
        }
    }

    fn receive(&mut self, payload: &[u8], into: &mut Vec<u8>) -> Result<Said> {
        let added = messages::add(payload, into);
        if added == Added::default() {
            return Ok(Said::Quiet);
        }
        if self.first.len() < COMPARED {
            let hash = crc32fast::hash(payload);
            self.first.insert(hash);
            self.repeated += if self.before.contains(&hash) { added.rows as u64 } else { 0 };
        }
        self.added.rows += added.rows;
        self.added.refused += added.refused;
        if self.added.rows == 0 {
            if self.first_refused.is_empty() {
                self.first_refused = String::from_utf8_lossy(payload).chars().take(80).collect();
            }
            if self.added.refused >= ENOUGH_REFUSED {
                let fault =
                    Fault::new(format!("its messages are no JSON objects: the first was '{}'", self.first_refused))
                        .at(self.url.shown());
                return Err(fault.hint("check the address, and whether the server wants a subscribe message"));
            }
        }
        Ok(Said::Bytes(Instant::now()))
    }

    /// Says once a connection that its server begins with what it sent before.
    fn tell_again(&mut self) -> Option<Said> {
        let again = std::mem::take(&mut self.repeated);
        if again == 0 || self.url.params.contains_key("number") {
            return None;
        }
        let reason = format!(
            "after it was connected again the server sent {again} rows that it had sent before, and they are counted \
             again; name the field that numbers its messages with number=FIELD"
        );
        Some(Said::Note { reason })
    }

    /// The connection is gone: it will be tried again a while later.
    fn lose(&mut self, reason: &str, since: Instant) -> Result<Said> {
        let now = Instant::now();
        self.link = None;
        self.joining = None;
        if self.added == Added::default() && self.opened.is_some_and(|opened| opened.elapsed() < EARLY) {
            let fault = Fault::new("the server closed the connection before it sent a row").at(self.url.shown());
            return Err(fault.hint("check whether it wants a subscribe message"));
        }
        self.lost.get_or_insert(since);
        let wait = self.again.down(now);
        self.next_try = Some(now + wait);
        let again = self.tell_again();
        self.news.extend(again);
        if !self.first.is_empty() {
            self.before = std::mem::take(&mut self.first);
        }
        Ok(Said::Trouble { reason: format!("{reason}; trying again in {:.1} s", wait.as_secs_f64()) })
    }

    /// Goes on with the connection that is being made, or begins one.
    fn connect(&mut self, deadline: Instant) -> Result<()> {
        let joining = match self.joining.take() {
            Some(joining) => joining,
            None => Joining::begin(&self.url)?,
        };
        let link = match joining.step(deadline)? {
            Joined::Open(link) => link,
            Joined::Still(joining) => {
                self.joining = Some(joining);
                return Ok(());
            }
        };
        self.link = Some(link);
        let now = Instant::now();
        self.again.up(now);
        self.opened.get_or_insert(now);
        if let Some(lost) = self.lost.take() {
            let seconds = now.duration_since(lost).as_secs_f64();
            let missing = if self.url.params.contains_key("number") {
                "the numbers of its messages tell what is missing"
            } else {
                "what was sent meanwhile cannot be known"
            };
            let reason = format!("connection lost for {seconds:.1} s; {missing}");
            self.news.push_back(Said::Gap(Break { reason, ..Break::default() }));
        }
        Ok(())
    }

    /// Waits for the time of the next attempt, and makes it.
    fn reconnect(&mut self, deadline: Instant) -> Result<()> {
        let now = Instant::now();
        let next = self.next_try.unwrap_or(now);
        if now < next {
            std::thread::sleep(next.min(deadline) - now);
        }
        if next <= deadline
            && let Err(fault) = self.connect(deadline)
        {
            let said = self.lose(&fault.what, Instant::now())?;
            self.news.push_back(said);
        }
        Ok(())
    }
}

impl Raw for WebSocket {
    fn poll(&mut self, wait: Duration, into: &mut Vec<u8>) -> Result<Said> {
        let deadline = Instant::now() + wait;
        loop {
            if let Some(said) = self.news.pop_front() {
                return Ok(said);
            }
            if self.link.is_some() {
                let said = self.listen(deadline, into)?;
                if said != Said::Quiet {
                    return Ok(said);
                }
            } else if self.opened.is_none() {
                self.connect(deadline)?;
            } else {
                self.reconnect(deadline)?;
            }
            if self.news.is_empty() && Instant::now() >= deadline {
                return Ok(Said::Quiet);
            }
        }
    }
}
