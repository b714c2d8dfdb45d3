//! Whether the types of an expression's parts go together: what is refused, and what to write instead.

use polars::prelude::DataType;
use sqlparser::ast::{BinaryOperator as Op, Expr as Ast, UnaryOperator, Value};

use super::operators::operator_of;
use super::own::{self, Kind, NUMBER, TEXT, TRUTH, wrong_type};
use super::times::NEUTRAL;
use super::{literal, tree};
use crate::data::{Fault, Result};
use crate::query::sql::span::ClauseSpan;
use crate::query::window::type_word;

/// Functions of polars: what their arguments have to be.
const BUILT_IN: &[(&str, Kind)] = &[("abs", NUMBER), ("floor", NUMBER), ("ceil", NUMBER)];

/// What types have in common that can be compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Number,
    Text,
    Truth,
    Time,
    Span,
    Clock,
    Other,
}

fn sort(dtype: &DataType) -> Option<Sort> {
    Some(match dtype {
        DataType::Null | DataType::Unknown(_) => return None,
        _ if NUMBER.holds(dtype) => Sort::Number,
        _ if TEXT.holds(dtype) => Sort::Text,
        DataType::Boolean => Sort::Truth,
        DataType::Date | DataType::Datetime(..) => Sort::Time,
        DataType::Duration(_) => Sort::Span,
        DataType::Time => Sort::Clock,
        _ => Sort::Other,
    })
}

/// Complains where the parts of a node do not go together; `of` knows their types.
///
/// # Errors
/// What does not fit, and what to write.
pub(super) fn check<'t>(node: &Ast, of: impl Fn(usize) -> Option<&'t DataType>, place: ClauseSpan<'_>) -> Result<()> {
    match node {
        Ast::BinaryOp { left, op: op @ (Op::And | Op::Or), right } => [(left, 0), (right, 1)]
            .iter()
            .try_for_each(|(side, at)| wanted(TRUTH, &op.to_string(), side, of(*at), place)),
        Ast::UnaryOp { op: UnaryOperator::Not, expr } => wanted(TRUTH, "NOT", expr, of(0), place),
        Ast::UnaryOp { op: op @ (UnaryOperator::Minus | UnaryOperator::Plus), expr } => match of(0).and_then(sort) {
            Some(Sort::Span) => Ok(()),
            _ => wanted(NUMBER, &op.to_string(), expr, of(0), place),
        },
        Ast::BinaryOp { left, op, right } if literal::compares(op) => {
            alike(&op.to_string(), &[(left, of(0)), (right, of(1))], place)
        }
        Ast::BinaryOp { left, op: op @ (Op::Plus | Op::Minus | Op::Multiply | Op::Divide), right } => {
            arithmetic(op, (left, of(0)), (right, of(1)), place)
        }
        Ast::Like { expr, pattern, .. } | Ast::ILike { expr, pattern, .. } => {
            wanted(TEXT, "LIKE", expr, of(0), place)?;
            wanted(TEXT, "LIKE", pattern, of(1), place)
        }
        Ast::Between { expr, low, high, .. } => alike("BETWEEN", &[(expr, of(0)), (low, of(1)), (high, of(2))], place),
        Ast::InList { expr, list, .. } => {
            let items = list.iter().enumerate().map(|(at, item)| (item, of(at + 1)));
            alike("IN", &std::iter::once((&**expr, of(0))).chain(items).collect::<Vec<_>>(), place)
        }
        Ast::Case { operand, conditions, else_result, .. } => {
            let first = usize::from(operand.is_some());
            let mut results = Vec::new();
            for (at, when) in conditions.iter().enumerate() {
                let at = first + 2 * at;
                match operand {
                    Some(operand) => alike("CASE", &[(operand, of(0)), (&when.condition, of(at))], place)?,
                    None => wanted(TRUTH, "WHEN", &when.condition, of(at), place)?,
                }
                results.push((&when.result, of(at + 1)));
            }
            results.extend(else_result.as_deref().map(|result| (result, of(first + 2 * conditions.len()))));
            alike("CASE", &results, place)
        }
        Ast::Function(call) => {
            let name = call.name.to_string().to_lowercase();
            let parts = tree::arguments(call).unwrap_or_default();
            let shown = operator_of(&name).unwrap_or(&name);
            if NEUTRAL.contains(&name.as_str()) {
                let parts: Vec<_> = parts.into_iter().enumerate().map(|(at, part)| (part, of(at))).collect();
                return alike(shown, &parts, place);
            }
            let built_in = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
            let own = own::find(call);
            for (at, part) in parts.into_iter().enumerate() {
                if let Some(kind) = own.map(|own| own.kind(at)).or(built_in) {
                    wanted(kind, shown, part, of(at), place)?;
                }
            }
            Ok(())
        }
        Ast::Floor { expr, .. } => wanted(NUMBER, "floor", expr, of(0), place),
        Ast::Ceil { expr, .. } => wanted(NUMBER, "ceil", expr, of(0), place),
        _ => Ok(()),
    }
}

/// A part as it is written, without parentheses around it.
fn written(part: &Ast) -> String {
    match part {
        Ast::Nested(inner) => written(inner),
        part => {
            let text = part.to_string();
            // What was translated has names that nobody wrote.
            if text.contains("__") || text.len() > 60 { "what stands there".to_owned() } else { text.replace('"', "") }
        }
    }
}

fn wanted(kind: Kind, what: &str, part: &Ast, dtype: Option<&DataType>, place: ClauseSpan<'_>) -> Result<()> {
    let Some((kind, dtype)) = wrong_type(kind, dtype).zip(dtype) else { return Ok(()) };
    let name = written(part);
    let hint = if name.contains(' ') { kind.cast("…") } else { kind.cast(&name) };
    Err(place.fault_on(format!("{what} takes {}, and {name} is {}", kind.word(), type_word(dtype)), part).hint(hint))
}

/// Parts of which one is compared with, or stands for, another.
fn alike(what: &str, parts: &[(&Ast, Option<&DataType>)], place: ClauseSpan<'_>) -> Result<()> {
    let mut known = parts.iter().filter_map(|(part, dtype)| Some((*part, (*dtype)?, sort((*dtype)?)?)));
    let Some((first, dtype, one)) = known.next() else { return Ok(()) };
    match known.find(|(.., other)| *other != one) {
        None => Ok(()),
        Some((second, other, sort)) => Err(mismatch(what, (first, dtype, one), (second, other, sort), place)),
    }
}

fn mismatch(
    what: &str,
    (one, dtype, sort): (&Ast, &DataType, Sort),
    (other, other_type, other_sort): (&Ast, &DataType, Sort),
    place: ClauseSpan<'_>,
) -> Fault {
    let (first, second) = (written(one), written(other));
    let said = format!("{what}: {first} is {}, and {second} is {}", type_word(dtype), type_word(other_type));
    let hint = match (sort, other_sort) {
        (Sort::Text, Sort::Number) if is_number(other) => format!("texts stand in single quotes: '{second}'"),
        (Sort::Text, Sort::Number) => NUMBER.cast(&first),
        (Sort::Number, Sort::Text) if tree::text(other).is_some() => format!("write a number instead of {second}"),
        (Sort::Number, Sort::Text) => NUMBER.cast(&second),
        (Sort::Time, Sort::Number) | (Sort::Number, Sort::Time) => {
            "write a time like TIMESTAMP '2024-01-31 12:00:00'".to_owned()
        }
        (Sort::Truth, _) | (_, Sort::Truth) => "write TRUE or FALSE, or a comparison".to_owned(),
        _ => "cast one of them: CAST(… AS VARCHAR), for example".to_owned(),
    };
    place.fault_on(said, other).hint(hint)
}

fn is_number(part: &Ast) -> bool {
    matches!(part, Ast::Value(value) if matches!(value.value, Value::Number(..)))
}

fn arithmetic(
    op: &Op,
    (left, one): (&Ast, Option<&DataType>),
    (right, other): (&Ast, Option<&DataType>),
    place: ClauseSpan<'_>,
) -> Result<()> {
    let (Some(one), Some(other)) = (one, other) else { return Ok(()) };
    let (Some(a), Some(b)) = (sort(one), sort(other)) else {
        // Beside null only the other is looked at.
        let (part, dtype) = if sort(one).is_some() { (left, one) } else { (right, other) };
        let fits = matches!(sort(dtype), None | Some(Sort::Number | Sort::Time | Sort::Span));
        return if fits { Ok(()) } else { wanted(NUMBER, &op.to_string(), part, Some(dtype), place) };
    };
    let days = |dtype: &DataType, other: &DataType| *dtype == DataType::Date && other.is_integer();
    let fits = match (a, op, b) {
        (Sort::Number, _, Sort::Number) => true,
        (Sort::Time | Sort::Span, Op::Plus | Op::Minus, Sort::Span) | (Sort::Span, Op::Plus, Sort::Time) => true,
        (Sort::Time, Op::Minus, Sort::Time) => true,
        (Sort::Time, Op::Plus | Op::Minus, Sort::Number) => days(one, other),
        (Sort::Number, Op::Plus, Sort::Time) => days(other, one),
        (Sort::Span, Op::Multiply | Op::Divide, Sort::Number) | (Sort::Number, Op::Multiply, Sort::Span) => true,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let timed = |sort: Sort| matches!(sort, Sort::Time | Sort::Span);
    if !timed(a) && !timed(b) {
        wanted(NUMBER, &op.to_string(), left, Some(one), place)?;
        return wanted(NUMBER, &op.to_string(), right, Some(other), place);
    }
    let (first, second) = (written(left), written(right));
    let said = format!("{op}: {first} is {}, and {second} is {}", type_word(one), type_word(other));
    Err(place.fault_on(said, left).hint("beside a time stands an interval: time + INTERVAL '15 minutes'"))
}
