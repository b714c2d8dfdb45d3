//! `corr`, `covar_samp`, `covar_pop`, `regr_slope`, `regr_intercept`, `regr_r2`: from the exact sums of x, y, xy, x²
//! and y², so that neither merges nor large means cancel (see `variance`). Rows where either is null are left out.
//!
//! As in DuckDB, the first argument of the regressions depends on the second.

use polars::prelude::*;

use super::input::{both, float_of_numbers, floats, for_each};
use super::sum::{merge_sums, sums_state};
use super::variance::{centred, spread};
use super::{Accumulator, Aggregate, BASE, nth, part};
use crate::data::Result;
use crate::query::exact::ExactSums;

pub const CORR: Aggregate = Aggregate {
    name: "corr",
    about: "Pearson's correlation, -1 to 1; NaN where either does not vary; null for none.",
    usage: "corr(y, x)",
    make: |_, _| Bivariate::boxed(Kind::Corr),
    ..PAIR
};

pub const COVAR_SAMP: Aggregate = Aggregate {
    name: "covar_samp",
    about: "The covariance of a sample; null for fewer than two pairs.",
    usage: "covar_samp(y, x)",
    make: |_, _| Bivariate::boxed(Kind::CovarSamp),
    ..PAIR
};

pub const COVAR_POP: Aggregate = Aggregate {
    name: "covar_pop",
    about: "The covariance of a whole population; null for none.",
    usage: "covar_pop(y, x)",
    make: |_, _| Bivariate::boxed(Kind::CovarPop),
    ..PAIR
};

pub const REGR_SLOPE: Aggregate = Aggregate {
    name: "regr_slope",
    about: "The slope of the line through y over x by least squares; NaN where x does not vary; null for none.",
    usage: "regr_slope(y, x)",
    make: |_, _| Bivariate::boxed(Kind::Slope),
    ..PAIR
};

pub const REGR_INTERCEPT: Aggregate = Aggregate {
    name: "regr_intercept",
    about: "Where that line meets x = 0; null where x does not vary, or for none.",
    usage: "regr_intercept(y, x)",
    make: |_, _| Bivariate::boxed(Kind::Intercept),
    ..PAIR
};

pub const REGR_R2: Aggregate = Aggregate {
    name: "regr_r2",
    about: "The share of y's variance that the line explains; null where x does not vary, or for none.",
    usage: "regr_r2(y, x)",
    make: |_, _| Bivariate::boxed(Kind::R2),
    ..PAIR
};

const PAIR: Aggregate = Aggregate { inputs: 2, output: float_of_numbers, ..BASE };

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Corr,
    CovarSamp,
    CovarPop,
    Slope,
    Intercept,
    R2,
}

#[derive(Debug)]
struct Bivariate {
    kind: Kind,
    counts: Vec<i64>,
    y: ExactSums,
    x: ExactSums,
    yx: ExactSums,
    /// Σx² and Σy², where the kind needs them; else without groups.
    xx: ExactSums,
    yy: ExactSums,
}

impl Kind {
    fn squares_of_x(self) -> bool {
        !matches!(self, Self::CovarSamp | Self::CovarPop)
    }

    fn squares_of_y(self) -> bool {
        matches!(self, Self::Corr | Self::R2)
    }
}

impl Bivariate {
    fn boxed(kind: Kind) -> Box<dyn Accumulator> {
        let none = ExactSums::default;
        Box::new(Self { kind, counts: Vec::new(), y: none(), x: none(), yx: none(), xx: none(), yy: none() })
    }

    fn add(&mut self, group: u32, y: f64, x: f64) {
        self.counts[group as usize] += 1;
        self.y.add(group, y);
        self.x.add(group, x);
        self.yx.add_product(group, y, x);
        if self.kind.squares_of_x() {
            self.xx.add_product(group, x, x);
        }
        if self.kind.squares_of_y() {
            self.yy.add_product(group, y, y);
        }
    }

    fn sums(&self) -> Vec<&ExactSums> {
        let squares = [(self.kind.squares_of_x(), &self.xx), (self.kind.squares_of_y(), &self.yy)];
        [&self.y, &self.x, &self.yx].into_iter().chain(squares.into_iter().filter(|(needed, _)| *needed).map(|(_, s)| s)).collect()
    }

    fn sums_mut(&mut self) -> Vec<&mut ExactSums> {
        let squares = [(self.kind.squares_of_x(), &mut self.xx), (self.kind.squares_of_y(), &mut self.yy)];
        [&mut self.y, &mut self.x, &mut self.yx].into_iter().chain(squares.into_iter().filter(|(needed, _)| *needed).map(|(_, s)| s)).collect()
    }

    fn value(&self, group: usize) -> Option<f64> {
        let n = self.counts[group];
        if n == 0 || (n == 1 && self.kind == Kind::CovarSamp) {
            return None;
        }
        let count = n as f64;
        let (y, x) = (self.y.pair(group), self.x.pair(group));
        let together = || centred(self.yx.pair(group), y, x, count);
        let spread = |squares: &ExactSums, sum| spread(squares.pair(group), sum, count);
        let finite = |value: f64| if value.is_finite() { value } else { f64::NAN };
        match self.kind {
            Kind::CovarSamp => Some(finite(together() / (count - 1.0))),
            Kind::CovarPop => Some(finite(together() / count)),
            Kind::Corr => {
                let roots = spread(&self.xx, x).sqrt() * spread(&self.yy, y).sqrt();
                Some(if roots > 0.0 { finite(together() / roots).clamp(-1.0, 1.0) } else { f64::NAN })
            }
            Kind::Slope => {
                let spread = spread(&self.xx, x);
                Some(if spread > 0.0 { finite(together() / spread) } else { f64::NAN })
            }
            Kind::Intercept => {
                let spread = spread(&self.xx, x);
                (spread != 0.0).then(|| finite((self.y.get(group) - together() / spread * self.x.get(group)) / count))
            }
            Kind::R2 => {
                let (wide, high) = (spread(&self.xx, x), spread(&self.yy, y));
                let explained = || {
                    let slope = together();
                    finite(slope / wide * (slope / high)).clamp(0.0, 1.0)
                };
                (wide != 0.0).then(|| if high == 0.0 { 1.0 } else { explained() })
            }
        }
    }
}

impl Accumulator for Bivariate {
    fn resize(&mut self, groups: usize) {
        self.counts.resize(groups, 0);
        self.sums_mut().into_iter().for_each(|s| s.resize(groups));
    }

    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()> {
        let (ys, xs) = both(inputs)?;
        let (ys, xs) = (floats(ys)?, floats(xs)?);
        if ys.null_count() == 0 && xs.null_count() == 0 {
            for ((group, y), x) in groups.iter().zip(ys.into_no_null_iter()).zip(xs.into_no_null_iter()) {
                self.add(*group, y, x);
            }
        } else {
            for ((group, y), x) in groups.iter().zip(ys.iter()).zip(xs.iter()) {
                if let (Some(y), Some(x)) = (y, x) {
                    self.add(*group, y, x);
                }
            }
        }
        Ok(())
    }

    /// The count, then three columns a sum.
    fn state(&self) -> Result<Vec<Column>> {
        let count = part("count", Series::new("".into(), &self.counts));
        let sums = self.sums().into_iter().flat_map(|s| sums_state(s, self.counts.len()));
        Ok(std::iter::once(count).chain(sums).collect())
    }

    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()> {
        for_each(groups, nth(state, 0)?.i64()?, |g, n| self.counts[g as usize] += n);
        for (i, sums) in self.sums_mut().into_iter().enumerate() {
            merge_sums(sums, groups, state.get(1 + 3 * i..).unwrap_or_default())?;
        }
        Ok(())
    }

    fn finish(&self) -> Result<Column> {
        let values: Float64Chunked = (0..self.counts.len()).map(|g| self.value(g)).collect();
        Ok(part("value", values.into_series()))
    }

    fn size(&self) -> usize {
        self.counts.capacity() * 8 + self.sums().into_iter().map(ExactSums::size).sum::<usize>()
    }
}
