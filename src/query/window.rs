//! Windows over event time, in microseconds since 1970 UTC; before 1970 they are negative and work the same.

use polars::prelude::*;
use sqlparser::ast::{DateTimeField, Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator, Value};

use super::expr::{Place, Scalar};
use crate::data::{Fault, Result};

/// Microseconds.
pub type Micros = i64;

/// A tumbling window: `[start, start + size)`, with starts at `offset + k * size`.
#[derive(Clone, Debug)]
pub struct Tumble {
    pub time: Scalar,
    pub size: Micros,
    pub offset: Micros,
}

impl Tumble {
    /// The start of the window that `t` lies in; `None` where it lies outside what 64 bits can say.
    pub fn start(&self, t: Micros) -> Option<Micros> {
        let shifted = t.checked_sub(self.offset)?;
        shifted.div_euclid(self.size).checked_mul(self.size)?.checked_add(self.offset)
    }

    pub fn end(&self, start: Micros) -> Micros {
        start.saturating_add(self.size)
    }

    /// The window starts of a time column, as `Datetime(us)`.
    pub fn starts(&self, time: &Column) -> Result<Column> {
        let micros = micros_of(time)?;
        let starts: Int64Chunked = match micros.cont_slice() {
            // Feeds are mostly in order, so the last window is mostly the next one.
            Ok(values) => {
                let (mut from, mut until) = (i64::MAX, i64::MAX);
                let each = values.iter().map(|&t| {
                    if t < from || t >= until {
                        from = self.start(t)?;
                        until = self.end(from);
                    }
                    Some(from)
                });
                each.collect()
            }
            Err(_) => micros.iter().map(|t| t.and_then(|t| self.start(t))).collect(),
        };
        Ok(starts.with_name("__window".into()).into_datetime(TimeUnit::Microseconds, None).into_column())
    }
}

/// A column of times as microseconds since 1970: dates, times, or whole numbers since 1970.
///
/// # Errors
/// When the column is none of these.
pub fn micros_of(column: &Column) -> Result<Int64Chunked> {
    let series = column.as_materialized_series();
    let unit = match series.dtype() {
        DataType::Datetime(unit, _) => *unit,
        DataType::Date => {
            let days = series.cast(&DataType::Int32)?;
            return Ok(days.i32()?.iter().map(|d| d.map(|d| i64::from(d) * 86_400_000_000)).collect());
        }
        whole if whole.is_integer() => {
            let numbers = series.cast(&DataType::Int64)?;
            return Ok(numbers.i64()?.iter().map(|n| n.and_then(epoch)).collect());
        }
        other => {
            return Err(
                Fault::new(format!("column '{}' is {}, not a time", column.name(), type_word(other))).hint("pick a column of dates or times, or cast it")
            );
        }
    };
    let physical = series.to_physical_repr().rechunk();
    let ca = physical.i64()?.clone();
    Ok(match unit {
        TimeUnit::Microseconds => ca,
        TimeUnit::Milliseconds => ca.iter().map(|v| v.and_then(|v| v.checked_mul(1_000))).collect(),
        TimeUnit::Nanoseconds => ca.iter().map(|v| v.map(|v| v.div_euclid(1_000))).collect(),
    })
}

/// A whole number as a time: seconds, milli-, micro- or nanoseconds since 1970, told apart by their size (the year 5138
/// in seconds is 1973 in milliseconds).
fn epoch(number: i64) -> Option<Micros> {
    match number.unsigned_abs() {
        0..100_000_000_000 => number.checked_mul(1_000_000),
        100_000_000_000..100_000_000_000_000 => number.checked_mul(1_000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(number),
        _ => Some(number.div_euclid(1_000)),
    }
}

/// A type in a person's words.
pub fn type_word(dtype: &DataType) -> &'static str {
    match dtype {
        DataType::Boolean => "boolean",
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => "text",
        DataType::Date => "a date",
        DataType::Datetime(..) => "a time",
        DataType::Time => "a time of day",
        DataType::Duration(_) => "a duration",
        DataType::Float32 | DataType::Float64 => "a decimal number",
        d if d.is_integer() => "a whole number",
        DataType::Decimal(..) => "a decimal number",
        DataType::Null => "always null",
        _ => "nested",
    }
}

/// The arguments of `tumble(time, INTERVAL 'size'[, INTERVAL 'offset'])`, still unbound.
pub struct TumbleCall {
    pub time: Ast,
    pub size: Micros,
    pub offset: Micros,
}

/// Reads a call of a window function; `None` when `expr` is something else.
pub fn window_call(expr: &Ast, place: Place<'_>) -> Result<Option<TumbleCall>> {
    let Ast::Function(function) = expr else { return Ok(None) };
    let name = function.name.to_string().to_lowercase();
    match name.as_str() {
        "tumble" => {}
        "hop" | "session" => return Err(place.fault_on(format!("{name}() windows are not built yet"), expr).hint("use tumble(time, INTERVAL '1 hour')")),
        _ => return Ok(None),
    }
    let usage = "write tumble(time, INTERVAL '1 hour') or tumble(time, INTERVAL '1 day', INTERVAL '6 hours') with an offset";
    let FunctionArguments::List(list) = &function.args else { return Err(place.fault_on("tumble needs a time and a size", expr).hint(usage)) };
    let args: Vec<&Ast> = list
        .args
        .iter()
        .filter_map(|a| match a {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(e),
            _ => None,
        })
        .collect();
    let (time, size, offset) = match args[..] {
        [time, size] => (time, interval(size, place)?, 0),
        [time, size, offset] => (time, interval(size, place)?, interval(offset, place)?),
        _ => return Err(place.fault_on("tumble needs a time and a size", expr).hint(usage)),
    };
    if size <= 0 {
        return Err(place.fault_on("a window's size must be more than nothing", expr).hint(usage));
    }
    Ok(Some(TumbleCall { time: time.clone(), size, offset }))
}

/// Reads `INTERVAL '90 minutes'`, `INTERVAL 90 MINUTE`, `INTERVAL '90' MINUTE` or a text like `'90 minutes'`.
fn interval(expr: &Ast, place: Place<'_>) -> Result<Micros> {
    let usage = "write it like INTERVAL '15 minutes'";
    let text = |e: &Ast| match e {
        Ast::Value(v) => match &v.value {
            Value::SingleQuotedString(s) | Value::Number(s, _) => Some(s.clone()),
            _ => None,
        },
        Ast::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
            Ast::Value(v) => Some(format!("-{}", v.value)),
            _ => None,
        },
        _ => None,
    };
    let words = match expr {
        Ast::Interval(i) => text(&i.value).map(|t| match &i.leading_field {
            Some(DateTimeField::Custom(unit)) => format!("{t} {unit}"),
            Some(unit) => format!("{t} {unit}"),
            None => t,
        }),
        other => text(other),
    };
    let words = words.ok_or_else(|| place.fault_on("this is not an interval", expr).hint(usage))?;
    parse_interval(&words).map_err(|fault| place.fault_on(fault.what, expr).hint(if fault.hint.is_empty() { usage.to_owned() } else { fault.hint }))
}

/// Reads `1 hour 30 minutes`, `90s`, `-6 hours` or `01:30:00`, in microseconds.
///
/// # Errors
/// An unknown unit, no number, or months and years, whose length varies.
pub fn parse_interval(text: &str) -> Result<Micros> {
    let unknown = || Fault::new(format!("'{text}' is not an interval"));
    let clock: Vec<&str> = text.trim().split(':').collect();
    if let [h, m, s] = clock[..] {
        let number = |t: &str| t.parse::<f64>().map_err(|_| unknown());
        return Ok(((number(h)? * 3_600.0 + number(m)? * 60.0 + number(s)?) * 1e6).round() as Micros);
    }
    let mut rest = text.trim();
    let mut total = 0.0_f64;
    let mut any = false;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || ".-+".contains(c))).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let number: f64 = number.parse().map_err(|_| unknown())?;
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let lower = unit.to_lowercase();
        let unit = if lower.len() > 2 { lower.trim_end_matches('s') } else { lower.as_str() };
        let micros = match unit {
            "us" | "microsecond" => 1.0,
            "ms" | "millisecond" => 1e3,
            "s" | "sec" | "second" => 1e6,
            "m" | "min" | "minute" => 60e6,
            "h" | "hr" | "hour" => 3_600e6,
            "d" | "day" => 86_400e6,
            "w" | "week" => 604_800e6,
            "month" | "mon" | "year" | "quarter" => {
                return Err(Fault::new("months and years vary in length, so they cannot be a window's size").hint("use days, such as INTERVAL '30 days'"));
            }
            _ => return Err(unknown()),
        };
        total += number * micros;
        any = true;
        rest = after.trim_start();
    }
    if any && total.abs() < 9e18 { Ok(total.round() as Micros) } else { Err(unknown()) }
}
