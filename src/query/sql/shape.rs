//! Whether a question is more than one SELECT over one table or an enriched one: told by its words alone.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::tokens::SqlToken;

pub(super) fn is_outside(words: &[SqlToken]) -> bool {
    is_beyond(words) || has_levels(words)
}

/// Whether GROUP BY has several levels, of this SELECT or of one within.
fn has_levels(words: &[SqlToken]) -> bool {
    words.windows(2).any(|two| match two {
        [word, next] => match word.keyword() {
            Keyword::ROLLUP | Keyword::CUBE => next.token == Token::LParen,
            Keyword::GROUPING => next.keyword() == Keyword::SETS,
            _ => false,
        },
        _ => false,
    })
}

/// `is_outside`, whatever GROUP BY says.
pub(super) fn is_beyond(words: &[SqlToken]) -> bool {
    let begins = |keyword| words.first().is_some_and(|word| word.keyword() == keyword);
    if begins(Keyword::WITH) || begins(Keyword::VALUES) || words.first().is_some_and(|w| w.token == Token::LParen) {
        return true;
    }
    if !begins(Keyword::SELECT) {
        return false;
    }
    if is_of_nothing(words) {
        return true;
    }
    let (mut depth, mut from, mut ordered, mut joins) = (0_i32, false, false, 0);
    for (i, word) in words.iter().enumerate().skip(1) {
        let before = words.get(i - 1);
        match word.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::Comma if depth == 0 && from => return true,
            _ => {}
        }
        // A function makes a table.
        let called = || words.get(i + 1).is_some_and(|w| w.name().is_some()) && is_open(words.get(i + 2));
        let after = |keyword| before.is_some_and(|w| w.keyword() == keyword);
        match word.keyword() {
            Keyword::SELECT | Keyword::VALUES if before.is_some_and(|w| w.token == Token::LParen) => return true,
            _ if depth > 0 => {}
            // Of an order that the question gives, what comes after the first rows is known as well as those.
            Keyword::OFFSET if ordered && is_cut(words, i) => {}
            Keyword::ORDER => (from, ordered) = (false, true),
            // Of a star it says what it does not stand for.
            Keyword::EXCEPT if before.is_some_and(|w| w.token == Token::Mul) => {}
            Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::OFFSET | Keyword::FETCH => return true,
            Keyword::FROM | Keyword::JOIN if !after(Keyword::DISTINCT) && called() => return true,
            Keyword::FROM if !after(Keyword::DISTINCT) => from = true,
            Keyword::WHERE | Keyword::GROUP | Keyword::HAVING | Keyword::WINDOW | Keyword::QUALIFY | Keyword::LIMIT => {
                from = false
            }
            Keyword::RIGHT
            | Keyword::FULL
            | Keyword::CROSS
            | Keyword::NATURAL
            | Keyword::SEMI
            | Keyword::ANTI
            | Keyword::ASOF
            | Keyword::LATERAL
                if from =>
            {
                return true;
            }
            Keyword::JOIN if from => joins += 1,
            _ => {}
        }
    }
    joins > 1
}

fn is_open(word: Option<&SqlToken>) -> bool {
    word.is_some_and(|word| word.token == Token::LParen)
}

/// Whether the OFFSET at `at` ends a question with `LIMIT n OFFSET m`.
fn is_cut(words: &[SqlToken], at: usize) -> bool {
    let number = |w: &SqlToken| matches!(w.token, Token::Number(..));
    let before = at.checked_sub(2).and_then(|from| words.get(from..at));
    let limited =
        before.is_some_and(|pair| matches!(pair, [limit, n] if limit.keyword() == Keyword::LIMIT && number(n)));
    limited && words.get(at + 1..).is_some_and(|rest| matches!(rest, [n] if number(n)))
}

/// Whether a SELECT has no FROM, and names no column that it could be of.
fn is_of_nothing(words: &[SqlToken]) -> bool {
    let (mut depth, mut from) = (0_i32, false);
    for (i, word) in words.iter().enumerate() {
        match word.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        from |= depth == 0 && word.keyword() == Keyword::FROM;
        let next = words.get(i + 1).map(|next| &next.token);
        let before = i.checked_sub(1).and_then(|i| words.get(i)).map_or(Keyword::NoKeyword, SqlToken::keyword);
        let is_name = word.name().is_some() && word.keyword() == Keyword::NoKeyword;
        if is_name && depth == 0 && next != Some(&Token::LParen) && before != Keyword::AS {
            return false;
        }
    }
    !from
}
