//! What is known while a question is bound, and what all clauses share: conditions, and the columns that are kept.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::mem::Discriminant;

use polars::prelude::*;
use sqlparser::ast::Expr as Ast;

use super::aggregates::find_aggregate;
use super::over::UnboundOver;
use super::score::ScoreBinder;
use super::subquery::SubQueries;
use crate::data::Result;
use crate::data::format::Commas;
use crate::query::aggregate_call::AggregateCall;
use crate::query::expr::{self, Scalar};
use crate::query::plan::{END, GroupKey, call_name, key_name};
use crate::query::query::Clause;
use crate::query::rows::{RowValue, value_name};
use crate::query::scope::{InputTable, Scope};
use crate::query::sql::span::ClauseSpan;
use crate::query::window::type_word;

/// What is known while a question is bound: its keys and calls so far.
pub(super) struct Binder<'a> {
    pub(super) text: &'a str,
    pub(super) schema: &'a SchemaRef,
    pub(super) scorer: &'a ScoreBinder<'a>,
    pub(super) table: &'a Scope,
    /// The table's event-time column.
    pub(super) time: Option<&'a str>,
    /// Columns of text whose values are numbers with commas.
    pub(super) commas: &'a [(PlSmallStr, Commas)],
    pub(super) used: BTreeSet<PlSmallStr>,
    pub(super) keys: Vec<GroupKey>,
    pub(super) calls: Vec<AggregateCall>,
    /// Where rows are shown instead of groups: the values of a row that are kept.
    pub(super) rows: bool,
    pub(super) values: Vec<RowValue>,
    /// The questions in its clauses.
    pub(super) subs: &'a SubQueries,
    /// Those that are looked at when the answer is made, by their place, and what each is compared with.
    pub(super) kept_subs: BTreeMap<usize, Vec<Ast>>,
    /// Window functions over the answer, and where each stood.
    pub(super) overs: Vec<(UnboundOver, Clause)>,
    /// Alias (lower case), rewritten expression: what ORDER BY and HAVING may name.
    pub(super) outputs: HashMap<String, Ast>,
    /// Where the keys, calls and values stand that these expressions are.
    pub(super) known: BoundExprs,
}

/// What was bound so far, by its expression.
#[derive(Default)]
pub(super) struct BoundExprs {
    pub(super) keys: HashMap<Ast, usize>,
    /// The kinds of expression that are keys.
    pub(super) kinds: HashSet<Discriminant<Ast>>,
    pub(super) calls: HashMap<Ast, usize>,
    pub(super) values: HashMap<Ast, usize>,
}

impl<'a> Binder<'a> {
    /// Nothing bound yet. `rows`: the question shows rows instead of groups.
    pub(super) fn new(
        text: &'a str,
        scorer: &'a ScoreBinder<'a>,
        table: &'a Scope,
        first: InputTable<'a>,
        subs: &'a SubQueries,
        rows: bool,
    ) -> Self {
        Self {
            text,
            schema: &scorer.schema,
            scorer,
            table,
            time: first.time,
            commas: first.commas,
            used: BTreeSet::new(),
            keys: Vec::new(),
            calls: Vec::new(),
            rows,
            values: Vec::new(),
            subs,
            kept_subs: BTreeMap::new(),
            overs: Vec::new(),
            outputs: HashMap::new(),
            known: BoundExprs::default(),
        }
    }

    pub(super) fn place<'c>(&self, clause: &'c Clause) -> ClauseSpan<'c>
    where
        'a: 'c,
    {
        ClauseSpan { text: self.text, clause }
    }

    /// Reads a clause; scores of models are columns from here on.
    pub(super) fn parse(&self, place: ClauseSpan<'_>) -> Result<Ast> {
        let mut ast = expr::parse(place)?;
        self.scorer.name(&mut ast, place)?;
        self.subs.name(&mut ast, place)?;
        Ok(ast)
    }

    /// A condition over input rows.
    pub(super) fn condition(&mut self, clause: &Clause, word: &str) -> Result<Scalar> {
        let place = self.place(clause);
        let mut ast = self.parse(place)?;
        if let Some(call) = find_aggregate(&ast) {
            let fault = place.fault_on(format!("{word} looks at single rows, and {} needs many", call.name), &call);
            return Err(fault.hint(if word == "WHERE" { "move it to HAVING" } else { "use a plain condition here" }));
        }
        self.used.extend(expr::resolve(&mut ast, self.schema, self.table, place)?);
        let (scalar, dtype) = Scalar::bind(&ast, self.schema, place)?;
        if !matches!(dtype, DataType::Boolean | DataType::Null) {
            return Err(place
                .fault(format!("{word} needs a condition, and this is {}", type_word(&dtype)))
                .hint("compare it with something, such as distance > 200"));
        }
        Ok(scalar)
    }

    /// A condition over what is kept.
    pub(super) fn verdict(&self, ast: &Ast, clause: &Clause, word: &str, kept: &Schema) -> Result<Scalar> {
        let (scalar, dtype) = Scalar::bind(ast, kept, self.place(clause))?;
        if !matches!(dtype, DataType::Boolean | DataType::Null) {
            return Err(self
                .place(clause)
                .fault(format!("{word} needs a condition, and this is {}", type_word(&dtype)))
                .hint("compare it with something, such as count(*) > 10"));
        }
        Ok(scalar)
    }

    pub(super) fn kept_schema(&self) -> Schema {
        let keys = self.keys.iter().enumerate().map(|(i, k)| Field::new(key_name(i), k.dtype.clone()));
        let calls = self.calls.iter().enumerate().map(|(i, c)| Field::new(call_name(i), c.output()));
        let values = self.values.iter().enumerate().map(|(i, v)| Field::new(value_name(i), v.dtype.clone()));
        let end = self
            .keys
            .iter()
            .any(|k| k.window.is_some())
            .then(|| Field::new(END.into(), DataType::Datetime(TimeUnit::Microseconds, None)));
        let sub = |at: &usize| self.subs.0.get(*at).map(|sub| Field::new(sub.name.clone(), sub.dtype()));
        keys.chain(calls).chain(values).chain(end).chain(self.kept_subs.keys().filter_map(sub)).collect()
    }
}
