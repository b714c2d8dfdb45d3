//! Trees as they come in: kept in their order, and judged by the rows that they did not see. Who grows them is the
//! engine's.

use super::flat::walk;
use super::forest::{Oob, vote};
use super::grow::{BinnedTable, Grown, Labels};
use super::tree::Tree;

/// Most rows that the estimate is taken on, evenly spaced: its error is then below 0.25 points.
const ROWS: usize = 50_000;

/// A tree, and where rows that it did not see came out: their place in the estimate, and the leaf's payload.
pub struct Judged {
    tree: Tree,
    reached: Vec<(u32, u32)>,
}

/// Sends the unseen rows down the tree. For the thread that grew it.
pub fn judge(table: &BinnedTable, grown: Grown) -> Judged {
    let step = step(table);
    let unseen: Vec<usize> = grown.unseen.iter().map(|row| *row as usize).filter(|row| row % step == 0).collect();
    let mut reached = Vec::with_capacity(unseen.len());
    walk(
        &grown.tree,
        unseen.iter().copied(),
        |row, feature| table.code(row, feature),
        |place, payload| {
            if let Some(row) = unseen.get(place) {
                reached.push(((row / step) as u32, payload));
            }
        },
    );
    Judged { tree: grown.tree, reached }
}

fn step(table: &BinnedTable) -> usize {
    table.labels.rows().div_ceil(ROWS).max(1)
}

/// Collects trees that come in any order. All it says depends on their numbers alone.
pub struct Harvest<'t> {
    labels: &'t Labels,
    step: usize,
    trees: Vec<Tree>,
    waiting: Vec<Option<Judged>>,
    /// Votes of each row for each class.
    votes: Vec<u32>,
    /// Of each row, what its trees said together, and how many they were.
    sums: Vec<(f64, u32)>,
    errors: Vec<f64>,
}

impl<'t> Harvest<'t> {
    pub fn new(table: &'t BinnedTable, trees: usize) -> Self {
        let step = step(table);
        let rows = table.labels.rows().div_ceil(step);
        let (votes, sums) = match &table.labels {
            Labels::Classes { count, .. } => (vec![0; rows * count], Vec::new()),
            Labels::Numbers(_) => (Vec::new(), vec![(0.0, 0); rows]),
        };
        Self {
            labels: &table.labels,
            step,
            trees: Vec::with_capacity(trees),
            waiting: (0..trees).map(|_| None).collect(),
            votes,
            sums,
            errors: Vec::new(),
        }
    }

    pub fn add(&mut self, number: usize, judged: Judged) {
        if let Some(place) = self.waiting.get_mut(number) {
            *place = Some(judged);
        }
        while let Some(judged) = self.waiting.get_mut(self.trees.len()).and_then(Option::take) {
            self.absorb(&judged);
            self.trees.push(judged.tree);
            self.errors.push(self.error());
        }
    }

    /// Trees taken in so far.
    pub fn len(&self) -> usize {
        self.trees.len()
    }

    pub fn is_empty(&self) -> bool {
        self.trees.is_empty()
    }

    /// The error so far; `None` before the first tree.
    pub fn newest_error(&self) -> Option<f64> {
        self.errors.last().copied().filter(|e| e.is_finite())
    }

    /// The error after each tree taken in so far.
    pub fn errors(&self) -> &[f64] {
        &self.errors
    }

    pub fn finish(self) -> (Vec<Tree>, Oob) {
        let rows = self.judged().count();
        let score = match self.labels {
            Labels::Classes { .. } => 1.0 - self.error(),
            Labels::Numbers(_) => self.r2(),
        };
        (self.trees, Oob { rows, score, errors: self.errors })
    }

    fn absorb(&mut self, judged: &Judged) {
        for &(row, payload) in &judged.reached {
            match self.labels {
                Labels::Classes { count, .. } => vote(&judged.tree, *count, payload, &mut self.votes, row as usize),
                Labels::Numbers(_) => {
                    if let (Some((sum, trees)), Some(value)) =
                        (self.sums.get_mut(row as usize), judged.tree.values.get(payload as usize))
                    {
                        *sum += value;
                        *trees += 1;
                    }
                }
            }
        }
    }

    /// Of each row that some tree did not see, the error: 0 or 1 of a class, squared of a number.
    fn judged(&self) -> impl Iterator<Item = f64> {
        let rows = self.labels.rows().div_ceil(self.step);
        (0..rows).filter_map(|place| match self.labels {
            Labels::Classes { of, count } => {
                let votes = self.votes.get(place * count..(place + 1) * count)?;
                let class = (0..*count).max_by_key(|class| (votes.get(*class), std::cmp::Reverse(*class)))?;
                let truth = of.get(place * self.step)?;
                votes.iter().any(|v| *v > 0).then(|| f64::from(u8::from(class != usize::from(*truth))))
            }
            Labels::Numbers(of) => {
                let (sum, trees) = self.sums.get(place).filter(|(_, trees)| *trees > 0)?;
                Some((sum / f64::from(*trees) - of.get(place * self.step)?).powi(2))
            }
        })
    }

    fn error(&self) -> f64 {
        let (sum, rows) = self.judged().fold((0.0, 0.0), |(sum, rows), e| (sum + e, rows + 1.0));
        let mean: f64 = sum / rows;
        if matches!(self.labels, Labels::Numbers(_)) { mean.sqrt() } else { mean }
    }

    fn r2(&self) -> f64 {
        let Labels::Numbers(of) = self.labels else { return f64::NAN };
        let seen: Vec<f64> = of
            .iter()
            .step_by(self.step)
            .zip(&self.sums)
            .filter(|(_, (_, trees))| *trees > 0)
            .map(|(y, _)| *y)
            .collect();
        let mean = seen.iter().sum::<f64>() / seen.len() as f64;
        let spread: f64 = seen.iter().map(|y| (y - mean).powi(2)).sum();
        1.0 - self.judged().sum::<f64>() / spread
    }
}
