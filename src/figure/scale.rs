//! One axis as arithmetic: data to a share of the axis and back, for any finite range, however huge or tiny.

/// A range of data with `lo < hi`, both finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    lo: f64,
    hi: f64,
}

impl Scale {
    /// The range itself; where it is empty or a single value, something around it that can be shown.
    pub fn new(a: f64, b: f64) -> Self {
        const MOST: f64 = f64::MAX / 4.0;
        let (lo, hi) = match (a.is_finite(), b.is_finite()) {
            (true, true) => (a.min(b), a.max(b)),
            (true, false) => (a, a),
            (false, true) => (b, b),
            (false, false) => (0.0, 1.0),
        };
        let (lo, hi) = (lo.clamp(-MOST, MOST), hi.clamp(-MOST, MOST));
        // Below this, steps between neighbouring floats would show.
        let least = (lo.abs().max(hi.abs()) * 2e-15).max(1e-300);
        if hi - lo >= least {
            return Self { lo, hi };
        }
        let middle = lo / 2.0 + hi / 2.0;
        let around = if middle.abs() < 1e-290 { 0.5 } else { middle.abs() * 0.1 };
        Self { lo: (middle - around).max(-MOST * 2.0), hi: (middle + around).min(MOST * 2.0) }
    }

    pub fn range(self) -> (f64, f64) {
        (self.lo, self.hi)
    }

    pub fn lo(self) -> f64 {
        self.lo
    }

    pub fn hi(self) -> f64 {
        self.hi
    }

    /// Never overflows: `new` keeps the ends within a quarter of what a float can hold.
    pub fn span(self) -> f64 {
        self.hi - self.lo
    }

    /// 0 at the low end, 1 at the high end; beyond these outside.
    pub fn share(self, value: f64) -> f64 {
        // Halves, so that the distance of two huge values of different sign stays finite.
        (value / 2.0 - self.lo / 2.0) / (self.span() / 2.0)
    }

    pub fn value(self, share: f64) -> f64 {
        self.lo + share * self.span()
    }

    pub fn holds(self, value: f64) -> bool {
        self.lo <= value && value <= self.hi
    }
}

/// Smallest and largest finite value.
pub fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|v| v.is_finite()).fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((lo, hi)) => Some((f64::min(lo, v), f64::max(hi, v))),
    })
}

/// Two axes, made longer downwards where that is needed for 0 to be at one height.
pub fn same_zero(one: Scale, other: Scale) -> (Scale, Scale) {
    let zero = one.share(0.0).max(other.share(0.0));
    let lowered = |scale: Scale| {
        let fits = scale.share(0.0) >= zero || scale.hi() <= 0.0;
        if fits { scale } else { Scale::new(-zero / (1.0 - zero) * scale.hi(), scale.hi()) }
    };
    // Where one is all below 0, they have no line in common.
    if (0.0..0.95).contains(&zero) { (lowered(one), lowered(other)) } else { (one, other) }
}
