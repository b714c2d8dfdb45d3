//! Scalars as DuckDB and PostgreSQL mean them, in the words that polars' SQL has: where the two disagree on a value
//! (the sign of a remainder, rounding in a cast) theirs counts, and where only the name differs it is translated.

use std::ops::ControlFlow;

use polars::prelude::{DataType, TimeUnit};
use sqlparser::ast::{
    BinaryOperator as Op, CastKind, DataType as SqlType, Expr as Ast, TrimWhereField, UnaryOperator, Value,
    ValueWithSpan, VisitMut, VisitorMut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::operators::operator;
use super::tree::{arguments, call, text};
use super::{own, whole};
use crate::query::sql::limits::LimitExceeded;
use crate::query::walk;
use crate::query::window::months_in;

/// Functions in other words: name, number of arguments, and its translation.
const CALLS: &[(&str, usize, &str)] = &[
    ("ceiling", 1, "ceil({0})"),
    ("date_add", 2, "{0} + {1}"),
    ("if", 3, "CASE WHEN {0} THEN {1} ELSE {2} END"),
    ("ifnull", 2, "coalesce({0}, {1})"),
    ("pi", 0, "3.141592653589793"),
];

/// Calls that are other calls, with their arguments in this order.
const RENAMED: &[(&str, &str)] = &[
    ("datetrunc", "date_trunc"),
    ("mod", own::REMAINDER),
    ("datepart", "date_part"),
    ("regexp_like", "regexp_matches"),
];

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

/// Translates a node whose meaning depends on the types of its parts, and gives its type: what a cast means, and days
/// that are added to dates as numbers. `of` knows the types of the parts, which are translated, and `is_whole` which
/// columns are of whole numbers.
pub(super) fn translate_typed<'t>(
    node: &mut Ast,
    of: impl Fn(usize) -> Option<&'t DataType>,
    is_whole: &dyn Fn(&str) -> bool,
    budget: &mut usize,
) -> Option<(Ast, DataType)> {
    match node {
        Ast::Cast { expr: inner, data_type, kind, .. } => {
            let (from, (target, dtype)) = (of(0)?, target(data_type)?);
            let to_time = crate::data::time::is_time(&dtype);
            let is_text = matches!(from, DataType::String | DataType::Null);
            if !(is_text || !to_time && (from.is_primitive_numeric() || from.is_bool())) {
                return None;
            }
            // A number as it is written is a decimal one, whose halves go away from zero.
            if dtype.is_integer() && from.is_float() && is_decimal(inner, is_whole) {
                **inner = call(own::ROUND_WRITTEN, vec![(**inner).clone()]);
            }
            let gentle = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
            Some((call(&own::cast_name(target, gentle), vec![(**inner).clone()]), dtype))
        }
        Ast::Function(function) if function.name.to_string().eq_ignore_ascii_case("round") => {
            let parts = arguments(function)?;
            let written = of(0)?.is_float() && is_decimal(parts.first()?, is_whole);
            let parts = parts.into_iter().cloned().collect();
            written.then(|| (call(own::ROUND_WRITTEN, parts), DataType::Float64))
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
        Ast::BinaryOp { left, op: Op::StringConcat, right } => {
            Some(Ast::BinaryOp { left: Box::new(as_text(left)), op: Op::StringConcat, right: Box::new(as_text(right)) })
        }
        Ast::BinaryOp { left, op: Op::PGRegexMatch, right } => Some(matching(false, left, right, "c")),
        Ast::BinaryOp { left, op: Op::PGRegexNotMatch, right } => Some(matching(true, left, right, "c")),
        Ast::BinaryOp { left, op: Op::PGRegexIMatch, right } => Some(matching(false, left, right, "i")),
        Ast::BinaryOp { left, op: Op::PGRegexNotIMatch, right } => Some(matching(true, left, right, "i")),
        Ast::BinaryOp { left, op, right } => {
            let name = operator(op)?;
            Some(call(name, vec![(**left).clone(), (**right).clone()]))
        }
        Ast::UnaryOp { op, expr } => {
            let name = match op {
                UnaryOperator::BitwiseNot => own::NOT,
                UnaryOperator::PGAbs => "abs",
                UnaryOperator::PGPostfixFactorial => "factorial",
                _ => return None,
            };
            Some(call(name, vec![(**expr).clone()]))
        }
        Ast::Cast { expr, data_type, .. } if is_text(data_type) => Some(call(own::AS_TEXT, vec![(**expr).clone()])),
        Ast::Extract { field, expr, .. } => part(&field.to_string(), expr),
        Ast::AtTimeZone { timestamp, time_zone } => Some(in_zone(time_zone, timestamp)),
        Ast::Trim { expr, trim_where, trim_what, trim_characters } => {
            let name = match trim_where {
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
                Some(TrimWhereField::Both) | None => "trim",
            };
            let signs = trim_what.as_deref().into_iter().chain(trim_characters.iter().flatten()).cloned();
            Some(call(name, std::iter::once((**expr).clone()).chain(signs).collect()))
        }
        Ast::IsUnknown(x) => Some(Ast::IsNull(x.clone())),
        Ast::IsNotUnknown(x) => Some(Ast::IsNotNull(x.clone())),
        Ast::Like { negated, expr, pattern, escape_char: Some(escape), .. } => {
            Some(like(*negated, expr, pattern, escape, "c"))
        }
        Ast::ILike { negated, expr, pattern, escape_char: Some(escape), .. } => {
            Some(like(*negated, expr, pattern, escape, "i"))
        }
        // A pattern that is not written out differs by row.
        Ast::Like { negated, any: false, expr, pattern, escape_char: None } if text(pattern).is_none() => {
            Some(like(*negated, expr, pattern, &no_escape(), "c"))
        }
        Ast::ILike { negated, any: false, expr, pattern, escape_char: None } if text(pattern).is_none() => {
            Some(like(*negated, expr, pattern, &no_escape(), "i"))
        }
        Ast::InList { expr, list, negated } if list.iter().any(|item| !is_written(item)) => {
            let same = |item: &Ast| Ast::BinaryOp { left: expr.clone(), op: Op::Eq, right: Box::new(item.clone()) };
            *budget = budget.saturating_sub(expr.to_string().len() * list.len());
            let any = list.iter().map(same).reduce(|one, other| Ast::BinaryOp {
                left: Box::new(one),
                op: Op::Or,
                right: Box::new(other),
            })?;
            Some(negate(*negated, Ast::Nested(Box::new(any))))
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
        Ast::Function(function) => {
            let name = function.name.to_string().to_lowercase();
            let arguments = arguments(function)?;
            let cloned = || arguments.iter().map(|part| (*part).clone()).collect();
            match (name.as_str(), arguments.as_slice()) {
                ("date_part" | "datepart", [unit, time]) if text(unit).is_some() => return part(text(unit)?, time),
                ("timezone", [zone, time]) => return Some(in_zone(zone, time)),
                ("time_bucket", [size, _, ..]) if months_of(size).is_some() => {
                    let mut parts: Vec<Ast> = cloned();
                    let months = Value::Number(months_of(size)?.to_string(), false);
                    parts.first_mut().into_iter().for_each(|part| *part = Ast::value(months.clone()));
                    return Some(call(own::BUCKET_MONTHS, parts));
                }
                // The pattern may stand first.
                ("strftime", [pattern, time]) if text(pattern).is_some() && text(time).is_none() => {
                    return Some(call("strftime", vec![(*time).clone(), (*pattern).clone()]));
                }
                ("like_escape" | "ilike_escape" | "not_like_escape" | "not_ilike_escape", [text, pattern, escape]) => {
                    let letters = if name.contains("ilike") { "i" } else { "c" };
                    let letters = Ast::value(Value::SingleQuotedString(letters.to_owned()));
                    let parts = vec![(*text).clone(), (*pattern).clone(), (*escape).clone(), letters];
                    return Some(negate(name.starts_with("not"), call(own::LIKE, parts)));
                }
                _ => {}
            }
            if let Some((_, other)) = RENAMED.iter().find(|(known, _)| *known == name) {
                return Some(call(other, cloned()));
            }
            let (_, _, translated) =
                CALLS.iter().find(|(known, count, _)| *known == name && *count == arguments.len())?;
            fill(translated, &arguments, budget)
        }
        _ => None,
    }
}

/// One side of `||`: whatever it is, as text.
fn as_text(side: &Ast) -> Ast {
    match side {
        Ast::BinaryOp { op: Op::StringConcat, .. } => side.clone(),
        _ if text(side).is_some() => side.clone(),
        side => call(own::AS_TEXT, vec![side.clone()]),
    }
}

/// A part of a time.
fn part(name: &str, time: &Ast) -> Option<Ast> {
    own::part_named(name).map(|part| call(part, vec![time.clone()]))
}

/// What clocks of a zone show at an instant; or of a time that is none, the instant at which they show it.
fn in_zone(zone: &Ast, time: &Ast) -> Ast {
    let name = if is_instant(time) { own::TO_WALL } else { own::TO_INSTANT };
    call(name, vec![zone.clone(), time.clone()])
}

/// Whether an expression says by its form that it is an instant, and not what clocks show.
fn is_instant(time: &Ast) -> bool {
    match time {
        Ast::Nested(inner) => is_instant(inner),
        Ast::Function(call) => {
            let name = call.name.to_string().to_lowercase();
            [own::TO_INSTANT, "to_timestamp"].contains(&name.as_str())
        }
        _ => false,
    }
}

/// What a cast is to, where it is ours: its name and its type.
pub(super) fn target(dtype: &SqlType) -> Option<(&'static str, DataType)> {
    use SqlType as T;
    Some(match dtype {
        T::TinyInt(_) => ("TINYINT", DataType::Int8),
        T::SmallInt(_) | T::Int2(_) => ("SMALLINT", DataType::Int16),
        T::Int(_) | T::Integer(_) | T::Int4(_) => ("INTEGER", DataType::Int32),
        T::BigInt(_) | T::Int8(_) | T::HugeInt => ("BIGINT", DataType::Int64),
        T::Float(_) | T::Real | T::Float4 => ("FLOAT", DataType::Float32),
        T::Double(_) | T::DoublePrecision | T::Float8 | T::Float64 => ("DOUBLE", DataType::Float64),
        T::Boolean | T::Bool => ("BOOLEAN", DataType::Boolean),
        T::Date => ("DATE", DataType::Date),
        T::Timestamp(..) | T::Datetime(_) => ("TIMESTAMP", DataType::Datetime(TimeUnit::Microseconds, None)),
        _ => return None,
    })
}

/// Whether a cast to this type gives a text.
pub(super) fn is_text(dtype: &SqlType) -> bool {
    use SqlType as T;
    matches!(
        dtype,
        T::Varchar(_) | T::Text | T::String(_) | T::Char(_) | T::CharVarying(_) | T::Character(_) | T::Nvarchar(_)
    )
}

/// The months that an interval says, where it says whole ones and nothing else.
pub(super) fn months_of(ast: &Ast) -> Option<i64> {
    interval_text(ast).and_then(|text| months_in(&text))
}

/// An interval as it is written: `15 minutes`.
pub(super) fn interval_text(ast: &Ast) -> Option<String> {
    let interval = match ast {
        Ast::Interval(interval) => interval,
        Ast::Nested(inner) => return interval_text(inner),
        _ => return None,
    };
    let text = match &*interval.value {
        Ast::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::Number(text, _) => text.clone(),
            _ => return None,
        },
        _ => return None,
    };
    let unit = interval.leading_field.as_ref().map_or_else(String::new, |unit| format!(" {unit}"));
    Some(format!("{text}{unit}"))
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

fn no_escape() -> ValueWithSpan {
    Value::SingleQuotedString(String::new()).into()
}

/// What polars' SQL takes in a list: values as they are written.
fn is_written(item: &Ast) -> bool {
    match item {
        Ast::Value(_) | Ast::TypedString(_) => true,
        Ast::Cast { expr, .. } => text(expr).is_some(),
        Ast::Nested(inner) | Ast::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr: inner } => {
            is_written(inner)
        }
        _ => false,
    }
}

fn negate(negated: bool, ast: Ast) -> Ast {
    if negated { Ast::UnaryOp { op: UnaryOperator::Not, expr: Box::new(ast) } } else { ast }
}

/// Whether DuckDB calculates an expression as a decimal number of fixed digits: it is made of numbers as they are
/// written and of whole ones. `is_whole` knows the columns of these.
fn is_decimal(expr: &Ast, is_whole: &dyn Fn(&str) -> bool) -> bool {
    match expr {
        Ast::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } | Ast::Nested(expr) => {
            is_decimal(expr, is_whole)
        }
        Ast::BinaryOp { left, op: Op::Plus | Op::Minus | Op::Multiply, right } => {
            is_decimal(left, is_whole) && is_decimal(right, is_whole)
        }
        Ast::Identifier(ident) => is_whole(&ident.value),
        Ast::Function(function) => whole::is_marked(function),
        other => is_number(other),
    }
}

fn is_number(expr: &Ast) -> bool {
    matches!(expr, Ast::Value(v) if matches!(v.value, Value::Number(..)))
}

/// Whether calls of this name are translated into others.
pub(super) fn is_renamed(name: &str) -> bool {
    let lower = name.to_lowercase();
    let escaped = ["like_escape", "ilike_escape", "not_like_escape", "not_ilike_escape"];
    CALLS.iter().any(|(known, ..)| *known == lower)
        || RENAMED.iter().any(|(known, _)| *known == lower)
        || escaped.contains(&lower.as_str())
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

/// `~` and its kin: whether a regular expression finds anything in a text.
fn matching(negated: bool, text: &Ast, pattern: &Ast, options: &str) -> Ast {
    let options = Ast::value(Value::SingleQuotedString(options.to_owned()));
    negate(negated, call("regexp_matches", vec![text.clone(), pattern.clone(), options]))
}
