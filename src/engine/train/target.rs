//! What a model is to predict: a column of a table, or an expression over its rows.

use crate::data::{Fault, Result};
use crate::engine::Table;
use crate::query::derived::Derived;

/// What is to be predicted: a column, or an expression over the row under a name of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    pub name: String,
    pub sql: Option<String>,
}

/// Whether it can be written in SQL as it stands.
pub fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

impl Target {
    pub(in crate::engine) fn bind(&self, table: &Table) -> Result<Option<Derived>> {
        let Some(sql) = &self.sql else { return Ok(None) };
        if !is_name(&self.name) {
            let what = if self.name.is_empty() {
                "the target has no name".to_owned()
            } else {
                format!("'{}' is not a name", self.name)
            };
            return Err(Fault::new(what)
                .at("Target")
                .hint("write letters, digits and _, a letter first, such as late"));
        }
        if table.schema.contains(&self.name) {
            return Err(Fault::new(format!("there is a column '{}' already", self.name))
                .at(&table.name)
                .hint("give the target another name"));
        }
        Derived::bind(sql, table.input(&table.name)).map(Some)
    }
}
