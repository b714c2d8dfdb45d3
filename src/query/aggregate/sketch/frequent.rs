//! The most frequent values: counters as Misra and Gries (1982) keep them, merged as Agarwal, Cormode, Huang, Phillips,
//! Wei and Yi show ("Mergeable summaries", PODS 2012).
//!
//! While a group has no more than twice the capacity of different values, every one is counted, and the answer is
//! exact. Beyond, the counters are cut back to the capacity c: the (c+1)-th largest count is taken off all of them. So
//! over n rows, however they were cut and merged, each count is at most n / (c + 1) too small, and a value that is more
//! frequent than that is never missed.

use hashbrown::HashTable;

use crate::query::aggregate::Rank;

/// The fewest counters that are kept when a summary is cut back.
pub const CAPACITY: usize = 1024;

#[derive(Clone, Debug)]
pub struct Frequent<V> {
    counters: HashTable<(V, u64)>,
    /// How much any count may be too small.
    lost: u64,
}

impl<V> Default for Frequent<V> {
    fn default() -> Self {
        Self { counters: HashTable::new(), lost: 0 }
    }
}

impl<V: Rank> Frequent<V> {
    /// Counts a value `count` times. `capacity` is that of all summaries this one is merged with.
    pub fn add(&mut self, value: V::Of<'_>, count: u64, capacity: usize) {
        match self.counters.find_mut(V::hash(value), |c| c.0.order(value).is_eq()) {
            Some(counter) => counter.1 += count,
            None => {
                self.counters.insert_unique(V::hash(value), (V::own(value), count), |c| V::hash(c.0.of()));
                if self.counters.len() > 2 * capacity {
                    self.cut(capacity);
                }
            }
        }
    }

    /// Takes off the (capacity + 1)-th largest count.
    fn cut(&mut self, capacity: usize) {
        let mut counts: Vec<u64> = self.counters.iter().map(|c| c.1).collect();
        if counts.len() <= capacity {
            return;
        }
        let (_, off, _) = counts.select_nth_unstable_by(capacity, |a, b| b.cmp(a));
        let off = *off;
        self.lost += off;
        self.counters.retain(|c| {
            c.1 = c.1.saturating_sub(off);
            c.1 > 0
        });
    }

    /// What another summary lost before its counters are added to this one.
    pub fn add_lost(&mut self, lost: u64) {
        self.lost += lost;
    }

    /// How much any count may be too small; 0 while the counts are exact.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The `k` most frequent values and their counts; of equal counts the smaller value first.
    pub fn top(&self, k: usize) -> Vec<(&V, u64)> {
        let mut all: Vec<(&V, u64)> = self.counters.iter().map(|(v, n)| (v, *n)).collect();
        let order = |a: &(&V, u64), b: &(&V, u64)| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0));
        if k > 0 && k < all.len() {
            all.select_nth_unstable_by(k - 1, order);
        }
        all.truncate(k);
        all.sort_unstable_by(order);
        all
    }

    pub fn len(&self) -> usize {
        self.counters.len()
    }

    pub fn is_empty(&self) -> bool {
        self.counters.is_empty()
    }

    /// Bytes on the heap.
    pub fn heap(&self) -> usize {
        self.counters.capacity() * (size_of::<(V, u64)>() + 1) + self.counters.iter().map(|c| c.0.heap()).sum::<usize>()
    }
}
