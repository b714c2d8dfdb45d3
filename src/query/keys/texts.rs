//! A dictionary: texts to dense codes, numbered as they were first met, and back. What a code is used for is left to
//! the keys.

use std::any::Any;

use polars::prelude::*;

use super::index::Index;

/// The texts seen so far.
#[derive(Debug, Default)]
pub struct Texts {
    /// One a text: its length in the lowest 32 bits, then its bytes if they are at most `SHORT`, otherwise its first
    /// four bytes and where it stands in `long`. So two short texts are equal if and only if these are.
    marks: Vec<u128>,
    long: Vec<u8>,
    index: Index,
    /// One place or its neighbour tells the code of a view met a moment ago, plus one; narrow, so that all of them
    /// stay in the fastest memory.
    recent: Vec<u16>,
    /// By code plus one: the view that `recent` means.
    seen: Vec<u128>,
    /// Where the long texts stand that `seen` means, and what keeps them there.
    dictionary: Option<(usize, Box<dyn Any + Send + Sync>)>,
}

/// Texts up to this length are kept within their mark, which is also how polars keeps them.
const SHORT: u32 = 12;
/// Texts that are looked up together.
const TOGETHER: usize = 256;
/// Up to this many texts there is a memory of the most recent ones; and how many places it has.
const FEW: usize = 2_048;
const RECENT: usize = 1 << 14;
/// Places for each text while there are few, and the least number of them.
const SPARSE: usize = 8;
const LEAST: usize = 256;
/// What no view is.
const NONE: u128 = u128::MAX;

impl Texts {
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    pub fn size(&self) -> usize {
        self.marks.capacity() * 16
            + self.long.capacity()
            + self.index.size()
            + self.recent.capacity() * 2
            + self.seen.capacity() * 16
    }

    /// Writes the code of each text to `codes`; that of a null is any.
    pub fn encode(&mut self, texts: &StringChunked, codes: &mut Vec<u64>) {
        codes.reserve(texts.len());
        for array in texts.downcast_iter() {
            let views = array.views();
            let long: usize = views.iter().map(|v| if v.length > SHORT { v.length as usize } else { 0 }).sum();
            // An array that came from a dictionary has each long text once, and many views of it.
            let shared = long > 2 * array.total_buffer_len();
            let place = array.data_buffers().as_ptr() as usize;
            if shared && self.dictionary.as_ref().is_none_or(|(known, _)| *known != place) {
                // A view of a long text means that text only in pieces of one array.
                self.recent.fill(0);
                self.dictionary = Some((place, Box::new(array.data_buffers().clone())));
            }
            let mut row = 0;
            while row < views.len() {
                let block = views.get(row..).unwrap_or_default();
                row += if self.len() <= FEW && (long == 0 || shared) {
                    self.encode_few(block, |v| v.as_u128(), codes, |i| array.get(row + i))
                } else {
                    self.encode_many(block, |v| v.as_u128(), codes, |i| array.get(row + i))
                };
            }
        }
    }

    /// While texts are few, nearly each of them is one that was met a moment ago. How many were done.
    #[inline]
    fn encode_few<'a, V>(
        &mut self,
        views: &[V],
        raw: impl Fn(&V) -> u128,
        codes: &mut Vec<u64>,
        text: impl Fn(usize) -> Option<&'a str>,
    ) -> usize {
        let begun = codes.len();
        codes.resize(begun + views.len(), 0);
        for (row, (view, code)) in views.iter().zip(codes.iter_mut().skip(begun)).enumerate() {
            let raw = raw(view);
            // Texts of a kind differ in a byte or two, anywhere: only both halves of a product depend on every bit.
            let at =
                fold(raw as u64 ^ ((raw >> 64) as u64).rotate_left(29)) as usize & self.recent.len().wrapping_sub(1);
            let known = |at: usize| {
                self.recent.get(at).copied().filter(|place| self.seen.get(usize::from(*place)) == Some(&raw))
            };
            // Two that want the same place share it and the one beside it.
            if let Some(place) = known(at).or_else(|| known(at ^ 1)) {
                *code = u64::from(place) - 1;
                continue;
            }
            // A null may look like any text, so what it looks like is not remembered.
            let Some(known) = self.look_up(raw, || text(row)) else { continue };
            *code = known;
            self.remember(at, raw, known);
            if self.len() > FEW {
                (self.recent, self.seen, self.dictionary) = Default::default();
                codes.truncate(begun + row + 1);
                return row + 1;
            }
        }
        views.len()
    }

    #[cold]
    fn remember(&mut self, at: usize, view: u128, code: u64) {
        if self.recent.len() < RECENT.min(self.len() * SPARSE) {
            self.recent.clear();
            self.recent.resize((self.len() * SPARSE).next_power_of_two().clamp(LEAST, RECENT), 0);
            return;
        }
        let Ok(place) = u16::try_from(code + 1) else { return };
        if self.seen.len() <= usize::from(place) {
            self.seen.resize(self.len() + 1, NONE);
        }
        if let Some(seen) = self.seen.get_mut(usize::from(place)) {
            *seen = view;
        }
        let taken = self.recent.get(at).is_some_and(|place| *place != 0);
        if let Some(recent) = self.recent.get_mut(if taken { at ^ 1 } else { at }) {
            *recent = place;
        }
    }

    /// Some texts of many: the memory that they need is fetched for all of them at once. How many were done.
    #[inline]
    fn encode_many<'a, V>(
        &mut self,
        views: &[V],
        raw: impl Fn(&V) -> u128,
        codes: &mut Vec<u64>,
        text: impl Fn(usize) -> Option<&'a str>,
    ) -> usize {
        let mut hashes = [0; TOGETHER];
        let (mut last, mut code) = (u128::MAX, 0);
        for (n, block) in views.chunks(TOGETHER).enumerate() {
            // The hashes of long texts are of no use, and do no harm.
            hashes.iter_mut().zip(block).for_each(|(hash, view)| *hash = hash_mark(raw(view)));
            self.index.touch(&hashes, |code| self.marks.get(code).map_or(0, |mark| *mark as u64));
            for (i, (view, hash)) in block.iter().zip(&hashes).enumerate() {
                let raw = raw(view);
                if raw != last {
                    let known = if raw as u32 <= SHORT {
                        Some(self.short(*hash, raw))
                    } else {
                        self.look_up(raw, || text(n * TOGETHER + i))
                    };
                    (code, last) = known.map_or((0, u128::MAX), |code| (code, raw));
                }
                codes.push(code);
            }
        }
        views.len()
    }

    /// The code of a text; `None` for a null that looks like a long one.
    #[cold]
    fn look_up<'a>(&mut self, raw: u128, text: impl FnOnce() -> Option<&'a str>) -> Option<u64> {
        if raw as u32 <= SHORT {
            return Some(self.short(hash_mark(raw), raw));
        }
        text().map(|text| self.long(text.as_bytes()))
    }

    #[inline]
    fn short(&mut self, hash: u64, mark: u128) -> u64 {
        let marks = &self.marks;
        if let Some(code) = self.index.find(hash, |code| marks.get(code as usize) == Some(&mark)) {
            return u64::from(code);
        }
        self.add(hash, mark)
    }

    fn long(&mut self, text: &[u8]) -> u64 {
        let hash = hash_bytes(text);
        let (marks, long) = (&self.marks, &self.long);
        let same = |code: u32| {
            marks
                .get(code as usize)
                .is_some_and(|&mark| mark as u32 as usize == text.len() && piece(long, mark) == text)
        };
        if let Some(code) = self.index.find(hash, same) {
            return u64::from(code);
        }
        let prefix = text.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let mark = u128::from(text.len() as u32) | u128::from(prefix) << 32 | (self.long.len() as u128) << 64;
        self.long.extend_from_slice(text);
        self.add(hash, mark)
    }

    #[cold]
    fn add(&mut self, hash: u64, mark: u128) -> u64 {
        let code = self.marks.len() as u32;
        self.marks.push(mark);
        self.index.insert(hash, code);
        u64::from(code)
    }

    /// For each code of `other`, the code of the same text here.
    pub fn adopt(&mut self, other: &Self) -> Vec<u64> {
        let mut codes = Vec::with_capacity(other.len());
        let mut hashes = [0; TOGETHER];
        for marks in other.marks.chunks(TOGETHER) {
            hashes.iter_mut().zip(marks).for_each(|(hash, mark)| *hash = hash_mark(*mark));
            self.index.touch(&hashes, |code| self.marks.get(code).map_or(0, |mark| *mark as u64));
            for (mark, hash) in marks.iter().zip(&hashes) {
                codes.push(if *mark as u32 > SHORT {
                    self.long(piece(&other.long, *mark))
                } else {
                    self.short(*hash, *mark)
                });
            }
        }
        codes
    }

    fn bytes<'a>(&'a self, code: usize, short: &'a mut [u8; 16]) -> &'a [u8] {
        let mark = self.marks.get(code).copied().unwrap_or_default();
        let length = mark as u32;
        if length > SHORT {
            return piece(&self.long, mark);
        }
        *short = mark.to_le_bytes();
        short.get(4..4 + length as usize).unwrap_or_default()
    }

    /// All texts, in the order of their codes.
    pub fn all(&self, name: PlSmallStr) -> StringChunked {
        let mut builder = StringChunkedBuilder::new(name, self.len());
        let mut bytes = [0; 16];
        for code in 0..self.len() {
            // Only whole texts were stored.
            builder.append_value(std::str::from_utf8(self.bytes(code, &mut bytes)).unwrap_or_default());
        }
        builder.finish()
    }
}

fn piece(long: &[u8], mark: u128) -> &[u8] {
    let start = (mark >> 64) as usize;
    long.get(start..start + mark as u32 as usize).unwrap_or_default()
}

#[inline]
fn hash_mark(mark: u128) -> u64 {
    fold(mark as u64 ^ fold((mark >> 64) as u64))
}

fn hash_bytes(bytes: &[u8]) -> u64 {
    use std::hash::BuildHasher;
    foldhash::fast::FixedState::with_seed(7).hash_one(bytes)
}

/// Multiply and fold.
#[inline]
pub fn fold(word: u64) -> u64 {
    let wide = u128::from(word ^ 0x9e37_79b9_7f4a_7c15) * 0xa076_1d64_78bd_642f;
    (wide as u64) ^ ((wide >> 64) as u64)
}
