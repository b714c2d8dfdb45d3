//! A forest as questions see a model. Learning and files are `learn`'s, SQL is `query`'s.

use std::path::Path;
use std::sync::Arc;

use polars::prelude::*;

use crate::data::Result;
use crate::learn::forest::{FeatureKind, Forest, Task};
use crate::learn::model;
use crate::learn::score::Scored;
use crate::query::model::{Model, Models, Score};

/// A forest that scores rows.
#[derive(Debug)]
pub struct Scorer {
    forest: Arc<Forest>,
    inputs: Vec<PlSmallStr>,
    fingerprint: u64,
}

impl Scorer {
    pub fn new(forest: impl Into<Arc<Forest>>) -> Self {
        let forest = forest.into();
        let inputs = forest.features.iter().map(|f| f.name.as_str().into()).collect();
        Self { inputs, fingerprint: fingerprint(&forest), forest }
    }

    pub fn forest(&self) -> &Arc<Forest> {
        &self.forest
    }

    /// The scores of `rows` rows, a column for each score asked.
    pub fn columns(&self, scored: &Scored, rows: usize, asked: &[Score]) -> Vec<Column> {
        let column = |score: &Score| match score {
            Score::Prediction => self.forest.prediction(scored, rows),
            Score::Probability(class) => self.forest.probability(scored, rows, *class),
        };
        asked.iter().map(column).collect()
    }
}

/// Reads models from files, each with the name that questions call it by.
///
/// # Errors
/// A file that cannot be read, or is no model.
pub fn load<'a>(files: impl IntoIterator<Item = (&'a str, &'a Path)>) -> Result<Models> {
    let read = |(name, path): (&str, &Path)| {
        Ok((name.to_owned(), Arc::new(Scorer::new(model::load(path)?.forest)) as Arc<dyn Model>))
    };
    Ok(Models::new(files.into_iter().map(read).collect::<Result<Vec<_>>>()?))
}

impl Model for Scorer {
    fn inputs(&self) -> &[PlSmallStr] {
        &self.inputs
    }

    fn output(&self) -> DataType {
        self.forest.output()
    }

    fn classes(&self) -> &[String] {
        self.forest.task.classes()
    }

    fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    fn score(&self, rows: &DataFrame, asked: &[Score]) -> Result<Vec<Column>> {
        Ok(self.columns(&self.forest.score(rows)?, rows.height(), asked))
    }
}

/// A hash (FNV-1a, by words) of all that scores depend on, the same in every run and on every machine.
fn fingerprint(forest: &Forest) -> u64 {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    hash.text(&forest.target);
    hash.word(u64::from(forest.missing == crate::learn::forest::Missing::Keep));
    if let Task::Classes { kind, names } = &forest.task {
        hash.word(1 + *kind as u64);
        names.iter().for_each(|name| hash.text(name));
    }
    for feature in &forest.features {
        hash.text(&feature.name);
        match &feature.kind {
            FeatureKind::Number => hash.word(0),
            FeatureKind::Time => hash.word(1),
            FeatureKind::Category(words) => words.iter().for_each(|word| hash.text(word)),
        }
        feature.cuts.iter().for_each(|cut| hash.word(cut.to_bits()));
    }
    for tree in &forest.trees {
        hash.word(tree.nodes.len() as u64);
        tree.nodes
            .iter()
            .for_each(|n| hash.word(u64::from(n.feature) << 48 | u64::from(n.cut) << 32 | u64::from(n.child)));
        tree.sets.iter().for_each(|set| hash.word(*set));
        tree.mixed.iter().for_each(|share| hash.word(u64::from(*share)));
        tree.values.iter().for_each(|value| hash.word(value.to_bits()));
    }
    hash.0
}

struct Fnv(u64);

impl Fnv {
    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0100_0000_01b3);
        // Its low bits would never hear of a word's high ones.
        self.0 ^= self.0 >> 32;
    }

    fn text(&mut self, text: &str) {
        self.word(text.len() as u64);
        text.bytes().for_each(|byte| self.word(u64::from(byte)));
    }
}
