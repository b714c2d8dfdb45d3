//! From group keys to group numbers: an index that finds a row's group in constant time however many groups there are.
//!
//! Each key column is words of 64 bits (`words`). As long as the ranges that its values span leave room, the words of a
//! key are packed into one (`pack`): if that is short, a table has the group of every possible one; otherwise, and when
//! a key is as many words as it has columns, groups are found by their hash.
//! `-0.0` and `0.0` are one key, and all NaN are one key.

mod coded;
mod index;
mod pack;
mod texts;
mod words;

use std::ops::Range;

use polars::prelude::*;

use super::window::type_word;
use crate::data::{Fault, Result};
pub use coded::Coded;
use index::Index;
use pack::KeyPacking;
use texts::fold;
pub use words::canonical;
use words::{Encoded, KeyColumn};

/// The groups seen so far, numbered in the order they were seen.
#[derive(Debug)]
pub struct Keys {
    columns: Vec<KeyColumn>,
    packing: KeyPacking,
    store: GroupIndex,
    groups: usize,
    /// Rows assigned so far.
    rows: usize,
    /// The packed keys of the rows at hand, and their hashes; kept for their memory.
    packed: Vec<u64>,
    hashes: Vec<u64>,
}

/// The key of each group, and how a group is found.
#[derive(Debug)]
enum GroupIndex {
    /// One word a group; `table` has the group plus one of every word that there can be, or 0.
    Direct { keys: Vec<u64>, table: Vec<u32> },
    /// One word a group.
    Packed { keys: Vec<u64>, index: Index },
    /// `columns.len() + 1` words a group, the last of which marks nulls.
    Wide { keys: Vec<u64>, index: Index },
}

/// Packed keys of at most this many bits may have a table.
const DIRECT_BITS: u32 = 20;
/// Groups whose keys are decoded together.
const DECODED: usize = 1 << 20;
/// Rows that are looked up together, so that the memory they need is fetched together.
const TOGETHER: usize = 512;
/// Columns that rows can be grouped by.
pub const MOST: usize = 63;

/// For each key column: what the codes of another dictionary are here, if it has one.
#[derive(Debug)]
pub struct Adoption(Vec<Option<Vec<u64>>>);

impl Keys {
    /// # Errors
    /// When a type cannot be grouped by, or there are too many columns.
    pub fn new(columns: &[(PlSmallStr, DataType)]) -> Result<Self> {
        if columns.len() > MOST {
            return Err(Fault::new(format!("rows are grouped by {} columns, and {MOST} are the most", columns.len()))
                .hint("group by fewer, or put some together with concat"));
        }
        for (name, dtype) in columns {
            let fits = matches!(
                dtype,
                DataType::Boolean
                    | DataType::String
                    | DataType::Date
                    | DataType::Datetime(..)
                    | DataType::Time
                    | DataType::Duration(_)
                    | DataType::Float32
                    | DataType::Float64
                    | DataType::Null
            ) || dtype.is_integer();
            if !fits {
                return Err(Fault::new(format!("rows cannot be grouped by '{name}', which is {}", type_word(dtype)))
                    .hint("cast it to VARCHAR, or group by another column"));
            }
        }
        let columns: Vec<_> = columns.iter().map(|(name, dtype)| KeyColumn::new(name.clone(), dtype.clone())).collect();
        Ok(Self {
            packing: KeyPacking::new(columns.len()),
            columns,
            store: GroupIndex::Packed { keys: Vec::new(), index: Index::default() },
            groups: 0,
            rows: 0,
            packed: Vec::new(),
            hashes: Vec::new(),
        })
    }

    pub fn len(&self) -> usize {
        self.groups
    }

    pub fn is_empty(&self) -> bool {
        self.groups == 0
    }

    /// Bytes held, about.
    pub fn size(&self) -> usize {
        let store = match &self.store {
            GroupIndex::Direct { keys, table } => keys.capacity() * 8 + table.capacity() * 4,
            GroupIndex::Packed { keys, index } | GroupIndex::Wide { keys, index } => keys.capacity() * 8 + index.size(),
        };
        store
            + self.columns.iter().map(KeyColumn::size).sum::<usize>()
            + (self.packed.capacity() + self.hashes.capacity()) * 8
    }

    /// The group of each row, written to `groups`; new keys become new groups. Without key columns all rows are group
    /// 0.
    ///
    /// # Errors
    /// What polars says about a column.
    pub fn assign(&mut self, keys: &[Column], rows: usize, groups: &mut Vec<u32>) -> Result<()> {
        let mut encoded = Vec::with_capacity(keys.len());
        for (column, key) in self.columns.iter_mut().zip(keys) {
            encoded.push(column.encode(key)?);
        }
        self.number(&encoded, rows, groups);
        Ok(())
    }

    /// How to find the groups of `other`, which has the same columns, among the ones here.
    pub fn adoption(&mut self, other: &Self) -> Adoption {
        Adoption(self.columns.iter_mut().zip(&other.columns).map(|(own, theirs)| own.adopt(theirs)).collect())
    }

    /// The group here of some groups of `other`; keys that are new here become new groups.
    pub fn adopt(&mut self, other: &Self, adoption: &Adoption, range: Range<usize>, groups: &mut Vec<u32>) {
        let rows = range.len();
        let mut encoded = other.unpacked(range);
        for (encoded, codes) in encoded.iter_mut().zip(&adoption.0) {
            if let Some(codes) = codes {
                encoded
                    .words
                    .iter_mut()
                    .for_each(|word| *word = codes.get(*word as usize).copied().unwrap_or_default());
            }
        }
        self.number(&encoded, rows, groups);
    }

    /// The key columns, one row a group.
    ///
    /// # Errors
    /// What polars says while it builds them.
    pub fn columns(&self) -> Result<Vec<Column>> {
        self.some_columns(0..self.groups)
    }

    /// The key columns of some groups.
    ///
    /// # Errors
    /// What polars says while it builds them.
    pub fn some_columns(&self, groups: Range<usize>) -> Result<Vec<Column>> {
        self.decoded(&(0..self.columns.len()).collect::<Vec<_>>(), groups)
    }

    /// The `i`-th key column, one row a group.
    ///
    /// # Errors
    /// What polars says while it builds it.
    pub fn column(&self, i: usize) -> Result<Column> {
        self.decoded(&[i], 0..self.groups)?.pop().ok_or_else(|| Fault::new(format!("there is no key {i}")))
    }

    fn decoded(&self, chosen: &[usize], groups: Range<usize>) -> Result<Vec<Column>> {
        let mut decoders: Vec<_> = chosen.iter().filter_map(|i| self.columns.get(*i)).map(KeyColumn::decoder).collect();
        let mut columns: Vec<Column> = Vec::with_capacity(decoders.len());
        // In pieces, so that what is needed in between is small.
        for start in (groups.start..groups.end.max(groups.start + 1)).step_by(DECODED) {
            let range = start..groups.end.min(start + DECODED);
            for (i, (decoder, column)) in decoders.iter_mut().zip(chosen).enumerate() {
                let piece = decoder.decode(self.unpacked_one(*column, range.clone()))?;
                match columns.get_mut(i) {
                    Some(column) => {
                        column.append_owned(piece)?;
                    }
                    None => columns.push(piece),
                }
            }
        }
        Ok(columns)
    }

    fn number(&mut self, encoded: &[Encoded], rows: usize, groups: &mut Vec<u32>) {
        groups.clear();
        if self.columns.is_empty() {
            self.groups = 1;
            groups.resize(rows, 0);
            return;
        }
        groups.reserve(rows);
        self.rows = self.rows.saturating_add(rows);
        if !matches!(self.store, GroupIndex::Wide { .. }) {
            self.pack(encoded, rows);
        }
        match &mut self.store {
            GroupIndex::Direct { keys, table } => {
                let group = |key: &u64| table.get(*key as usize).map_or(0, |place| *place).wrapping_sub(1);
                groups.extend(self.packed.iter().map(group));
                if groups.contains(&u32::MAX) {
                    for (group, key) in groups.iter_mut().zip(&self.packed).filter(|(group, _)| **group == u32::MAX) {
                        let Some(place) = table.get_mut(*key as usize) else { continue };
                        if *place == 0 {
                            keys.push(*key);
                            *place = keys.len() as u32;
                        }
                        *group = *place - 1;
                    }
                }
                self.groups = keys.len();
            }
            GroupIndex::Packed { keys, index } => {
                find_packed(&self.packed, keys, index, &mut self.hashes, groups);
                self.groups = keys.len();
            }
            GroupIndex::Wide { keys, index } => self.groups = find_wide(encoded, rows, keys, index, groups),
        }
    }

    /// Packs the rows' keys. Where they need another packing, the groups' keys get it, too; where there is none, a key
    /// is from now on as many words as it has columns, and one.
    fn pack(&mut self, encoded: &[Encoded], rows: usize) {
        if !self.packing.pack(encoded, rows, &mut self.packed) {
            let old = self.unpacked(0..self.groups);
            let mut keys = Vec::new();
            // What it was widened for, and every key before, fits it then: no key is taken for another.
            let fits = self.packing.widen(encoded, &old)
                && self.packing.pack(encoded, rows, &mut self.packed)
                && self.packing.pack(&old, self.groups, &mut keys);
            if !fits {
                let (mut keys, mut index) = (Vec::new(), Index::default());
                find_wide(&old, self.groups, &mut keys, &mut index, &mut Vec::new());
                self.store = GroupIndex::Wide { keys, index };
                self.packed = Vec::new();
                return;
            }
            self.store = packed_store(keys);
        }
        let bits = self.packing.bits();
        if bits <= DIRECT_BITS
            && self.rows >> bits.saturating_sub(2) > 0
            && let GroupIndex::Packed { keys, .. } = &mut self.store
        {
            let mut table = vec![0; 1 << bits];
            for (group, key) in keys.iter().enumerate() {
                if let Some(place) = table.get_mut(*key as usize) {
                    *place = group as u32 + 1;
                }
            }
            self.store = GroupIndex::Direct { keys: std::mem::take(keys), table };
        }
    }

    /// The words of some groups, column by column.
    fn unpacked(&self, range: Range<usize>) -> Vec<Encoded> {
        (0..self.columns.len()).map(|i| self.unpacked_one(i, range.clone())).collect()
    }

    fn unpacked_one(&self, column: usize, range: Range<usize>) -> Encoded {
        match &self.store {
            GroupIndex::Direct { keys, .. } | GroupIndex::Packed { keys, .. } => {
                self.packing.unpack(column, keys.get(range).unwrap_or_default())
            }
            GroupIndex::Wide { keys, .. } => {
                let width = self.columns.len() + 1;
                let keys = keys.get(range.start * width..range.end * width).unwrap_or_default();
                let words = keys.iter().skip(column).step_by(width).copied().collect();
                let nulls: Vec<bool> =
                    keys.iter().skip(width - 1).step_by(width).map(|n| n >> column & 1 == 1).collect();
                Encoded { words, nulls: nulls.contains(&true).then_some(nulls) }
            }
        }
    }
}

fn packed_store(keys: Vec<u64>) -> GroupIndex {
    let mut index = Index::default();
    index.reserve(keys.len());
    for (group, key) in keys.iter().enumerate() {
        index.insert(fold(*key), group as u32);
    }
    GroupIndex::Packed { keys, index }
}

fn find_packed(rows: &[u64], keys: &mut Vec<u64>, index: &mut Index, hashes: &mut Vec<u64>, groups: &mut Vec<u32>) {
    for block in rows.chunks(TOGETHER) {
        hashes.clear();
        hashes.extend(block.iter().map(|key| fold(*key)));
        index.reserve(block.len());
        index.touch(hashes, |group| keys.get(group).copied().unwrap_or_default());
        for (key, hash) in block.iter().zip(&*hashes) {
            let found = index.find(*hash, |group| keys.get(group as usize) == Some(key));
            groups.push(found.unwrap_or_else(|| {
                let group = keys.len() as u32;
                keys.push(*key);
                index.insert(*hash, group);
                group
            }));
        }
    }
}

/// As `find_packed`, for keys of many words. How many groups there are then.
fn find_wide(encoded: &[Encoded], rows: usize, keys: &mut Vec<u64>, index: &mut Index, groups: &mut Vec<u32>) -> usize {
    let width = encoded.len() + 1;
    let mut block = Vec::with_capacity(TOGETHER * width);
    let mut hashes = Vec::with_capacity(TOGETHER);
    for start in (0..rows).step_by(TOGETHER) {
        block.clear();
        hashes.clear();
        for row in start..rows.min(start + TOGETHER) {
            let (mut nulls, mut hash) = (0, 0);
            for (i, column) in encoded.iter().enumerate() {
                let null = column.nulls.as_ref().is_some_and(|n| n.get(row) == Some(&true));
                let word = if null { 0 } else { column.words.get(row).copied().unwrap_or_default() };
                nulls |= u64::from(null) << i;
                hash = fold(hash ^ word);
                block.push(word);
            }
            block.push(nulls);
            hashes.push(fold(hash ^ nulls));
        }
        index.reserve(hashes.len());
        index.touch(&hashes, |group| keys.get(group * width).copied().unwrap_or_default());
        for (key, hash) in block.chunks_exact(width).zip(&hashes) {
            let same = |group: u32| {
                let at = group as usize * width;
                // A loop, because comparing so few words by a call costs more than the words do.
                keys.get(at..at + width).is_some_and(|known| known.iter().zip(key).all(|(a, b)| a == b))
            };
            let found = index.find(*hash, same);
            groups.push(found.unwrap_or_else(|| {
                let group = (keys.len() / width) as u32;
                keys.extend_from_slice(key);
                index.insert(*hash, group);
                group
            }));
        }
    }
    keys.len() / width
}
