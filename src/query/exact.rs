//! Exact sums of floating-point numbers: the result is the true sum, rounded once, whatever the order, the cuts and
//! the merges. So a float sum obeys the fusion law bit for bit, as an integer sum does.
//!
//! Each sum is a pair `hi + lo` kept by error-free addition (Knuth, TAOCP vol. 2, 4.2.2, theorem B). What does not fit
//! the pair goes to a third double, which sums of products need, and what does not fit that to a fixed-point register
//! that holds every finite double (Kulisch, "Computer Arithmetic and Validity", 2013); infinities and NaN are counted
//! apart. Well-behaved data never touch the register.

use std::collections::HashMap;

/// One exact sum a group.
#[derive(Clone, Debug, Default)]
pub struct ExactSums {
    /// `hi` and `lo` of each group, side by side: they are read and written together.
    pairs: Vec<[f64; 2]>,
    /// What is below `lo`; shorter than `pairs` as long as nothing is.
    below: Vec<f64>,
    spill: HashMap<u32, Box<Register>>,
}

/// Above this the pair could overflow while it adds.
const LARGE: f64 = 1.0e280;
/// Below this the rounding error of a product may itself underflow, so that it is not worth adding.
const TINY: f64 = 1.0e-290;

/// `a + b` and its exact error.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    let a_part = sum - b_part;
    (sum, (a - a_part) + (b - b_part))
}

/// The exact error of a product that neither overflows nor is tiny: by halves of 26 bits (Dekker 1971, Veltkamp), because
/// not every machine multiplies and adds in one step, and a call that does so in software costs many times as much.
#[inline]
fn product_error(x: f64, y: f64, product: f64) -> f64 {
    const SPLIT: f64 = 134_217_729.0;
    /// Above this a half could overflow.
    const WIDE: f64 = 1.0e290;
    if x.abs() > WIDE || y.abs() > WIDE {
        return x.mul_add(y, -product);
    }
    let halves = |a: f64| {
        let scaled = a * SPLIT;
        let high = scaled - (scaled - a);
        (high, a - high)
    };
    let ((x_high, x_low), (y_high, y_low)) = (halves(x), halves(y));
    x_low * y_low - (((product - x_high * y_high) - x_low * y_high) - x_high * y_low)
}

impl ExactSums {
    pub fn resize(&mut self, groups: usize) {
        self.pairs.resize(groups, [0.0; 2]);
    }

    /// Adds `x` to the sum of `group`, which must be below the size given to `resize`.
    #[inline]
    pub fn add(&mut self, group: u32, x: f64) {
        let pair = &mut self.pairs[group as usize];
        if x.abs() < LARGE {
            let (hi, error) = two_sum(pair[0], x);
            let (lo, lost) = two_sum(pair[1], error);
            *pair = [hi, lo];
            if lost != 0.0 {
                self.sink(group, lost);
            }
        } else {
            self.spill(group, x);
        }
    }

    fn sink(&mut self, group: u32, x: f64) {
        if self.below.len() < self.pairs.len() {
            self.below.resize(self.pairs.len(), 0.0);
        }
        let below = &mut self.below[group as usize];
        let (sum, lost) = two_sum(*below, x);
        *below = sum;
        if lost != 0.0 {
            self.spill(group, lost);
        }
    }

    fn below(&self, group: usize) -> f64 {
        self.below.get(group).copied().unwrap_or(0.0)
    }

    /// What of a group's sum is not in its pair, if anything is.
    fn rest(&self, group: usize) -> Option<Register> {
        let below = self.below(group);
        match self.spill.get(&(group as u32)) {
            None if below == 0.0 => None,
            register => {
                let mut rest = register.map(|r| Register::clone(r)).unwrap_or_default();
                rest.add(below);
                Some(rest)
            }
        }
    }

    #[cold]
    fn spill(&mut self, group: u32, x: f64) {
        self.spill.entry(group).or_default().add(x);
    }

    /// Adds `x * y` exactly: the product and its rounding error.
    #[inline]
    pub fn add_product(&mut self, group: u32, x: f64, y: f64) {
        let product = x * y;
        self.add(group, product);
        if product.is_finite() && product.abs() > TINY {
            let error = product_error(x, y, product);
            if error != 0.0 {
                self.add(group, error);
            }
        }
    }

    /// The sum of `group`, correctly rounded. Infinities of both signs, or a NaN, make NaN.
    pub fn get(&self, group: usize) -> f64 {
        match self.rest(group) {
            None => self.pairs[group][0] + self.pairs[group][1],
            Some(mut whole) => {
                self.pairs[group].iter().for_each(|part| whole.add(*part));
                whole.round()
            }
        }
    }

    /// The sum of `group` as an unevaluated pair of twice the precision; for what is computed from it next.
    pub fn pair(&self, group: usize) -> (f64, f64) {
        match self.rest(group) {
            None => two_sum(self.pairs[group][0], self.pairs[group][1]),
            Some(mut rest) => {
                self.pairs[group].iter().for_each(|part| rest.add(*part));
                let hi = rest.round();
                if !hi.is_finite() {
                    return (hi, 0.0);
                }
                rest.add(-hi);
                (hi, rest.round())
            }
        }
    }

    /// `hi` and `lo` of a group as they are kept: what travels, together with its register.
    pub fn pair_kept(&self, group: usize) -> (f64, f64) {
        (self.pairs[group][0], self.pairs[group][1])
    }

    /// The bytes of a group's register, where it has one.
    pub fn register(&self, group: usize) -> Option<Vec<u8>> {
        self.rest(group).map(|r| r.to_bytes())
    }

    /// Whether no group has a register.
    pub fn are_pairs(&self) -> bool {
        self.spill.is_empty() && self.below.iter().all(|below| *below == 0.0)
    }

    /// Adds what `pair_kept` and `register` gave. Bytes that are not a register are ignored by the caller's checksum, not here.
    pub fn add_parts(&mut self, group: u32, hi: f64, lo: f64, register: Option<&[u8]>) {
        self.add(group, hi);
        self.add(group, lo);
        if let Some(other) = register.and_then(Register::from_bytes) {
            self.spill.entry(group).or_default().merge(&other);
        }
    }

    /// Bytes held, about.
    pub fn size(&self) -> usize {
        self.pairs.capacity() * 16 + self.below.capacity() * 8 + self.spill.len() * (size_of::<Register>() + 16)
    }
}

/// 2^-1074 is bit 0; the largest double ends at bit 2097; 64 more bits are room for carries of many additions.
const LIMBS: usize = 68;

/// A fixed-point number wide enough for any sum of doubles: limbs of 32 bits, kept in 64 so that carries can wait.
#[derive(Clone, Debug)]
struct Register {
    limbs: [i64; LIMBS],
    /// Additions since the carries were last passed on.
    pending: u32,
    nan: u64,
    plus_inf: u64,
    minus_inf: u64,
}

impl Default for Register {
    fn default() -> Self {
        Self { limbs: [0; LIMBS], pending: 0, nan: 0, plus_inf: 0, minus_inf: 0 }
    }
}

impl Register {
    fn add(&mut self, x: f64) {
        if x.is_nan() {
            self.nan += 1;
            return;
        }
        if x.is_infinite() {
            *(if x > 0.0 { &mut self.plus_inf } else { &mut self.minus_inf }) += 1;
            return;
        }
        let bits = x.to_bits();
        let exponent = ((bits >> 52) & 0x7ff) as usize;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        let wide = u128::from(mantissa) << (shift % 32);
        let sign = if x < 0.0 { -1 } else { 1 };
        for i in 0..3 {
            let part = ((wide >> (32 * i)) & 0xffff_ffff) as i64;
            self.limbs[shift / 32 + i] += sign * part;
        }
        self.pending += 1;
        if self.pending >= 1 << 29 {
            self.carry();
        }
    }

    fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        other.carry();
        self.carry();
        for (a, b) in self.limbs.iter_mut().zip(other.limbs) {
            *a += b;
        }
        self.pending = 1;
        self.nan += other.nan;
        self.plus_inf += other.plus_inf;
        self.minus_inf += other.minus_inf;
    }

    /// Passes carries on, so that every limb but the last is within 32 bits and not negative.
    fn carry(&mut self) {
        let mut over = 0;
        for limb in &mut self.limbs[..LIMBS - 1] {
            let value = *limb + over;
            *limb = value & 0xffff_ffff;
            over = value >> 32;
        }
        self.limbs[LIMBS - 1] += over;
        self.pending = 0;
    }

    /// To the nearest double, ties to even.
    fn round(&self) -> f64 {
        match (self.nan > 0, self.plus_inf > 0, self.minus_inf > 0) {
            (true, ..) | (_, true, true) => return f64::NAN,
            (_, true, _) => return f64::INFINITY,
            (_, _, true) => return f64::NEG_INFINITY,
            _ => {}
        }
        let mut whole = self.clone();
        whole.carry();
        let negative = whole.limbs[LIMBS - 1] < 0;
        if negative {
            whole.limbs.iter_mut().for_each(|l| *l = -*l);
            whole.carry();
        }
        let Some(top) = whole.limbs.iter().rposition(|&l| l != 0) else { return 0.0 };
        let limb = |i: usize| whole.limbs[i] as u128;
        // The highest 128 bits hold the mantissa and more; below them only 'is there anything' matters.
        let low = top.saturating_sub(3);
        let mut wide = (low..=top).rev().fold(0_u128, |w, i| w << 32 | limb(i));
        if whole.limbs[..low].iter().any(|&l| l != 0) {
            wide |= 1;
        }
        let length = 128 - wide.leading_zeros() as i64;
        // The lowest bit that a double of this size keeps; a subnormal keeps bit 0 of the register and up.
        let bottom = 32 * low as i64;
        let drop = (length - 53).max(-bottom).max(0);
        let kept = (wide >> drop) as u64;
        let rest = wide & ((1_u128 << drop) - 1);
        let half = if drop == 0 { 0 } else { 1_u128 << (drop - 1) };
        let up = drop > 0 && (rest > half || (rest == half && kept & 1 == 1));
        let mantissa = kept + u64::from(up);
        let magnitude = scale(mantissa as f64, bottom + drop - 1074);
        if negative { -magnitude } else { magnitude }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut whole = self.clone();
        whole.carry();
        let words = whole.limbs.iter().copied().chain([self.nan as i64, self.plus_inf as i64, self.minus_inf as i64]);
        words.flat_map(i64::to_le_bytes).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != (LIMBS + 3) * 8 {
            return None;
        }
        let mut words = bytes.chunks_exact(8).map(|c| i64::from_le_bytes(c.try_into().unwrap_or_default()));
        let mut register = Self::default();
        for (limb, word) in register.limbs.iter_mut().zip(&mut words) {
            *limb = word;
        }
        register.nan = words.next()? as u64;
        register.plus_inf = words.next()? as u64;
        register.minus_inf = words.next()? as u64;
        Some(register)
    }
}

/// `x * 2^power`, exact for a mantissa of 53 bits whose result is a double; infinite where it is too large.
fn scale(x: f64, power: i64) -> f64 {
    let step = |x: f64, p: i64| x * f64::from_bits(((p + 1023) as u64) << 52);
    let (mut x, mut power) = (x, power);
    while power > 1023 {
        x = step(x, 1023);
        power -= 1023;
    }
    while power < -1022 {
        x = step(x, -1022);
        power += 1022;
    }
    step(x, power)
}
