//! What the words of a question are, so that it can be shown in colours. The text may be half written: nothing here is
//! an error.

use std::ops::Range;

use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

use super::sql::span::Offsets;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    Keyword,
    Text,
    Comment,
    /// Names, numbers, signs and what is between them.
    Other,
}

/// The tokens of a text that may be half written, each with the bytes that it stands on.
pub(super) fn tokens(sql: &str) -> impl Iterator<Item = (Token, Range<usize>)> {
    let mut tokens = Vec::new();
    // Where a quote is left open, what stands before it is in `tokens` all the same.
    let _open = Tokenizer::new(&GenericDialect, sql).tokenize_with_location_into_buf(&mut tokens);
    let mut offsets = Offsets::new(sql);
    tokens.into_iter().map(move |t| (t.token, offsets.to(t.span.start)..offsets.to(t.span.end)))
}

/// Pieces that cover all of `sql`, in order, with the kind of each.
pub fn pieces(sql: &str) -> Vec<(Range<usize>, TokenKind)> {
    let mut ends: Vec<(usize, TokenKind)> = tokens(sql).map(|(token, at)| (at.end, kind(&token))).collect();
    let rest = sql.get(ends.last().map_or(0, |(end, _)| *end)..).unwrap_or_default();
    let open = match rest.chars().next() {
        Some('/') => TokenKind::Comment,
        Some('"' | '`') => TokenKind::Other,
        _ => TokenKind::Text,
    };
    ends.push((sql.len(), open));
    let mut pieces: Vec<(Range<usize>, TokenKind)> = Vec::new();
    let mut from = 0;
    for (end, kind) in ends {
        match pieces.last_mut() {
            _ if end <= from => continue,
            Some((range, last)) if *last == kind => range.end = end,
            _ => pieces.push((from..end, kind)),
        }
        from = end;
    }
    pieces
}

fn kind(token: &Token) -> TokenKind {
    match token {
        Token::Word(word) if word.quote_style.is_none() && is_key(word.keyword) => TokenKind::Keyword,
        Token::SingleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::SingleQuotedRawStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::TripleSingleQuotedString(_) => TokenKind::Text,
        Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)) => TokenKind::Comment,
        _ => TokenKind::Other,
    }
}

/// Words that build a question. Of the parser's hundreds most are names in practice: `name`, `open`, `date`.
pub(super) fn is_key(word: Keyword) -> bool {
    use Keyword as K;
    #[rustfmt::skip]
    const KEYS: &[Keyword] = &[
        K::ALL, K::AND, K::ANY, K::AS, K::ASC, K::BETWEEN, K::BY, K::CASE, K::CAST, K::CROSS, K::CURRENT, K::DESC,
        K::DISTINCT, K::ELSE, K::END, K::ESCAPE, K::EXCEPT, K::EXISTS, K::EXTRACT, K::FALSE, K::FILTER, K::FOLLOWING,
        K::FROM, K::FULL, K::GROUP, K::HAVING, K::ILIKE, K::IN, K::INNER, K::INTERSECT, K::INTERVAL, K::IS, K::JOIN,
        K::LEFT, K::LIKE, K::LIMIT, K::NOT, K::NULL, K::NULLS, K::OFFSET, K::ON, K::OR, K::ORDER, K::OUTER, K::OVER,
        K::PARTITION, K::PRECEDING, K::QUALIFY, K::RIGHT, K::SELECT, K::THEN, K::TRUE, K::TRY_CAST, K::UNBOUNDED,
        K::UNION, K::USING, K::VALUES, K::WHEN, K::WHERE, K::WITH,
    ];
    KEYS.contains(&word)
}
