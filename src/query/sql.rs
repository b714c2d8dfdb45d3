//! SQL text taken apart into the clauses of one SELECT, and put together again.
//! What the clauses mean is left to `plan`.

use std::ops::Range;

use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, Tokenizer};

use super::from;
use super::limits;
use super::query::{Clause, Item, On, Order, Query};
use crate::data::near::nearest;
use crate::data::{Fault, Result};
use crate::sync::deep;

/// A token that means something (no white space, no comment) and the bytes it stands on.
pub(super) struct Word {
    pub(super) token: Token,
    pub(super) at: Range<usize>,
}

impl Word {
    pub(super) fn keyword(&self) -> Keyword {
        match &self.token {
            Token::Word(word) if word.quote_style.is_none() => word.keyword,
            _ => Keyword::NoKeyword,
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        match &self.token {
            Token::Word(word) => Some(&word.value),
            _ => None,
        }
    }
}

/// A question without FROM, or with a word that was meant to be it: one between a value and a name.
fn no_from(sql: &str, words: &[Word], end: usize) -> Fault {
    let near = |word: &Word| word.name().is_some_and(|w| nearest(w, &["from"]).is_some());
    let between = |three: &&[Word]| matches!(three, [_, word, table] if table.name().is_some() && near(word));
    match words.windows(3).rfind(between) {
        Some([_, word, _]) => point(sql, "there is no FROM", word.at.clone()).hint("did you mean FROM here?"),
        _ => point(sql, "there is no FROM", end..end).hint("add FROM and the name of a table"),
    }
}

/// Reads one SELECT. Its clauses keep the text they were written in.
pub fn parse(sql: &str) -> Result<Query> {
    deep(|| read(sql))
}

fn read(sql: &str) -> Result<Query> {
    let words = words(sql)?;
    let end = words.last().map_or(sql.len(), |w| w.at.end);
    if let Some(rerun) = from::outside(sql, &words)? {
        return Ok(rerun);
    }
    let mut clauses = split_clauses(sql, &words, end)?;
    let mut query = Query::default();

    let mut select = clauses.take(Part::Select).unwrap_or_default();
    if let [first, rest @ ..] = select
        && first.keyword() == Keyword::DISTINCT
    {
        (query.distinct, select) = (true, rest);
    }
    for piece in split_commas(select) {
        query.items.push(item(sql, piece)?);
    }
    if query.items.is_empty() {
        return Err(
            point(sql, "nothing is selected", 0..end).hint("write SELECT, then columns or aggregates such as count(*)")
        );
    }
    match clauses.take(Part::From) {
        Some(words) => from::read(sql, words, &mut query)?,
        None => return Err(no_from(sql, &words, end)),
    }
    query.filter = clauses.take(Part::Where).map(|w| clause(sql, w, end)).transpose()?;
    for piece in clauses.take(Part::Group).map(split_commas).unwrap_or_default() {
        query.groups.push(clause(sql, piece, end)?);
    }
    query.having = clauses.take(Part::Having).map(|w| clause(sql, w, end)).transpose()?;
    query.qualify = clauses.take(Part::Qualify).map(|w| clause(sql, w, end)).transpose()?;
    for piece in clauses.take(Part::Order).map(split_commas).unwrap_or_default() {
        query.order.push(order(sql, piece, end)?);
    }
    if let Some(limit) = clauses.take(Part::Limit) {
        let (limit_word, offset_word) = match limit {
            [limit, offset, skipped] if offset.keyword() == Keyword::OFFSET => (Some(limit), Some(skipped)),
            [limit] => (Some(limit), None),
            _ => (None, None),
        };
        let whole = |word: &Word| match &word.token {
            Token::Number(n, _) => n.parse().ok(),
            _ => None,
        };
        query.limit = limit_word.and_then(whole);
        if let Some(word) = offset_word {
            query.offset = Some(whole(word).ok_or_else(|| {
                point(sql, "OFFSET takes a whole number", word.at.clone()).hint("write it like LIMIT 10 OFFSET 20")
            })?);
        }
        if query.limit.is_none() {
            return Err(point(sql, "LIMIT takes a whole number", span_of(limit, end)).hint("write it like LIMIT 10"));
        }
    }
    Ok(query)
}

/// The text of a question, one clause a line.
pub fn print(query: &Query) -> String {
    if let Some(rerun) = &query.rerun {
        return rerun.text.sql.clone();
    }
    let item = |i: &Item| match &i.alias {
        Some(alias) => format!("{} AS {}", i.expr.sql, quote(alias)),
        None => i.expr.sql.clone(),
    };
    let order = |o: &Order| {
        let nulls = match o.nulls_first {
            Some(true) => " NULLS FIRST",
            Some(false) => " NULLS LAST",
            None => "",
        };
        format!("{}{}{nulls}", o.expr.sql, if o.descending { " DESC" } else { "" })
    };
    let list = |pieces: Vec<String>| pieces.join(", ");
    let named = |table: &Clause, alias: &Option<String>| match alias {
        Some(alias) => format!("{} AS {}", table.sql, quote(alias)),
        None => table.sql.clone(),
    };
    let select = if query.distinct { "SELECT DISTINCT" } else { "SELECT" };
    let mut lines = vec![
        format!("{select} {}", list(query.items.iter().map(item).collect())),
        format!("FROM {}", named(&query.table, &query.alias)),
    ];
    if let Some(join) = &query.join {
        let on = match &join.on {
            On::Condition(condition) => format!("ON {}", condition.sql),
            On::Using(columns) => format!("USING ({})", list(columns.iter().map(|c| c.sql.clone()).collect())),
        };
        lines.push(format!(
            "{} {} {on}",
            if join.left { "LEFT JOIN" } else { "JOIN" },
            named(&join.table, &join.alias)
        ));
    }
    if let Some(filter) = &query.filter {
        lines.push(format!("WHERE {}", filter.sql));
    }
    if !query.groups.is_empty() {
        lines.push(format!("GROUP BY {}", list(query.groups.iter().map(|g| g.sql.clone()).collect())));
    }
    if let Some(having) = &query.having {
        lines.push(format!("HAVING {}", having.sql));
    }
    if let Some(qualify) = &query.qualify {
        lines.push(format!("QUALIFY {}", qualify.sql));
    }
    if !query.order.is_empty() {
        lines.push(format!("ORDER BY {}", list(query.order.iter().map(order).collect())));
    }
    if let Some(limit) = query.limit {
        let skipped = query.offset.map_or_else(String::new, |offset| format!(" OFFSET {offset}"));
        lines.push(format!("LIMIT {limit}{skipped}"));
    }
    lines.join("\n")
}

/// A name as SQL writes it: quoted where it must be.
pub fn quote(name: &str) -> String {
    // Names are looked up exactly before their case is ignored, so capitals need no quotes.
    let plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let reserved = sqlparser::keywords::ALL_KEYWORDS.binary_search(&name.to_ascii_uppercase().as_str()).is_ok()
        && !SAFE_NAMES.contains(&name.to_ascii_lowercase().as_str());
    if plain && !reserved { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Keywords of some dialect that are ordinary column names to people.
const SAFE_NAMES: &[&str] = &[
    "date",
    "time",
    "timestamp",
    "hour",
    "minute",
    "second",
    "day",
    "week",
    "month",
    "year",
    "name",
    "value",
    "count",
    "key",
    "id",
    "type",
    "status",
    "level",
    "source",
    "origin",
    "destination",
    "delay",
    "distance",
    "price",
    "region",
    "location",
    "user",
    "host",
    "port",
    "label",
    "class",
    "temperature",
    "sum",
    "min",
    "max",
    "avg",
    "n",
];

/// A fault about a place in the SQL text.
pub fn point(sql: &str, what: impl Into<String>, span: Range<usize>) -> Fault {
    let start = span.start.min(sql.len());
    let before = &sql[..floor_boundary(sql, start)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    Fault::new(what).at(format!("SQL, line {line}, column {column}")).span(start..span.end.max(start))
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while at > 0 && !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Byte offset of a tokenizer's location (line and column in characters, from 1).
pub fn offset(sql: &str, location: Location) -> usize {
    if location.line == 0 {
        return 0;
    }
    let line_start = if location.line == 1 {
        0
    } else {
        sql.match_indices('\n').nth(location.line as usize - 2).map_or(sql.len(), |(i, _)| i + 1)
    };
    let line = &sql[line_start..];
    line_start + line.char_indices().nth(location.column.saturating_sub(1) as usize).map_or(line.len(), |(i, _)| i)
}

/// Byte offsets of locations that come in order, in one walk over the text.
pub(super) struct Offsets<'t> {
    text: &'t str,
    at: usize,
    here: Location,
}

impl<'t> Offsets<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, here: Location { line: 1, column: 1 } }
    }

    pub(super) fn to(&mut self, wanted: Location) -> usize {
        if (wanted.line, wanted.column) < (self.here.line, self.here.column) {
            return offset(self.text, wanted);
        }
        for c in self.text.get(self.at..).unwrap_or_default().chars() {
            let next = if c == '\n' {
                Location { line: self.here.line + 1, column: 1 }
            } else {
                Location { column: self.here.column + 1, ..self.here }
            };
            if (wanted.line, wanted.column) < (next.line, next.column) {
                break;
            }
            self.at += c.len_utf8();
            self.here = next;
        }
        self.at
    }
}

fn words(sql: &str) -> Result<Vec<Word>> {
    let too_much = |(what, hint): limits::Excess| point(sql, what, 0..sql.len()).hint(hint);
    limits::of_text(sql).map_err(too_much)?;
    let tokens = Tokenizer::new(&GenericDialect, sql).tokenize_with_location().map_err(|e| {
        let at = offset(sql, e.location);
        point(sql, e.message.trim().to_owned(), at..sql.len()).hint("is a quote left open?")
    })?;
    limits::of_tokens(&tokens).map_err(too_much)?;
    let mut offsets = Offsets::new(sql);
    let meaningful = tokens.into_iter().filter(|t| !matches!(t.token, Token::Whitespace(_) | Token::EOF));
    let mut words: Vec<Word> =
        meaningful.map(|t| Word { at: offsets.to(t.span.start)..offsets.to(t.span.end), token: t.token }).collect();
    while matches!(words.last(), Some(w) if w.token == Token::SemiColon) {
        words.pop();
    }
    if let Some(extra) = words.iter().find(|w| w.token == Token::SemiColon) {
        return Err(point(sql, "one question at a time", extra.at.clone()).hint("remove what follows the semicolon"));
    }
    Ok(words)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Part {
    Select,
    From,
    Where,
    Group,
    Having,
    Qualify,
    Order,
    Limit,
}

/// The words of each clause, in order, and where its keyword ends.
struct Clauses<'a>(Vec<(Part, &'a [Word], usize)>);

impl<'a> Clauses<'a> {
    fn take(&mut self, part: Part) -> Option<&'a [Word]> {
        self.0.iter().find(|(p, ..)| *p == part).map(|(_, words, _)| *words)
    }
}

fn split_clauses<'a>(sql: &str, words: &'a [Word], end: usize) -> Result<Clauses<'a>> {
    let first = words.first().map_or(Keyword::NoKeyword, Word::keyword);
    if first != Keyword::SELECT {
        let span = words.first().map_or(0..end, |w| w.at.clone());
        return Err(
            point(sql, "a question begins with SELECT", span).hint("for example: SELECT count(*) AS n FROM my_table")
        );
    }
    let mut clauses: Vec<(Part, &[Word], usize)> = Vec::new();
    let before = |start: usize| start.checked_sub(1).and_then(|i| words.get(i)).map_or(end, |w| w.at.end);
    let (mut part, mut start, mut depth, mut i) = (Part::Select, 1, 0_i32, 1);
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
        let next_is = |k| words.get(i + 1).is_some_and(|w| w.keyword() == k);
        let found = match word.keyword() {
            _ if depth > 0 => None,
            Keyword::FROM => Some((Part::From, 1)),
            Keyword::WHERE => Some((Part::Where, 1)),
            Keyword::GROUP if next_is(Keyword::BY) => Some((Part::Group, 2)),
            Keyword::HAVING => Some((Part::Having, 1)),
            Keyword::QUALIFY => Some((Part::Qualify, 1)),
            Keyword::ORDER if next_is(Keyword::BY) => Some((Part::Order, 2)),
            Keyword::LIMIT => Some((Part::Limit, 1)),
            Keyword::SELECT => {
                return Err(point(sql, "SELECT is not understood here", word.at.clone())
                    .hint("a question is SELECT … FROM … WHERE … GROUP BY … HAVING … QUALIFY … ORDER BY … LIMIT"));
            }
            _ => None,
        };
        if let Some((next, skip)) = found {
            // `IS DISTINCT FROM` is an operator, not a clause.
            let operator =
                next == Part::From && i > 0 && words.get(i - 1).is_some_and(|w| w.keyword() == Keyword::DISTINCT);
            if !operator {
                if next <= part {
                    return Err(point(
                        sql,
                        format!("{} stands in the wrong place", sql[word.at.clone()].to_uppercase()),
                        word.at.clone(),
                    )
                    .hint("the order is SELECT, FROM, WHERE, GROUP BY, HAVING, QUALIFY, ORDER BY, LIMIT"));
                }
                clauses.push((part, words.get(start..i).unwrap_or_default(), before(start)));
                (part, start) = (next, i + skip);
                i += skip;
                continue;
            }
        }
        i += 1;
    }
    if depth > 0 {
        return Err(point(sql, "a parenthesis is not closed", 0..end).hint("add the missing )"));
    }
    clauses.push((part, words.get(start..).unwrap_or_default(), before(start)));
    for (part, words, after) in &clauses {
        if words.is_empty() && *part != Part::Select {
            return Err(point(
                sql,
                format!("{part:?} is empty").to_uppercase().replace("IS EMPTY", "is empty"),
                *after..*after,
            )
            .hint("write what should stand there, or remove the word"));
        }
    }
    Ok(Clauses(clauses))
}

pub(super) fn split_commas(words: &[Word]) -> Vec<&[Word]> {
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

pub(super) fn span_of(words: &[Word], end: usize) -> Range<usize> {
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => first.at.start..last.at.end,
        _ => end..end,
    }
}

pub(super) fn clause(sql: &str, words: &[Word], end: usize) -> Result<Clause> {
    if words.is_empty() {
        return Err(point(sql, "something is missing beside this comma", end..end)
            .hint("remove the comma, or write what should stand there"));
    }
    let span = span_of(words, end);
    Ok(Clause { sql: sql[span.clone()].to_owned(), at: span.start })
}

/// An item of the SELECT list: `expr`, `expr AS alias` or `expr alias`.
fn item(sql: &str, words: &[Word]) -> Result<Item> {
    let end = words.last().map_or(sql.len(), |w| w.at.end);
    let (expr, alias) = match words {
        [expr @ .., as_, alias] if as_.keyword() == Keyword::AS && alias.name().is_some() && !expr.is_empty() => {
            (expr, alias.name())
        }
        [.., before, alias] if is_implicit_alias(words, before, alias) => {
            (words.split_last().map_or(words, |(_, expr)| expr), alias.name())
        }
        _ => (words, None),
    };
    Ok(Item { expr: clause(sql, expr, end)?, alias: alias.map(str::to_owned) })
}

/// `count(*) n`: a name right after the end of an expression, unless it is a word that goes on with it.
fn is_implicit_alias(words: &[Word], before: &Word, alias: &Word) -> bool {
    let ends_expression = matches!(before.token, Token::RParen | Token::Number(..) | Token::SingleQuotedString(_))
        || (before.name().is_some()
            && matches!(
                before.keyword(),
                Keyword::NoKeyword | Keyword::END | Keyword::NULL | Keyword::TRUE | Keyword::FALSE
            ));
    // In `x::TEXT t` a type ends it, unless the type goes on.
    let cast = words.iter().rev().nth(2).is_some_and(|w| w.token == Token::DoubleColon)
        && before.name().is_some()
        && !matches!(
            alias.keyword(),
            Keyword::PRECISION | Keyword::VARYING | Keyword::WITH | Keyword::WITHOUT | Keyword::ARRAY
        );
    // In `INTERVAL 1 HOUR` the last word is a unit.
    let unit = words.iter().rev().nth(2).is_some_and(|w| w.keyword() == Keyword::INTERVAL);
    let free = match &alias.token {
        Token::Word(w) => {
            w.quote_style.is_some()
                || !(sqlparser::keywords::RESERVED_FOR_COLUMN_ALIAS.contains(&w.keyword)
                    || GOES_ON.contains(&w.keyword))
        }
        _ => false,
    };
    (ends_expression || cast) && !unit && free
}

/// Words that go on with an expression.
const GOES_ON: &[Keyword] = &[
    Keyword::AND,
    Keyword::OR,
    Keyword::NOT,
    Keyword::IS,
    Keyword::NULL,
    Keyword::IN,
    Keyword::LIKE,
    Keyword::ILIKE,
    Keyword::BETWEEN,
    Keyword::END,
    Keyword::FILTER,
    Keyword::OVER,
    Keyword::COLLATE,
    Keyword::THEN,
    Keyword::ELSE,
    Keyword::WHEN,
    Keyword::AS,
];

fn order(sql: &str, mut words: &[Word], end: usize) -> Result<Order> {
    let mut order = Order::default();
    if let [rest @ .., nulls, which] = words
        && nulls.keyword() == Keyword::NULLS
        && matches!(which.keyword(), Keyword::FIRST | Keyword::LAST)
    {
        order.nulls_first = Some(which.keyword() == Keyword::FIRST);
        words = rest;
    }
    if let [rest @ .., direction] = words
        && matches!(direction.keyword(), Keyword::ASC | Keyword::DESC)
    {
        order.descending = direction.keyword() == Keyword::DESC;
        words = rest;
    }
    order.expr = clause(sql, words, end)?;
    Ok(order)
}
