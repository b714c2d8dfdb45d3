//! The trees of a committee are those of forests: each batch is a forest with its own cuts and words, because what the
//! stream brings is not what history held.

use polars::prelude::*;

use super::{ClassObjective, Learner, NumberObjective, Objective, Strength, VoteSink};
use crate::data::{Fault, Result};
use crate::learn::drift::ErrorScale;
use crate::learn::flat::walk;
use crate::learn::forest::{Forest, LabelKind, Task, vote};
use crate::learn::grow::{BinnedTable, Growth, Labels, grower};
use crate::learn::merge::merge;
use crate::learn::question::{Question, TaskKind};
use crate::learn::score::Truth;
use crate::learn::tree::{ONE, Tree};
use crate::sync::Cancel;

/// Fits forests for one question: over classes that are known beforehand, or of numbers.
#[derive(Clone, Debug)]
pub struct Trees<A = ClassObjective> {
    question: Question,
    /// A forest without trees: it knows the classes.
    knows: Forest,
    objective: A,
}

/// What forests predict: how their trees are grown, what a leaf votes, and where the truth is.
pub trait ForestObjective: Objective + Clone {
    /// What is made ready once a batch.
    type Leaves;

    fn task() -> TaskKind;

    fn growth() -> Growth;

    /// The objective of a forest.
    ///
    /// # Errors
    /// When it predicts something else.
    fn of(forest: &Forest) -> Result<Self>;

    /// The objective of one batch by itself.
    #[must_use]
    fn alone(&self, batch: &Forest) -> Self;

    fn leaves(&self, batch: &Forest) -> Self::Leaves;

    /// What a leaf says.
    fn hear(&self, leaves: &mut Self::Leaves, tree: &Tree, payload: u32, each: impl FnMut(&[Self::Vote]));

    fn label(labels: &Labels, row: usize) -> Option<Self::Prediction>;

    /// # Errors
    /// When it is of something else.
    fn truth(truth: Truth) -> Result<Vec<Option<Self::Prediction>>>;
}

impl Trees {
    /// The classes are those of `examples`, or of all that the label may be: a label that is none of them is
    /// not trained on.
    ///
    /// # Errors
    /// Columns that cannot be trained on, or a target that is no class.
    pub fn new(question: Question, examples: &DataFrame) -> Result<Self> {
        let (question, knows, _) = settle::<ClassObjective>(question, examples)?;
        Ok(Self { question, objective: ClassObjective::of(&knows)?, knows })
    }

    /// The classes by their codes.
    pub fn names(&self) -> &[String] {
        self.knows.task.classes()
    }

    /// The type that labels are written in.
    pub fn kind(&self) -> Option<LabelKind> {
        match &self.knows.task {
            Task::Classes { kind, .. } => Some(*kind),
            Task::Numbers => None,
        }
    }
}

impl Trees<NumberObjective> {
    /// How large numbers are, and what is a usual error, goes by `examples`: the deviation of their target, which is
    /// the error of predicting its mean always.
    ///
    /// # Errors
    /// Columns that cannot be trained on, or a target that is no number.
    pub fn of_numbers(question: Question, examples: &DataFrame) -> Result<Self> {
        let (question, knows, labels) = settle::<NumberObjective>(question, examples)?;
        let Labels::Numbers(of) = labels else { return Err(unlike("numbers")) };
        let mean = of.iter().sum::<f64>() / of.len() as f64;
        let deviation = (of.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / of.len() as f64).sqrt();
        let scale = ErrorScale::new(deviation).or_else(|| ErrorScale::new(1.0)).ok_or_else(|| unlike("numbers"))?;
        let largest = of.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        Ok(Self { question, knows, objective: NumberObjective::new(largest, scale) })
    }
}

/// What is a feature is settled now, whatever columns later rows have.
fn settle<A: ForestObjective>(question: Question, examples: &DataFrame) -> Result<(Question, Forest, Labels)> {
    let mut question = Question { task: Some(A::task()), coarse: true, ..question };
    let (complete, _) = question.complete(examples)?;
    let prepared = question.prepare(&complete)?;
    question.features = prepared.forest.features.iter().map(|f| f.name.clone()).collect();
    Ok((question, prepared.forest, prepared.table.labels))
}

impl<A: ForestObjective> Trees<A> {
    /// Goes on where a forest stands: with its question, and its classes or how large its numbers are.
    ///
    /// # Errors
    /// When it predicts something else.
    pub fn like(forest: &Forest) -> Result<Self> {
        let features = forest.features.iter().map(|f| f.name.clone()).collect();
        let question = Question {
            target: forest.target.clone(),
            features,
            task: Some(A::task()),
            missing: forest.missing,
            coarse: true,
        };
        Ok(Self {
            question,
            objective: A::of(forest)?,
            knows: Forest { trees: Vec::new(), oob: None, rows: 0, ..forest.clone() },
        })
    }

    /// The trees of a committee as one forest, to be kept in a file and asked in SQL.
    ///
    /// # Errors
    /// When there are none.
    pub fn forest<'a>(&self, trees: impl Iterator<Item = (&'a Arc<Forest>, usize)>) -> Result<Forest> {
        let mut parts: Vec<Forest> = Vec::new();
        let mut last: Option<&Arc<Forest>> = None;
        for (batch, tree) in trees {
            if !last.is_some_and(|last| Arc::ptr_eq(last, batch)) {
                parts.push(Forest { trees: Vec::new(), oob: None, ..Forest::clone(batch) });
                last = Some(batch);
            }
            if let (Some(part), Some(tree)) = (parts.last_mut(), batch.trees.get(tree)) {
                part.trees.push(tree.clone());
            }
        }
        merge(&parts.iter().collect::<Vec<_>>())
    }

    /// How good a tree is on the rows that it did not see.
    fn strength(objective: &A, leaves: &mut A::Leaves, tree: &Tree, unseen: &[u32], table: &BinnedTable) -> Strength {
        let mut gains = A::Gains::default();
        walk(
            tree,
            unseen.iter().map(|row| *row as usize),
            |row, feature| table.code(row, feature),
            |place, payload| {
                let Some(truth) = unseen.get(place).and_then(|row| A::label(&table.labels, *row as usize)) else {
                    return;
                };
                objective.hear(leaves, tree, payload, |votes| objective.gain(votes, truth, &mut gains));
            },
        );
        objective.strength(gains, unseen.len() as u64)
    }
}

impl<A: ForestObjective> Learner for Trees<A> {
    type Objective = A;
    type Batch = Forest;

    fn objective(&self) -> &A {
        &self.objective
    }

    fn truth(&self, rows: &DataFrame) -> Result<Vec<Option<A::Prediction>>> {
        A::truth(self.knows.truth(rows)?)
    }

    fn fit(&self, rows: &DataFrame, trees: usize, seed: u64) -> Result<(Forest, Vec<Strength>)> {
        let (complete, _) = self.question.complete(rows)?;
        let prepared = self.question.prepare(&complete)?;
        let (table, mut forest) = (prepared.table, prepared.forest);
        let mut grower = grower(&table, Growth { seed, ..A::growth() });
        let objective = self.objective.alone(&forest);
        let mut leaves = objective.leaves(&forest);
        let mut strengths = Vec::with_capacity(trees);
        for number in 0..trees {
            let grown = grower.grow(number, &Cancel::new())?;
            strengths.push(Self::strength(&objective, &mut leaves, &grown.tree, &grown.unseen, &table));
            forest.trees.push(grown.tree);
        }
        // Rows are coded by the cuts that trees use, and by no others.
        Ok((merge(&[&forest])?, strengths))
    }

    fn vote(&self, batch: &Forest, wanted: &[usize], rows: &DataFrame, each: &mut VoteSink<'_, Self>) -> Result<()> {
        let (codes, lacks) = batch.codes(rows)?;
        let width = batch.features.len().max(1);
        let mut leaves = self.objective.leaves(batch);
        for (place, tree) in wanted.iter().enumerate() {
            let Some(tree) = batch.trees.get(*tree) else { continue };
            let code = |row: usize, feature: usize| codes.get(row * width + feature).copied().unwrap_or(0);
            walk(tree, 0..rows.height(), code, |row, payload| {
                // A row that lacks a value where training had none gets no score.
                if !lacks.get(row).copied().unwrap_or(false) {
                    self.objective.hear(&mut leaves, tree, payload, |votes| each(place, row, votes));
                }
            });
        }
        Ok(())
    }
}

/// What the leaves of a batch say in the classes of the committee.
pub struct Shares {
    /// Where the classes of the batch stand among all.
    places: Vec<Option<usize>>,
    /// Most leaves are of one class: what they say is made once.
    pure: Vec<Vec<u32>>,
    votes: Vec<u32>,
    shares: Vec<u32>,
}

impl ForestObjective for ClassObjective {
    type Leaves = Shares;

    fn task() -> TaskKind {
        TaskKind::Classify
    }

    fn growth() -> Growth {
        Growth::classes()
    }

    fn of(forest: &Forest) -> Result<Self> {
        match &forest.task {
            Task::Classes { names, .. } => Ok(Self { names: names.clone() }),
            Task::Numbers => Err(unlike("classes")),
        }
    }

    fn alone(&self, batch: &Forest) -> Self {
        Self { names: batch.task.classes().to_vec() }
    }

    fn leaves(&self, batch: &Forest) -> Shares {
        let places: Vec<Option<usize>> =
            batch.task.classes().iter().map(|name| self.names.iter().position(|other| other == name)).collect();
        let count = self.names.len();
        let one = |class: &Option<usize>| (0..count).map(|c| if Some(c) == *class { ONE } else { 0 }).collect();
        Shares { pure: places.iter().map(one).collect(), votes: vec![0; places.len()], shares: vec![0; count], places }
    }

    #[inline(always)]
    fn hear(&self, leaves: &mut Shares, tree: &Tree, payload: u32, mut each: impl FnMut(&[u32])) {
        if let Some(shares) = leaves.pure.get(payload as usize) {
            return each(shares);
        }
        leaves.votes.fill(0);
        vote(tree, leaves.places.len(), payload, &mut leaves.votes, 0);
        leaves.shares.fill(0);
        for (vote, place) in leaves.votes.iter().zip(&leaves.places) {
            if let Some(share) = place.and_then(|place| leaves.shares.get_mut(place)) {
                *share = *vote;
            }
        }
        each(&leaves.shares);
    }

    fn label(labels: &Labels, row: usize) -> Option<u32> {
        match labels {
            Labels::Classes { of, .. } => of.get(row).map(|class| u32::from(*class)),
            Labels::Numbers(_) => None,
        }
    }

    fn truth(truth: Truth) -> Result<Vec<Option<u32>>> {
        match truth {
            Truth::Classes(classes) => Ok(classes.into_iter().map(|c| c.map(|c| c as u32)).collect()),
            Truth::Numbers(_) => Err(unlike("classes")),
        }
    }
}

impl ForestObjective for NumberObjective {
    type Leaves = ();

    fn task() -> TaskKind {
        TaskKind::Estimate
    }

    fn growth() -> Growth {
        Growth::numbers()
    }

    fn of(forest: &Forest) -> Result<Self> {
        let scale = ErrorScale::of(forest).ok_or_else(|| unlike("numbers"))?;
        let largest = forest.trees.iter().flat_map(|t| &t.values).fold(0.0_f64, |most, v| most.max(v.abs()));
        Ok(Self::new(largest, scale))
    }

    fn alone(&self, _batch: &Forest) -> Self {
        *self
    }

    fn leaves(&self, _batch: &Forest) {}

    #[inline(always)]
    fn hear(&self, (): &mut (), tree: &Tree, payload: u32, mut each: impl FnMut(&[i128])) {
        if let Some(value) = tree.values.get(payload as usize) {
            each(&self.votes(*value));
        }
    }

    fn label(labels: &Labels, row: usize) -> Option<f64> {
        match labels {
            Labels::Numbers(of) => of.get(row).copied(),
            Labels::Classes { .. } => None,
        }
    }

    /// A NaN or infinite number is no truth.
    fn truth(truth: Truth) -> Result<Vec<Option<f64>>> {
        match truth {
            Truth::Numbers(numbers) => {
                Ok(numbers.into_iter().map(|n| Some(n).filter(|n| n.abs() < f64::MAX)).collect())
            }
            Truth::Classes(_) => Err(unlike("numbers")),
        }
    }
}

fn unlike(objective: &str) -> Fault {
    Fault::new(format!("this is a committee for {objective}, and the target holds none"))
        .hint("begin one for what the target holds")
}
