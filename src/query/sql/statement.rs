//! Questions that are more than one SELECT over a table or an enriched one (sub-queries, UNION, WITH …): found by their
//! tokens and kept as text, with the tables they name.

use super::identifier::quote;
use super::layers::layers_of;
use super::shape::is_outside;
use super::tables::tables;
use super::tokens::SqlToken;
use crate::data::Result;
use crate::query::query::{Clause, Query, RerunClause};

/// The question as text, where it is more than one SELECT over one table or an enriched one.
///
/// # Errors
/// When it is more, and no SQL.
pub(super) fn outside(sql: &str, words: &[SqlToken]) -> Result<Option<Query>> {
    if !is_outside(words) {
        return Ok(None);
    }
    let (start, end) = (words.first().map_or(0, |w| w.at.start), words.last().map_or(sql.len(), |w| w.at.end));
    let text = Clause { sql: sql[start..end].to_owned(), at: start };
    // A name of WITH may be that of the table that it is about.
    let tables = match layers_of(sql, words, &[])? {
        Some(layers) => layers.tables(),
        None => tables(sql, words)?,
    };
    Ok(Some(Query {
        table: tables.first().map(|first| Clause::from(&*quote(first))).unwrap_or_default(),
        rerun: Some(RerunClause { text, tables }),
        ..Query::default()
    }))
}
