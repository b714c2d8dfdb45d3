//! Chance that falls the same way each time: from a seed, and by arithmetic that rounds alike on every machine.

/// A stream of chance.
pub struct Noise(fastrand::Rng);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// From 0 up to 1.
    pub fn share(&mut self) -> f64 {
        self.0.f64()
    }

    /// Below `end`.
    pub fn below(&mut self, end: i64) -> i64 {
        self.0.i64(0..end.max(1))
    }

    /// About normal, around 0 with a standard deviation of 1: a sum of three even ones.
    pub fn normal(&mut self) -> f64 {
        (self.share() + self.share() + self.share() - 1.5) * 2.0
    }
}

/// To so many decimal places, as an instrument gives it.
pub fn rounded(value: f64, scale: f64) -> f64 {
    (value * scale).round() / scale
}
