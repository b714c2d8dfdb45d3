//! Several words packed into one, each in as many bits as the range of its column needs. What the words mean, and how
//! packed keys are found, is left to others.

use super::words::Encoded;

/// How the columns' words stand in one word.
#[derive(Debug)]
pub struct KeyPacking {
    columns: Vec<Range>,
}

/// The words of one column: `base` to `base + 2^bits - 1`, and null where there was one.
#[derive(Clone, Copy, Debug, Default)]
struct Range {
    base: u64,
    bits: u32,
    nulls: bool,
    /// The least and the largest word there was.
    seen: Option<(u64, u64)>,
}

impl Range {
    /// With the bit that says null, which stands above the others.
    fn width(self) -> u32 {
        self.bits + u32::from(self.nulls)
    }

    fn hold(&mut self, first: u64, last: u64) {
        self.base = first;
        self.bits = 64 - (last - first).leading_zeros();
    }

    fn last(self) -> u64 {
        self.base.saturating_add(low(self.bits))
    }
}

/// A word whose lowest bits are set, this number of them.
fn low(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// The least and the largest word that is no null.
fn ends(column: &Encoded) -> Option<(u64, u64)> {
    let null = |row: usize| column.nulls.as_ref().is_some_and(|n| n.get(row) == Some(&true));
    let words = column.words.iter().enumerate().filter(|(row, _)| !null(*row));
    words.map(|(_, word)| (*word, *word)).reduce(outer)
}

/// What holds both ranges.
fn outer(a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// The most bits of a packed key.
const MOST: u32 = 63;

impl KeyPacking {
    pub fn new(columns: usize) -> Self {
        Self { columns: vec![Range::default(); columns] }
    }

    pub fn bits(&self) -> u32 {
        self.columns.iter().map(|c| c.width()).sum()
    }

    /// Writes one packed word a row; false when a word lies outside its column's range.
    pub fn pack(&self, encoded: &[Encoded], rows: usize, packed: &mut Vec<u64>) -> bool {
        packed.clear();
        let mut shift = 0;
        for (i, (range, column)) in self.columns.iter().zip(encoded).enumerate() {
            let mut over = 0;
            if i == 0 {
                // The first column has nothing to be added to.
                if range.seen.is_some() && column.nulls.is_none() {
                    packed.extend(column.words.iter().map(|word| {
                        let digits = word.wrapping_sub(range.base);
                        over |= digits;
                        digits
                    }));
                    if over > low(range.bits) {
                        return false;
                    }
                    shift += range.width();
                    continue;
                }
                packed.resize(rows, 0);
            }
            match &column.nulls {
                None => {
                    if rows > 0 && range.seen.is_none() {
                        return false;
                    }
                    for (packed, word) in packed.iter_mut().zip(&column.words) {
                        let digits = word.wrapping_sub(range.base);
                        over |= digits;
                        *packed |= digits << shift;
                    }
                }
                Some(nulls) => {
                    for ((packed, word), null) in packed.iter_mut().zip(&column.words).zip(nulls) {
                        if *null && range.nulls {
                            *packed |= 1 << (shift + range.bits);
                        } else if *null || range.seen.is_none() {
                            return false;
                        } else {
                            let digits = word.wrapping_sub(range.base);
                            over |= digits;
                            *packed |= digits << shift;
                        }
                    }
                }
            }
            if over > low(range.bits) {
                return false;
            }
            shift += range.width();
        }
        true
    }

    /// Makes room for the words of these rows beside those of the keys there are, and some more; false when the ranges
    /// do not fit one word any more.
    pub fn widen(&mut self, encoded: &[Encoded], keys: &[Encoded]) -> bool {
        for ((range, column), keys) in self.columns.iter_mut().zip(encoded).zip(keys) {
            range.nulls |= column.nulls.as_ref().is_some_and(|n| n.contains(&true));
            // Keys may lie in the room that was made for more than there was.
            let seen = range.seen.is_some();
            range.seen = range.seen.into_iter().chain(ends(keys)).chain(ends(column)).reduce(outer);
            let Some((least, most)) = ends(column) else { continue };
            if !seen {
                range.hold(least, most);
                continue;
            }
            let (mut first, mut last) = (range.base.min(least), range.last().max(most));
            // With room for as much again: values that come in falling order would otherwise move the base with each.
            if least < range.base {
                first = first.saturating_sub(last - first);
            }
            if most > range.last() {
                last = last.max(range.base.saturating_add(low(range.bits + 1)));
            }
            range.hold(first, last);
        }
        if self.bits() > MOST {
            for range in &mut self.columns {
                let (least, most) = range.seen.unwrap_or_default();
                range.hold(least, most);
            }
        }
        self.bits() <= MOST
    }

    /// The words of one column of packed keys.
    pub fn unpack(&self, column: usize, keys: &[u64]) -> Encoded {
        let Some(range) = self.columns.get(column) else { return Encoded::default() };
        let at: u32 = self.columns.iter().take(column).map(|before| before.width()).sum();
        let mask = low(range.bits);
        // A column of constants may stand at the very end of the word.
        let shifted = |key: u64| key.checked_shr(at).unwrap_or_default();
        let words = keys.iter().map(|key| (shifted(*key) & mask).wrapping_add(range.base)).collect();
        let nulls = range.nulls.then(|| keys.iter().map(|key| shifted(*key) >> range.bits & 1 == 1).collect());
        Encoded { words, nulls }
    }
}
