//! One aggregate call bound: what it takes of each row, its constant parameters and its FILTER.

use std::collections::BTreeSet;

use polars::prelude::*;
use sqlparser::ast::{Expr as Ast, Function, Ident, ObjectName};

use super::aggregates::{aggregate_of, find_aggregate};
use super::binder::Binder;
use super::read_call::{ReadCall, unordered};
use crate::data::format::Commas;
use crate::data::{Fault, Hint, Result};
use crate::query::aggregate::{self, Aggregate};
use crate::query::aggregate_call::CallOrder;
use crate::query::expr::{self, Scalar};
use crate::query::plan::call_name;
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

/// SQL that makes numbers of texts with commas.
fn number_of(commas: Commas, text: &str) -> String {
    let plain = match commas {
        Commas::Decimal => format!("replace({text}, ',', '.')"),
        Commas::Thousands => format!("replace({text}, ',', '')"),
        Commas::DecimalAfterPoints => format!("replace(replace({text}, '.', ''), ',', '.')"),
    };
    format!("CAST({plain} AS DOUBLE)")
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
