//! How good one tree is, and how much better one committee is than another: sums over rows, with what chance alone
//! would give. A row is worth 1 where it was predicted as well as can be, and 0 where as badly.

/// What a tree gained on recent rows; older rows count less and less.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Strength {
    pub gained: f64,
    pub squares: f64,
    pub seen: f64,
}

impl Strength {
    /// Of rows that are right or wrong: `right` of those `seen`.
    pub fn new(right: u64, seen: u64) -> Self {
        Self { gained: right as f64, squares: right as f64, seen: seen as f64 }
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self { gained: self.gained + other.gained, squares: self.squares + other.squares, seen: self.seen + other.seen }
    }

    /// The mean gain, with one row of each kind, a whole gain and none, to begin with.
    pub(super) fn rate(self) -> f64 {
        (self.gained + 1.0) / (self.seen + 2.0)
    }

    /// The standard error of the rate.
    pub(super) fn deviation(self) -> f64 {
        let (rows, rate) = (self.seen + 2.0, self.rate());
        (((self.squares + 1.0) / rows - rate * rate).max(0.0) / rows).sqrt()
    }

    /// With a memory of at most this number of rows.
    #[must_use]
    pub(super) fn faded(self, rows: f64) -> Self {
        let factor = if self.seen > rows { rows / self.seen } else { 1.0 };
        Self { gained: self.gained * factor, squares: self.squares * factor, seen: self.seen * factor }
    }
}

/// Champion and challenger on the same rows. What the challenger gained beyond the champion is summed up row by row, so
/// that rows which both find easy, or hard, say nothing. Of classes this is McNemar's test: only rows that one of the
/// two alone had right count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trial {
    /// Rows that the challenger predicted better, and those that the champion did.
    pub won: u64,
    pub lost: u64,
    gained: f64,
    squares: f64,
}

impl Trial {
    /// A row, by what each lost on it.
    pub fn add(&mut self, champion: f64, challenger: f64) {
        let gain = champion - challenger;
        self.won += u64::from(gain > 0.0);
        self.lost += u64::from(gain < 0.0);
        self.gained += gain;
        self.squares += gain * gain;
    }

    /// Whether the challenger is better by more than this number of deviations of chance.
    pub fn better_by(self, deviations: f64) -> bool {
        self.gained > 0.0 && self.gained > deviations * self.squares.sqrt()
    }
}
