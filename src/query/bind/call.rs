//! One aggregate call bound: what it takes of each row, its constant parameters and its FILTER.

use std::collections::BTreeSet;

use polars::prelude::*;
use sqlparser::ast::{
    Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, UnaryOperator, Value,
};

use super::aggregates::{aggregate_of, find_aggregate};
use super::binder::Binder;
use crate::data::format::Commas;
use crate::data::{Fault, Hint, Result, Setting};
use crate::query::aggregate::{self, Aggregate, Distinct, Parameter};
use crate::query::expr::{self, Scalar};
use crate::query::plan::{AggregateCall, call_name};
use crate::query::query::Clause;
use crate::query::scope::Scope;
use crate::query::sql::quote;
use crate::query::sql::span::ClauseSpan;

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
        let mut canonical = node.clone();
        self.used.extend(resolve_call(&mut canonical, self.schema, self.table, place)?);
        if let Some(i) = self.known.calls.get(&canonical) {
            return Ok(expr::column(&call_name(*i)));
        }
        let sql = node.to_string();
        let wrong = |what: String| place.fault_on(what, node).hint(format!("write {}", aggregate.usage));
        let written = self.written(aggregate, function, node, place)?;
        let (rows, constants) = match written {
            None if aggregate.star && !distinct => (&[][..], &[][..]),
            Some(arguments) if arguments.len() == aggregate.arity() => arguments.split_at(aggregate.inputs),
            Some([]) if aggregate.star && !distinct => (&[][..], &[][..]),
            _ => return Err(wrong(format!("{} takes {}", aggregate.name, counted(aggregate.arity())))),
        };
        let parameters = aggregate
            .parameters
            .iter()
            .zip(constants)
            .map(|(p, c)| constant(aggregate, p, argument(c), place))
            .collect::<Result<_>>()?;
        let (mut inputs, mut types, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows.iter().filter_map(argument) {
            if let Some(inner) = find_aggregate(row) {
                return Err(place
                    .fault_on("an aggregate cannot stand inside an aggregate", &inner)
                    .hint("aggregate once; combine aggregates with arithmetic"));
            }
            let (written, mut row) = (row.to_string(), row.clone());
            expr::resolve(&mut row, self.schema, self.table, place)?;
            let (scalar, dtype) = Scalar::bind(&row, self.schema, place)?;
            // A name as the table has it; anything else as it was written.
            names.push(if matches!(row, Ast::Identifier(_)) { row.to_string() } else { written });
            inputs.push(scalar);
            types.push(dtype);
        }
        if inputs.len() != rows.len() {
            return Err(wrong(format!("{} takes plain expressions", aggregate.name)));
        }
        if aggregate.by_time {
            let (name, dtype) = self.event_time(aggregate, node, place)?;
            self.used.insert(name.clone());
            inputs.push(Scalar::Column(name));
            types.push(dtype);
        }
        if !rows.is_empty() && (aggregate.output)(&types).is_none() {
            let fault = self.unfit(aggregate, &names, &inputs, &types);
            return Err(place.fault_on(fault.what, node).hint(fault.hint));
        }
        // A distinct count is an aggregate of its own.
        let distinct = distinct && !aggregate.is_distinct();
        if distinct && !Distinct::fits(aggregate, &types) {
            return Err(wrong(format!("DISTINCT has no meaning in {}", aggregate.name)));
        }
        let filter = match &function.filter {
            Some(condition) => {
                let clause = Clause { sql: condition.to_string(), at: place.clause.at };
                Some(self.condition(&clause, "FILTER")?)
            }
            None => None,
        };
        self.known.calls.insert(canonical, self.calls.len());
        self.calls.push(AggregateCall { aggregate, distinct, inputs, types, parameters, filter, sql });
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

    /// What stands in a call's parentheses; `None` for `*`.
    fn written<'f>(
        &self,
        aggregate: &Aggregate,
        function: &'f Function,
        node: &Ast,
        place: ClauseSpan<'_>,
    ) -> Result<Option<&'f [FunctionArg]>> {
        let wrong = |what: String| place.fault_on(what, node).hint(format!("write {}", aggregate.usage));
        let FunctionArguments::List(list) = &function.args else {
            return Err(wrong(format!("{} needs an argument", aggregate.name)));
        };
        if !list.clauses.is_empty() || !function.within_group.is_empty() {
            let fault = place.fault_on(format!("ORDER BY inside {} is not understood", aggregate.name), node);
            return Err(fault.hint(
                "first(x) and last(x) go by the event time; for another order write arg_min(x, y) or arg_max(x, y)",
            ));
        }
        if function.null_treatment.is_some() {
            return Err(wrong("IGNORE NULLS and RESPECT NULLS are not understood".to_owned()));
        }
        match &list.args[..] {
            [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] => Ok(None),
            arguments => Ok(Some(arguments)),
        }
    }

    /// The table's event-time column and its type.
    fn event_time(&self, aggregate: &Aggregate, node: &Ast, place: ClauseSpan<'_>) -> Result<(PlSmallStr, DataType)> {
        let found = self.time.and_then(|t| self.schema.get_full(t));
        found.map(|(_, name, dtype)| (name.clone(), dtype.clone())).ok_or_else(|| {
            let other = aggregate.untimed;
            place
                .fault_on(
                    format!(
                        "{} goes by event time, and '{}' has no event-time column",
                        aggregate.name,
                        self.table.table_name()
                    ),
                    node,
                )
                .hint([
                    Setting::TimeColumn { table: self.table.table_name().to_owned() }.into(),
                    format!("write {other}(x, y)").into(),
                ])
        })
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
fn constant(aggregate: &Aggregate, parameter: &Parameter, written: Option<&Ast>, place: ClauseSpan<'_>) -> Result<f64> {
    let (Some(ast), hint) =
        (written, format!("write {}, for example with {} = {}", aggregate.usage, parameter.name, parameter.start))
    else {
        return Err(place
            .fault(format!("{} must be a number", parameter.name))
            .hint(format!("write {}", aggregate.usage)));
    };
    let fault = |what: String| place.fault_on(what, ast).hint(hint.clone());
    let value = number(ast).ok_or_else(|| {
        fault(format!("{} must be a number that is written out, the same for all rows", parameter.name))
    })?;
    parameter.complaint(value).map_or(Ok(value), |what| Err(fault(what)))
}

/// A number written out, with its sign.
fn number(ast: &Ast) -> Option<f64> {
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
