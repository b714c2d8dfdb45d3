//! Messages to lines: a payload holds one JSON object, an array of objects, or objects one after another; each object
//! becomes one line of NDJSON. Which columns they have is the decoder's.

use serde::de::IgnoredAny;

/// Lines of NDJSON, and the message each came from.
#[derive(Debug, Default)]
pub struct Lines {
    pub bytes: Vec<u8>,
    /// The message of each line.
    pub message: Vec<u64>,
}

/// A payload, or a part of one, that is no JSON object.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused<'a> {
    pub reason: &'static str,
    pub body: &'a [u8],
}

const NOT_AN_OBJECT: &str = "this is not a JSON object";
const NOT_JSON: &str = "this is not JSON";

impl Lines {
    pub fn rows(&self) -> usize {
        self.message.len()
    }

    /// Takes a payload apart; what is no object goes to `refuse`, one call for each row that cannot be.
    pub fn add<'a>(&mut self, payload: &'a [u8], message: u64, mut refuse: impl FnMut(&mut Self, Refused<'a>)) {
        let payload = payload.strip_prefix(b"\xef\xbb\xbf").unwrap_or(payload).trim_ascii();
        match payload.first() {
            // The usual case is left to the decoder whole: it sets aside what is broken.
            Some(b'{') if memchr::memchr2(b'\n', b'\r', payload).is_none() => self.line(payload, message),
            Some(b'{') => self.sequence(payload, message, &mut refuse),
            Some(b'[') => self.array(payload, message, &mut refuse),
            // An empty message is a sign of life and no row.
            None => {}
            Some(_) => refuse(self, Refused { reason: NOT_AN_OBJECT, body: payload }),
        }
    }

    fn line(&mut self, object: &[u8], message: u64) {
        self.text(object);
        self.message.push(message);
    }

    fn text(&mut self, text: &[u8]) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(text);
        // In JSON a line end can only be a space between tokens.
        for byte in self.bytes.iter_mut().skip(begin).filter(|byte| matches!(byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
        self.bytes.push(b'\n');
    }

    /// Objects one after another: lines, or one object over several lines.
    fn sequence<'a>(&mut self, payload: &'a [u8], message: u64, refuse: &mut impl FnMut(&mut Self, Refused<'a>)) {
        let mut rest = payload;
        while !rest.is_empty() {
            let good = value(rest);
            // After what cannot be read, the next line is a new beginning.
            let end = good.or_else(|| memchr::memchr(b'\n', rest)).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            match good {
                Some(_) if part.starts_with(b"{") => self.line(part, message),
                Some(_) => refuse(self, Refused { reason: NOT_AN_OBJECT, body: part }),
                None => refuse(self, Refused { reason: NOT_JSON, body: part }),
            }
            rest = after.trim_ascii_start();
        }
    }

    fn array<'a>(&mut self, payload: &'a [u8], message: u64, refuse: &mut impl FnMut(&mut Self, Refused<'a>)) {
        // Nothing of an array that breaks off is taken: what it means is not certain.
        let Some(length) = value(payload).filter(|length| *length == payload.len()) else {
            refuse(self, Refused { reason: NOT_JSON, body: payload });
            return;
        };
        let mut rest = payload.get(1..length - 1).unwrap_or_default().trim_ascii_start();
        while !rest.is_empty() {
            let end = value(rest).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            let part = part.trim_ascii_end();
            if part.starts_with(b"{") {
                self.line(part, message);
            } else {
                refuse(self, Refused { reason: NOT_AN_OBJECT, body: part });
            }
            let after = after.trim_ascii_start();
            rest = after.strip_prefix(b",").unwrap_or(after).trim_ascii_start();
        }
    }
}

/// How many lines a payload became, and how many of them are no object: those are set aside when they are decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    pub rows: usize,
    pub refused: usize,
}

/// Takes a payload apart into lines. What is no object becomes a line as well, so that it is kept and counted.
pub fn add(payload: &[u8], into: &mut Vec<u8>) -> Added {
    let mut lines = Lines { bytes: std::mem::take(into), message: Vec::new() };
    let mut refused = 0;
    lines.add(payload, 0, |lines, part| {
        lines.text(part.body);
        refused += 1;
    });
    *into = lines.bytes;
    Added { rows: lines.message.len(), refused }
}

/// Length of the JSON value that `bytes` begin with.
fn value(bytes: &[u8]) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    matches!(values.next(), Some(Ok(_))).then(|| values.byte_offset())
}
