//! SQL text taken apart into the clauses of one SELECT, and put together again.
//! What the clauses mean is left to `bind`.

mod clauses;
mod from;
mod identifier;
pub mod layers;
pub mod levels;
pub mod limits;
mod named;
mod print;
pub mod question;
mod rename;
mod select;
pub mod sets;
mod shape;
pub mod span;
pub(super) mod statement;
mod tables;
pub mod tokens;
mod windows;

use std::ops::Range;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use self::clauses::{ClauseKind, Clauses, split_clauses};
pub use self::identifier::{quote, quote_always, quote_text, unquoted_text};
pub use self::named::with_named;
pub use self::rename::renamed;
use self::select::{item, order};
use self::span::point;
use self::tokens::{SqlToken, clause, span_of, split_commas, words};
use super::query::Query;
use crate::data::near::nearest;
use crate::data::{Fault, Result};
use crate::sync::deep;

impl Query {
    /// # Errors
    /// When the text is not one SELECT that Braid can answer; the fault's span points into `sql`.
    pub fn parse(sql: &str) -> Result<Self> {
        deep(|| read(sql))
    }

    /// The question as SQL, one clause a line.
    pub fn to_sql(&self) -> String {
        print::print(self)
    }
}

/// Reads one SELECT. Its clauses keep the text they were written in.
fn read(sql: &str) -> Result<Query> {
    let words = words(sql)?;
    let end = words.last().map_or(sql.len(), |w| w.at.end);
    if let Some(rerun) = statement::outside(sql, &words)? {
        return Ok(rerun);
    }
    let clauses = split_clauses(sql, &words, end)?;
    let mut query = Query::default();
    items_of(sql, &clauses, end, &mut query)?;
    match clauses.take(ClauseKind::From) {
        Some(words) => from::read(sql, words, &mut query)?,
        None => {
            // What is selected is what lacks it, with its SELECT.
            let first = words.first().map_or(0, |word| word.at.start);
            let last = clauses.take(ClauseKind::Select).and_then(<[_]>::last).map_or(end, |word| word.at.end);
            return Err(no_from(sql, &words, first..last));
        }
    }
    rest_of(sql, &clauses, end, &mut query)?;
    Ok(query)
}

/// Reads what is selected into `query`.
fn items_of(sql: &str, clauses: &Clauses<'_>, end: usize, query: &mut Query) -> Result<()> {
    let mut select = clauses.take(ClauseKind::Select).unwrap_or_default();
    if let [first, rest @ ..] = select
        && first.keyword() == Keyword::DISTINCT
    {
        let on = rest.first().filter(|word| word.keyword() == Keyword::ON);
        match on.and_then(|_| question::enclosed(rest.get(1..).unwrap_or_default())) {
            Some((columns, rest)) => {
                for piece in split_commas(columns) {
                    query.distinct_on.push(clause(sql, piece, end)?);
                }
                select = rest;
            }
            None => (query.distinct, select) = (true, rest),
        }
    }
    let mut pieces = split_commas(select);
    // A comma may end the list.
    if let [_, .., last] = &pieces[..]
        && last.is_empty()
    {
        pieces.pop();
    }
    for piece in pieces {
        query.items.push(item(sql, piece)?);
    }
    if query.items.is_empty() {
        return Err(
            point(sql, "nothing is selected", 0..end).hint("write SELECT, then columns or aggregates such as count(*)")
        );
    }
    Ok(())
}

/// Reads the clauses after FROM into `query`.
fn rest_of(sql: &str, clauses: &Clauses<'_>, end: usize, query: &mut Query) -> Result<()> {
    query.filter = clauses.take(ClauseKind::Where).map(|w| clause(sql, w, end)).transpose()?;
    for piece in clauses.take(ClauseKind::Group).map(split_commas).unwrap_or_default() {
        query.groups.push(clause(sql, piece, end)?);
    }
    query.having = clauses.take(ClauseKind::Having).map(|w| clause(sql, w, end)).transpose()?;
    query.qualify = clauses.take(ClauseKind::Qualify).map(|w| clause(sql, w, end)).transpose()?;
    for piece in clauses.take(ClauseKind::Order).map(split_commas).unwrap_or_default() {
        query.order.push(order(sql, piece, end)?);
    }
    if let Some(words) = clauses.take(ClauseKind::Limit) {
        limit(sql, words, end, query)?;
    }
    windows::write_out(sql, clauses.take(ClauseKind::Window).unwrap_or_default(), end, query)
}

/// Reads `n`, `n OFFSET m`, `OFFSET m`, and FETCH FIRST n ROWS ONLY for LIMIT, into `query`.
fn limit(sql: &str, words: &[SqlToken], end: usize, query: &mut Query) -> Result<()> {
    let whole = |word: &SqlToken| match &word.token {
        Token::Number(n, _) => n.parse().ok(),
        _ => None,
    };
    let rows = |word: &SqlToken| matches!(word.keyword(), Keyword::ROW | Keyword::ROWS);
    let (mut rest, mut first) = (words, true);
    while let [word, more @ ..] = rest {
        match (word.keyword(), more) {
            (Keyword::OFFSET, [skipped, more @ ..]) if query.offset.is_none() => {
                query.offset = Some(whole(skipped).ok_or_else(|| {
                    point(sql, "OFFSET takes a whole number", skipped.at.clone())
                        .hint("write it like LIMIT 10 OFFSET 20")
                })?);
                rest = more.split_first().filter(|(word, _)| rows(word)).map_or(more, |(_, more)| more);
            }
            (Keyword::FETCH, [which, n, row, only, more @ ..])
                if query.limit.is_none()
                    && matches!(which.keyword(), Keyword::FIRST | Keyword::NEXT)
                    && rows(row)
                    && only.keyword() == Keyword::ONLY =>
            {
                query.limit = whole(n);
                rest = more;
            }
            (Keyword::LIMIT, [n, more @ ..]) if query.limit.is_none() && whole(n).is_some() => {
                query.limit = whole(n);
                rest = more;
            }
            (Keyword::ALL, more) if first => rest = more,
            _ if first && whole(word).is_some() => {
                query.limit = whole(word);
                rest = more;
            }
            _ => {
                return Err(
                    point(sql, "LIMIT takes a whole number", span_of(words, end)).hint("write it like LIMIT 10")
                );
            }
        }
        first = false;
    }
    // Without an end all that come after are meant.
    if query.offset.is_some() {
        query.limit.get_or_insert(u64::MAX);
    }
    Ok(())
}

/// A question without FROM, or with a word that was meant to be it: one between a value and a name.
fn no_from(sql: &str, words: &[SqlToken], selected: Range<usize>) -> Fault {
    let near = |word: &SqlToken| word.name().is_some_and(|w| nearest(w, &["from"]).is_some());
    let between = |three: &&[SqlToken]| matches!(three, [_, word, table] if table.name().is_some() && near(word));
    match words.windows(3).rfind(between) {
        Some([_, word, _]) => point(sql, "there is no FROM", word.at.clone()).hint("did you mean FROM here?"),
        _ => point(sql, "there is no FROM", selected).hint("add FROM and the name of a table"),
    }
}
