//! The text of a Rust file as a compiler sees it: without comments, and if that is asked for without what stands in
//! strings. Every line keeps its number and every column its place.

use std::fs;
use std::path::{Path, PathBuf};

/// Every Rust file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("a readable file")
}

/// Without comments, so that prose may name what code must not.
pub fn without_comments(text: &str) -> String {
    blank(text, false)
}

/// Without comments and without what stands in strings.
pub fn without_strings(text: &str) -> String {
    blank(text, true)
}

fn blank(text: &str, strings: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut before) = (text, ' ');
    while !rest.is_empty() {
        let (length, hidden) = match (comment(rest), literal(rest, before)) {
            (Some(length), _) => (length, true),
            (None, Some(length)) => (length, strings),
            // Up to where the next one may begin.
            (None, None) => {
                (rest.char_indices().skip(1).find(|(_, c)| "/\"'r".contains(*c)).map_or(rest.len(), |c| c.0), false)
            }
        };
        let (part, after) = rest.split_at(length);
        out.extend(part.chars().map(|c| if hidden && c != '\n' { ' ' } else { c }));
        before = part.chars().last().unwrap_or(' ');
        rest = after;
    }
    out
}

/// The length of the comment that begins here.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let mut depth = 0;
    let mut at = 0;
    loop {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if depth == 0 {
            return None;
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next().map_or_else(|| panic!("a comment has no end"), char::len_utf8);
        }
    }
}

/// The length of the string or character that begins here; `before` is the character before it.
fn literal(text: &str, before: char) -> Option<usize> {
    match text.as_bytes().first()? {
        b'"' => Some(1 + quoted(&text[1..], '"')),
        b'r' if !is_word(before) || matches!(before, 'b' | 'c') => {
            let hashes = text[1..].bytes().take_while(|b| *b == b'#').count();
            let begin = 1 + hashes + 1;
            if !text[1 + hashes..].starts_with('"') {
                return None;
            }
            let end = format!("\"{}", "#".repeat(hashes));
            Some(begin + text[begin..].find(&end).expect("the end of a raw string") + end.len())
        }
        // A lifetime has no second quote.
        b'\'' if text[1..].starts_with('\\') || text.chars().nth(2) == Some('\'') => Some(1 + quoted(&text[1..], '\'')),
        _ => None,
    }
}

/// The length of what stands before a closing quote, with the quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    panic!("a string has no end");
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Names, `::`, and every other sign by itself.
pub fn tokens(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            c => c.len_utf8(),
        };
        found.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    found
}

#[test]
fn code_is_told_from_comments_and_strings() {
    for (text, code, bare) in [
        (r#"open("ws://a"); std::fs::read()"#, r#"open("ws://a"); std::fs::read()"#, "open(        ); std::fs::read()"),
        ("a /* b /* c */ \" */ d", "a                   d", "a                   d"),
        ("'\"' // \"", "'\"'     ", "        "),
        (r"'\'' x", r"'\'' x", "     x"),
        ("fn f<'a>(x: &'a str) {} // y", "fn f<'a>(x: &'a str) {}     ", "fn f<'a>(x: &'a str) {}     "),
        ("r#in + br#\"a\"b\"# // c", "r#in + br#\"a\"b\"#     ", "r#in + b             "),
        (r#""a\"//b" c"#, r#""a\"//b" c"#, "         c"),
        ("x // ä\ny", "x     \ny", "x     \ny"),
    ] {
        assert_eq!((without_comments(text).as_str(), without_strings(text).as_str()), (code, bare), "{text}");
    }
    assert_eq!(tokens("use a::{b_1, c};"), ["use", "a", "::", "{", "b_1", ",", "c", "}", ";"]);
}
