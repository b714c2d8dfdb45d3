//! Sums, counts and extremes over a frame of rows that mostly only grows.

use polars::prelude::*;

use crate::data::Result;
use crate::query::exact::ExactSums;

/// What sums and counts look at.
pub(super) enum OverInput {
    /// Every row counts.
    Rows,
    Whole(Vec<Option<i128>>),
    Float(Vec<Option<f64>>),
    /// Only whether there is a value.
    Present(Vec<bool>),
}

impl OverInput {
    pub(super) fn of(column: &Column) -> Result<Self> {
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
pub(super) struct RunningSum {
    pub(super) whole: i128,
    pub(super) float: f64,
    pub(super) count: i64,
}

impl RunningSum {
    pub(super) fn mean(self) -> f64 {
        (self.whole as f64 + self.float) / self.count as f64
    }
}

/// A sum, a count and an extreme over rows `from..until`, moved on while only its end grows.
pub(super) struct Running<'a> {
    input: &'a OverInput,
    codes: &'a [Option<u32>],
    largest: bool,
    from: usize,
    until: usize,
    pub(super) count: i64,
    whole: i128,
    float: ExactSums,
    pub(super) best: Option<usize>,
}

impl<'a> Running<'a> {
    pub(super) fn new(input: &'a OverInput, codes: &'a [Option<u32>], largest: bool) -> Self {
        let mut float = ExactSums::default();
        float.resize(1);
        Self { input, codes, largest, from: usize::MAX, until: 0, count: 0, whole: 0, float, best: None }
    }

    pub(super) fn over(&mut self, from: usize, until: usize) -> &Self {
        if from != self.from || until < self.until {
            *self = Self { from, until: from, ..Self::new(self.input, self.codes, self.largest) };
        }
        for row in self.until..until {
            match self.input {
                OverInput::Rows => self.count += 1,
                OverInput::Present(there) => self.count += i64::from(there.get(row) == Some(&true)),
                OverInput::Whole(values) => {
                    if let Some(v) = values.get(row).copied().flatten() {
                        self.count += 1;
                        self.whole += v;
                    }
                }
                OverInput::Float(values) => {
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

    pub(super) fn sum(&self) -> Option<RunningSum> {
        (self.count > 0).then(|| RunningSum { whole: self.whole, float: self.float.get(0), count: self.count })
    }
}
