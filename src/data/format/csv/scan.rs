//! Where the fields and records of delimited text stand. RFC 4180, with lines that end in LF or CRLF.
//! What a field means is left to the decoder.
//!
//! A quote is special only as a field's first byte. `cut` and `walk` agree on where every record ends, however the
//! bytes come in pieces: that is what makes reading in blocks equal to reading in one go.

use memchr::{memchr, memrchr};

use crate::data::format::word;

/// How far a quoted field may reach; a quote that is not closed by then is taken for a mistake in its line.
pub(super) const QUOTE_BYTES: usize = 1 << 20;

/// What a record's shape gave away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    /// A quoted field is followed by something other than a delimiter, in the field with this number.
    AfterQuote(usize),
    /// A quote is opened and not closed.
    Unclosed,
}

/// Hears where fields and records stand.
pub(super) trait Sink {
    /// A field, without its delimiter; a quoted one with its quotes.
    fn field(&mut self, index: usize, start: usize, end: usize);

    /// The end of a record of `fields` fields. `false` ends the walk.
    fn record(&mut self, fields: usize, start: usize, end: usize, flaw: Flaw) -> bool;
}

/// Stops at delimiters and line ends.
struct Stops<'a> {
    bytes: &'a [u8],
    delimiter: u8,
    base: usize,
    found: u64,
}

impl<'a> Stops<'a> {
    fn new(bytes: &'a [u8], delimiter: u8) -> Self {
        let mut stops = Self { bytes, delimiter, base: 0, found: 0 };
        stops.seek(0);
        stops
    }

    #[inline]
    fn seek(&mut self, at: usize) {
        self.base = at;
        let eight = word::load(self.bytes, at);
        self.found = word::equal(eight, self.delimiter) | word::equal(eight, b'\n');
    }

    /// The next stop that was not handed out, or the length.
    #[inline]
    fn next(&mut self) -> usize {
        while self.found == 0 {
            if self.base + 8 >= self.bytes.len() {
                return self.bytes.len();
            }
            self.seek(self.base + 8);
        }
        let at = self.base + word::first(self.found);
        self.found &= self.found - 1;
        at
    }
}

/// Tells `sink` every field and record of `bytes`, which begin at the beginning of a record. Blank lines are no
/// records. What follows the last line end is a record too.
#[inline]
pub(super) fn walk(bytes: &[u8], delimiter: u8, sink: &mut impl Sink) {
    let mut stops = Stops::new(bytes, delimiter);
    let mut at = 0;
    while let Some(first) = bytes.get(at) {
        if *first == b'\n' || (*first == b'\r' && bytes.get(at + 1).is_none_or(|next| *next == b'\n')) {
            at += 1 + usize::from(*first == b'\r');
            stops.seek(at);
            continue;
        }
        let start = at;
        let (mut fields, mut flaw) = (0, Flaw::None);
        let end = loop {
            let open = at;
            let mut close = None;
            if bytes.get(open) == Some(&b'"') {
                let Some(after) = closing(bytes, open) else {
                    flaw = Flaw::Unclosed;
                    let end = memchr(b'\n', bytes.get(open..).unwrap_or_default()).map_or(bytes.len(), |n| open + n);
                    stops.seek(end + 1);
                    break end;
                };
                stops.seek(after);
                close = Some(after);
            }
            let stop = stops.next();
            let last = bytes.get(stop) != Some(&delimiter);
            let mut end = stop;
            if last && end > open && bytes.get(end - 1) == Some(&b'\r') {
                end -= 1;
            }
            if close.is_some_and(|after| after < end) && flaw == Flaw::None {
                flaw = Flaw::AfterQuote(fields);
            }
            sink.field(fields, open, end);
            fields += 1;
            if last {
                break stop;
            }
            at = stop + 1;
        };
        at = end + 1;
        let bare = if end > start && bytes.get(end - 1) == Some(&b'\r') { end - 1 } else { end };
        if !sink.record(fields, start, bare.min(bytes.len()), flaw) {
            return;
        }
    }
}

/// As `walk`, for bytes without a quote: tells the place of each record, and where each of its fields ends. A record is
/// heard with as many ends as it has fields, but at most one more than `fields`.
#[inline]
pub(super) fn walk_plain(bytes: &[u8], delimiter: u8, fields: usize, mut hear: impl FnMut(usize, &[u32], usize)) {
    // One place more than a record should need, so that one with too many is seen as that.
    let mut ends = vec![0_u32; fields + 1];
    let (mut count, mut start) = (0, 0);
    let mut finish = |ends: &mut [u32], count: usize, start: usize, at: usize| {
        let bare = at - usize::from(at > start && bytes.get(at - 1) == Some(&b'\r'));
        if bare > start || count > 0 {
            if let Some(end) = ends.get_mut(count) {
                *end = bare as u32;
            }
            hear(start, ends.get(..=count).unwrap_or(ends), bare);
        }
    };
    let (blocks, rest) = bytes.as_chunks::<64>();
    for (i, block) in blocks.iter().enumerate() {
        let mut found = word::either(block, delimiter, b'\n');
        while found != 0 {
            let within = found.trailing_zeros() as usize;
            found &= found - 1;
            let at = i * 64 + within;
            if block.get(within) == Some(&b'\n') {
                finish(&mut ends, count, start, at);
                (count, start) = (0, at + 1);
            } else {
                if let Some(end) = ends.get_mut(count) {
                    *end = at as u32;
                }
                count += 1;
            }
        }
    }
    let begun = bytes.len() - rest.len();
    for (i, byte) in rest.iter().enumerate() {
        let at = begun + i;
        if *byte == b'\n' {
            finish(&mut ends, count, start, at);
            (count, start) = (0, at + 1);
        } else if *byte == delimiter {
            if let Some(end) = ends.get_mut(count) {
                *end = at as u32;
            }
            count += 1;
        }
    }
    if bytes.last().is_some_and(|last| *last != b'\n') {
        finish(&mut ends, count, start, bytes.len());
    }
}

/// The place after the quote that closes the one at `open`.
fn closing(bytes: &[u8], open: usize) -> Option<usize> {
    let end = bytes.len().min(open.saturating_add(QUOTE_BYTES));
    let mut at = open + 1;
    loop {
        let quote = at + memchr(b'"', bytes.get(at..end)?)?;
        if bytes.get(quote + 1) != Some(&b'"') {
            return Some(quote + 1);
        }
        at = quote + 2;
    }
}

/// Length of the longest prefix that ends at the end of a record, as `Decoder::cut` says.
pub(super) fn cut(bytes: &[u8], delimiter: u8) -> usize {
    // Everything before `at` is settled: it is outside quotes, and the last record end in it is `whole`.
    let (mut at, mut whole) = (0, 0);
    while let Some(quote) = memchr(b'"', bytes.get(at..).unwrap_or_default()) {
        let open = at + quote;
        if let Some(end) = memrchr(b'\n', bytes.get(at..open).unwrap_or_default()) {
            whole = at + end + 1;
        }
        let before = open.checked_sub(1).and_then(|i| bytes.get(i));
        if !before.is_none_or(|b| *b == delimiter || *b == b'\n') {
            at = open + 1;
            continue;
        }
        at = match closing(bytes, open) {
            Some(after) => after,
            // With this much behind it the quote stays unclosed whatever comes: its line ends at its line end.
            None if bytes.len() > open + QUOTE_BYTES + 1 => {
                match memchr(b'\n', bytes.get(open..).unwrap_or_default()) {
                    Some(end) => {
                        whole = open + end + 1;
                        whole
                    }
                    None => return whole,
                }
            }
            None => return whole,
        };
    }
    match memrchr(b'\n', bytes.get(at..).unwrap_or_default()) {
        Some(end) => at + end + 1,
        None => whole,
    }
}

/// The text of a field: without its quotes, doubled quotes made single. `None` for an empty field without quotes.
pub(super) fn unquote(field: &[u8]) -> Option<std::borrow::Cow<'_, [u8]>> {
    match field {
        [] => None,
        [b'"', inner @ .., b'"'] => Some(match memchr(b'"', inner) {
            None => inner.into(),
            Some(_) => {
                let mut text = Vec::with_capacity(inner.len());
                let mut rest = inner;
                while let Some(quote) = memchr(b'"', rest) {
                    text.extend_from_slice(rest.get(..=quote).unwrap_or_default());
                    rest = rest.get(quote + 2..).unwrap_or_default();
                }
                text.extend_from_slice(rest);
                text.into()
            }
        }),
        _ => Some(field.into()),
    }
}
