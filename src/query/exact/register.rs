//! A sum of doubles of any size, without error: a fixed-point register that holds every finite double (Kulisch,
//! "Computer Arithmetic and Validity", 2013).

/// 2^-1074 is bit 0; the largest double ends at bit 2097; 64 more bits are room for carries of many additions.
const LIMBS: usize = 68;

/// A fixed-point number wide enough for any sum of doubles: limbs of 32 bits, kept in 64 so that carries can wait.
#[derive(Clone, Debug)]
pub(super) struct Register {
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
    pub(super) fn add(&mut self, x: f64) {
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

    pub(super) fn merge(&mut self, other: &Self) {
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
    pub(super) fn round(&self) -> f64 {
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

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut whole = self.clone();
        whole.carry();
        let words = whole.limbs.iter().copied().chain([self.nan as i64, self.plus_inf as i64, self.minus_inf as i64]);
        words.flat_map(i64::to_le_bytes).collect()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
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
