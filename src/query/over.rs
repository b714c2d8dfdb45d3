//! Window functions over the answer: `rank() OVER (PARTITION BY … ORDER BY …)` and its kin, computed each time the
//! answer is made, from the rows or groups that are kept. Event-time windows are another thing: they are in `window`.

use std::ops::ControlFlow;

use polars::prelude::*;
use sqlparser::ast::{
    Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowType, visit_expressions,
};

use super::exact::ExactSums;
use super::expr::Scalar;
use super::finish::{OrderBy, changes, tie_breakers};
use super::order::sorted;
use super::sql::span::Place;
use super::window::type_word;
use crate::data::{Fault, Result};

/// A call as it was read: its parts are still expressions.
#[derive(Debug)]
pub(super) struct Read {
    pub text: String,
    kind: Kind,
    pub args: Vec<Ast>,
    pub partition: Vec<Ast>,
    /// Expression, descending, nulls first.
    pub order: Vec<(Ast, bool, bool)>,
    frame: Frame,
}

/// A call that can be evaluated.
#[derive(Debug)]
pub struct OverCall {
    kind: Kind,
    args: Vec<Scalar>,
    partition: Vec<Scalar>,
    order: Vec<OrderBy>,
    frame: Frame,
    pub dtype: DataType,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    Lag(i64),
    First,
    Last,
    Count,
    Sum,
    Avg,
    Min,
    Max,
}

/// Which rows of its partition a row looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Frame {
    /// As SQL has it without a frame: up to this row and its equals where there is an order, else all.
    Usual,
    /// So many rows before and after this one; `None` is all of them.
    Rows { before: Option<usize>, after: Option<usize> },
}

/// Names and kinds; `lag` and `lead` are told apart by their offset.
const KINDS: &[(&str, Kind)] = &[
    ("row_number", Kind::RowNumber),
    ("rank", Kind::Rank),
    ("dense_rank", Kind::DenseRank),
    ("percent_rank", Kind::PercentRank),
    ("cume_dist", Kind::CumeDist),
    ("lag", Kind::Lag(1)),
    ("lead", Kind::Lag(-1)),
    ("first_value", Kind::First),
    ("last_value", Kind::Last),
    ("count", Kind::Count),
    ("sum", Kind::Sum),
    ("avg", Kind::Avg),
    ("mean", Kind::Avg),
    ("min", Kind::Min),
    ("max", Kind::Max),
];

pub(super) fn name(i: usize) -> PlSmallStr {
    format!("__win{i}").into()
}

/// True when a window function is called in an expression.
pub(super) fn is_in(ast: &Ast) -> bool {
    let over = |e: &Ast| matches!(e, Ast::Function(f) if f.over.is_some());
    visit_expressions(ast, |e| if over(e) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }).is_break()
}

impl Read {
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
    pub fn new(call: &Function, node: &Ast, place: Place<'_>) -> Result<Self> {
        let word = call.name.to_string();
        let Some(mut kind) = KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word)).map(|(_, kind)| *kind)
        else {
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
                    FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if kind == Kind::Count => {}
                    _ => {
                        return Err(place
                            .fault_on("this argument is not understood", node)
                            .hint("write an expression"));
                    }
                }
            }
        }
        if let Kind::Lag(sign) = kind
            && args.len() > 1
        {
            let by = args.pop().as_ref().and_then(whole);
            let by = by.ok_or_else(|| {
                place.fault_on(format!("{word} takes an expression and a whole number"), node).hint("write lag(x, 2)")
            })?;
            kind = Kind::Lag(sign * by as i64);
        }
        let wanted = match kind {
            Kind::RowNumber | Kind::Rank | Kind::DenseRank | Kind::PercentRank | Kind::CumeDist => 0..=0,
            Kind::Count => 0..=1,
            _ => 1..=1,
        };
        if !wanted.contains(&args.len()) {
            let many = if *wanted.end() == 0 { "no argument" } else { "one argument" };
            return Err(place
                .fault_on(format!("{word} takes {many} here"), node)
                .hint("check what stands in its parentheses"));
        }
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
    pub fn bind(self, kept: &Schema, place: Place<'_>) -> Result<OverCall> {
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
            Kind::RowNumber | Kind::Rank | Kind::DenseRank | Kind::Count => DataType::Int64,
            Kind::PercentRank | Kind::CumeDist => DataType::Float64,
            Kind::Sum | Kind::Avg if !number => {
                return Err(place
                    .fault(format!("{} takes numbers, and this is {}", self.text, type_word(&input)))
                    .hint("cast it to a number"));
            }
            Kind::Sum if input.is_float() => DataType::Float64,
            Kind::Sum => DataType::Int64,
            Kind::Avg => DataType::Float64,
            Kind::Lag(_) | Kind::First | Kind::Last | Kind::Min | Kind::Max => input,
        };
        let partition = self.partition.iter().map(|p| bind(p).map(|(scalar, _)| scalar)).collect::<Result<_>>()?;
        let mut order = Vec::new();
        for (ast, descending, nulls_first) in &self.order {
            order.push(OrderBy { scalar: bind(ast)?.0, descending: *descending, nulls_first: *nulls_first });
        }
        Ok(OverCall { kind: self.kind, args, partition, order, frame: self.frame, dtype, text: self.text })
    }
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

fn frame(given: Option<&WindowFrame>) -> Option<Frame> {
    use WindowFrameBound as Bound;
    let Some(given) = given else { return Some(Frame::Usual) };
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
        (WindowFrameUnits::Rows, before, after) => Some(Frame::Rows { before, after }),
        (WindowFrameUnits::Range, None, Some(0)) => Some(Frame::Usual),
        (_, None, None) => Some(Frame::Rows { before: None, after: None }),
        _ => None,
    }
}

impl OverCall {
    /// One value a row of `kept`, in its order. Rows that the order leaves equal are told apart by their keys, so that
    /// the same rows give the same numbers however they came.
    ///
    /// # Errors
    /// What polars says, or a sum that does not fit.
    pub fn evaluate(&self, kept: &DataFrame) -> Result<Column> {
        let height = kept.height();
        let partition = self.partition.iter().map(|p| p.of(kept)).collect::<Result<Vec<_>>>()?;
        let order = self
            .order
            .iter()
            .map(|o| Ok((o.scalar.of(kept)?, o.descending, o.nulls_first)))
            .collect::<Result<Vec<_>>>()?;
        let mut by: Vec<(Column, bool, bool)> = partition.iter().map(|p| (p.clone(), false, false)).collect();
        by.extend(order.iter().cloned());
        by.extend(tie_breakers(kept).map(|c| (c.clone(), false, false)));
        let rows: Vec<IdxSize> = match sorted(height, by)? {
            Some(sorted) => sorted.iter().flatten().collect(),
            None => (0..height as IdxSize).collect(),
        };
        let at = IdxCa::from_vec("row".into(), rows.clone());
        let fresh = changes(&partition, &at)?;
        let ordered: Vec<Column> = partition.iter().cloned().chain(order.into_iter().map(|(c, _, _)| c)).collect();
        let peers = changes(&ordered, &at)?;
        let argument = self.args.first().map(|a| a.of(kept)?.take(&at).map_err(Fault::from)).transpose()?;
        // In sorted order first, then back to where the rows were.
        let values = self.values(height, &fresh, &peers, argument.as_ref())?;
        let mut back = vec![0; height];
        for (sorted, row) in rows.iter().enumerate() {
            if let Some(place) = back.get_mut(*row as usize) {
                *place = sorted as IdxSize;
            }
        }
        let column = values.take(&IdxCa::from_vec("row".into(), back))?;
        Ok(if *column.dtype() == self.dtype { column } else { column.cast(&self.dtype)? })
    }

    fn values(&self, height: usize, fresh: &[bool], peers: &[bool], argument: Option<&Column>) -> Result<Column> {
        let mut whole: Vec<i64> = Vec::new();
        let mut parts: Vec<f64> = Vec::new();
        let mut places: Vec<Option<IdxSize>> = Vec::new();
        let mut sums: Vec<Option<Sum>> = Vec::new();
        let codes = match (self.kind, argument) {
            (Kind::Min | Kind::Max, Some(argument)) => codes(argument)?,
            _ => Vec::new(),
        };
        let input = match argument {
            Some(argument) if matches!(self.kind, Kind::Sum | Kind::Avg | Kind::Count) => Input::of(argument)?,
            _ => Input::Rows,
        };
        let mut start = 0;
        while start < height {
            let end = (start + 1..height).find(|i| fresh.get(*i).copied().unwrap_or(true)).unwrap_or(height);
            let (mut dense, mut rank) = (0, 0);
            let mut peer_end = start;
            let mut running = Running::new(&input, &codes, self.kind == Kind::Max);
            for row in start..end {
                if row == start || peers.get(row).copied().unwrap_or(true) {
                    dense += 1;
                    rank = (row - start) as i64 + 1;
                    peer_end = (row + 1..end).find(|i| peers.get(*i).copied().unwrap_or(true)).unwrap_or(end);
                }
                let (from, until) = match self.frame {
                    Frame::Usual if self.order.is_empty() => (start, end),
                    Frame::Usual => (start, peer_end),
                    Frame::Rows { before, after } => (
                        before.map_or(start, |n| row.saturating_sub(n).max(start)),
                        after.map_or(end, |n| row.saturating_add(n).saturating_add(1).min(end)),
                    ),
                };
                match self.kind {
                    Kind::RowNumber => whole.push((row - start) as i64 + 1),
                    Kind::Rank => whole.push(rank),
                    Kind::DenseRank => whole.push(dense),
                    Kind::PercentRank => {
                        parts.push(if end - start > 1 { (rank - 1) as f64 / (end - start - 1) as f64 } else { 0.0 })
                    }
                    Kind::CumeDist => parts.push((peer_end - start) as f64 / (end - start) as f64),
                    Kind::Lag(by) => {
                        let other = row as i64 - by;
                        places.push((other >= start as i64 && other < end as i64).then_some(other as IdxSize));
                    }
                    Kind::First => places.push((from < until).then_some(from as IdxSize)),
                    Kind::Last => places.push((from < until).then(|| until as IdxSize - 1)),
                    Kind::Count => whole.push(running.over(from, until).count),
                    Kind::Min | Kind::Max => places.push(running.over(from, until).best.map(|p| p as IdxSize)),
                    Kind::Sum | Kind::Avg => sums.push(running.over(from, until).sum()),
                }
            }
            start = end;
        }
        let column = match (self.kind, argument) {
            (Kind::RowNumber | Kind::Rank | Kind::DenseRank | Kind::Count, _) => {
                Int64Chunked::from_vec("w".into(), whole).into_column()
            }
            (Kind::PercentRank | Kind::CumeDist, _) => Float64Chunked::from_vec("w".into(), parts).into_column(),
            (Kind::Sum, _) if self.dtype == DataType::Int64 => {
                let fit = |s: Option<Sum>| s.map(|s| i64::try_from(s.whole).map_err(|_| self.too_large())).transpose();
                sums.into_iter().map(fit).collect::<Result<Int64Chunked>>()?.into_column()
            }
            (Kind::Sum, _) => sums.into_iter().map(|s| s.map(|s| s.float)).collect::<Float64Chunked>().into_column(),
            (Kind::Avg, _) => sums.into_iter().map(|s| s.map(|s| s.mean())).collect::<Float64Chunked>().into_column(),
            (_, Some(argument)) => argument.take(&places.into_iter().collect::<IdxCa>())?,
            (_, None) => Column::full_null("w".into(), height, &self.dtype),
        };
        Ok(column)
    }

    fn too_large(&self) -> Fault {
        Fault::new("a sum does not fit into 64 bits")
            .at(self.text.clone())
            .hint("sum decimal numbers: sum(CAST(… AS DOUBLE))")
    }
}

/// The place of each value in the order of all of them; null for null.
fn codes(column: &Column) -> Result<Vec<Option<u32>>> {
    let Some(order) = sorted(column.len(), vec![(column.clone(), false, false)])? else {
        return Ok((0..column.len()).map(|_| Some(0)).collect());
    };
    let missing = column.is_null();
    let mut codes = vec![None; column.len()];
    for (code, row) in order.iter().flatten().enumerate() {
        if missing.get(row as usize) != Some(true)
            && let Some(place) = codes.get_mut(row as usize)
        {
            *place = Some(code as u32);
        }
    }
    Ok(codes)
}

/// What sums and counts look at.
enum Input {
    /// Every row counts.
    Rows,
    Whole(Vec<Option<i128>>),
    Float(Vec<Option<f64>>),
    /// Only whether there is a value.
    Present(Vec<bool>),
}

impl Input {
    fn of(column: &Column) -> Result<Self> {
        let dtype = column.dtype();
        if dtype.is_integer() {
            let wide = if *dtype == DataType::UInt64 { column.clone() } else { column.cast(&DataType::Int64)? };
            return Ok(Self::Whole(match wide.u64() {
                Ok(unsigned) => unsigned.iter().map(|v| v.map(i128::from)).collect(),
                Err(_) => wide.i64()?.iter().map(|v| v.map(i128::from)).collect(),
            }));
        }
        if dtype.is_float() {
            return Ok(Self::Float(column.cast(&DataType::Float64)?.f64()?.iter().collect()));
        }
        Ok(Self::Present(column.is_not_null().iter().map(|p| p == Some(true)).collect()))
    }
}

/// A sum and how many values are in it.
#[derive(Clone, Copy)]
struct Sum {
    whole: i128,
    float: f64,
    count: i64,
}

impl Sum {
    fn mean(self) -> f64 {
        (self.whole as f64 + self.float) / self.count as f64
    }
}

/// A sum, a count and an extreme over rows `from..until`, moved on while only its end grows.
struct Running<'a> {
    input: &'a Input,
    codes: &'a [Option<u32>],
    largest: bool,
    from: usize,
    until: usize,
    count: i64,
    whole: i128,
    float: ExactSums,
    best: Option<usize>,
}

impl<'a> Running<'a> {
    fn new(input: &'a Input, codes: &'a [Option<u32>], largest: bool) -> Self {
        let mut float = ExactSums::default();
        float.resize(1);
        Self { input, codes, largest, from: usize::MAX, until: 0, count: 0, whole: 0, float, best: None }
    }

    fn over(&mut self, from: usize, until: usize) -> &Self {
        if from != self.from || until < self.until {
            *self = Self { from, until: from, ..Self::new(self.input, self.codes, self.largest) };
        }
        for row in self.until..until {
            match self.input {
                Input::Rows => self.count += 1,
                Input::Present(there) => self.count += i64::from(there.get(row) == Some(&true)),
                Input::Whole(values) => {
                    if let Some(v) = values.get(row).copied().flatten() {
                        self.count += 1;
                        self.whole += v;
                    }
                }
                Input::Float(values) => {
                    if let Some(v) = values.get(row).copied().flatten() {
                        self.count += 1;
                        self.float.add(0, v);
                    }
                }
            }
            let code = |row: usize| self.codes.get(row).copied().flatten();
            if let Some(own) = code(row)
                && self.best.and_then(code).is_none_or(|best| if self.largest { own > best } else { own < best })
            {
                self.best = Some(row);
            }
        }
        self.until = until.max(self.until);
        self
    }

    fn sum(&self) -> Option<Sum> {
        (self.count > 0).then(|| Sum { whole: self.whole, float: self.float.get(0), count: self.count })
    }
}
