//! The query builder's view of a `Query`: what can be set with menus. It and the SQL text are kept in step:
//! `Form::from_query(&Query::parse(sql)?)` and `form.to_query().to_sql()`.

use sqlparser::ast::{DuplicateTreatment, Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments, Value};

use super::expr::{self, Place};
use super::query::{Clause, Item, Order, Query};
use super::{aggregate, sql};

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
}

/// `tumble(time, INTERVAL 'size') AS alias`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowForm {
    /// A column or expression, as in SQL.
    pub time: String,
    /// As in SQL, without the quotes: `1 hour`.
    pub size: String,
    pub alias: String,
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
        let mut form = Self {
            table: query.table_name(),
            filter: query.filter.as_ref().map(|c| c.sql.clone()).unwrap_or_default(),
            having: query.having.as_ref().map(|c| c.sql.clone()).unwrap_or_default(),
            order: query.order.iter().map(|o| (o.expr.sql.clone(), o.descending)).collect(),
            limit: query.limit,
            ..Self::default()
        };
        let mut grouped = vec![false; query.items.len()];
        for group in &query.groups {
            let named =
                query.items.iter().position(|i| i.expr == *group || i.alias.as_ref().is_some_and(|a| a.eq_ignore_ascii_case(group.sql.trim_matches('"'))));
            let item = named.and_then(|i| query.items.get(i));
            if let Some(seen) = named.and_then(|i| grouped.get_mut(i)) {
                *seen = true;
            }
            let (expr, alias) = item.map_or((&group.sql, None), |i| (&i.expr.sql, i.alias.clone()));
            match window(expr) {
                Some((time, size)) if form.window.is_none() => {
                    form.window = Some(WindowForm { time, size, alias: alias.unwrap_or_else(|| "window_start".to_owned()) })
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

    pub fn to_query(&self) -> Query {
        let clause = |text: &str| (!text.trim().is_empty()).then(|| Clause::from(text.trim()));
        let named = |expr: &str, alias: &str| Item { expr: expr.into(), alias: (!alias.trim().is_empty()).then(|| alias.trim().to_owned()) };
        let mut query = Query {
            table: sql::quote(&self.table).as_str().into(),
            filter: clause(&self.filter),
            having: clause(&self.having),
            limit: self.limit,
            ..Query::default()
        };
        for group in &self.groups {
            // The SQL reader knows where an expression ends and its alias begins.
            let item = Query::parse(&format!("SELECT {group} FROM t")).ok().and_then(|q| q.items.into_iter().next()).unwrap_or_else(|| named(group, ""));
            query.groups.push(item.alias.as_ref().map_or_else(|| item.expr.clone(), |a| sql::quote(a).as_str().into()));
            query.items.push(item);
        }
        if let Some(window) = &self.window {
            let alias = if window.alias.trim().is_empty() { "window_start" } else { window.alias.trim() };
            query.items.push(named(&format!("tumble({}, INTERVAL '{}')", window.time, window.size.replace('\'', "")), alias));
            query.groups.push(sql::quote(alias).as_str().into());
        }
        query.items.extend(self.measures.iter().map(|m| named(&m.to_sql(), &m.alias)));
        query.items.extend(self.others.iter().map(|(expr, alias)| named(expr, alias)));
        query.order = self.order.iter().map(|(expr, descending)| Order { expr: expr.as_str().into(), descending: *descending, nulls_first: None }).collect();
        query
    }
}

impl Measure {
    /// The call without its alias.
    pub fn to_sql(&self) -> String {
        let argument = if self.argument.trim().is_empty() { "*" } else { self.argument.trim() };
        let arguments = if self.rest.trim().is_empty() { argument.to_owned() } else { format!("{argument}, {}", self.rest.trim()) };
        let call = match self.aggregate.as_str() {
            "count_distinct" => format!("count(DISTINCT {arguments})"),
            "min_n" => format!("min({arguments})"),
            "max_n" => format!("max({arguments})"),
            name => format!("{name}({arguments})"),
        };
        if self.filter.trim().is_empty() { call } else { format!("{call} FILTER (WHERE {})", self.filter.trim()) }
    }
}

fn parse(text: &str) -> Option<Ast> {
    let clause = Clause::from(text);
    expr::parse(Place { text, clause: &clause }).ok()
}

fn only_args(args: &FunctionArguments) -> Option<(Vec<&FunctionArgExpr>, bool)> {
    let FunctionArguments::List(list) = args else { return None };
    let args = list.args.iter().map(|a| match a {
        FunctionArg::Unnamed(e) => Some(e),
        _ => None,
    });
    Some((args.collect::<Option<_>>()?, list.duplicate_treatment == Some(DuplicateTreatment::Distinct)))
}

/// Time and size of a tumbling window without offset, where the size is written as one text.
fn window(text: &str) -> Option<(String, String)> {
    let Ast::Function(call) = parse(text)? else { return None };
    if !call.name.to_string().eq_ignore_ascii_case("tumble") {
        return None;
    }
    let (args, _) = only_args(&call.args)?;
    let [FunctionArgExpr::Expr(time), FunctionArgExpr::Expr(Ast::Interval(size))] = args[..] else { return None };
    match size.value.as_ref() {
        Ast::Value(v) if size.leading_field.is_none() => match &v.value {
            Value::SingleQuotedString(size) => Some((time.to_string(), size.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// A plain call of one aggregate.
fn measure(text: &str) -> Option<Measure> {
    let Ast::Function(call) = parse(text)? else { return None };
    let (args, distinct) = only_args(&call.args)?;
    let aggregate = aggregate::find_call(&call.name.to_string(), distinct, args.len())?.name;
    if distinct && aggregate != "count_distinct" {
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
    Some(Measure { aggregate: aggregate.to_owned(), argument, rest, filter, alias: String::new() })
}
