//! One-click rewrites: an exact aggregate that keeps what it sees becomes a sketch that does not. Which ones can is
//! said by each aggregate; here it is done to the SQL text of one item.

use sqlparser::ast::{Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName};

use super::aggregate::{Aggregate, Rewrite, find};
use super::bind::aggregate_of;
use super::expr;
use super::query::Query;
use super::sql;
use super::sql::span::ClauseSpan;
use crate::sync::deep;

/// A cheaper form of an item of the SELECT list (its alias may be there or not), and what is gained and lost. FILTER
/// and alias are kept; every call in the item that has a cheaper form takes it. `None` where none has.
pub fn cheaper(item: &str) -> Option<(String, String)> {
    deep(|| cheaper_here(item))
}

fn cheaper_here(item: &str) -> Option<(String, String)> {
    let text = format!("SELECT {item} FROM t");
    let query = Query::parse(&text).ok()?;
    let [item] = &query.items[..] else { return None };
    let mut ast = expr::parse(ClauseSpan { text: &text, clause: &item.expr }).ok()?;
    let mut words: Vec<String> = Vec::new();
    expr::rewrite(&mut ast, |node| {
        if let Some((cheaper, described)) = replaced(node) {
            *node = cheaper;
            if !words.contains(&described) {
                words.push(described);
            }
        }
        Ok(())
    })
    .ok()?;
    if words.is_empty() {
        return None;
    }
    let alias = item.alias.as_ref().map(|alias| format!(" AS {}", sql::quote(alias))).unwrap_or_default();
    Some((format!("{ast}{alias}"), words.join("; ")))
}

/// The cheaper call for a call, and what to tell about it.
fn replaced(node: &Ast) -> Option<(Ast, String)> {
    let Ast::Function(call) = node else { return None };
    let (aggregate, distinct) = aggregate_of(call)?;
    let rewrite = aggregate.rewrite.as_ref()?;
    let other = find(rewrite.to)?;
    // Another DISTINCT, such as median(DISTINCT x), asks for something that the sketch does not know.
    if distinct && !aggregate.is_distinct() {
        return None;
    }
    let mut call = call.clone();
    let FunctionArguments::List(list) = &mut call.args else { return None };
    if list.args.len() != aggregate.arity() {
        return None;
    }
    list.duplicate_treatment = None;
    for more in rewrite.more {
        let clause = (*more).into();
        let more = expr::parse(ClauseSpan { text: more, clause: &clause }).ok()?;
        list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(more)));
    }
    call.name = ObjectName::from(vec![Ident::new(rewrite.to)]);
    Some((Ast::Function(call), described(aggregate, other, rewrite)))
}

fn described(aggregate: &Aggregate, other: &Aggregate, rewrite: &Rewrite) -> String {
    format!("{} instead of {}: {}", other.name, aggregate.usage, rewrite.words)
}
