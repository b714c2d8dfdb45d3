//! A question as data: the clauses of one SELECT, each as the text it was written in. `sql` reads and prints it.

use super::sql;
use crate::data::Result;

/// One SELECT over one table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    pub table: Clause,
    pub items: Vec<Item>,
    pub filter: Option<Clause>,
    pub groups: Vec<Clause>,
    pub having: Option<Clause>,
    pub order: Vec<Order>,
    pub limit: Option<u64>,
}

/// A piece of SQL and where it began in the text it came from (bytes), so that errors can point at it.
#[derive(Clone, Debug, Default)]
pub struct Clause {
    pub sql: String,
    pub at: usize,
}

impl From<&str> for Clause {
    fn from(sql: &str) -> Self {
        Self { sql: sql.to_owned(), at: 0 }
    }
}

/// Where a clause stood is not part of the question.
impl PartialEq for Clause {
    fn eq(&self, other: &Self) -> bool {
        self.sql == other.sql
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    pub expr: Clause,
    pub alias: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Order {
    pub expr: Clause,
    pub descending: bool,
    /// `None`: nulls last, as in DuckDB.
    pub nulls_first: Option<bool>,
}

impl Query {
    /// # Errors
    /// When the text is not one SELECT that Braid can answer; the fault's span points into `sql`.
    pub fn parse(sql: &str) -> Result<Self> {
        sql::parse(sql)
    }

    /// The question as SQL, one clause a line.
    pub fn to_sql(&self) -> String {
        sql::print(self)
    }

    /// The table's name without quotes.
    pub fn table_name(&self) -> String {
        let name = &self.table.sql;
        match name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
            Some(inner) => inner.replace("\"\"", "\""),
            None => name.clone(),
        }
    }
}
