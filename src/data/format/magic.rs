//! Which format a file has: by the end of its name, checked against its first bytes, because names lie.
//! Unpacking and transcoding those bytes is left to the caller.

use std::path::Path;

use super::{FORMATS, Format, FormatKind, arrow, csv, json, parquet};
use crate::data::{Fault, Result};

/// What the first bytes show.
enum Content {
    Parquet,
    Arrow,
    /// JSON objects, one a line.
    Lines,
    /// Other JSON: an array, or objects over several lines.
    Document,
    Text,
    /// Nothing we read: `a PNG image`.
    Foreign(&'static str),
}

const MARKS: &[(&[u8], &str)] = &[
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\x1f\x8b", "packed with gzip twice"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd twice"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"\x89HDF", "an HDF5 file"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"FEA1", "a Feather file of the old version 1"),
    (b"PARE", "an encrypted Parquet file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document"),
    (b"\xff\xff\xff\xff", "an Arrow stream (not an Arrow file)"),
];

fn look(head: &[u8]) -> Content {
    if head.starts_with(b"PAR1") {
        return Content::Parquet;
    }
    if head.starts_with(b"ARROW1") {
        return Content::Arrow;
    }
    // `ORC` and `BZh` may begin a honest line of text: a mark of letters counts only over bytes that are not text.
    let text = is_text(head);
    let letters = |mark: &[u8]| mark.iter().all(|b| b.is_ascii_alphanumeric());
    if let Some((_, what)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark) && !(text && letters(mark))) {
        return Content::Foreign(what);
    }
    if !text {
        return Content::Foreign("binary data of a kind that is not known here");
    }
    let body = head.trim_ascii_start();
    let after = |open: u8| body.strip_prefix(&[open]).map(|rest| rest.trim_ascii_start().first().copied());
    match (after(b'{'), after(b'[')) {
        (Some(None | Some(b'"' | b'}')), _) => {
            let mut lines = body.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
            let first = lines.next().unwrap_or_default();
            if first.ends_with(b"}") || body.len() == first.len() || mostly_objects(lines) {
                Content::Lines
            } else {
                Content::Document
            }
        }
        (_, Some(None | Some(b'{' | b']' | b'['))) => Content::Document,
        _ => Content::Text,
    }
}

/// Lines that may follow one that was torn.
const LOOKED_AT: usize = 64;

/// Whether most lines are objects: then the first one is torn, and no document over many lines.
fn mostly_objects<'a>(lines: impl Iterator<Item = &'a [u8]>) -> bool {
    let (mut all, mut whole) = (0, 0);
    for line in lines.take(LOOKED_AT) {
        all += 1;
        whole += usize::from(line.starts_with(b"{") && line.ends_with(b"}"));
    }
    whole * 2 > all
}

/// Text may hold a few bytes that do not belong there; those rows are set aside. Data that is no text is full of them.
/// Where characters beyond ASCII are not UTF-8, as in an old encoding or in random bytes, hardly any is allowed.
fn is_text(head: &[u8]) -> bool {
    let head = head.get(..4_096).unwrap_or(head);
    let odd = head.iter().filter(|b| matches!(b, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    let utf8 = || {
        let text = String::from_utf8_lossy(head);
        let (strange, beyond) = text.chars().fold((0, 0), |(s, b), c| {
            (s + usize::from(c == char::REPLACEMENT_CHARACTER), b + usize::from(!c.is_ascii()))
        });
        strange * 2 <= beyond
    };
    odd * 10 <= head.len() && (odd <= 1 || odd * 50 <= head.len() || utf8())
}

/// The end of a file's name that tells its format, in lower case: `csv` for `a.CSV.gz`. Empty when there is none.
pub fn extension(path: &Path) -> String {
    let lower = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let stem = [".gz", ".zst", ".gzip", ".zstd"].iter().find_map(|end| lower.strip_suffix(end)).unwrap_or(&lower);
    stem.rsplit_once('.').map(|(_, end)| end.to_owned()).unwrap_or_default()
}

fn by_extension(path: &Path) -> Option<&'static Format> {
    let extension = extension(path);
    FORMATS.iter().copied().find(|format| format.extensions.contains(&extension.as_str()))
}

/// The format of the file at `path`. `head` is its beginning, unpacked and, where it is text, as UTF-8.
/// Content outweighs the name: see `misnamed`.
///
/// # Errors
/// When the content is of a known kind that holds no table.
pub fn format_for(path: &Path, head: &[u8]) -> Result<&'static Format> {
    let named = by_extension(path);
    let own = |name: &str| named.is_some_and(|format| format.name == name);
    Ok(match look(head) {
        Content::Parquet => &parquet::PARQUET,
        Content::Arrow => &arrow::ARROW,
        Content::Lines => &json::NDJSON,
        Content::Document => &json::JSON,
        Content::Text if own(csv::TSV.name) => &csv::TSV,
        Content::Text if own(parquet::PARQUET.name) || own(arrow::ARROW.name) => {
            let title = named.map_or("", |format| format.title);
            // A columnar file without its first bytes is broken; one line of something else under its name is, too.
            if head.contains(&b'\n') {
                &csv::CSV
            } else {
                return Err(foreign(path, &format!("not {} at all", article(title))));
            }
        }
        // Prose under a JSON name is broken JSON; lines with a delimiter are a CSV file that was named wrongly.
        Content::Text if (own(json::JSON.name) || own(json::NDJSON.name)) && !delimited(head) => {
            return Err(Fault::new("this is not JSON: it begins with neither an object { nor an array [")
                .at(path.display().to_string())
                .hint("look at its first line; if it is a CSV file, let its name end in .csv"));
        }
        Content::Text => &csv::CSV,
        Content::Foreign(what) => return Err(foreign(path, what)),
    })
}

/// Whether the bytes of a file with the name of a text format are text at all; before they are converted.
///
/// # Errors
/// As `format_for`, and when they are of a columnar format.
pub fn check_text(path: &Path, head: &[u8]) -> Result<()> {
    match look(head) {
        Content::Parquet => Err(foreign(path, "a Parquet file instead of text")),
        Content::Arrow => Err(foreign(path, "an Arrow file instead of text")),
        Content::Foreign(what) => Err(foreign(path, what)),
        Content::Lines | Content::Document | Content::Text => Ok(()),
    }
}

/// The first two lines have the same number of the same delimiter, and at least one.
fn delimited(head: &[u8]) -> bool {
    let mut lines = head.split(|b| *b == b'\n');
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return false };
    let count = |line: &[u8], delimiter: u8| line.iter().filter(|b| **b == delimiter).count();
    [b',', b';', b'\t', b'|'].into_iter().any(|d| count(first, d) > 0 && count(first, d) == count(second, d))
}

fn foreign(path: &Path, what: &str) -> Fault {
    let titles: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    Fault::new(format!("this is {what}, which holds no table that can be read here"))
        .at(path.display().to_string())
        .hint(format!("open one of: {}; text may be packed as .gz or .zst", titles.join(", ")))
}

fn article(title: &str) -> String {
    let vowel = title.starts_with(['A', 'E', 'I', 'O', 'U']);
    format!("{} {title}", if vowel { "an" } else { "a" })
}

/// A sentence for a file whose name promises another format than it has; text formats may share their names.
pub fn misnamed(path: &Path, format: &Format) -> Option<String> {
    let extension = extension(path);
    let promised = by_extension(path)?;
    let family = |f: &Format| match f.kind {
        FormatKind::Text { .. } if f.name.ends_with("json") => "JSON",
        FormatKind::Text { .. } => "CSV",
        FormatKind::Columns { .. } => f.name,
    };
    if family(promised) == family(format) {
        return None;
    }
    let is = match family(format) {
        "parquet" => "Parquet",
        "arrow" => "Arrow",
        family => family,
    };
    let article = if is.starts_with('A') { "an" } else { "a" };
    Some(format!("this is {article} {is} file although it is called .{extension}"))
}
