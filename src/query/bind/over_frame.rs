//! The frame of a call with OVER: read, and whether its distances can be taken from what the rows are ordered by.

use polars::prelude::DataType;
use sqlparser::ast::{Expr as Ast, Interval, UnaryOperator, Value, WindowFrameBound, WindowFrameUnits, WindowSpec};

use super::read_call::number;
use crate::data::Result;
use crate::query::over::{Distance, FrameBound, FrameUnit, OverFrame};
use crate::query::sql::span::ClauseSpan;
use crate::query::window::{parse_interval, type_word};

/// The frame of a window.
///
/// # Errors
/// A frame that ends before it begins, or a distance that is not written out.
pub(super) fn frame(spec: &WindowSpec, node: &Ast, place: ClauseSpan<'_>) -> Result<OverFrame> {
    let Some(given) = &spec.window_frame else { return Ok(OverFrame::USUAL) };
    let unit = match given.units {
        WindowFrameUnits::Rows => FrameUnit::Rows,
        WindowFrameUnits::Range => FrameUnit::Range,
        WindowFrameUnits::Groups => FrameUnit::Groups,
    };
    let wrong = |what: String| place.fault_on(what, node).hint("for example: ROWS BETWEEN 3 PRECEDING AND CURRENT ROW");
    let bound = |bound: &WindowFrameBound| {
        let (away, sign) = match bound {
            WindowFrameBound::CurrentRow => return Ok(FrameBound::Current),
            WindowFrameBound::Preceding(None) | WindowFrameBound::Following(None) => return Ok(FrameBound::Unbounded),
            WindowFrameBound::Preceding(Some(away)) => (away, -1),
            WindowFrameBound::Following(Some(away)) => (away, 1),
        };
        match distance(away, sign) {
            Some(Distance::Whole(n)) => Ok(FrameBound::Away(Distance::Whole(n))),
            Some(distance) if unit == FrameUnit::Range => Ok(FrameBound::Away(distance)),
            _ if unit == FrameUnit::Range => {
                Err(wrong(format!("{away} is no number and no interval of a fixed length that is written out")))
            }
            _ => Err(wrong(format!("{away} is no whole number of rows that is written out"))),
        }
    };
    let (start, end) = (&given.start_bound, given.end_bound.as_ref().unwrap_or(&WindowFrameBound::CurrentRow));
    let backwards = match (start, end) {
        (WindowFrameBound::Following(None), _) | (_, WindowFrameBound::Preceding(None)) => true,
        (WindowFrameBound::Following(_), end) => !matches!(end, WindowFrameBound::Following(_)),
        (WindowFrameBound::CurrentRow, end) => matches!(end, WindowFrameBound::Preceding(_)),
        _ => false,
    };
    if backwards {
        return Err(wrong("this frame ends before it begins".to_owned()));
    }
    Ok(OverFrame { unit, start: bound(start)?, end: bound(end)? })
}

/// A distance as written: a number without sign, or an interval.
fn distance(ast: &Ast, sign: i64) -> Option<Distance> {
    match ast {
        Ast::Nested(inner) => distance(inner, sign),
        Ast::Interval(interval) => {
            let micros = parse_interval(&written(interval)?).ok().filter(|micros| *micros >= 0)?;
            Some(Distance::Span(sign * micros))
        }
        _ => {
            let far = number(ast).filter(|far| far.is_sign_positive())?;
            let whole = far.fract() == 0.0 && far < 1e15;
            Some(if whole { Distance::Whole(sign * far as i64) } else { Distance::Float(sign as f64 * far) })
        }
    }
}

/// An interval as one text.
fn written(interval: &Interval) -> Option<String> {
    let value = match interval.value.as_ref() {
        Ast::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::Number(text, _) => text.clone(),
            _ => return None,
        },
        Ast::UnaryOp { op: UnaryOperator::Minus, expr } => format!("-{expr}"),
        _ => return None,
    };
    Some(interval.leading_field.as_ref().map_or_else(|| value.clone(), |unit| format!("{value} {unit}")))
}

/// Whether the distances of a frame can be taken from values of the types that rows are ordered by; else what is wrong,
/// and what to write.
pub(super) fn measured(frame: &OverFrame, ordered: &[DataType]) -> std::result::Result<(), (String, &'static str)> {
    if frame.unit != FrameUnit::Range {
        return Ok(());
    }
    for bound in [frame.start, frame.end] {
        let FrameBound::Away(distance) = bound else { continue };
        let [dtype] = ordered else {
            let what = "RANGE with a distance needs one expression in ORDER BY, and no more";
            return Err((what.to_owned(), "order by one number or time, or use ROWS"));
        };
        let (fits, hint) = match distance {
            Distance::Whole(_) => {
                (dtype.is_primitive_numeric() || *dtype == DataType::Date, "write an interval, or use ROWS")
            }
            Distance::Float(_) => (dtype.is_primitive_numeric(), "write an interval, or use ROWS"),
            Distance::Span(_) => {
                (matches!(dtype, DataType::Date | DataType::Datetime(..)), "write a number, or use ROWS")
            }
        };
        if !fits {
            let what = format!("the distance of this RANGE cannot be taken from {}", type_word(dtype));
            return Err((what, hint));
        }
    }
    Ok(())
}
