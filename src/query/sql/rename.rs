//! A question whose table is called something else from now on: its name is changed wherever it stands, and nothing
//! else is.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Query as SqlQuery, SetExpr, TableFactor, Visitor};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::identifier::quote;
use super::span::offset;
use super::tokens::words;
use crate::data::{Fault, Result};
use crate::query::walk;
use crate::sync::deep;

/// The question with the table `old` called `new`.
///
/// # Errors
/// When it cannot be told where it names the table.
pub fn renamed(sql: &str, old: &str, new: &str) -> Result<String> {
    if !sql.to_lowercase().contains(&old.to_lowercase()) {
        return Ok(sql.to_owned());
    }
    deep(|| rewritten(sql, old, new))
}

fn rewritten(sql: &str, old: &str, new: &str) -> Result<String> {
    let words = words(sql)?;
    let is_old = |name: Option<&str>| name.is_some_and(|name| name.eq_ignore_ascii_case(old));
    if !words.iter().any(|word| is_old(word.name())) {
        return Ok(sql.to_owned());
    }
    let mut found = Found { old, ..Found::default() };
    let parsed = Parser::parse_sql(&GenericDialect, sql)
        .map_err(|error| Fault::new(format!("it cannot be read: {error}")).hint("mend it first, then rename"))?;
    let _ = walk::visit(&parsed, &mut found);
    if found.unclear {
        return Err(Fault::new(format!("it makes a table {old} of its own")).hint("call that one something else first"));
    }
    let starts: BTreeSet<usize> = found.at.iter().map(|at| offset(sql, *at)).collect();
    let mut out = sql.to_owned();
    // From the end, so that what stands before stays where it is.
    for (i, word) in words.iter().enumerate().rev().filter(|(_, word)| is_old(word.name())) {
        let is_point = |i: Option<usize>| i.and_then(|i| words.get(i)).is_some_and(|word| word.token == Token::Period);
        let qualifies = found.bare && is_point(Some(i + 1)) && !is_point(i.checked_sub(1));
        if qualifies || starts.contains(&word.at.start) {
            out.replace_range(word.at.clone(), &quote(new));
        }
    }
    Ok(out)
}

/// Where a table is named.
#[derive(Default)]
struct Found<'a> {
    old: &'a str,
    at: Vec<sqlparser::tokenizer::Location>,
    /// Columns are named as its own: it has no alias somewhere.
    bare: bool,
    /// The name stands for something else as well.
    unclear: bool,
}

impl Visitor for Found<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &SqlQuery) -> ControlFlow<()> {
        let made = query.with.iter().flat_map(|with| &with.cte_tables).map(|table| &table.alias.name.value);
        self.unclear |= made.into_iter().any(|name| name.eq_ignore_ascii_case(self.old));
        if let SetExpr::Table(table) = query.body.as_ref() {
            self.unclear |= table.table_name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(self.old));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = factor
            && let [only] = &name.0[..]
            && let Some(name) = only.as_ident().filter(|name| name.value.eq_ignore_ascii_case(self.old))
        {
            self.at.push(name.span.start);
            self.bare |= alias.is_none();
        }
        ControlFlow::Continue(())
    }
}
