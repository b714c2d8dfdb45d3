//! Binding a question to the open tables and models.

use std::sync::Arc;

use crate::data::{Fault, Result};
use crate::engine::Table;
use crate::query::model::Models;
use crate::query::{InputTable, Plan, Query};
use crate::workspace::Windows;

/// A question bound to its tables.
#[derive(Debug)]
pub struct Bound {
    pub plan: Arc<Plan>,
    /// The other tables that it names.
    pub datasets: Vec<Arc<Table>>,
    pub windows: Windows,
}

/// Parses and binds; a fault's span points into `sql`.
pub fn bind(sql: &str, table: &Arc<Table>, others: &[Arc<Table>], models: &Models) -> Result<Bound> {
    let query = Query::parse(sql)?;
    let names = query.tables();
    if let Some(first) = names.first().filter(|first| !first.eq_ignore_ascii_case(&table.name)) {
        return Err(Fault::new(if others.iter().any(|other| other.name.eq_ignore_ascii_case(first)) {
            format!("it is about the rows of {first}, not of {}: ask it once more", table.name)
        } else {
            format!("there is no table or question {first}")
        })
        .at("FROM"));
    }
    let known =
        |name: &String| std::iter::once(table).chain(others).find(|t| t.name.eq_ignore_ascii_case(name)).cloned();
    let mut tables = Vec::new();
    for name in names.iter().skip(1) {
        tables.push(
            known(name)
                .ok_or_else(|| Fault::new(format!("there is no table or question {name}")).hint("open it first"))?,
        );
    }
    let inputs: Vec<InputTable<'_>> =
        names.iter().zip(std::iter::once(table).chain(&tables)).map(|(name, t)| t.input(name)).collect();
    let plan = Plan::with_models(&query, sql, &inputs, models)?;
    let time = table.time.as_ref().map(|time| time.column.as_str());
    Ok(Bound { windows: Windows::of(&plan.query, &plan, time), plan: Arc::new(plan), datasets: tables })
}

/// A fault of a question with those that it asks by name, as one of the question itself: what is wrong with another is
/// told without a place.
pub fn in_own(fault: Fault, whole: &str, own: &str) -> Fault {
    let before = whole.strip_suffix(own).map(str::len);
    let span = fault.span.clone().zip(before).filter(|(span, before)| span.start >= *before);
    Fault { span: span.map(|(span, before)| span.start - before..span.end - before), ..fault }
}
