//! Scalar expressions: parsed with sqlparser (`parse`), resolved against a schema (`resolve`), translated into polars'
//! words (`dialect`, `coercion`, `times`), put into polars' form in steps (`cut`, `lower`, `steps`) and evaluated
//! (`scalar`). Which expressions are groups, aggregates or windows is left to `bind`.

mod check;
mod coercion;
mod cut;
mod date_trunc;
mod dialect;
mod evaluate;
mod fits;
mod functions;
mod literal;
mod lower;
mod operators;
mod overflow;
mod own;
mod parse;
mod resolve;
mod said;
mod scalar;
mod steps;
mod time_calls;
mod times;
mod tree;
mod whole;

pub use check::check_function;
pub use functions::{ScalarFunction, scalars};
pub use overflow::report_overflow;
pub use parse::parse;
pub use resolve::{resolve, unknown_column, unqualify};
pub use scalar::{Scalar, ScalarId, keep};
pub use tree::{arguments, column, divides, rewrite, text};
