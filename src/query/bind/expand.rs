//! The columns that `*` stands for written out, and SELECT DISTINCT as the groups that it means.

use super::aggregates::find_aggregate;
use super::over;
use super::rows::has_aggregate;
use crate::data::Result;
use crate::query::expr;
use crate::query::query::{Clause, Query, SelectItem};
use crate::query::scope::Scope;
use crate::query::sql::span::ClauseSpan;
use crate::query::sql::{limits, quote_always};

/// Of `*` and `t.*` the table that is named, without quotes; `None` for anything else.
pub(super) fn star_of(clause: &Clause) -> Option<Option<String>> {
    match clause.sql.strip_suffix('*').map(str::trim_end)? {
        "" => Some(None),
        table => table.strip_suffix('.').map(|table| Some(Clause::from(table.trim_end()).unquoted())),
    }
}

/// Writes the columns out that `*` stands for, and SELECT DISTINCT as the groups that it means.
pub(super) fn expand(query: &Query, text: &str, scope: &Scope) -> Result<Query> {
    let mut own = query.clone();
    own.items.clear();
    let mut grouped = None;
    for item in &query.items {
        let Some(qualifier) = star_of(&item.expr) else {
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
        for (here, shown) in columns {
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
