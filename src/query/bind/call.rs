//! One aggregate call bound: what it takes of each row, its constant parameters and its FILTER.

use std::collections::BTreeSet;

use polars::prelude::*;
use sqlparser::ast::{
    CastKind, DataType as SqlType, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, Ident, NullTreatment, ObjectName, OrderByExpr, OrderByOptions, UnaryOperator, Value,
};

use super::aggregates::{aggregate_of, find_aggregate};
use super::binder::Binder;
use crate::data::format::Commas;
use crate::data::{Fault, Hint, Result};
use crate::query::aggregate::{self, Aggregate, Distinct, Parameter};
use crate::query::aggregate_call::{AggregateCall, CallOrder};
use crate::query::expr::{self, Scalar};
use crate::query::order_by::SortExpr;
use crate::query::plan::call_name;
use crate::query::query::Clause;
use crate::query::scope::Scope;
use crate::query::sql::quote;
use crate::query::sql::span::ClauseSpan;
use crate::query::window::type_word;

/// A call of an aggregate as it was read: its parts are still expressions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ReadCall {
    /// What is taken of each row; none for `count(*)`.
    pub rows: Vec<Ast>,
    pub parameters: Vec<f64>,
    pub distinct: bool,
    /// ORDER BY, where it changes what the aggregate gives.
    pub order: Vec<OrderByExpr>,
}

impl ReadCall {
    /// # Errors
    /// Too many arguments or too few, a parameter that is not written out, a clause that is not understood.
    pub(super) fn new(
        aggregate: &'static Aggregate,
        distinct: bool,
        function: &Function,
        node: &Ast,
        place: ClauseSpan<'_>,
    ) -> Result<Self> {
        let wrong = |what: String| place.fault_on(what, node).hint(format!("write {}", aggregate.usage));
        let FunctionArguments::List(list) = &function.args else {
            return Err(wrong(format!("{} needs an argument", aggregate.name)));
        };
        let mut order = function.within_group.clone();
        for clause in &list.clauses {
            match clause {
                FunctionArgumentClause::OrderBy(by) if order.is_empty() => order.clone_from(by),
                FunctionArgumentClause::IgnoreOrRespectNulls(NullTreatment::RespectNulls) => {}
                _ => return Err(wrong(format!("'{clause}' is not understood in {}", aggregate.name))),
            }
        }
        if function.null_treatment.is_some() {
            return Err(wrong("IGNORE NULLS and RESPECT NULLS are not understood here".to_owned()));
        }
        let mut arguments: Vec<Ast> = match &list.args[..] {
            [] | [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] if aggregate.star && !distinct => Vec::new(),
            [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] => {
                return Err(wrong(format!("{} takes {}", aggregate.name, counted(aggregate.arity()))));
            }
            arguments => arguments
                .iter()
                .map(|written| argument(written).cloned())
                .collect::<Option<_>>()
                .ok_or_else(|| wrong(format!("{} takes plain expressions", aggregate.name)))?,
        };
        let separator =
            if aggregate.separated { Some(separator(&mut arguments, aggregate, node, place)?) } else { None };
        let all = arguments.len() == aggregate.arity() || (aggregate.star && arguments.is_empty() && !distinct);
        if !all {
            return Err(wrong(format!("{} takes {}", aggregate.name, counted(aggregate.arity()))));
        }
        let constants = arguments.split_off(aggregate.inputs.min(arguments.len()));
        let mut parameters = aggregate
            .parameters
            .iter()
            .zip(&constants)
            .map(|(parameter, written)| constant(aggregate, parameter, written, place))
            .collect::<Result<Vec<_>>>()?;
        if !aggregate.by_order {
            // It gives the same for any order of the rows.
            order.clear();
        } else if distinct {
            // Equal values come one after the other, so that each is taken once.
            parameters = vec![1.0];
            let own = arguments.first().ok_or_else(|| wrong(format!("{} needs an argument", aggregate.name)))?;
            match &order[..] {
                [] => order.push(ascending(own.clone())),
                [by] if by.expr == *own => {}
                _ => return Err(wrong("with DISTINCT, ORDER BY can only name the argument".to_owned())),
            }
        }
        arguments.extend(separator);
        Ok(Self { rows: arguments, parameters, distinct, order })
    }

    /// The call over columns: `bind` knows them, and `first` says which rows come first where the call does not, with
    /// what it needs as one more input. `unfit` tells of types that do not fit.
    ///
    /// # Errors
    /// What these say.
    pub(super) fn bind(
        self,
        aggregate: &'static Aggregate,
        sql: String,
        place: ClauseSpan<'_>,
        mut bind: impl FnMut(&Ast) -> Result<(Scalar, DataType)>,
        first: impl FnOnce() -> Result<(CallOrder, Option<(Scalar, DataType)>)>,
        unfit: impl FnOnce(&[Scalar], &[DataType]) -> Fault,
    ) -> Result<AggregateCall> {
        let (mut inputs, mut types) = (Vec::new(), Vec::new());
        for row in &self.rows {
            let (mut scalar, mut dtype) = bind(row)?;
            if aggregate.separated && dtype != DataType::String {
                (scalar, dtype) = bind(&as_text(row.clone()))?;
            }
            inputs.push(scalar);
            types.push(dtype);
        }
        let order = if !self.order.is_empty() {
            let mut order = Vec::new();
            for by in &self.order {
                let (scalar, dtype) = bind(&by.expr)?;
                if !aggregate::ranked(&dtype) {
                    let what = format!("rows have no order by {}", type_word(&dtype));
                    return Err(place.fault_on(what, &by.expr).hint("order by numbers, times or texts"));
                }
                let (descending, nulls_first) = (by.options.asc == Some(false), by.options.nulls_first == Some(true));
                order.push(SortExpr { scalar, descending, nulls_first });
            }
            CallOrder::By(order)
        } else if aggregate.by_time {
            let (order, input) = first()?;
            if let Some((scalar, dtype)) = input {
                inputs.push(scalar);
                types.push(dtype);
            }
            order
        } else {
            CallOrder::None
        };
        types.extend(order.dtype());
        if !self.rows.is_empty() && (aggregate.output)(&types).is_none() {
            return Err(unfit(&inputs, &types));
        }
        // A distinct count is an aggregate of its own.
        let distinct = self.distinct && !aggregate.is_distinct();
        if distinct && !aggregate.by_order && !Distinct::fits(aggregate, &types) {
            let fault = place.fault(format!("DISTINCT has no meaning in {}", aggregate.name));
            return Err(fault.hint(format!("write {}", aggregate.usage)));
        }
        Ok(AggregateCall { aggregate, distinct, inputs, order, types, parameters: self.parameters, filter: None, sql })
    }
}

/// The text between values, taken off the arguments; a comma where none is written.
fn separator(arguments: &mut Vec<Ast>, aggregate: &Aggregate, node: &Ast, place: ClauseSpan<'_>) -> Result<Ast> {
    if arguments.len() <= aggregate.arity() {
        return Ok(Ast::value(Value::SingleQuotedString(",".to_owned())));
    }
    let written = arguments.pop().filter(|last| expr::text(last).is_some());
    written.ok_or_else(|| {
        place
            .fault_on("what stands between the values must be a text that is written out", node)
            .hint(format!("write {}(x, ', ')", aggregate.name))
    })
}

fn ascending(expr: Ast) -> OrderByExpr {
    OrderByExpr { expr, options: OrderByOptions { asc: None, nulls_first: None }, with_fill: None }
}

fn as_text(expr: Ast) -> Ast {
    let data_type = SqlType::Varchar(None);
    Ast::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// `percentile_cont(0.9) WITHIN GROUP (ORDER BY x DESC)` as `percentile_cont(x, -0.9)`, and `mode()` alike: from the
/// largest value on where the share is negative.
pub(super) fn unordered(function: &Function) -> Function {
    let mut plain = function.clone();
    let (FunctionArguments::List(list), [by]) = (&mut plain.args, &function.within_group[..]) else { return plain };
    let share = match (aggregate::find(&function.name.to_string()).map(|a| a.name), &mut list.args[..]) {
        (Some("mode"), []) => None,
        (Some("quantile_cont" | "quantile_disc"), [share]) => Some(share),
        _ => return plain,
    };
    if let (Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(share))), Some(false)) = (share, by.options.asc) {
        *share = Ast::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(share.clone()) };
    }
    list.args.insert(0, FunctionArg::Unnamed(FunctionArgExpr::Expr(by.expr.clone())));
    plain.within_group.clear();
    plain
}

impl Binder<'_> {
    /// The kept column that a call's values will be in.
    pub(super) fn bind_call(
        &mut self,
        aggregate: &'static Aggregate,
        distinct: bool,
        function: &Function,
        node: &Ast,
        place: ClauseSpan<'_>,
    ) -> Result<Ast> {
        let function = &unordered(function);
        let mut canonical = Ast::Function(function.clone());
        self.used.extend(resolve_call(&mut canonical, self.schema, self.table, place)?);
        if let Some(i) = self.known.calls.get(&canonical) {
            return Ok(expr::column(&call_name(*i)));
        }
        let read = ReadCall::new(aggregate, distinct, function, node, place)?;
        for part in read.rows.iter().chain(read.order.iter().map(|by| &by.expr)) {
            if let Some(inner) = find_aggregate(part) {
                return Err(place
                    .fault_on("an aggregate cannot stand inside an aggregate", &inner)
                    .hint("aggregate once; combine aggregates with arithmetic"));
            }
        }
        let (schema, table, time) = (self.schema, self.table, self.event_time());
        let mut names = Vec::new();
        let own = |row: &Ast| {
            let mut resolved = row.clone();
            expr::resolve(&mut resolved, schema, table, place)?;
            // A name as the table has it; anything else as it was written.
            names.push(if matches!(resolved, Ast::Identifier(_)) { resolved.to_string() } else { row.to_string() });
            Scalar::bind(&resolved, schema, place)
        };
        let mut timed = None;
        let first = || {
            let Some((name, dtype)) = time else { return Ok((CallOrder::Rows, None)) };
            timed = Some(name.clone());
            Ok((CallOrder::None, Some((Scalar::Column(name), dtype))))
        };
        let mut misfit = None;
        let unfit = |inputs: &[Scalar], types: &[DataType]| {
            misfit = Some((inputs.to_vec(), types.to_vec()));
            Fault::new("")
        };
        let bound = read.bind(aggregate, node.to_string(), place, own, first, unfit);
        if let Some((inputs, types)) = misfit {
            let fault = self.unfit(aggregate, &names, &inputs, &types);
            return Err(place.fault_on(fault.what, node).hint(fault.hint));
        }
        let mut call = bound?;
        self.used.extend(timed);
        if let Some(condition) = &function.filter {
            let clause = Clause { sql: condition.to_string(), at: place.clause.at };
            call.filter = Some(self.condition(&clause, "FILTER")?);
        }
        self.known.calls.insert(canonical, self.calls.len());
        self.calls.push(call);
        Ok(expr::column(&call_name(self.calls.len() - 1)))
    }

    /// What to say where the types of the arguments do not fit.
    fn unfit(&self, aggregate: &Aggregate, names: &[String], inputs: &[Scalar], types: &[DataType]) -> Fault {
        // The culprit is the one that would not fit alone.
        let at = types.iter().position(|t| !aggregate.fits(t)).filter(|at| *at < names.len()).unwrap_or(0);
        let (name, dtype) = (names.get(at).map_or("", String::as_str), types.get(at).unwrap_or(&DataType::Null));
        let fault = aggregate::unfit(aggregate, name, dtype);
        let commas = inputs.get(at).and_then(|input| match input {
            Scalar::Column(column) if aggregate.fits(&DataType::Float64) => {
                self.commas.iter().find(|(name, _)| name == column)
            }
            _ => None,
        });
        let hint = commas.map_or(fault.hint.clone(), |(column, commas)| {
            let column = quote(column);
            Hint::from(format!(
                "its values look like numbers with {}: write {} instead of {column}",
                commas.words(),
                number_of(*commas, &column)
            ))
        });
        fault.hint(hint)
    }

    /// The table's event-time column and its type.
    fn event_time(&self) -> Option<(PlSmallStr, DataType)> {
        let (_, name, dtype) = self.schema.get_full(self.time?)?;
        Some((name.clone(), dtype.clone()))
    }
}

fn argument(argument: &FunctionArg) -> Option<&Ast> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

/// SQL that makes numbers of texts with commas.
fn number_of(commas: Commas, text: &str) -> String {
    let plain = match commas {
        Commas::Decimal => format!("replace({text}, ',', '.')"),
        Commas::Thousands => format!("replace({text}, ',', '')"),
        Commas::DecimalAfterPoints => format!("replace(replace({text}, '.', ''), ',', '.')"),
    };
    format!("CAST({plain} AS DOUBLE)")
}

fn counted(arguments: usize) -> String {
    match arguments {
        1 => "one argument".to_owned(),
        2 => "two arguments".to_owned(),
        n => format!("{n} arguments"),
    }
}

/// The value of a constant parameter.
fn constant(aggregate: &Aggregate, parameter: &Parameter, ast: &Ast, place: ClauseSpan<'_>) -> Result<f64> {
    let hint = format!("write {}, for example with {} = {}", aggregate.usage, parameter.name, parameter.start);
    let fault = |what: String| place.fault_on(what, ast).hint(hint.clone());
    let value = number(ast).ok_or_else(|| {
        fault(format!("{} must be a number that is written out, the same for all rows", parameter.name))
    })?;
    parameter.complaint(value).map_or(Ok(value), |what| Err(fault(what)))
}

/// A number written out, with its sign.
pub(super) fn number(ast: &Ast) -> Option<f64> {
    match ast {
        Ast::Value(v) => match &v.value {
            Value::Number(n, _) => n.parse().ok(),
            _ => None,
        },
        Ast::UnaryOp { op: UnaryOperator::Minus, expr } => number(expr).map(|n| -n),
        Ast::UnaryOp { op: UnaryOperator::Plus, expr } | Ast::Nested(expr) => number(expr),
        _ => None,
    }
}

/// Resolves the names inside a call, so that `sum(x)` and `SUM("x")` are one.
fn resolve_call(call: &mut Ast, schema: &Schema, table: &Scope, place: ClauseSpan<'_>) -> Result<BTreeSet<PlSmallStr>> {
    let used = expr::resolve(call, schema, table, place)?;
    if let Ast::Function(function) = call
        && let Some((aggregate, _)) = aggregate_of(function)
    {
        function.name = ObjectName::from(vec![Ident::new(aggregate.name)]);
    }
    Ok(used)
}
