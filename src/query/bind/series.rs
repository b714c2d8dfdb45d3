//! Whole numbers in a row as a table: `range(10)`, `generate_series(1, 10, 2)`.

use polars::prelude::*;
use sqlparser::ast::Expr as Ast;

use crate::data::Result;
use crate::query::expr::{self, Scalar};
use crate::query::query::Clause;
use crate::query::scope::Scope;
use crate::query::sql::span::ClauseSpan;

/// More numbers than anyone asks for: a mistake would fill the memory.
const MOST: i128 = 10_000_000;

/// What the table is called, and its one column of the same name. `call` stands in `text`.
///
/// # Errors
/// Arguments that are no whole numbers; too many numbers.
pub(super) fn series(call: &Clause, text: &str) -> Result<(String, DataFrame)> {
    let place = ClauseSpan { text, clause: call };
    let wrong = || place.fault("this takes whole numbers").hint("write range(10), range(1, 10) or range(1, 10, 2)");
    let Ast::Function(function) = expr::parse(place)? else { return Err(wrong()) };
    let (scope, none) = (Scope::default(), Schema::default());
    let one = DataFrame::new(1, Vec::new())?;
    let mut numbers = Vec::new();
    for argument in expr::arguments(&function).ok_or_else(wrong)? {
        let mut ast = argument.clone();
        expr::resolve(&mut ast, &none, &scope, place)?;
        let (scalar, dtype) = Scalar::bind(&ast, &none, place)?;
        if !dtype.is_integer() {
            return Err(wrong());
        }
        let value = scalar.of(&one)?.cast(&DataType::Int64)?.i64()?.get(0);
        numbers.push(i128::from(value.ok_or_else(wrong)?));
    }
    let (start, stop, step) = match numbers[..] {
        [stop] => (0, stop, 1),
        [start, stop] => (start, stop, 1),
        [start, stop, step] => (start, stop, step),
        _ => return Err(wrong()),
    };
    if step == 0 {
        return Err(place.fault("the step is 0").hint("count by 1, or by -1"));
    }
    let name = function.name.to_string().to_lowercase();
    // A series has its end, a range has not.
    let end = if name == "range" { stop } else { stop + step.signum() };
    let way = (end - start) * step.signum();
    let many = if way <= 0 { 0 } else { (way - 1) / step.abs() + 1 };
    if many > MOST {
        return Err(place.fault(format!("these are more than {MOST} numbers")).hint("ask for fewer"));
    }
    let values: Vec<i64> = (0..many).map(|i| (start + i * step) as i64).collect();
    let column = Int64Chunked::from_vec(name.as_str().into(), values).into_column();
    Ok((name, DataFrame::new(many as usize, vec![column])?))
}
