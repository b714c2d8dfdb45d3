//! What went wrong, where, and what to do next: the one error type that reaches a person.

use std::fmt;

use super::hint::{Hint, Setting};

pub type Result<T> = std::result::Result<T, Fault>;

/// An error in three parts, each a plain phrase without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: a file, a line, a column, a place in the SQL text. May be empty.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do next. May be empty.
    pub hint: Hint,
    /// Byte range in the text that was parsed, where the fault is about a text.
    pub span: Option<std::ops::Range<usize>>,
    /// Rows that are not read because of it, as far as known, where it is about a part and the rest can be read.
    pub lost: Option<u64>,
}

impl Fault {
    pub fn new(what: impl Into<String>) -> Self {
        Self { place: String::new(), what: what.into(), hint: Hint::default(), span: None, lost: None }
    }

    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hint = hint.into();
        self
    }

    pub fn span(mut self, span: std::ops::Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    /// Only a part cannot be read: its number of rows.
    pub fn lost(mut self, rows: u64) -> Self {
        self.lost = Some(rows);
        self
    }

    /// Where, what, and what to do next; `word` names what to change as the face does that tells it.
    pub fn said(&self, word: impl Fn(&Setting) -> Option<String>) -> String {
        let place = if self.place.is_empty() { String::new() } else { format!("{}: ", self.place) };
        let hint = self.hint.said(word);
        let hint = if hint.is_empty() { hint } else { format!("; {hint}") };
        format!("{place}{}{hint}", self.what)
    }

    /// An operating system's error about `place`, with a hint that fits its kind.
    pub fn io(place: impl Into<String>, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let (what, hint) = match error.kind() {
            K::NotFound => ("there is no such file or folder".to_owned(), "check the path"),
            K::PermissionDenied => {
                ("this is not permitted".to_owned(), "check the permissions of the file and its folder")
            }
            K::StorageFull => ("the disk is full".to_owned(), "free some space and try again"),
            _ => (error.to_string(), ""),
        };
        Self::new(what).at(place).hint(hint)
    }
}

/// Where it is not known by which face it is told: `said` knows.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said(|setting| Some(setting.to_string())))
    }
}

impl std::error::Error for Fault {}

/// polars' own words, first line only: its later lines are a plan dump that helps nobody. Nor does the dump of a syntax
/// tree within the line, of which the name alone is kept.
impl From<polars::error::PolarsError> for Fault {
    fn from(error: polars::error::PolarsError) -> Self {
        let text = error.to_string();
        Self::new(without_dump(text.lines().next().unwrap_or("unknown polars error").trim()))
    }
}

/// `expression AtTimeZone { timestamp: …, … } is not supported` as `expression 'at time zone' is not supported`.
fn without_dump(text: &str) -> String {
    let is_name = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let mut from = 0;
    while let Some(open) = text.get(from..).and_then(|rest| rest.find(['{', '('])).map(|at| from + at) {
        from = open + 1;
        let before = text.get(..open).unwrap_or_default().trim_end();
        let name = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let start = before.len() - name.len();
        let Some(length) = text.get(open..).and_then(closed) else { continue };
        let inside = text.get(open..open + length).unwrap_or_default();
        if is_name(name)
            && ["Span(", "Ident {", "Ident(", ": None", "quote_style"].iter().any(|mark| inside.contains(mark))
        {
            let head = text.get(..start).unwrap_or_default();
            let tail = text.get(open + length..).unwrap_or_default();
            return format!("{head}'{}'{tail}", words(name));
        }
    }
    text.to_owned()
}

/// Bytes up to the bracket that closes the one which stands first, or to the end where the text was cut off.
fn closed(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    Some(text.len())
}

/// `AtTimeZone` as `at time zone`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}
