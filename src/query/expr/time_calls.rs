//! What calculating with times means in polars' form: what has no place in the range of times is null and reported,
//! never wrapped. polars calculates; here its calls are kept from values that it wraps or ends on, and what was kept
//! from it is noted.

use polars::prelude::*;
use sqlparser::ast::{Expr as Ast, Function, Interval, Value};

use crate::data::Result;
use crate::data::time;
use crate::query::sql::span::ClauseSpan;
use crate::query::window::parse_interval;

/// Names of the calls that stand for …
pub(super) const PREFIX: &str = "__time_";
/// a time that is calculated with,
pub(super) const PLAIN: &str = "__time_plain";
/// a cast to a date or a time,
pub(super) const DATE: &str = "__time_date";
pub(super) const STAMP: &str = "__time_stamp";
/// a sum and a difference.
pub(super) const ADD: &str = "__time_add";
pub(super) const SUB: &str = "__time_sub";

pub(super) const MICROS: DataType = DataType::Datetime(TimeUnit::Microseconds, None);

/// Where an expression gave null because a time left the range.
#[derive(Clone, Debug)]
pub struct TimeOverflow {
    /// True for the rows.
    pub lost: Expr,
    /// The time that was calculated with.
    pub value: Expr,
}

/// Whether a call is a marked place.
pub(super) fn is_marked(function: &Function) -> bool {
    function.name.to_string().starts_with(PREFIX)
}

/// What a marked place means, whose arguments are `parts`. Where calculating loses a value is added to `losses`.
///
/// # Errors
/// When there is no such place.
pub(super) fn meaning(
    function: &Function,
    parts: &[Expr],
    place: ClauseSpan<'_>,
    overflows: &mut Vec<TimeOverflow>,
) -> Result<Expr> {
    let name = function.name.to_string();
    let made = match (name.as_str(), parts) {
        (PLAIN, [x]) => x.clone().map(|c| time::plain(&c), |_, field| Ok(field.clone())),
        (DATE, [x]) => to(x, DataType::Date),
        (STAMP, [x]) => to(x, MICROS),
        (ADD | SUB, [a, b]) => {
            let minus = name == SUB;
            let kept =
                a.clone().map_many(move |c| addable(c, minus), std::slice::from_ref(b), |_, fields| Ok(first(fields)));
            let sum = if minus { kept.clone() - b.clone() } else { kept.clone() + b.clone() };
            overflows.push(TimeOverflow {
                lost: a.clone().is_not_null().and(b.clone().is_not_null()).and(kept.is_null()),
                value: a.clone(),
            });
            return Ok(sum);
        }
        _ => return Err(place.fault(format!("there is no function '{name}'"))),
    };
    if let [x] = parts {
        overflows.push(TimeOverflow { lost: x.clone().is_not_null().and(made.clone().is_null()), value: x.clone() });
    }
    Ok(made)
}

/// A span as written: polars ends on those that it cannot read or hold.
pub(super) fn interval(interval: &Interval, node: &Ast, place: ClauseSpan<'_>) -> Result<Expr> {
    let unit = interval.leading_field.as_ref().map_or_else(String::new, |unit| format!(" {unit}"));
    let Some(text) = text(&interval.value) else {
        return Err(place.fault_on("this is not an interval", node).hint("write it like INTERVAL '15 minutes'"));
    };
    let micros = parse_interval(&format!("{text}{unit}")).map_err(|fault| {
        let varies = fault.what.contains("vary in length");
        let what = if varies {
            "months and years stand alone beside a time: they vary in length".to_owned()
        } else {
            fault.what
        };
        place.fault_on(what, node).hint(if fault.hint.is_empty() {
            "write it like INTERVAL '15 minutes'".into()
        } else {
            fault.hint
        })
    })?;
    Ok(lit(micros).cast(DataType::Duration(TimeUnit::Microseconds)))
}

fn to(x: &Expr, dtype: DataType) -> Expr {
    let output = dtype.clone();
    x.clone()
        .map(move |c| time::convert(&c, &dtype), move |_, field| Ok(Field::new(field.name().clone(), output.clone())))
}

fn addable(columns: &mut [Column], minus: bool) -> PolarsResult<Column> {
    match columns {
        [a, b] => time::addable(a, b, minus),
        _ => polars_bail!(ComputeError: "a sum of times has two parts"),
    }
}

fn first(fields: &[Field]) -> Field {
    fields.first().cloned().unwrap_or_else(|| Field::new(PlSmallStr::EMPTY, DataType::Null))
}

fn text(value: &Ast) -> Option<String> {
    match value {
        Ast::Value(v) => match &v.value {
            Value::SingleQuotedString(text) | Value::Number(text, _) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}
