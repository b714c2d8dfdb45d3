//! Merging forests: their trees stand side by side, over the features' common cuts and words and the common classes.
//! What the merged forest predicts does not depend on the order, nor on what was merged first.

use super::forest::{Feature, FeatureKind, Forest, TREES, Task};
use super::tree::{BY_SET, LEAF, MOST, Tree, in_set};
use crate::data::{Fault, Result};

/// # Errors
/// When there is none, when they do not ask for the same features or predict the same, or when there are more trees,
/// or a feature has more cuts, than a forest holds.
pub fn merge(forests: &[&Forest]) -> Result<Forest> {
    let Some(first) = forests.first() else {
        return Err(Fault::new("there is no forest to merge").hint("train one first"));
    };
    for other in forests {
        alike(first, other)?;
    }
    let trees: usize = forests.iter().map(|f| f.trees.len()).sum();
    if trees > TREES {
        return Err(Fault::new(format!("{trees} trees are too many: a forest holds {TREES}"))
            .hint("merge fewer forests, or retire old trees first"));
    }
    let features = (0..first.features.len()).map(|at| join(forests, at)).collect::<Result<Vec<_>>>()?;
    let task = classes(forests);
    let mut merged = Forest {
        features,
        task,
        trees: Vec::new(),
        rows: 0,
        oob: None,
        target: first.target.clone(),
        missing: first.missing,
    };
    for forest in forests {
        let map = Map::new(forest, &merged);
        merged.trees.extend(forest.trees.iter().map(|tree| map.tree(tree)));
        merged.rows += forest.rows;
    }
    Ok(merged)
}

fn alike(a: &Forest, b: &Forest) -> Result<()> {
    let differ = |what: &str| {
        Err(Fault::new(format!("the forests differ in {what}"))
            .hint("merge only forests trained for the same question"))
    };
    if a.target != b.target {
        return differ(&format!("their target ('{}' and '{}')", a.target, b.target));
    }
    if a.missing != b.missing {
        return differ("what they do with missing values");
    }
    if a.features.len() != b.features.len() {
        return differ("their number of features");
    }
    for (a, b) in a.features.iter().zip(&b.features) {
        if a.name != b.name || std::mem::discriminant(&a.kind) != std::mem::discriminant(&b.kind) {
            return differ(&format!("the feature '{}'", b.name));
        }
    }
    match (&a.task, &b.task) {
        (Task::Numbers, Task::Numbers) => Ok(()),
        (Task::Classes { kind: a, .. }, Task::Classes { kind: b, .. }) if a == b => Ok(()),
        _ => differ("what their target holds"),
    }
}

/// A feature with the cuts that any tree uses, or with the words that any forest knows.
fn join(forests: &[&Forest], at: usize) -> Result<Feature> {
    let of = |forest: &Forest| forest.features.get(at).cloned();
    let mut joined = forests.first().and_then(|f| of(f)).ok_or_else(|| Fault::new("there is no such feature"))?;
    if let FeatureKind::Category(words) = &mut joined.kind {
        for forest in forests {
            if let Some(FeatureKind::Category(more)) = of(forest).map(|f| f.kind) {
                words.extend(more);
            }
        }
        words.sort_unstable();
        words.dedup();
        return Ok(joined);
    }
    let mut cuts = Vec::new();
    for forest in forests {
        let Some(feature) = forest.features.get(at) else { continue };
        let mut used = vec![false; feature.cuts.len()];
        for node in forest.trees.iter().flat_map(|t| &t.nodes).filter(|n| usize::from(n.feature) == at) {
            if let Some(used) = used.get_mut(usize::from(node.cut)) {
                *used = true;
            }
        }
        cuts.extend(feature.cuts.iter().zip(used).filter(|(_, used)| *used).map(|(cut, _)| *cut));
    }
    cuts.sort_unstable_by(f64::total_cmp);
    cuts.dedup();
    if cuts.len() >= MOST {
        return Err(Fault::new(format!(
            "the feature '{}' would have {} cuts, and a forest knows {}",
            joined.name,
            cuts.len(),
            MOST - 1
        ))
        .hint("merge fewer forests, or retire old trees first"));
    }
    joined.cuts = cuts;
    Ok(joined)
}

fn classes(forests: &[&Forest]) -> Task {
    let mut task = forests.first().map_or(Task::Numbers, |f| f.task.clone());
    if let Task::Classes { kind, names } = &mut task {
        names.extend(forests.iter().flat_map(|f| f.task.classes().iter().cloned()));
        kind.sort(names);
    }
    task
}

/// Where the cuts, words and classes of one forest stand in another.
struct Map {
    cuts: Vec<Vec<u16>>,
    /// For each feature: the old code of each new one, with the new number of words.
    codes: Vec<Option<Vec<usize>>>,
    classes: Vec<usize>,
    count: usize,
}

impl Map {
    fn new(from: &Forest, to: &Forest) -> Self {
        let place = |cut: &f64, feature: &Feature| feature.cuts.partition_point(|c| c < cut) as u16;
        let pairs = || from.features.iter().zip(&to.features);
        let (old, new) = (from.task.classes(), to.task.classes());
        Self {
            cuts: pairs().map(|(old, new)| old.cuts.iter().map(|cut| place(cut, new)).collect()).collect(),
            codes: pairs().map(|(old, new)| words(&old.kind, &new.kind)).collect(),
            classes: old.iter().map(|name| new.iter().position(|n| n == name).unwrap_or(0)).collect(),
            count: new.len(),
        }
    }

    fn tree(&self, tree: &Tree) -> Tree {
        let mut mapped = Tree { values: tree.values.clone(), gains: tree.gains.clone(), ..Tree::default() };
        for shares in tree.mixed.chunks(self.classes.len().max(1)) {
            let at = mapped.mixed.len();
            mapped.mixed.resize(at + self.count, 0);
            for (share, class) in shares.iter().zip(&self.classes) {
                if let Some(place) = mapped.mixed.get_mut(at + class) {
                    *place = *share;
                }
            }
        }
        for node in &tree.nodes {
            let mut node = *node;
            let feature = usize::from(node.feature);
            if node.feature == LEAF {
                node.child = self.payload(node.child);
            } else if node.cut == BY_SET {
                node.child = self.set(tree, feature, node.child as usize, &mut mapped.sets);
            } else if let Some(cut) = self.cuts.get(feature).and_then(|cuts| cuts.get(usize::from(node.cut))) {
                node.cut = *cut;
            }
            mapped.nodes.push(node);
        }
        mapped
    }

    fn payload(&self, payload: u32) -> u32 {
        if self.count == 0 {
            return payload;
        }
        match self.classes.get(payload as usize) {
            Some(class) => *class as u32,
            None => (self.count + payload as usize - self.classes.len()) as u32,
        }
    }

    /// A word that the tree's forest did not know goes where unknown words went.
    fn set(&self, tree: &Tree, feature: usize, at: usize, sets: &mut Vec<u64>) -> u32 {
        let place = sets.len();
        sets.push(tree.sets.get(at).copied().unwrap_or(0));
        let old = self.codes.get(feature).and_then(Option::as_deref).unwrap_or_default();
        for codes in old.chunks(64) {
            sets.push(
                codes.iter().enumerate().map(|(bit, code)| u64::from(in_set(&tree.sets, at, *code)) << bit).sum(),
            );
        }
        place as u32
    }
}

fn words(old: &FeatureKind, new: &FeatureKind) -> Option<Vec<usize>> {
    let (FeatureKind::Category(old), FeatureKind::Category(new)) = (old, new) else { return None };
    let known = new.iter().map(|word| old.binary_search(word).unwrap_or(old.len()));
    Some(known.chain([old.len(), old.len() + 1]).collect())
}
