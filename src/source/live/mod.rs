//! Live: rows that are still arriving. One file a kind; each is one line in `LIVE_KINDS`.

pub mod url;

use std::time::Duration;

use polars::prelude::SchemaRef;

use crate::data::{Chunk, Result};
pub use url::FeedUrl;

/// A kind of feed: what it is called, what can be set, and how it behaves.
#[derive(Debug)]
pub struct LiveKind {
    /// The URL schemes it answers to: `["ws", "wss"]`.
    pub schemes: &'static [&'static str],
    /// For menus: `WebSocket`.
    pub title: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// A URL as one would type it.
    pub example: &'static str,
    /// The query parameters it understands; forms are made from them.
    pub settings: &'static [Setting],
    /// Whether it can be held back while the engine is busy. One that cannot has what overflows counted as dropped.
    pub can_wait: bool,
    /// Whether it can be opened again and gives the same rows again. One that cannot is recorded.
    pub rereadable: bool,
    pub open: fn(&FeedUrl, Expect) -> Result<Box<dyn Live>>,
}

/// A query parameter of a feed's URL.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    pub about: &'static str,
    /// What holds when it is absent, in words or as a value.
    pub default: &'static str,
}

/// What the table knows already when a feed is opened.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// The types that rows must have, by column name.
    pub known: Option<SchemaRef>,
    /// The event-time column, where the table has one.
    pub time: Option<String>,
}

/// A feed, pulled by one thread of the engine. Dropping it closes the connection.
pub trait Live: Send {
    /// The schema, settled from the first rows (kept, and handed out again by `poll`). Blocks at most `wait`;
    /// `None` when nothing has arrived yet.
    fn settle(&mut self, wait: Duration) -> Result<Option<SchemaRef>>;

    /// Which columns chunks shall hold, as indices into the settled schema. Called once, after `settle`.
    fn project(&mut self, columns: &[usize]);

    /// What happened next. Blocks at most `wait`.
    fn poll(&mut self, wait: Duration) -> Result<Event>;
}

/// What a feed has to say.
#[derive(Debug)]
pub enum Event {
    Chunk(Chunk),
    /// Nothing within the wait.
    Quiet,
    /// The connection was lost or regained; what was sent meanwhile cannot be known. `reason` is for a person.
    Gap {
        reason: String,
    },
    /// The connection is trouble that a retry may cure; the feed goes on by itself.
    Trouble {
        reason: String,
    },
    /// No row will come any more.
    End,
}
