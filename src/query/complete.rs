//! What may stand where the cursor is in a question that is being written: tables, columns, functions and key words.
//! The text may be half written; nothing here is an error.

use std::ops::Range;

use sqlparser::keywords::Keyword as K;
use sqlparser::tokenizer::Token;

use super::aggregate::AGGREGATES;
use super::expr::scalars;
use super::highlight::{TokenKind, is_key, pieces, tokens};
use super::sql::{quote, quote_always};

/// A table, or a question with a name, that a question may ask.
#[derive(Clone, Debug, Default)]
pub struct KnownTable {
    pub name: String,
    /// What it is, in a word.
    pub kind: &'static str,
    /// Its columns, each with a word on its type.
    pub columns: Vec<(String, &'static str)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// A value that questions of a board name.
    Variable,
    Column,
    Table,
    Function,
    Word,
}

/// Something that may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub kind: ItemKind,
    /// As it is listed.
    pub name: String,
    /// What is written.
    pub text: String,
    /// What it is, in a few words.
    pub about: String,
}

/// What may stand in place of these bytes, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    pub place: Range<usize>,
    pub items: Vec<Item>,
}

/// The most that is offered.
const MOST: usize = 60;

/// Words that questions are made of.
const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "HAVING",
    "ORDER BY",
    "LIMIT",
    "JOIN",
    "LEFT JOIN",
    "ON",
    "USING",
    "AS",
    "AND",
    "OR",
    "NOT",
    "IN",
    "BETWEEN",
    "LIKE",
    "IS NULL",
    "IS NOT NULL",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST",
    "DISTINCT",
    "FILTER",
    "INTERVAL",
    "ASC",
    "DESC",
    "WITH",
    "UNION ALL",
    "TRUE",
    "FALSE",
    "NULL",
];

/// What may stand at byte `cursor` of `sql`; the first of `tables` is the one that is looked at, and `variables` are
/// those of a board, each with its value. `None` in texts and comments, and where nothing fits.
pub fn complete(sql: &str, cursor: usize, tables: &[KnownTable], variables: &[(String, String)]) -> Option<Completion> {
    let before = sql.get(..cursor)?;
    if before.get(..begin(before)).is_some_and(|rest| rest.ends_with('$')) {
        return variable(before, variables);
    }
    let inside = |(range, kind): &(Range<usize>, TokenKind)| {
        matches!(kind, TokenKind::Text | TokenKind::Comment)
            && range.start < cursor
            && (cursor < range.end || (cursor == range.end && !is_closed(sql.get(range.clone()).unwrap_or_default())))
    };
    if pieces(sql).iter().any(inside) {
        return None;
    }
    let start = begin(before);
    let typed = Typed::new(before.get(start..)?);
    let words = words(sql);
    let here = words.get(..words.partition_point(|word| word.at.end <= start)).unwrap_or_default();
    let asked = asked_tables(&words, tables);
    let mut items = Vec::new();
    if let Some(table) = qualifier(here, start) {
        let of = asked.iter().find(|(called, _)| called.eq_ignore_ascii_case(table)).map(|(_, table)| *table);
        let of = of.or_else(|| tables.iter().find(|known| known.name.eq_ignore_ascii_case(table)))?;
        items.extend(of.columns.iter().map(|(name, about)| named(ItemKind::Column, name, about)));
    } else if wants_table(here) {
        let about = |table: &KnownTable| {
            let (kind, count) = (table.kind, table.columns.len());
            format!(
                "{kind}{}{count} column{}",
                if kind.is_empty() { "" } else { " · " },
                if count == 1 { "" } else { "s" }
            )
        };
        items.extend(tables.iter().map(|table| named(ItemKind::Table, &table.name, &about(table))));
        let own = made_here(&words).filter(|name| !tables.iter().any(|table| table.name.eq_ignore_ascii_case(name)));
        items.extend(own.map(|name| named(ItemKind::Table, name, "of this question's WITH")));
        items.extend(WORDS.iter().filter(|_| !typed.is_empty()).map(|word| self::word(word)));
    } else {
        let all: Vec<&KnownTable> = if asked.is_empty() {
            tables.first().into_iter().collect()
        } else {
            asked.iter().map(|(_, table)| *table).collect()
        };
        for table in &all {
            let own = table.columns.iter().map(|(name, about)| named(ItemKind::Column, name, about));
            items.extend(own);
        }
        items.extend(asked.iter().map(|(called, _)| named(ItemKind::Table, called, "table of this question")));
        items.extend(functions());
        items.extend(WORDS.iter().map(|word| self::word(word)));
    }
    let mut ranked: Vec<(u8, usize, Item)> =
        items.into_iter().enumerate().filter_map(|(i, item)| Some((typed.rank(&item.name)?, i, item))).collect();
    ranked.sort_by_key(|(rank, i, _)| (*rank, *i));
    let mut items: Vec<Item> = Vec::new();
    for (_, _, item) in ranked {
        if items.len() < MOST && !items.iter().any(|known| (known.kind, &known.text) == (item.kind, &item.text)) {
            items.push(item);
        }
    }
    // What stands there already is no news.
    items.retain(|item| item.text != before.get(start..).unwrap_or_default() || item.kind == ItemKind::Function);
    (!items.is_empty()).then_some(Completion { place: start..cursor, items })
}

/// The variables that begin as what stands behind a dollar sign, outside of texts and quotes.
fn variable(before: &str, variables: &[(String, String)]) -> Option<Completion> {
    let start = begin(before).checked_sub(1)?;
    let (rest, begun) = (before.get(..start)?, before.get(start..)?.strip_prefix('$')?.to_lowercase());
    let in_text = pieces(rest).last().is_some_and(|(range, kind)| {
        matches!(kind, TokenKind::Text | TokenKind::Comment) && !is_closed(rest.get(range.clone()).unwrap_or_default())
    });
    let fits = variables.iter().filter(|(name, _)| name.to_lowercase().starts_with(&begun) && *name != begun);
    let item = |(name, value): &(String, String)| Item {
        kind: ItemKind::Variable,
        name: format!("${name}"),
        text: format!("${name}"),
        about: if value.is_empty() { "a variable of the board".to_owned() } else { format!("now {value}") },
    };
    let items: Vec<Item> = fits.map(item).collect();
    (!in_text && !items.is_empty()).then_some(Completion { place: start..before.len(), items })
}

/// Whether a text or a comment ends with what closes it.
fn is_closed(text: &str) -> bool {
    let quoted = text.len() > 1 && text.ends_with(['\'', '$']);
    quoted || text.ends_with("*/") || (text.starts_with("--") && text.ends_with('\n'))
}

/// Where the name begins that ends with this text: behind what is no letter of one, or at a quote that stands open.
fn begin(before: &str) -> usize {
    let of_name = |(_, c): &(usize, char)| c.is_alphanumeric() || *c == '_';
    let letters = || before.char_indices().rev().take_while(of_name).last().map_or(before.len(), |(i, _)| i);
    open_quote(before).unwrap_or_else(letters)
}

/// Where a double quote stands open at the end of a text.
fn open_quote(before: &str) -> Option<usize> {
    let (mut open, mut text) = (None, false);
    for (i, c) in before.char_indices() {
        match c {
            '\'' if open.is_none() => text = !text,
            '"' if !text => open = if open.is_some() { None } else { Some(i) },
            _ => {}
        }
    }
    open
}

/// What was typed of a name, in small letters and without a quote.
struct Typed(String);

impl Typed {
    fn new(text: &str) -> Self {
        Self(text.trim_start_matches('"').to_lowercase())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How well a name fits: 0 best.
    fn rank(&self, name: &str) -> Option<u8> {
        let name = name.to_lowercase();
        if name.starts_with(&self.0) {
            return Some(0);
        }
        if name.split(['_', ' ', '.', '-']).any(|part| part.starts_with(&self.0)) {
            return Some(1);
        }
        (self.0.chars().count() > 2 && name.contains(&self.0)).then_some(2)
    }
}

fn named(kind: ItemKind, name: &str, about: &str) -> Item {
    // Names of any script are safe in quotes, whichever dialect reads them.
    let text = if name.is_ascii() { quote(name) } else { quote_always(name) };
    Item { kind, name: name.to_owned(), text, about: about.to_owned() }
}

fn word(word: &str) -> Item {
    Item { kind: ItemKind::Word, name: word.to_owned(), text: format!("{word} "), about: String::new() }
}

/// All functions, written up to their first argument.
fn functions() -> impl Iterator<Item = Item> {
    let call = |name: &str, usage: &str, about: &str| {
        let text = if usage.ends_with("()") { format!("{name}()") } else { format!("{name}(") };
        let about = if about.is_empty() { usage.to_owned() } else { format!("{usage} · {about}") };
        Item { kind: ItemKind::Function, name: name.to_owned(), text, about }
    };
    let aggregates = AGGREGATES.iter().filter(|of| of.shares.is_none()).flat_map(move |of| {
        of.aliases.iter().copied().chain([of.name]).map(move |name| call(name, of.usage, of.about))
    });
    aggregates.chain(scalars().map(move |of| call(of.name, of.usage, of.about)))
}

/// A token that means something, and where it stands.
struct Place {
    token: Token,
    at: Range<usize>,
}

impl Place {
    fn key(&self) -> K {
        match &self.token {
            Token::Word(word) if word.quote_style.is_none() && is_key(word.keyword) => word.keyword,
            _ => K::NoKeyword,
        }
    }

    fn name(&self) -> Option<&str> {
        match &self.token {
            Token::Word(word) if self.key() == K::NoKeyword => Some(&word.value),
            _ => None,
        }
    }
}

fn words(sql: &str) -> Vec<Place> {
    let meaningful = tokens(sql).filter(|(token, _)| !matches!(token, Token::Whitespace(_) | Token::EOF));
    meaningful.map(|(token, at)| Place { token, at }).collect()
}

/// The name before a point that ends right before `start`.
fn qualifier(here: &[Place], start: usize) -> Option<&str> {
    let [.., name, point] = here else { return None };
    (point.token == Token::Period && point.at.end == start).then(|| name.name()).flatten()
}

/// Whether the name of a table comes next.
fn wants_table(here: &[Place]) -> bool {
    let mut back = here.iter().rev();
    let Some(last) = back.next() else { return false };
    if matches!(last.key(), K::FROM | K::JOIN) {
        return true;
    }
    let listed = |place: &&Place| !matches!(place.token, Token::LParen | Token::RParen);
    last.token == Token::Comma
        && back
            .take_while(listed)
            .find(|place| place.key() != K::NoKeyword && place.key() != K::AS)
            .is_some_and(|place| place.key() == K::FROM)
}

/// The names that a question gives to others in its WITH.
fn made_here(words: &[Place]) -> impl Iterator<Item = &str> {
    words.windows(3).filter_map(|three| {
        let [name, word, open] = three else { return None };
        (word.key() == K::AS && open.token == Token::LParen).then(|| name.name()).flatten()
    })
}

/// The tables that a question asks, each under what it is called there.
fn asked_tables<'a>(words: &'a [Place], tables: &'a [KnownTable]) -> Vec<(&'a str, &'a KnownTable)> {
    let mut asked = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let Some(name) = word.name() else { continue };
        if !wants_table(words.get(..i).unwrap_or_default()) {
            continue;
        }
        let Some(table) = tables.iter().find(|table| table.name.eq_ignore_ascii_case(name)) else { continue };
        let mut after = words.iter().skip(i + 1);
        let next = after.next();
        let next = if next.is_some_and(|next| next.key() == K::AS) { after.next() } else { next };
        asked.push((next.and_then(Place::name).unwrap_or(name), table));
    }
    asked
}
