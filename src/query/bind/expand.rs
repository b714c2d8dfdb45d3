//! What a SELECT says shortly, written out: the columns that `*` and COLUMNS stand for, ORDER BY ALL, SELECT DISTINCT
//! as the groups that it means, and DISTINCT ON as the first rows of their kind.

use sqlparser::ast::{Expr as Ast, Ident};

use super::aggregates::find_aggregate;
use super::aliases;
use super::over;
use super::rows::has_aggregate;
use super::star::{ColumnsCall, star_of};
use crate::data::Result;
use crate::query::expr;
use crate::query::query::{Clause, OrderItem, Query, SelectItem};
use crate::query::scope::Scope;
use crate::query::sql::limits;
use crate::query::sql::span::ClauseSpan;

/// The question with all that it says shortly written out.
///
/// # Errors
/// Names that are not there; what cannot be said so.
pub(super) fn expand(query: &Query, text: &str, scope: &Scope) -> Result<Query> {
    let is_column = |ident: &Ident| scope.find(&scope.schema, ident).is_some();
    let query = &*aliases::written_out(query, text, &is_column);
    let mut own = query.clone();
    own.items.clear();
    let mut grouped = None;
    for item in &query.items {
        let place = ClauseSpan { text, clause: &item.expr };
        if let Some(star) = star_of(&item.expr) {
            // With groups a star has no meaning, which the binder says.
            if *grouped
                .get_or_insert_with(|| !query.groups.is_empty() || query.items.iter().any(|i| has_aggregate(&i.expr)))
            {
                own.items.push(item.clone());
                continue;
            }
            let columns = scope.star(star.table.as_deref()).ok_or_else(|| {
                place
                    .fault(format!("there is no table '{}' here", star.table.clone().unwrap_or_default()))
                    .hint("name a table of FROM, or its alias")
            })?;
            own.items.extend(star.items(columns, place)?);
        } else if let Some((ast, columns)) = columns_in(&item.expr, scope, item.alias.as_deref(), place)? {
            own.items.extend(columns.each(&ast).map(|(ast, name)| SelectItem {
                expr: Clause { sql: ast.to_string(), at: item.expr.at },
                alias: Some(name),
            }));
        } else {
            own.items.push(item.clone());
        }
        if own.items.len() > limits::COLUMNS {
            let fault = place.fault(format!("this answer has more than {} columns", limits::COLUMNS));
            return Err(fault.hint("name the columns that you need"));
        }
    }
    if let Some(filter) = &query.filter
        && let Some((ast, columns)) = columns_in(filter, scope, None, ClauseSpan { text, clause: filter })?
    {
        let all: Vec<String> = columns.each(&ast).map(|(ast, _)| format!("({ast})")).collect();
        own.filter = Some(Clause { sql: all.join(" AND "), at: filter.at });
    }
    order_by_all(&mut own, scope);
    if !own.distinct_on.is_empty() {
        first_of_equal(&mut own, text)?;
    }
    if own.distinct && own.groups.is_empty() && own.having.is_none() && own.qualify.is_none() {
        let plain = |item: &SelectItem| {
            let ast = expr::parse(ClauseSpan { text, clause: &item.expr });
            ast.is_ok_and(|ast| find_aggregate(&ast).is_none() && !over::is_in(&ast))
        };
        if own.items.iter().all(plain) {
            own.groups = own.items.iter().map(|item| as_group(&item.expr)).collect();
            own.distinct = false;
        }
    }
    Ok(own)
}

/// A number alone would be the place of an item.
fn as_group(expr: &Clause) -> Clause {
    match expr.sql.parse::<f64>() {
        Ok(_) => Clause { sql: format!("({})", expr.sql), at: expr.at },
        Err(_) => expr.clone(),
    }
}

/// An expression with COLUMNS(…) in it.
fn columns_in(
    clause: &Clause,
    scope: &Scope,
    alias: Option<&str>,
    place: ClauseSpan<'_>,
) -> Result<Option<(Ast, ColumnsCall)>> {
    if !clause.sql.to_lowercase().contains("columns") {
        return Ok(None);
    }
    let ast = expr::parse(place)?;
    Ok(ColumnsCall::of(&ast, scope, alias, place)?.map(|columns| (ast, columns)))
}

/// Whether an order is by all columns of the answer, where none is called `all`.
pub(super) fn is_by_all(order: &[OrderItem], is_named: impl Fn(&Ident) -> bool) -> bool {
    matches!(order, [by] if by.expr.sql.eq_ignore_ascii_case("all") && !is_named(&Ident::new("all")))
}

/// ORDER BY ALL as the items one after the other.
fn order_by_all(query: &mut Query, scope: &Scope) {
    let named = |ident: &Ident| {
        query.items.iter().any(|item| item.alias.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(&ident.value)))
            || scope.find(&scope.schema, ident).is_some()
    };
    if is_by_all(&query.order, named) {
        let all = query.order.remove(0);
        let place = |i: usize| Clause { sql: (i + 1).to_string(), at: all.expr.at };
        query.order = (0..query.items.len()).map(|i| OrderItem { expr: place(i), ..all.clone() }).collect();
    }
}

/// SELECT DISTINCT ON: of the rows that are equal in some expressions, the first in the order that is asked for.
fn first_of_equal(query: &mut Query, text: &str) -> Result<()> {
    let on = std::mem::take(&mut query.distinct_on);
    let first = on.first().cloned().unwrap_or_default();
    if query.qualify.is_some() {
        return Err(ClauseSpan { text, clause: &first }
            .fault("DISTINCT ON and QUALIFY both choose rows of the answer")
            .hint("write QUALIFY … AND row_number() OVER (PARTITION BY … ORDER BY …) = 1"));
    }
    let on = on.iter().map(|clause| meant(query, clause, text)).collect::<Result<Vec<_>>>()?;
    let order = order_text(query, text)?;
    let sql = format!("row_number() OVER (PARTITION BY {}{order}) = 1", on.join(", "));
    query.qualify = Some(Clause { sql, at: first.at });
    Ok(())
}

/// ` ORDER BY …` of a question as it stands in OVER; empty without an order.
pub(super) fn order_text(query: &Query, text: &str) -> Result<String> {
    let mut order = Vec::new();
    for by in &query.order {
        let nulls = if by.nulls_first == Some(true) { "FIRST" } else { "LAST" };
        let way = if by.descending { "DESC" } else { "ASC" };
        order.push(format!("{} {way} NULLS {nulls}", meant(query, &by.expr, text)?));
    }
    Ok(if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) })
}

/// An expression, or the item whose number it is.
fn meant(query: &Query, clause: &Clause, text: &str) -> Result<String> {
    match clause.sql.parse::<usize>() {
        Ok(n) => query.items.get(n.wrapping_sub(1)).map(|item| item.expr.sql.clone()).ok_or_else(|| {
            ClauseSpan { text, clause }
                .fault(format!("there is no item {n} in the SELECT list"))
                .hint(format!("it has {} items", query.items.len()))
        }),
        Err(_) => Ok(clause.sql.clone()),
    }
}
