//! Calls with OVER: which function and frame a call means, and its parts bound to what is kept.

use std::ops::ControlFlow;

use polars::prelude::*;
use sqlparser::ast::{
    Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments, NullTreatment,
    OrderByExpr, WindowType,
};

use super::aggregates::aggregate_of;
use super::over_frame::{frame, measured};
use super::read_call::{ReadCall, number, unordered};
use crate::data::{Fault, Result};
use crate::query::aggregate::{self, Aggregate};
use crate::query::aggregate_call::CallOrder;
use crate::query::expr::Scalar;
use crate::query::order_by::SortExpr;
use crate::query::over::{OverCall, OverFrame, OverFunction};
use crate::query::sql::span::ClauseSpan;
use crate::query::walk;
use crate::query::window::type_word;

/// A call as it was read: its parts are still expressions.
#[derive(Debug)]
pub(super) struct UnboundOver {
    text: String,
    kind: OverFunction,
    /// The value, and what stands for it where there is no such row; none for an aggregate.
    args: Vec<Ast>,
    aggregate: Option<(&'static Aggregate, ReadCall)>,
    filter: Option<Ast>,
    ignores_nulls: bool,
    partition: Vec<Ast>,
    order: Vec<OrderByExpr>,
    frame: OverFrame,
}

/// Names and kinds, and how many arguments each takes; the numbers in them are read from those.
const KINDS: &[(&str, OverFunction, std::ops::RangeInclusive<usize>)] = &[
    ("row_number", OverFunction::RowNumber, 0..=0),
    ("rank", OverFunction::Rank, 0..=0),
    ("dense_rank", OverFunction::DenseRank, 0..=0),
    ("rank_dense", OverFunction::DenseRank, 0..=0),
    ("percent_rank", OverFunction::PercentRank, 0..=0),
    ("cume_dist", OverFunction::CumeDist, 0..=0),
    ("ntile", OverFunction::Ntile(1), 1..=1),
    ("lag", OverFunction::Lag(1), 1..=3),
    ("lead", OverFunction::Lag(-1), 1..=3),
    ("first_value", OverFunction::First, 1..=1),
    ("first", OverFunction::First, 1..=1),
    ("last_value", OverFunction::Last, 1..=1),
    ("last", OverFunction::Last, 1..=1),
    ("nth_value", OverFunction::Nth(1), 2..=2),
];

/// True when a window function is called in an expression.
pub(super) fn is_in(ast: &Ast) -> bool {
    let over = |e: &Ast| matches!(e, Ast::Function(f) if f.over.is_some());
    walk::visit_expressions(ast, |e| if over(e) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        .is_break()
}

impl UnboundOver {
    /// Whether two calls give the same, once their parts name the same columns.
    pub(super) fn same(&self, other: &Self) -> bool {
        let called = |own: &Self| own.aggregate.as_ref().map(|(aggregate, read)| (aggregate.name, read.clone()));
        self.kind == other.kind
            && self.args == other.args
            && called(self) == called(other)
            && self.filter == other.filter
            && self.ignores_nulls == other.ignores_nulls
            && self.partition == other.partition
            && self.order == other.order
            && self.frame == other.frame
    }

    /// Its expressions.
    pub(super) fn parts(&mut self) -> impl Iterator<Item = &mut Ast> {
        let read = self.aggregate.iter_mut().map(|(_, read)| read);
        let called = read.flat_map(|read| read.rows.iter_mut().chain(read.order.iter_mut().map(|by| &mut by.expr)));
        let order = self.order.iter_mut().map(|by| &mut by.expr);
        self.args.iter_mut().chain(called).chain(&mut self.filter).chain(&mut self.partition).chain(order)
    }

    /// Reads a call with OVER.
    ///
    /// # Errors
    /// A function or a frame that is not known here.
    pub(super) fn new(call: &Function, node: &Ast, place: ClauseSpan<'_>) -> Result<Self> {
        let word = call.name.to_string();
        let spec = match &call.over {
            Some(WindowType::WindowSpec(spec)) if spec.window_name.is_none() => spec,
            _ => {
                return Err(place
                    .fault_on("there is no window of this name", node)
                    .hint("name it after HAVING: WINDOW w AS (PARTITION BY … ORDER BY …)"));
            }
        };
        let frame = frame(spec, node, place)?;
        let (partition, order) = (spec.partition_by.clone(), spec.order_by.clone());
        let mut own = Self {
            text: node.to_string(),
            kind: OverFunction::Aggregate,
            args: Vec::new(),
            aggregate: None,
            filter: call.filter.as_deref().cloned(),
            ignores_nulls: false,
            partition,
            order,
            frame,
        };
        if let Some((name, kind, takes)) = KINDS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(&word)) {
            own.ignores_nulls = ignores_nulls(call);
            (own.kind, own.args) = arguments(call, (name, *kind), takes, node, place)?;
            return Ok(own);
        }
        let call = &unordered(call);
        let Some((aggregate, distinct)) = aggregate_of(call) else {
            let names: Vec<&str> = KINDS.iter().map(|(name, ..)| *name).collect();
            return Err(place
                .fault_on(format!("{word} cannot stand before OVER"), node)
                .hint(format!("what can is {}, and every aggregate", names.join(", "))));
        };
        own.aggregate = Some((aggregate, ReadCall::new(aggregate, distinct, call, node, place)?));
        Ok(own)
    }

    /// Binds the parts, which name columns of `kept` now.
    ///
    /// # Errors
    /// When they do not fit, or the call does not take such values.
    pub(super) fn bind(self, kept: &Schema, place: ClauseSpan<'_>) -> Result<OverCall> {
        let bind = |ast: &Ast| Scalar::bind(ast, kept, place);
        let (mut args, mut types) = (Vec::new(), Vec::new());
        for arg in &self.args {
            let (scalar, dtype) = bind(arg)?;
            args.push(scalar);
            types.push(dtype);
        }
        if let [dtype, other] = &types[..] {
            self.check_other(dtype, other, place)?;
        }
        let partition = self.partition.iter().map(|p| bind(p).map(|(scalar, _)| scalar)).collect::<Result<_>>()?;
        let (mut order, mut ordered) = (Vec::new(), Vec::new());
        for by in &self.order {
            let (scalar, dtype) = bind(&by.expr)?;
            let (descending, nulls_first) = (by.options.asc == Some(false), by.options.nulls_first == Some(true));
            order.push(SortExpr { scalar, descending, nulls_first });
            ordered.push(dtype);
        }
        measured(&self.frame, &ordered).map_err(|(what, hint)| place.fault(what).at(self.text.clone()).hint(hint))?;
        let mut called = None;
        if let Some((aggregate, read)) = self.aggregate {
            let text = &self.text;
            let argument = read.rows.first().map(ToString::to_string).unwrap_or_default();
            let unfit = |_: &[Scalar], types: &[DataType]| {
                let dtype = types.first().unwrap_or(&DataType::Null);
                let fault = aggregate::unfit(aggregate, if argument.contains("__") { text } else { &argument }, dtype);
                place.fault(fault.what).hint(fault.hint)
            };
            // Rows stand in the order of the window.
            let mut call = read.bind(aggregate, text.clone(), place, bind, || Ok((CallOrder::Places, None)), unfit)?;
            if let Some(filter) = &self.filter {
                let (scalar, dtype) = bind(filter)?;
                if !matches!(dtype, DataType::Boolean | DataType::Null) {
                    return Err(place
                        .fault(format!("FILTER needs a condition, and this is {}", type_word(&dtype)))
                        .hint("compare it with something, such as distance > 200"));
                }
                call.filter = Some(scalar);
            }
            called = Some(call);
        }
        let dtype = match (&called, self.kind) {
            (Some(call), _) => call.output(),
            (None, OverFunction::PercentRank | OverFunction::CumeDist) => DataType::Float64,
            (None, _) => types.into_iter().next().unwrap_or(DataType::Int64),
        };
        Ok(OverCall {
            kind: self.kind,
            args,
            aggregate: called,
            ignores_nulls: self.ignores_nulls,
            partition,
            order,
            frame: self.frame,
            dtype,
            text: self.text,
        })
    }

    /// What stands where there is no row must be of the type of the values.
    fn check_other(&self, dtype: &DataType, other: &DataType, place: ClauseSpan<'_>) -> Result<()> {
        let fits = dtype == other
            || *other == DataType::Null
            || (dtype.is_integer() && other.is_integer())
            || (dtype.is_float() && other.is_primitive_numeric())
            || (dtype.is_temporal() && other.is_temporal());
        if fits {
            return Ok(());
        }
        let what =
            format!("the values are {}, and what stands for a missing one is {}", type_word(dtype), type_word(other));
        Err(place.fault(what).at(self.text.clone()).hint("cast one of them to the type of the other"))
    }
}

/// IGNORE NULLS, inside the parentheses or behind them.
fn ignores_nulls(call: &Function) -> bool {
    let inside = match &call.args {
        FunctionArguments::List(list) => &list.clauses[..],
        _ => &[],
    };
    let ignores = |clause: &FunctionArgumentClause| {
        matches!(clause, FunctionArgumentClause::IgnoreOrRespectNulls(NullTreatment::IgnoreNulls))
    };
    call.null_treatment == Some(NullTreatment::IgnoreNulls) || inside.iter().any(ignores)
}

/// The arguments of a function that is no aggregate, and the function with the numbers among them.
fn arguments(
    call: &Function,
    (word, kind): (&str, OverFunction),
    takes: &std::ops::RangeInclusive<usize>,
    node: &Ast,
    place: ClauseSpan<'_>,
) -> Result<(OverFunction, Vec<Ast>)> {
    let wrong = |what: String, hint: &str| -> Fault { place.fault_on(what, node).hint(hint) };
    let mut args = Vec::new();
    if let FunctionArguments::List(list) = &call.args {
        let nulls = |clause: &FunctionArgumentClause| matches!(clause, FunctionArgumentClause::IgnoreOrRespectNulls(_));
        if list.duplicate_treatment.is_some() || call.filter.is_some() || !list.clauses.iter().all(nulls) {
            return Err(wrong(
                format!("{word} takes neither DISTINCT nor FILTER nor ORDER BY in its parentheses"),
                "those go with aggregates",
            ));
        }
        for arg in &list.args {
            let FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)) = arg else {
                return Err(wrong("this argument is not understood".to_owned(), "write an expression"));
            };
            args.push(arg.clone());
        }
    }
    if !takes.contains(&args.len()) {
        let many = match (takes.start(), takes.end()) {
            (0, 0) => "no argument".to_owned(),
            (1, 1) => "one argument".to_owned(),
            (least, most) if least == most => format!("{least} arguments"),
            (least, most) => format!("{least} to {most} arguments"),
        };
        return Err(wrong(format!("{word} takes {many} here"), "check what stands in its parentheses"));
    }
    let values = matches!(kind, OverFunction::Lag(_) | OverFunction::First | OverFunction::Last | OverFunction::Nth(_));
    if !values && ignores_nulls(call) {
        return Err(wrong(format!("{word} looks at no values"), "leave out IGNORE NULLS"));
    }
    // A number that says which row is meant stands as it is.
    let mut whole = |at: usize, usage: &str| {
        let written = (args.len() > at).then(|| args.remove(at));
        let value = match &written {
            None => Some(1.0),
            Some(written) => number(written).filter(|value| value.fract() == 0.0 && value.abs() < 1e15),
        };
        let what = || wrong(format!("{word} takes a whole number that is written out"), &format!("write {usage}"));
        value.map(|value| value as i64).ok_or_else(what)
    };
    let kind = match kind {
        OverFunction::Lag(sign) => OverFunction::Lag(sign * whole(1, &format!("{word}(x, 2)"))?),
        OverFunction::Nth(_) => OverFunction::Nth(whole(1, "nth_value(x, 2)")?),
        OverFunction::Ntile(_) => match whole(0, "ntile(4)")? {
            parts if parts > 0 => OverFunction::Ntile(parts),
            _ => return Err(wrong("ntile divides into one part or more".to_owned(), "write ntile(4)")),
        },
        other => other,
    };
    Ok((kind, args))
}
