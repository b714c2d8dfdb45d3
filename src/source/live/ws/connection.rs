//! One WebSocket connection: made within ten seconds or with a clear reason why not, then listened to with a limit.
//! What to do when it is lost is left to `net::reconnect`, the bytes to `net::transport`.

use std::io;
use std::time::{Duration, Instant};

use tungstenite::client::IntoClientRequest;
use tungstenite::error::ProtocolError;
use tungstenite::handshake::client::{ClientHandshake, Request};
use tungstenite::handshake::{HandshakeError, MidHandshake};
use tungstenite::{Bytes, Error, Message, WebSocket};

use super::message_limit::MessageLimit;
use crate::data::{Fault, Result};
use crate::source::live::FeedUrl;
use crate::source::live::net::transport::{CONNECT, Transport};
use crate::source::live::net::{host, tls};

/// After so much silence the server is asked for a sign of life; after as much again the connection counts as lost.
const SILENCE: Duration = Duration::from_secs(30);
const PATTERN: &str = "ws://HOST:PORT/PATH";
/// A longer message is set aside.
pub const MESSAGE_BYTES: u64 = 16 << 20;

type Stream = MessageLimit<Transport>;

/// An open connection.
pub struct Connection {
    socket: WebSocket<Stream>,
    /// Messages with a payload so far.
    messages: u64,
    asked: bool,
}

/// A connection that is being made.
pub struct Handshake {
    url: FeedUrl,
    place: String,
    begun: Instant,
    handshake: MidHandshake<ClientHandshake<Stream>>,
}

/// How far a connection came.
pub enum HandshakeStep {
    Open(Connection),
    Still(Handshake),
}

/// The outcome of listening.
pub enum Received {
    Payload(Bytes),
    /// The beginning of a message that is too long, and its length.
    TooLong(Bytes, u64),
    Nothing,
    /// Why the connection is gone, and since when, as far as that can be known.
    Lost(String, Instant),
}

/// # Errors
/// When the address cannot be one of a WebSocket.
pub fn check(url: &FeedUrl) -> Result<()> {
    request(url).map(|_| ())
}

/// The request, and the host and port it goes to.
fn request(url: &FeedUrl) -> Result<(Request, String, u16)> {
    let fault = |what: String| Fault::new(what).at(url.shown()).hint(format!("write it like {PATTERN}"));
    let default = if url.scheme == "wss" { 443 } else { 80 };
    let (host, port) = host::of(url, Some(default), PATTERN)?;
    let query = url.params.get("query").map(|query| format!("?{query}")).unwrap_or_default();
    let text = format!("{}://{}{query}", url.scheme, url.target);
    let request = text
        .into_client_request()
        .map_err(|error| fault(format!("this is not the address of a WebSocket: {error}")))?;
    Ok((request, host, port))
}

impl Handshake {
    /// Connects; what the two sides have to agree on follows with `step`.
    ///
    /// # Errors
    /// With the reason, in words for a person.
    pub fn begin(url: &FeedUrl) -> Result<Self> {
        let (request, host, port) = request(url)?;
        let transport = Transport::open(url, &host, port, url.scheme == "wss")?;
        let begun = Instant::now();
        let handshake = ClientHandshake::start(MessageLimit::new(transport, MESSAGE_BYTES), request, None);
        let handshake = handshake
            .map_err(|error| Fault::new(format!("this is not the address of a WebSocket: {error}")).at(url.shown()))?;
        Ok(Self { url: url.clone(), place: format!("{host}:{port}"), begun, handshake })
    }

    /// Goes on, at most until `until`, and sends the subscribe message at the end, if there is one.
    ///
    /// # Errors
    /// With the reason, in words for a person.
    pub fn step(self, until: Instant) -> Result<HandshakeStep> {
        let Self { url, place, begun, mut handshake } = self;
        let secure = url.scheme == "wss";
        handshake.get_mut().get_mut().get_mut().set_deadline(until.min(begun + CONNECT));
        let mut socket = match handshake.handshake() {
            Ok((socket, _)) => socket,
            Err(HandshakeError::Interrupted(handshake)) if begun.elapsed() < CONNECT => {
                return Ok(HandshakeStep::Still(Self { url, place, begun, handshake }));
            }
            Err(HandshakeError::Interrupted(_)) => {
                let what = format!("{place} was reached but does not answer within {} s", CONNECT.as_secs());
                return Err(Fault::new(what).at(url.shown()).hint("check that it is a WebSocket server"));
            }
            Err(HandshakeError::Failure(error)) => return Err(refused(&error, &place, secure).at(url.shown())),
        };
        if let Some(text) = url.params.get("subscribe").filter(|text| !text.is_empty()) {
            let failed = |error| {
                Fault::new(format!("the subscribe message could not be sent: {error}"))
                    .at(url.shown())
                    .hint("try again")
            };
            socket.send(Message::text(text)).map_err(failed)?;
        }
        Ok(HandshakeStep::Open(Connection { socket, messages: 0, asked: false }))
    }
}

impl Connection {
    fn heard(&self) -> Instant {
        self.socket.get_ref().get_ref().heard()
    }

    /// Waits for the next message, at most until `until` (and, where the time is up already, hardly at all).
    pub fn hear(&mut self, until: Instant) -> Received {
        if let Some(reason) = self.silence(Instant::now()) {
            return Received::Lost(reason, self.heard());
        }
        self.socket.get_mut().get_mut().set_deadline(until);
        let message = self.socket.read();
        let payload = match message {
            Ok(Message::Text(text)) => Bytes::from(text),
            Ok(Message::Binary(bytes)) => bytes,
            // A ping is answered with the next read or write.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {
                self.asked = false;
                return Received::Nothing;
            }
            Err(Error::Io(error))
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
                ) =>
            {
                return Received::Nothing;
            }
            Ok(Message::Close(frame)) => {
                // The answer to it is a courtesy.
                let _ = self.socket.flush();
                let why = frame.map(|frame| frame.reason.to_string()).filter(|why| !why.is_empty());
                let reason = why.map_or_else(|| CLOSED.to_owned(), |why| format!("{CLOSED}: {why}"));
                return Received::Lost(reason, Instant::now());
            }
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => {
                return Received::Lost(CLOSED.to_owned(), Instant::now());
            }
            // A connection that breaks may have been dead for long.
            Err(Error::Io(error)) => return Received::Lost(lost(&error), self.heard()),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                return Received::Lost("the connection broke off".to_owned(), self.heard());
            }
            Err(error) => return Received::Lost(format!("the connection was given up: {error}"), Instant::now()),
        };
        self.asked = false;
        self.messages += 1;
        match self.socket.get_mut().was_cut(self.messages - 1) {
            Some(length) => Received::TooLong(payload, length),
            None => Received::Payload(payload),
        }
    }

    /// Asks for a sign of life after a silence; the reason to give up after another.
    fn silence(&mut self, now: Instant) -> Option<String> {
        let silent = now.duration_since(self.heard());
        if silent > SILENCE * 2 {
            return Some(format!("the server has been silent for {} s", silent.as_secs()));
        }
        if silent > SILENCE && !self.asked {
            self.asked = true;
            return self
                .socket
                .send(Message::Ping(Bytes::new()))
                .err()
                .map(|error| format!("the connection broke: {error}"));
        }
        None
    }
}

const CLOSED: &str = "the server closed the connection";

fn lost(error: &io::Error) -> String {
    format!("the connection broke: {error}")
}

/// Why what answers at `place` would not become a WebSocket.
fn refused(error: &Error, place: &str, secure: bool) -> Fault {
    let no_tls = |what: &str, hint: &str| Fault::new(format!("no secure connection to {place}: {what}")).hint(hint);
    if let Some(cause) = tls::cause(error) {
        let (what, hint) = tls::words(cause);
        return no_tls(&what, hint);
    }
    match error {
        Error::Http(response) => {
            Fault::new(format!("the server answered {} instead of opening a WebSocket", response.status()))
                .hint("check the path")
        }
        Error::Io(error)
            if secure && matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            no_tls("the server ended it before it was made", "check that the server speaks wss at that port")
        }
        Error::Io(_) | Error::Protocol(ProtocolError::HandshakeIncomplete) => {
            Fault::new(format!("{place} broke off the connection: {error}")).hint(if secure {
                "check the port"
            } else {
                "check whether it wants wss:// instead of ws://"
            })
        }
        error => Fault::new(format!("what answers at {place} is not a WebSocket server: {error}"))
            .hint("check the port and the path"),
    }
}
