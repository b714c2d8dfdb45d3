//! The JSON of a model: its shape, and what is checked when it is read. Opening files is left to `model`.
//!
//! ```json
//! {
//!   "braid_model": 1, "kind": "forest", "name": "late",
//!   "target": "late", "task": "classify", "labels": "flag", "classes": ["false", "true"],
//!   "missing": "drop", "rows": 1000,
//!   "features": [{"name": "distance", "kind": "number", "cuts": ["199.5", "1023"]},
//!                {"name": "origin", "kind": "category", "words": ["EWR", "JFK", "LGA"]}],
//!   "oob": {"rows": 1000, "score": "0.91", "errors": ["0.2", "0.09"]},
//!   "trees": [{"feature": [0, -1, -1], "cut": [1, 0, 0], "child": [1, 0, 1],
//!              "sets": [], "mixed": [], "values": [], "gains": ["1"]}],
//!   "baseline": {"rows": 1000, "features": []},
//!   "learnt_to": {"column": "date", "micros": 979957800000000},
//!   "report": {"rows": {"seen": 1000, "learnt": 800, "tested": 200}},
//!   "lived": {"rows": 1000, "error": "0.06", "rmse": "NaN", "r2": "NaN"}, "swaps": ["Swapped on 2026-01-31 …"]
//! }
//! ```
//!
//! - `task`: `classify` or `estimate`; `labels`: `text`, `integer`, `number`, `flag`; `missing`: `drop` or `keep`.
//! - A feature of kind `number` or `time` (microseconds) has `cuts`, rising. A value's code is how many cuts are below
//!   it; a missing one's is 0. The code of a word of a `category` is its place in `words`; any other word has the next
//!   code, a missing one the code after that.
//! - Node `i` of a tree splits by `feature[i]`: rows with a code of at most `cut[i]` go to node `child[i]`, others to
//!   the one after it. With a cut of 65535, `child[i]` is a place in `sets`: the left child stands there, then words of
//!   64 bits, lowest first, one bit for each code (1: left), each written as text. The root is node 0.
//! - A leaf has feature -1. Its `child` is a class; or, from the number of classes up, a row of `mixed`: shares in
//!   units of 1/65536, one a class; or, for estimates, a place in `values`. Trees vote with equal weight: shares or
//!   values are averaged.
//! - `name`: what questions called it; without one a file is called by its own name. `braid_model` comes first: by it a
//!   model is told from other JSON.
//! - `baseline`: how the features were distributed in training, in the shape of `drift::saved`.
//! - `learnt_to`: the newest row that it was trained on, by its time (microseconds since 1970), and the column that has
//!   it; where that counts in whole numbers, `number` is the same as it stands there.
//! - `report`: how it came out of training, in the shape of `report::saved`.
//! - `lived`: of a forest that was trained on a stream, how it did on the newest rows, each predicted before it was
//!   trained on: the share that was wrong, or the mean distance from the truth; of numbers the root of the mean squared
//!   error and R², too.
//! - `swaps`: how it took the place of others, in words.
//! - Files may lack a name, a baseline, a time, a report and these: older ones have none.
//! - Floating numbers are text, so that every reader gets every bit.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{Saved, TrainedTo};
use crate::data::{Fault, Result};
use crate::learn::drift::Baseline;
use crate::learn::forest::{Feature, FeatureKind, Forest, LabelKind, Missing, Oob, TREES, Task};
use crate::learn::report;
use crate::learn::tree::{BY_SET, LEAF, Node, ONE, Tree};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
pub(super) struct ModelFile {
    braid_model: u32,
    kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    target: String,
    task: String,
    #[serde(default)]
    labels: String,
    #[serde(default)]
    classes: Vec<String>,
    missing: String,
    rows: u64,
    features: Vec<FeatureFile>,
    #[serde(default)]
    oob: Option<OobFile>,
    trees: Vec<TreeFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    #[serde(default, rename = "learnt_to", skip_serializing_if = "Option::is_none")]
    pub trained_to: Option<TrainedTo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<report::SavedReport>,
    #[serde(default, rename = "lived", skip_serializing_if = "Option::is_none")]
    pub stream_score: Option<StreamScoreFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub swaps: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct FeatureFile {
    name: String,
    kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cuts: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    words: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct OobFile {
    rows: usize,
    score: String,
    errors: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StreamScoreFile {
    pub rows: u64,
    pub error: String,
    pub rmse: String,
    pub r2: String,
}

#[derive(Serialize, Deserialize)]
struct TreeFile {
    feature: Vec<i32>,
    cut: Vec<u16>,
    child: Vec<u32>,
    #[serde(default)]
    sets: Vec<String>,
    #[serde(default)]
    mixed: Vec<u32>,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default)]
    gains: Vec<String>,
}

pub(super) fn damaged(what: &str) -> Fault {
    Fault::new(what).hint("give a file that Braid wrote, or train again")
}

pub(super) fn to_file(saved: &Saved) -> ModelFile {
    let forest = &saved.forest;
    let (task, labels) = match &forest.task {
        Task::Classes { kind, .. } => ("classify", labels_word(*kind)),
        Task::Numbers => ("estimate", ""),
    };
    ModelFile {
        braid_model: VERSION,
        kind: "forest".to_owned(),
        name: saved.name.clone(),
        target: forest.target.clone(),
        task: task.to_owned(),
        labels: labels.to_owned(),
        classes: forest.task.classes().to_vec(),
        missing: if forest.missing == Missing::Keep { "keep" } else { "drop" }.to_owned(),
        rows: forest.rows,
        features: forest.features.iter().map(feature_file).collect(),
        oob: forest.oob.as_ref().map(|oob| OobFile {
            rows: oob.rows,
            score: oob.score.to_string(),
            errors: texts(&oob.errors),
        }),
        trees: forest.trees.iter().map(tree_file).collect(),
        baseline: saved.baseline.clone(),
        trained_to: saved.trained_to.clone(),
        report: saved.report.as_ref().map(|report| report::SavedReport::new(report, forest)),
        stream_score: saved.stream_score.map(|l| StreamScoreFile {
            rows: l.rows,
            error: l.error.to_string(),
            rmse: l.rmse.to_string(),
            r2: l.r2.to_string(),
        }),
        swaps: saved.swaps.clone(),
    }
}

const LABELS: &[(LabelKind, &str)] = &[
    (LabelKind::Text, "text"),
    (LabelKind::Integer, "integer"),
    (LabelKind::Number, "number"),
    (LabelKind::Flag, "flag"),
];

fn labels_word(kind: LabelKind) -> &'static str {
    LABELS.iter().find(|(k, _)| *k == kind).map_or("text", |(_, word)| word)
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

fn feature_file(feature: &Feature) -> FeatureFile {
    let (kind, words) = match &feature.kind {
        FeatureKind::Number => ("number", Vec::new()),
        FeatureKind::Time => ("time", Vec::new()),
        FeatureKind::Category(words) => ("category", words.clone()),
    };
    FeatureFile { name: feature.name.clone(), kind: kind.to_owned(), cuts: texts(&feature.cuts), words }
}

fn tree_file(tree: &Tree) -> TreeFile {
    let feature = |n: &Node| if n.feature == LEAF { -1 } else { i32::from(n.feature) };
    TreeFile {
        feature: tree.nodes.iter().map(feature).collect(),
        cut: tree.nodes.iter().map(|n| n.cut).collect(),
        child: tree.nodes.iter().map(|n| n.child).collect(),
        sets: texts(&tree.sets),
        mixed: tree.mixed.clone(),
        values: texts(&tree.values),
        gains: texts(&tree.gains),
    }
}

pub(super) fn from_file(file: ModelFile) -> Result<Forest> {
    if file.braid_model != VERSION || file.kind != "forest" {
        return Err(Fault::new(format!(
            "it is a model of kind '{}', version {}; this build reads forests of version {VERSION}",
            file.kind, file.braid_model
        ))
        .hint("open it with the braid that wrote it, or train again"));
    }
    let task = match file.task.as_str() {
        "estimate" => Task::Numbers,
        "classify" => {
            let kind = LABELS
                .iter()
                .find(|(_, word)| *word == file.labels)
                .ok_or_else(|| damaged(&format!("its labels are '{}'", file.labels)))?
                .0;
            Task::Classes { kind, names: file.classes }
        }
        other => return Err(damaged(&format!("its task is '{other}'"))),
    };
    let missing = match file.missing.as_str() {
        "drop" => Missing::Drop,
        "keep" => Missing::Keep,
        other => return Err(damaged(&format!("it says '{other}' of missing values"))),
    };
    let features = file.features.into_iter().map(feature_of).collect::<Result<Vec<_>>>()?;
    let classes = task.classes().iter().collect::<HashSet<_>>().len();
    let names = features.iter().map(|f| &f.name).collect::<HashSet<_>>().len();
    if classes < task.classes().len() || names < features.len() {
        return Err(damaged("two of its classes or features have the same name"));
    }
    if (classes == 0 && task != Task::Numbers) || file.trees.is_empty() {
        return Err(damaged("it has no classes or no trees"));
    }
    if file.trees.len() > TREES {
        return Err(damaged(&format!("it has {} trees, and a forest holds {TREES}", file.trees.len())));
    }
    let trees = file
        .trees
        .into_iter()
        .zip(1..)
        .map(|(tree, number)| tree_of(tree, number, &features, classes))
        .collect::<Result<Vec<_>>>()?;
    let oob = match file.oob {
        Some(oob) => Some(Oob { rows: oob.rows, score: parsed(&oob.score)?, errors: parse_all(&oob.errors)? }),
        None => None,
    };
    Ok(Forest { target: file.target, task, features, missing, trees, rows: file.rows, oob })
}

pub(super) fn parsed<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| damaged(&format!("'{text}' should be a number")))
}

fn parse_all<T: std::str::FromStr>(texts: &[String]) -> Result<Vec<T>> {
    texts.iter().map(|t| parsed(t)).collect()
}

fn feature_of(file: FeatureFile) -> Result<Feature> {
    let kind = match file.kind.as_str() {
        "number" => FeatureKind::Number,
        "time" => FeatureKind::Time,
        "category" => FeatureKind::Category(file.words),
        other => return Err(damaged(&format!("the feature '{}' is of kind '{other}'", file.name))),
    };
    let cuts: Vec<f64> = parse_all(&file.cuts)?;
    let rising = |values: &[f64]| values.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    let sorted = |words: &[String]| words.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    let ordered = match &kind {
        FeatureKind::Category(words) => cuts.is_empty() && sorted(words),
        _ => rising(&cuts) && cuts.len() < usize::from(BY_SET),
    };
    if !ordered {
        return Err(damaged(&format!("the cuts or words of the feature '{}' are not in order", file.name)));
    }
    Ok(Feature { name: file.name, kind, cuts })
}

fn tree_of(file: TreeFile, number: usize, features: &[Feature], classes: usize) -> Result<Tree> {
    let count = file.feature.len();
    if count == 0 || file.cut.len() != count || file.child.len() != count {
        return Err(damaged(&format!("tree {number} has no nodes, or lists of different lengths")));
    }
    // What is no leaf and no feature that can be is made one that is not there, and found below.
    let asked = |feature: i32| {
        if feature == -1 { LEAF } else { u16::try_from(feature).ok().filter(|f| *f != LEAF).unwrap_or(LEAF - 1) }
    };
    let nodes = file.feature.iter().zip(&file.cut).zip(&file.child).map(|((feature, cut), child)| Node {
        feature: asked(*feature),
        cut: *cut,
        child: *child,
    });
    let tree = Tree {
        nodes: nodes.collect(),
        sets: parse_all(&file.sets)?,
        mixed: file.mixed,
        values: parse_all(&file.values)?,
        gains: parse_all(&file.gains)?,
    };
    let sound = tree.nodes.iter().enumerate().all(|(at, node)| node_is_sound(&tree, at, node, features, classes));
    let shares = classes == 0
        || tree
            .mixed
            .chunks(classes)
            .all(|row| row.len() == classes && row.iter().map(|s| u64::from(*s)).sum::<u64>() == u64::from(ONE));
    if !sound || !shares || tree.values.iter().any(|v| !v.is_finite()) {
        return Err(damaged(&format!("tree {number} contradicts itself")));
    }
    Ok(tree)
}

/// Children come after their parent, so that every walk ends.
fn node_is_sound(tree: &Tree, at: usize, node: &Node, features: &[Feature], classes: usize) -> bool {
    let child = node.child as usize;
    let follows = |child: usize| child > at && child + 1 < tree.nodes.len();
    if node.feature == LEAF {
        return if classes == 0 { child < tree.values.len() } else { child < classes + tree.mixed.len() / classes };
    }
    match features.get(usize::from(node.feature)) {
        Some(Feature { kind: FeatureKind::Category(words), .. }) => {
            let size = (words.len() + 2).div_ceil(64);
            node.cut == BY_SET
                && child + size < tree.sets.len()
                && tree.sets.get(child).is_some_and(|left| follows(*left as usize))
        }
        Some(feature) => usize::from(node.cut) < feature.cuts.len() && follows(child),
        None => false,
    }
}
