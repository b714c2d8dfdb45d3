//! The trees of a committee are those of forests: each batch is a forest with its own cuts and words, because what the
//! stream brings is not what history held.

use polars::prelude::*;

use super::{Learner, Strength};
use crate::data::{Fault, Result};
use crate::learn::bins::Codes;
use crate::learn::encode::{Question, TaskKind};
use crate::learn::flat::walk;
use crate::learn::forest::{Forest, LabelKind, Task, vote};
use crate::learn::grow::{Growth, Labels, Table, grower};
use crate::learn::merge::merge;
use crate::learn::score::Truth;
use crate::learn::tree::{ONE, Tree};
use crate::sync::Cancel;

/// Fits forests for one question, over classes that are known beforehand.
#[derive(Clone, Debug)]
pub struct Trees {
    question: Question,
    /// A forest without trees: it knows the classes.
    knows: Forest,
}

impl Trees {
    /// The classes are those of `examples`, or of all that the label may be: a label that is none of them teaches nothing.
    ///
    /// # Errors
    /// Columns that cannot be learnt from, or a target that is no class.
    pub fn new(question: Question, examples: &DataFrame) -> Result<Self> {
        let question = Question { task: Some(TaskKind::Classify), coarse: true, ..question };
        let (complete, _) = question.complete(examples)?;
        let knows = question.prepare(&complete)?.forest;
        let mut question = question;
        // What is a feature is settled now, whatever columns later rows have.
        question.features = knows.features.iter().map(|f| f.name.clone()).collect();
        Ok(Self { question, knows })
    }

    /// Goes on where a forest stands: with its question and its classes.
    ///
    /// # Errors
    /// When it estimates numbers.
    pub fn like(forest: &Forest) -> Result<Self> {
        if forest.task == Task::Numbers {
            return Err(numbers());
        }
        let features = forest.features.iter().map(|f| f.name.clone()).collect();
        let question = Question { target: forest.target.clone(), features, task: Some(TaskKind::Classify), missing: forest.missing, coarse: true };
        Ok(Self { question, knows: Forest { trees: Vec::new(), oob: None, rows: 0, ..forest.clone() } })
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
}

fn numbers() -> Fault {
    Fault::new("a committee tells classes apart, and this target is a number").hint("train a forest on it instead")
}

/// Where the classes of a batch stand among all.
fn places(batch: &Forest, all: &[String]) -> Vec<Option<usize>> {
    batch.task.classes().iter().map(|name| all.iter().position(|other| other == name)).collect()
}

/// How often a tree is right on the rows that it did not see.
fn strength(tree: &Tree, unseen: &[u32], table: &Table) -> Strength {
    let Labels::Classes { of, count } = &table.labels else { return Strength::default() };
    let code = |row: usize, feature: usize| match table.columns.get(feature).map(|c| &c.codes) {
        Some(Codes::Narrow(codes)) => codes.get(row).map_or(0, |c| u16::from(*c)),
        Some(Codes::Wide(codes)) => codes.get(row).copied().unwrap_or(0),
        None => 0,
    };
    let mut right = 0;
    let mut votes = vec![0; *count];
    walk(tree, unseen.iter().map(|row| *row as usize), code, |place, payload| {
        votes.fill(0);
        vote(tree, *count, payload, &mut votes, 0);
        let truth = unseen.get(place).and_then(|row| of.get(*row as usize)).map(|class| u32::from(*class));
        right += u64::from(truth.is_some() && super::largest(&votes) == truth);
    });
    Strength::new(right, unseen.len() as u64)
}

impl Learner for Trees {
    type Batch = Forest;

    fn classes(&self) -> usize {
        self.names().len()
    }

    fn truth(&self, rows: &DataFrame) -> Result<Vec<Option<u32>>> {
        match self.knows.truth(rows)? {
            Truth::Classes(classes) => Ok(classes.into_iter().map(|c| c.map(|c| c as u32)).collect()),
            Truth::Numbers(_) => Err(numbers()),
        }
    }

    fn fit(&self, rows: &DataFrame, trees: usize, seed: u64) -> Result<(Forest, Vec<Strength>)> {
        let (complete, _) = self.question.complete(rows)?;
        let prepared = self.question.prepare(&complete)?;
        let (table, mut forest) = (prepared.table, prepared.forest);
        let mut grower = grower(&table, Growth { seed, ..Growth::classes() });
        let mut strengths = Vec::with_capacity(trees);
        for number in 0..trees {
            let grown = grower.grow(number, &Cancel::new())?;
            strengths.push(strength(&grown.tree, &grown.unseen, &table));
            forest.trees.push(grown.tree);
        }
        // Rows are coded by the cuts that trees use, and by no others.
        Ok((merge(&[&forest])?, strengths))
    }

    fn vote(&self, batch: &Forest, wanted: &[usize], rows: &DataFrame, each: &mut dyn FnMut(usize, usize, &[u32])) -> Result<()> {
        let (codes, lacks) = batch.codes(rows)?;
        let width = batch.features.len().max(1);
        let places = places(batch, self.names());
        let own = places.len();
        // Most leaves are of one class: what they say is made once.
        let one = |class: &Option<usize>| (0..self.classes()).map(|c| if Some(c) == *class { ONE } else { 0 }).collect();
        let pure: Vec<Vec<u32>> = places.iter().map(one).collect();
        let mut votes = vec![0; own];
        let mut shares = vec![0; self.classes()];
        for (place, tree) in wanted.iter().enumerate() {
            let Some(tree) = batch.trees.get(*tree) else { continue };
            let code = |row: usize, feature: usize| codes.get(row * width + feature).copied().unwrap_or(0);
            walk(tree, 0..rows.height(), code, |row, payload| {
                // A row that lacks a value where training had none gets no score.
                if lacks.get(row).copied().unwrap_or(false) {
                    return;
                }
                if let Some(shares) = pure.get(payload as usize) {
                    return each(place, row, shares);
                }
                votes.fill(0);
                vote(tree, own, payload, &mut votes, 0);
                shares.fill(0);
                for (vote, place) in votes.iter().zip(&places) {
                    if let Some(share) = place.and_then(|place| shares.get_mut(place)) {
                        *share = *vote;
                    }
                }
                each(place, row, &shares);
            });
        }
        Ok(())
    }
}
