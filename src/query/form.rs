//! The query builder's view of a `Query`: what can be set with menus. It and the SQL text are kept in step:
//! `Form::from_query(&Query::parse(sql)?)` and `form.to_query().to_sql()`.

use super::Query;

/// A question as a form. What a menu cannot say (arithmetic over aggregates, CASE) is in `others`, as text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    pub table: String,
    /// The WHERE clause; empty for none.
    pub filter: String,
    /// Columns (or expressions) that rows are grouped by, without the window.
    pub groups: Vec<String>,
    pub window: Option<WindowForm>,
    pub measures: Vec<Measure>,
    /// Items that are neither group, window nor measure: `(expression, alias)`.
    pub others: Vec<(String, String)>,
    pub having: String,
    /// `(expression, descending)`.
    pub order: Vec<(String, bool)>,
    pub limit: Option<u64>,
}

/// `tumble(time, INTERVAL 'size') AS alias`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowForm {
    pub time: String,
    /// As in SQL, without the quotes: `1 hour`.
    pub size: String,
    pub alias: String,
}

/// `aggregate(argument) FILTER (WHERE filter) AS alias`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measure {
    /// A name of `AGGREGATES`; `count(DISTINCT x)` is `count_distinct`.
    pub aggregate: String,
    /// A column or expression; `*` for `count(*)`.
    pub argument: String,
    /// Empty for none.
    pub filter: String,
    /// Empty for none.
    pub alias: String,
}

impl Form {
    pub fn from_query(query: &Query) -> Self {
        let _ = query;
        Self::default()
    }

    pub fn to_query(&self) -> Query {
        Query::default()
    }
}
