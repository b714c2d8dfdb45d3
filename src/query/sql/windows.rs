//! WINDOW names windows: what each says is written out in every OVER that names it, so that nothing else has to know
//! of the names.

use std::collections::HashMap;
use std::ops::Range;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::question::enclosed;
use super::span::point;
use super::tokens::{SqlToken, span_of, split_commas, words};
use crate::data::Result;
use crate::query::query::{Clause, Query};

/// What the windows of a WINDOW clause say, by their names in small letters.
type Windows = HashMap<String, String>;

/// Writes the windows of a WINDOW clause out, where a clause of the question names them.
///
/// # Errors
/// A window that is not written as one, or whose frame leaves rows out.
pub(super) fn write_out(sql: &str, clause: &[SqlToken], end: usize, query: &mut Query) -> Result<()> {
    let mut windows = Windows::new();
    for piece in split_commas(clause) {
        let wrong = || {
            let fault = point(sql, "this is not a window with a name", span_of(piece, end));
            fault.hint("write WINDOW w AS (PARTITION BY … ORDER BY …)")
        };
        let [name, as_, rest @ ..] = piece else { return Err(wrong()) };
        let (Some(name), Keyword::AS, Some((inner, []))) = (name.name(), as_.keyword(), enclosed(rest)) else {
            return Err(wrong());
        };
        let text = sql.get(span_of(inner, end)).unwrap_or_default();
        let whole = format!("OVER ({text})");
        let said = written_out(&whole, &windows)?.unwrap_or(whole);
        let said = said.strip_prefix("OVER (").and_then(|said| said.strip_suffix(')')).unwrap_or_default();
        windows.insert(name.to_lowercase(), said.to_owned());
    }
    let items = query.items.iter_mut().map(|item| &mut item.expr);
    let order = query.order.iter_mut().map(|by| &mut by.expr);
    for clause in items.chain(&mut query.qualify).chain(order).filter(|clause| has_over(clause)) {
        if let Some(said) = written_out(&clause.sql, &windows)? {
            clause.sql = said;
        }
    }
    Ok(())
}

fn has_over(clause: &Clause) -> bool {
    clause.sql.as_bytes().windows(4).any(|four| four.eq_ignore_ascii_case(b"over"))
}

/// A text with what windows say in the place of their names; `None` where it names none.
fn written_out(text: &str, windows: &Windows) -> Result<Option<String>> {
    let words = words(text)?;
    let mut places: Vec<(Range<usize>, String)> = Vec::new();
    for (at, _) in words.iter().enumerate().filter(|(_, word)| word.keyword() == Keyword::OVER) {
        let said = |word: &SqlToken| windows.get(&word.name()?.to_lowercase());
        let after = words.get(at + 1..).unwrap_or_default();
        excludes_nothing(text, after)?;
        match after {
            [name, ..] if said(name).is_some() => {
                places.push((name.at.clone(), format!("({})", said(name).map_or("", String::as_str))));
            }
            [open, name, next, ..] if open.token == Token::LParen && goes_on(next) && said(name).is_some() => {
                places.push((name.at.clone(), said(name).cloned().unwrap_or_default()));
            }
            _ => {}
        }
    }
    if places.is_empty() {
        return Ok(None);
    }
    let mut out = text.to_owned();
    // From the end, so that what stands before stays where it is.
    places.into_iter().rev().for_each(|(at, said)| out.replace_range(at, &said));
    Ok(Some(out))
}

/// Whether a word stands behind the name of a window.
fn goes_on(word: &SqlToken) -> bool {
    let words = [Keyword::PARTITION, Keyword::ORDER, Keyword::ROWS, Keyword::RANGE, Keyword::GROUPS];
    word.token == Token::RParen || words.contains(&word.keyword())
}

/// Complains about a frame that leaves rows out.
fn excludes_nothing(text: &str, over: &[SqlToken]) -> Result<()> {
    let Some((inner, _)) = enclosed(over) else { return Ok(()) };
    let frame = [Keyword::ROW, Keyword::PRECEDING, Keyword::FOLLOWING];
    let excludes = |pair: &[SqlToken]| match pair {
        [end, word] => word.keyword() == Keyword::EXCLUDE && frame.contains(&end.keyword()),
        _ => false,
    };
    match inner.windows(2).rfind(|pair| excludes(pair)) {
        Some([_, word]) => Err(point(text, "EXCLUDE in a frame is not understood", word.at.clone())
            .hint("take what is left out off the value: sum(x) OVER (…) - x")),
        _ => Ok(()),
    }
}
