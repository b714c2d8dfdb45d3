//! The footer of a Parquet file before polars believes it: that its lists are as long as they say and its schema is no
//! deeper than a stack, and which row groups claim what cannot be. Those are named, and their numbers are set to 0, so
//! that the other groups can be read.

use super::super::arrow::check::schema_message;
use super::super::thrift::{BINARY, I32, I64, LIST, STRUCT, Thrift};

/// The deepest schema that is read.
const DEEPEST: usize = 64;
/// Where an Arrow writer keeps the types that Parquet does not know.
const ARROW_SCHEMA: &[u8] = b"ARROW:schema";

/// What a footer says that must not be believed.
#[derive(Debug)]
pub(super) struct Footer {
    /// The footer with those numbers as 0.
    pub bytes: Vec<u8>,
    /// A sentence for each row group that claims what cannot be.
    pub refused: Vec<Option<String>>,
}

/// Where in the footer a number stands.
type ByteRange = std::ops::Range<usize>;

/// Looks through a footer (with the eight bytes that end the file, or without).
///
/// # Errors
/// When it is no footer at all: why.
pub(super) fn check(bytes: Vec<u8>) -> Result<Footer, String> {
    let mut refused = Vec::new();
    let mut wrong: Vec<ByteRange> = Vec::new();
    let mut why = None;
    let walked = Thrift::new(&bytes).fields(|at, id, kind| {
        match (id, kind) {
            (2, LIST) => schema(at)?,
            (4, LIST) => {
                let (_, size) = at.list().filter(|(kind, _)| *kind == STRUCT)?;
                for _ in 0..size {
                    refused.push(group(at, &mut wrong)?);
                }
            }
            (5, LIST) => why = why.take().or(words(at)?),
            _ => return Some(false),
        }
        Some(true)
    });
    if walked.is_none() {
        return Err("a list in it is longer than the footer, or it is nested too deeply".to_owned());
    }
    if let Some(why) = why {
        return Err(why);
    }
    let mut bytes = bytes;
    for place in wrong {
        zero(bytes.get_mut(place).unwrap_or_default());
    }
    Ok(Footer { bytes, refused })
}

/// Writes 0 as a number of as many bytes as stood there.
fn zero(bytes: &mut [u8]) {
    if let Some((last, before)) = bytes.split_last_mut() {
        before.fill(0x80);
        *last = 0;
    }
}

/// The elements of the schema, depth first: each says how many children follow.
fn schema(at: &mut Thrift<'_>) -> Option<()> {
    let (_, size) = at.list().filter(|(kind, _)| *kind == STRUCT)?;
    // How many children each open group still waits for.
    let mut open: Vec<i64> = Vec::new();
    for _ in 0..size {
        let (mut children, mut named) = (0, false);
        at.fields(|at, id, kind| match (id, kind) {
            (4, BINARY) => at.binary().map(|_| named = true).map(|()| true),
            (5, I32) => {
                children = at.integer()?;
                Some(true)
            }
            _ => Some(false),
        })?;
        while open.last() == Some(&0) {
            open.pop();
        }
        if let Some(waits) = open.last_mut() {
            *waits -= 1;
        }
        if children > 0 {
            open.push(children);
        }
        if !named || open.len() > DEEPEST {
            return None;
        }
    }
    Some(())
}

/// A row group; a sentence when one of its numbers cannot be.
fn group(at: &mut Thrift<'_>, wrong: &mut Vec<ByteRange>) -> Option<Option<String>> {
    let mut said = None;
    let mut columns = false;
    let mut counted = false;
    at.fields(|at, id, kind| match (id, kind) {
        (1, LIST) => {
            let (_, size) = at.list().filter(|(kind, _)| *kind == STRUCT)?;
            columns = true;
            for _ in 0..size {
                column(at, &mut said, wrong)?;
            }
            Some(true)
        }
        (2, I64) => number(at, "its bytes", &mut said, wrong).map(|()| true),
        (3, I64) => {
            counted = true;
            number(at, "its rows", &mut said, wrong).map(|()| true)
        }
        _ => Some(false),
    })?;
    (columns && counted).then_some(said)
}

/// A column of a row group. What it must have is there, so that many of them take many bytes.
fn column(at: &mut Thrift<'_>, said: &mut Option<String>, wrong: &mut Vec<ByteRange>) -> Option<()> {
    let mut found = 0;
    at.fields(|at, id, kind| {
        if (id, kind) != (3, STRUCT) {
            return Some(false);
        }
        at.fields(|at, id, kind| {
            let what = match (id, kind) {
                (5, I64) => "the values of a column",
                (6 | 7, I64) => "the bytes of a column",
                (9, I64) => "the place of a column",
                (11, I64) => "the place of a dictionary",
                _ => {
                    found += usize::from((id, kind) == (4, I32));
                    return Some(false);
                }
            };
            found += usize::from(id != 11);
            number(at, what, said, wrong).map(|()| true)
        })?;
        Some(true)
    })?;
    (found >= 5).then_some(())
}

/// A number that cannot be negative.
fn number(at: &mut Thrift<'_>, what: &str, said: &mut Option<String>, wrong: &mut Vec<ByteRange>) -> Option<()> {
    let from = at.at();
    let value = at.integer()?;
    if value < 0 {
        wrong.push(from..at.at());
        said.get_or_insert_with(|| format!("the footer says {value} for {what}"));
    }
    Some(())
}

/// The file's own words; why the schema that is kept among them cannot be read.
fn words(at: &mut Thrift<'_>) -> Option<Option<String>> {
    let (_, size) = at.list().filter(|(kind, _)| *kind == STRUCT)?;
    let mut why = None;
    for _ in 0..size {
        let (mut key, mut value) = (&b""[..], &b""[..]);
        at.fields(|at, id, kind| {
            match (id, kind) {
                (1, BINARY) => key = at.binary()?,
                (2, BINARY) => value = at.binary()?,
                _ => return Some(false),
            }
            Some(true)
        })?;
        if key == ARROW_SCHEMA {
            let message = base64(value);
            let flat = message.strip_prefix(&[255; 4]).and_then(|rest| rest.get(4..)).unwrap_or(&message);
            why = why.or(schema_message(flat).err());
        }
    }
    Some(why)
}

/// Whether the text is well formed is for the decoder to say.
fn base64(text: &[u8]) -> Vec<u8> {
    let (mut out, mut bits, mut held) = (Vec::with_capacity(text.len()), 0_u32, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        (bits, held) = (bits << 6 | u32::from(value), held + 6);
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}
