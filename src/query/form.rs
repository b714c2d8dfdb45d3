//! The query builder's view of a `Query`: what can be set with menus. It and the SQL text are kept in step:
//! `Form::from_query(&Query::parse(sql)?)` and `form.to_query().to_sql()`.

use sqlparser::ast::{DuplicateTreatment, Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments, Value};

use super::aggregate::{self, AGGREGATES};
use super::bind::find_aggregate;
use super::expr;
use super::query::{Clause, JoinClause, OrderItem, Query, RerunClause, SelectItem};
use super::sql;
use super::sql::span::ClauseSpan;
use crate::sync::deep;

/// A question as a form. What a menu cannot say (arithmetic over aggregates, CASE) is in `others`, as text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    pub table: String,
    /// The WHERE clause; empty for none.
    pub filter: String,
    /// Columns (or expressions) that rows are grouped by, without the window; `upper(city) AS place` names one.
    pub groups: Vec<String>,
    pub window: Option<WindowForm>,
    pub measures: Vec<Measure>,
    /// Items that are neither group, window nor measure: `(expression, alias)`.
    pub others: Vec<(String, String)>,
    pub having: String,
    /// `(expression, descending)`.
    pub order: Vec<(String, bool)>,
    pub limit: Option<u64>,
    /// What no menu shows: it stays as it was written.
    pub beside: UnlistedParts,
}

/// Parts of a question that have no menu.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnlistedParts {
    pub alias: Option<String>,
    pub join: Option<JoinClause>,
    pub distinct: bool,
    pub distinct_on: Vec<Clause>,
    pub qualify: Option<Clause>,
    pub offset: Option<u64>,
    /// Set where the whole question is nothing but text.
    pub rerun: Option<RerunClause>,
}

/// `tumble(time, INTERVAL 'size') AS alias`, or another kind of window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowForm {
    pub kind: WindowKind,
    /// A column or expression, as in SQL.
    pub time: String,
    /// As in SQL, without the quotes: `1 hour`. Of a session it is the gap.
    pub size: String,
    /// How far apart hops begin; of no meaning for others.
    pub slide: String,
    /// Empty for none; sessions have none.
    pub offset: String,
    pub alias: String,
}

/// The kinds of windows, as menus offer them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowKind {
    #[default]
    Tumble,
    Hop,
    Session,
}

impl WindowKind {
    pub const ALL: &[Self] = &[Self::Tumble, Self::Hop, Self::Session];

    /// As in SQL.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tumble => "tumble",
            Self::Hop => "hop",
            Self::Session => "session",
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Self::Tumble => "windows of one size, one after the other: each row is in one",
            Self::Hop => "windows of one size that begin every slide: where they overlap, a row is in several",
            Self::Session => {
                "rows of a group that follow each other within the gap: each session is as long as its rows"
            }
        }
    }
}

impl WindowForm {
    /// The call without its alias.
    pub fn to_sql(&self) -> String {
        let span = |text: &str| format!("INTERVAL '{}'", text.trim().replace('\'', ""));
        let mut spans = match self.kind {
            WindowKind::Hop => vec![span(&self.slide), span(&self.size)],
            WindowKind::Tumble | WindowKind::Session => vec![span(&self.size)],
        };
        if self.kind != WindowKind::Session && !self.offset.trim().is_empty() {
            spans.push(span(&self.offset));
        }
        format!("{}({}, {})", self.kind.word(), self.time, spans.join(", "))
    }
}

/// `aggregate(argument, rest) FILTER (WHERE filter) AS alias`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measure {
    /// A name of `AGGREGATES`; `count(DISTINCT x)` is `count_distinct`.
    pub aggregate: String,
    /// A column or expression, as in SQL; `*` for `count(*)`.
    pub argument: String,
    /// The arguments after the first, as in SQL: `0.95`. Empty for none.
    pub rest: String,
    /// Empty for none.
    pub filter: String,
    /// Empty for none.
    pub alias: String,
}

impl Form {
    pub fn from_query(query: &Query) -> Self {
        deep(|| Self::from_query_here(query))
    }

    fn from_query_here(query: &Query) -> Self {
        let mut form = Self {
            table: query.table_name(),
            filter: query.filter.as_ref().map(|c| c.sql.clone()).unwrap_or_default(),
            having: query.having.as_ref().map(|c| c.sql.clone()).unwrap_or_default(),
            order: query.order.iter().map(|o| (o.expr.sql.clone(), o.descending)).collect(),
            limit: query.limit,
            beside: UnlistedParts {
                alias: query.alias.clone(),
                join: query.join.clone(),
                distinct: query.distinct,
                distinct_on: query.distinct_on.clone(),
                qualify: query.qualify.clone(),
                offset: query.offset,
                rerun: query.rerun.clone(),
            },
            ..Self::default()
        };
        let mut grouped = vec![false; query.items.len()];
        for group in &query.groups {
            let named = query.items.iter().position(|i| {
                i.expr == *group
                    || i.alias.as_ref().is_some_and(|a| a.eq_ignore_ascii_case(group.sql.trim_matches('"')))
            });
            let item = named.and_then(|i| query.items.get(i));
            if let Some(seen) = named.and_then(|i| grouped.get_mut(i)) {
                *seen = true;
            }
            let (expr, alias) = item.map_or((&group.sql, None), |i| (&i.expr.sql, i.alias.clone()));
            match window(expr) {
                Some(window) if form.window.is_none() => {
                    form.window =
                        Some(WindowForm { alias: alias.unwrap_or_else(|| "window_start".to_owned()), ..window })
                }
                _ => form.groups.push(alias.map_or_else(|| expr.clone(), |a| format!("{expr} AS {}", sql::quote(&a)))),
            }
        }
        for (item, _) in query.items.iter().zip(grouped).filter(|(_, grouped)| !grouped) {
            let alias = item.alias.clone().unwrap_or_default();
            match measure(&item.expr.sql) {
                Some(found) => form.measures.push(Measure { alias, ..found }),
                None => form.others.push((item.expr.sql.clone(), alias)),
            }
        }
        form
    }

    /// Whether the question lists rows: it has neither groups nor anything that is computed of many rows.
    pub fn lists_rows(&self) -> bool {
        let computed = |(expr, _): &(String, String)| parse(expr).is_some_and(|ast| find_aggregate(&ast).is_some());
        self.groups.is_empty() && self.window.is_none() && self.measures.is_empty() && !self.others.iter().any(computed)
    }

    /// What listed rows, and has a group or a measure now, tells of groups: each column that was listed is a group, `*`
    /// is none, and an order that only rows have goes.
    pub fn summarise(&mut self) {
        let listed = std::mem::take(&mut self.others);
        for (expr, alias) in listed.into_iter().filter(|(expr, _)| !expr.ends_with('*')) {
            let group = if alias.is_empty() { expr } else { format!("{expr} AS {}", sql::quote(&alias)) };
            if !self.groups.contains(&group) {
                self.groups.push(group);
            }
        }
        let query = self.to_query();
        let shown = |by: &str| {
            let bare = by.trim_matches('"');
            query.items.iter().any(|item| item.expr.sql == by || item.alias.as_deref() == Some(bare))
        };
        self.order.retain(|(by, _)| shown(by));
    }

    pub fn to_query(&self) -> Query {
        let clause = |text: &str| (!text.trim().is_empty()).then(|| Clause::from(text.trim()));
        let named = |expr: &str, alias: &str| SelectItem {
            expr: expr.into(),
            alias: (!alias.trim().is_empty()).then(|| alias.trim().to_owned()),
        };
        let mut query = Query {
            table: sql::quote(&self.table).as_str().into(),
            filter: clause(&self.filter),
            having: clause(&self.having),
            limit: self.limit,
            offset: self.beside.offset.filter(|_| self.limit.is_some() && !self.order.is_empty()),
            alias: self.beside.alias.clone(),
            join: self.beside.join.clone(),
            distinct: self.beside.distinct,
            distinct_on: self.beside.distinct_on.clone(),
            qualify: self.beside.qualify.clone(),
            rerun: self.beside.rerun.clone(),
            ..Query::default()
        };
        for group in &self.groups {
            // The SQL reader knows where an expression ends and its alias begins.
            let item = Query::parse(&format!("SELECT {group} FROM t"))
                .ok()
                .and_then(|q| q.items.into_iter().next())
                .unwrap_or_else(|| named(group, ""));
            query.groups.push(item.alias.as_ref().map_or_else(|| item.expr.clone(), |a| sql::quote(a).as_str().into()));
            query.items.push(item);
        }
        if let Some(window) = &self.window {
            let alias = if window.alias.trim().is_empty() { "window_start" } else { window.alias.trim() };
            query.items.push(named(&window.to_sql(), alias));
            query.groups.push(sql::quote(alias).as_str().into());
        }
        query.items.extend(self.measures.iter().map(|m| named(&m.to_sql(), &m.alias)));
        query.items.extend(self.others.iter().map(|(expr, alias)| named(expr, alias)));
        query.order = self
            .order
            .iter()
            .map(|(expr, descending)| OrderItem {
                expr: expr.as_str().into(),
                descending: *descending,
                nulls_first: None,
            })
            .collect();
        query
    }
}

impl Measure {
    /// The call without its alias.
    pub fn to_sql(&self) -> String {
        let argument = if self.argument.trim().is_empty() { "*" } else { self.argument.trim() };
        let arguments =
            if self.rest.trim().is_empty() { argument.to_owned() } else { format!("{argument}, {}", self.rest.trim()) };
        let known = AGGREGATES.iter().find(|aggregate| aggregate.name == self.aggregate);
        let call =
            known.map_or_else(|| format!("{}({arguments})", self.aggregate), |aggregate| aggregate.call(&arguments));
        if self.filter.trim().is_empty() { call } else { format!("{call} FILTER (WHERE {})", self.filter.trim()) }
    }
}

fn parse(text: &str) -> Option<Ast> {
    let clause = Clause::from(text);
    expr::parse(ClauseSpan { text, clause: &clause }).ok()
}

fn only_args(args: &FunctionArguments) -> Option<(Vec<&FunctionArgExpr>, bool)> {
    // What a form has no field for, such as ORDER BY in the parentheses, stays text.
    let FunctionArguments::List(list) = args else { return None };
    let list = Some(list).filter(|list| list.clauses.is_empty())?;
    let args = list.args.iter().map(|a| match a {
        FunctionArg::Unnamed(e) => Some(e),
        _ => None,
    });
    Some((args.collect::<Option<_>>()?, list.duplicate_treatment == Some(DuplicateTreatment::Distinct)))
}

/// A window whose spans are each written as one text.
fn window(text: &str) -> Option<WindowForm> {
    let Ast::Function(call) = parse(text)? else { return None };
    let name = call.name.to_string();
    let kind = *WindowKind::ALL.iter().find(|kind| name.eq_ignore_ascii_case(kind.word()))?;
    let (args, _) = only_args(&call.args)?;
    let [FunctionArgExpr::Expr(time), ref spans @ ..] = args[..] else { return None };
    let spans = spans.iter().map(|arg| span(arg)).collect::<Option<Vec<_>>>()?;
    let form = WindowForm { kind, time: time.to_string(), ..WindowForm::default() };
    Some(match (kind, &spans[..]) {
        (WindowKind::Tumble | WindowKind::Session, [size]) => WindowForm { size: size.clone(), ..form },
        (WindowKind::Tumble, [size, offset]) => WindowForm { size: size.clone(), offset: offset.clone(), ..form },
        (WindowKind::Hop, [slide, size]) => WindowForm { slide: slide.clone(), size: size.clone(), ..form },
        (WindowKind::Hop, [slide, size, offset]) => {
            WindowForm { slide: slide.clone(), size: size.clone(), offset: offset.clone(), ..form }
        }
        _ => return None,
    })
}

/// `INTERVAL '1 hour'` as `1 hour`.
fn span(arg: &FunctionArgExpr) -> Option<String> {
    let FunctionArgExpr::Expr(Ast::Interval(span)) = arg else { return None };
    match span.value.as_ref() {
        Ast::Value(v) if span.leading_field.is_none() => match &v.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// A plain call of one aggregate.
fn measure(text: &str) -> Option<Measure> {
    let Ast::Function(call) = parse(text)? else { return None };
    let (args, distinct) = only_args(&call.args)?;
    let aggregate = aggregate::find_call(&call.name.to_string(), distinct, args.len())?;
    if (distinct && !aggregate.is_distinct()) || !call.within_group.is_empty() {
        return None;
    }
    let text = |arg: &FunctionArgExpr| match arg {
        FunctionArgExpr::Expr(e) => Some(e.to_string()),
        _ => None,
    };
    let (argument, rest) = match args[..] {
        [FunctionArgExpr::Wildcard] => ("*".to_owned(), String::new()),
        [first, ref rest @ ..] => (text(first)?, rest.iter().map(|a| text(a)).collect::<Option<Vec<_>>>()?.join(", ")),
        [] => return None,
    };
    let filter = call.filter.as_ref().map(ToString::to_string).unwrap_or_default();
    Some(Measure { aggregate: aggregate.name.to_owned(), argument, rest, filter, alias: String::new() })
}
