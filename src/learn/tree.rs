//! One decision tree, laid out flat: eight bytes a node, the children of a node side by side. How it is grown is
//! `grow`'s, how rows walk down it `flat`'s.
//!
//! A row stands before a tree as one code a feature: of a number, how many of the feature's cuts are below it; of a
//! category, its place in the dictionary. So a tree knows no values, and the same nodes serve training and prediction.

/// In `Node::feature`: a leaf.
pub const LEAF: u16 = u16::MAX;
/// In `Node::cut`: a set of categories decides.
pub const BY_SET: u16 = u16::MAX;
/// Most features of a model, and most cuts of a feature.
pub const MOST: usize = u16::MAX as usize;

/// A split: rows whose code is at most `cut` go to `child`, others to `child + 1`. With `BY_SET`, `child` is a place in
/// `Tree::sets`. A leaf's `child` is its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    pub feature: u16,
    pub cut: u16,
    pub child: u32,
}

/// A tree. The root is node 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    pub nodes: Vec<Node>,
    /// Splits by category: the left child, then one bit a code in words of 64 (set: left).
    pub sets: Vec<u64>,
    /// What leaves say. For classes a payload below their number is a pure leaf of that class; above it stands for a
    /// row of this table: shares in units of 1/65,536, as many as there are classes, which add up to one. For
    /// numbers the payload is a place in `values`.
    pub mixed: Vec<u32>,
    pub values: Vec<f64>,
    /// By how much each feature lessened impurity; they add up to one unless the tree is a single leaf.
    pub gains: Vec<f32>,
}

/// One, in the units of a leaf's shares.
pub const ONE: u32 = 1 << 16;

impl Tree {
    pub fn leaf(payload: u32) -> Node {
        Node { feature: LEAF, cut: 0, child: payload }
    }

    pub fn leaves(&self) -> usize {
        self.nodes.iter().filter(|n| n.feature == LEAF).count()
    }

    /// Adds a leaf of several classes and gives its payload. The shares add up to `ONE` exactly: what rounding leaves
    /// over goes to the largest remainders, the first of equals.
    pub fn mix(&mut self, counts: &[i64]) -> u32 {
        let total: i64 = counts.iter().sum::<i64>().max(1);
        let scaled = |count: i64| i128::from(count) * i128::from(ONE);
        let place = self.mixed.len();
        let mut left = i64::from(ONE);
        let mut rest: Vec<(std::cmp::Reverse<i128>, usize)> = Vec::with_capacity(counts.len());
        for (class, &count) in counts.iter().enumerate() {
            let share = scaled(count) / i128::from(total);
            left -= share as i64;
            rest.push((std::cmp::Reverse(scaled(count) % i128::from(total)), class));
            self.mixed.push(share as u32);
        }
        rest.sort_unstable();
        for (_, class) in rest.into_iter().take(left.max(0) as usize) {
            if let Some(share) = self.mixed.get_mut(place + class) {
                *share += 1;
            }
        }
        (counts.len() + place / counts.len().max(1)) as u32
    }
}

/// Whether a code is in the set that begins at `sets[at + 1]`.
#[inline(always)]
pub fn in_set(sets: &[u64], at: usize, code: usize) -> bool {
    sets.get(at + 1 + code / 64).is_some_and(|word| word >> (code % 64) & 1 == 1)
}
