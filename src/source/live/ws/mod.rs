//! `ws:` and `wss:`: rows from a WebSocket, one JSON message after another, for as long as it takes.
//! Taking messages apart is `json_messages`'s, one connection `connection`'s, connecting again `net::reconnect`'s.

mod connection;
mod message_limit;

use std::collections::HashSet;
use std::time::Instant;

use self::connection::{Connection, Handshake, HandshakeStep, MESSAGE_BYTES, Received};
use super::json_messages::{self, Added};
use super::net::reconnect::{Connector, Heard, Reconnecting};
use super::stream::Stream;
use super::stream_decoder::StreamDecoder;
use super::{Expect, FeedSetting, FeedUrl, LiveKind, Opened, Origin, SettingKind};
use crate::data::format::json::NDJSON;
use crate::data::{Fault, Result};

pub const KIND: LiveKind = LiveKind {
    schemes: &["ws", "wss"],
    title: "WebSocket",
    about: "Receives JSON messages from a server; connects again when the connection is lost.",
    example: "wss://example.org/events?subscribe={\"channel\":\"trades\"}",
    settings: &[
        FeedSetting {
            name: "subscribe",
            kind: SettingKind::Secret,
            about: "a message to send after connecting",
            default: "none",
        },
        FeedSetting {
            name: "query",
            kind: SettingKind::Secret,
            about: "what the server shall see after a question mark",
            default: "nothing",
        },
        FeedSetting {
            name: "number",
            kind: SettingKind::Text,
            about: "the field that numbers the messages: one that comes again is counted once, one that is missing is \
                    told",
            default: "none",
        },
        FeedSetting {
            name: "ca",
            kind: SettingKind::Path,
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

/// A feed that sends this many messages and no row cannot be read.
const ENOUGH_REFUSED: usize = 20;
/// So many first messages of a connection are compared with those of the one before.
const COMPARED: usize = 64;

fn open(url: &FeedUrl, expect: Expect) -> Result<Box<dyn Opened>> {
    let name = url.params.get("format").map_or("json", String::as_str);
    if !["json", "ndjson"].contains(&name) {
        return Err(Fault::new(format!("WebSocket feeds cannot be read as '{name}'"))
            .at(url.shown())
            .hint("leave format out: messages are read as JSON"));
    }
    connection::check(url)?;
    let decoder = StreamDecoder::lines(url, &NDJSON, &expect);
    let bytes = Reconnecting::new(Messages::new(url), url.shown(), expect.try_now);
    Ok(Box::new(Stream::new(Box::new(bytes), decoder).numbered(url.params.get("number"))))
}

/// The messages of a server as lines.
struct Messages {
    url: FeedUrl,
    handshake: Option<Handshake>,
    /// Lines received, and how many of them are no rows.
    added: Added,
    first_refused: String,
    /// The first messages of the connection before, those of this one, and how many of them are the same.
    before: HashSet<u32>,
    first: HashSet<u32>,
    repeated: u64,
}

/// How much of a message that is no row is shown of it.
const SHOWN: usize = 200;

/// Why a message is no text.
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

impl Messages {
    fn new(url: &FeedUrl) -> Self {
        Self {
            url: url.clone(),
            handshake: None,
            added: Added::default(),
            first_refused: String::new(),
            before: HashSet::new(),
            first: HashSet::new(),
            repeated: 0,
        }
    }

    fn receive(&mut self, payload: &[u8], into: &mut Vec<u8>) -> Result<Heard> {
        let added = json_messages::add(payload, into);
        if added == Added::default() {
            return Ok(Heard::Nothing);
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
        Ok(Heard::Bytes)
    }

    /// Says once a connection that its server begins with what it sent before.
    fn tell_again(&mut self) -> Option<String> {
        let again = std::mem::take(&mut self.repeated);
        if again == 0 || self.url.params.contains_key("number") {
            return None;
        }
        Some(format!(
            "after it was connected again the server sent {again} rows that it had sent before, and they are counted \
             again; name the field that numbers its messages with number=FIELD"
        ))
    }
}

impl Connector for Messages {
    type Connection = Connection;

    const ANEW: bool = false;

    fn connect(&mut self, until: Instant) -> Result<Option<Connection>> {
        let handshake = match self.handshake.take() {
            Some(handshake) => handshake,
            None => Handshake::begin(&self.url)?,
        };
        match handshake.step(until)? {
            HandshakeStep::Open(link) => Ok(Some(link)),
            HandshakeStep::Still(handshake) => {
                self.handshake = Some(handshake);
                Ok(None)
            }
        }
    }

    fn listen(&mut self, link: &mut Connection, until: Instant, into: &mut Vec<u8>) -> Result<Heard> {
        match link.hear(until) {
            Received::Payload(payload) => match text_of(&payload) {
                Ok(()) => self.receive(&payload, into),
                Err(what) => {
                    self.receive(&no_row(&format!("a message of {} bytes {what}", payload.len()), &payload), into)
                }
            },
            Received::TooLong(beginning, length) => {
                let what = format!("a message of {length} bytes, more than {} MiB", MESSAGE_BYTES >> 20);
                self.receive(&no_row(&what, &beginning), into)
            }
            Received::Nothing => Ok(self.tell_again().map_or(Heard::Nothing, Heard::Note)),
            Received::Lost(reason, since) => Ok(Heard::Lost(reason, since)),
        }
    }

    fn lost(&mut self) -> Option<String> {
        self.handshake = None;
        let again = self.tell_again();
        if !self.first.is_empty() {
            self.before = std::mem::take(&mut self.first);
        }
        again
    }

    fn missing(&self) -> &'static str {
        if self.url.params.contains_key("number") {
            "the numbers of its messages tell what is missing"
        } else {
            "what was sent meanwhile is unknown"
        }
    }

    fn hint(&self) -> &'static str {
        "check whether it wants a subscribe message"
    }
}
