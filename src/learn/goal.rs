//! What a tree is grown for: classes by Gini or entropy, numbers by variance. A goal says what is counted in a bin, how
//! good a split of counts is, and what a leaf says; `grow` knows only that.

use super::tree::Tree;

/// A row of a bootstrap sample: which, how often, and of which class.
#[derive(Clone, Copy, Debug, Default)]
pub struct SampledRow {
    pub row: u32,
    pub class: u16,
    pub weight: u16,
}

/// What is counted in a bin, and how good a split is. All sums are of integers, so that they do not depend on an order.
pub trait Goal {
    /// The counts of a bin or a node.
    type Counts: Copy;
    const ZERO: Self::Counts;

    fn class(&self, row: usize) -> u16;
    fn add(&self, cells: &mut Self::Counts, item: SampledRow);
    /// Moves `cells` from `right` to `left`.
    fn shift(left: &mut Self::Counts, right: &mut Self::Counts, cells: &Self::Counts);
    fn weight(cells: &Self::Counts) -> i64;
    /// How well the rows of a node agree, weighted by their number: the better the larger.
    fn agreement(&self, cells: &Self::Counts) -> f64;
    /// The agreement of two nodes together.
    fn both(&self, left: &Self::Counts, right: &Self::Counts) -> f64;
    /// Where categories stand in the order in which they are split.
    fn order(&self, cells: &Self::Counts, node: &Self::Counts) -> f64;
    /// The payload of a node whose counts say that nothing is left to split.
    fn settled(&self, cells: &Self::Counts) -> Option<u32>;
    /// Whether rows agree, where counts cannot tell.
    fn agree(&self, items: &[SampledRow]) -> bool;
    /// Makes a leaf and gives its payload.
    fn leaf(&self, cells: &Self::Counts, items: &[SampledRow], tree: &mut Tree) -> u32;
}

/// How mixed a node of classes is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Criterion {
    #[default]
    Gini,
    Entropy,
}

/// Classes. `K` is their number rounded up to a power of two, so that loops over them have a fixed length.
pub struct ClassGoal<'a, const K: usize> {
    pub of: &'a [u16],
    pub count: usize,
    /// x·log2 x of each whole number up to the number of rows; empty for Gini.
    pub logs: Vec<f64>,
}

impl<'a, const K: usize> ClassGoal<'a, K> {
    pub fn new(of: &'a [u16], count: usize, criterion: Criterion) -> Self {
        let log = |x: usize| if x == 0 { 0.0 } else { x as f64 * (x as f64).log2() };
        let logs = if criterion == Criterion::Entropy { (0..=of.len()).map(log).collect() } else { Vec::new() };
        Self { of, count, logs }
    }

    fn log(&self, x: i32) -> f64 {
        self.logs.get(x as usize).copied().unwrap_or(0.0)
    }
}

impl<const K: usize> Goal for ClassGoal<'_, K> {
    type Counts = [i32; K];
    const ZERO: [i32; K] = [0; K];

    fn class(&self, row: usize) -> u16 {
        self.of.get(row).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn add(&self, cells: &mut [i32; K], item: SampledRow) {
        // K is a power of two: the mask costs nothing and proves the bound.
        cells[usize::from(item.class) & (K - 1)] += i32::from(item.weight);
    }

    #[inline(always)]
    fn shift(left: &mut [i32; K], right: &mut [i32; K], cells: &[i32; K]) {
        for ((l, r), c) in left.iter_mut().zip(right).zip(cells) {
            *l += c;
            *r -= c;
        }
    }

    #[inline(always)]
    fn weight(cells: &[i32; K]) -> i64 {
        i64::from(cells.iter().sum::<i32>())
    }

    #[inline(always)]
    fn agreement(&self, cells: &[i32; K]) -> f64 {
        let weight: i32 = cells.iter().sum();
        if self.logs.is_empty() {
            cells.iter().map(|c| f64::from(*c) * f64::from(*c)).sum::<f64>() / f64::from(weight)
        } else {
            cells.iter().map(|c| self.log(*c)).sum::<f64>() - self.log(weight)
        }
    }

    #[inline(always)]
    fn both(&self, left: &[i32; K], right: &[i32; K]) -> f64 {
        if !self.logs.is_empty() {
            return self.agreement(left) + self.agreement(right);
        }
        let (mut l, mut r, mut ll, mut rr) = (0, 0, 0.0, 0.0);
        for (a, b) in left.iter().zip(right) {
            l += a;
            r += b;
            ll += f64::from(*a) * f64::from(*a);
            rr += f64::from(*b) * f64::from(*b);
        }
        // One division for two.
        let (l, r) = (f64::from(l), f64::from(r));
        (ll * r + rr * l) / (l * r)
    }

    fn order(&self, cells: &[i32; K], node: &[i32; K]) -> f64 {
        let most = (0..K).max_by_key(|k| (node.get(*k), std::cmp::Reverse(*k))).unwrap_or(0);
        f64::from(cells[most & (K - 1)]) / Self::weight(cells).max(1) as f64
    }

    #[inline(always)]
    fn settled(&self, cells: &[i32; K]) -> Option<u32> {
        let weight: i32 = cells.iter().sum();
        cells.iter().position(|c| *c == weight).map(|class| class as u32)
    }

    fn agree(&self, _: &[SampledRow]) -> bool {
        false
    }

    fn leaf(&self, cells: &[i32; K], _: &[SampledRow], tree: &mut Tree) -> u32 {
        if let Some(pure) = self.settled(cells) {
            return pure;
        }
        let counts: Vec<i64> = cells.iter().take(self.count).map(|c| i64::from(*c)).collect();
        tree.mix(&counts)
    }
}

/// Numbers, split so that their variance falls. Counted as whole multiples of a small unit, so that sums are exact.
pub struct NumberGoal<'a> {
    pub of: &'a [f64],
    scaled: Vec<i64>,
}

impl<'a> NumberGoal<'a> {
    pub fn new(of: &'a [f64]) -> Self {
        let mean = of.iter().sum::<f64>() / of.len().max(1) as f64;
        let widest = of.iter().map(|y| (y - mean).abs()).fold(0.0, f64::max);
        // A bootstrap sample has as many rows as there are: their sum fits into 62 bits.
        let room = (1_u64 << (61 - (of.len().max(1) as f64).log2().ceil() as u32)) as f64;
        let unit = if widest > 0.0 && widest.is_finite() { room / widest } else { 0.0 };
        Self { of, scaled: of.iter().map(|y| ((y - mean) * unit) as i64).collect() }
    }

    fn at(&self, row: u32) -> f64 {
        self.of.get(row as usize).copied().unwrap_or(0.0)
    }
}

impl Goal for NumberGoal<'_> {
    /// Weight, sum.
    type Counts = [i64; 2];
    const ZERO: [i64; 2] = [0; 2];

    fn class(&self, _: usize) -> u16 {
        0
    }

    #[inline(always)]
    fn add(&self, cells: &mut [i64; 2], item: SampledRow) {
        let weight = i64::from(item.weight);
        cells[0] += weight;
        cells[1] += weight * self.scaled.get(item.row as usize).copied().unwrap_or(0);
    }

    #[inline(always)]
    fn shift(left: &mut [i64; 2], right: &mut [i64; 2], cells: &[i64; 2]) {
        for ((l, r), c) in left.iter_mut().zip(right).zip(cells) {
            *l += c;
            *r -= c;
        }
    }

    #[inline(always)]
    fn weight(cells: &[i64; 2]) -> i64 {
        cells[0]
    }

    #[inline(always)]
    fn agreement(&self, cells: &[i64; 2]) -> f64 {
        let sum = cells[1] as f64;
        sum * sum / cells[0].max(1) as f64
    }

    #[inline(always)]
    fn both(&self, left: &[i64; 2], right: &[i64; 2]) -> f64 {
        self.agreement(left) + self.agreement(right)
    }

    fn order(&self, cells: &[i64; 2], _: &[i64; 2]) -> f64 {
        cells[1] as f64 / cells[0].max(1) as f64
    }

    fn settled(&self, _: &[i64; 2]) -> Option<u32> {
        // A leaf's mean is taken from its rows.
        None
    }

    fn agree(&self, items: &[SampledRow]) -> bool {
        items.windows(2).all(|pair| matches!(pair, [a, b] if self.at(a.row) == self.at(b.row)))
    }

    fn leaf(&self, _: &[i64; 2], items: &[SampledRow], tree: &mut Tree) -> u32 {
        let weight: f64 = items.iter().map(|i| f64::from(i.weight)).sum();
        let first = items.first().map_or(0.0, |i| self.at(i.row));
        // Around its first value: the mean of equal values is that value.
        let mean =
            first + items.iter().map(|i| f64::from(i.weight) * (self.at(i.row) - first)).sum::<f64>() / weight.max(1.0);
        tree.values.push(mean);
        (tree.values.len() - 1) as u32
    }
}
