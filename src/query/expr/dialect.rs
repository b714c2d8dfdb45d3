//! Scalars as DuckDB and PostgreSQL mean them, in the words that polars' SQL has: where the two disagree on a value
//! (the sign of a remainder, rounding in a cast) theirs counts, and where only the name differs it is translated.

use std::ops::ControlFlow;

use polars::prelude::DataType;
use sqlparser::ast::{
    BinaryOperator as Op, CastKind, DataType as SqlType, Expr as Ast, Function, UnaryOperator, Value, ValueWithSpan,
    VisitMut, VisitorMut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::own;
use super::tree::{arguments, call};
use crate::query::sql::limits::LimitExceeded;
use crate::query::walk;

/// Functions in other words: name, number of arguments, and its translation.
const CALLS: &[(&str, usize, &str)] = &[
    ("day", 1, "extract(day FROM {0})"),
    ("dayofmonth", 1, "extract(day FROM {0})"),
    ("dayofweek", 1, "extract(dow FROM {0})"),
    ("dayofyear", 1, "extract(doy FROM {0})"),
    ("epoch", 1, "extract(epoch FROM {0})"),
    ("hour", 1, "extract(hour FROM {0})"),
    ("weekday", 1, "extract(dow FROM {0})"),
    ("isodow", 1, "extract(isodow FROM {0})"),
    ("log", 1, "log10({0})"),
    ("minute", 1, "extract(minute FROM {0})"),
    ("mod", 2, REMAINDER),
    ("month", 1, "extract(month FROM {0})"),
    ("pow", 2, POWER),
    ("power", 2, POWER),
    ("quarter", 1, "extract(quarter FROM {0})"),
    ("regexp_matches", 2, "regexp_like({0}, {1})"),
    ("second", 1, "extract(second FROM {0})"),
    ("strlen", 1, "octet_length({0})"),
    ("week", 1, "extract(week FROM {0})"),
    ("weekofyear", 1, "extract(week FROM {0})"),
    ("year", 1, "extract(year FROM {0})"),
    ("century", 1, "extract(century FROM {0})"),
    ("decade", 1, "extract(decade FROM {0})"),
    ("date_add", 2, "{0} + {1}"),
];

/// A remainder has the sign of what is divided; polars' has that of the divisor.
const REMAINDER: &str = "CASE WHEN {0} < 0 THEN -((-{0}) % abs({1})) ELSE {0} % abs({1}) END";
/// `REMAINDER` by a number as written, which has no sign.
const REMAINDER_BY: &str = "CASE WHEN {0} < 0 THEN -((-{0}) % {1}) ELSE {0} % {1} END";

/// Whole division rounds toward zero; polars' rounds down.
const QUOTIENT: &str = "CASE WHEN ({0} < 0) <> ({1} < 0) THEN -(abs({0}) // abs({1})) ELSE abs({0}) // abs({1}) END";
const QUOTIENT_BY: &str = "CASE WHEN {0} < 0 THEN -((-{0}) // {1}) ELSE {0} // {1} END";

/// A power is a decimal number; polars' of whole numbers wraps.
const POWER: &str = "pow(CAST({0} AS DOUBLE), {1})";

/// How long a translation may be, in bytes: some for any text, and a multiple of what was written. Translations within
/// each other multiply.
const EXPANSION: (usize, usize) = (16 << 10, 16);

/// How many bytes the translation of a text may have that has `written` bytes.
pub(super) fn budget(written: usize) -> usize {
    EXPANSION.0 + EXPANSION.1 * written
}

pub(super) fn too_deep() -> LimitExceeded {
    (
        "remainders, whole divisions, roundings or sums of dates stand too deep within each other here".to_owned(),
        "calculate in steps, in sub-questions",
    )
}

/// Translates every expression of a tree into polars' words, as far as no types are needed. `written` is the length of
/// the text.
///
/// # Errors
/// When it would become too long.
pub(super) fn translate(tree: &mut impl VisitMut, written: usize) -> Result<(), LimitExceeded> {
    struct Translator {
        left: usize,
    }
    impl VisitorMut for Translator {
        type Break = ();
        // From the leaves up: what was translated is not looked at again.
        fn post_visit_expr(&mut self, node: &mut Ast) -> ControlFlow<()> {
            if let Some(translated) = translate_node(node, &mut self.left) {
                *node = translated;
            }
            if self.left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    match walk::visit_mut(tree, &mut Translator { left: budget(written) }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(too_deep()),
    }
}

/// Halves are rounded away from zero; polars' are rounded to even.
const ROUNDED: &str = "trunc({0}) + CASE WHEN abs({0} - trunc({0})) >= 0.5 THEN sign({0}) ELSE 0 END";

/// Whether it is a call of `round`.
pub(super) fn is_round(call: &Function) -> bool {
    call.name.to_string().eq_ignore_ascii_case("round")
}

/// Translates a node whose meaning depends on the types of its parts, and gives its type: halves are rounded away from
/// zero, but to even in a cast to a whole number, and days are added to dates as numbers. `of` knows the types of the
/// parts, which are translated.
pub(super) fn translate_typed<'t>(
    node: &mut Ast,
    of: impl Fn(usize) -> Option<&'t DataType>,
    budget: &mut usize,
) -> Option<(Ast, DataType)> {
    match node {
        Ast::Cast { expr: inner, data_type, kind: CastKind::Cast | CastKind::DoubleColon, .. }
            if is_truth(data_type) && of(0) == Some(&DataType::String) =>
        {
            Some((call(own::TRUTH, vec![(**inner).clone()]), DataType::Boolean))
        }
        Ast::Cast { expr: inner, data_type, .. } if is_whole(data_type) && of(0).is_some_and(|t| t.is_float()) => {
            // A number as it is written is a decimal one, whose halves go away from zero.
            let rounded =
                if is_literal(inner) { rounded(&[inner], budget) } else { fill("round({0})", &[inner], budget) };
            if let Some(rounded) = rounded {
                **inner = rounded;
            }
            None
        }
        Ast::Function(call) if is_round(call) && of(0).is_some_and(|t| t.is_float()) => {
            rounded(&arguments(call).unwrap_or_default(), budget).map(|translated| (translated, DataType::Float64))
        }
        Ast::BinaryOp { left, op: op @ (Op::Plus | Op::Minus), right } => {
            let (translated, dtype) = match (of(0)?, of(1)?) {
                (DataType::Date, t) if t.is_integer() => {
                    (format!("CAST(CAST({{0}} AS BIGINT) {op} {{1}} AS DATE)"), DataType::Date)
                }
                (t, DataType::Date) if t.is_integer() && *op == Op::Plus => {
                    ("CAST({0} + CAST({1} AS BIGINT) AS DATE)".to_owned(), DataType::Date)
                }
                (DataType::Date, DataType::Date) if *op == Op::Minus => {
                    ("CAST({0} AS BIGINT) - CAST({1} AS BIGINT)".to_owned(), DataType::Int64)
                }
                _ => return None,
            };
            fill(&translated, &[left, right], budget).map(|translated| (translated, dtype))
        }
        _ => None,
    }
}

fn translate_node(node: &Ast, budget: &mut usize) -> Option<Ast> {
    match node {
        Ast::BinaryOp { left, op: Op::Modulo, right } => {
            fill(if is_number(right) { REMAINDER_BY } else { REMAINDER }, &[left, right], budget)
        }
        Ast::BinaryOp { left, op: Op::DuckIntegerDivide, right } => {
            fill(if is_number(right) { QUOTIENT_BY } else { QUOTIENT }, &[left, right], budget)
        }
        Ast::BinaryOp { left, op: Op::BitwiseXor, right } => fill(POWER, &[left, right], budget),
        Ast::BinaryOp { left, op: Op::PGBitwiseShiftLeft, right } => {
            Some(call(own::LEFT, vec![(**left).clone(), (**right).clone()]))
        }
        Ast::BinaryOp { left, op: Op::PGBitwiseShiftRight, right } => {
            Some(call(own::RIGHT, vec![(**left).clone(), (**right).clone()]))
        }
        Ast::Like { negated, expr, pattern, escape_char: Some(escape), .. } => {
            Some(like(*negated, expr, pattern, escape, "c"))
        }
        Ast::ILike { negated, expr, pattern, escape_char: Some(escape), .. } => {
            Some(like(*negated, expr, pattern, escape, "i"))
        }
        Ast::SimilarTo { negated, expr, pattern, escape_char: None } => {
            Some(negate(*negated, call(own::SIMILAR, vec![(**expr).clone(), (**pattern).clone()])))
        }
        Ast::Position { expr, r#in } => Some(position(r#in, expr)),
        Ast::Substring { expr, substring_from: Some(from), substring_for, .. } => {
            let parts = [expr, from].into_iter().chain(substring_for).map(|part| (**part).clone());
            Some(call(own::SUBSTRING, parts.collect()))
        }
        // What is not known is neither true nor false.
        Ast::IsTrue(x) => fill("coalesce({0}, FALSE)", &[x], budget),
        Ast::IsNotTrue(x) => fill("NOT coalesce({0}, FALSE)", &[x], budget),
        Ast::IsFalse(x) => fill("NOT coalesce({0}, TRUE)", &[x], budget),
        Ast::IsNotFalse(x) => fill("coalesce({0}, TRUE)", &[x], budget),
        Ast::Interval(interval) if !is_quoted(&interval.value) => {
            parsed(&format!("INTERVAL '{} {}'", interval.value, interval.leading_field.as_ref()?))
        }
        Ast::Value(value) => match &value.value {
            Value::Number(text, _) if text.contains(['e', 'E']) => {
                let number: f64 = text.parse().ok()?;
                let plain = number.to_string();
                parsed(&if plain.contains('.') { plain } else { format!("{plain}.0") })
            }
            Value::EscapedStringLiteral(text) => Some(Ast::value(Value::SingleQuotedString(text.clone()))),
            _ => None,
        },
        Ast::Function(call) => {
            let name = call.name.to_string().to_lowercase();
            let arguments = arguments(call)?;
            match (name.as_str(), arguments.as_slice()) {
                ("strpos" | "instr", [text, part]) => return Some(position(text, part)),
                ("contains", [text, part]) => return fill("{0} > 0", &[&position(text, part)], budget),
                _ => {}
            }
            let (_, _, translated) =
                CALLS.iter().find(|(known, count, _)| *known == name && *count == arguments.len())?;
            fill(translated, &arguments, budget)
        }
        _ => None,
    }
}

/// `round(x)`, or `round(x, digits)` with digits as written.
fn rounded(arguments: &[&Ast], budget: &mut usize) -> Option<Ast> {
    let (x, digits) = match arguments {
        [x] => (x, 0),
        [x, Ast::Value(digits)] => (x, digits.to_string().parse::<usize>().ok().filter(|d| *d <= 15)?),
        _ => return None,
    };
    if digits == 0 {
        return fill(ROUNDED, &[x], budget);
    }
    let scale = parsed(&format!("1{}.0", "0".repeat(digits)))?;
    let whole = fill(ROUNDED, &[&fill("{0} * {1}", &[x, &scale], budget)?], budget)?;
    fill("{0} / {1}", &[&whole, &scale], budget)
}

/// Where a part stands in a text, in letters from 1; 0 where it does not.
fn position(text: &Ast, part: &Ast) -> Ast {
    call(own::POSITION, vec![text.clone(), part.clone()])
}

/// LIKE with ESCAPE.
fn like(negated: bool, text: &Ast, pattern: &Ast, escape: &ValueWithSpan, capitals: &str) -> Ast {
    let letters = Ast::value(Value::SingleQuotedString(capitals.to_owned()));
    let parts = vec![text.clone(), pattern.clone(), Ast::Value(escape.clone()), letters];
    negate(negated, call(own::LIKE, parts))
}

fn negate(negated: bool, ast: Ast) -> Ast {
    if negated { Ast::UnaryOp { op: UnaryOperator::Not, expr: Box::new(ast) } } else { ast }
}

/// A number as it is written, with or without a sign.
fn is_literal(expr: &Ast) -> bool {
    match expr {
        Ast::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } | Ast::Nested(expr) => is_literal(expr),
        other => is_number(other),
    }
}

fn is_number(expr: &Ast) -> bool {
    matches!(expr, Ast::Value(v) if matches!(v.value, Value::Number(..)))
}

pub(super) fn is_truth(dtype: &SqlType) -> bool {
    matches!(dtype, SqlType::Boolean | SqlType::Bool)
}

pub(super) fn is_whole(dtype: &SqlType) -> bool {
    use SqlType as T;
    matches!(
        dtype,
        T::TinyInt(_)
            | T::SmallInt(_)
            | T::Int(_)
            | T::Integer(_)
            | T::BigInt(_)
            | T::Int2(_)
            | T::Int4(_)
            | T::Int8(_)
            | T::HugeInt
    )
}

/// A template with its parts filled in, which takes that much of `room`; nothing is left where it does not fit.
fn fill(template: &str, parts: &[&Ast], budget: &mut usize) -> Option<Ast> {
    let parts: Vec<String> = parts.iter().map(|part| part.to_string()).collect();
    let mut pieces = template.split('{');
    let mut translated = pieces.next()?.to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once('}')?;
        let part = parts.get(number.parse::<usize>().ok()?)?;
        *budget = budget.saturating_sub(part.len());
        if *budget == 0 {
            return None;
        }
        translated.push_str(&format!("({part}){rest}"));
    }
    let tree = parsed(&translated);
    if tree.is_none() {
        // Too deep for the parser, which is nothing to go on with: what is not translated means something else.
        *budget = 0;
    }
    tree
}

fn parsed(sql: &str) -> Option<Ast> {
    let tree = Parser::new(&GenericDialect).try_with_sql(sql).ok()?.parse_expr().ok()?;
    Some(Ast::Nested(Box::new(tree)))
}

fn is_quoted(ast: &Ast) -> bool {
    matches!(ast, Ast::Value(value) if matches!(value.value, Value::SingleQuotedString(_)))
}
