//! A SELECT of any tables and answers, taken apart by its words: the questions that WITH names, what its FROM joins,
//! and the sub-queries in its clauses. What they mean is left to `bind`.

use std::ops::Range;
use std::path::Path;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::clauses::{ClauseKind, split_clauses};
use super::span::point;
use super::tokens::{SqlToken, clause, span_of, split_commas, unenclosed};
use super::{items_of, quote_always, rest_of};
use crate::data::near::nearest;
use crate::data::{Fault, Result};
use crate::query::query::{Clause, JoinConstraint, Query};
use crate::sync::deep;

/// A question that WITH gives a name.
#[derive(Clone, Debug)]
pub struct Named<'a> {
    pub name: &'a str,
    /// What its columns are called; empty for the names that it gives them.
    pub columns: Vec<String>,
    pub words: &'a [SqlToken],
    /// So many of those before it can be named by it.
    pub before: usize,
}

/// What stands after the questions that WITH names; those are noted in `named`.
///
/// # Errors
/// A WITH that is not understood.
pub fn with<'a>(sql: &str, words: &'a [SqlToken], named: &mut Vec<Named<'a>>) -> Result<&'a [SqlToken]> {
    let [first, rest @ ..] = words else { return Ok(words) };
    if first.keyword() != Keyword::WITH {
        return Ok(words);
    }
    if let Some(word) = rest.first().filter(|word| word.keyword() == Keyword::RECURSIVE) {
        return Err(point(sql, "a recursive WITH is not understood", word.at.clone())
            .hint("ask each step as a question of its own, and put them together with UNION ALL"));
    }
    let end = words.last().map_or(sql.len(), |word| word.at.end);
    let wrong = |words: &[SqlToken]| {
        point(sql, "WITH gives a question a name", span_of(words.get(..1).unwrap_or_default(), end))
            .hint("write WITH name AS (SELECT …) SELECT … FROM name")
    };
    let mut rest = rest;
    loop {
        let Some((name, after)) = rest.split_first() else { return Err(wrong(rest)) };
        let called = name.name().ok_or_else(|| wrong(rest))?;
        let (columns, after) = names(sql, after)?;
        let Some(mut after) = after.split_first().filter(|(word, _)| word.keyword() == Keyword::AS).map(|(_, a)| a)
        else {
            return Err(wrong(after));
        };
        while let [word, more @ ..] = after
            && matches!(word.keyword(), Keyword::NOT | Keyword::MATERIALIZED)
        {
            after = more;
        }
        let (words, after) = enclosed(after).filter(|(words, _)| !words.is_empty()).ok_or_else(|| wrong(after))?;
        named.push(Named { name: called, columns, words, before: named.len() });
        match after {
            [comma, more @ ..] if comma.token == Token::Comma => rest = more,
            [] => return Err(wrong(after)),
            after => return Ok(after),
        }
    }
}

/// Names in parentheses, and what stands behind them; none where there is no parenthesis.
fn names<'a>(sql: &str, words: &'a [SqlToken]) -> Result<(Vec<String>, &'a [SqlToken])> {
    let Some((inner, after)) = enclosed(words) else { return Ok((Vec::new(), words)) };
    let mut names = Vec::new();
    for piece in split_commas(inner) {
        match piece {
            [word] if word.name().is_some() => names.extend(word.name().map(str::to_owned)),
            other => {
                return Err(point(sql, "these are the names of columns", span_of(other, sql.len()))
                    .hint("write names with commas between them"));
            }
        }
    }
    Ok((names, after))
}

/// The words between a parenthesis that opens at the first word and the one that closes it, and those after it.
pub fn enclosed(words: &[SqlToken]) -> Option<(&[SqlToken], &[SqlToken])> {
    words.first().filter(|word| word.token == Token::LParen)?;
    let (closes, _) = unenclosed(words).next()?;
    Some((words.get(1..closes)?, words.get(closes + 1..)?))
}

/// A question without the parentheses around it.
pub fn bare(mut words: &[SqlToken]) -> &[SqlToken] {
    while let Some((inner, [])) = enclosed(words) {
        words = inner;
    }
    words
}

/// Whether words are a question.
pub fn is_question(words: &[SqlToken]) -> bool {
    matches!(bare_start(words), Some(Keyword::SELECT | Keyword::WITH | Keyword::VALUES))
}

/// The first word that is no parenthesis.
fn bare_start(words: &[SqlToken]) -> Option<Keyword> {
    words.iter().find(|word| word.token != Token::LParen).map(SqlToken::keyword)
}

/// How rows of two tables are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    Cross,
    /// Rows of the left table that have a match.
    Semi,
    /// Rows of the left table that have none.
    Anti,
}

/// What a FROM says.
#[derive(Debug)]
pub enum From<'a> {
    Table {
        name: Clause,
        alias: Option<String>,
        columns: Vec<String>,
    },
    /// Whole numbers in a row: `range(1, 10)`.
    Series {
        call: Clause,
        alias: Option<String>,
        columns: Vec<String>,
    },
    Question {
        words: &'a [SqlToken],
        alias: Option<String>,
        columns: Vec<String>,
    },
    Join {
        kind: JoinKind,
        left: Box<Self>,
        right: Box<Self>,
        /// NATURAL: by the columns that both have.
        natural: bool,
        /// ASOF: only with the nearest row of the right table.
        asof: bool,
        on: Option<JoinConstraint>,
        /// Where the word JOIN or the comma stands.
        at: Range<usize>,
    },
}

/// A question that stands in a clause of another.
#[derive(Debug)]
pub struct SubText<'a> {
    pub words: &'a [SqlToken],
    pub kind: SubKind,
    /// Where it stands, with the word EXISTS.
    pub at: Range<usize>,
}

/// What a sub-query is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubKind {
    /// Its only value.
    Value,
    /// Whether it has a row.
    Exists,
    /// Whether a value is among its rows.
    In,
}

/// One SELECT. Its clauses name the sub-queries in them by `sub_name`.
#[derive(Debug)]
pub struct Select<'a> {
    /// Without table and join, which `from` has.
    pub query: Query,
    /// `None` for one row without columns.
    pub from: Option<From<'a>>,
    pub subs: Vec<SubText<'a>>,
    /// The text with names in place of the sub-queries: as long as before, and with its lines where they were.
    pub text: String,
}

/// What the sub-query of this number is called in the clauses of its SELECT: shorter than any question.
pub fn sub_name(number: usize) -> String {
    format!("__s{number}")
}

/// # Errors
/// What is wrong with a clause.
pub fn select<'a>(sql: &str, words: &'a [SqlToken]) -> Result<Select<'a>> {
    let end = words.last().map_or(sql.len(), |word| word.at.end);
    let clauses = split_clauses(sql, words, end)?;
    let from = clauses.take(ClauseKind::From);
    // Questions in FROM are tables; those in conditions of FROM are none of ours.
    let within = |word: &SqlToken| {
        from.is_some_and(|from| {
            from.first().is_some_and(|first| first.at.start <= word.at.start)
                && from.last().is_some_and(|last| word.at.end <= last.at.end)
        })
    };
    let mut subs: Vec<SubText<'a>> = Vec::new();
    let mut text = sql.to_owned();
    for (i, word) in words.iter().enumerate() {
        let inside = subs.last().is_some_and(|sub| word.at.start < sub.at.end);
        if word.token != Token::LParen || inside || within(word) {
            continue;
        }
        let Some((inner, _)) = words.get(i..).and_then(enclosed) else { continue };
        let asks = inner.first().map(SqlToken::keyword);
        if !matches!(asks, Some(Keyword::SELECT | Keyword::WITH | Keyword::VALUES)) {
            continue;
        }
        let before = i.checked_sub(1).and_then(|i| words.get(i));
        let (kind, start) = match before.map(|word| (word.keyword(), word)) {
            Some((Keyword::EXISTS, word)) => (SubKind::Exists, word.at.start),
            Some((Keyword::IN | Keyword::ANY | Keyword::SOME | Keyword::ALL, _)) => (SubKind::In, word.at.start),
            _ => (SubKind::Value, word.at.start),
        };
        let closes = words.get(i + inner.len() + 1).map_or(end, |word| word.at.end);
        let at = start..closes;
        let place = if kind == SubKind::Exists { at.clone() } else { at.start + 1..at.end - 1 };
        blank(&mut text, place, &sub_name(subs.len()));
        subs.push(SubText { words: inner, kind, at });
    }
    if let Some(sub) = subs.get(MOST_SUBS) {
        return Err(point(sql, "there are too many sub-queries in one SELECT", sub.at.clone())
            .hint("name them by WITH and join their answers"));
    }
    let mut query = Query::default();
    items_of(&text, &clauses, end, &mut query)?;
    rest_of(&text, &clauses, end, &mut query)?;
    // Items are called by what was written.
    for item in &mut query.items {
        let span = item.expr.at..item.expr.at + item.expr.sql.len();
        if item.alias.is_none() && subs.iter().any(|sub| span.contains(&sub.at.start)) {
            item.alias = sql.get(span).map(str::to_owned);
        }
    }
    let from = from.map(|words| self::from(sql, words)).transpose()?;
    Ok(Select { query, from, subs, text })
}

/// What stands between FROM and the next clause.
///
/// # Errors
/// What is wrong with it.
pub(super) fn from<'a>(sql: &str, words: &'a [SqlToken]) -> Result<From<'a>> {
    let end = words.last().map_or(sql.len(), |word| word.at.end);
    FromReader { sql, words, at: 0, end }.all()
}

/// The word of a question that somebody may have meant.
fn meant(name: &str) -> Option<&'static str> {
    nearest(name, &["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "JOIN", "QUALIFY"])
}

/// Whether a function makes a table of whole numbers.
fn is_series(name: &str) -> bool {
    name.eq_ignore_ascii_case("range") || name.eq_ignore_ascii_case("generate_series")
}

/// Sub-queries in one SELECT: the names of these are shorter than any question.
const MOST_SUBS: usize = 100;

/// Puts a name in place of some text, and blanks for the rest of it.
fn blank(text: &mut String, at: Range<usize>, name: &str) {
    let Some(old) = text.get(at.clone()) else { return };
    // A line that ends within it ends there still, and each byte stays one.
    let rest: String = old.bytes().skip(name.len()).map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(at, &format!("{name}{rest}"));
}

/// Reads a FROM from the left.
struct FromReader<'s, 'a> {
    sql: &'s str,
    words: &'a [SqlToken],
    at: usize,
    end: usize,
}

impl<'a> FromReader<'_, 'a> {
    fn rest(&self) -> &'a [SqlToken] {
        self.words.get(self.at..).unwrap_or_default()
    }

    fn keyword(&self, ahead: usize) -> Keyword {
        self.rest().get(ahead).map_or(Keyword::NoKeyword, SqlToken::keyword)
    }

    fn wrong(&self, what: &str) -> Fault {
        let here = self.rest().get(..1).unwrap_or_default();
        point(self.sql, what, span_of(here, self.end))
    }

    fn all(mut self) -> Result<From<'a>> {
        let mut all = self.joined()?;
        while let Some(word) = self.rest().first() {
            if word.token != Token::Comma {
                return Err(self
                    .wrong("this is not expected in FROM")
                    .hint("tables stand with commas or JOIN between them: FROM a JOIN b ON a.x = b.y"));
            }
            let at = word.at.clone();
            self.at += 1;
            let right = Box::new(self.joined()?);
            let kind = JoinKind::Cross;
            all = From::Join { kind, left: Box::new(all), right, natural: false, asof: false, on: None, at };
        }
        Ok(all)
    }

    fn joined(&mut self) -> Result<From<'a>> {
        let first = self.table()?;
        self.joined_to(first)
    }

    /// What is joined to the tables before it.
    fn joined_to(&mut self, mut left: From<'a>) -> Result<From<'a>> {
        while let Some((kind, natural, asof, words)) = self.join()? {
            let at = span_of(self.rest().get(..words).unwrap_or_default(), self.end);
            self.at += words;
            let mut right = self.table()?;
            if !natural && kind != JoinKind::Cross && self.join()?.is_some() {
                // What comes before its ON is joined first: `a JOIN b JOIN c ON … ON …`.
                right = deep(|| self.joined_to(right))?;
            }
            let right = Box::new(right);
            let on = self.on()?;
            if on.is_none() && !natural && kind != JoinKind::Cross {
                return Err(point(self.sql, "JOIN does not say how rows find each other", at)
                    .hint("write … JOIN other ON mine.x = other.y, or USING (x)"));
            }
            if on.is_some() && (natural || kind == JoinKind::Cross) {
                let what = if natural { "NATURAL JOIN" } else { "CROSS JOIN" };
                return Err(point(self.sql, format!("{what} takes no ON"), at).hint("write JOIN … ON …"));
            }
            left = From::Join { kind, left: Box::new(left), right, natural, asof, on, at };
        }
        Ok(left)
    }

    /// The join that begins here, whether it is NATURAL, whether it is ASOF, and its words.
    fn join(&self) -> Result<Option<(JoinKind, bool, bool, usize)>> {
        let (natural, asof) = (self.keyword(0) == Keyword::NATURAL, self.keyword(0) == Keyword::ASOF);
        let mut at = usize::from(natural || asof);
        let mut kind = match self.keyword(at) {
            Keyword::LEFT => JoinKind::Left,
            Keyword::RIGHT => JoinKind::Right,
            Keyword::FULL => JoinKind::Full,
            Keyword::CROSS => JoinKind::Cross,
            Keyword::SEMI => JoinKind::Semi,
            Keyword::ANTI => JoinKind::Anti,
            Keyword::INNER | Keyword::JOIN => JoinKind::Inner,
            _ if natural => return Err(self.wrong("NATURAL stands before JOIN").hint("write a NATURAL JOIN b")),
            _ if asof => return Err(self.wrong("ASOF stands before JOIN").hint("write a ASOF JOIN b ON …")),
            _ => return Ok(None),
        };
        at += usize::from(self.keyword(at) != Keyword::JOIN);
        match (self.keyword(at), kind) {
            (Keyword::OUTER, JoinKind::Left | JoinKind::Right | JoinKind::Full) => at += 1,
            (Keyword::SEMI, JoinKind::Left) => (kind, at) = (JoinKind::Semi, at + 1),
            (Keyword::ANTI, JoinKind::Left) => (kind, at) = (JoinKind::Anti, at + 1),
            _ => {}
        }
        if self.keyword(at) != Keyword::JOIN {
            return Err(self.wrong("JOIN is missing here").hint("write LEFT JOIN, RIGHT JOIN, FULL JOIN, CROSS JOIN"));
        }
        if asof && matches!(kind, JoinKind::Right | JoinKind::Full | JoinKind::Cross) {
            return Err(self
                .wrong("ASOF finds for each row on the left the nearest on the right")
                .hint("write a ASOF JOIN b ON …, or a ASOF LEFT JOIN b ON …"));
        }
        Ok(Some((kind, natural, asof, at + 1)))
    }

    fn starts_join(&self, ahead: usize) -> bool {
        let outer = matches!(
            self.keyword(ahead),
            Keyword::LEFT
                | Keyword::RIGHT
                | Keyword::FULL
                | Keyword::CROSS
                | Keyword::SEMI
                | Keyword::ANTI
                | Keyword::INNER
                | Keyword::NATURAL
                | Keyword::ASOF
        );
        // `left(…)` is a function.
        self.keyword(ahead) == Keyword::JOIN
            || (outer && self.rest().get(ahead + 1).is_some_and(|word| word.token != Token::LParen))
    }

    fn table(&mut self) -> Result<From<'a>> {
        let Some(first) = self.rest().first() else {
            return Err(self.wrong("FROM takes the name of a table").hint("name a table, or write (SELECT …) AS name"));
        };
        if first.keyword() == Keyword::LATERAL {
            return Err(self
                .wrong("LATERAL is not understood")
                .hint("join the answer of a question by equations: JOIN (SELECT … GROUP BY k) AS a USING (k)"));
        }
        if let Some((inner, after)) = enclosed(self.rest()) {
            let ends = self.words.len() - after.len();
            if !is_question(inner) {
                let joined = FromReader { sql: self.sql, words: inner, at: 0, end: self.end }.all()?;
                self.at = ends;
                return Ok(joined);
            }
            self.at = ends;
            let (alias, columns) = self.alias()?;
            return Ok(From::Question { words: inner, alias, columns });
        }
        if let Some(path) = first.text() {
            let name = Clause { sql: quote_always(path), at: first.at.start };
            self.at += 1;
            let (alias, columns) = self.alias()?;
            let own = Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
            return Ok(From::Table { name, alias: alias.or(own), columns });
        }
        if first.name().is_none() {
            return Err(self.wrong("FROM takes the name of a table").hint("name a table, or write (SELECT …) AS name"));
        }
        let name = Clause { sql: self.sql.get(first.at.clone()).unwrap_or_default().to_owned(), at: first.at.start };
        self.at += 1;
        match self.rest().first().map(|word| &word.token) {
            Some(Token::LParen) if is_series(&name.sql) => {
                let (inner, after) = enclosed(self.rest()).ok_or_else(|| self.wrong("a parenthesis is not closed"))?;
                let end = inner.last().map_or(name.at + name.sql.len(), |word| word.at.end);
                self.at = self.words.len() - after.len();
                let sql = format!("{})", self.sql.get(name.at..end).unwrap_or_default());
                let (alias, columns) = self.alias()?;
                return Ok(From::Series { call: Clause { sql, at: name.at }, alias, columns });
            }
            Some(Token::LParen) => {
                self.at -= 1;
                return Err(self
                    .wrong(&format!("'{}' is no table, and functions that make tables are not understood", name.sql))
                    .hint("name a table, or write (SELECT …) AS name"));
            }
            Some(Token::Period) => {
                return Err(self.wrong("tables are in no schema here").hint("name the table alone"));
            }
            _ => {}
        }
        let (alias, columns) = self.alias()?;
        Ok(From::Table { name, alias, columns })
    }

    /// `AS name (columns)`, all of which may be left out.
    fn alias(&mut self) -> Result<(Option<String>, Vec<String>)> {
        let said = self.keyword(0) == Keyword::AS;
        self.at += usize::from(said);
        let goes_on = matches!(self.keyword(0), Keyword::ON | Keyword::USING) || self.starts_join(0);
        let name = self.rest().first().filter(|_| !goes_on).and_then(SqlToken::name);
        let Some(name) = name else {
            return if said {
                Err(self.wrong("this is no name for a table").hint("write it like FROM trades AS t"))
            } else {
                Ok((None, Vec::new()))
            };
        };
        let goes_on = self.rest().get(1).is_some_and(|next| {
            !matches!(next.token, Token::Comma | Token::LParen | Token::RParen)
                && !matches!(next.keyword(), Keyword::ON | Keyword::USING)
        });
        if let Some(meant) = meant(name).filter(|_| !said && goes_on && !self.starts_join(1)) {
            return Err(self.wrong(&format!("'{name}' is not expected here")).hint(format!("did you mean {meant}?")));
        }
        self.at += 1;
        let (columns, after) = names(self.sql, self.rest())?;
        self.at = self.words.len() - after.len();
        Ok((Some(name.to_owned()), columns))
    }

    /// Whether the join of a table before begins to say how rows find each other.
    fn starts_on(&self) -> bool {
        matches!(self.keyword(0), Keyword::ON | Keyword::USING)
    }

    fn on(&mut self) -> Result<Option<JoinConstraint>> {
        match self.keyword(0) {
            Keyword::USING => {
                self.at += 1;
                let Some((columns, after)) = enclosed(self.rest()) else {
                    return Err(self.wrong("USING takes columns in parentheses").hint("write it like USING (id)"));
                };
                let columns: Result<Vec<Clause>> =
                    split_commas(columns).into_iter().map(|words| clause(self.sql, words, self.end)).collect();
                self.at = self.words.len() - after.len();
                Ok(Some(JoinConstraint::Using(columns?)))
            }
            Keyword::ON => {
                self.at += 1;
                let start = self.at;
                let mut depth = 0_i32;
                while let Some(word) = self.rest().first() {
                    match word.token {
                        Token::LParen => depth += 1,
                        Token::RParen => depth -= 1,
                        Token::Comma if depth == 0 => break,
                        _ if depth == 0 && (self.starts_join(0) || self.at > start && self.starts_on()) => break,
                        _ => {}
                    }
                    self.at += 1;
                }
                let words = self.words.get(start..self.at).unwrap_or_default();
                if let Some(sub) = words.iter().find(|word| word.keyword() == Keyword::SELECT) {
                    return Err(point(self.sql, "a sub-query cannot stand in ON", sub.at.clone())
                        .hint("put it into WHERE, or join its answer"));
                }
                Ok(Some(JoinConstraint::Condition(clause(self.sql, words, self.end)?)))
            }
            _ => Ok(None),
        }
    }
}
