//! Answers that are put together, bound: each SELECT by itself, their columns in types that hold the values of both.

use std::ops::Range;
use std::sync::Arc;

use polars::prelude::*;

use super::{bind_layer, bind_select};
use crate::data::{Fault, Result};
use crate::query::model::Models;
use crate::query::plan::Plan;
use crate::query::query::{Query, RerunClause};
use crate::query::rerun::{Needed, Rerun};
use crate::query::scope::InputTable;
use crate::query::sets::{SIDE, SetNode, Sets};
use crate::query::sql::layers::{layers, over};
use crate::query::sql::sets::{SetOp, SetTree, sets};
use crate::query::sql::span::point;
use crate::query::sql::{quote, quote_always};

/// The name of what is put together.
const BOTH: &str = "both";

struct SetBinder<'a> {
    text: &'a str,
    tables: &'a [InputTable<'a>],
    names: &'a [String],
    models: &'a Models,
}

/// Binds a question that puts answers together, or one about such rows; `None` for any other.
///
/// # Errors
/// What is wrong with one of the SELECTs; answers that do not fit each other.
pub(super) fn bind(
    asked: &RerunClause,
    text: &str,
    tables: &[InputTable<'_>],
    models: &Models,
) -> Result<Option<(Rerun, Sets<Plan>, SchemaRef)>> {
    let own = asked.text.sql.as_str();
    let binder = SetBinder { text: own, tables, names: &asked.tables, models };
    let bound = binder.question(0..own.len()).map_err(|fault| {
        let span = fault.span.clone().unwrap_or(0..own.len());
        point(text, fault.what, asked.text.at + span.start..asked.text.at + span.end).hint(fault.hint)
    })?;
    let Some(bound) = bound else { return Ok(None) };
    let output = output(&bound).clone();
    let mut columns = vec![Vec::new(); tables.len()];
    bound.tree.each(&mut |table, plan| {
        if let Some(known) = columns.get_mut(table) {
            known.extend(plan.columns.iter().cloned());
        }
    });
    let needed = |(table, wanted): (&InputTable<'_>, Vec<PlSmallStr>)| Needed {
        table: table.name.to_owned(),
        columns: table.schema.iter_names().filter(|name| wanted.contains(name)).cloned().collect(),
        scores: Vec::new(),
    };
    let rerun = Rerun {
        text: asked.text.sql.clone(),
        sql: String::new(),
        tables: tables.iter().zip(columns).map(needed).collect(),
        models: models.clone(),
        ordered: true,
        names: Vec::new(),
    };
    Ok(Some((rerun, bound, output)))
}

impl SetBinder<'_> {
    fn piece(&self, at: &Range<usize>) -> &str {
        self.text.get(at.clone()).unwrap_or_default()
    }

    /// The question in a piece of the text.
    fn question(&self, at: Range<usize>) -> Result<Option<Sets<Plan>>> {
        let piece = self.piece(&at);
        let shifted = |fault| shifted(fault, at.start);
        if let Some(question) = sets(piece).map_err(shifted)? {
            let Some(tree) = self.tree(&question.tree, at.start)? else { return Ok(None) };
            let mut above = Vec::new();
            if !question.end.is_empty() {
                above.push(Arc::new(self.end(&question.end, at.start, tree.output())?));
            }
            return Ok(Some(Sets { tree, above }));
        }
        // A SELECT about what is put together in its FROM.
        let Some((query, called, inner)) = over(piece).map_err(shifted)? else { return Ok(None) };
        let Some(mut below) = self.question(at.start + inner.start..at.start + inner.end)? else { return Ok(None) };
        let name = called.as_deref().unwrap_or(BOTH);
        let query = Query { table: quote(name).as_str().into(), ..query };
        let table = InputTable { name, schema: output(&below), time: None, commas: &[] };
        let above = bind_select(&query, piece, &[table], self.models).map_err(shifted)?;
        below.above.push(Arc::new(above));
        Ok(Some(below))
    }

    /// `ORDER BY … LIMIT …` of all rows.
    fn end(&self, end: &Range<usize>, start: usize, schema: &SchemaRef) -> Result<Plan> {
        let at = start + end.start..start + end.end;
        let begin = format!("SELECT * FROM {BOTH} ");
        let sql = format!("{begin}{}", self.piece(&at));
        let table = InputTable { name: BOTH, schema, time: None, commas: &[] };
        let bound = Query::parse(&sql).and_then(|query| bind_select(&query, &sql, &[table], self.models));
        bound.map_err(|fault| {
            let span = fault.span.clone().filter(|span| span.start >= begin.len());
            let span = span.map_or(at.clone(), |span| {
                at.start + span.start - begin.len()..at.start + span.end.saturating_sub(begin.len())
            });
            Fault { span: Some(span), ..fault }
        })
    }

    fn tree(&self, tree: &SetTree, start: usize) -> Result<Option<SetNode<Plan>>> {
        match tree {
            SetTree::Select(at) => self.select(start + at.start..start + at.end),
            SetTree::Both { op, left, right, at } => {
                let (Some(left), Some(right)) = (self.tree(left, start)?, self.tree(right, start)?) else {
                    return Ok(None);
                };
                let place = start + at.start..start + at.end;
                let output = together(left.output(), right.output())
                    .map_err(|fault| point(self.text, fault.what, place).hint(fault.hint))?;
                let of_both = self.of_both(*op, &output)?;
                let (left, right) = (Box::new(left), Box::new(right));
                Ok(Some(SetNode::Both { op: *op, left, right, output, of_both }))
            }
        }
    }

    fn select(&self, at: Range<usize>) -> Result<Option<SetNode<Plan>>> {
        let piece = self.piece(&at);
        let shifted = |fault| shifted(fault, at.start);
        let Some(layer) = layers(piece).map_err(shifted)? else { return Ok(None) };
        let tables = layer.tables();
        let [name] = &tables[..] else { return Ok(None) };
        let Some(table) = self.names.iter().position(|own| own.eq_ignore_ascii_case(name)) else { return Ok(None) };
        let Some(input) = self.tables.get(table) else { return Ok(None) };
        let mut exact = true;
        let bound = bind_layer(&layer, piece, &[*input], self.models, &mut exact);
        let plan = bound.map_err(|fault| {
            let fault = shifted(fault);
            if exact { fault } else { Fault { span: Some(at.clone()), ..fault } }
        })?;
        // Scores of a model are columns that stored rows do not have.
        Ok((!plan.asks_models()).then(|| SetNode::Select { table, output: plan.output.clone(), plan: Arc::new(plan) }))
    }

    /// The question about the rows of both that says which of them count.
    fn of_both(&self, op: SetOp, output: &SchemaRef) -> Result<Option<Arc<Plan>>> {
        let columns: Vec<String> = output.iter_names().map(|name| quote_always(name)).collect();
        let columns = columns.join(", ");
        let side = quote_always(SIDE);
        let mut schema = Schema::clone(output);
        let sql = match op {
            SetOp::UnionAll => return Ok(None),
            SetOp::Union => format!("SELECT DISTINCT * FROM {BOTH}"),
            SetOp::Except | SetOp::Intersect => {
                schema.insert(SIDE.into(), DataType::Int32);
                let other = if op == SetOp::Except { "= 0" } else { "> 0" };
                format!(
                    "SELECT {columns} FROM {BOTH} GROUP BY {columns} HAVING count(*) FILTER (WHERE {side} = 0) > 0 AND \
                     count(*) FILTER (WHERE {side} = 1) {other}"
                )
            }
        };
        let schema = Arc::new(schema);
        let table = InputTable { name: BOTH, schema: &schema, time: None, commas: &[] };
        Ok(Some(Arc::new(bind_select(&Query::parse(&sql)?, &sql, &[table], self.models)?)))
    }
}

/// The columns of what is answered in the end.
fn output(sets: &Sets<Plan>) -> &SchemaRef {
    sets.above.last().map_or_else(|| sets.tree.output(), |above| &above.output)
}

fn shifted(fault: Fault, by: usize) -> Fault {
    Fault { span: fault.span.clone().map(|span| span.start + by..span.end + by), ..fault }
}

/// The columns of two answers as those of one; else what does not fit, and what to do.
fn together(left: &Schema, right: &Schema) -> Result<SchemaRef> {
    if left.len() != right.len() {
        let what = format!("the answers that are put together have {} and {} columns", left.len(), right.len());
        return Err(Fault::new(what).hint("select as many in both"));
    }
    let mut both = Schema::default();
    for ((name, own), (other_name, other)) in left.iter().zip(right.iter()) {
        let Some(dtype) = wider(own, other) else {
            let what = format!("the columns '{name}' and '{other_name}' that are put together are of different kinds");
            return Err(Fault::new(what).hint("CAST one of them to the type of the other"));
        };
        both.insert(name.clone(), dtype);
    }
    Ok(Arc::new(both))
}

/// The type that holds the values of both exactly, or as near as decimal numbers are.
fn wider(left: &DataType, right: &DataType) -> Option<DataType> {
    match (left, right) {
        (left, right) if left == right => Some(left.clone()),
        (DataType::Null, other) | (other, DataType::Null) => Some(other.clone()),
        (left, right) if left.is_integer() && right.is_integer() => {
            let unsigned = left.is_unsigned_integer() && right.is_unsigned_integer();
            let is_wide = |dtype: &DataType| *dtype == DataType::UInt64;
            Some(match unsigned {
                true => DataType::UInt64,
                false if is_wide(left) || is_wide(right) => DataType::Float64,
                false => DataType::Int64,
            })
        }
        (left, right) if left.is_primitive_numeric() && right.is_primitive_numeric() => Some(DataType::Float64),
        (DataType::Date, DataType::Datetime(unit, zone)) | (DataType::Datetime(unit, zone), DataType::Date) => {
            Some(DataType::Datetime(*unit, zone.clone()))
        }
        (DataType::Datetime(left, zone), DataType::Datetime(_, other)) if zone == other => {
            Some(DataType::Datetime(*left, zone.clone()))
        }
        _ => None,
    }
}
