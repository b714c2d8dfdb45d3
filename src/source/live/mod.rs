//! Live: rows that are still arriving. One file a kind; each is one line in `LIVE_KINDS`.
//! Threads, recording, and what becomes of a chunk are left to the engine.

pub mod again;
mod beat;
pub mod file;
mod host;
pub mod intake;
pub mod kafka;
mod link;
mod messages;
mod numbers;
mod order;
mod pull;
pub mod raw;
pub mod replay;
mod rotation;
pub mod shape;
mod sieve;
pub mod stdin;
pub mod stream;
mod tail;
pub mod tls;
mod unpack;
pub mod url;
mod wire;
pub mod ws;

use std::time::Duration;

use polars::prelude::SchemaRef;

use crate::data::near::nearest;
use crate::data::{Chunk, Fault, Positions, Result};
pub use numbers::Numbered;
pub use url::FeedUrl;

/// Every kind of feed this build knows. Menus, forms, help and tests loop over it.
pub const LIVE_KINDS: &[&LiveKind] = &[&file::KIND, &stdin::KIND, &replay::KIND, &ws::KIND, &kafka::KIND];

/// The query parameters that every kind understands, beside its own.
pub const COMMON: &[Setting] = &[
    Setting { name: "format", about: "the format of the rows", default: "detected automatically" },
    Setting {
        name: "time",
        about: "the column that holds the event time",
        default: "the table's, or the first column that is a time",
    },
];

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

    /// Of those, the ones without whose value a row is none: a row that has a broken cell there is set aside, while
    /// cells of others are null. Called at most once, after `project` and before `poll`.
    fn require(&mut self, vital: &[usize]);

    /// Begin at these positions instead of at the beginning. Called at most once, after `settle` and before `poll`;
    /// only of a kind that is `rereadable`.
    ///
    /// # Errors
    /// When the rows from there on cannot be had (any more).
    fn resume(&mut self, from: &Positions) -> Result<()> {
        let _ = from;
        Err(Fault::new("this feed cannot be read again").hint("what was recorded of it can"))
    }

    /// Give only what stands before these positions, as fast as it is taken, and then `End`: the past is read once
    /// more. Called at most once, before `poll`; only of a kind that is `rereadable`.
    ///
    /// # Errors
    /// When the past cannot be had (any more).
    fn stop_at(&mut self, ends: &Positions) -> Result<()> {
        let _ = ends;
        Err(Fault::new("this feed cannot be read again").hint("what was recorded of it can"))
    }

    /// Give what stands before these positions as fast as it is taken, and go on from there at the feed's own pace: a
    /// second run catches up with the first. Called at most once, before `poll`. A feed without a pace does so
    /// anyway.
    fn hasten(&mut self, until: &Positions) {
        let _ = until;
    }

    /// Where each partition of a log ends now, as far as the feed can tell: rows before it are history, rows from there
    /// on are live. `None` for a feed that has no past.
    ///
    /// # Errors
    /// When the source does not say.
    fn ends(&mut self) -> Result<Option<Positions>> {
        Ok(None)
    }

    /// Let no chunk hold rows of both sides of these positions. For feeds that know their ends.
    fn split_at(&mut self, seam: &Positions) {
        let _ = seam;
    }

    /// The first bytes of a log that may be replaced by another at the same address, to tell the two apart: positions
    /// hold only while the log still begins with what it began with. Empty where that cannot happen.
    fn mark(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Messages up to this number came before; for feeds whose messages are numbered. Called at most once, before
    /// `poll`.
    fn count_from(&mut self, number: i64) {
        let _ = number;
    }

    /// What happened next. Blocks at most `wait`.
    fn poll(&mut self, wait: Duration) -> Result<Event>;

    /// The bytes behind the rows, so that they can be recorded as they come: before `poll`. `None` for a feed that is
    /// no stream of text.
    fn take_apart(self: Box<Self>) -> Option<stream::Taken> {
        None
    }
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
    /// What the numbers of the messages say of the chunk that comes next.
    Numbers(Numbered),
    /// Something that a person should know, and that has passed.
    Note {
        reason: String,
    },
    /// The connection is trouble that a retry may cure; the feed goes on by itself.
    Trouble {
        reason: String,
    },
    /// No row will come any more.
    End,
}

impl LiveKind {
    /// Its own settings, then the common ones.
    pub fn all_settings(&self) -> impl Iterator<Item = &'static Setting> + use<> {
        self.settings.iter().chain(COMMON)
    }

    /// What stands between the scheme and the parameters of the example; empty where nothing has to.
    pub fn example_target(&self) -> &'static str {
        let rest = self.example.split_once(':').map_or(self.example, |(_, rest)| rest).trim_start_matches("//");
        rest.split('?').next().unwrap_or(rest)
    }
}

/// The kind that answers to the scheme of `url`, if there is one.
fn known_kind(url: &FeedUrl) -> Option<&'static LiveKind> {
    LIVE_KINDS.iter().copied().find(|kind| kind.schemes.contains(&url.scheme.as_str()))
}

/// The kind that answers to the scheme of `url`.
///
/// # Errors
/// When no kind does; the fault lists those there are.
pub fn kind_of(url: &FeedUrl) -> Result<&'static LiveKind> {
    if let Some(kind) = known_kind(url) {
        return Ok(kind);
    }
    let schemes = || LIVE_KINDS.iter().flat_map(|kind| kind.schemes.iter().copied());
    Err(Fault::new(format!("this build knows no feed of the kind '{}:'", url.scheme)).at(url.shown()).hint(choices(
        &url.scheme,
        schemes(),
        |scheme| format!("{scheme}:"),
    )))
}

/// Opens a feed. What cannot be waited for (a missing address, a wrong parameter) is found here, the rest in `settle`.
///
/// # Errors
/// When the scheme or a parameter is unknown, or the kind finds something wrong with the address.
pub fn open(url: &FeedUrl, expect: Expect) -> Result<Box<dyn Live>> {
    let kind = kind_of(url)?;
    let known = || kind.all_settings().map(|setting| setting.name);
    if let Some(name) = url.params.keys().find(|name| !known().any(|known| known == *name)) {
        let fault = Fault::new(format!("{} feeds have no parameter '{name}'", kind.title)).at(url.shown());
        return Err(fault.hint(choices(name, known(), str::to_owned)));
    }
    (kind.open)(url, expect)
}

/// "did you mean X? there are X, Y and Z".
fn choices<'a>(word: &str, all: impl Iterator<Item = &'a str>, show: impl Fn(&str) -> String) -> String {
    let all: Vec<&str> = all.collect();
    let list = all.iter().map(|choice| show(choice)).collect::<Vec<_>>().join(", ");
    nearest(word, &all).map_or_else(
        || format!("there are {list}"),
        |choice| format!("did you mean {}? There are {list}", show(choice)),
    )
}
