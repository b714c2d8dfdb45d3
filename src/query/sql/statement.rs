//! Questions that are more than one SELECT over a table or an enriched one (sub-queries, UNION, WITH …): found by their
//! tokens and kept as text, with the tables they name.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{ObjectName, Query as SqlQuery, SetExpr, Statement, Visitor};
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};

use super::identifier::quote;
use super::layers::layers_of;
use super::limits;
use super::shape::is_outside;
use super::span::{location, point};
use super::tokens::SqlToken;
use crate::data::Result;
use crate::query::query::{Clause, Query, RerunClause};
use crate::query::walk;
use crate::sync::deep;

/// The question as text, where it is more than one SELECT over one table or an enriched one.
///
/// # Errors
/// When it is more, and no SQL.
pub(super) fn outside(sql: &str, words: &[SqlToken]) -> Result<Option<Query>> {
    if !is_outside(words) {
        return Ok(None);
    }
    let levels = |w: &&SqlToken| matches!(w.keyword(), Keyword::ROLLUP | Keyword::CUBE | Keyword::GROUPING);
    if let Some(word) = words.iter().find(levels) {
        let what = format!(
            "{} groups rows at several levels at once, which is not understood",
            sql[word.at.clone()].to_uppercase()
        );
        return Err(point(sql, what, word.at.clone())
            .hint("ask each level as a question of its own, or put them together with UNION ALL"));
    }
    let (start, end) = (words.first().map_or(0, |w| w.at.start), words.last().map_or(sql.len(), |w| w.at.end));
    let text = Clause { sql: sql[start..end].to_owned(), at: start };
    // A name of WITH may be that of the table that it is about.
    let tables = match layers_of(sql, words)? {
        Some(layers) => layers.tables(),
        None => tables(&*tree(sql, &text)?),
    };
    let Some(first) = tables.first() else {
        return Err(point(sql, "this question names no table", start..end).hint("add FROM and the name of a table"));
    };
    Ok(Some(Query {
        table: quote(first).as_str().into(),
        rerun: Some(RerunClause { text, tables }),
        ..Query::default()
    }))
}

/// The text as sqlparser reads it.
///
/// # Errors
/// Its complaint, at the place.
pub fn tree(sql: &str, text: &Clause) -> Result<Box<SqlQuery>> {
    let span = || text.at..text.at + text.sql.len();
    let mut statements = deep(|| Parser::parse_sql(&GenericDialect, &text.sql)).map_err(|e| {
        let said = match e {
            ParserError::TokenizerError(t) | ParserError::ParserError(t) => t,
            ParserError::RecursionLimitExceeded => "this question is nested too deeply".to_owned(),
        };
        let (what, at) =
            said.rsplit_once(" at Line: ").map_or((said.as_str(), 0), |(what, at)| (what, location(&text.sql, at)));
        point(sql, what.replace("found: EOF", "found its end"), text.at + at..text.at + text.sql.len())
            .hint("check the spelling and the order of words here")
    })?;
    match (statements.pop(), statements.is_empty()) {
        (Some(Statement::Query(mut query)), true) => match limits::of_tree(query.as_mut(), limits::STEPS_OF_RERUN) {
            Ok(()) => Ok(query),
            Err((what, hint)) => Err(point(sql, what, span()).hint(hint)),
        },
        _ => Err(point(sql, "a question begins with SELECT or WITH", span()).hint("ask one question at a time")),
    }
}

/// The tables that a question names, without those it makes itself.
fn tables(query: &SqlQuery) -> Vec<String> {
    #[derive(Default)]
    struct TableNames {
        made: BTreeSet<String>,
        named: Vec<String>,
    }
    impl Visitor for TableNames {
        type Break = ();

        fn pre_visit_query(&mut self, query: &SqlQuery) -> ControlFlow<()> {
            let made = query.with.iter().flat_map(|with| &with.cte_tables).map(|t| t.alias.name.value.to_lowercase());
            self.made.extend(made);
            if let SetExpr::Table(table) = query.body.as_ref() {
                self.named.extend(table.table_name.clone());
            }
            ControlFlow::Continue(())
        }

        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            let name =
                relation.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone()).unwrap_or_default();
            if !self.named.iter().any(|n| n.eq_ignore_ascii_case(&name)) {
                self.named.push(name);
            }
            ControlFlow::Continue(())
        }
    }
    let mut names = TableNames::default();
    let _ = walk::visit(query, &mut names);
    names.named.retain(|n| !names.made.contains(&n.to_lowercase()));
    names.named
}
