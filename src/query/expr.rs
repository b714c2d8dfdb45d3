//! Scalar expressions: parsed with sqlparser, resolved against a schema, evaluated by polars' own SQL.
//! Which expressions are groups, aggregates or windows is left to `plan`.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};

use polars::prelude::*;
use sqlparser::ast::{
    BinaryOperator, CastKind, DataType as SqlType, ExactNumberInfo, Expr as Ast, Ident, Spanned, VisitMut, VisitorMut,
    visit_expressions,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Tokenizer;

use super::moment::{self, Loss};
use super::query::Clause;
use super::scope::Scope;
use super::sql::{offset, point};
use super::steps::{self, Steps};
use super::{limits, parts};
use crate::data::near::nearest;
use crate::data::{Cells, Fault, Reject, Result, time};
use crate::sync::deep;

/// Where a clause stands in the whole text of a question, for errors.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The whole text.
    pub text: &'a str,
    pub clause: &'a Clause,
}

impl Place<'_> {
    /// A fault about the whole clause.
    pub fn fault(&self, what: impl Into<String>) -> Fault {
        self.fault_at(what, 0..self.clause.sql.len())
    }

    /// A fault about some bytes of the clause.
    pub fn fault_at(&self, what: impl Into<String>, span: Range<usize>) -> Fault {
        point(self.text, what, self.clause.at + span.start..self.clause.at + span.end)
    }

    /// A fault about a node of the clause's tree.
    pub fn fault_on(&self, what: impl Into<String>, node: &impl Spanned) -> Fault {
        let span = node.span();
        if span.start.line == 0 {
            return self.fault(what);
        }
        let (start, end) = (offset(&self.clause.sql, span.start), offset(&self.clause.sql, span.end));
        self.fault_at(what, start..closed(&self.clause.sql, start, end))
    }
}

/// The end of a piece of text, moved on to where its call is closed: sqlparser's spans end at the name of a call or at
/// its last argument.
fn closed(sql: &str, start: usize, end: usize) -> usize {
    let depth = |text: &str| text.matches('(').count() as i64 - text.matches(')').count() as i64;
    let mut open = depth(sql.get(start..end).unwrap_or_default());
    let after = sql.get(end..).unwrap_or_default();
    if open <= 0 && !after.starts_with('(') {
        return end;
    }
    for (i, c) in after.char_indices() {
        open += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if open == 0 && c == ')' {
            return end + i + 1;
        }
    }
    end
}

/// Reads a clause as one expression.
pub fn parse(place: Place<'_>) -> Result<Ast> {
    match name(&place.clause.sql) {
        Some(name) => Ok(column(name)),
        None => deep(|| read(place)),
    }
}

/// A quoted name and nothing else: so many columns of a table are written, and they need no parser.
fn name(sql: &str) -> Option<&str> {
    let inner = sql.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.is_empty() && !inner.contains(['"', '\\'])).then_some(inner)
}

fn read(place: Place<'_>) -> Result<Ast> {
    let sql = &place.clause.sql;
    let wrong = |e: ParserError| {
        let text = match e {
            ParserError::TokenizerError(t) | ParserError::ParserError(t) => t,
            ParserError::RecursionLimitExceeded => "this expression is nested too deeply".to_owned(),
        };
        // sqlparser ends its messages with the place, which we show ourselves.
        let (what, at) = match text.rsplit_once(" at Line: ") {
            Some((what, at)) => (what.to_owned(), location(sql, at)),
            None => (text, 0),
        };
        let hint = if what.ends_with("found: EOF") {
            "the expression ends too early: add what is missing"
        } else {
            "check the spelling and the order of words here"
        };
        place.fault_at(what.replace("found: EOF", "found its end"), at..sql.len()).hint(hint)
    };
    let too_much = |(what, hint): limits::Excess| place.fault(what).hint(hint);
    limits::of_text(sql).map_err(too_much)?;
    let tokens = Tokenizer::new(&GenericDialect, sql).tokenize_with_location().map_err(|e| wrong(e.into()))?;
    limits::of_tokens(&tokens).map_err(too_much)?;
    let mut parser = Parser::new(&GenericDialect).with_tokens_with_locations(tokens);
    let mut ast = parser.parse_expr().map_err(wrong)?;
    limits::of_tree(&mut ast, limits::STEPS).map_err(too_much)?;
    let rest = parser.peek_token();
    if rest.token != sqlparser::tokenizer::Token::EOF {
        let at = offset(sql, rest.span.start)..sql.len();
        return Err(place
            .fault_at(format!("'{}' is not expected here", rest.token), at)
            .hint("is an operator or a comma missing before it?"));
    }
    Ok(ast)
}

/// `3, Column: 14` as a byte offset.
pub(super) fn location(sql: &str, text: &str) -> usize {
    let numbers: Vec<u64> = text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    match numbers[..] {
        [line, column] => offset(sql, sqlparser::tokenizer::Location { line, column }),
        _ => 0,
    }
}

/// The column of `schema` that an identifier means: quoted names exactly, others without regard to case.
pub fn find_column<'s>(schema: &'s Schema, ident: &Ident) -> Option<&'s PlSmallStr> {
    let exact = schema.get_full(&ident.value).map(|(_, name, _)| name);
    if exact.is_some() || ident.quote_style.is_some() {
        return exact;
    }
    let lower = ident.value.to_lowercase();
    schema.iter_names().find(|n| n.to_lowercase() == lower)
}

/// A column name as an identifier that no dialect misreads.
pub fn column(name: &str) -> Ast {
    Ast::Identifier(Ident { value: name.to_owned(), quote_style: Some('"'), span: sqlparser::tokenizer::Span::empty() })
}

/// `table.column` becomes the column's name.
pub fn unqualify(expr: &mut Ast, table: &Scope) {
    table.unqualify(expr);
}

/// True when a division or a remainder stands anywhere in the expression.
pub fn divides(expr: &Ast) -> bool {
    let divides = |e: &Ast| {
        matches!(
            e,
            Ast::BinaryOp {
                op: BinaryOperator::Divide | BinaryOperator::Modulo | BinaryOperator::DuckIntegerDivide,
                ..
            }
        )
    };
    visit_expressions(expr, |e| if divides(e) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }).is_break()
}

/// Rewrites a tree from the top down, stopping at the first fault.
pub fn rewrite(tree: &mut impl VisitMut, step: impl FnMut(&mut Ast) -> Result<()>) -> Result<()> {
    struct Walker<F>(F);
    impl<F: FnMut(&mut Ast) -> Result<()>> VisitorMut for Walker<F> {
        type Break = Fault;
        fn pre_visit_expr(&mut self, expr: &mut Ast) -> ControlFlow<Fault> {
            match (self.0)(expr) {
                Ok(()) => ControlFlow::Continue(()),
                Err(fault) => ControlFlow::Break(fault),
            }
        }
    }
    match VisitMut::visit(tree, &mut Walker(step)) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(fault) => Err(fault),
    }
}

/// Replaces names by the exact, quoted names of `schema`'s columns, and says which ones were used.
pub fn resolve(expr: &mut Ast, schema: &Schema, table: &Scope, place: Place<'_>) -> Result<BTreeSet<PlSmallStr>> {
    let mut used = BTreeSet::new();
    rewrite(expr, |node| {
        unqualify(node, table);
        if let Ast::CompoundIdentifier(parts) = &*node
            && let [qualifier, _] = parts.as_slice()
            && table.find(schema, qualifier).is_none()
        {
            return Err(place
                .fault_on(format!("there is no table '{}' here", qualifier.value), node)
                .hint("name a table of FROM, or its alias"));
        }
        if let Ast::Identifier(ident) = &*node {
            if ident.quote_style.is_none() && table.is_ambiguous(ident) {
                return Err(place.fault_on(format!("both tables have a column '{}'", ident.value), node).hint(
                    format!("say which: {0}.{2} or {1}.{2}", table.first_name(), table.joined_name(), ident.value),
                ));
            }
            let name = table.find(schema, ident).ok_or_else(|| unknown_column(schema, ident, place))?;
            used.insert(name.clone());
            let named = column(name);
            *node = named;
        }
        if matches!(node, Ast::Subquery(_) | Ast::InSubquery { .. } | Ast::Exists { .. }) {
            return Err(place.fault("sub-queries are not understood").hint("ask them as a question of their own"));
        }
        Ok(())
    })?;
    Ok(used)
}

pub fn unknown_column(schema: &Schema, ident: &Ident, place: Place<'_>) -> Fault {
    let names: Vec<&str> = schema.iter_names().map(|n| n.as_str()).collect();
    let fault = place.fault_on(format!("there is no column '{}'", ident.value), &Ast::Identifier(ident.clone()));
    match nearest(&ident.value, &names) {
        Some(near) => fault.hint(format!("did you mean '{near}'?")),
        None => fault.hint(format!("the columns are {}", shorten(&names))),
    }
}

fn shorten(names: &[&str]) -> String {
    let shown: Vec<&str> = names.iter().copied().take(12).collect();
    if names.len() > shown.len() {
        format!("{} and {} more", shown.join(", "), names.len() - shown.len())
    } else {
        shown.join(", ")
    }
}

/// A resolved expression in polars' form.
pub fn to_polars(expr: &Ast, place: Place<'_>) -> Result<Expr> {
    to_polars_telling(expr, place, &mut Vec::new())
}

/// The same; where it loses a time is added to `losses`.
pub(super) fn to_polars_telling(expr: &Ast, place: Place<'_>, losses: &mut Vec<Loss>) -> Result<Expr> {
    let (bare, parts) = parts::take_out(expr, place, losses)?;
    let parsed = sql_expr(&bare.to_string()).map_err(|e| {
        let what = Fault::from(e).what;
        match visit_expressions(expr, |node| unknown_call(node, &what)).break_value() {
            Some((name, node)) => unknown_function(&name, &node, place),
            None if what.starts_with("unable to parse") => place
                .fault("this is nested too deeply")
                .hint("take out parentheses that change nothing, or calculate in steps, in sub-questions"),
            None => place.fault(what).hint("check the names and types in this expression"),
        }
    })?;
    Ok(parts::put_in(parsed, &parts))
}

/// polars goes as deep as the expression, and does not look whether there is room.
fn sql_expr(sql: &str) -> PolarsResult<Expr> {
    // It panics on some: an interval without a unit, say.
    let read = crate::sync::caught(|| deep(|| polars::sql::sql_expr(sql)));
    read.unwrap_or_else(|_| Err(polars_err!(InvalidOperation: "this expression cannot be read")))
}

/// Functions that polars knows and that make one value of many rows: none of ours, and no scalar functions either.
const OTHER_AGGREGATES: &[&str] = &[
    "string_agg",
    "array_agg",
    "listagg",
    "group_concat",
    "first_value",
    "last_value",
    "quantile_disc",
    "percentile_cont",
    "percentile_disc",
];

/// Complains about an aggregate of other dialects.
fn check_aggregates(expr: &Ast, place: Place<'_>) -> Result<()> {
    let other = visit_expressions(expr, |node| match node {
        Ast::Function(call)
            if call.over.is_none() && OTHER_AGGREGATES.contains(&call.name.to_string().to_lowercase().as_str()) =>
        {
            ControlFlow::Break((call.name.to_string(), node.clone()))
        }
        _ => ControlFlow::Continue(()),
    });
    match other.break_value() {
        Some((name, node)) => Err(unknown_function(&name, &node, place)),
        None => Ok(()),
    }
}

/// Complains about a call of a function that polars' SQL does not have.
pub fn check_function(call: &Ast, place: Place<'_>) -> Result<()> {
    let mut said = call.clone();
    super::dialect::translate(&mut said, place.clause.sql.len())
        .map_err(|(what, hint)| place.fault_on(what, call).hint(hint))?;
    let (_, last) = steps::cut(&said);
    let (bare, _) = parts::take_out(&last, place, &mut Vec::new())?;
    let complaint = sql_expr(&bare.to_string()).err().map(|e| Fault::from(e).what);
    match complaint.and_then(|what| unknown_call(call, &what).break_value()) {
        Some((name, node)) => Err(unknown_function(&name, &node, place)),
        None => Ok(()),
    }
}

/// The call that polars complains about.
fn unknown_call(node: &Ast, complaint: &str) -> ControlFlow<(String, Ast)> {
    match node {
        Ast::Function(call) if complaint.contains(&format!("'{}'", call.name.to_string().to_lowercase())) => {
            ControlFlow::Break((call.name.to_string(), node.clone()))
        }
        _ => ControlFlow::Continue(()),
    }
}

fn unknown_function(name: &str, node: &Ast, place: Place<'_>) -> Fault {
    const SCALARS: &[&str] = &[
        "tumble",
        "hop",
        "session",
        "abs",
        "round",
        "floor",
        "ceil",
        "sqrt",
        "log",
        "exp",
        "upper",
        "lower",
        "length",
        "substr",
        "replace",
        "concat",
        "coalesce",
        "nullif",
        "date_part",
        "date_trunc",
        "strftime",
        "predict",
        "predict_proba",
    ];
    let aggregates = super::aggregate::AGGREGATES.iter().flat_map(|a| a.aliases.iter().copied().chain([a.name]));
    let names: Vec<&str> = aggregates.chain(SCALARS.iter().copied()).collect();
    let fault = place.fault_on(format!("there is no function '{name}'"), node);
    match nearest(name, &names) {
        Some(near) => fault.hint(format!("did you mean {near}?")),
        None => fault.hint("the aggregates are those of 'braid aggregates', scalar functions those of polars' SQL"),
    }
}

/// A scalar over the columns of a frame: a column as it stands where it is nothing more.
#[derive(Clone, Debug)]
pub enum Scalar {
    Column(PlSmallStr),
    Computed(Box<Computed>),
}

/// An expression that polars evaluates.
#[derive(Clone, Debug)]
pub struct Computed {
    steps: Steps,
    /// The same in doubles, where whole numbers are calculated with: it shows where 64 bits would wrap.
    wide: Option<Steps>,
    /// The columns that it reads.
    columns: Vec<PlSmallStr>,
    /// As written, for errors.
    sql: String,
}

impl Computed {
    /// The columns of `frame` that it reads.
    fn read(&self, frame: &DataFrame) -> Result<DataFrame> {
        let read = self.columns.iter().map(|name| Ok(frame.column(name)?.clone())).collect::<Result<Vec<_>>>()?;
        Ok(DataFrame::new(frame.height(), read)?)
    }

    fn of(&self, frame: &DataFrame) -> Result<Column> {
        let read = self.read(frame)?;
        let column = self.steps.of(&read)?;
        if let Some(wide) = &self.wide {
            let wide = wide.of(&read)?.cast(&DataType::Float64)?;
            if wide.f64()?.iter().flatten().any(|x| x.abs() >= TOO_WIDE) {
                return Err(Fault::new("a whole number does not fit into 64 bits")
                    .at(self.sql.clone())
                    .hint("calculate with decimal numbers: CAST(… AS DOUBLE)"));
            }
        }
        Ok(column)
    }
}

/// 2^63: where whole numbers of 64 bits wrap.
const TOO_WIDE: f64 = 9_223_372_036_854_775_808.0;

/// True when whole numbers may outgrow their operands in this expression.
fn calculates(expr: &Ast) -> bool {
    use BinaryOperator as Op;
    let grows = |e: &Ast| match e {
        Ast::BinaryOp { op: Op::Plus | Op::Minus | Op::Multiply, .. } => true,
        Ast::Function(call) => matches!(call.name.to_string().to_lowercase().as_str(), "abs" | "pow" | "power"),
        _ => false,
    };
    visit_expressions(expr, |e| if grows(e) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }).is_break()
}

/// The expression with every column of whole numbers as doubles.
fn in_doubles(expr: &Ast, schema: &Schema, place: Place<'_>) -> Option<Steps> {
    let mut wide = expr.clone();
    let _ = sqlparser::ast::visit_expressions_mut(&mut wide, |node| {
        if let Ast::Identifier(ident) = node
            && schema.get(&ident.value).is_some_and(DataType::is_integer)
        {
            *node = Ast::Cast {
                kind: CastKind::Cast,
                expr: Box::new(node.clone()),
                data_type: SqlType::Double(ExactNumberInfo::None),
                array: false,
                format: None,
            };
        }
        ControlFlow::<()>::Continue(())
    });
    Steps::new(&wide, place).ok()
}

/// The type of an expression in polars' words, where it has one; `column` knows those of columns.
pub fn type_of(expr: &Ast, column: &dyn Fn(&str) -> Option<DataType>, place: Place<'_>) -> Option<DataType> {
    if let Ast::Identifier(ident) = expr {
        return column(&ident.value);
    }
    let read = read_by(expr, column);
    let value = Steps::new(expr, place).ok()?.of(&DataFrame::empty_with_schema(&read)).ok()?;
    Some(value.dtype().clone())
}

/// The columns that a resolved expression reads.
fn read_by(expr: &Ast, column: &dyn Fn(&str) -> Option<DataType>) -> Schema {
    let mut read = Schema::default();
    let _ = visit_expressions(expr, |node| {
        if let Ast::Identifier(ident) = node
            && !read.contains(&ident.value)
            && let Some(dtype) = column(&ident.value)
        {
            read.insert(ident.value.as_str().into(), dtype);
        }
        ControlFlow::<()>::Continue(())
    });
    read
}

impl Scalar {
    /// Binds a resolved expression to `schema`; its type comes with it.
    pub fn bind(expr: &Ast, schema: &Schema, place: Place<'_>) -> Result<(Self, DataType)> {
        deep(|| Self::bind_here(expr, schema, place))
    }

    fn bind_here(expr: &Ast, schema: &Schema, place: Place<'_>) -> Result<(Self, DataType)> {
        if let Ast::Identifier(ident) = expr
            && let Some(dtype) = schema.get(&ident.value)
        {
            return Ok((Self::Column(ident.value.as_str().into()), dtype.clone()));
        }
        check_aggregates(expr, place)?;
        let mut timed = expr.clone();
        super::dialect::translate(&mut timed, place.clause.sql.len())
            .map_err(|(what, hint)| place.fault(what).hint(hint))?;
        super::types::settle(&mut timed, schema, place)?;
        moment::mark(&mut timed, schema)?;
        let steps = Steps::new(&timed, place)?;
        let read = read_by(&timed, &|name| schema.get(name).cloned());
        let empty = DataFrame::empty_with_schema(&read);
        let typed =
            steps.of(&empty).map_err(|e| place.fault(e.what).hint("check the names and types in this expression"))?;
        let dtype = typed.dtype().clone();
        let wide = if dtype.is_integer() && calculates(&timed) {
            in_doubles(&timed, schema, place).filter(|wide| wide.of(&empty).is_ok())
        } else {
            None
        };
        let columns = read.iter_names().cloned().collect();
        let computed = Computed { steps, wide, columns, sql: place.clause.sql.clone() };
        Ok((Self::Computed(Box::new(computed)), dtype))
    }

    /// The columns that it reads.
    pub fn columns(&self) -> &[PlSmallStr] {
        match self {
            Self::Column(name) => std::slice::from_ref(name),
            Self::Computed(computed) => &computed.columns,
        }
    }

    /// One value a row of `frame`.
    pub fn of(&self, frame: &DataFrame) -> Result<Column> {
        match self {
            Self::Column(name) => Ok(frame.column(name)?.clone()),
            Self::Computed(computed) => computed.of(frame),
        }
    }
}

impl Scalar {
    /// Adds to `cells` where `column`, the values for `frame`, is null because a time left the range: by row, from 1.
    ///
    /// # Errors
    /// What polars says while it looks.
    pub fn tell_losses(&self, frame: &DataFrame, column: &Column, cells: &mut Cells) -> Result<()> {
        let Self::Computed(computed) = self else { return Ok(()) };
        let losses = computed.steps.losses();
        if losses.is_empty() || column.null_count() == 0 {
            return Ok(());
        }
        let (mut seen, nulls) = (vec![false; frame.height()], column.is_null());
        let frame = &computed.steps.before(&computed.read(frame)?)?;
        for loss in losses {
            let lost = evaluate(frame, &loss.lost)?;
            let rows = lost.bool()?.iter().zip(nulls.iter()).enumerate();
            let rows: Vec<usize> = rows
                .filter(|(_, (lost, null))| *lost == Some(true) && *null == Some(true))
                .map(|(row, _)| row)
                .collect();
            if rows.is_empty() {
                continue;
            }
            let value = evaluate(frame, &loss.value)?;
            for row in rows {
                if let Some(seen) = seen.get_mut(row).filter(|seen| !**seen) {
                    *seen = true;
                    tell_loss(&computed.sql, row, &value.get(row)?, cells);
                }
            }
        }
        Ok(())
    }
}

/// Adds a row to `cells` whose value a time had made leave the range.
pub fn tell_loss(sql: &str, row: usize, value: &AnyValue<'_>, cells: &mut Cells) {
    let column = PlSmallStr::from(sql);
    cells.push(&column, || {
        let text = time::value_text(value).unwrap_or_else(|| value.to_string());
        Reject::new(&"".into(), row as u64 + 1, format!("{sql}: '{text}' leaves the range of time"), text.as_bytes())
    });
}

/// Evaluates an expression over a frame; a constant is repeated for every row.
pub fn evaluate(frame: &DataFrame, expr: &Expr) -> Result<Column> {
    const NAME: &str = "__value";
    let height = frame.height();
    if frame.width() == 0 {
        // polars has no rows without columns: give it one to count by.
        let counted = DataFrame::new(height, vec![Column::full_null("__row".into(), height, &DataType::Boolean)])?;
        return evaluate(&counted, expr);
    }
    let out = frame.clone().lazy().with_columns([expr.clone().alias(NAME)]).select([col(NAME)]).collect()?;
    Ok(out.column(NAME)?.clone())
}

/// The rows for which a Boolean scalar is true (null is not).
pub fn keep(scalar: &Scalar, frame: &DataFrame) -> Result<BooleanChunked> {
    let column = scalar.of(frame)?;
    let mask = column.bool()?;
    Ok(if mask.null_count() > 0 { mask.fill_null_with_values(false)? } else { mask.clone() })
}
