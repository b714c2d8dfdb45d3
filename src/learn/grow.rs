//! Growing trees: CART over binned columns, down to purity, on a bootstrap sample of the rows. Pure: who starts threads
//! and in which order trees come is the caller's, and does not matter, because each tree has its own seed.

use super::bins::{BINS, BinnedColumn, Codes, middle};
use super::forest::Task;
use super::goal::{ClassGoal, Criterion, Goal, NumberGoal, SampledRow};
use super::split::{Offer, Split, SplitFinder, SplitRule};
use super::tree::{BY_SET, Node, Tree, in_set};
use crate::data::{Fault, Result};
use crate::sync::Cancel;

/// How many features are tried for each split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxFeatures {
    /// The square root of how many there are.
    Root,
    All,
    Count(usize),
}

/// How trees are grown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    pub seed: u64,
    pub criterion: Criterion,
    pub tries: MaxFeatures,
    pub min_leaf: u32,
    pub max_depth: Option<u32>,
    /// Each tree sees as many rows as there are, drawn with replacement; without, all rows once.
    pub bootstrap: bool,
}

impl Growth {
    pub fn classes() -> Self {
        Self {
            seed: 42,
            criterion: Criterion::Gini,
            tries: MaxFeatures::Root,
            min_leaf: 1,
            max_depth: None,
            bootstrap: true,
        }
    }

    pub fn numbers() -> Self {
        Self { tries: MaxFeatures::All, ..Self::classes() }
    }
}

/// What is to be predicted: a class or a number a row.
#[derive(Clone, Debug)]
pub enum Labels {
    Classes { of: Vec<u16>, count: usize },
    Numbers(Vec<f64>),
}

impl Labels {
    /// Of no rows.
    pub fn none(task: &Task) -> Self {
        match task {
            Task::Classes { names, .. } => Self::Classes { of: Vec::new(), count: names.len() },
            Task::Numbers => Self::Numbers(Vec::new()),
        }
    }

    pub fn rows(&self) -> usize {
        match self {
            Self::Classes { of, .. } => of.len(),
            Self::Numbers(of) => of.len(),
        }
    }
}

/// Most classes.
pub const CLASSES: usize = 256;

/// A table ready to be trained on.
#[derive(Clone, Debug)]
pub struct BinnedTable {
    pub columns: Vec<BinnedColumn>,
    pub labels: Labels,
}

impl BinnedTable {
    /// What the codes and the label of a row take.
    pub fn row_bytes(&self) -> usize {
        let codes = self.columns.iter().map(|column| if matches!(column.codes, Codes::Narrow(_)) { 1 } else { 2 });
        codes.sum::<usize>() + if matches!(self.labels, Labels::Classes { .. }) { 2 } else { 8 }
    }

    /// The code of a row, as trees ask for it.
    #[inline(always)]
    pub fn code(&self, row: usize, feature: usize) -> u16 {
        match self.columns.get(feature).map(|c| &c.codes) {
            Some(Codes::Narrow(codes)) => codes.get(row).map_or(0, |c| u16::from(*c)),
            Some(Codes::Wide(codes)) => codes.get(row).copied().unwrap_or(0),
            None => 0,
        }
    }
}

/// A tree, and which rows it has not seen.
pub struct Grown {
    pub tree: Tree,
    pub unseen: Vec<u32>,
}

/// The feature to split on and how, if any helps.
type Best<G> = Option<(u16, Split<<G as Goal>::Counts>)>;

/// Grows trees on one thread; its buffers serve one tree after another.
pub trait Grower: Send {
    /// # Errors
    /// 'cancelled', once it has been.
    fn grow(&mut self, number: usize, cancel: &Cancel) -> Result<Grown>;
}

/// A grower for this table.
pub fn grower<'t>(table: &'t BinnedTable, growth: Growth) -> Box<dyn Grower + 't> {
    fn classes<'t, const K: usize>(
        table: &'t BinnedTable,
        of: &'t [u16],
        count: usize,
        growth: Growth,
    ) -> Box<dyn Grower + 't> {
        Box::new(TreeGrower::new(table, ClassGoal::<K>::new(of, count, growth.criterion), growth))
    }
    match &table.labels {
        Labels::Numbers(of) => Box::new(TreeGrower::new(table, NumberGoal::new(of), growth)),
        Labels::Classes { of, count } => match count {
            0..=2 => classes::<2>(table, of, *count, growth),
            3..=4 => classes::<4>(table, of, *count, growth),
            5..=8 => classes::<8>(table, of, *count, growth),
            9..=16 => classes::<16>(table, of, *count, growth),
            17..=64 => classes::<64>(table, of, *count, growth),
            _ => classes::<CLASSES>(table, of, *count, growth),
        },
    }
}

/// A node that is still to be split: its rows are `items[start..end]`.
struct Pending<C> {
    start: usize,
    end: usize,
    node: usize,
    depth: u32,
    /// How many of `features`, at its front, are known to be constant here.
    constant: usize,
    cells: C,
}

struct TreeGrower<'t, G: Goal> {
    table: &'t BinnedTable,
    goal: G,
    growth: Growth,
    tries: usize,
    finder: SplitFinder<G>,
    weights: Vec<u16>,
    items: Vec<SampledRow>,
    right: Vec<SampledRow>,
    features: Vec<u16>,
}

impl<'t, G: Goal> TreeGrower<'t, G> {
    fn new(table: &'t BinnedTable, goal: G, growth: Growth) -> Self {
        let (rows, width) = (table.labels.rows(), table.columns.len());
        let tries = match growth.tries {
            MaxFeatures::Root => (width as f64).sqrt() as usize,
            MaxFeatures::All => width,
            MaxFeatures::Count(count) => count.min(width),
        };
        let bins = table.columns.iter().map(|c| c.bins).max().unwrap_or(0);
        Self {
            table,
            goal,
            growth,
            tries: tries.max(1),
            finder: SplitFinder::new(bins, growth.min_leaf),
            weights: vec![0; rows],
            items: Vec::new(),
            right: Vec::new(),
            features: Vec::new(),
        }
    }

    /// Draws the bootstrap sample of a tree, and gives the rows that are not in the sample.
    fn draw(&mut self, rng: &mut fastrand::Rng) -> Vec<u32> {
        let rows = self.weights.len();
        self.weights.fill(u16::from(!self.growth.bootstrap));
        for _ in 0..if self.growth.bootstrap { rows } else { 0 } {
            if let Some(weight) = self.weights.get_mut(rng.usize(..rows)) {
                *weight = weight.saturating_add(1);
            }
        }
        self.items.clear();
        let mut unseen = Vec::new();
        for (row, &weight) in self.weights.iter().enumerate() {
            if weight == 0 {
                unseen.push(row as u32);
            } else {
                self.items.push(SampledRow { row: row as u32, class: self.goal.class(row), weight });
            }
        }
        self.right.resize(self.items.len(), SampledRow::default());
        unseen
    }

    /// The best split among features drawn at random. As in scikit-learn, a constant feature counts as a try, but at
    /// least one that is not is tried if there is one. Returns how many features at the front are constant now.
    fn best(&mut self, pending: &Pending<G::Counts>, rng: &mut fastrand::Rng) -> (Best<G>, usize) {
        let items = self.items.get(pending.start..pending.end).unwrap_or_default();
        let known = pending.constant;
        let (mut end, mut drawn, mut found, mut tried) = (self.features.len(), 0, 0, 0);
        let mut best: Option<(u16, Split<G::Counts>)> = None;
        while end > known + found && (tried < self.tries || tried <= found + drawn) {
            tried += 1;
            let at = rng.usize(drawn..end - found);
            if at < known {
                drawn += 1;
                continue;
            }
            let at = at + found;
            let Some(&feature) = self.features.get(at) else { break };
            let Some(column) = self.table.columns.get(usize::from(feature)) else { break };
            let least = best.as_ref().map_or(f64::NEG_INFINITY, |(_, split)| split.score);
            match self.finder.seek(&self.goal, items, column, &pending.cells, least) {
                Offer::Constant => {
                    self.features.swap(at, known + found);
                    found += 1;
                    continue;
                }
                Offer::Nothing => {}
                Offer::Cut(split) => best = Some((feature, split)),
            }
            end -= 1;
            self.features.swap(at, end);
        }
        (best, known + found)
    }
}

impl<G: Goal + Send> Grower for TreeGrower<'_, G>
where
    G::Counts: Send,
{
    fn grow(&mut self, number: usize, cancel: &Cancel) -> Result<Grown> {
        let mut rng = fastrand::Rng::with_seed(mix(self.growth.seed, number as u64));
        let unseen = self.draw(&mut rng);
        self.features = (0..self.table.columns.len() as u16).collect();
        let mut tree = Tree { gains: vec![0.0; self.table.columns.len()], ..Tree::default() };
        let mut gains = vec![0.0_f64; self.table.columns.len()];
        let mut cells = G::ZERO;
        for item in &self.items {
            self.goal.add(&mut cells, *item);
        }
        tree.nodes.push(Tree::leaf(0));
        let mut stack = vec![Pending { start: 0, end: self.items.len(), node: 0, depth: 0, constant: 0, cells }];
        while let Some(pending) = stack.pop() {
            if pending.end - pending.start > BINS && cancel.is_set() {
                return Err(Fault::new("cancelled"));
            }
            self.split(&pending, &mut rng, &mut tree, &mut gains, &mut stack);
        }
        let all: f64 = gains.iter().sum();
        if all > 0.0 {
            tree.gains = gains.iter().map(|g| (g / all) as f32).collect();
        }
        tree.nodes.shrink_to_fit();
        Ok(Grown { tree, unseen })
    }
}

impl<G: Goal> TreeGrower<'_, G> {
    /// Splits a node, or makes it a leaf.
    fn split(
        &mut self,
        pending: &Pending<G::Counts>,
        rng: &mut fastrand::Rng,
        tree: &mut Tree,
        gains: &mut [f64],
        stack: &mut Vec<Pending<G::Counts>>,
    ) {
        let may = self.growth.max_depth.is_none_or(|most| pending.depth < most)
            && G::weight(&pending.cells) >= 2 * i64::from(self.growth.min_leaf)
            && self.goal.settled(&pending.cells).is_none()
            && !self.goal.agree(self.items.get(pending.start..pending.end).unwrap_or_default());
        let (best, constant) = if may { self.best(pending, rng) } else { (None, 0) };
        let Some((feature, split)) = best else {
            let items = self.items.get(pending.start..pending.end).unwrap_or_default();
            let payload = self.goal.leaf(&pending.cells, items, tree);
            set(tree, pending.node, Tree::leaf(payload));
            return;
        };
        if let Some(gain) = gains.get_mut(usize::from(feature)) {
            *gain += (split.score - self.goal.agreement(&pending.cells)).max(0.0);
        }
        let child = tree.nodes.len();
        let Some(column) = self.table.columns.get(usize::from(feature)) else { return };
        let node = place(column, feature, &split.place, child, tree);
        set(tree, pending.node, node);
        let settled = [self.goal.settled(&split.left), self.goal.settled(&split.right)];
        for payload in settled {
            tree.nodes.push(Tree::leaf(payload.unwrap_or(0)));
        }
        if settled.iter().all(Option::is_some) {
            return;
        }
        let middle = self.partition(pending.start, pending.end, column, node, &tree.sets);
        let sides = [(settled[1], middle, pending.end, split.right), (settled[0], pending.start, middle, split.left)];
        for ((leaf, start, end, cells), node) in sides.into_iter().zip([child + 1, child]) {
            if leaf.is_none() {
                stack.push(Pending { start, end, node, depth: pending.depth + 1, constant, cells });
            }
        }
    }

    /// Puts the rows that go left before those that go right, each in their order; gives where the right ones begin.
    fn partition(&mut self, start: usize, end: usize, column: &BinnedColumn, node: Node, sets: &[u64]) -> usize {
        let (Some(items), right) = (self.items.get_mut(start..end), &mut self.right) else { return start };
        let cut = usize::from(node.cut);
        let left = match &column.codes {
            Codes::Narrow(codes) if node.cut == BY_SET => divide(items, right, |row| {
                codes.get(row).is_some_and(|c| in_set(sets, node.child as usize, usize::from(*c)))
            }),
            Codes::Narrow(codes) => divide(items, right, |row| codes.get(row).is_some_and(|c| usize::from(*c) <= cut)),
            Codes::Wide(codes) => divide(items, right, |row| codes.get(row).is_some_and(|c| usize::from(*c) <= cut)),
        };
        start + left
    }
}

#[inline(always)]
fn divide(items: &mut [SampledRow], right: &mut [SampledRow], goes_left: impl Fn(usize) -> bool) -> usize {
    let (mut left, mut rest) = (0, 0);
    for i in 0..items.len() {
        // Both are written and one counts: no jump to predict.
        let Some(&item) = items.get(i) else { break };
        let goes = goes_left(item.row as usize);
        if let (Some(l), Some(r)) = (items.get_mut(left), right.get_mut(rest)) {
            *l = item;
            *r = item;
        }
        left += usize::from(goes);
        rest += usize::from(!goes);
    }
    if let (Some(to), Some(from)) = (items.get_mut(left..), right.get(..rest)) {
        to.copy_from_slice(from);
    }
    left
}

fn set(tree: &mut Tree, at: usize, node: Node) {
    if let Some(place) = tree.nodes.get_mut(at) {
        *place = node;
    }
}

/// The node of a split. Between two bins that occur with empty ones between them, it is cut nearest to their middle.
fn place(column: &BinnedColumn, feature: u16, place: &SplitRule, child: usize, tree: &mut Tree) -> Node {
    match place {
        SplitRule::Between { low, high } => {
            let cut = if *high > low + 1 { near_middle(&column.cuts, *low, *high) } else { *low };
            Node { feature, cut: cut as u16, child: child as u32 }
        }
        SplitRule::Set(words) => {
            let at = tree.sets.len();
            tree.sets.push(child as u64);
            tree.sets.extend(words.iter().take(column.bins.div_ceil(64)));
            Node { feature, cut: BY_SET, child: at as u32 }
        }
    }
}

/// The cut between the bins `low` and `high` that is nearest to half-way.
fn near_middle(cuts: &[f64], low: usize, high: usize) -> usize {
    let (Some(&first), Some(&last)) = (cuts.get(low), cuts.get(high - 1)) else { return low };
    let half = middle(first, last);
    let after = low + cuts.get(low..high).unwrap_or_default().partition_point(|c| *c < half);
    let far = |at: usize| cuts.get(at).map_or(f64::INFINITY, |c| (c - half).abs());
    if after > low && far(after - 1) <= far(after) { after - 1 } else { after.min(high - 1) }
}

/// The seed of a tree (splitmix64's finisher).
fn mix(seed: u64, number: u64) -> u64 {
    let mut x = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
