//! `file:`: a file that grows. It is followed across rotation and truncation; with `follow=false` it is read once.
//! Following is `follow`'s; a file that cannot grow, because it is columnar or packed, is `whole`'s.

mod follow;
mod rotation;
mod tail;
mod whole;

use std::io;
use std::path::Path;

use self::follow::Following;
use self::tail::Tail;
use self::whole::Whole;
use super::stream_decoder::StreamDecoder;
use super::{Expect, FeedSetting, FeedUrl, LiveKind, Opened, Origin, SettingKind};
use crate::data::encoding::TextEncoding;
use crate::data::format::{self, Format, FormatKind};
use crate::data::{Fault, Result};
use crate::source::history;
use crate::source::packing::Packing;

/// How its address is written.
pub const ADDRESS: &str = "file:PATH";

pub const KIND: LiveKind = LiveKind {
    schemes: &["file"],
    title: "Growing file",
    about: "Follows an NDJSON or CSV file as it grows, across rotation and truncation.",
    example: "file:events.ndjson",
    settings: &[
        FeedSetting {
            name: "follow",
            kind: SettingKind::Flag,
            about: "whether to wait for more at the end: true or false",
            default: "true",
        },
        FeedSetting {
            name: "from",
            kind: SettingKind::Number(&[]),
            about: "the byte at which the first row begins",
            default: "0",
        },
    ],
    origin: Origin::GrowingFile,
    can_wait: true,
    rereadable: true,
    reconnects: false,
    open,
};

fn open(url: &FeedUrl, expect: Expect) -> Result<Box<dyn Opened>> {
    let path = url.path()?;
    let follow = url.param::<bool>("follow", "true or false")?.unwrap_or(true);
    let from = url.param::<u64>("from", "a number of bytes")?.unwrap_or(0);
    let tail = match Tail::open(&path) {
        Ok(tail) => Some(tail),
        Err(error) if follow && error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Fault::io(path.display().to_string(), &error)),
    };
    if tail.as_ref().is_some_and(|tail| !grows(url, &path, tail.beginning())) {
        if follow || from > 0 {
            return Err(not_followed(&path));
        }
        let history = history::open_history(&path, expect.known)?;
        return Ok(Box::new(Whole::new(history, url.shown().into())));
    }
    let decoder = StreamDecoder::new(url, &path, &expect)?;
    Ok(Box::new(Following::new(path, follow, from, tail, decoder)))
}

fn not_followed(path: &Path) -> Fault {
    let what = "this file is complete only when its last byte is written, so it cannot be followed";
    Fault::new(what).at(path.display().to_string()).hint("add ?follow=false, or replay it with replay:PATH")
}

/// Whether it is text as it stands: neither columnar, nor packed, nor of an encoding whose lines cannot be told apart.
fn grows(url: &FeedUrl, path: &Path, head: &[u8]) -> bool {
    let columns = |format: &Format| matches!(format.kind, FormatKind::Columns { .. });
    let named = |name: &str| format::FORMATS.iter().copied().find(|format| format.name.eq_ignore_ascii_case(name));
    if Packing::of(head) != Packing::Plain {
        return false;
    }
    if let Some(name) = url.params.get("format") {
        return !named(name).is_some_and(columns);
    }
    if head.is_empty() {
        let ending = format::extension(path);
        return !format::FORMATS.iter().any(|format| columns(format) && format.extensions.contains(&ending.as_str()));
    }
    let lines = TextEncoding::detect(head, false).encoding.is_ascii_compatible();
    lines && !format::format_for(path, head).is_ok_and(columns)
}
