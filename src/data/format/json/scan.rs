//! Where JSON values stand, without building them: strings, scalars, nested values and the members of objects.
//! Values that nobody asked for are only stepped over; what a value means is left to the decoder.

use std::ops::Range;

use crate::data::format::word;

/// Why a value has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScanError {
    /// The bytes end first.
    End,
    /// Something stands at this place that JSON does not allow.
    Bad(usize),
}

type Scanned = Result<usize, ScanError>;

/// The place of the first byte at or after `at` that is not blank.
#[inline]
pub(super) fn blank(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The place after the string that opens at `at`.
#[inline]
pub(super) fn string(bytes: &[u8], at: usize) -> Scanned {
    let mut at = at + 1;
    loop {
        let eight = word::load(bytes, at);
        let found = word::equal(eight, b'"') | word::equal(eight, b'\\');
        if found == 0 {
            at += 8;
            if at >= bytes.len() {
                return Err(ScanError::End);
            }
            continue;
        }
        at += word::first(found);
        if bytes.get(at) == Some(&b'"') {
            return Ok(at + 1);
        }
        at += 2;
    }
}

/// The place after the value that begins at `at`.
#[inline]
pub(super) fn value(bytes: &[u8], at: usize) -> Scanned {
    match bytes.get(at) {
        None => Err(ScanError::End),
        Some(b'"') => string(bytes, at),
        Some(b'{' | b'[') => nested(bytes, at),
        // JSON has no words for these; Python and DuckDB write them all the same.
        Some(b'N') => exactly(bytes, at, b"NaN"),
        Some(b'I') => exactly(bytes, at, b"Infinity"),
        Some(b'-') if bytes.get(at + 1) == Some(&b'I') => exactly(bytes, at, b"-Infinity"),
        Some(b'-' | b'0'..=b'9') => number(bytes, at),
        Some(b't') => exactly(bytes, at, b"true"),
        Some(b'f') => exactly(bytes, at, b"false"),
        Some(b'n') => exactly(bytes, at, b"null"),
        Some(_) => Err(ScanError::Bad(at)),
    }
}

/// The place after the digits, signs, points and exponents from `at` on.
#[inline]
fn number(bytes: &[u8], mut at: usize) -> Scanned {
    loop {
        let found = word::no_digits(word::load(bytes, at));
        if found == 0 {
            at += 8;
            continue;
        }
        at += word::first(found);
        match bytes.get(at) {
            Some(b'.' | b'-' | b'+' | b'e' | b'E') => at += 1,
            Some(_) => return Ok(at),
            None => return Err(ScanError::End),
        }
    }
}

fn exactly(bytes: &[u8], at: usize, word: &[u8]) -> Scanned {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.starts_with(word) {
        Ok(at + word.len())
    } else if word.starts_with(rest) {
        Err(ScanError::End)
    } else {
        Err(ScanError::Bad(at))
    }
}

/// Values may be nested so deeply, as other readers have it.
pub(super) const DEEPEST: usize = 127;

/// Whether a value goes down further.
pub(super) fn is_deep(bytes: &[u8]) -> bool {
    let (mut at, mut level) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => match string(bytes, at) {
                Ok(end) => {
                    at = end;
                    continue;
                }
                Err(_) => return false,
            },
            b'{' | b'[' => level += 1,
            b'}' | b']' => level = level.saturating_sub(1),
            _ => {}
        }
        // The object that is the row is not counted.
        if level > DEEPEST + 1 {
            return true;
        }
        at += 1;
    }
    false
}

/// Steps over an array or object by its brackets alone.
fn nested(bytes: &[u8], mut at: usize) -> Scanned {
    // One bit a level, set for `{`, above a first one: `DEEPEST` levels.
    let mut levels: u128 = 1;
    loop {
        match bytes.get(at) {
            None => return Err(ScanError::End),
            Some(b'"') => {
                at = string(bytes, at)?;
                continue;
            }
            Some(open @ (b'{' | b'[')) => {
                if levels >> 127 != 0 {
                    return Err(ScanError::Bad(at));
                }
                levels = levels << 1 | u128::from(*open == b'{');
            }
            Some(close @ (b'}' | b']')) => {
                if (levels & 1 == 1) != (*close == b'}') {
                    return Err(ScanError::Bad(at));
                }
                levels >>= 1;
                if levels == 1 {
                    return Ok(at + 1);
                }
            }
            Some(_) => {}
        }
        at += 1;
    }
}

/// A key as it mostly stands: between quotes and before a colon, without blanks or escapes.
#[derive(Debug)]
pub(super) struct MemberKey {
    text: Box<[u8]>,
    /// The first sixteen bytes of `text`, and masks of as many as it has.
    words: [u64; 2],
    masks: [u64; 2],
}

impl MemberKey {
    pub fn new(name: &str) -> Self {
        let text: Box<[u8]> = format!("\"{name}\":").into_bytes().into();
        let masks = [word::lowest(text.len()), word::lowest(text.len().saturating_sub(8))];
        Self { words: [word::load(&text, 0), word::load(&text, 8)], masks, text }
    }

    /// The place after it, if it stands at `at`.
    #[inline]
    fn after(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let other = (word::load(bytes, at) ^ self.words[0]) & self.masks[0]
            | (word::load(bytes, at + 8) ^ self.words[1]) & self.masks[1];
        if other != 0 {
            return None;
        }
        let after = at + self.text.len();
        (self.text.len() <= 16 || bytes.get(at..after) == Some(&*self.text)).then_some(after)
    }
}

/// Receives the members of an object.
pub(super) trait Members {
    /// The key that most likely comes next.
    fn expected(&self) -> Option<&MemberKey>;

    /// A member: the range of its key between the quotes (`None` when it is the expected one), and that of its value.
    fn member(&mut self, key: Option<Range<usize>>, value: Range<usize>);
}

/// Takes no member: for callers that need the end of an object alone.
struct Nobody;

impl Members for Nobody {
    fn expected(&self) -> Option<&MemberKey> {
        None
    }

    fn member(&mut self, _: Option<Range<usize>>, _: Range<usize>) {}
}

/// Tells the members of the object that opens at `at`. The place after the object.
#[inline]
pub(super) fn object(bytes: &[u8], at: usize, members: &mut impl Members) -> Scanned {
    expect(bytes, at, b'{')?;
    let mut at = blank(bytes, at + 1);
    if bytes.get(at) == Some(&b'}') {
        return Ok(at + 1);
    }
    loop {
        let (key, after) = match members.expected().and_then(|key| key.after(bytes, at)) {
            Some(after) => (None, after),
            None => {
                expect(bytes, at, b'"')?;
                let close = string(bytes, at)?;
                let colon = blank(bytes, close);
                expect(bytes, colon, b':')?;
                (Some(at + 1..close - 1), colon + 1)
            }
        };
        let start = blank(bytes, after);
        let end = value(bytes, start)?;
        members.member(key, start..end);
        at = blank(bytes, end);
        match bytes.get(at) {
            Some(b',') => at = blank(bytes, at + 1),
            Some(b'}') => return Ok(at + 1),
            None => return Err(ScanError::End),
            Some(_) => return Err(ScanError::Bad(at)),
        }
    }
}

#[inline]
fn expect(bytes: &[u8], at: usize, byte: u8) -> Result<(), ScanError> {
    match bytes.get(at) {
        Some(found) if *found == byte => Ok(()),
        None => Err(ScanError::End),
        Some(_) => Err(ScanError::Bad(at)),
    }
}

/// Steps over what may stand between the elements of a document: blanks, commas, the brackets of the outermost array,
/// and closing ones that a malformed element left behind.
pub(super) fn between(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t' | b',' | b'[' | b']' | b'}') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The place after the element that begins at `at`. A malformed one goes on to the end of its line.
pub(super) fn element(bytes: &[u8], at: usize) -> (usize, Result<(), ScanError>) {
    let end = if bytes.get(at) == Some(&b'{') { object(bytes, at, &mut Nobody) } else { value(bytes, at) };
    match end {
        Ok(end) => (end, Ok(())),
        Err(ScanError::End) => (bytes.len(), Err(ScanError::End)),
        Err(ScanError::Bad(bad)) => match memchr::memchr(b'\n', bytes.get(bad..).unwrap_or_default()) {
            Some(line) => (bad + line, Err(ScanError::Bad(bad))),
            None => (bytes.len(), Err(ScanError::End)),
        },
    }
}

/// Length of the longest prefix of a document that ends at the end of an element.
pub(super) fn cut(bytes: &[u8]) -> usize {
    let mut whole = 0;
    loop {
        let at = between(bytes, whole);
        if at >= bytes.len() {
            return whole;
        }
        match element(bytes, at) {
            (_, Err(ScanError::End)) => return whole,
            (end, _) => whole = end,
        }
    }
}
