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
    let known =
        |name: &String| std::iter::once(table).chain(others).find(|t| t.name.eq_ignore_ascii_case(name)).cloned();
    let mut tables = Vec::new();
    for name in names.iter().skip(1) {
        tables.push(
            known(name).ok_or_else(|| Fault::new(format!("there is no open table '{name}'")).hint("open it first"))?,
        );
    }
    let inputs: Vec<InputTable<'_>> =
        names.iter().zip(std::iter::once(table).chain(&tables)).map(|(name, t)| t.input(name)).collect();
    let plan = Plan::with_models(&query, sql, &inputs, models)?;
    let time = table.time.as_ref().map(|time| time.column.as_str());
    Ok(Bound { windows: Windows::of(&plan.query, &plan, time), plan: Arc::new(plan), datasets: tables })
}
