//! Messages to lines: a payload holds one JSON object, an array of objects, or objects one after another; each object
//! becomes one line of NDJSON. Which columns they have, and what is set aside, is the decoder's.

use serde::de::IgnoredAny;

/// How many lines a payload became, and how many of them are no object: those are set aside when they are decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    pub rows: usize,
    pub refused: usize,
}

/// Takes a payload apart into lines. What is no object becomes a line as well, so that it is kept and counted.
pub fn add(payload: &[u8], into: &mut Vec<u8>) -> Added {
    let payload = payload.strip_prefix(b"\xef\xbb\xbf").unwrap_or(payload).trim_ascii();
    let mut lines = Lines { into, added: Added::default() };
    match payload.first() {
        // The usual case is left to the decoder whole: it sets aside what is broken.
        Some(b'{') if memchr::memchr2(b'\n', b'\r', payload).is_none() => lines.row(payload),
        Some(b'{') => lines.sequence(payload),
        Some(b'[') => lines.array(payload),
        // An empty message is a sign of life and no row.
        None => {}
        Some(_) => lines.refuse(payload),
    }
    lines.added
}

struct Lines<'a> {
    into: &'a mut Vec<u8>,
    added: Added,
}

impl Lines<'_> {
    fn row(&mut self, object: &[u8]) {
        self.added.rows += 1;
        self.line(object);
    }

    fn refuse(&mut self, part: &[u8]) {
        self.added.refused += 1;
        self.line(part);
    }

    fn line(&mut self, text: &[u8]) {
        let begin = self.into.len();
        self.into.extend_from_slice(text);
        // In JSON a line end can only be a space between tokens.
        for byte in self.into.iter_mut().skip(begin).filter(|byte| matches!(byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
        self.into.push(b'\n');
    }

    /// Objects one after another: lines, or one object over several lines.
    fn sequence(&mut self, payload: &[u8]) {
        let mut rest = payload;
        while !rest.is_empty() {
            let good = value(rest);
            // After what cannot be read, the next line is a new beginning.
            let end = good.or_else(|| memchr::memchr(b'\n', rest)).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            if good.is_some() && part.starts_with(b"{") {
                self.row(part)
            } else {
                self.refuse(part)
            }
            rest = after.trim_ascii_start();
        }
    }

    fn array(&mut self, payload: &[u8]) {
        // Nothing of an array that breaks off is taken: what it means is not certain.
        let Some(length) = value(payload).filter(|length| *length == payload.len()) else {
            return self.refuse(payload);
        };
        let mut rest = payload.get(1..length - 1).unwrap_or_default().trim_ascii_start();
        while !rest.is_empty() {
            let end = value(rest).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            let part = part.trim_ascii_end();
            if part.starts_with(b"{") {
                self.row(part)
            } else {
                self.refuse(part)
            }
            let after = after.trim_ascii_start();
            rest = after.strip_prefix(b",").unwrap_or(after).trim_ascii_start();
        }
    }
}

/// Length of the JSON value that `bytes` begin with.
fn value(bytes: &[u8]) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    matches!(values.next(), Some(Ok(_))).then(|| values.byte_offset())
}
