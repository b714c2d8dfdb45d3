//! Live: rows that are still arriving. One file a kind; each is one line in `LIVE_KINDS`.
//! Threads, recording, and what becomes of a chunk are left to the engine.

pub mod byte_source;
mod decompress;
mod deduplicate;
pub mod file;
mod file_chunks;
mod flush_timer;
mod json_messages;
pub mod kafka;
mod kind;
pub mod net;
mod origin;
pub mod replay;
mod setting;
mod states;
pub mod stdin;
pub mod stream;
pub mod stream_decoder;
pub mod stream_format;
pub mod stream_parts;
pub mod url;
pub mod ws;

use crate::data::near::nearest;
use crate::data::{Fault, Result};
pub use deduplicate::Numbered;
pub use kind::{COMMON, Expect, LiveKind};
pub use origin::Origin;
pub use setting::{FeedSetting, SettingKind, parse_duration};
pub use states::{Event, Opened, ReadOptions, Reading, unsettled};
pub use url::FeedUrl;

/// Every kind of feed this build knows. Menus, forms, help and tests loop over it.
pub const LIVE_KINDS: &[&LiveKind] = &[&file::KIND, &stdin::KIND, &replay::KIND, &ws::KIND, &kafka::KIND];

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
/// When the scheme is unknown, and as `LiveKind::connect`.
pub fn open(url: &FeedUrl, expect: Expect) -> Result<Box<dyn Opened>> {
    kind_of(url)?.connect(url, expect)
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
