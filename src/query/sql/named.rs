//! Questions with names that others ask like tables: what such a question says, written out with WITH.

use sqlparser::keywords::Keyword;

use super::identifier::quote;
use super::tokens::{SqlToken, words};
use crate::data::Result;

/// The question with those in front of it that it names, directly or by another; and how many bytes stand there that
/// are not its own. Each may name those before it.
///
/// # Errors
/// A text that has no end, such as one with a quote that is left open.
pub fn with_named(sql: &str, named: &[(String, String)]) -> Result<(String, usize)> {
    // What is wrong with the question itself is told when it is read.
    let Some(own) = (!named.is_empty()).then(|| words(sql)).and_then(Result::ok) else {
        return Ok((sql.to_owned(), 0));
    };
    let names = |words: &[SqlToken], name: &str| {
        words.iter().any(|word| word.name().is_some_and(|own| own.eq_ignore_ascii_case(name)))
    };
    let mut asked: Vec<(&str, &str, Vec<SqlToken>)> = Vec::new();
    for (name, text) in named.iter().rev() {
        if names(&own, name) || asked.iter().any(|(_, _, words)| names(words, name)) {
            asked.push((name, text.trim().trim_end_matches(';'), words(text)?));
        }
    }
    if asked.is_empty() {
        return Ok((sql.to_owned(), 0));
    }
    // A comment may end the text of one.
    let parts: Vec<String> =
        asked.iter().rev().map(|(name, text, _)| format!("{} AS ({text}\n)", quote(name))).collect();
    let mut front = format!("WITH {}", parts.join(", "));
    let rest = match own.first() {
        Some(first) if first.keyword() == Keyword::WITH => {
            front.push_str(", ");
            sql.get(first.at.end..).unwrap_or_default()
        }
        _ => {
            front.push('\n');
            sql
        }
    };
    let before = front.len() - (sql.len() - rest.len()).min(front.len());
    Ok((front + rest, before))
}
