//! A question that puts the answers of several together: UNION, EXCEPT, INTERSECT. Taken apart by its words; what is
//! put together is bound by itself.

use std::ops::Range;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::layers::enclosed;
use super::span::point;
use super::tokens::{SqlToken, unenclosed, words};
use crate::data::Result;
use crate::sync::deep;

/// How two answers become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOp {
    UnionAll,
    Union,
    Except,
    Intersect,
}

/// A question, or two answers that are put together. Each is a piece of the text.
#[derive(Debug)]
pub enum SetTree {
    Select(Range<usize>),
    Both { op: SetOp, left: Box<SetTree>, right: Box<SetTree>, at: Range<usize> },
}

/// Answers that are put together, and what is then done with them.
#[derive(Debug)]
pub struct SetQuestion {
    pub tree: SetTree,
    /// `ORDER BY … LIMIT …` of all of it; empty without.
    pub end: Range<usize>,
}

/// `None` for a question that puts nothing together.
///
/// # Errors
/// What cannot be put together so.
pub fn sets(sql: &str) -> Result<Option<SetQuestion>> {
    deep(|| {
        let words = words(sql)?;
        let end = words.last().map_or(sql.len(), |word| word.at.end);
        let Some(cut) = end_of_all(&words) else { return Ok(None) };
        let (all, rest) = words.split_at(cut);
        let Some(tree) = read(sql, all)? else { return Ok(None) };
        let is_set = matches!(tree, SetTree::Both { .. });
        Ok(is_set.then(|| SetQuestion { tree, end: rest.first().map_or(end, |word| word.at.start)..end }))
    })
}

/// Where the clauses begin that are said of all of it: behind the last SELECT that is put together.
fn end_of_all(words: &[SqlToken]) -> Option<usize> {
    let set = unenclosed(words).filter(|(_, word)| op_of(word.keyword()).is_some()).last().map(|(i, _)| i);
    let mut ends = unenclosed(words).filter(|(_, word)| matches!(word.keyword(), Keyword::ORDER | Keyword::LIMIT));
    let order = ends.next().map_or(words.len(), |(i, _)| i);
    // An ORDER BY before it would be one of a part, which has no parentheses.
    set.filter(|set| *set < order).map(|_| order)
}

fn op_of(keyword: Keyword) -> Option<SetOp> {
    match keyword {
        Keyword::UNION => Some(SetOp::Union),
        Keyword::EXCEPT => Some(SetOp::Except),
        Keyword::INTERSECT => Some(SetOp::Intersect),
        _ => None,
    }
}

/// INTERSECT binds tighter than the others, and those are read from the left.
fn read(sql: &str, words: &[SqlToken]) -> Result<Option<SetTree>> {
    for tight in [false, true] {
        let Some(at) = last_op(words, tight) else { continue };
        let (left, right) = (words.get(..at).unwrap_or_default(), words.get(at + 1..).unwrap_or_default());
        let keyword = words.get(at).map_or(Keyword::NoKeyword, SqlToken::keyword);
        let all = right.first().is_some_and(|word| word.keyword() == Keyword::ALL);
        let distinct = right.first().is_some_and(|word| word.keyword() == Keyword::DISTINCT);
        let right = right.get(usize::from(all || distinct)..).unwrap_or_default();
        let Some(word) = words.get(at) else { return Ok(None) };
        let op = match (op_of(keyword), all) {
            (Some(SetOp::Union), true) => SetOp::UnionAll,
            (Some(_), true) => {
                let what = format!("{} ALL is not understood", sql.get(word.at.clone()).unwrap_or_default());
                return Err(point(sql, what, word.at.clone()).hint("without ALL each row counts once"));
            }
            (Some(op), false) => op,
            (None, _) => return Ok(None),
        };
        let (Some(left), Some(right)) = (read(sql, left)?, read(sql, right)?) else { return Ok(None) };
        return Ok(Some(SetTree::Both { op, left: Box::new(left), right: Box::new(right), at: word.at.clone() }));
    }
    match words {
        [first, ..] if first.token == Token::LParen => match enclosed(words) {
            Some((inner, [])) => read(sql, inner),
            _ => Ok(None),
        },
        [first, .., last] if first.keyword() == Keyword::SELECT => {
            Ok(Some(SetTree::Select(first.at.start..last.at.end)))
        }
        _ => Ok(None),
    }
}

/// The last word that puts answers together: one of the loose ones, or of the tight.
fn last_op(words: &[SqlToken], tight: bool) -> Option<usize> {
    let of_kind = |word: &SqlToken| op_of(word.keyword()).is_some_and(|op| (op == SetOp::Intersect) == tight);
    unenclosed(words).filter(|(_, word)| of_kind(word)).last().map(|(i, _)| i)
}
