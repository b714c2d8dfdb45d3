//! Sums, counts, means and extremes over frames that only grow: one state moves along.

use std::ops::Range;

use polars::prelude::*;

use crate::data::{Fault, Result};
use crate::query::aggregate_call::AggregateCall;
use crate::query::exact::ExactSums;
use crate::query::order::sorted;

/// What is read from the rows so far.
#[derive(Clone, Copy, PartialEq)]
enum Running {
    Count,
    Sum,
    Avg,
    Min,
    Max,
}

/// The value of each frame; `None` where one state cannot move along all of them, or not of this call. `column` has
/// the values of its argument, place by place.
///
/// # Errors
/// What polars says; or a sum that does not fit.
pub(super) fn running(
    call: &AggregateCall,
    column: Option<&Column>,
    frames: &[Range<usize>],
) -> Result<Option<Column>> {
    let numbers = column.is_some_and(|column| column.dtype().is_primitive_numeric());
    let kind = match (call.aggregate.name, column) {
        ("count", _) => Running::Count,
        ("sum", Some(_)) if numbers => Running::Sum,
        ("avg", Some(_)) if numbers => Running::Avg,
        ("min", Some(_)) => Running::Min,
        ("max", Some(_)) => Running::Max,
        _ => return Ok(None),
    };
    let grow = |pair: &[Range<usize>]| match pair {
        [one, next] => next.start >= one.end || (next.start == one.start && next.end >= one.end),
        _ => true,
    };
    if call.distinct || !frames.windows(2).all(grow) {
        return Ok(None);
    }
    let codes = match (kind, column) {
        (Running::Min | Running::Max, Some(column)) => codes(column)?,
        _ => Vec::new(),
    };
    let input = match column {
        Some(column) if codes.is_empty() => RunningInput::of(column)?,
        _ => RunningInput::Rows,
    };
    let mut state = RunningState::new(&input, &codes, kind == Running::Max);
    let (mut counts, mut sums, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for frame in frames {
        let state = state.over(frame);
        match kind {
            Running::Count => counts.push(state.count),
            Running::Sum | Running::Avg => sums.push(state.sum()),
            Running::Min | Running::Max => places.push(state.best.map(|place| place as IdxSize)),
        }
    }
    let whole = call.output() == DataType::Int64;
    Ok(Some(match (kind, column) {
        (Running::Count, _) => Int64Chunked::from_vec("w".into(), counts).into_column(),
        (Running::Min | Running::Max, Some(column)) => column.take(&places.into_iter().collect::<IdxCa>())?,
        (Running::Sum, _) if whole => {
            let too_large = || {
                Fault::new("a sum does not fit into 64 bits")
                    .at(call.sql.clone())
                    .hint("sum decimal numbers: sum(CAST(… AS DOUBLE))")
            };
            let fit =
                |sum: Option<RunningSum>| sum.map(|sum| i64::try_from(sum.whole).map_err(|_| too_large())).transpose();
            sums.into_iter().map(fit).collect::<Result<Int64Chunked>>()?.into_column()
        }
        (Running::Avg, _) => {
            sums.into_iter().map(|s| s.map(RunningSum::mean)).collect::<Float64Chunked>().into_column()
        }
        _ => sums.into_iter().map(|s| s.map(|s| s.float)).collect::<Float64Chunked>().into_column(),
    }))
}

/// The place of each value in the order of all of them; null for null.
fn codes(column: &Column) -> Result<Vec<Option<u32>>> {
    let Some(order) = sorted(column.len(), vec![(column.clone(), false, false)])? else {
        return Ok(column.is_not_null().iter().map(|there| (there == Some(true)).then_some(0)).collect());
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
enum RunningInput {
    /// Every row counts.
    Rows,
    Whole(Vec<Option<i128>>),
    Float(Vec<Option<f64>>),
    /// Only whether there is a value.
    Present(Vec<bool>),
}

impl RunningInput {
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
struct RunningSum {
    whole: i128,
    float: f64,
    count: i64,
}

impl RunningSum {
    fn mean(self) -> f64 {
        (self.whole as f64 + self.float) / self.count as f64
    }
}

/// A sum, a count and an extreme over rows `from..until`, moved on while only its end grows.
struct RunningState<'a> {
    input: &'a RunningInput,
    codes: &'a [Option<u32>],
    largest: bool,
    from: usize,
    until: usize,
    count: i64,
    whole: i128,
    float: ExactSums,
    best: Option<usize>,
}

impl<'a> RunningState<'a> {
    fn new(input: &'a RunningInput, codes: &'a [Option<u32>], largest: bool) -> Self {
        let mut float = ExactSums::default();
        float.resize(1);
        Self { input, codes, largest, from: usize::MAX, until: 0, count: 0, whole: 0, float, best: None }
    }

    fn over(&mut self, frame: &Range<usize>) -> &Self {
        let (from, until) = (frame.start, frame.end);
        if from != self.from || until < self.until {
            *self = Self { from, until: from, ..Self::new(self.input, self.codes, self.largest) };
        }
        for row in self.until..until {
            match self.input {
                RunningInput::Rows => self.count += 1,
                RunningInput::Present(there) => self.count += i64::from(there.get(row) == Some(&true)),
                RunningInput::Whole(values) => {
                    if let Some(v) = values.get(row).copied().flatten() {
                        self.count += 1;
                        self.whole += v;
                    }
                }
                RunningInput::Float(values) => {
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

    fn sum(&self) -> Option<RunningSum> {
        (self.count > 0).then(|| RunningSum { whole: self.whole, float: self.float.get(0), count: self.count })
    }
}
