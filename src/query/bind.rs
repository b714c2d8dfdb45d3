//! Binding: the clauses of a question become keys, aggregate calls and expressions over them, or a fault that points at
//! the place. What a bound question is stands in `plan`.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::mem::{Discriminant, discriminant};

use polars::prelude::*;
use sqlparser::ast::{Expr as Ast, Function, Value};

use super::call::{aggregate_of, find_aggregate};
use super::expr::{self, Scalar};
use super::finish::{Finish, OrderBy};
use super::keys::{Keys, MOST};
use super::over;
use super::plan::{Call, END, Key, call_name, key_name};
use super::query::{Clause, Item, Query};
use super::rows::{Value as RowValue, value_name};
use super::scope::Scope;
use super::score::Scorer;
use super::sql::span::Place;
use super::window::{Window, WindowCall, is_window, micros_of, window_call};
use crate::data::Result;
use crate::data::format::Commas;

/// What is known while a question is bound: its keys and calls so far.
pub(super) struct Binder<'a> {
    pub(super) text: &'a str,
    pub(super) schema: &'a SchemaRef,
    pub(super) scorer: &'a Scorer<'a>,
    pub(super) table: &'a Scope,
    /// The table's event-time column.
    pub(super) time: Option<&'a str>,
    /// Columns of text whose values are numbers with commas.
    pub(super) commas: &'a [(PlSmallStr, Commas)],
    pub(super) used: BTreeSet<PlSmallStr>,
    pub(super) keys: Vec<Key>,
    pub(super) calls: Vec<Call>,
    /// Where rows are shown instead of groups: the values of a row that are kept.
    pub(super) rows: bool,
    pub(super) values: Vec<RowValue>,
    /// Window functions over the answer, and where each stood.
    pub(super) overs: Vec<(over::Read, Clause)>,
    /// Alias (lower case), rewritten expression: what ORDER BY and HAVING may name.
    pub(super) outputs: HashMap<String, Ast>,
    /// Where the keys, calls and values stand that these expressions are.
    pub(super) known: Known,
}

/// What was bound so far, by its expression.
#[derive(Default)]
pub(super) struct Known {
    keys: HashMap<Ast, usize>,
    /// The kinds of expression that are keys.
    kinds: HashSet<Discriminant<Ast>>,
    pub(super) calls: HashMap<Ast, usize>,
    values: HashMap<Ast, usize>,
}

impl<'a> Binder<'a> {
    pub(super) fn place<'c>(&self, clause: &'c Clause) -> Place<'c>
    where
        'a: 'c,
    {
        Place { text: self.text, clause }
    }

    /// Reads a clause; scores of models are columns from here on.
    fn parse(&self, place: Place<'_>) -> Result<Ast> {
        let mut ast = expr::parse(place)?;
        self.scorer.name(&mut ast, place)?;
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
                .fault(format!("{word} needs a condition, and this is {}", super::window::type_word(&dtype)))
                .hint("compare it with something, such as distance > 200"));
        }
        Ok(scalar)
    }

    pub(super) fn bind_keys(&mut self, query: &Query) -> Result<()> {
        for clause in &query.groups {
            let place = self.place(clause);
            let ast = self.parse(place)?;
            if matches!(&ast, Ast::Identifier(i) if i.quote_style.is_none() && i.value.eq_ignore_ascii_case("all"))
                && super::scope::find_column(self.schema, &sqlparser::ast::Ident::new("all")).is_none()
            {
                for item in &query.items {
                    let ast = self.parse(self.place(&item.expr))?;
                    if find_aggregate(&ast).is_none() {
                        self.bind_key(&item.expr.clone(), ast)?;
                    }
                }
                continue;
            }
            // A name means the input column first, then the alias, as in PostgreSQL and DuckDB; a number, the item.
            let item = match &ast {
                Ast::Identifier(ident) if self.table.find(self.schema, ident).is_none() => {
                    let named = |alias: &String| {
                        if ident.quote_style.is_some() {
                            *alias == ident.value
                        } else {
                            alias.eq_ignore_ascii_case(&ident.value)
                        }
                    };
                    query.items.iter().find(|i| i.alias.as_ref().is_some_and(named))
                }
                Ast::Value(v) => match &v.value {
                    Value::Number(n, _) => {
                        let item = n.parse::<usize>().ok().and_then(|n| query.items.get(n.wrapping_sub(1)));
                        Some(item.ok_or_else(|| {
                            place
                                .fault(format!("there is no item {n} in the SELECT list"))
                                .hint(format!("it has {} items", query.items.len()))
                        })?)
                    }
                    _ => None,
                },
                _ => None,
            };
            match item {
                Some(item) => {
                    let ast = self.parse(self.place(&item.expr))?;
                    self.bind_key(&item.expr.clone(), ast)?;
                }
                None => self.bind_key(clause, ast)?,
            }
        }
        Ok(())
    }

    fn bind_key(&mut self, clause: &Clause, mut ast: Ast) -> Result<()> {
        let place = self.place(clause);
        if let Some(call) = find_aggregate(&ast) {
            return Err(place
                .fault_on("rows cannot be grouped by an aggregate", &call)
                .hint("group by columns, windows or expressions of them"));
        }
        let window = window_call(&ast, place)?;
        self.used.extend(expr::resolve(&mut ast, self.schema, self.table, place)?);
        if self.known.keys.contains_key(&ast) {
            return Ok(());
        }
        let key = match window {
            Some(call) => {
                if self.keys.iter().any(|k| k.window.is_some()) {
                    return Err(place.fault("rows are grouped by two windows, and a question has one").hint(
                        "ask the second as a question of its own, or group by date_trunc('hour', time) beside the \
                         window",
                    ));
                }
                let window = self.bind_window(call, place)?;
                Key {
                    scalar: window.time.clone(),
                    dtype: DataType::Datetime(TimeUnit::Microseconds, None),
                    window: Some(window),
                }
            }
            None => {
                let (scalar, dtype) = Scalar::bind(&ast, self.schema, place)?;
                Keys::new(&[(clause.sql.as_str().into(), dtype.clone())])
                    .map_err(|f| place.fault(f.what).hint(f.hint))?;
                Key { scalar, dtype, window: None }
            }
        };
        if self.keys.len() == MOST {
            return Err(place
                .fault(format!("rows are grouped by more than {MOST} columns"))
                .hint("group by fewer, or put some together with concat"));
        }
        self.known.kinds.insert(discriminant(&ast));
        self.known.keys.insert(ast, self.keys.len());
        self.keys.push(key);
        Ok(())
    }

    fn bind_window(&self, call: WindowCall, place: Place<'_>) -> Result<Window> {
        let mut time = call.time;
        expr::resolve(&mut time, self.schema, self.table, place)?;
        let (scalar, dtype) = Scalar::bind(&time, self.schema, place)?;
        micros_of(&Column::full_null(time.to_string().trim_matches('"').into(), 0, &dtype))
            .map_err(|f| place.fault(f.what).hint(f.hint))?;
        Ok(Window { time: scalar, kind: call.kind, sql: place.clause.sql.clone() })
    }

    pub(super) fn bind_finish(&mut self, query: &Query) -> Result<Finish> {
        let mut rewritten = Vec::new();
        // Window functions may name the other items, so those come first.
        let windowed = |item: &Item| item.expr.sql.to_uppercase().contains("OVER");
        let mut places: Vec<usize> = (0..query.items.len()).collect();
        places.sort_by_cached_key(|i| query.items.get(*i).is_some_and(windowed));
        for (place, item) in places.iter().filter_map(|i| query.items.get(*i).map(|item| (*i, item))) {
            if item.expr.sql == "*" {
                return Err(self
                    .place(&item.expr)
                    .fault("* stands for all columns, and an answer has groups and aggregates")
                    .hint("name the columns you group by, and add aggregates"));
            }
            let mut ast = self.parse(self.place(&item.expr))?;
            let source = ast.clone();
            self.rewrite_output(&mut ast, &item.expr, false)?;
            let name = item.alias.clone().unwrap_or_else(|| plain_name(&item.expr.sql));
            // Of rows an alias stands for what was written, of groups for what is kept.
            self.outputs
                .entry(name.to_lowercase())
                .or_insert_with(|| if self.rows { source.clone() } else { ast.clone() });
            rewritten.push((place, name, ast, &item.expr, expr::divides(&source)));
        }
        rewritten.sort_by_key(|(place, ..)| *place);
        let having =
            query.having.as_ref().map(|clause| self.output_expr(clause, true).map(|ast| (ast, clause))).transpose()?;
        let qualify =
            query.qualify.as_ref().map(|clause| self.output_expr(clause, true).map(|ast| (ast, clause))).transpose()?;
        let mut order = Vec::new();
        for by in &query.order {
            let position = by.expr.sql.parse::<usize>().ok();
            let ast = match position {
                Some(n) => {
                    let output = rewritten.get(n.wrapping_sub(1)).map(|(_, _, ast, ..)| ast.clone());
                    output.ok_or_else(|| {
                        self.place(&by.expr)
                            .fault(format!("there is no item {n} in the SELECT list"))
                            .hint(format!("it has {} items", query.items.len()))
                    })?
                }
                None => self.output_expr(&by.expr, true)?,
            };
            order.push((ast, by));
        }

        // Everything is rewritten to keys and aggregates now, so their types are known.
        let mut kept = self.kept_schema();
        let groups = kept.clone();
        let mut overs = Vec::new();
        for (i, (read, clause)) in std::mem::take(&mut self.overs).into_iter().enumerate() {
            let call = read.bind(&groups, self.place(&clause))?;
            kept.insert(over::name(i), call.dtype.clone());
            overs.push(call);
        }
        let mut items: Vec<(PlSmallStr, Scalar)> = Vec::with_capacity(rewritten.len());
        let mut names = Names::default();
        let mut divisions = Vec::new();
        for (_, name, ast, clause, divides) in rewritten {
            let (scalar, _) = Scalar::bind(&ast, &kept, self.place(clause))?;
            let unique = names.unique(&name);
            if divides {
                divisions.push(unique.clone());
            }
            items.push((unique, scalar));
        }
        let having = having.map(|(ast, clause)| self.verdict(&ast, clause, "HAVING", &groups)).transpose()?;
        let qualify = qualify.map(|(ast, clause)| self.verdict(&ast, clause, "QUALIFY", &kept)).transpose()?;
        let mut order_by = Vec::new();
        for (ast, by) in order {
            let (scalar, _) = Scalar::bind(&ast, &kept, self.place(&by.expr))?;
            order_by.push(OrderBy { scalar, descending: by.descending, nulls_first: by.nulls_first.unwrap_or(false) });
        }
        Ok(Finish {
            having,
            overs,
            qualify,
            items,
            order: order_by,
            limit: query.limit,
            offset: query.offset.unwrap_or(0),
            distinct: query.distinct,
            divisions,
        })
    }

    /// A condition over what is kept.
    fn verdict(&self, ast: &Ast, clause: &Clause, word: &str, kept: &Schema) -> Result<Scalar> {
        let (scalar, dtype) = Scalar::bind(ast, kept, self.place(clause))?;
        if !matches!(dtype, DataType::Boolean | DataType::Null) {
            return Err(self
                .place(clause)
                .fault(format!("{word} needs a condition, and this is {}", super::window::type_word(&dtype)))
                .hint("compare it with something, such as count(*) > 10"));
        }
        Ok(scalar)
    }

    fn output_expr(&mut self, clause: &Clause, aliases: bool) -> Result<Ast> {
        let mut ast = self.parse(self.place(clause))?;
        self.rewrite_output(&mut ast, clause, aliases)?;
        Ok(ast)
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
        keys.chain(calls).chain(values).chain(end).collect()
    }

    /// The kept value of a row that an expression of its columns means.
    pub(super) fn bind_value(&mut self, mut ast: Ast, place: Place<'_>) -> Result<Ast> {
        let used = expr::resolve(&mut ast, self.schema, self.table, place)?;
        if let Some(i) = self.known.values.get(&ast) {
            return Ok(expr::column(&value_name(*i)));
        }
        let (scalar, dtype) = Scalar::bind(&ast, self.schema, place)?;
        self.used.extend(used);
        self.known.values.insert(ast, self.values.len());
        self.values.push(RowValue { scalar, dtype });
        Ok(expr::column(&value_name(self.values.len() - 1)))
    }

    /// Rewrites an expression over rows: window functions become columns of the answer, the rest values that are kept.
    fn rewrite_row(&mut self, ast: &mut Ast, place: Place<'_>, aliases: bool) -> Result<()> {
        if aliases {
            let alone = matches!(ast, Ast::Identifier(_));
            expr::rewrite(ast, |node| {
                let Ast::Identifier(ident) = &*node else { return Ok(()) };
                let lower = ident.value.to_lowercase();
                // Alone a name is the item, inside an expression the column first, as in PostgreSQL.
                let column = !alone && self.table.find(self.schema, ident).is_some();
                if !column
                    && let Some(source) = self.outputs.get(&lower)
                    && source != node
                {
                    *node = Ast::Nested(Box::new(source.clone()));
                }
                Ok(())
            })?;
        }
        if let Ast::Nested(inner) = ast
            && matches!(inner.as_ref(), Ast::Identifier(_) | Ast::Nested(_) | Ast::CompoundIdentifier(_))
        {
            *ast = (**inner).clone();
        }
        let mut windows = false;
        expr::rewrite(ast, |node| {
            windows |= matches!(node, Ast::Function(f) if f.over.is_some());
            if let Ast::Function(function) = &*node {
                let name = function.name.to_string();
                if is_window(&name) {
                    return Err(place
                        .fault_on("rows are not grouped by this window", node)
                        .hint("give it an alias, add that to GROUP BY, and add aggregates"));
                }
                if function.over.is_none() {
                    expr::check_function(node, place)?;
                }
            }
            Ok(())
        })?;
        if !windows {
            *ast = self.bind_value(ast.clone(), place)?;
            return Ok(());
        }
        expr::rewrite(ast, |node| {
            if let Ast::Function(function) = &*node
                && function.over.is_some()
            {
                *node = self.bind_over(&function.clone(), &node.clone(), place)?;
            } else if is_column(node) {
                *node = self.bind_value(node.clone(), place)?;
            }
            Ok(())
        })
    }

    /// The column that a window function's values will be in.
    fn bind_over(&mut self, function: &Function, node: &Ast, place: Place<'_>) -> Result<Ast> {
        let mut read = over::Read::new(function, node, place)?;
        for part in read.args.iter_mut().chain(&mut read.partition).chain(read.order.iter_mut().map(|(ast, ..)| ast)) {
            if over::is_in(part) {
                return Err(place
                    .fault_on("a window function cannot stand inside a window function", node)
                    .hint("use one of them"));
            }
            self.rewrite_output(part, place.clause, true)?;
        }
        let known = self.overs.iter().position(|(other, _)| other.same(&read));
        let i = known.unwrap_or(self.overs.len());
        if known.is_none() {
            self.overs.push((read, place.clause.clone()));
        }
        Ok(expr::column(&over::name(i)))
    }

    /// Rewrites an expression of the answer: groups, windows and aggregates become columns of the kept frame.
    fn rewrite_output(&mut self, ast: &mut Ast, clause: &Clause, aliases: bool) -> Result<()> {
        let place = Place { text: self.text, clause };
        if self.rows {
            return self.rewrite_row(ast, place, aliases);
        }
        expr::rewrite(ast, |node| {
            expr::unqualify(node, self.table);
            if let Some(column) = self.as_key(node, aliases) {
                *node = column;
                return Ok(());
            }
            if let Ast::Function(function) = &*node {
                if function.over.is_some() {
                    *node = self.bind_over(&function.clone(), &node.clone(), place)?;
                    return Ok(());
                }
                if let Some((aggregate, distinct)) = aggregate_of(function) {
                    *node = self.bind_call(aggregate, distinct, function, node, place)?;
                    return Ok(());
                }
                let name = function.name.to_string();
                if is_window(&name) {
                    window_call(node, place)?;
                    return Err(place
                        .fault_on("this window is selected but rows are not grouped by it", node)
                        .hint("give it an alias and add that to GROUP BY"));
                }
                expr::check_function(node, place)?;
            }
            if let Ast::Identifier(ident) = &*node {
                return Err(match self.table.find(self.schema, ident) {
                    Some(name) if ident.value.starts_with("__") => place
                        .fault(format!("'{name}' begins with two underscores, which Braid keeps for itself"))
                        .hint("rename the column"),
                    Some(name) => place
                        .fault_on(format!("'{name}' is neither grouped by nor inside an aggregate"), node)
                        .hint(format!("add {name} to GROUP BY, or write min({name})")),
                    None if !ident.value.starts_with("__") => expr::unknown_column(self.schema, ident, place),
                    None => return Ok(()),
                });
            }
            Ok(())
        })
    }

    /// The kept column that a node means: an alias, a group, or a bound of the window.
    fn as_key(&self, node: &Ast, aliases: bool) -> Option<Ast> {
        let kept = if self.known.kinds.contains(&discriminant(node)) { self.key_of(node) } else { None };
        if kept.is_some() {
            return kept;
        }
        let Ast::Identifier(ident) = node else { return None };
        let lower = ident.value.to_lowercase();
        if aliases && let Some(ast) = self.outputs.get(&lower) {
            return Some(Ast::Nested(Box::new(ast.clone())));
        }
        let window = self.keys.iter().position(|k| k.window.is_some())?;
        match lower.as_str() {
            "window_start" => Some(expr::column(&key_name(window))),
            "window_end" => Some(expr::column(END)),
            _ => None,
        }
    }

    /// The kept column of the key that a node is.
    fn key_of(&self, node: &Ast) -> Option<Ast> {
        let mut resolved = node.clone();
        let mut known = true;
        // Names that are not columns leave the node as it is: it may be an alias or a bound of the window.
        let _ = expr::rewrite(&mut resolved, |n| {
            expr::unqualify(n, self.table);
            if let Ast::Identifier(ident) = n {
                match self.table.find(self.schema, ident) {
                    Some(name) => *n = expr::column(name),
                    None => known = false,
                }
            }
            Ok(())
        });
        let place = if known { self.known.keys.get(&resolved) } else { None };
        place.map(|i| expr::column(&key_name(*i)))
    }
}

/// What an item without alias is called: a column by its name, anything else by its text.
fn plain_name(sql: &str) -> String {
    let unquoted = sql.strip_prefix('"').and_then(|s| s.strip_suffix('"')).filter(|s| !s.contains('"'));
    unquoted
        .unwrap_or_else(|| {
            sql.rsplit('.')
                .next()
                .filter(|last| {
                    !last.is_empty()
                        && sql.split('.').count() == 2
                        && sql.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
                })
                .unwrap_or(sql)
        })
        .to_owned()
}

/// The names given so far, and where to go on counting for items of the same name.
#[derive(Default)]
struct Names {
    taken: HashSet<PlSmallStr>,
    next: HashMap<String, usize>,
}

impl Names {
    /// `n`, `n_1`, `n_2` … for items of the same name.
    fn unique(&mut self, name: &str) -> PlSmallStr {
        let free = |n: &str, taken: &HashSet<PlSmallStr>| n != super::finish::STATUS && !taken.contains(n);
        let mut unique = PlSmallStr::from(name);
        if !free(&unique, &self.taken) {
            let next = self.next.entry(name.to_owned()).or_insert(1);
            loop {
                unique = format!("{name}_{next}").into();
                *next += 1;
                if free(&unique, &self.taken) {
                    break;
                }
            }
        }
        self.taken.insert(unique.clone());
        unique
    }
}

/// Whether it names a column of the table; names that the binder made are bound already.
fn is_column(ast: &Ast) -> bool {
    match ast {
        Ast::Identifier(name) => !name.value.starts_with("__win") && !name.value.starts_with("__val"),
        other => matches!(other, Ast::CompoundIdentifier(_)),
    }
}
