//! The window functions of SQL, as they are called: `tumble`, `hop` and `session`, slide before size as in Calcite.

use sqlparser::ast::{
    DateTimeField, Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator, Value,
};

use super::{Calendar, Hop, MONDAY, Micros, Tumble, WindowAssigner, checked, months_in, parse_interval};
use crate::data::Result;
use crate::query::sql::span::ClauseSpan;

/// A call of a window function whose time is still unbound.
pub struct WindowCall {
    pub time: Ast,
    pub kind: WindowAssigner,
}

/// Name, how it is called, and which of the spans after the time may be left out.
const CALLS: &[(&str, &str, usize, usize)] = &[
    (
        "tumble",
        "write tumble(time, INTERVAL '1 hour') or tumble(time, INTERVAL '1 day', INTERVAL '6 hours') with an offset",
        1,
        2,
    ),
    (
        "hop",
        "write hop(time, INTERVAL '5 minutes', INTERVAL '1 hour'): the slide, then the size, then an offset where \
         there is one",
        2,
        3,
    ),
    (
        "session",
        "write session(time, INTERVAL '30 minutes'): rows further apart than that are in different sessions",
        1,
        1,
    ),
];

/// True for the name of a window function, in any case.
pub fn is_window(name: &str) -> bool {
    CALLS.iter().any(|(known, ..)| name.eq_ignore_ascii_case(known))
}

/// Reads a call of a window function; `None` when `expr` is something else.
///
/// # Errors
/// When the arguments do not fit.
pub fn window_call(expr: &Ast, place: ClauseSpan<'_>) -> Result<Option<WindowCall>> {
    let Ast::Function(function) = expr else { return Ok(None) };
    let called = function.name.to_string();
    let Some((name, usage, least, most)) = CALLS.iter().find(|(name, ..)| called.eq_ignore_ascii_case(name)) else {
        return Ok(None);
    };
    let needs = || {
        let spans = ["a time and a size", "a time, a slide and a size", "a time and a gap"];
        let spans = match *name {
            "hop" => spans[1],
            "session" => spans[2],
            _ => spans[0],
        };
        place.fault_on(format!("{name} needs {spans}"), expr).hint(*usage)
    };
    let FunctionArguments::List(list) = &function.args else { return Err(needs()) };
    let args: Option<Vec<&Ast>> = list
        .args
        .iter()
        .map(|a| match a {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(e),
            _ => None,
        })
        .collect();
    let args = args.unwrap_or_default();
    let Some((time, spans)) = args.split_first().filter(|(_, spans)| (*least..=*most).contains(&spans.len())) else {
        return Err(needs());
    };
    if let ("tumble", [size, rest @ ..]) = (*name, spans)
        && let Some(months) = words(size).and_then(|words| months_in(&words))
    {
        let offset = rest.first().map_or(Ok(0), |offset| interval(offset, place))?;
        let kind = checked(WindowAssigner::Calendar(Calendar { months, offset }))
            .map_err(|fault| place.fault_on(fault.what, expr).hint(*usage))?;
        return Ok(Some(WindowCall { time: (*time).clone(), kind }));
    }
    let spans = spans.iter().map(|span| interval(span, place)).collect::<Result<Vec<_>>>()?;
    let begin = |every: Micros, offset: &[Micros]| offset.first().copied().unwrap_or(0).saturating_add(origin(every));
    let kind = match (*name, &spans[..]) {
        ("tumble", [size, rest @ ..]) => WindowAssigner::Tumble(Tumble { size: *size, offset: begin(*size, rest) }),
        ("hop", [slide, size, rest @ ..]) => {
            WindowAssigner::Hop(Hop { slide: *slide, size: *size, offset: begin(*slide, rest) })
        }
        (_, [gap, ..]) => WindowAssigner::Session { gap: *gap },
        _ => return Err(needs()),
    };
    let kind = checked(kind).map_err(|fault| {
        place.fault_on(fault.what, expr).hint(if fault.hint.is_empty() { (*usage).into() } else { fault.hint })
    })?;
    Ok(Some(WindowCall { time: (*time).clone(), kind }))
}

/// Weeks begin on a Monday, all else where 1970 did.
fn origin(every: Micros) -> Micros {
    const WEEK: Micros = 604_800_000_000;
    if every > 0 && every % WEEK == 0 { MONDAY.rem_euclid(every) } else { 0 }
}

/// The words of an interval.
fn words(expr: &Ast) -> Option<String> {
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
    match expr {
        Ast::Interval(i) => text(&i.value).map(|t| match &i.leading_field {
            Some(DateTimeField::Custom(unit)) => format!("{t} {unit}"),
            Some(unit) => format!("{t} {unit}"),
            None => t,
        }),
        other => text(other),
    }
}

fn interval(expr: &Ast, place: ClauseSpan<'_>) -> Result<Micros> {
    let usage = "write it like INTERVAL '15 minutes'";
    let words = words(expr).ok_or_else(|| place.fault_on("this is not an interval", expr).hint(usage))?;
    parse_interval(&words).map_err(|fault| {
        place.fault_on(fault.what, expr).hint(if fault.hint.is_empty() { usage.into() } else { fault.hint })
    })
}
