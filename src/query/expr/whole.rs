//! Calculating with whole numbers, in 64 bits and never beyond: where polars would wrap, the question is refused. In
//! the tree of an expression such places are calls of names that SQL does not have.

use polars::prelude::arity::{broadcast_binary_elementwise, broadcast_binary_elementwise_values};
use polars::prelude::*;
use sqlparser::ast::{BinaryOperator as Op, Expr as Ast, Function, UnaryOperator, Value};

use super::said::said;
use super::tree::{arguments, call};
use crate::data::{Fault, Result};
use crate::query::sql::span::ClauseSpan;

/// Names of the calls.
const PREFIX: &str = "__whole_";
const ADD: &str = "__whole_add";
const SUB: &str = "__whole_sub";
const MUL: &str = "__whole_mul";
const ABS: &str = "__whole_abs";

/// What is said where a number has no place.
pub(super) const TOO_LARGE: &str = "a whole number does not fit into 64 bits";

fn is_number(ast: &Ast) -> bool {
    matches!(ast, Ast::Value(value) if matches!(value.value, Value::Number(..)))
}

fn is_abs(function: &Function) -> bool {
    function.name.to_string().eq_ignore_ascii_case("abs")
}

/// The call that stands for an expression of whole numbers; `of` knows the types of its parts.
pub(super) fn marked<'t>(node: &Ast, of: impl Fn(usize) -> Option<&'t DataType>) -> Option<Ast> {
    let whole = |i: usize| of(i).is_some_and(DataType::is_integer);
    match node {
        Ast::BinaryOp { left, op, right } if whole(0) && whole(1) => {
            let name = match op {
                Op::Plus => ADD,
                Op::Minus => SUB,
                Op::Multiply => MUL,
                _ => return None,
            };
            Some(call(name, vec![(**left).clone(), (**right).clone()]))
        }
        Ast::UnaryOp { op: UnaryOperator::Minus, expr } if whole(0) && !is_number(expr) => {
            Some(call(SUB, vec![Ast::value(Value::Number("0".to_owned(), false)), (**expr).clone()]))
        }
        Ast::Function(function) if is_abs(function) && whole(0) => {
            let parts = arguments(function).unwrap_or_default();
            (parts.len() == 1).then(|| call(ABS, parts.into_iter().cloned().collect()))
        }
        _ => None,
    }
}

/// Whether a call is such a place.
pub(super) fn is_marked(function: &Function) -> bool {
    function.name.to_string().starts_with(PREFIX)
}

/// What such a place means, whose arguments are `parts`.
///
/// # Errors
/// When there is no such place.
pub(super) fn meaning(function: &Function, parts: &[Expr], place: ClauseSpan<'_>) -> Result<Expr> {
    let name = function.name.to_string();
    match (name.as_str(), parts) {
        (ADD, [one, other]) => Ok(of_two(one, other, i64::overflowing_add)),
        (SUB, [one, other]) => Ok(of_two(one, other, i64::overflowing_sub)),
        (MUL, [one, other]) => Ok(of_two(one, other, i64::overflowing_mul)),
        (ABS, [one]) => Ok(of_two(one, &lit(0_i64), |x, _| x.overflowing_abs())),
        _ => Err(place.fault(format!("there is no function '{name}'"))),
    }
}

fn of_two(one: &Expr, other: &Expr, step: impl Fn(i64, i64) -> (i64, bool) + Copy + Send + Sync + 'static) -> Expr {
    let output = |_: &Schema, fields: &[Field]| {
        let name = fields.first().map_or(PlSmallStr::EMPTY, |field| field.name().clone());
        Ok(Field::new(name, DataType::Int64))
    };
    let calculate = move |columns: &mut [Column]| match columns {
        [one, other] => calculated(one, other, step),
        _ => polars_bail!(ComputeError: "whole numbers are calculated with in pairs"),
    };
    one.clone().map_many(calculate, std::slice::from_ref(other), output)
}

/// The fault of an expression in which a value has no place, from polars' words for it.
pub(super) fn told(fault: Fault, sql: &str) -> Fault {
    if fault.what.contains(TOO_LARGE) {
        return Fault::new(TOO_LARGE).at(sql).hint("calculate with decimal numbers: CAST(… AS DOUBLE)");
    }
    match said(&fault.what) {
        Some((what, hint)) => Fault::new(what).at(sql).hint(hint),
        None => fault,
    }
}

/// The values of two columns, of which one may be a constant for all rows.
fn calculated(one: &Column, other: &Column, step: impl Fn(i64, i64) -> (i64, bool) + Copy) -> PolarsResult<Column> {
    let (left, right) = (wide(one)?, wide(other)?);
    let (left, right) = (left.i64()?, right.i64()?);
    let mut wrapped = false;
    let values: Int64Chunked = broadcast_binary_elementwise_values(left, right, |x: i64, y: i64| {
        let (value, over) = step(x, y);
        wrapped |= over;
        value
    });
    // What stands where a value is null says nothing.
    if wrapped {
        let over: BooleanChunked =
            broadcast_binary_elementwise(left, right, |x: Option<i64>, y: Option<i64>| Some(step(x?, y?).1));
        if over.any() {
            polars_bail!(ComputeError: "{TOO_LARGE}");
        }
    }
    Ok(values.into_column().with_name(one.name().clone()))
}

/// In 64 bits.
fn wide(column: &Column) -> PolarsResult<Column> {
    if *column.dtype() == DataType::Int64 {
        return Ok(column.clone());
    }
    let cast = column.cast(&DataType::Int64)?;
    if cast.null_count() > column.null_count() {
        polars_bail!(ComputeError: "{TOO_LARGE}");
    }
    Ok(cast)
}
