//! A dictionary: texts to dense codes, numbered as they were first met, and back. What a code is used for is left to
//! the keys.

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
}

/// Texts up to this length are kept within their mark, which is also how polars keeps them.
const SHORT: u32 = 12;
/// Texts that are looked up together.
const TOGETHER: usize = 256;
/// Places of the memory for long texts of one array; a power of two.
const SHARED: usize = 1 << 12;

impl Texts {
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    pub fn size(&self) -> usize {
        self.marks.capacity() * 16 + self.long.capacity() + self.index.size()
    }

    /// Writes the code of each text to `codes`; that of a null is 0.
    pub fn encode(&mut self, texts: &StringChunked, codes: &mut Vec<u64>) {
        codes.reserve(texts.len());
        let (mut last, mut code) = (u128::MAX, 0);
        let mut hashes = Vec::with_capacity(TOGETHER);
        for array in texts.downcast_iter() {
            let views = array.views();
            let long: usize = views.iter().map(|v| if v.length > SHORT { v.length as usize } else { 0 }).sum();
            // An array that came from a dictionary has each long text once, and many views of it.
            let mut shared = (long > 2 * array.total_buffer_len()).then(|| vec![(u128::MAX, 0_u64); SHARED]);
            last = if long > 0 { u128::MAX } else { last };
            let mut row = 0;
            for block in views.chunks(TOGETHER) {
                // The hashes of long texts are of no use, and do no harm.
                hashes.clear();
                hashes.extend(block.iter().map(|view| hash_mark(view.as_u128())));
                self.index.touch(&hashes);
                for (view, hash) in block.iter().zip(&hashes) {
                    let raw = view.as_u128();
                    if raw != last {
                        // A null may look like any text, so what it looks like is not remembered.
                        let text = if view.length > SHORT { array.get(row) } else { None };
                        (code, last) = match text {
                            Some(text) => (self.looked_up(raw, text, shared.as_deref_mut()), raw),
                            None if view.length > SHORT => (0, u128::MAX),
                            None => (self.short(*hash, raw), raw),
                        };
                    }
                    codes.push(code);
                    row += 1;
                }
            }
        }
    }

    /// The code of a long text, by way of what is shared where there is such a thing.
    fn looked_up(&mut self, raw: u128, text: &str, shared: Option<&mut [(u128, u64)]>) -> u64 {
        let at = (fold(raw as u64 ^ (raw >> 64) as u64) >> 40) as usize & (SHARED - 1);
        match shared.and_then(|shared| shared.get_mut(at)) {
            Some((known, code)) if *known == raw => *code,
            Some(place) => {
                *place = (raw, self.long(text.as_bytes()));
                place.1
            }
            None => self.long(text.as_bytes()),
        }
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
        let same = |code: u32| marks.get(code as usize).is_some_and(|&mark| mark as u32 as usize == text.len() && piece(long, mark) == text);
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

    /// The code of one text.
    fn code(&mut self, text: &[u8]) -> u64 {
        if text.len() > SHORT as usize {
            return self.long(text);
        }
        let mut mark = [0_u8; 16];
        for (place, byte) in mark.iter_mut().skip(4).zip(text) {
            *place = *byte;
        }
        let mark = u128::from_le_bytes(mark) | text.len() as u128;
        self.short(hash_mark(mark), mark)
    }

    /// For each code of `other`, the code of the same text here.
    pub fn adopt(&mut self, other: &Self) -> Vec<u64> {
        let mut bytes = [0; 16];
        (0..other.len()).map(|code| self.code(other.bytes(code, &mut bytes))).collect()
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
