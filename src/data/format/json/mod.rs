//! JSON: one object a line (NDJSON), or an array of objects. Only the members asked for are decoded; the others are
//! stepped over. Places are found by `scan`, columns are settled by `sniff`.

mod scan;
mod sniff;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashMap;
use polars::prelude::{Schema, SchemaRef};

use super::column::{Cell, SHORT, Spec};
use super::rows::{self, NOT_PROJECTED, Projection, RowSpans};
use super::span::{Span, TextBlock};
use super::{Decoded, Decoder, Format, FormatKind, Preamble, Sniff, word};
use crate::data::{Fault, Result};

pub static NDJSON: Format = Format {
    name: "ndjson",
    title: "JSON, one object a line",
    extensions: &["ndjson", "jsonl"],
    kind: FormatKind::Text { sniff: |s| open(s, JsonLayout::Lines) },
};

pub static JSON: Format = Format {
    name: "json",
    title: "JSON, an array of objects",
    extensions: &["json"],
    kind: FormatKind::Text { sniff: |s| open(s, JsonLayout::Document) },
};

/// Members without a column that are looked at, of the records that are decoded at once.
const STRANGERS: usize = 64;

/// How objects follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JsonLayout {
    Lines,
    Document,
}

impl JsonLayout {
    fn cut(self, bytes: &[u8]) -> usize {
        match self {
            Self::Lines => memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1),
            Self::Document => scan::cut(bytes),
        }
    }
}

fn open(sniff: &Sniff<'_>, shape: JsonLayout) -> Result<Arc<dyn Decoder>> {
    let specs = sniff::columns(sniff, shape)?;
    let schema = specs.iter().map(|spec| (spec.name.clone(), spec.dtype.clone())).collect::<Schema>();
    let keys = specs.iter().map(|spec| scan::MemberKey::new(&spec.name)).collect();
    let places = specs.iter().enumerate().map(|(place, spec)| (spec.name.as_bytes().into(), place)).collect();
    Ok(Arc::new(Json { source: sniff.source.clone(), shape, schema: schema.into(), specs, keys, places }))
}

#[derive(Debug)]
struct Json {
    source: Arc<str>,
    shape: JsonLayout,
    schema: SchemaRef,
    specs: Vec<Spec>,
    /// The columns' names as keys stand in the text, where they need no escape.
    keys: Vec<scan::MemberKey>,
    places: HashMap<Box<[u8]>, usize>,
}

impl Decoder for Json {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn preamble(&self) -> Preamble {
        Preamble::default()
    }

    fn cut(&self, bytes: &[u8]) -> usize {
        self.shape.cut(bytes)
    }

    fn decode_vital(&self, bytes: &[u8], line: u64, columns: &[usize], vital: Option<&[usize]>) -> Result<Decoded> {
        let block = TextBlock::new(bytes).map_err(|fault| fault.at(self.source.to_string()))?;
        let projection = Projection::new(&self.specs, columns, vital)?;
        let rows = self.rows(block, &projection);
        rows::assemble(&self.source, block, line, &projection, rows, cell, plain)
            .map_err(|fault| Fault { place: self.source.to_string(), ..fault })
    }
}

impl Json {
    fn rows(&self, block: TextBlock<'_>, projection: &Projection<'_>) -> RowSpans {
        let (bytes, width) = (block.bytes, projection.width());
        let (mut rows, mut strangers) = (RowSpans::default(), Vec::new());
        records(bytes, self.shape, |start, limit| {
            let row_at = rows.cells.len();
            rows.cells.resize(row_at + width, Span::default());
            let mut row = Row {
                json: self,
                projection,
                cells: rows.cells.get_mut(row_at..).unwrap_or_default(),
                bytes: limit,
                next: 0,
                strangers: &mut strangers,
            };
            let end = scan::object(limit, start, &mut row);
            let (end, flaw) = match end {
                Ok(end) if self.shape == JsonLayout::Document || scan::blank(limit, end) == limit.len() => {
                    (end, block.flaw(start..end).map(ToOwned::to_owned))
                }
                _ => {
                    let end = self.shape.end(limit, start);
                    (
                        end,
                        Some(
                            block
                                .flaw(start..end)
                                .map_or_else(|| words(limit.get(start..end).unwrap_or_default()), ToOwned::to_owned),
                        ),
                    )
                }
            };
            match flaw {
                None => rows.bounds.push(Span::new(start, end)),
                Some(flaw) => {
                    rows.cells.truncate(row_at);
                    rows.aside.push((Span::new(start, end), flaw));
                }
            }
            end
        });
        let names = strangers.into_iter().filter_map(|key| unescape(bytes.get(key)?));
        rows.fields = names.map(|name| name.as_ref().into()).collect();
        rows
    }

    /// The column of a key as it stands between its quotes.
    fn place(&self, key: &[u8]) -> Option<usize> {
        match memchr::memchr(b'\\', key) {
            None => self.places.get(key).copied(),
            Some(_) => self.places.get(unescape(key)?.as_bytes()).copied(),
        }
    }
}

/// Notes where the values asked for stand in one object.
struct Row<'a> {
    json: &'a Json,
    projection: &'a Projection<'a>,
    cells: &'a mut [Span],
    bytes: &'a [u8],
    /// The column whose key comes next, if keys come in the order of the schema as they mostly do.
    next: usize,
    /// Where keys stand that no column has.
    strangers: &'a mut Vec<Range<usize>>,
}

impl scan::Members for Row<'_> {
    #[inline]
    fn expected(&self) -> Option<&scan::MemberKey> {
        self.json.keys.get(self.next)
    }

    #[inline]
    fn member(&mut self, key: Option<Range<usize>>, value: Range<usize>) {
        let place = match key {
            None => Some(self.next),
            Some(key) => {
                let place = self.json.place(self.bytes.get(key.clone()).unwrap_or_default());
                if place.is_none() && self.strangers.len() < STRANGERS {
                    self.strangers.push(key);
                }
                place
            }
        };
        let Some(place) = place else { return };
        self.next = place + 1;
        let slot = self.projection.slots.get(place).copied().unwrap_or(NOT_PROJECTED);
        if let Some(span) = self.cells.get_mut(slot as usize) {
            *span = Span::new(value.start, value.end);
        }
    }
}

impl JsonLayout {
    /// Where the record that begins at `start` and is no object ends.
    fn end(self, limit: &[u8], start: usize) -> usize {
        match self {
            Self::Lines => start + limit.get(start..).unwrap_or_default().trim_ascii_end().len(),
            Self::Document => scan::element(limit, start).0,
        }
    }
}

/// Calls `record` with the place of every record and the bytes up to which it may reach; it answers with the record's
/// end.
#[inline]
fn records<'a>(bytes: &'a [u8], shape: JsonLayout, mut record: impl FnMut(usize, &'a [u8]) -> usize) {
    let mut at = 0;
    while at < bytes.len() {
        match shape {
            JsonLayout::Lines => {
                let end = memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()).map_or(bytes.len(), |n| at + n);
                let limit = bytes.get(..end).unwrap_or_default();
                let start = scan::blank(limit, at);
                if start < end {
                    record(start, limit);
                }
                at = end + 1;
            }
            JsonLayout::Document => {
                let start = scan::between(bytes, at);
                if start >= bytes.len() {
                    return;
                }
                at = record(start, bytes).max(start + 1);
            }
        }
    }
}

/// What `sniff` is told of each record: the members of an object; `None` for a record that is no object.
struct Object {
    members: Option<Vec<(Range<usize>, Range<usize>)>>,
}

impl scan::Members for Vec<(Range<usize>, Range<usize>)> {
    fn expected(&self) -> Option<&scan::MemberKey> {
        None
    }

    fn member(&mut self, key: Option<Range<usize>>, value: Range<usize>) {
        self.push((key.unwrap_or_default(), value));
    }
}

fn objects(bytes: &[u8], shape: JsonLayout, mut hear: impl FnMut(Object)) {
    records(bytes, shape, |start, limit| {
        let mut members = Vec::new();
        let end = scan::object(limit, start, &mut members);
        let usable = end.is_ok_and(|end| limit.get(start..end).is_some_and(|row| std::str::from_utf8(row).is_ok()));
        hear(Object { members: usable.then_some(members) });
        end.unwrap_or_else(|_| shape.end(limit, start))
    });
}

/// Why a record is not an object, in words.
fn words(record: &[u8]) -> String {
    match serde_json::from_slice::<serde::de::IgnoredAny>(record) {
        Err(error) => format!("not valid JSON: {error}"),
        Ok(_) if scan::is_deep(record) => {
            format!("nested too deeply: more than {} objects and arrays in each other", scan::DEEPEST)
        }
        Ok(_) if record.first() == Some(&b'{') => "not valid JSON".to_owned(),
        Ok(_) => "not a JSON object".to_owned(),
    }
}

/// The text between the quotes of a JSON string; `None` where an escape is wrong.
fn unescape(inner: &[u8]) -> Option<Cow<'_, str>> {
    if memchr::memchr(b'\\', inner).is_none() {
        return std::str::from_utf8(inner).ok().map(Cow::Borrowed);
    }
    let mut quoted = Vec::with_capacity(inner.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(inner);
    quoted.push(b'"');
    serde_json::from_slice::<String>(&quoted).ok().map(Cow::Owned)
}

#[inline]
fn cell(value: &str) -> Cell<'_> {
    match value.as_bytes() {
        [] | b"null" => Cell::Null,
        [b'"', inner @ .., b'"'] => match memchr::memchr(b'\\', inner) {
            None => value.get(1..value.len() - 1).map_or(Cell::Broken, Cell::Text),
            Some(_) => match unescape(inner) {
                Some(text) => Cell::Owned(text.into_owned()),
                None => Cell::Broken,
            },
        },
        _ => Cell::Text(value),
    }
}

/// The value of a short text without escapes: the bytes between its quotes.
#[inline]
fn plain(bytes: &[u8], span: Span) -> Option<Span> {
    let (start, end) = (span.start as usize, span.end as usize);
    if !(3..=SHORT + 2).contains(&(end - start)) || bytes.get(start) != Some(&b'"') {
        return None;
    }
    // Escapes that stand after its end are no reason to doubt, but a reason to look twice.
    let escapes = word::equal(word::load(bytes, start), b'\\') | word::equal(word::load(bytes, start + 8), b'\\');
    (escapes == 0).then_some(Span { start: span.start + 1, end: span.end - 1 })
}
