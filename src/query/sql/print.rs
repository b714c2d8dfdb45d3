//! A question as SQL text, one clause a line.

use super::identifier::quote;
use crate::query::query::{Clause, JoinConstraint, OrderItem, Query, SelectItem};

/// The text of a question, one clause a line.
pub(super) fn print(query: &Query) -> String {
    if let Some(rerun) = &query.rerun {
        return rerun.text.sql.clone();
    }
    let item = |i: &SelectItem| match &i.alias {
        Some(alias) => format!("{} AS {}", i.expr.sql, quote(alias)),
        None => i.expr.sql.clone(),
    };
    let order = |o: &OrderItem| {
        let nulls = match o.nulls_first {
            Some(true) => " NULLS FIRST",
            Some(false) => " NULLS LAST",
            None => "",
        };
        format!("{}{}{nulls}", o.expr.sql, if o.descending { " DESC" } else { "" })
    };
    let list = |pieces: Vec<String>| pieces.join(", ");
    let named = |table: &Clause, alias: &Option<String>| match alias {
        Some(alias) => format!("{} AS {}", table.sql, quote(alias)),
        None => table.sql.clone(),
    };
    let select = if query.distinct {
        "SELECT DISTINCT".to_owned()
    } else if query.distinct_on.is_empty() {
        "SELECT".to_owned()
    } else {
        format!("SELECT DISTINCT ON ({})", list(query.distinct_on.iter().map(|c| c.sql.clone()).collect()))
    };
    let mut lines = vec![
        format!("{select} {}", list(query.items.iter().map(item).collect())),
        format!("FROM {}", named(&query.table, &query.alias)),
    ];
    if let Some(join) = &query.join {
        let on = match &join.on {
            JoinConstraint::Condition(condition) => format!("ON {}", condition.sql),
            JoinConstraint::Using(columns) => {
                format!("USING ({})", list(columns.iter().map(|c| c.sql.clone()).collect()))
            }
        };
        lines.push(format!(
            "{} {} {on}",
            if join.left { "LEFT JOIN" } else { "JOIN" },
            named(&join.table, &join.alias)
        ));
    }
    if let Some(filter) = &query.filter {
        lines.push(format!("WHERE {}", filter.sql));
    }
    if !query.groups.is_empty() {
        lines.push(format!("GROUP BY {}", list(query.groups.iter().map(|g| g.sql.clone()).collect())));
    }
    if let Some(having) = &query.having {
        lines.push(format!("HAVING {}", having.sql));
    }
    if let Some(qualify) = &query.qualify {
        lines.push(format!("QUALIFY {}", qualify.sql));
    }
    if !query.order.is_empty() {
        lines.push(format!("ORDER BY {}", list(query.order.iter().map(order).collect())));
    }
    if let Some(limit) = query.limit {
        let skipped = query.offset.map_or_else(String::new, |offset| format!(" OFFSET {offset}"));
        lines.push(format!("LIMIT {limit}{skipped}"));
    }
    lines.join("\n")
}
