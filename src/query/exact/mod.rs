//! Exact sums of floating-point numbers: the result is the true sum, rounded once, whatever the order, the cuts and
//! the merges. So a float sum obeys the fusion law bit for bit, as an integer sum does.
//!
//! Each sum is a pair `hi + lo` kept by error-free addition (Knuth, TAOCP vol. 2, 4.2.2, theorem B). What does not fit
//! the pair goes to a third double, which sums of products need, and what does not fit that to a fixed-point register
//! that holds every finite double (Kulisch, "Computer Arithmetic and Validity", 2013); infinities and NaN are counted
//! apart. Well-behaved data never touch the register.

mod register;

use std::collections::HashMap;
use std::ops::Range;

use self::register::Register;

/// One exact sum a group.
pub type ExactSums = Sums<1>;

/// N exact sums a group, and how many rows were summed: they are read and written together, so they stand together.
#[derive(Clone, Debug, Default)]
pub struct Sums<const N: usize> {
    rows: Vec<SumRow<N>>,
    /// What is below `lo`; shorter than `rows` as long as nothing is.
    below: Vec<[f64; N]>,
    /// By group and sum.
    spill: HashMap<(u32, usize), Box<Register>>,
}

#[derive(Clone, Copy, Debug)]
struct SumRow<const N: usize> {
    count: i64,
    /// `hi` and `lo` of each sum.
    pairs: [[f64; 2]; N],
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

/// The exact error of a product that neither overflows nor is tiny: by halves of 26 bits (Dekker 1971, Veltkamp),
/// because not every machine multiplies and adds in one step, and a call that does so in software costs many times as
/// much.
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

impl<const N: usize> Sums<N> {
    pub fn resize(&mut self, groups: usize) {
        self.rows.resize(groups, SumRow { count: 0, pairs: [[0.0; 2]; N] });
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[inline]
    pub fn count(&self, group: usize) -> i64 {
        self.rows[group].count
    }

    pub fn counts(&self) -> impl Iterator<Item = i64> {
        self.rows.iter().map(|row| row.count)
    }

    /// Counts rows that were summed.
    #[inline]
    pub fn more(&mut self, group: u32, rows: i64) {
        self.rows[group as usize].count += rows;
    }

    /// Adds `x` to the `nth` sum of `group`, which must be below the size given to `resize`.
    #[inline]
    pub fn add_to(&mut self, group: u32, nth: usize, x: f64) {
        let pair = &mut self.rows[group as usize].pairs[nth];
        if x.abs() < LARGE {
            let (hi, error) = two_sum(pair[0], x);
            let (lo, lost) = two_sum(pair[1], error);
            *pair = [hi, lo];
            if lost != 0.0 {
                self.sink(group, nth, lost);
            }
        } else {
            self.spill(group, nth, x);
        }
    }

    /// Adds `x * y` exactly: the product and its rounding error.
    #[inline]
    pub fn add_product_to(&mut self, group: u32, nth: usize, x: f64, y: f64) {
        let product = x * y;
        self.add_to(group, nth, product);
        if product.is_finite() && product.abs() > TINY {
            let error = product_error(x, y, product);
            if error != 0.0 {
                self.add_to(group, nth, error);
            }
        }
    }

    /// Adds a whole number that a double may be too short for.
    pub fn add_whole_to(&mut self, group: u32, nth: usize, x: i64) {
        let (high, low) = (x >> 32, x & 0xffff_ffff);
        self.add_to(group, nth, high as f64 * 4_294_967_296.0);
        self.add_to(group, nth, low as f64);
    }

    #[cold]
    fn sink(&mut self, group: u32, nth: usize, x: f64) {
        if self.below.len() < self.rows.len() {
            self.below.resize(self.rows.len(), [0.0; N]);
        }
        let below = &mut self.below[group as usize][nth];
        let (sum, lost) = two_sum(*below, x);
        *below = sum;
        if lost != 0.0 {
            self.spill(group, nth, lost);
        }
    }

    #[cold]
    fn spill(&mut self, group: u32, nth: usize, x: f64) {
        self.spill.entry((group, nth)).or_default().add(x);
    }

    /// What of a sum is not in its pair, if anything is.
    fn rest(&self, group: usize, nth: usize) -> Option<Register> {
        let below = self.below.get(group).map_or(0.0, |below| below[nth]);
        match self.spill.get(&(group as u32, nth)) {
            None if below == 0.0 => None,
            register => {
                let mut rest = register.map(|r| Register::clone(r)).unwrap_or_default();
                rest.add(below);
                Some(rest)
            }
        }
    }

    /// The `nth` sum of `group`, correctly rounded. Infinities of both signs, or a NaN, make NaN.
    pub fn get_of(&self, group: usize, nth: usize) -> f64 {
        let pair = self.rows[group].pairs[nth];
        match self.rest(group, nth) {
            None => pair[0] + pair[1],
            Some(mut whole) => {
                pair.iter().for_each(|part| whole.add(*part));
                whole.round()
            }
        }
    }

    /// The `nth` sum of `group` as an unevaluated pair of twice the precision; for what is computed from it next.
    pub fn pair_of(&self, group: usize, nth: usize) -> (f64, f64) {
        let pair = self.rows[group].pairs[nth];
        match self.rest(group, nth) {
            None => two_sum(pair[0], pair[1]),
            Some(mut rest) => {
                pair.iter().for_each(|part| rest.add(*part));
                let hi = rest.round();
                if !hi.is_finite() {
                    return (hi, 0.0);
                }
                rest.add(-hi);
                (hi, rest.round())
            }
        }
    }

    /// `hi` and `lo` of a sum as they are kept: what travels, together with its register.
    pub fn pair_kept_of(&self, group: usize, nth: usize) -> (f64, f64) {
        let pair = self.rows[group].pairs[nth];
        (pair[0], pair[1])
    }

    /// The bytes of a sum's register, where it has one.
    pub fn register_of(&self, group: usize, nth: usize) -> Option<Vec<u8>> {
        self.rest(group, nth).map(|r| r.to_bytes())
    }

    /// Whether no group has a register.
    pub fn are_pairs(&self) -> bool {
        self.spill.is_empty() && self.below.iter().flatten().all(|below| *below == 0.0)
    }

    /// Adds what `pair_kept_of` and `register_of` gave. Bytes that are not a register are ignored by the caller's
    /// checksum, not here.
    pub fn add_parts_to(&mut self, group: u32, nth: usize, hi: f64, lo: f64, register: Option<&[u8]>) {
        self.add_to(group, nth, hi);
        self.add_to(group, nth, lo);
        if let Some(other) = register.and_then(Register::from_bytes) {
            self.spill.entry((group, nth)).or_default().merge(&other);
        }
    }

    /// Adds the sums and counts of `from` of others: those of group `from.start + i` to those of `groups[i]`.
    pub fn unite(&mut self, groups: &[u32], others: &Self, from: Range<usize>) {
        let plain = others.below.is_empty() && others.spill.is_empty();
        // Reads all rows once, so that the cache fetches their memory at the same time.
        let near = |group: &u32| self.rows.get(*group as usize).map_or(0, |row| row.count);
        std::hint::black_box(groups.iter().fold(0, |seen, group| seen ^ near(group)));
        for ((group, row), other) in groups.iter().zip(others.rows.get(from.clone()).unwrap_or_default()).zip(from) {
            self.more(*group, row.count);
            for (nth, [hi, lo]) in row.pairs.iter().enumerate() {
                self.add_to(*group, nth, *hi);
                if *lo != 0.0 {
                    self.add_to(*group, nth, *lo);
                }
                if !plain && let Some(rest) = others.rest(other, nth) {
                    self.spill.entry((*group, nth)).or_default().merge(&rest);
                }
            }
        }
    }

    /// Bytes held, about.
    pub fn size(&self) -> usize {
        self.rows.capacity() * size_of::<SumRow<N>>()
            + self.below.capacity() * 8 * N
            + self.spill.len() * (size_of::<Register>() + 24)
    }
}

impl ExactSums {
    #[inline]
    pub fn add(&mut self, group: u32, x: f64) {
        self.add_to(group, 0, x);
    }

    #[inline]
    pub fn add_product(&mut self, group: u32, x: f64, y: f64) {
        self.add_product_to(group, 0, x, y);
    }

    pub fn get(&self, group: usize) -> f64 {
        self.get_of(group, 0)
    }

    pub fn pair(&self, group: usize) -> (f64, f64) {
        self.pair_of(group, 0)
    }

    pub fn pair_kept(&self, group: usize) -> (f64, f64) {
        self.pair_kept_of(group, 0)
    }

    pub fn register(&self, group: usize) -> Option<Vec<u8>> {
        self.register_of(group, 0)
    }

    pub fn add_parts(&mut self, group: u32, hi: f64, lo: f64, register: Option<&[u8]>) {
        self.add_parts_to(group, 0, hi, lo, register);
    }
}
