//! `corr`, `covar_samp`, `covar_pop`, `regr_slope`, `regr_intercept`, `regr_r2`: from the exact sums of x, y, xy, x²
//! and y², so that neither merges nor large means cancel (see `variance`). Rows where either is null are left out.
//!
//! As in DuckDB, the first argument of the regressions depends on the second.

use std::borrow::Cow;
use std::ops::Range;

use polars::prelude::*;

use super::input::{NumberColumn, both, float_of_numbers, floats, numbers};
use super::sum::{counts_state, merge_counts, merge_sums, sums_state};
use super::variance::{centred, spread};
use super::{Accumulator, Aggregate, BASE, like, nth, pairs, part};
use crate::data::Result;
use crate::query::exact::Sums;

pub const CORR: Aggregate = Aggregate {
    name: "corr",
    about: "Pearson's correlation, -1 to 1; NaN where either does not vary; null for none.",
    usage: "corr(y, x)",
    make: |_, _| Bivariate::boxed(Statistic::Corr),
    ..PAIR
};

pub const COVAR_SAMP: Aggregate = Aggregate {
    name: "covar_samp",
    about: "The covariance of a sample; null for fewer than two pairs.",
    usage: "covar_samp(y, x)",
    make: |_, _| Bivariate::boxed(Statistic::CovarSamp),
    ..PAIR
};

pub const COVAR_POP: Aggregate = Aggregate {
    name: "covar_pop",
    about: "The covariance of a whole population; null for none.",
    usage: "covar_pop(y, x)",
    make: |_, _| Bivariate::boxed(Statistic::CovarPop),
    ..PAIR
};

pub const REGR_SLOPE: Aggregate = Aggregate {
    name: "regr_slope",
    about: "The slope of the line through y over x by least squares; NaN where x does not vary; null for none.",
    usage: "regr_slope(y, x)",
    make: |_, _| Bivariate::boxed(Statistic::Slope),
    ..PAIR
};

pub const REGR_INTERCEPT: Aggregate = Aggregate {
    name: "regr_intercept",
    about: "Where that line meets x = 0; null where x does not vary, or for none.",
    usage: "regr_intercept(y, x)",
    make: |_, _| Bivariate::boxed(Statistic::Intercept),
    ..PAIR
};

pub const REGR_R2: Aggregate = Aggregate {
    name: "regr_r2",
    about: "The share of y's variance that the line explains; null where x does not vary, or for none.",
    usage: "regr_r2(y, x)",
    make: |_, _| Bivariate::boxed(Statistic::R2),
    ..PAIR
};

pub const REGR_AVGX: Aggregate = Aggregate {
    name: "regr_avgx",
    about: "The mean of x, of rows that have both; null for none.",
    usage: "regr_avgx(y, x)",
    make: |_, _| Bivariate::boxed(Statistic::AvgX),
    ..PAIR
};

pub const REGR_AVGY: Aggregate = Aggregate {
    name: "regr_avgy",
    about: "The mean of y, of rows that have both; null for none.",
    usage: "regr_avgy(y, x)",
    make: |_, _| Bivariate::boxed(Statistic::AvgY),
    ..PAIR
};

pub const REGR_SXX: Aggregate = Aggregate {
    name: "regr_sxx",
    about: "The sum of squares of x around its mean; null for none.",
    usage: "regr_sxx(y, x)",
    make: |_, _| Bivariate::boxed(Statistic::Sxx),
    ..PAIR
};

pub const REGR_SYY: Aggregate = Aggregate {
    name: "regr_syy",
    about: "The sum of squares of y around its mean; null for none.",
    usage: "regr_syy(y, x)",
    make: |_, _| Bivariate::boxed(Statistic::Syy),
    ..PAIR
};

pub const REGR_SXY: Aggregate = Aggregate {
    name: "regr_sxy",
    about: "The sum of products of x and y around their means; null for none.",
    usage: "regr_sxy(y, x)",
    make: |_, _| Bivariate::boxed(Statistic::Sxy),
    ..PAIR
};

pub const REGR_COUNT: Aggregate = Aggregate {
    name: "regr_count",
    about: "How many rows have both; 0 for none.",
    usage: "regr_count(y, x)",
    output: |types| float_of_numbers(types).map(|_| DataType::Int64),
    make: |_, _| Bivariate::boxed(Statistic::Count),
    ..PAIR
};

const PAIR: Aggregate = Aggregate { inputs: 2, output: float_of_numbers, ..BASE };

#[derive(Clone, Copy, Debug, PartialEq)]
enum Statistic {
    Corr,
    CovarSamp,
    CovarPop,
    Slope,
    Intercept,
    R2,
    Count,
    AvgX,
    AvgY,
    Sxx,
    Syy,
    Sxy,
}

#[derive(Debug)]
struct Bivariate {
    statistic: Statistic,
    /// Of y, x, yx, x² and y²; the squares only where the kind needs them.
    sums: Sums<5>,
    /// The sums of small whole numbers, and the count, for as long as they fit; empty as long as there were none.
    whole: Vec<[i64; 6]>,
}

const Y: usize = 0;
const X: usize = 1;
const YX: usize = 2;
const XX: usize = 3;
const YY: usize = 4;
/// Where `whole` has the count.
const ROWS: usize = 5;

impl Statistic {
    fn squares_of_x(self) -> bool {
        matches!(self, Self::Corr | Self::Slope | Self::Intercept | Self::R2 | Self::Sxx)
    }

    fn squares_of_y(self) -> bool {
        matches!(self, Self::Corr | Self::R2 | Self::Syy)
    }
}

impl Bivariate {
    fn boxed(statistic: Statistic) -> Box<dyn Accumulator> {
        Box::new(Self { statistic, sums: Sums::default(), whole: Vec::new() })
    }

    #[inline]
    fn add(&mut self, group: u32, y: f64, x: f64) {
        self.sums.more(group, 1);
        self.sums.add_to(group, Y, y);
        self.sums.add_to(group, X, x);
        self.sums.add_product_to(group, YX, y, x);
        if self.statistic.squares_of_x() {
            self.sums.add_product_to(group, XX, x, x);
        }
        if self.statistic.squares_of_y() {
            self.sums.add_product_to(group, YY, y, y);
        }
    }

    /// Adds sums of whole numbers; what does not fit goes to the exact sums, which hold everything.
    #[inline]
    fn add_whole(&mut self, group: u32, more: &[i64; 6]) {
        let Some(own) = self.whole.get_mut(group as usize) else { return };
        let mut sums = [0; 6];
        let mut over = false;
        for ((sum, a), b) in sums.iter_mut().zip(*own).zip(more) {
            let (added, beyond) = a.overflowing_add(*b);
            *sum = added;
            over |= beyond;
        }
        if !over {
            *own = sums;
            return;
        }
        let full = std::mem::replace(own, *more);
        settle(&mut self.sums, group, &full);
    }

    /// The sums that the kind needs.
    fn needed(&self) -> impl Iterator<Item = usize> + use<> {
        let squares = [(self.statistic.squares_of_x(), XX), (self.statistic.squares_of_y(), YY)];
        [Y, X, YX].into_iter().chain(squares.into_iter().filter(|(needed, _)| *needed).map(|(_, sum)| sum))
    }

    fn count(&self, group: usize) -> i64 {
        self.sums.count(group) + self.whole.get(group).map_or(0, |whole| whole[ROWS])
    }

    /// A sum of `group` as a pair of twice the precision.
    fn pair(&self, group: usize, sum: usize) -> (f64, f64) {
        match self.whole.get(group) {
            Some(whole) if whole[ROWS] > 0 && self.sums.count(group) == 0 => {
                let high = whole[sum] as f64;
                (high, (i128::from(whole[sum]) - high as i128) as f64)
            }
            Some(whole) if whole[ROWS] > 0 => {
                let mut both = Sums::<1>::default();
                both.resize(1);
                let (hi, lo) = self.sums.pair_kept_of(group, sum);
                both.add_parts(0, hi, lo, self.sums.register_of(group, sum).as_deref());
                both.add_whole_to(0, 0, whole[sum]);
                both.pair(0)
            }
            _ => self.sums.pair_of(group, sum),
        }
    }

    fn value(&self, group: usize) -> Option<f64> {
        let n = self.count(group);
        if n == 0 || (n == 1 && self.statistic == Statistic::CovarSamp) {
            return None;
        }
        let count = n as f64;
        let (y, x) = (self.pair(group, Y), self.pair(group, X));
        let together = || centred(self.pair(group, YX), y, x, count);
        let spread = |squares, sum| spread(self.pair(group, squares), sum, count);
        let finite = |value: f64| if value.is_finite() { value } else { f64::NAN };
        match self.statistic {
            Statistic::CovarSamp => Some(finite(together() / (count - 1.0))),
            Statistic::CovarPop => Some(finite(together() / count)),
            Statistic::Count => Some(count),
            Statistic::AvgX => Some(finite(x.0 / count)),
            Statistic::AvgY => Some(finite(y.0 / count)),
            Statistic::Sxx => Some(finite(spread(XX, x))),
            Statistic::Syy => Some(finite(spread(YY, y))),
            Statistic::Sxy => Some(finite(together())),
            Statistic::Corr => {
                let roots = spread(XX, x).sqrt() * spread(YY, y).sqrt();
                Some(if roots > 0.0 { finite(together() / roots).clamp(-1.0, 1.0) } else { f64::NAN })
            }
            Statistic::Slope => {
                let spread = spread(XX, x);
                Some(if spread > 0.0 { finite(together() / spread) } else { f64::NAN })
            }
            Statistic::Intercept => {
                let spread = spread(XX, x);
                (spread != 0.0).then(|| finite((y.0 - together() / spread * x.0) / count))
            }
            Statistic::R2 => {
                let (wide, high) = (spread(XX, x), spread(YY, y));
                let explained = || {
                    let slope = together();
                    finite(slope / wide * (slope / high)).clamp(0.0, 1.0)
                };
                (wide != 0.0).then(|| if high == 0.0 { 1.0 } else { explained() })
            }
        }
    }
}

/// Moves sums of whole numbers to the exact ones.
fn settle(sums: &mut Sums<5>, group: u32, whole: &[i64; 6]) {
    sums.more(group, whole[ROWS]);
    for (sum, value) in whole.iter().enumerate().take(YY + 1).skip(Y) {
        sums.add_whole_to(group, sum, *value);
    }
}

/// Both columns as whole numbers, where they are so small that no product of two overflows.
fn small(ys: &Column, xs: &Column) -> Result<Option<(Int64Chunked, Int64Chunked)>> {
    let (NumberColumn::Int(ys), NumberColumn::Int(xs)) = (numbers(ys)?, numbers(xs)?) else { return Ok(None) };
    let fits = |values: &Int64Chunked| {
        values.downcast_iter().all(|array| array.values().iter().all(|x| i32::try_from(*x).is_ok()))
    };
    Ok((fits(&ys) && fits(&xs)).then_some((ys, xs)))
}

/// Calls `each(group, y, x)` for every row that has both.
fn for_both<T: PolarsNumericType>(
    groups: &[u32],
    ys: &ChunkedArray<T>,
    xs: &ChunkedArray<T>,
    mut each: impl FnMut(u32, T::Native, T::Native),
) {
    if ys.null_count() == 0 && xs.null_count() == 0 {
        for ((group, y), x) in groups.iter().zip(ys.into_no_null_iter()).zip(xs.into_no_null_iter()) {
            each(*group, y, x);
        }
    } else {
        for ((group, y), x) in groups.iter().zip(ys.iter()).zip(xs.iter()) {
            if let (Some(y), Some(x)) = (y, x) {
                each(*group, y, x);
            }
        }
    }
}

impl Accumulator for Bivariate {
    fn resize(&mut self, groups: usize) {
        self.sums.resize(groups);
        if !self.whole.is_empty() {
            self.whole.resize(groups, [0; 6]);
        }
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let (ys, xs) = both(inputs)?;
        if let Some((ys, xs)) = small(ys, xs)? {
            self.whole.resize(self.sums.len(), [0; 6]);
            for_both(groups, &ys, &xs, |group, y, x| self.add_whole(group, &[y, x, y * x, x * x, y * y, 1]));
        } else {
            for_both(groups, &floats(ys)?, &floats(xs)?, |group, y, x| self.add(group, y, x));
        }
        Ok(())
    }

    /// The count, then three columns a sum.
    fn state(&self) -> Result<Vec<Column>> {
        let mut sums = Cow::Borrowed(&self.sums);
        for (group, whole) in self.whole.iter().enumerate().filter(|(_, whole)| whole[ROWS] > 0) {
            settle(sums.to_mut(), group as u32, whole);
        }
        let mut columns = vec![counts_state(&sums)];
        for sum in self.needed() {
            columns.extend(sums_state(&sums, sum));
        }
        Ok(columns)
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        merge_counts(&mut self.sums, groups, nth(state, 0)?)?;
        for (i, sum) in self.needed().enumerate() {
            merge_sums(&mut self.sums, sum, groups, state.get(1 + 3 * i..).unwrap_or_default())?;
        }
        Ok(())
    }

    fn unite(&mut self, groups: &[u32], other: &dyn Accumulator, from: Range<usize>) -> bool {
        let Some(other) = like::<Self>(other) else { return false };
        self.sums.unite(groups, &other.sums, from.clone());
        if !other.whole.is_empty() {
            self.whole.resize(self.sums.len(), [0; 6]);
            pairs(groups, &other.whole, from, |group, whole| self.add_whole(group, whole));
        }
        true
    }

    fn finish(&self) -> Result<Column> {
        if self.statistic == Statistic::Count {
            let counts: Int64Chunked = (0..self.sums.len()).map(|group| Some(self.count(group))).collect();
            return Ok(part("value", counts.into_series()));
        }
        let values: Float64Chunked = (0..self.sums.len()).map(|g| self.value(g)).collect();
        Ok(part("value", values.into_series()))
    }

    fn size(&self) -> usize {
        self.sums.size() + self.whole.capacity() * 48
    }
}
