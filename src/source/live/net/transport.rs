//! A connection to a host, plain or encrypted, whose reads end when they must: also when bytes drip one by one.
//! The protocol spoken over it is the kinds'.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::tls;
use crate::data::Fault;
use crate::source::live::FeedUrl;

/// How long connecting may take.
pub const CONNECT: Duration = Duration::from_secs(5);
/// By how much a wait may be exceeded.
const SLACK: Duration = Duration::from_millis(2);
/// A timeout of zero would mean none at all.
const LEAST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(30);

/// A socket with an end to its reads.
#[derive(Debug)]
pub struct TimedStream {
    socket: TcpStream,
    until: Instant,
    /// How long a read waits at present.
    timeout: Duration,
    /// When bytes last came.
    heard: Instant,
}

impl TimedStream {
    /// Connects to the first address of the host that answers.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn connect(host: &str, port: u16) -> Result<Self, Fault> {
        let fault = |(what, hint): (String, &str)| Fault::new(what).hint(hint);
        let socket = reach(host, port).map_err(fault)?;
        let broken = |error: io::Error| fault((format!("the connection to {host}:{port} broke: {error}"), "try again"));
        socket.set_nodelay(true).map_err(broken)?;
        socket.set_write_timeout(Some(CONNECT)).map_err(broken)?;
        socket.set_read_timeout(Some(CONNECT)).map_err(broken)?;
        let now = Instant::now();
        Ok(Self { socket, until: now + CONNECT, timeout: CONNECT, heard: now })
    }
}

impl Read for TimedStream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let now = Instant::now();
        if now >= self.until {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let wait = (self.until - now).clamp(LEAST, LONGEST);
        // Setting it for every message would cost more than the message.
        if wait > self.timeout || wait + SLACK < self.timeout {
            self.socket.set_read_timeout(Some(wait))?;
            self.timeout = wait;
        }
        match self.socket.read(into) {
            Ok(n) => {
                if n > 0 {
                    self.heard = Instant::now();
                }
                Ok(n)
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {
                Err(io::ErrorKind::WouldBlock.into())
            }
            Err(error) => Err(error),
        }
    }
}

impl Write for TimedStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// A connection as it is spoken over.
#[derive(Debug)]
pub enum Transport {
    Plain(TimedStream),
    Secure(Box<StreamOwned<ClientConnection, TimedStream>>),
}

impl Transport {
    /// Connects, and encrypts what is `secure`: then the authorities of the file that `ca` names are trusted, or those
    /// that browsers trust.
    ///
    /// # Errors
    /// Why not, in words for a person.
    pub fn open(url: &FeedUrl, host: &str, port: u16, secure: bool) -> Result<Self, Fault> {
        let stream = TimedStream::connect(host, port).map_err(|fault| fault.at(url.shown()))?;
        if !secure {
            return Ok(Self::Plain(stream));
        }
        let roots = match url.params.get("ca") {
            Some(path) => tls::roots(Path::new(path))?,
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        let config = tls::config(roots).map_err(|error| Fault::new(error.to_string()).at(url.shown()))?;
        Self::secure(stream, host, Arc::new(config)).map_err(|fault| fault.at(url.shown()))
    }

    /// Encrypts the connection to `host`; its handshake is made by the first reads and writes.
    ///
    /// # Errors
    /// When the host can have no certificate.
    fn secure(stream: TimedStream, host: &str, config: Arc<ClientConfig>) -> Result<Self, Fault> {
        let fault = |what: String| Fault::new(what).hint("write the host as a name or an address");
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| fault(format!("'{host}' cannot be the name of a server with a certificate")))?;
        let connection = ClientConnection::new(config, name)
            .map_err(|error| fault(format!("no secure connection can be made: {error}")))?;
        Ok(Self::Secure(Box::new(StreamOwned::new(connection, stream))))
    }

    fn stream(&self) -> &TimedStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Secure(stream) => &stream.sock,
        }
    }

    /// Reads end then; where that is past already, very soon.
    pub fn set_deadline(&mut self, until: Instant) {
        let until = until.max(Instant::now() + LEAST);
        match self {
            Self::Plain(stream) => stream.until = until,
            Self::Secure(stream) => stream.sock.until = until,
        }
    }

    /// When bytes last came.
    pub fn heard(&self) -> Instant {
        self.stream().heard
    }
}

impl Read for Transport {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(into),
            Self::Secure(stream) => stream.read(into),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Secure(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Secure(stream) => stream.flush(),
        }
    }
}

fn reach(host: &str, port: u16) -> Result<TcpStream, (String, &'static str)> {
    let addresses: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map_err(|error| {
            (
                format!("the host '{host}' cannot be found: {error}"),
                "check the spelling of the address, and the network",
            )
        })?
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
        Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => (
            format!("nothing listens at {host}:{port}: the connection was refused"),
            "check the port, and whether the server runs",
        ),
        Some(error) if error.kind() != io::ErrorKind::TimedOut => {
            (format!("{host}:{port} cannot be reached: {error}"), "check the address, and the network")
        }
        _ => (
            format!("{host}:{port} does not answer within {} s", CONNECT.as_secs()),
            "check the address, and whether a firewall is in the way",
        ),
    })
}
