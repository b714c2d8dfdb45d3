//! A question whose FROM names another one, in parentheses or by WITH: taken apart into SELECTs that stand over each
//! other. What the upper one means of the lower is left to `bind`.

use std::ops::Range;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::clauses::{ClauseKind, split_clauses};
use super::shape::is_outside;
use super::tokens::{SqlToken, unenclosed, words};
use super::{items_of, rest_of};
use crate::data::Result;
use crate::query::query::Query;
use crate::sync::deep;

/// One SELECT, and the one whose rows it is about.
#[derive(Debug)]
pub struct Layer {
    /// Its table is the one at the bottom.
    pub query: Query,
    /// The SELECT in its FROM, and what that is called there.
    pub below: Option<(Box<Layer>, Option<String>)>,
}

impl Layer {
    /// The tables of the SELECT at the bottom.
    pub fn tables(&self) -> Vec<String> {
        self.below.as_ref().map_or_else(|| self.query.tables(), |(below, _)| below.tables())
    }
}

/// The SELECTs of a question, where each is about the rows of one other; `None` where it is anything else.
///
/// # Errors
/// What is wrong with a clause.
pub fn layers(sql: &str) -> Result<Option<Layer>> {
    layers_of(sql, &words(sql)?)
}

/// `layers` of a question whose words are known.
pub(super) fn layers_of(sql: &str, words: &[SqlToken]) -> Result<Option<Layer>> {
    deep(|| read(sql, words, &mut Vec::new()))
}

/// A SELECT whose FROM is a question in parentheses: its clauses, what that is called, and where it stands.
pub type Over = (Query, Option<String>, Range<usize>);

/// # Errors
/// What is wrong with a clause.
pub fn over(sql: &str) -> Result<Option<Over>> {
    deep(|| {
        let words = words(sql)?;
        if words.first().is_none_or(|word| word.keyword() != Keyword::SELECT) {
            return Ok(None);
        }
        let end = words.last().map_or(sql.len(), |word| word.at.end);
        let Ok(clauses) = split_clauses(sql, &words, end) else { return Ok(None) };
        let Some(from) = clauses.take(ClauseKind::From) else { return Ok(None) };
        let Some((inner, called, _)) = derived(from, &[]).filter(|_| !goes_on(&words, from)) else { return Ok(None) };
        let mut query = Query::default();
        items_of(sql, &clauses, end, &mut query)?;
        rest_of(sql, &clauses, end, &mut query)?;
        let (Some(first), Some(last)) = (inner.first(), inner.last()) else { return Ok(None) };
        Ok(Some((query, called, first.at.start..last.at.end)))
    })
}

/// A question that WITH gives a name.
#[derive(Clone, Copy)]
struct Named<'a> {
    name: &'a str,
    words: &'a [SqlToken],
    /// So many of those before it can be named by it.
    before: usize,
}

fn read<'a>(sql: &str, words: &'a [SqlToken], named: &mut Vec<Named<'a>>) -> Result<Option<Layer>> {
    let Some(rest) = with(words, named) else { return Ok(None) };
    if rest.first().is_none_or(|word| word.keyword() != Keyword::SELECT) {
        return Ok(None);
    }
    let end = rest.last().map_or(sql.len(), |word| word.at.end);
    // What is wrong with the text as a whole is told by the parser that reads it whole.
    let Ok(clauses) = split_clauses(sql, rest, end) else { return Ok(None) };
    let Some(from) = clauses.take(ClauseKind::From) else { return Ok(None) };
    let below = match derived(from, named) {
        Some((words, called, before)) => {
            let mut known: Vec<Named<'a>> = named.iter().take(before).copied().collect();
            let Some(below) = read(sql, words, &mut known)? else { return Ok(None) };
            Some((Box::new(below), called))
        }
        None if is_outside(rest) || names(from, named) => return Ok(None),
        None => None,
    };
    // A sub-query anywhere else is none of these.
    if below.is_some() && goes_on(rest, from) {
        return Ok(None);
    }
    let mut query = Query::default();
    match &below {
        Some((below, _)) => query.table.clone_from(&below.query.table),
        None => super::from::read(sql, from, &mut query)?,
    }
    items_of(sql, &clauses, end, &mut query)?;
    rest_of(sql, &clauses, end, &mut query)?;
    Ok(Some(Layer { query, below }))
}

/// What stands after the questions that WITH names, which are noted; `None` where it says more than that.
fn with<'a>(words: &'a [SqlToken], named: &mut Vec<Named<'a>>) -> Option<&'a [SqlToken]> {
    let [first, rest @ ..] = words else { return Some(words) };
    if first.keyword() != Keyword::WITH {
        return Some(words);
    }
    let mut rest = rest;
    loop {
        let [name, as_, open, ..] = rest else { return None };
        if as_.keyword() != Keyword::AS || open.token != Token::LParen || name.keyword() == Keyword::RECURSIVE {
            return None;
        }
        let (inner, after) = enclosed(rest.get(2..)?)?;
        named.push(Named { name: name.name()?, words: inner, before: named.len() });
        match after {
            [comma, more @ ..] if comma.token == Token::Comma => rest = more,
            after => return Some(after),
        }
    }
}

/// The words between a parenthesis that opens at the first word and the one that closes it, and those after it.
pub(super) fn enclosed(words: &[SqlToken]) -> Option<(&[SqlToken], &[SqlToken])> {
    let (closes, _) = unenclosed(words).next()?;
    Some((words.get(1..closes)?, words.get(closes + 1..)?))
}

/// The question that a FROM is about, what it is called, and how many named ones it may name itself.
fn derived<'a>(from: &'a [SqlToken], named: &[Named<'a>]) -> Option<(&'a [SqlToken], Option<String>, usize)> {
    let alias = |words: &[SqlToken]| match words {
        [] => Some(None),
        [alias] => alias.name().map(|name| Some(name.to_owned())),
        [as_, alias] if as_.keyword() == Keyword::AS => alias.name().map(|name| Some(name.to_owned())),
        _ => None,
    };
    let first = from.first()?;
    if first.token == Token::LParen {
        let (inner, after) = enclosed(from)?;
        return Some((inner, alias(after)?, named.len()));
    }
    let at = named.iter().rposition(|own| same(own.name, first))?;
    let own = named.get(at)?;
    let called = alias(from.get(1..)?)?.unwrap_or_else(|| own.name.to_owned());
    Some((own.words, Some(called), own.before))
}

fn same(name: &str, word: &SqlToken) -> bool {
    word.name().is_some_and(|own| own.eq_ignore_ascii_case(name))
}

/// Whether a FROM names a question of WITH somewhere, beside other tables.
fn names(from: &[SqlToken], named: &[Named<'_>]) -> bool {
    from.iter().any(|word| named.iter().any(|own| same(own.name, word)))
}

/// Whether a SELECT is more than its clauses apart from FROM say: sub-queries, or something that puts SELECTs together.
fn goes_on(words: &[SqlToken], from: &[SqlToken]) -> bool {
    let start = from.first().map_or(0, |word| word.at.start);
    let end = from.last().map_or(0, |word| word.at.end);
    let rest = || words.iter().filter(|word| word.at.end <= start || word.at.start >= end);
    let more = [Keyword::UNION, Keyword::EXCEPT, Keyword::INTERSECT, Keyword::FETCH, Keyword::WINDOW];
    let levels = [Keyword::ROLLUP, Keyword::CUBE, Keyword::SETS];
    let selects = rest().filter(|word| word.keyword() == Keyword::SELECT).count();
    selects > 1 || rest().any(|word| more.contains(&word.keyword()) || levels.contains(&word.keyword()))
}
