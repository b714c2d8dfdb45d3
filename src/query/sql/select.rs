//! What stands between commas: an item of the SELECT list, with its alias, and an item of ORDER BY.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::tokens::{SqlToken, clause};
use crate::data::Result;
use crate::query::query::{OrderItem, SelectItem};

/// An item of the SELECT list: `expr`, `expr AS alias` or `expr alias`.
pub(super) fn item(sql: &str, words: &[SqlToken]) -> Result<SelectItem> {
    let end = words.last().map_or(sql.len(), |w| w.at.end);
    let (expr, alias) = match words {
        [expr @ .., as_, alias] if as_.keyword() == Keyword::AS && alias.called().is_some() && !expr.is_empty() => {
            (expr, alias.called())
        }
        [.., before, alias] if is_implicit_alias(words, before, alias) => {
            (words.split_last().map_or(words, |(_, expr)| expr), alias.name())
        }
        _ => (words, None),
    };
    Ok(SelectItem { expr: clause(sql, expr, end)?, alias: alias.map(str::to_owned) })
}

/// `count(*) n`: a name right after the end of an expression, unless it is a word that goes on with it.
fn is_implicit_alias(words: &[SqlToken], before: &SqlToken, alias: &SqlToken) -> bool {
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
                || w.keyword == Keyword::TOP
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

/// An item of ORDER BY: `expr [ASC|DESC] [NULLS FIRST|LAST]`.
pub(super) fn order(sql: &str, mut words: &[SqlToken], end: usize) -> Result<OrderItem> {
    let mut order = OrderItem::default();
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
