//! A question limited to some rows: conditions beside its own, and values in place of variables. What comes out is a
//! question like any other.

use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::query::{Clause, Query};
use super::sql::quote;
use crate::data::{Fault, Result};

/// What a column's values must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub column: String,
    /// One of these, each as what follows the column: `= 3`.
    pub any: Vec<String>,
}

/// The question with conditions on columns of its own table.
///
/// # Errors
/// When the question cannot be parsed, or is re-run as a whole.
pub fn narrowed(sql: &str, conditions: &[Condition]) -> Result<String> {
    if conditions.is_empty() {
        return Ok(sql.to_owned());
    }
    let mut query = Query::parse(sql)?;
    if query.rerun.is_some() {
        return Err(Fault::new("a question that is re-run as a whole cannot be limited from outside")
            .hint("write the condition into its own WHERE"));
    }
    // A joined table may have a column of the same name.
    let owner = query.join.as_ref().map(|_| query.alias.as_deref().map_or_else(|| query.table.sql.clone(), quote));
    let column = |name: &str| match &owner {
        Some(owner) => format!("{owner}.{}", quote(name)),
        None => quote(name),
    };
    let own = query.filter.as_ref().map(|filter| format!("({})", filter.sql));
    let more = conditions.iter().map(|condition| {
        let name = column(&condition.column);
        let any: Vec<String> = condition.any.iter().map(|rest| format!("{name} {rest}")).collect();
        if any.len() == 1 { any.concat() } else { format!("({})", any.join(" OR ")) }
    });
    let all: Vec<String> = own.into_iter().chain(more).collect();
    query.filter = Some(Clause::from(all.join(" AND ").as_str()));
    Ok(query.to_sql())
}

/// The question with `$name` replaced by what `value` gives for it, as SQL. Texts and quoted names are left alone.
///
/// # Errors
/// When it is no SQL, or names a variable that has no value.
pub fn with_variables(sql: &str, value: impl Fn(&str) -> Option<String>) -> Result<String> {
    if !sql.contains('$') {
        return Ok(sql.to_owned());
    }
    let tokens = Tokenizer::new(&GenericDialect, sql)
        .with_unescape(false)
        .tokenize()
        .map_err(|e| Fault::new(e.to_string()).at("SQL"))?;
    let mut out = String::with_capacity(sql.len());
    for token in tokens {
        match &token {
            Token::Placeholder(name) => {
                let name = name.trim_start_matches('$');
                let value = value(name).ok_or_else(|| {
                    Fault::new(format!("there is no variable '{name}' on this board"))
                        .at("SQL")
                        .hint("add it above the tiles, or write the value")
                })?;
                out.push_str(&value);
            }
            other => out.push_str(&other.to_string()),
        }
    }
    Ok(out)
}
