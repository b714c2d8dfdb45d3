//! The tables that a question names, wherever in it they stand.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::question::{From, Named, bare, select, with};
use super::sets::{SetTree, sets};
use super::tokens::SqlToken;
use crate::data::Result;
use crate::sync::deep;

/// The tables that a question names, each once, in the order they are named, without those that it makes itself.
///
/// # Errors
/// What is wrong with it as a text.
pub fn tables(sql: &str, words: &[SqlToken]) -> Result<Vec<String>> {
    let mut tables = Vec::new();
    deep(|| name_tables(sql, words, &[], &mut tables))?;
    Ok(tables)
}

fn name_tables(sql: &str, words: &[SqlToken], made: &[Named<'_>], tables: &mut Vec<String>) -> Result<()> {
    let mut named = made.to_vec();
    let body = with(sql, bare(words), &mut named)?;
    // Whether another names them or not: what is written is read.
    for (i, own) in named.iter().enumerate().skip(made.len()) {
        name_tables(sql, own.words, named.get(..i).unwrap_or_default(), tables)?;
    }
    if let Some((tree, _)) = sets(sql, body)? {
        return name_of_tree(sql, &tree, &named, tables);
    }
    if body.len() < words.len() && body.first().is_some_and(|word| word.token == Token::LParen) {
        return name_tables(sql, body, &named, tables);
    }
    if body.first().is_some_and(|word| word.keyword() == Keyword::VALUES) {
        return Ok(());
    }
    let select = select(sql, body)?;
    if let Some(from) = &select.from {
        name_of_from(sql, from, &named, tables)?;
    }
    select.subs.iter().try_for_each(|sub| name_tables(sql, sub.words, &named, tables))
}

fn name_of_tree(sql: &str, tree: &SetTree<'_>, named: &[Named<'_>], tables: &mut Vec<String>) -> Result<()> {
    match tree {
        SetTree::Question(words) => name_tables(sql, words, named, tables),
        SetTree::Both { left, right, .. } => {
            name_of_tree(sql, left, named, tables)?;
            name_of_tree(sql, right, named, tables)
        }
    }
}

fn name_of_from(sql: &str, from: &From<'_>, named: &[Named<'_>], tables: &mut Vec<String>) -> Result<()> {
    match from {
        From::Table { name, .. } => {
            let name = name.unquoted();
            let same = |other: &str| other.eq_ignore_ascii_case(&name);
            if !named.iter().any(|own| same(own.name)) && !tables.iter().any(|own| same(own)) {
                tables.push(name);
            }
            Ok(())
        }
        From::Series { .. } => Ok(()),
        From::Question { words, .. } => name_tables(sql, words, named, tables),
        From::Join { left, right, .. } => {
            name_of_from(sql, left, named, tables)?;
            name_of_from(sql, right, named, tables)
        }
    }
}
