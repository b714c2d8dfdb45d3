//! A connection that is made again when it is lost: trouble while it is away, a gap once it is back, and in between a
//! wait that grows. How a kind connects and what it listens to is its own.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::back_off::{BackOff, told};
use crate::data::{Fault, Result};
use crate::source::live::byte_source::{Break, ByteEvent, ByteSource};
use crate::sync::Request;

/// A connection that is lost this soon, before it gave a row, is an error rather than trouble.
const EARLY: Duration = Duration::from_secs(10);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);

/// How a kind of feed connects, and what it makes of what it hears.
pub trait Connector: Send {
    type Connection: Send;

    /// Whether what comes over a new connection is a stream with a beginning of its own: a line that was cut off is not
    /// gone on with.
    const ANEW: bool;

    /// Goes on with connecting, at most until `until`; `None` while that is not done.
    ///
    /// # Errors
    /// Why there is no connection, in words for a person.
    fn connect(&mut self, until: Instant) -> Result<Option<Self::Connection>>;

    /// Waits for the next bytes, at most until `until`, and appends them to `into`.
    ///
    /// # Errors
    /// When nothing more is to be had from this feed.
    fn listen(&mut self, connection: &mut Self::Connection, until: Instant, into: &mut Vec<u8>) -> Result<Heard>;

    /// The connection is gone, or was not made; a note on what came over it, if there is one to tell.
    fn lost(&mut self) -> Option<String> {
        None
    }

    /// What a person is told of messages that were sent while there was no connection.
    fn missing(&self) -> &'static str {
        "what was sent meanwhile is unknown"
    }

    /// The hint where a server closes the connection before it sent a row.
    fn hint(&self) -> &'static str;
}

/// The outcome of listening.
pub enum Heard {
    /// Bytes were appended.
    Bytes,
    Nothing,
    /// Something that a person should know.
    Note(String),
    /// Why the connection is gone, and since when, as far as that can be known.
    Lost(String, Instant),
}

/// The bytes of one connection after another.
pub struct Reconnecting<C: Connector> {
    connector: C,
    /// The address, as it may be shown.
    source: String,
    connection: Option<C::Connection>,
    /// When it was connected for the first time, and whether anything came since.
    opened: Option<Instant>,
    received: bool,
    /// When the connection was made.
    made: Option<Instant>,
    /// Since when the connection is lost; one that gave nothing and did not hold does not end that.
    lost: Option<Instant>,
    back_off: BackOff,
    next_try: Option<Instant>,
    try_now: Request,
    news: VecDeque<ByteEvent>,
}

impl<C: Connector> Reconnecting<C> {
    pub fn new(connector: C, source: String, try_now: Request) -> Self {
        Self {
            connector,
            source,
            connection: None,
            opened: None,
            received: false,
            made: None,
            lost: None,
            back_off: BackOff::new(LONGEST_BACK_OFF),
            next_try: None,
            try_now,
            news: VecDeque::new(),
        }
    }

    /// Receives something, or learns that the connection is gone.
    fn listen(&mut self, until: Instant, into: &mut Vec<u8>) -> Result<ByteEvent> {
        let Some(connection) = &mut self.connection else { return Ok(ByteEvent::Quiet) };
        match self.connector.listen(connection, until, into)? {
            Heard::Bytes => {
                (self.received, self.lost) = (true, None);
                Ok(ByteEvent::Bytes(Instant::now()))
            }
            Heard::Nothing => Ok(ByteEvent::Quiet),
            Heard::Note(reason) => Ok(ByteEvent::Note { reason }),
            Heard::Lost(reason, since) => self.lose(&reason, since),
        }
    }

    /// The connection is gone: it will be tried again a while later.
    fn lose(&mut self, reason: &str, since: Instant) -> Result<ByteEvent> {
        self.connection = None;
        let note = self.connector.lost();
        if !self.received && self.opened.is_some_and(|opened| opened.elapsed() < EARLY) {
            let fault = Fault::new("the server closed the connection before it sent a row").at(&self.source);
            return Err(fault.hint(self.connector.hint()));
        }
        let held = self.made.take().is_some_and(|made| made.elapsed() >= EARLY);
        self.lost = self.lost.filter(|_| !held).or(Some(since));
        let now = Instant::now();
        let wait = self.back_off.down(now);
        self.next_try = Some(now + wait);
        self.news.extend(note.map(|reason| ByteEvent::Note { reason }));
        Ok(ByteEvent::Trouble { reason: told(reason, wait) })
    }

    /// Goes on with the connection that is being made, or begins one.
    fn connect(&mut self, deadline: Instant) -> Result<()> {
        self.connection = self.connector.connect(deadline)?;
        if self.connection.is_none() {
            return Ok(());
        }
        let now = Instant::now();
        self.back_off.up(now);
        self.opened.get_or_insert(now);
        self.made = Some(now);
        if let Some(lost) = self.lost {
            let seconds = now.duration_since(lost).as_secs_f64();
            let reason = format!("connection lost for {seconds:.1} s; {}", self.connector.missing());
            self.news.push_back(ByteEvent::Gap(Break { reason, anew: C::ANEW, ..Break::default() }));
        }
        Ok(())
    }

    /// Waits for the time of the next attempt, and makes it.
    fn reconnect(&mut self, deadline: Instant) -> Result<()> {
        let now = Instant::now();
        let next = self.next_try.filter(|_| !self.try_now.take()).unwrap_or(now);
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

impl<C: Connector> ByteSource for Reconnecting<C> {
    fn poll(&mut self, wait: Duration, into: &mut Vec<u8>) -> Result<ByteEvent> {
        let deadline = Instant::now() + wait;
        loop {
            if let Some(said) = self.news.pop_front() {
                return Ok(said);
            }
            if self.connection.is_some() {
                let said = self.listen(deadline, into)?;
                if said != ByteEvent::Quiet {
                    return Ok(said);
                }
            } else if self.opened.is_none() {
                self.connect(deadline)?;
            } else {
                self.reconnect(deadline)?;
            }
            if self.news.is_empty() && Instant::now() >= deadline {
                return Ok(ByteEvent::Quiet);
            }
        }
    }
}
