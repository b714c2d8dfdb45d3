//! Names in an expression resolved to the columns of a question's tables.

use std::collections::BTreeSet;

use polars::prelude::*;
use sqlparser::ast::{Expr as Ast, Ident};

use super::tree::{column, rewrite};
use crate::data::near::nearest;
use crate::data::{Fault, Result};
use crate::query::scope::Scope;
use crate::query::sql::span::ClauseSpan;

/// Replaces names by the exact, quoted names of `schema`'s columns, and says which ones were used.
pub fn resolve(expr: &mut Ast, schema: &Schema, table: &Scope, place: ClauseSpan<'_>) -> Result<BTreeSet<PlSmallStr>> {
    let mut used = BTreeSet::new();
    rewrite(expr, |node| {
        unqualify(node, table);
        if let Ast::CompoundIdentifier(parts) = &*node
            && let [qualifier, _] = parts.as_slice()
            && table.find(schema, qualifier).is_none()
        {
            return Err(place
                .fault_on(format!("there is no table '{}' here", qualifier.value), node)
                .hint("name a table of FROM, or its alias"));
        }
        if let Ast::Identifier(ident) = &*node {
            if ident.quote_style.is_none() && table.is_ambiguous(ident) {
                return Err(place.fault_on(format!("both tables have a column '{}'", ident.value), node).hint(
                    format!("say which: {0}.{2} or {1}.{2}", table.first_name(), table.joined_name(), ident.value),
                ));
            }
            let name = table.find(schema, ident).ok_or_else(|| unknown_column(schema, ident, place))?;
            used.insert(name.clone());
            let named = column(name);
            *node = named;
        }
        if matches!(node, Ast::Subquery(_) | Ast::InSubquery { .. } | Ast::Exists { .. }) {
            return Err(place.fault("sub-queries are not understood").hint("ask them as a question of their own"));
        }
        Ok(())
    })?;
    Ok(used)
}

/// `table.column` becomes the column's name.
pub fn unqualify(expr: &mut Ast, table: &Scope) {
    table.unqualify(expr);
}

pub fn unknown_column(schema: &Schema, ident: &Ident, place: ClauseSpan<'_>) -> Fault {
    let names: Vec<&str> = schema.iter_names().map(|n| n.as_str()).collect();
    let fault = place.fault_on(format!("there is no column '{}'", ident.value), &Ast::Identifier(ident.clone()));
    match nearest(&ident.value, &names) {
        _ if names.is_empty() => fault.hint("add FROM and the name of a table"),
        Some(near) => fault.hint(format!("did you mean '{near}'?")),
        None if ident.quote_style == Some('"') => {
            fault.hint(format!("double quotes are for names: a text stands in single ones, '{}'", ident.value))
        }
        None => fault.hint(format!("the columns are {}", shorten(&names))),
    }
}

fn shorten(names: &[&str]) -> String {
    let shown: Vec<&str> = names.iter().copied().take(12).collect();
    if names.len() > shown.len() {
        format!("{} and {} more", shown.join(", "), names.len() - shown.len())
    } else {
        shown.join(", ")
    }
}
