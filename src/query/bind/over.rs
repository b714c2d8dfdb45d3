//! Calls with OVER: which function and frame a call means, and its parts bound to what is kept.

use std::ops::ControlFlow;

use polars::prelude::*;
use sqlparser::ast::{
    Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowType,
};

use crate::data::Result;
use crate::query::expr::Scalar;
use crate::query::order_by::SortExpr;
use crate::query::over::{OverCall, OverFrame, OverFunction};
use crate::query::sql::span::ClauseSpan;
use crate::query::walk;
use crate::query::window::type_word;

/// A call as it was read: its parts are still expressions.
#[derive(Debug)]
pub(super) struct UnboundOver {
    pub text: String,
    kind: OverFunction,
    pub args: Vec<Ast>,
    pub partition: Vec<Ast>,
    /// Expression, descending, nulls first.
    pub order: Vec<(Ast, bool, bool)>,
    frame: OverFrame,
}

/// Names and kinds; `lag` and `lead` are told apart by their offset.
const KINDS: &[(&str, OverFunction)] = &[
    ("row_number", OverFunction::RowNumber),
    ("rank", OverFunction::Rank),
    ("dense_rank", OverFunction::DenseRank),
    ("percent_rank", OverFunction::PercentRank),
    ("cume_dist", OverFunction::CumeDist),
    ("lag", OverFunction::Lag(1)),
    ("lead", OverFunction::Lag(-1)),
    ("first_value", OverFunction::First),
    ("last_value", OverFunction::Last),
    ("count", OverFunction::Count),
    ("sum", OverFunction::Sum),
    ("avg", OverFunction::Avg),
    ("mean", OverFunction::Avg),
    ("min", OverFunction::Min),
    ("max", OverFunction::Max),
];

/// True when a window function is called in an expression.
pub(super) fn is_in(ast: &Ast) -> bool {
    let over = |e: &Ast| matches!(e, Ast::Function(f) if f.over.is_some());
    walk::visit_expressions(ast, |e| if over(e) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        .is_break()
}

impl UnboundOver {
    /// Whether two calls give the same, once their parts name the same columns.
    pub fn same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.args == other.args
            && self.partition == other.partition
            && self.order == other.order
            && self.frame == other.frame
    }

    /// Reads a call with OVER.
    ///
    /// # Errors
    /// A function or a frame that is not known here.
    pub fn new(call: &Function, node: &Ast, place: ClauseSpan<'_>) -> Result<Self> {
        let word = call.name.to_string();
        let Some(kind) = KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word)).map(|(_, kind)| *kind) else {
            let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            return Err(place
                .fault_on(format!("{word} cannot stand before OVER"), node)
                .hint(format!("what can is {}", names.join(", "))));
        };
        let Some(WindowType::WindowSpec(spec)) = &call.over else {
            return Err(place
                .fault_on("OVER with the name of a window is not understood", node)
                .hint("write it out: OVER (PARTITION BY … ORDER BY …)"));
        };
        if call.filter.is_some() || call.null_treatment.is_some() || spec.window_name.is_some() {
            return Err(place
                .fault_on("FILTER, IGNORE NULLS and named windows are not understood with OVER", node)
                .hint("use CASE inside the call"));
        }
        let (kind, args) = arguments(call, kind, node, place)?;
        let order = spec
            .order_by
            .iter()
            .map(|o| (o.expr.clone(), o.options.asc == Some(false), o.options.nulls_first.unwrap_or(false)))
            .collect();
        let frame = frame(spec.window_frame.as_ref()).ok_or_else(|| {
            place
                .fault_on("this frame is not understood", node)
                .hint("frames are ROWS BETWEEN n PRECEDING AND n FOLLOWING, or none")
        })?;
        Ok(Self { text: node.to_string(), kind, args, partition: spec.partition_by.clone(), order, frame })
    }

    /// Binds the parts, which name columns of `kept` now.
    ///
    /// # Errors
    /// When they do not fit, or the call does not take such values.
    pub fn bind(self, kept: &Schema, place: ClauseSpan<'_>) -> Result<OverCall> {
        let bind = |ast: &Ast| Scalar::bind(ast, kept, place);
        let mut args = Vec::new();
        let mut input = DataType::Int64;
        for arg in &self.args {
            let (scalar, dtype) = bind(arg)?;
            input = dtype;
            args.push(scalar);
        }
        let number = input.is_primitive_numeric() || input == DataType::Null;
        let dtype = match self.kind {
            OverFunction::RowNumber | OverFunction::Rank | OverFunction::DenseRank | OverFunction::Count => {
                DataType::Int64
            }
            OverFunction::PercentRank | OverFunction::CumeDist => DataType::Float64,
            OverFunction::Sum | OverFunction::Avg if !number => {
                return Err(place
                    .fault(format!("{} takes numbers, and this is {}", self.text, type_word(&input)))
                    .hint("cast it to a number"));
            }
            OverFunction::Sum if input.is_float() => DataType::Float64,
            OverFunction::Sum => DataType::Int64,
            OverFunction::Avg => DataType::Float64,
            OverFunction::Lag(_) | OverFunction::First | OverFunction::Last | OverFunction::Min | OverFunction::Max => {
                input
            }
        };
        let partition = self.partition.iter().map(|p| bind(p).map(|(scalar, _)| scalar)).collect::<Result<_>>()?;
        let mut order = Vec::new();
        for (ast, descending, nulls_first) in &self.order {
            order.push(SortExpr { scalar: bind(ast)?.0, descending: *descending, nulls_first: *nulls_first });
        }
        Ok(OverCall { kind: self.kind, args, partition, order, frame: self.frame, dtype, text: self.text })
    }
}

/// The arguments of a call, and its function with the offset of `lag` or `lead`.
fn arguments(
    call: &Function,
    function: OverFunction,
    node: &Ast,
    place: ClauseSpan<'_>,
) -> Result<(OverFunction, Vec<Ast>)> {
    let (word, mut kind) = (&call.name, function);
    let mut args = Vec::new();
    if let FunctionArguments::List(list) = &call.args {
        if list.duplicate_treatment.is_some() {
            return Err(place
                .fault_on("DISTINCT is not understood with OVER", node)
                .hint("count distinct values in a group: count(DISTINCT x)"));
        }
        for arg in &list.args {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => args.push(e.clone()),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if kind == OverFunction::Count => {}
                _ => {
                    return Err(place.fault_on("this argument is not understood", node).hint("write an expression"));
                }
            }
        }
    }
    if let OverFunction::Lag(sign) = kind
        && args.len() > 1
    {
        let by = args.pop().as_ref().and_then(whole);
        let by = by.ok_or_else(|| {
            place.fault_on(format!("{word} takes an expression and a whole number"), node).hint("write lag(x, 2)")
        })?;
        kind = OverFunction::Lag(sign * by as i64);
    }
    let wanted = match kind {
        OverFunction::RowNumber
        | OverFunction::Rank
        | OverFunction::DenseRank
        | OverFunction::PercentRank
        | OverFunction::CumeDist => 0..=0,
        OverFunction::Count => 0..=1,
        _ => 1..=1,
    };
    if !wanted.contains(&args.len()) {
        let many = if *wanted.end() == 0 { "no argument" } else { "one argument" };
        return Err(place
            .fault_on(format!("{word} takes {many} here"), node)
            .hint("check what stands in its parentheses"));
    }
    Ok((kind, args))
}

fn whole(ast: &Ast) -> Option<usize> {
    match ast {
        Ast::Value(v) => match &v.value {
            Value::Number(n, _) => n.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

fn frame(given: Option<&WindowFrame>) -> Option<OverFrame> {
    use WindowFrameBound as Bound;
    let Some(given) = given else { return Some(OverFrame::Usual) };
    let before = match &given.start_bound {
        Bound::Preceding(None) => None,
        Bound::Preceding(Some(n)) => Some(whole(n)?),
        Bound::CurrentRow => Some(0),
        Bound::Following(_) => return None,
    };
    let after = match &given.end_bound {
        None | Some(Bound::CurrentRow) => Some(0),
        Some(Bound::Following(None)) => None,
        Some(Bound::Following(Some(n))) => Some(whole(n)?),
        Some(Bound::Preceding(_)) => return None,
    };
    match (given.units, before, after) {
        (WindowFrameUnits::Rows, before, after) => Some(OverFrame::Rows { before, after }),
        (WindowFrameUnits::Range, None, Some(0)) => Some(OverFrame::Usual),
        (_, None, None) => Some(OverFrame::Rows { before: None, after: None }),
        _ => None,
    }
}
