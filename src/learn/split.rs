//! The best place to split the rows of a node by one feature. Which features are tried is `grow`'s.
//!
//! Counts per bin are gathered, then bins are walked in order. In a small node only the bins that occur are walked, so
//! that it costs as much as it has rows.

use super::bins::{BINS, BinnedColumn, Codes};
use super::goal::{Goal, SampledRow};

/// Nodes below this size note which bins occur.
const SMALL: usize = 96;
/// Words of a set of categories.
const WORDS: usize = BINS / 64;

/// What one feature offers.
#[derive(Clone, Copy, Debug)]
pub enum Offer<C> {
    /// All rows have one value.
    Constant,
    /// No split leaves enough rows on both sides, or none is better than the one at hand.
    Nothing,
    Cut(Split<C>),
}

/// A split of a node.
#[derive(Clone, Copy, Debug)]
pub struct Split<C> {
    pub score: f64,
    pub place: SplitRule,
    pub left: C,
    pub right: C,
}

#[derive(Clone, Copy, Debug)]
pub enum SplitRule {
    /// Between the bins `low` and `high`, which both occur; none between them does.
    Between { low: usize, high: usize },
    /// These codes go left.
    Set([u64; WORDS]),
}

/// Room for the counts of one feature in one node. All zero between uses.
pub struct SplitFinder<G: Goal> {
    counts: Vec<G::Counts>,
    occurs: Vec<u64>,
    /// Categories in the order in which they are split.
    order: Vec<(f64, usize)>,
    min_leaf: i64,
}

impl<G: Goal> SplitFinder<G> {
    /// For features of at most `bins` bins.
    pub fn new(bins: usize, min_leaf: u32) -> Self {
        let bins = bins.max(BINS);
        Self {
            counts: vec![G::ZERO; bins],
            occurs: vec![0; bins.div_ceil(64)],
            order: Vec::new(),
            min_leaf: i64::from(min_leaf.max(1)),
        }
    }

    /// The best split of `items`, whose counts are `node`, by `column`, if it is better than `best`.
    pub fn seek(
        &mut self,
        goal: &G,
        items: &[SampledRow],
        column: &BinnedColumn,
        node: &G::Counts,
        best: f64,
    ) -> Offer<G::Counts> {
        let small = items.len() < SMALL.max(column.bins / 2);
        match &column.codes {
            Codes::Narrow(codes) if small => self.note(goal, items, codes),
            Codes::Narrow(codes) => self.count_narrow(goal, items, codes),
            Codes::Wide(codes) if small => self.note(goal, items, codes),
            Codes::Wide(codes) => self.count_wide(goal, items, codes),
        }
        if column.category {
            return self.by_category(goal, node, column.bins, small, best);
        }
        if small {
            let words = column.bins.div_ceil(64).min(self.occurs.len());
            let Self { counts, occurs, min_leaf, .. } = self;
            scan(goal, counts, *min_leaf, Occurring::new(&mut occurs[..words]), node, best)
        } else {
            let Self { counts, min_leaf, .. } = self;
            scan(goal, counts, *min_leaf, 0..column.bins, node, best)
        }
    }

    #[inline(always)]
    fn note<T: Copy + Into<usize>>(&mut self, goal: &G, items: &[SampledRow], codes: &[T]) {
        for item in items {
            let Some(&code) = codes.get(item.row as usize) else { continue };
            let bin: usize = code.into();
            if let (Some(cells), Some(word)) = (self.counts.get_mut(bin), self.occurs.get_mut(bin / 64)) {
                goal.add(cells, *item);
                *word |= 1 << (bin % 64);
            }
        }
    }

    #[inline(always)]
    fn count_narrow(&mut self, goal: &G, items: &[SampledRow], codes: &[u8]) {
        // 256 bins and a code of eight bits: no bound to check.
        let Some(counts) = self.counts.first_chunk_mut::<BINS>() else { return };
        for item in items {
            let Some(&code) = codes.get(item.row as usize) else { continue };
            goal.add(&mut counts[usize::from(code)], *item);
        }
    }

    fn count_wide(&mut self, goal: &G, items: &[SampledRow], codes: &[u16]) {
        for item in items {
            let Some(&code) = codes.get(item.row as usize) else { continue };
            if let Some(cells) = self.counts.get_mut(usize::from(code)) {
                goal.add(cells, *item);
            }
        }
    }

    /// Categories are ordered by how their rows lean, which is best for two classes and for numbers (Fisher 1958;
    /// Breiman et al. 1984), and by their share of the node's most frequent class otherwise.
    fn by_category(&mut self, goal: &G, node: &G::Counts, bins: usize, small: bool, best: f64) -> Offer<G::Counts> {
        let Self { counts, occurs, order, min_leaf } = self;
        order.clear();
        if small {
            order.extend(Occurring::new(&mut occurs[..WORDS]).map(|bin| (0.0, bin)));
        } else {
            order.extend(
                (0..bins).filter(|bin| counts.get(*bin).is_some_and(|c| G::weight(c) > 0)).map(|bin| (0.0, bin)),
            );
        }
        for (place, bin) in order.iter_mut() {
            *place = counts.get(*bin).map_or(0.0, |c| goal.order(c, node));
        }
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let offer = scan(goal, counts, *min_leaf, order.iter().map(|(_, bin)| *bin), node, best);
        let Offer::Cut(mut split) = offer else { return offer };
        let SplitRule::Between { low, .. } = split.place else { return offer };
        // Categories that do not occur here go with most rows.
        let default = G::weight(&split.left) >= G::weight(&split.right);
        let mut set = [if default { u64::MAX } else { 0 }; WORDS];
        let mut left = true;
        for (_, bin) in order.iter() {
            let (word, bit) = (bin / 64 % WORDS, 1 << (bin % 64));
            set[word] = if left { set[word] | bit } else { set[word] & !bit };
            left &= *bin != low;
        }
        split.place = SplitRule::Set(set);
        Offer::Cut(split)
    }
}

/// Walks bins in order, keeps the best place between two that occur, and leaves the counts zero behind.
#[inline(always)]
fn scan<G: Goal>(
    goal: &G,
    counts: &mut [G::Counts],
    min_leaf: i64,
    bins: impl Iterator<Item = usize>,
    node: &G::Counts,
    best: f64,
) -> Offer<G::Counts> {
    let (mut left, mut right) = (G::ZERO, *node);
    let mut before = None;
    let mut several = false;
    let mut found: Option<Split<G::Counts>> = None;
    let mut best = best;
    for bin in bins {
        let Some(cells) = counts.get_mut(bin) else { continue };
        if G::weight(cells) == 0 {
            continue;
        }
        if let Some(low) = before {
            several = true;
            let score = goal.both(&left, &right);
            if score > best && (min_leaf == 1 || G::weight(&left).min(G::weight(&right)) >= min_leaf) {
                best = score;
                found = Some(Split { score, place: SplitRule::Between { low, high: bin }, left, right });
            }
        }
        G::shift(&mut left, &mut right, cells);
        *cells = G::ZERO;
        before = Some(bin);
    }
    match found {
        Some(split) => Offer::Cut(split),
        None if several => Offer::Nothing,
        None => Offer::Constant,
    }
}

/// The set bits of some words, rising; they are cleared on the way.
struct Occurring<'a> {
    words: std::slice::IterMut<'a, u64>,
    base: usize,
    word: u64,
}

impl<'a> Occurring<'a> {
    fn new(words: &'a mut [u64]) -> Self {
        Self { words: words.iter_mut(), base: 0_usize.wrapping_sub(64), word: 0 }
    }
}

impl Iterator for Occurring<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.word == 0 {
            self.word = std::mem::take(self.words.next()?);
            self.base = self.base.wrapping_add(64);
        }
        let bit = self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        Some(self.base + bit)
    }
}
