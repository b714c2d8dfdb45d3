//! What stands for several columns: `*`, `t.*` with EXCLUDE, REPLACE and RENAME, and COLUMNS(…) in an expression.

use std::ops::ControlFlow;

use polars::prelude::PlSmallStr;
use regex::Regex;
use sqlparser::ast::{Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Value};
use sqlparser::keywords::Keyword;

use crate::data::Result;
use crate::query::expr;
use crate::query::query::{Clause, SelectItem};
use crate::query::scope::Scope;
use crate::query::sql::question::{bare, enclosed};
use crate::query::sql::quote_always;
use crate::query::sql::span::ClauseSpan;
use crate::query::sql::tokens::{SqlToken, span_of, split_commas, words};
use crate::query::walk;

/// A column by the name it has in the question, and by the one it is shown by.
pub(super) type Shown = (PlSmallStr, PlSmallStr);

/// `*` or `t.*`, and what is said of the columns it stands for.
#[derive(Default)]
pub(super) struct Star {
    /// The table that is named, without quotes.
    pub table: Option<String>,
    without: Vec<String>,
    /// What stands in place of a column.
    replaced: Vec<SelectItem>,
    /// Columns, and what they are called instead.
    renamed: Vec<(String, String)>,
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
    let mut star = Star { table, ..Star::default() };
    if !after.trim().is_empty() {
        star.read(after, &words(after).ok()?, clause.at + at + 1)?;
    }
    Some(star)
}

impl Star {
    /// Whether it stands for all columns by their own names.
    pub fn is_plain(&self) -> bool {
        self.without.is_empty() && self.replaced.is_empty() && self.renamed.is_empty()
    }

    /// Reads what is said behind it; `at` is where that stands.
    fn read(&mut self, sql: &str, mut words: &[SqlToken], at: usize) -> Option<()> {
        while let [word, rest @ ..] = words {
            let (inner, after) = match enclosed(rest) {
                Some(two) => two,
                None => (rest.get(..1)?, rest.get(1..)?),
            };
            let pieces = split_commas(bare(inner));
            if pieces.is_empty() {
                return None;
            }
            for piece in pieces {
                match (word.keyword(), piece) {
                    (Keyword::EXCLUDE | Keyword::EXCEPT, [name]) => self.without.push(name.name()?.to_owned()),
                    (Keyword::REPLACE, [expr @ .., as_, name]) if as_.keyword() == Keyword::AS && !expr.is_empty() => {
                        let span = span_of(expr, sql.len());
                        let expr = Clause { sql: sql.get(span.clone())?.to_owned(), at: at + span.start };
                        self.replaced.push(SelectItem { expr, alias: Some(name.name()?.to_owned()) });
                    }
                    (Keyword::RENAME, [old, as_, new]) if as_.keyword() == Keyword::AS => {
                        self.renamed.push((old.name()?.to_owned(), new.name()?.to_owned()));
                    }
                    _ => return None,
                }
            }
            words = after;
        }
        Some(())
    }

    /// The items that it stands for, of these columns. `place` is where it stands.
    ///
    /// # Errors
    /// A name that none of them has.
    pub fn items(&self, columns: Vec<Shown>, place: ClauseSpan<'_>) -> Result<Vec<SelectItem>> {
        let same = |one: &str, two: &str| one.eq_ignore_ascii_case(two);
        let spoken_of = self.without.iter().chain(self.renamed.iter().map(|(old, _)| old));
        let spoken_of = spoken_of.chain(self.replaced.iter().filter_map(|item| item.alias.as_ref()));
        for name in spoken_of {
            if !columns.iter().any(|(_, shown)| same(shown, name)) {
                let known = columns.iter().map(|(_, shown)| (shown.clone(), polars::prelude::DataType::Null)).collect();
                return Err(expr::unknown_column(&known, &Ident::new(name), place));
            }
        }
        let mut items = Vec::new();
        for (here, shown) in columns {
            if self.without.iter().any(|name| same(name, &shown)) {
                continue;
            }
            let renamed = self.renamed.iter().find(|(old, _)| same(old, &shown)).map(|(_, new)| new.clone());
            let replaced = self.replaced.iter().find(|item| item.alias.as_ref().is_some_and(|own| same(own, &shown)));
            let expr = match replaced {
                Some(item) => item.expr.clone(),
                None => Clause { sql: quote_always(&here), at: place.clause.at },
            };
            items.push(SelectItem { expr, alias: Some(renamed.unwrap_or_else(|| shown.to_string())) });
        }
        Ok(items)
    }
}

/// The columns that COLUMNS(…) in an expression stands for: the call, and each column with what an alias says of it.
pub(super) struct ColumnsCall {
    call: Ast,
    columns: Vec<(Shown, Option<String>)>,
}

impl ColumnsCall {
    /// `None` where an expression has no such call.
    ///
    /// # Errors
    /// One that is not understood, or stands for no column.
    pub fn of(ast: &Ast, scope: &Scope, alias: Option<&str>, place: ClauseSpan<'_>) -> Result<Option<Self>> {
        let mut calls: Vec<Ast> = Vec::new();
        let _ = walk::visit_expressions(ast, |node| {
            if is_columns(node) && !calls.contains(node) {
                calls.push(node.clone());
            }
            ControlFlow::<()>::Continue(())
        });
        let call = match calls.len() {
            0 => return Ok(None),
            1 => calls.remove(0),
            _ => {
                return Err(place
                    .fault("COLUMNS stands here for different columns")
                    .hint("write the same COLUMNS(…) each time, or each expression out"));
            }
        };
        let all = |table: Option<&str>| {
            scope.star(table).ok_or_else(|| {
                let name = table.unwrap_or_default();
                place.fault_on(format!("there is no table '{name}' here"), &call).hint("name a table of FROM")
            })
        };
        let columns: Vec<(Shown, Option<String>)> = match meaning(&call) {
            Some(Choice::All(table)) => all(table.as_deref())?.into_iter().map(|shown| (shown, None)).collect(),
            Some(Choice::Named(names)) => {
                let known = all(None)?;
                let named = |name: &String| {
                    let found = known.iter().find(|(_, shown)| shown.eq_ignore_ascii_case(name));
                    found.map(|shown| (shown.clone(), None)).ok_or_else(|| {
                        let schema = known.iter().map(|(_, s)| (s.clone(), polars::prelude::DataType::Null)).collect();
                        expr::unknown_column(&schema, &Ident::new(name), place)
                    })
                };
                names.iter().map(named).collect::<Result<_>>()?
            }
            Some(Choice::Like(pattern)) => {
                let pattern = Regex::new(&pattern).map_err(|_| {
                    place.fault_on("this is no regular expression", &call).hint("write it like COLUMNS('price_.*')")
                })?;
                let called = |captures: &regex::Captures<'_>| alias.map(|alias| with_groups(alias, captures));
                let chosen =
                    |shown: Shown| pattern.captures(&shown.1).as_ref().map(called).map(|alias| (shown.clone(), alias));
                all(None)?.into_iter().filter_map(chosen).collect()
            }
            None => {
                return Err(place
                    .fault_on("this COLUMNS is not understood", &call)
                    .hint("write COLUMNS(*), COLUMNS('regular expression') or COLUMNS(['a', 'b'])"));
            }
        };
        if columns.is_empty() {
            return Err(place
                .fault_on("no column is meant by this COLUMNS", &call)
                .hint("look at the names of the columns"));
        }
        Ok(Some(Self { call, columns }))
    }

    /// The expression for each column, and what it is called.
    pub fn each<'s>(&'s self, ast: &'s Ast) -> impl Iterator<Item = (Ast, String)> + 's {
        self.columns.iter().map(|((here, shown), alias)| {
            let mut own = ast.clone();
            let _ = walk::visit_expressions_mut(&mut own, |node| {
                if *node == self.call {
                    *node = expr::column(here);
                }
                ControlFlow::<()>::Continue(())
            });
            (own, alias.clone().unwrap_or_else(|| shown.to_string()))
        })
    }
}

/// Which columns are meant.
enum Choice {
    All(Option<String>),
    Named(Vec<String>),
    Like(String),
}

fn is_columns(node: &Ast) -> bool {
    matches!(node, Ast::Function(call) if call.name.to_string().eq_ignore_ascii_case("columns"))
}

fn meaning(call: &Ast) -> Option<Choice> {
    let Ast::Function(call) = call else { return None };
    let FunctionArguments::List(list) = &call.args else { return None };
    let [FunctionArg::Unnamed(arg)] = &list.args[..] else { return None };
    match arg {
        FunctionArgExpr::Wildcard => Some(Choice::All(None)),
        FunctionArgExpr::QualifiedWildcard(name) => {
            Some(Choice::All(Some(Clause::from(&*name.to_string()).unquoted())))
        }
        FunctionArgExpr::Expr(Ast::Array(array)) => {
            array.elem.iter().map(text).collect::<Option<Vec<_>>>().map(Choice::Named)
        }
        FunctionArgExpr::Expr(ast) => text(ast).map(Choice::Like),
        _ => None,
    }
}

fn text(ast: &Ast) -> Option<String> {
    match ast {
        Ast::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// An alias in which `\1` stands for what the first group of a pattern found.
fn with_groups(alias: &str, captures: &regex::Captures<'_>) -> String {
    let mut own = alias.to_owned();
    for i in 0..captures.len().min(10) {
        own = own.replace(&format!("\\{i}"), captures.get(i).map_or("", |found| found.as_str()));
    }
    own
}
