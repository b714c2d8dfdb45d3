//! The FROM of a question about one table, which may be enriched from another. What the names in it mean is left to
//! `scope`.

use super::question::{From, JoinKind, from};
use super::span::point;
use super::tokens::{SqlToken, span_of};
use crate::data::Result;
use crate::query::query::{JoinClause, Query};

/// Reads what stands between FROM and the next clause into `query`.
///
/// # Errors
/// Anything but a name, or a name joined with another.
pub(super) fn read(sql: &str, words: &[SqlToken], query: &mut Query) -> Result<()> {
    let other = || {
        point(sql, "FROM takes the name of a table", span_of(words, sql.len()))
            .hint("name a table, and perhaps what to call it: FROM trades AS t")
    };
    match from(sql, words)? {
        From::Table { name, alias, columns } if columns.is_empty() => (query.table, query.alias) = (name, alias),
        From::Join {
            kind: kind @ (JoinKind::Inner | JoinKind::Left),
            left,
            right,
            natural: false,
            asof: false,
            on: Some(on),
            ..
        } => {
            let (
                From::Table { name, alias, columns },
                From::Table { name: joined, alias: joined_alias, columns: joined_columns },
            ) = (*left, *right)
            else {
                return Err(other());
            };
            if !columns.is_empty() || !joined_columns.is_empty() {
                return Err(other());
            }
            (query.table, query.alias) = (name, alias);
            query.join = Some(JoinClause { left: kind == JoinKind::Left, table: joined, alias: joined_alias, on });
        }
        _ => return Err(other()),
    }
    Ok(())
}
