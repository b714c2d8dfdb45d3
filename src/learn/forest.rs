//! A forest: trees, the features they ask for, and what they predict. It merges as every partial does: votes are sums
//! of integers, so that a merged forest says the same in whatever order it was merged. Reading features out of frames
//! is `encode`'s, files are `model`'s.

use super::bins::rank;
use super::flat::{BLOCK, walk};
use super::tree::{ONE, Tree};

/// A column that trees ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    pub name: String,
    pub kind: FeatureKind,
    /// Where it is cut, rising; none for categories.
    pub cuts: Vec<f64>,
}

/// How a column is read.
#[derive(Clone, Debug, PartialEq)]
pub enum FeatureKind {
    /// Numbers and truth values.
    Number,
    /// Dates and times as microseconds, durations too.
    Time,
    /// Text: a category's code is its place among these words, which are sorted; any other word has the next code, a
    /// missing one the code after that.
    Category(Vec<String>),
}

impl Feature {
    /// The code of a number.
    pub fn code(&self, value: f64) -> u16 {
        rank(&self.cuts, value) as u16
    }
}

/// What happens to rows that lack a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// Such rows are left out of training, and get no score.
    #[default]
    Drop,
    /// Missing is a value like any other, below all numbers.
    Keep,
}

/// What is predicted.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// One of these labels, which are sorted by their kind.
    Classes {
        kind: LabelKind,
        names: Vec<String>,
    },
    Numbers,
}

impl Task {
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Classes { names, .. } => names,
            Self::Numbers => &[],
        }
    }
}

/// How labels were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelKind {
    Text,
    Integer,
    /// Whole numbers in a column of floating ones.
    Number,
    Flag,
}

/// How good a forest is on the rows that its trees did not see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Oob {
    /// Rows that it was taken on.
    pub rows: usize,
    /// Accuracy, or R².
    pub score: f64,
    /// The share of wrong classes, or the root of the mean squared error, after each tree.
    pub errors: Vec<f64>,
}

/// Most trees of a forest: their votes are counted in 32 bits.
pub const TREES: usize = 65_535;

#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    pub target: String,
    pub task: Task,
    pub features: Vec<Feature>,
    pub missing: Missing,
    pub trees: Vec<Tree>,
    /// Rows that it was trained on.
    pub rows: u64,
    pub oob: Option<Oob>,
}

/// What a forest says about some rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Scores {
    /// A row's votes for each class, in units of 1/65,536 of a tree.
    Classes {
        votes: Vec<u32>,
        classes: usize,
        trees: u32,
    },
    Numbers(Vec<f64>),
}

impl Scores {
    /// The class with most votes, the first of equals; `None` where there is none.
    pub fn class(&self, row: usize) -> Option<usize> {
        let Self::Classes { votes, classes, .. } = self else { return None };
        let votes = votes.get(row * classes..(row + 1) * classes)?;
        (0..votes.len()).max_by_key(|class| (votes.get(*class), std::cmp::Reverse(*class)))
    }

    /// The share of trees that vote for a class.
    pub fn share(&self, row: usize, class: usize) -> Option<f64> {
        let Self::Classes { votes, classes, trees } = self else { return None };
        if class >= *classes || *trees == 0 {
            return None;
        }
        Some(f64::from(*votes.get(row * classes + class)?) / (f64::from(ONE) * f64::from(*trees)))
    }

    pub fn number(&self, row: usize) -> Option<f64> {
        match self {
            Self::Numbers(values) => values.get(row).copied(),
            Self::Classes { .. } => None,
        }
    }
}

impl Forest {
    /// Scores rows given as codes, row after row. What a row gets depends on nothing but its codes.
    pub fn score_codes(&self, codes: &[u16]) -> Scores {
        let width = self.features.len().max(1);
        let rows = codes.len() / width;
        match &self.task {
            Task::Classes { names, .. } => {
                let classes = names.len();
                let mut votes = vec![0_u32; rows * classes];
                for (codes, votes) in codes.chunks(BLOCK * width).zip(votes.chunks_mut((BLOCK * classes).max(1))) {
                    for tree in &self.trees {
                        self.walk(tree, codes, width, |row, payload| vote(tree, classes, payload, votes, row));
                    }
                }
                Scores::Classes { votes, classes, trees: self.trees.len() as u32 }
            }
            Task::Numbers => {
                let unit = self.unit();
                let mut sums = vec![0_i64; rows];
                for (codes, sums) in codes.chunks(BLOCK * width).zip(sums.chunks_mut(BLOCK)) {
                    for tree in &self.trees {
                        let values: Vec<i64> = tree.values.iter().map(|v| (v / unit).round() as i64).collect();
                        self.walk(tree, codes, width, |row, payload| {
                            if let (Some(sum), Some(value)) = (sums.get_mut(row), values.get(payload as usize)) {
                                *sum += value;
                            }
                        });
                    }
                }
                let trees = self.trees.len() as f64;
                Scores::Numbers(sums.into_iter().map(|sum| sum as f64 / trees * unit).collect())
            }
        }
    }

    fn walk(&self, tree: &Tree, codes: &[u16], width: usize, reached: impl FnMut(usize, u32)) {
        walk(
            tree,
            (0..codes.len()).step_by(width),
            |row, feature| codes.get(row + feature).copied().unwrap_or(0),
            reached,
        );
    }

    /// Means of leaves are added up as multiples of this power of two: their sums are exact, in any order.
    fn unit(&self) -> f64 {
        let largest = self.trees.iter().flat_map(|t| &t.values).fold(0.0_f64, |most, v| most.max(v.abs()));
        if largest > 0.0 && largest.is_finite() { (largest.log2().ceil() - 44.0).exp2() } else { 1.0 }
    }

    /// How much each feature lessened impurity, as a share of all: the mean over the trees.
    pub fn importance(&self) -> Vec<f64> {
        let grown = self.trees.iter().filter(|t| t.nodes.len() > 1).count().max(1) as f64;
        let of = |feature: usize| {
            self.trees.iter().filter_map(|t| t.gains.get(feature)).map(|g| f64::from(*g)).sum::<f64>() / grown
        };
        (0..self.features.len()).map(of).collect()
    }
}

/// Adds a leaf's vote to a row's.
#[inline(always)]
pub fn vote(tree: &Tree, classes: usize, payload: u32, votes: &mut [u32], row: usize) {
    let payload = payload as usize;
    if payload < classes {
        if let Some(own) = votes.get_mut(row * classes + payload) {
            *own += ONE;
        }
        return;
    }
    let at = (payload - classes) * classes;
    if let (Some(own), Some(shares)) =
        (votes.get_mut(row * classes..(row + 1) * classes), tree.mixed.get(at..at + classes))
    {
        for (own, share) in own.iter_mut().zip(shares) {
            *own += share;
        }
    }
}
