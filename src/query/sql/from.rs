//! The FROM clause: one table, perhaps enriched from another. What the names in them mean is left to `scope`.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::span::point;
use super::tokens::{SqlToken, clause, span_of, split_commas};
use crate::data::Result;
use crate::data::near::nearest;
use crate::query::query::{Clause, JoinClause, JoinConstraint, Query};

/// Reads what stands between FROM and the next clause into `query`.
///
/// # Errors
/// Anything but a name, or a name joined with another.
pub(super) fn read(sql: &str, words: &[SqlToken], query: &mut Query) -> Result<()> {
    let end = words.last().map_or(sql.len(), |w| w.at.end);
    let at = words.iter().position(starts_join);
    let (first, rest) = words.split_at(at.unwrap_or(words.len()));
    (query.table, query.alias) = table(sql, first, end)?;
    if rest.is_empty() {
        return Ok(());
    }
    let left = rest.first().is_some_and(|w| w.keyword() == Keyword::LEFT);
    let mut rest = rest;
    while let [word, tail @ ..] = rest
        && starts_join(word)
    {
        rest = tail;
    }
    let Some(at) = rest.iter().position(|w| matches!(w.keyword(), Keyword::ON | Keyword::USING)) else {
        return Err(point(sql, "JOIN does not say how rows find each other", span_of(words, end))
            .hint("write … JOIN other ON mine.x = other.y, or USING (x)"));
    };
    let (second, on) = rest.split_at(at);
    let (joined, alias) = table(sql, second, end)?;
    let on = match on {
        [using, SqlToken { token: Token::LParen, .. }, columns @ .., SqlToken { token: Token::RParen, .. }]
            if using.keyword() == Keyword::USING =>
        {
            JoinConstraint::Using(
                split_commas(columns).into_iter().map(|c| clause(sql, c, end)).collect::<Result<_>>()?,
            )
        }
        [on, condition @ ..] if on.keyword() == Keyword::ON => JoinConstraint::Condition(clause(sql, condition, end)?),
        other => {
            return Err(
                point(sql, "USING takes columns in parentheses", span_of(other, end)).hint("write it like USING (id)")
            );
        }
    };
    query.join = Some(JoinClause { left, table: joined, alias, on });
    Ok(())
}

fn starts_join(word: &SqlToken) -> bool {
    matches!(word.keyword(), Keyword::JOIN | Keyword::INNER | Keyword::LEFT | Keyword::OUTER)
}

/// `name`, `name AS alias` or `name alias`.
fn table(sql: &str, words: &[SqlToken], end: usize) -> Result<(Clause, Option<String>)> {
    let named = |word: &SqlToken| Clause { sql: sql[word.at.clone()].to_owned(), at: word.at.start };
    match words {
        [table] if table.name().is_some() => Ok((named(table), None)),
        [table, alias] | [table, _, alias]
            if table.name().is_some()
                && (words.len() == 2 || words.get(1).is_some_and(|w| w.keyword() == Keyword::AS)) =>
        {
            match alias.name() {
                Some(alias) => Ok((named(table), Some(alias.to_owned()))),
                None => {
                    Err(point(sql, "this is no name for a table", alias.at.clone())
                        .hint("write it like FROM trades AS t"))
                }
            }
        }
        [table, word, ..] if table.name().is_some() && meant(word).is_some() => {
            let (written, meant) = (&sql[word.at.clone()], meant(word).unwrap_or_default());
            Err(point(sql, format!("'{written}' is not expected here"), word.at.clone())
                .hint(format!("did you mean {meant}?")))
        }
        _ => Err(point(sql, "FROM takes the name of a table", span_of(words, end))
            .hint("name a table, and perhaps what to call it: FROM trades AS t")),
    }
}

/// The word of a question that somebody may have meant.
fn meant(word: &SqlToken) -> Option<&'static str> {
    const WORDS: &[&str] = &["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "JOIN", "QUALIFY"];
    word.name().and_then(|name| nearest(name, WORDS))
}
