//! The tokens of a question that mean something, and the bytes that each stands on.

use std::ops::Range;

use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::limits;
use super::span::{Offsets, offset, point};
use crate::data::Result;
use crate::query::query::Clause;

/// A token that means something (no white space, no comment) and the bytes it stands on.
#[derive(Debug)]
pub struct SqlToken {
    pub(super) token: Token,
    pub at: Range<usize>,
}

impl SqlToken {
    pub fn keyword(&self) -> Keyword {
        match &self.token {
            Token::Word(word) if word.quote_style.is_none() => word.keyword,
            _ => Keyword::NoKeyword,
        }
    }

    pub fn is_point(&self) -> bool {
        self.token == Token::Period
    }

    /// A text in single quotes, such as the path of a file where a table is named: `FROM 'trades.csv'`.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.token {
            Token::SingleQuotedString(text) => Some(text),
            _ => None,
        }
    }

    /// What stands behind AS: a name, or a text that is one.
    pub(super) fn called(&self) -> Option<&str> {
        self.name().or_else(|| self.text())
    }

    pub fn name(&self) -> Option<&str> {
        match &self.token {
            Token::Word(word) => Some(&word.value),
            _ => None,
        }
    }
}

pub fn words(sql: &str) -> Result<Vec<SqlToken>> {
    let too_much = |(what, hint): limits::LimitExceeded| point(sql, what, 0..sql.len()).hint(hint);
    limits::of_text(sql).map_err(too_much)?;
    let tokens = Tokenizer::new(&GenericDialect, sql).tokenize_with_location().map_err(|e| {
        let at = offset(sql, e.location);
        point(sql, e.message.trim().to_owned(), at..sql.len()).hint("is a quote left open?")
    })?;
    limits::of_tokens(&tokens).map_err(too_much)?;
    let mut offsets = Offsets::new(sql);
    let meaningful = tokens.into_iter().filter(|t| !matches!(t.token, Token::Whitespace(_) | Token::EOF));
    let mut words: Vec<SqlToken> =
        meaningful.map(|t| SqlToken { at: offsets.to(t.span.start)..offsets.to(t.span.end), token: t.token }).collect();
    while matches!(words.last(), Some(w) if w.token == Token::SemiColon) {
        words.pop();
    }
    if let Some(extra) = words.iter().find(|w| w.token == Token::SemiColon) {
        return Err(point(sql, "one question at a time", extra.at.clone()).hint("remove what follows the semicolon"));
    }
    Ok(words)
}

/// The words that stand in no parentheses, and where each stands; a parenthesis that closes is one of them.
pub(super) fn unenclosed(words: &[SqlToken]) -> impl Iterator<Item = (usize, &SqlToken)> {
    let mut depth = 0_i32;
    words.iter().enumerate().filter(move |(_, word)| {
        match word.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

pub fn split_commas(words: &[SqlToken]) -> Vec<&[SqlToken]> {
    if words.is_empty() {
        return Vec::new();
    }
    let mut depth = 0_i32;
    words
        .split(|w| {
            match w.token {
                Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
                Token::RParen | Token::RBracket | Token::RBrace => depth -= 1,
                _ => {}
            }
            depth == 0 && w.token == Token::Comma
        })
        .collect()
}

pub fn span_of(words: &[SqlToken], end: usize) -> Range<usize> {
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => first.at.start..last.at.end,
        _ => end..end,
    }
}

pub(super) fn clause(sql: &str, words: &[SqlToken], end: usize) -> Result<Clause> {
    if words.is_empty() {
        return Err(point(sql, "something is missing beside this comma", end..end)
            .hint("remove the comma, or write what should stand there"));
    }
    let span = span_of(words, end);
    Ok(Clause { sql: sql[span.clone()].to_owned(), at: span.start })
}
