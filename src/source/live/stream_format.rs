//! The shape of a stream of text: its format, encoding, header and columns, as settled from its first bytes. With those
//! bytes it can be settled again, just as it was, by another process.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use polars::prelude::SchemaRef;

use super::FeedUrl;
use crate::data::encoding::{HEAD_BYTES, TextEncoding};
use crate::data::format::{self, Decoder, Format, FormatKind, Sniff};
use crate::data::{Fault, Result};

/// How the bytes of one stream become rows. Cheap to clone.
#[derive(Clone, Debug)]
pub struct StreamFormat {
    pub format: &'static Format,
    pub decoder: Arc<dyn Decoder>,
    /// The encoding of the bytes, if they are no UTF-8.
    encoding: Option<TextEncoding>,
    /// Bytes at the beginning that hold no row (a mark, a header), and their lines.
    pub header: u64,
    pub lines: u64,
    /// The bytes that the format was settled from, and whether they were the whole stream.
    pub head: Arc<[u8]>,
    pub whole: bool,
}

/// Where a format is looked for.
#[derive(Clone, Copy, Debug)]
pub enum FormatHint<'a> {
    /// The address names it.
    Named(&'static Format),
    /// By the name of the file and its first bytes.
    Find(&'a Path),
}

impl StreamFormat {
    /// Settles the shape of what begins with `bytes`; `ended` says that they are all.
    ///
    /// # Errors
    /// When they are in no known format, or in an encoding whose lines cannot be told apart.
    pub fn sniff(
        source: &Arc<str>,
        look: FormatHint<'_>,
        bytes: &[u8],
        ended: bool,
        known: Option<SchemaRef>,
    ) -> Result<Self> {
        let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
        let whole = ended && head.len() == bytes.len();
        let encoding = TextEncoding::detect(head, whole);
        // As in history: only text of two bytes a character looks like no text at all before it is converted.
        if !encoding.is_wide() {
            match look {
                FormatHint::Named(_) => format::check_text(Path::new(""), head).map(|()| None),
                FormatHint::Find(path) => format::format_for(path, head).map(Some),
            }
            .and_then(|format| match format.filter(|format| matches!(format.kind, FormatKind::Columns { .. })) {
                Some(format) => Err(not_text(format)),
                None => Ok(()),
            })
            .map_err(|fault| fault.at(&**source))?;
        }
        if !encoding.encoding.is_ascii_compatible() {
            let what = format!("text in {} cannot be followed", encoding.name());
            return Err(Fault::new(what).at(&**source).hint("write it in UTF-8, or replay it with replay:PATH"));
        }
        let raw = head.get(encoding.mark_bytes..).unwrap_or_default();
        let own = Some(encoding).filter(|e| !e.is_utf8());
        let text = utf8(own, raw);
        let format = match look {
            FormatHint::Named(format) => format,
            FormatHint::Find(path) => format::format_for(path, &text).map_err(|fault| fault.at(&**source))?,
        };
        let FormatKind::Text { sniff } = &format.kind else {
            return Err(not_text(format).at(&**source));
        };
        let decoder = sniff(&Sniff { source: source.clone(), head: &text, whole, known })?;
        let preamble = decoder.preamble();
        // A header ends with a line; as a line it is the same length in every encoding.
        let header = match preamble.lines.checked_sub(1).and_then(|last| usize::try_from(last).ok()) {
            // Unless it is all there is: then its line may have no end.
            _ if preamble.bytes >= text.len() => raw.len(),
            Some(last) => memchr::memchr_iter(b'\n', raw).nth(last).map_or(raw.len(), |end| end + 1),
            None => preamble.bytes.min(raw.len()),
        };
        let header = (encoding.mark_bytes + header) as u64;
        Ok(Self { format, decoder, encoding: own, header, lines: preamble.lines, head: head.into(), whole })
    }

    /// The same shape again, from what was kept of it.
    ///
    /// # Errors
    /// When this build does not know the format, or the bytes are not those.
    pub fn restore(
        source: &Arc<str>,
        format: &str,
        head: &[u8],
        whole: bool,
        known: Option<SchemaRef>,
    ) -> Result<Self> {
        let found = format::FORMATS.iter().copied().find(|own| own.name == format);
        let found = found.ok_or_else(|| {
            Fault::new(format!("this build knows no format '{format}'"))
                .at(&**source)
                .hint("open it with the build that recorded it")
        })?;
        Self::sniff(source, FormatHint::Named(found), head, whole, known)
    }

    pub fn schema(&self) -> &SchemaRef {
        self.decoder.schema()
    }

    /// Whole records as UTF-8.
    pub fn text<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        utf8(self.encoding, bytes)
    }
}

fn utf8(encoding: Option<TextEncoding>, bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some(encoding) = encoding else { return Cow::Borrowed(bytes) };
    let mut text = Vec::with_capacity(bytes.len() + bytes.len() / 2);
    encoding.converter().convert(bytes, false, &mut text);
    Cow::Owned(text)
}

/// The text format that an address names.
///
/// # Errors
/// When there is none of that name, or it has no records one after another.
pub fn text_format(url: &FeedUrl, name: &str) -> Result<&'static Format> {
    let texts = || format::FORMATS.iter().filter(|format| matches!(format.kind, FormatKind::Text { .. }));
    let found = format::FORMATS.iter().copied().find(|format| format.name.eq_ignore_ascii_case(name));
    match found {
        Some(format) if matches!(format.kind, FormatKind::Text { .. }) => Ok(format),
        Some(format) => Err(not_text(format).at(url.shown())),
        None => Err(Fault::new(format!("there is no format '{name}'")).at(url.shown()).hint(super::choices(
            name,
            texts().map(|f| f.name),
            str::to_owned,
        ))),
    }
}

fn not_text(format: &Format) -> Fault {
    Fault::new(format!("{} is complete only when its last byte is written, so it cannot be followed", format.title))
        .hint("open it as history, replay it with replay:PATH, or write follow=false")
}
