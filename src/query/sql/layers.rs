//! A question whose FROM names another one, in parentheses or by WITH: taken apart into SELECTs that stand over each
//! other. What the upper one means of the lower is left to `bind`.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::clauses::{ClauseKind, split_clauses};
use super::levels::has_levels;
use super::question::{Named, enclosed, with};
use super::shape::is_beyond;
use super::tokens::{SqlToken, words};
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
    /// Whether the table at the bottom has another name there.
    pub fn has_alias(&self) -> bool {
        self.below.as_ref().map_or_else(|| self.query.alias.is_some(), |(below, _)| below.has_alias())
    }

    /// Whether one of the SELECTs groups at several levels at once.
    pub fn has_levels(&self) -> bool {
        has_levels(&self.query.groups) || self.below.as_ref().is_some_and(|(below, _)| below.has_levels())
    }

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
    layers_of(sql, &words(sql)?, &[])
}

/// `layers` of a question whose words are known, and which may name some questions.
///
/// # Errors
/// As `layers`.
pub fn layers_of<'a>(sql: &str, words: &'a [SqlToken], named: &[Named<'a>]) -> Result<Option<Layer>> {
    deep(|| read(sql, words, &mut named.to_vec()))
}

fn read<'a>(sql: &str, words: &'a [SqlToken], named: &mut Vec<Named<'a>>) -> Result<Option<Layer>> {
    let rest = with(sql, words, named)?;
    if rest.first().is_none_or(|word| word.keyword() != Keyword::SELECT) {
        return Ok(None);
    }
    let end = rest.last().map_or(sql.len(), |word| word.at.end);
    // What is wrong with the text as a whole is told by the parser that reads it whole.
    let Ok(clauses) = split_clauses(sql, rest, end) else { return Ok(None) };
    let Some(from) = clauses.take(ClauseKind::From) else { return Ok(None) };
    let below = match derived(from, named) {
        Some((words, called, before)) => {
            let mut known: Vec<Named<'a>> = named.iter().take(before).cloned().collect();
            let Some(below) = read(sql, words, &mut known)? else { return Ok(None) };
            Some((Box::new(below), called))
        }
        None if is_beyond(rest) || names(from, named) => return Ok(None),
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
    let own = named.iter().rfind(|own| same(own.name, first)).filter(|own| own.columns.is_empty())?;
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
    // `* EXCEPT (…)` puts nothing together.
    let of_star = words.windows(2).filter(|two| matches!(two, [star, _] if star.token == Token::Mul));
    let of_star: Vec<usize> = of_star.filter_map(|two| two.get(1)).map(|word| word.at.start).collect();
    let rest = || rest().filter(|word| word.keyword() != Keyword::EXCEPT || !of_star.contains(&word.at.start));
    let more = [Keyword::UNION, Keyword::EXCEPT, Keyword::INTERSECT, Keyword::FETCH];
    let levels = [Keyword::ROLLUP, Keyword::CUBE, Keyword::SETS];
    let selects = rest().filter(|word| word.keyword() == Keyword::SELECT).count();
    selects > 1 || rest().any(|word| more.contains(&word.keyword()) || levels.contains(&word.keyword()))
}
