//! The tokens of one SELECT by clause: each clause's keyword must stand in its order, and something after it.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::span::point;
use super::tokens::SqlToken;
use crate::data::Result;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum ClauseKind {
    Select,
    From,
    Where,
    Group,
    Having,
    Window,
    Qualify,
    Order,
    Limit,
}

/// The words of each clause, in order, and where its keyword ends.
pub(super) struct Clauses<'a>(Vec<(ClauseKind, &'a [SqlToken], usize)>);

impl<'a> Clauses<'a> {
    pub(super) fn take(&self, part: ClauseKind) -> Option<&'a [SqlToken]> {
        self.0.iter().find(|(p, ..)| *p == part).map(|(_, words, _)| *words)
    }
}

pub(super) fn split_clauses<'a>(sql: &str, words: &'a [SqlToken], end: usize) -> Result<Clauses<'a>> {
    let first = words.first().map_or(Keyword::NoKeyword, SqlToken::keyword);
    if first != Keyword::SELECT {
        let span = words.first().map_or(0..end, |w| w.at.clone());
        return Err(
            point(sql, "a question begins with SELECT", span).hint("for example: SELECT count(*) AS n FROM my_table")
        );
    }
    let mut clauses: Vec<(ClauseKind, &[SqlToken], usize)> = Vec::new();
    let before = |start: usize| start.checked_sub(1).and_then(|i| words.get(i)).map_or(end, |w| w.at.end);
    let (mut part, mut start, mut depth, mut i) = (ClauseKind::Select, 1, 0_i32, 1);
    while i < words.len() {
        let Some(word) = words.get(i) else { break };
        match word.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return Err(point(sql, "this parenthesis closes nothing", word.at.clone())
                .hint("remove it, or add the one that opens"));
        }
        let found = if depth > 0 { None } else { starts(sql, words, i)? };
        let found = found.filter(|(next, _)| (part, *next) != (ClauseKind::Limit, ClauseKind::Limit));
        if let Some((next, skip)) = found {
            if next <= part {
                return Err(point(
                    sql,
                    format!("{} stands in the wrong place", sql[word.at.clone()].to_uppercase()),
                    word.at.clone(),
                )
                .hint("the order is SELECT, FROM, WHERE, GROUP BY, HAVING, WINDOW, QUALIFY, ORDER BY, LIMIT"));
            }
            clauses.push((part, words.get(start..i).unwrap_or_default(), before(start)));
            (part, start) = (next, i + skip);
            i += skip.max(1);
            continue;
        }
        i += 1;
    }
    if depth > 0 {
        return Err(point(sql, "a parenthesis is not closed", 0..end).hint("add the missing )"));
    }
    clauses.push((part, words.get(start..).unwrap_or_default(), before(start)));
    none_empty(sql, &clauses)?;
    Ok(Clauses(clauses))
}

/// Which clause the token at `i` begins, and how many tokens its keyword has.
fn starts(sql: &str, words: &[SqlToken], i: usize) -> Result<Option<(ClauseKind, usize)>> {
    let Some(word) = words.get(i) else { return Ok(None) };
    let follows = |k| i.checked_sub(1).and_then(|i| words.get(i)).is_some_and(|w| w.keyword() == k);
    let next_is = |k| words.get(i + 1).is_some_and(|w| w.keyword() == k);
    Ok(match word.keyword() {
        // `IS DISTINCT FROM` is an operator, not a clause.
        Keyword::FROM if follows(Keyword::DISTINCT) => None,
        Keyword::FROM => Some((ClauseKind::From, 1)),
        Keyword::WHERE => Some((ClauseKind::Where, 1)),
        Keyword::GROUP if next_is(Keyword::BY) => Some((ClauseKind::Group, 2)),
        Keyword::HAVING => Some((ClauseKind::Having, 1)),
        Keyword::QUALIFY => Some((ClauseKind::Qualify, 1)),
        Keyword::ORDER if next_is(Keyword::BY) => Some((ClauseKind::Order, 2)),
        Keyword::LIMIT => Some((ClauseKind::Limit, 1)),
        Keyword::OFFSET | Keyword::FETCH => Some((ClauseKind::Limit, 0)),
        Keyword::WINDOW if next_is_named(words, i) => Some((ClauseKind::Window, 1)),
        Keyword::SELECT => {
            return Err(point(sql, "SELECT is not understood here", word.at.clone()).hint(
                "a question is SELECT … FROM … WHERE … GROUP BY … HAVING … WINDOW … QUALIFY … ORDER BY … LIMIT",
            ));
        }
        _ => None,
    })
}

/// Whether `name AS (` follows.
fn next_is_named(words: &[SqlToken], i: usize) -> bool {
    words.get(i + 2).is_some_and(|word| word.keyword() == Keyword::AS)
        && words.get(i + 3).is_some_and(|word| word.token == Token::LParen)
}

/// Complains about a clause that is nothing but its keyword.
fn none_empty(sql: &str, clauses: &[(ClauseKind, &[SqlToken], usize)]) -> Result<()> {
    for (part, words, after) in clauses {
        if words.is_empty() && *part != ClauseKind::Select {
            return Err(point(
                sql,
                format!("{part:?} is empty").to_uppercase().replace("IS EMPTY", "is empty"),
                *after..*after,
            )
            .hint("write what should stand there, or remove the word"));
        }
    }
    Ok(())
}
