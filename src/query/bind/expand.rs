//! The columns that `*` stands for written out, and SELECT DISTINCT as the groups that it means.

use sqlparser::ast::Ident;
use sqlparser::keywords::Keyword;

use super::aggregates::find_aggregate;
use super::over;
use super::rows::has_aggregate;
use crate::data::Result;
use crate::query::expr;
use crate::query::query::{Clause, Query, SelectItem};
use crate::query::scope::Scope;
use crate::query::sql::question::bare;
use crate::query::sql::span::ClauseSpan;
use crate::query::sql::tokens::{split_commas, words};
use crate::query::sql::{limits, quote_always};

/// `*`, `t.*`, and what they do not stand for: `* EXCLUDE (a, b)`.
pub(super) struct Star {
    /// The table that is named, without quotes.
    pub table: Option<String>,
    pub without: Vec<String>,
}

/// `None` for anything else.
pub(super) fn star_of(clause: &Clause) -> Option<Star> {
    // Most items have none.
    let at = clause.sql.find('*')?;
    let (before, after) = (clause.sql.get(..at)?.trim_end(), clause.sql.get(at + 1..)?);
    let table = match before {
        "" => None,
        table => Some(Clause::from(table.strip_suffix('.')?.trim_end()).unquoted()),
    };
    let without = if after.trim().is_empty() { Vec::new() } else { excluded(after)? };
    Some(Star { table, without })
}

/// The names behind EXCLUDE or EXCEPT, in parentheses or one alone.
fn excluded(sql: &str) -> Option<Vec<String>> {
    let words = words(sql).ok()?;
    let (first, rest) = words.split_first()?;
    if !matches!(first.keyword(), Keyword::EXCLUDE | Keyword::EXCEPT) {
        return None;
    }
    let names = bare(rest);
    split_commas(names)
        .into_iter()
        .map(|piece| match piece {
            [name] => name.name().map(str::to_owned),
            _ => None,
        })
        .collect::<Option<Vec<_>>>()
        .filter(|names| !names.is_empty())
}

/// Writes the columns out that `*` stands for, and SELECT DISTINCT as the groups that it means.
pub(super) fn expand(query: &Query, text: &str, scope: &Scope) -> Result<Query> {
    let mut own = query.clone();
    own.items.clear();
    let mut grouped = None;
    for item in &query.items {
        let Some(Star { table: qualifier, without }) = star_of(&item.expr) else {
            own.items.push(item.clone());
            continue;
        };
        // With groups a star has no meaning, which the binder says.
        if *grouped
            .get_or_insert_with(|| !query.groups.is_empty() || query.items.iter().any(|i| has_aggregate(&i.expr)))
        {
            own.items.push(item.clone());
            continue;
        }
        let place = ClauseSpan { text, clause: &item.expr };
        let columns = scope.star(qualifier.as_deref()).ok_or_else(|| {
            place
                .fault(format!("there is no table '{}' here", qualifier.unwrap_or_default()))
                .hint("name a table of FROM, or its alias")
        })?;
        let is_out = |shown: &str| without.iter().any(|name| name.eq_ignore_ascii_case(shown));
        if let Some(name) =
            without.iter().find(|name| !columns.iter().any(|(_, shown)| shown.eq_ignore_ascii_case(name)))
        {
            return Err(expr::unknown_column(&scope.schema, &Ident::new(name), place));
        }
        for (here, shown) in columns.into_iter().filter(|(_, shown)| !is_out(shown)) {
            let expr = Clause { sql: quote_always(&here), at: item.expr.at };
            own.items.push(SelectItem { expr, alias: Some(shown.to_string()) });
        }
        if own.items.len() > limits::COLUMNS {
            let fault = place.fault(format!("this answer has more than {} columns", limits::COLUMNS));
            return Err(fault.hint("name the columns that you need"));
        }
    }
    if own.distinct && own.groups.is_empty() && own.having.is_none() && own.qualify.is_none() {
        let plain = |item: &SelectItem| {
            let ast = expr::parse(ClauseSpan { text, clause: &item.expr });
            ast.is_ok_and(|ast| find_aggregate(&ast).is_none() && !over::is_in(&ast))
        };
        if own.items.iter().all(plain) {
            // A number alone would be the place of an item.
            let group = |expr: &Clause| match expr.sql.parse::<f64>() {
                Ok(_) => Clause { sql: format!("({})", expr.sql), at: expr.at },
                Err(_) => expr.clone(),
            };
            own.groups = own.items.iter().map(|item| group(&item.expr)).collect();
            own.distinct = false;
        }
    }
    Ok(own)
}
