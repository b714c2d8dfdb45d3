//! `ws:` and `wss:`: rows from a WebSocket, one JSON message after another, for as long as it takes.
//! Taking messages apart is `messages`'s, the connection itself `link`'s.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::intake::Intake;
use super::link::{Heard, Link};
use super::messages::{self, Added};
use super::raw::{Break, Raw, Said};
use super::stream::Stream;
use super::{Expect, FeedUrl, Live, LiveKind, Setting};
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
    ],
    can_wait: false,
    rereadable: false,
    open,
};

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
    let intake = Intake::lines(url, &NDJSON, &expect);
    let socket = WebSocket {
        url: url.clone(),
        link: None,
        opened: None,
        lost: None,
        failures: 0,
        next_try: None,
        added: Added::default(),
        first_refused: String::new(),
        news: VecDeque::new(),
    };
    Ok(Box::new(Stream::new(Box::new(socket), intake)))
}

/// The messages of a server as lines.
struct WebSocket {
    url: FeedUrl,
    link: Option<Link>,
    /// When it was connected for the first time.
    opened: Option<Instant>,
    /// Since when the connection is lost.
    lost: Option<Instant>,
    /// Attempts since a message was last received.
    failures: u32,
    next_try: Option<Instant>,
    /// Lines received, and how many of them are no rows.
    added: Added,
    first_refused: String,
    news: VecDeque<Said>,
}

impl WebSocket {
    /// Receives a message, or learns that the connection is gone.
    fn listen(&mut self, until: Instant, into: &mut Vec<u8>) -> Result<Said> {
        let Some(link) = &mut self.link else { return Ok(Said::Quiet) };
        match link.hear(until) {
            Heard::Payload(payload) => self.receive(&payload, into),
            Heard::Nothing => Ok(Said::Quiet),
            Heard::Lost(reason) => self.lose(&reason),
        }
    }

    fn receive(&mut self, payload: &[u8], into: &mut Vec<u8>) -> Result<Said> {
        self.failures = 0;
        let added = messages::add(payload, into);
        if added == Added::default() {
            return Ok(Said::Quiet);
        }
        self.added.rows += added.rows;
        self.added.refused += added.refused;
        if self.added.rows == 0 {
            if self.first_refused.is_empty() {
                self.first_refused = String::from_utf8_lossy(payload).chars().take(80).collect();
            }
            if self.added.refused >= ENOUGH_REFUSED {
                let fault = Fault::new(format!("its messages are no JSON objects: the first was '{}'", self.first_refused)).at(self.url.shown());
                return Err(fault.hint("check the address, and whether the server wants a subscribe message"));
            }
        }
        Ok(Said::Bytes(Instant::now()))
    }

    /// The connection is gone: it will be tried again a while later.
    fn lose(&mut self, reason: &str) -> Result<Said> {
        let now = Instant::now();
        self.link = None;
        if self.added == Added::default() && self.opened.is_some_and(|opened| opened.elapsed() < EARLY) {
            let fault = Fault::new("the server closed the connection before it sent a row").at(self.url.shown());
            return Err(fault.hint("check whether it wants a subscribe message"));
        }
        self.lost.get_or_insert(now);
        let wait = BACK_OFF.saturating_mul(1 << self.failures.min(7)).min(LONGEST_BACK_OFF);
        // Many that lost the same server shall not come back all at once.
        let wait = wait.mul_f64(0.75 + 0.5 * fastrand::f64()).min(LONGEST_BACK_OFF);
        self.failures = self.failures.saturating_add(1);
        self.next_try = Some(now + wait);
        Ok(Said::Trouble { reason: format!("{reason}; trying again in {:.1} s", wait.as_secs_f64()) })
    }

    fn connect(&mut self) -> Result<()> {
        self.link = Some(Link::connect(&self.url)?);
        let now = Instant::now();
        self.opened.get_or_insert(now);
        if let Some(lost) = self.lost.take() {
            let seconds = now.duration_since(lost).as_secs_f64();
            let reason = format!("connection lost for {seconds:.1} s; what was sent meanwhile cannot be known");
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
            && let Err(fault) = self.connect()
        {
            let said = self.lose(&fault.what)?;
            self.news.push_back(said);
        }
        Ok(())
    }
}

impl Raw for WebSocket {
    fn poll(&mut self, wait: Duration, into: &mut Vec<u8>) -> Result<Said> {
        if self.opened.is_none() {
            self.connect()?;
        }
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
            } else {
                self.reconnect(deadline)?;
            }
            if self.news.is_empty() && Instant::now() >= deadline {
                return Ok(Said::Quiet);
            }
        }
    }
}
