//! One WebSocket connection: made within five seconds or with a clear reason why not, then listened to with a limit.
//! What to do when it is lost is left to `ws`.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use tungstenite::client::IntoClientRequest;
use tungstenite::error::ProtocolError;
use tungstenite::handshake::HandshakeError;
use tungstenite::handshake::client::Request;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Bytes, Error, Message, WebSocket};

use super::FeedUrl;
use crate::data::{Fault, Result};

/// How long connecting may take, and then again how long the server may take to answer.
const CONNECT: Duration = Duration::from_secs(5);
/// After so much silence the server is asked for a sign of life; after as much again the connection counts as lost.
const SILENCE: Duration = Duration::from_secs(30);

/// By how much a wait may be exceeded.
const SLACK: Duration = Duration::from_millis(2);

/// An open connection.
pub struct Link {
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    heard: Instant,
    asked: bool,
    /// How long a read waits at present.
    timeout: Duration,
}

/// What listening brought.
pub enum Heard {
    Payload(Bytes),
    Nothing,
    Lost(String),
}

/// # Errors
/// When the address cannot be one of a WebSocket.
pub fn check(url: &FeedUrl) -> Result<()> {
    request(url).map(|_| ())
}

fn request(url: &FeedUrl) -> Result<Request> {
    let fault = |what: String| Fault::new(what).at(url.shown()).hint("write it like ws://HOST:PORT/PATH");
    let host = url.target.split('/').next().unwrap_or_default();
    if host.is_empty() {
        return Err(fault("this address names no host".to_owned()));
    }
    if host.contains('@') {
        return Err(fault("a user name and password in the address cannot be sent yet".to_owned()).hint("leave out what stands before the @"));
    }
    let query = url.params.get("query").map(|query| format!("?{query}")).unwrap_or_default();
    let text = format!("{}://{}{query}", url.scheme, url.target);
    text.into_client_request().map_err(|error| fault(format!("this is not the address of a WebSocket: {error}")))
}

impl Link {
    /// Connects and sends the subscribe message, if there is one.
    ///
    /// # Errors
    /// With the reason, in words for a person.
    pub fn connect(url: &FeedUrl) -> Result<Self> {
        // The one provider we build with. It is an error to set it twice, and no matter.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let request = request(url)?;
        let host = request.uri().host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let secure = url.scheme == "wss";
        let port = request.uri().port_u16().unwrap_or(if secure { 443 } else { 80 });
        let place = format!("{host}:{port}");
        let fault = |what: String, hint: &str| Fault::new(what).at(url.shown()).hint(hint);

        let stream = reach(&host, port).map_err(|(what, hint)| fault(what, hint))?;
        let broken = |error: &io::Error| fault(format!("the connection to {place} broke: {error}"), "try again");
        stream.set_nodelay(true).map_err(|e| broken(&e))?;
        stream.set_read_timeout(Some(CONNECT)).map_err(|e| broken(&e))?;
        stream.set_write_timeout(Some(CONNECT)).map_err(|e| broken(&e))?;
        let (mut socket, _) = tungstenite::client_tls(request, stream).map_err(|error| match error {
            HandshakeError::Interrupted(_) => fault(format!("{place} was reached but does not answer"), "check that it is a WebSocket server"),
            HandshakeError::Failure(error) => refused(&error, &place, secure).at(url.shown()),
        })?;
        if let Some(text) = url.params.get("subscribe").filter(|text| !text.is_empty()) {
            socket.send(Message::text(text)).map_err(|error| fault(format!("the subscribe message could not be sent: {error}"), "try again"))?;
        }
        Ok(Self { socket, heard: Instant::now(), asked: false, timeout: CONNECT })
    }

    /// Waits for the next message, at most until `until` (and, where the time is up already, hardly at all).
    pub fn hear(&mut self, until: Instant) -> Heard {
        let now = Instant::now();
        if let Some(reason) = self.silence(now) {
            return Heard::Lost(reason);
        }
        // A timeout of zero would mean none at all.
        let wait = until.saturating_duration_since(now).clamp(Duration::from_millis(1), SILENCE);
        // Setting it for every message would cost more than the message.
        if wait > self.timeout || wait + SLACK < self.timeout {
            if let Some(Err(error)) = self.stream().map(|stream| stream.set_read_timeout(Some(wait))) {
                return Heard::Lost(lost(&error));
            }
            self.timeout = wait;
        }
        let message = match self.socket.read() {
            Err(Error::Io(error)) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {
                return Heard::Nothing;
            }
            message => message,
        };
        self.heard = Instant::now();
        self.asked = false;
        match message {
            Ok(Message::Text(text)) => Heard::Payload(text.into()),
            Ok(Message::Binary(bytes)) => Heard::Payload(bytes),
            // A ping is answered with the next read or write.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Heard::Nothing,
            Ok(Message::Close(frame)) => {
                // The answer to it is a courtesy.
                let _ = self.socket.flush();
                let why = frame.map(|frame| frame.reason.to_string()).filter(|why| !why.is_empty());
                Heard::Lost(why.map_or_else(|| "the server closed the connection".to_owned(), |why| format!("the server closed the connection: {why}")))
            }
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => Heard::Lost("the server closed the connection".to_owned()),
            Err(Error::Io(error)) => Heard::Lost(lost(&error)),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => Heard::Lost("the connection broke off".to_owned()),
            Err(error) => Heard::Lost(format!("the connection was given up: {error}")),
        }
    }

    /// Asks for a sign of life after a silence; the reason to give up after another.
    fn silence(&mut self, now: Instant) -> Option<String> {
        let silent = now.duration_since(self.heard);
        if silent > SILENCE * 2 {
            return Some(format!("the server has been silent for {} s", silent.as_secs()));
        }
        if silent > SILENCE && !self.asked {
            self.asked = true;
            return self.socket.send(Message::Ping(Bytes::new())).err().map(|error| format!("the connection broke: {error}"));
        }
        None
    }

    fn stream(&self) -> Option<&TcpStream> {
        match self.socket.get_ref() {
            MaybeTlsStream::Plain(stream) => Some(stream),
            MaybeTlsStream::Rustls(stream) => Some(&stream.sock),
            _ => None,
        }
    }
}

fn lost(error: &io::Error) -> String {
    format!("the connection broke: {error}")
}

/// Connects to the first address of the host that answers.
fn reach(host: &str, port: u16) -> std::result::Result<TcpStream, (String, &'static str)> {
    let addresses: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map_err(|error| (format!("the host '{host}' cannot be found: {error}"), "check the spelling of the address, and the network"))?
        .collect();
    let deadline = Instant::now() + CONNECT;
    let mut failure = None;
    for address in addresses {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = Some(error),
        }
    }
    Err(match failure {
        Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            (format!("nothing listens at {host}:{port}: the connection was refused"), "check the port, and whether the server runs")
        }
        Some(error) if error.kind() != io::ErrorKind::TimedOut => (format!("{host}:{port} cannot be reached: {error}"), "check the address, and the network"),
        _ => (format!("{host}:{port} does not answer within {} s", CONNECT.as_secs()), "check the address, and whether a firewall is in the way"),
    })
}

/// Why what answers at `place` would not become a WebSocket.
fn refused(error: &Error, place: &str, secure: bool) -> Fault {
    let tls = |error: &dyn std::fmt::Display| {
        Fault::new(format!("no secure connection to {place}: {error}")).hint("check that the server speaks wss, and that its certificate is valid")
    };
    match error {
        Error::Http(response) => Fault::new(format!("the server answered {} instead of opening a WebSocket", response.status())).hint("check the path"),
        Error::Tls(error) => tls(error),
        Error::Io(error) if secure && matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => tls(error),
        Error::Io(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            Fault::new(format!("{place} was reached but does not answer within {} s", CONNECT.as_secs())).hint("check that it is a WebSocket server")
        }
        Error::Io(_) | Error::Protocol(ProtocolError::HandshakeIncomplete) => Fault::new(format!("{place} broke off the connection: {error}"))
            .hint(if secure { "check the port" } else { "check whether it wants wss:// instead of ws://" }),
        error => Fault::new(format!("what answers at {place} is not a WebSocket server: {error}")).hint("check the port and the path"),
    }
}
