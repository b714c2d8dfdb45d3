//! GROUP BY at several levels at once: what ROLLUP, CUBE and GROUPING SETS group by, level by level.

use sqlparser::keywords::Keyword;

use super::question::enclosed;
use super::span::point;
use super::tokens::{SqlToken, span_of, split_commas, words};
use crate::data::Result;
use crate::query::query::Clause;

/// More levels than anyone reads.
const MOST: usize = 256;

/// Whether one of these groups stands for several levels.
pub fn has_levels(groups: &[Clause]) -> bool {
    let begins = |clause: &Clause| {
        words(&clause.sql).is_ok_and(|words| {
            matches!(
                (words.first().map(SqlToken::keyword), words.get(1).map(SqlToken::keyword)),
                (Some(Keyword::ROLLUP | Keyword::CUBE), _) | (Some(Keyword::GROUPING), Some(Keyword::SETS))
            )
        })
    };
    groups.iter().any(begins)
}

/// What each level groups by, where `groups` are of `text`.
///
/// # Errors
/// Words that are not understood; more levels than an answer has.
pub fn levels(text: &str, groups: &[Clause]) -> Result<Vec<Vec<Clause>>> {
    let mut all: Vec<Vec<Clause>> = vec![Vec::new()];
    for clause in groups {
        let own = of_piece(text, clause)?;
        all = all.iter().flat_map(|so_far| own.iter().map(|more| [&so_far[..], more].concat())).collect();
        if all.len() > MOST {
            let what = format!("this GROUP BY has more than {MOST} levels");
            return Err(point(text, what, clause.at..clause.at + clause.sql.len()).hint("name those that you need"));
        }
    }
    Ok(all)
}

fn of_piece(text: &str, clause: &Clause) -> Result<Vec<Vec<Clause>>> {
    let words = words(&clause.sql)?;
    let wrong = || {
        point(text, "this is not understood in GROUP BY", clause.at..clause.at + clause.sql.len())
            .hint("write ROLLUP (a, b), CUBE (a, b) or GROUPING SETS ((a, b), (a), ())")
    };
    let keyword = |at: usize| words.get(at).map_or(Keyword::NoKeyword, SqlToken::keyword);
    let list = |from: usize| match enclosed(words.get(from..).unwrap_or_default()) {
        Some((inner, [])) => Ok(split_commas(inner)),
        _ => Err(wrong()),
    };
    Ok(match (keyword(0), keyword(1)) {
        (Keyword::ROLLUP, _) => {
            let units: Vec<Vec<Clause>> = list(1)?.into_iter().map(|piece| unit(clause, piece)).collect();
            (0..=units.len()).rev().map(|kept| units.iter().take(kept).flatten().cloned().collect()).collect()
        }
        (Keyword::CUBE, _) => {
            let units: Vec<Vec<Clause>> = list(1)?.into_iter().map(|piece| unit(clause, piece)).collect();
            let subsets = 1_usize.checked_shl(units.len() as u32).filter(|n| *n <= MOST).ok_or_else(wrong)?;
            let kept = |set: usize| {
                units.iter().enumerate().filter(move |(i, _)| set >> i & 1 == 1).flat_map(|(_, u)| u.clone()).collect()
            };
            (0..subsets).rev().map(kept).collect()
        }
        (Keyword::GROUPING, Keyword::SETS) => {
            let mut all = Vec::new();
            for piece in list(2)? {
                all.extend(of_piece(text, &part(clause, piece))?);
            }
            all
        }
        _ => vec![unit(clause, &words)],
    })
}

/// Columns that come and go together: `(a, b)`, or one alone.
fn unit(clause: &Clause, words: &[SqlToken]) -> Vec<Clause> {
    match enclosed(words) {
        Some((inner, [])) => split_commas(inner).into_iter().map(|piece| part(clause, piece)).collect(),
        _ => vec![part(clause, words)],
    }
}

/// Some words of a clause as a clause.
fn part(clause: &Clause, words: &[SqlToken]) -> Clause {
    let span = span_of(words, clause.sql.len());
    Clause { sql: clause.sql.get(span.clone()).unwrap_or_default().to_owned(), at: clause.at + span.start }
}
