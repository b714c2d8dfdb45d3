//! A call of an aggregate, read: what it takes of each row, its constant parameters and its order, all of them still
//! expressions.

use polars::prelude::*;
use sqlparser::ast::{
    CastKind, DataType as SqlType, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, NullTreatment, OrderByExpr, OrderByOptions, UnaryOperator, Value,
};

use crate::data::{Fault, Result};
use crate::query::aggregate::{self, Aggregate, Distinct, Parameter};
use crate::query::aggregate_call::{AggregateCall, CallOrder};
use crate::query::expr::{self, Scalar};
use crate::query::order_by::SortExpr;
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
        let own = arguments.first();
        let chooses = |by: &OrderByExpr| Some(&by.expr) != own || by.options.asc == Some(false);
        if aggregate.by_value && order.iter().any(chooses) {
            return Err(wrong(format!(
                "{} goes from the smallest value on, and this ORDER BY says otherwise",
                aggregate.name
            )));
        }
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
        (Some("mode"), []) if by.options.asc != Some(false) => None,
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

fn argument(argument: &FunctionArg) -> Option<&Ast> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
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
