//! A question as data: the clauses of one SELECT, each as the text it was written in. `sql` reads and prints it.

/// One SELECT over one table, which may be enriched from another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    pub table: Clause,
    /// The table's alias in this question: `FROM trades AS t`.
    pub alias: Option<String>,
    pub join: Option<JoinClause>,
    /// SELECT DISTINCT.
    pub distinct: bool,
    /// SELECT DISTINCT ON: the first row of those that are equal in these.
    pub distinct_on: Vec<Clause>,
    pub items: Vec<SelectItem>,
    pub filter: Option<Clause>,
    pub groups: Vec<Clause>,
    pub having: Option<Clause>,
    /// A condition over window functions: looked at when the answer is made.
    pub qualify: Option<Clause>,
    pub order: Vec<OrderItem>,
    pub limit: Option<u64>,
    /// Rows of the answer in its order that come before the first one shown; only with a limit.
    pub offset: Option<u64>,
    /// A question that is no such SELECT (sub-queries, UNION, WITH …): its whole text and the tables it names. The
    /// other clauses are then empty, and it is asked again and again of the rows themselves.
    pub rerun: Option<RerunClause>,
}

/// `[LEFT] JOIN table AS alias ON …` or `… USING (…)`.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinClause {
    /// LEFT JOIN: rows without a match stay, with nulls.
    pub left: bool,
    pub table: Clause,
    pub alias: Option<String>,
    pub on: JoinConstraint,
}

/// How rows of two tables find each other.
#[derive(Clone, Debug, PartialEq)]
pub enum JoinConstraint {
    Condition(Clause),
    Using(Vec<Clause>),
}

/// A question as nothing but text.
#[derive(Clone, Debug, PartialEq)]
pub struct RerunClause {
    pub text: Clause,
    /// The tables it names, each once, in the order they are named.
    pub tables: Vec<String>,
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
pub struct SelectItem {
    pub expr: Clause,
    pub alias: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderItem {
    pub expr: Clause,
    pub descending: bool,
    /// `None`: nulls last, as in DuckDB.
    pub nulls_first: Option<bool>,
}

impl Query {
    /// The table's name without quotes.
    pub fn table_name(&self) -> String {
        self.table.unquoted()
    }

    /// The names of all tables it needs, without quotes: first the one whose rows it is about, then the one it joins.
    pub fn tables(&self) -> Vec<String> {
        match (&self.rerun, &self.join) {
            (Some(rerun), _) => rerun.tables.clone(),
            (None, Some(join)) => vec![self.table_name(), join.table.unquoted()],
            (None, None) => vec![self.table_name()],
        }
    }
}

impl Clause {
    /// A name without its quotes.
    pub fn unquoted(&self) -> String {
        match self.sql.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
            Some(inner) => inner.replace("\"\"", "\""),
            None => self.sql.clone(),
        }
    }
}
