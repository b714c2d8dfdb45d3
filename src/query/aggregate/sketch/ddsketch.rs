//! DDSketch (Masson, Rim and Lee, VLDB 2019) with α = 1 %: a histogram whose bins are as wide as 2 % of the values in
//! them, so that every quantile is within 1 % of the true one, relative to its size, whatever the distribution.
//!
//! Negative values have bins of their own, zero has one, and so have both infinities and NaN, which is greater than
//! every number. Beyond 2,048 bins the lowest ones are merged, and the promise then holds only above them: 2,048 bins
//! reach over 17 powers of ten. The bins depend on the values alone, so the fusion law holds bit for bit.

/// The most bins.
const BINS: usize = 2048;
/// α: how far from the truth a value may be, relative to it.
pub const ALPHA: f64 = 0.01;
/// ln γ, where γ = (1 + α) / (1 − α) is how much wider each bin is than the one below.
const LN_GAMMA: f64 = 0.020_000_666_706_669_435;
/// More than any index of a finite value, so that keys of positive values are positive: ln 2^-1074 / ln γ = -37,220.
const OFFSET: i32 = 40_000;
const MINUS_INFINITY: i32 = i32::MIN;
const INFINITY: i32 = i32::MAX - 1;
const NAN: i32 = i32::MAX;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DdSketch {
    /// Key and count of each bin that is not empty, in the order of their values.
    bins: Vec<(i32, u64)>,
}

impl DdSketch {
    #[inline]
    pub fn insert(&mut self, x: f64) {
        self.add(key(x), 1);
    }

    fn add(&mut self, key: i32, count: u64) {
        match self.bins.binary_search_by_key(&key, |bin| bin.0) {
            Ok(at) => self.bins[at].1 += count,
            Err(at) => {
                self.bins.insert(at, (key, count));
                if self.bins.len() > BINS {
                    let (_, lowest) = self.bins.remove(0);
                    if let Some(bin) = self.bins.first_mut() {
                        bin.1 += lowest;
                    }
                }
            }
        }
    }

    pub fn merge(&mut self, other: &Self) {
        other.bins.iter().for_each(|(key, count)| self.add(*key, *count));
    }

    pub fn is_empty(&self) -> bool {
        self.bins.is_empty()
    }

    /// The value at rank q (n − 1), between two ranks interpolated, as `quantile_cont` does; `None` for nothing.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let n: u64 = self.bins.iter().map(|bin| bin.1).sum();
        let position = n.checked_sub(1)? as f64 * q;
        let below = self.at(position.floor() as u64);
        let share = position.fract();
        if share == 0.0 {
            return Some(below);
        }
        let above = self.at(position.floor() as u64 + 1);
        Some(if below.to_bits() == above.to_bits() { below } else { below * (1.0 - share) + above * share })
    }

    /// The value of a rank, counted from 0.
    fn at(&self, rank: u64) -> f64 {
        let mut seen = 0;
        let bin = self.bins.iter().find(|(_, count)| {
            seen += count;
            seen > rank
        });
        bin.or(self.bins.last()).map_or(f64::NAN, |bin| value(bin.0))
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        self.bins.iter().flat_map(|(key, count)| key.to_le_bytes().into_iter().chain(count.to_le_bytes())).collect()
    }

    /// `None` when the bytes are not a sketch.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (bins, rest) = bytes.as_chunks::<12>();
        let read = |[a, b, c, d, count @ ..]: [u8; 12]| (i32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(count));
        let bins: Vec<(i32, u64)> = bins.iter().map(|bin| read(*bin)).collect();
        let sound = rest.is_empty() && bins.len() <= BINS && bins.is_sorted_by(|a, b| a.0 < b.0);
        sound.then_some(Self { bins })
    }

    /// Bytes on the heap.
    pub fn heap(&self) -> usize {
        self.bins.capacity() * size_of::<(i32, u64)>()
    }
}

/// The bin of a value.
#[inline]
fn key(x: f64) -> i32 {
    if x.is_nan() {
        return NAN;
    }
    if x == 0.0 {
        return 0;
    }
    if x.is_infinite() {
        return if x > 0.0 { INFINITY } else { MINUS_INFINITY };
    }
    // γ^(i-1) < |x| ≤ γ^i
    let index = (x.abs().ln() / LN_GAMMA).ceil() as i32 + OFFSET;
    if x > 0.0 { index } else { -index }
}

/// The value that stands for a bin: as far from its lower end as from its upper one, relative to each.
fn value(key: i32) -> f64 {
    match key {
        NAN => f64::NAN,
        INFINITY => f64::INFINITY,
        MINUS_INFINITY => f64::NEG_INFINITY,
        0 => 0.0,
        _ => {
            // 2 γ^i / (γ + 1) = (1 − α) γ^i
            let size = (f64::from(key.abs() - OFFSET) * LN_GAMMA + (-ALPHA).ln_1p()).exp().min(f64::MAX);
            if key > 0 { size } else { -size }
        }
    }
}
