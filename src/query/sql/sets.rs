//! A question that puts the answers of several together: UNION, EXCEPT, INTERSECT. Taken apart by its words; what is
//! put together is bound by itself.

use std::ops::Range;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::question::{enclosed, is_question};
use super::span::point;
use super::tokens::{SqlToken, unenclosed};
use crate::data::Result;

/// How two answers become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOp {
    UnionAll,
    Union,
    Except,
    Intersect,
    /// Each row as often as it is more on the left.
    ExceptAll,
    /// Each row as often as it is on both sides.
    IntersectAll,
}

/// A question, or two answers that are put together.
pub enum SetTree<'a> {
    Question(&'a [SqlToken]),
    Both {
        op: SetOp,
        /// Columns find each other by their names, not by their places.
        by_name: bool,
        left: Box<SetTree<'a>>,
        right: Box<SetTree<'a>>,
        /// Where the word stands that puts them together.
        at: Range<usize>,
    },
}

/// Answers that are put together, and the clauses that are said of all of it: none, or `ORDER BY … LIMIT …`.
///
/// `None` for a question that puts nothing together.
///
/// # Errors
/// What cannot be put together so.
pub fn sets<'a>(sql: &str, words: &'a [SqlToken]) -> Result<Option<(SetTree<'a>, &'a [SqlToken])>> {
    let Some(cut) = end_of_all(words) else { return Ok(None) };
    let (all, rest) = words.split_at(cut);
    Ok(Some((read(sql, all)?, rest)))
}

/// Where the clauses begin that are said of all of it: behind the last SELECT that is put together.
fn end_of_all(words: &[SqlToken]) -> Option<usize> {
    let set = last_op(words, false).max(last_op(words, true));
    let said =
        |word: &SqlToken| matches!(word.keyword(), Keyword::ORDER | Keyword::LIMIT | Keyword::OFFSET | Keyword::FETCH);
    let mut ends = unenclosed(words).filter(|(i, word)| said(word) && set.is_some_and(|set| *i > set));
    let end = ends.next().map_or(words.len(), |(i, _)| i);
    set.map(|_| end)
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
fn read<'a>(sql: &str, words: &'a [SqlToken]) -> Result<SetTree<'a>> {
    // So many may follow each other that each is one step, not one call.
    let mut steps = Vec::new();
    let mut first = words;
    while let Some(at) = last_op(first, false).or_else(|| last_op(first, true)) {
        let (left, right) = (first.get(..at).unwrap_or_default(), first.get(at + 1..).unwrap_or_default());
        let Some(word) = first.get(at) else { break };
        let all = right.first().is_some_and(|word| word.keyword() == Keyword::ALL);
        let distinct = right.first().is_some_and(|word| word.keyword() == Keyword::DISTINCT);
        let right = right.get(usize::from(all || distinct)..).unwrap_or_default();
        let written = sql.get(word.at.clone()).unwrap_or_default();
        let by_name = matches!(right, [by, name, ..] if by.keyword() == Keyword::BY && name.keyword() == Keyword::NAME);
        let right = right.get(if by_name { 2 } else { 0 }..).unwrap_or_default();
        let op = match (op_of(word.keyword()), all) {
            (Some(SetOp::Union), true) => SetOp::UnionAll,
            (Some(SetOp::Except), true) => SetOp::ExceptAll,
            (Some(SetOp::Intersect), true) => SetOp::IntersectAll,
            (Some(op), _) => op,
            (None, _) => break,
        };
        if by_name && !matches!(op, SetOp::Union | SetOp::UnionAll) {
            return Err(point(sql, format!("{written} BY NAME is not understood"), word.at.clone())
                .hint("select the columns in the same order on both sides"));
        }
        if left.is_empty() || right.is_empty() {
            return Err(point(sql, format!("{written} puts two questions together"), word.at.clone())
                .hint("write SELECT … before it and behind it"));
        }
        let right = if last_op(right, true).is_some() { read(sql, right)? } else { SetTree::Question(right) };
        steps.push((op, by_name, right, word.at.clone()));
        first = left;
    }
    let mut tree = match enclosed(first) {
        // In parentheses there may be more of the kind, but nothing that is said of all of it.
        Some((inner, [])) if last_op(inner, false).or_else(|| last_op(inner, true)).is_some() && !is_ended(inner) => {
            read(sql, inner)?
        }
        _ => SetTree::Question(first),
    };
    for (op, by_name, right, at) in steps.into_iter().rev() {
        tree = SetTree::Both { op, by_name, left: Box::new(tree), right: Box::new(right), at };
    }
    Ok(tree)
}

/// Whether something is said of all of it, or WITH names questions before it.
fn is_ended(words: &[SqlToken]) -> bool {
    let with = words.first().is_some_and(|word| word.keyword() == Keyword::WITH);
    with || end_of_all(words).is_some_and(|end| end < words.len())
}

/// The last word that puts answers together: one of the loose ones, or of the tight.
fn last_op(words: &[SqlToken], tight: bool) -> Option<usize> {
    let of_kind = |word: &SqlToken| op_of(word.keyword()).is_some_and(|op| (op == SetOp::Intersect) == tight);
    unenclosed(words).filter(|(i, word)| of_kind(word) && !is_of_star(words, *i)).last().map(|(i, _)| i)
}

/// `* EXCEPT (…)` says which columns a star does not stand for.
fn is_of_star(words: &[SqlToken], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|word| word.token == Token::Mul)
        && !words.get(at + 1..).is_some_and(is_question)
}
