//! From group keys to group numbers: an index that finds a row's group in constant time however many groups there are.
//!
//! A key of `k` columns is stored as `k` words of 64 bits and one word that marks its nulls. Numbers, times and
//! Booleans are their own word; a text of up to seven bytes is packed into it, a longer one is interned.
//! `-0.0` and `0.0` are one key, and all NaN are one key.

use hashbrown::HashTable;
use polars::prelude::*;

use super::window::type_word;
use crate::data::{Fault, Result};

/// The groups seen so far, numbered in the order they were seen.
#[derive(Debug)]
pub struct Keys {
    columns: Vec<KeyColumn>,
    /// `columns.len() + 1` words a group.
    words: Vec<u64>,
    table: HashTable<u32>,
    groups: usize,
}

#[derive(Debug)]
struct KeyColumn {
    name: PlSmallStr,
    dtype: DataType,
    texts: Interner,
}

impl Keys {
    /// # Errors
    /// When a type cannot be grouped by.
    pub fn new(columns: &[(PlSmallStr, DataType)]) -> Result<Self> {
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
            if !fits || columns.len() > 63 {
                return Err(Fault::new(format!("rows cannot be grouped by '{name}', which is {}", type_word(dtype)))
                    .hint("cast it to VARCHAR, or group by another column"));
            }
        }
        let columns = columns.iter().map(|(name, dtype)| KeyColumn { name: name.clone(), dtype: dtype.clone(), texts: Interner::default() }).collect();
        Ok(Self { columns, words: Vec::new(), table: HashTable::new(), groups: 0 })
    }

    pub fn len(&self) -> usize {
        self.groups
    }

    pub fn is_empty(&self) -> bool {
        self.groups == 0
    }

    /// Bytes held, about.
    pub fn size(&self) -> usize {
        self.words.capacity() * 8 + self.table.capacity() * 5 + self.columns.iter().map(|c| c.texts.size()).sum::<usize>()
    }

    /// The group of each row, written to `groups`; new keys become new groups. Without key columns all rows are group 0.
    pub fn assign(&mut self, keys: &[Column], rows: usize, groups: &mut Vec<u32>) -> Result<()> {
        groups.clear();
        if self.columns.is_empty() {
            self.groups = 1;
            groups.resize(rows, 0);
            return Ok(());
        }
        let mut encoded = Vec::with_capacity(keys.len());
        for (column, key) in self.columns.iter_mut().zip(keys) {
            encoded.push(column.encode(key)?);
        }
        groups.reserve(rows);
        match &encoded[..] {
            [one] if one.nulls.is_none() => self.find_each(rows, groups, |row, key: &mut [u64; 2]| key[0] = one.words[row]),
            [one, two] if one.nulls.is_none() && two.nulls.is_none() => self.find_each(rows, groups, |row, key: &mut [u64; 3]| {
                key[0] = one.words[row];
                key[1] = two.words[row];
            }),
            many => {
                let width = many.len() + 1;
                let mut key = vec![0_u64; width];
                for row in 0..rows {
                    let mut nulls = 0;
                    for (i, column) in many.iter().enumerate() {
                        key[i] = column.words[row];
                        if column.nulls.as_ref().is_some_and(|n| n[row]) {
                            nulls |= 1 << i;
                        }
                    }
                    key[width - 1] = nulls;
                    groups.push(find(&mut self.table, &mut self.words, &mut self.groups, &key));
                }
            }
        }
        Ok(())
    }

    /// The common case: a key of known width without nulls. Rows often repeat the key before them.
    fn find_each<const W: usize>(&mut self, rows: usize, groups: &mut Vec<u32>, fill: impl Fn(usize, &mut [u64; W])) {
        let (mut key, mut last, mut group) = ([0_u64; W], [u64::MAX; W], 0);
        for row in 0..rows {
            fill(row, &mut key);
            if key != last {
                group = find(&mut self.table, &mut self.words, &mut self.groups, &key);
                last = key;
            }
            groups.push(group);
        }
    }

    /// The key columns, one row a group.
    pub fn columns(&self) -> Result<Vec<Column>> {
        (0..self.columns.len()).map(|i| self.column(i)).collect()
    }

    /// The `i`-th key column, one row a group.
    pub fn column(&self, i: usize) -> Result<Column> {
        let width = self.columns.len() + 1;
        let word = |group: usize, i: usize| self.words[group * width + i];
        self.columns[i].decode(self.groups, |g| (word(g, width - 1) >> i) & 1 == 1, |g| word(g, i))
    }
}

/// The group of one key, made if it is new.
fn find(table: &mut HashTable<u32>, words: &mut Vec<u64>, groups: &mut usize, key: &[u64]) -> u32 {
    let width = key.len();
    let entry = {
        let stored = &*words;
        let at = |g: u32| &stored[g as usize * width..(g as usize + 1) * width];
        table.entry(hash(key), |&g| at(g) == key, |&g| hash(at(g)))
    };
    match entry {
        hashbrown::hash_table::Entry::Occupied(found) => *found.get(),
        hashbrown::hash_table::Entry::Vacant(empty) => {
            let group = *groups as u32;
            empty.insert(group);
            words.extend_from_slice(key);
            *groups += 1;
            group
        }
    }
}

/// Multiply and fold, word by word.
fn hash(key: &[u64]) -> u64 {
    let fold = |a: u64, b: u64| {
        let wide = u128::from(a) * u128::from(b);
        (wide as u64) ^ ((wide >> 64) as u64)
    };
    key.iter().fold(0x9e37_79b9_7f4a_7c15, |h, &w| fold(h ^ w, 0xa076_1d64_78bd_642f))
}

/// One key column of a chunk as words.
struct Encoded {
    words: Vec<u64>,
    /// One flag a row, where there are nulls.
    nulls: Option<Vec<bool>>,
}

impl KeyColumn {
    fn encode(&mut self, column: &Column) -> Result<Encoded> {
        let series = column.as_materialized_series().rechunk();
        let nulls = (series.null_count() > 0).then(|| series.is_null().iter().map(|n| n == Some(true)).collect());
        let physical = series.to_physical_repr();
        let words = match physical.dtype() {
            DataType::String => {
                let texts = &mut self.texts;
                physical.str()?.iter().map(|t| t.map_or(0, |t| texts.word(t))).collect()
            }
            DataType::Boolean => physical.bool()?.iter().map(|b| u64::from(b == Some(true))).collect(),
            DataType::Float64 => physical.f64()?.iter().map(|x| canonical(x.unwrap_or(0.0))).collect(),
            DataType::Float32 => physical.f32()?.iter().map(|x| canonical(f64::from(x.unwrap_or(0.0)))).collect(),
            DataType::UInt64 => physical.u64()?.iter().map(|n| n.unwrap_or(0)).collect(),
            DataType::Int64 => match physical.i64()?.cont_slice() {
                Ok(values) => values.iter().map(|&n| n as u64).collect(),
                Err(_) => physical.i64()?.iter().map(|n| n.unwrap_or(0) as u64).collect(),
            },
            DataType::Null => vec![0; physical.len()],
            _ => {
                let wide = physical.cast(&DataType::Int64)?;
                wide.i64()?.iter().map(|n| n.unwrap_or(0) as u64).collect()
            }
        };
        Ok(Encoded { words, nulls })
    }

    fn decode(&self, groups: usize, null: impl Fn(usize) -> bool, word: impl Fn(usize) -> u64) -> Result<Column> {
        let name = self.name.clone();
        let each = |g: usize| if null(g) { None } else { Some(word(g)) };
        let all = (0..groups).map(each);
        let series = match self.dtype.to_physical() {
            DataType::String => {
                let mut packed = [0_u8; 8];
                let mut out = StringChunkedBuilder::new(name, groups);
                for w in all {
                    out.append_option(w.map(|w| self.texts.text(w, &mut packed)));
                }
                return Ok(out.finish().into_column());
            }
            DataType::Boolean => all.map(|w| w.map(|w| w == 1)).collect::<BooleanChunked>().with_name(name).into_series(),
            DataType::Float64 | DataType::Float32 => all.map(|w| w.map(f64::from_bits)).collect::<Float64Chunked>().with_name(name).into_series(),
            DataType::UInt64 => all.collect::<UInt64Chunked>().with_name(name).into_series(),
            DataType::Null => return Ok(Column::full_null(name, groups, &DataType::Null)),
            _ => all.map(|w| w.map(|w| w as i64)).collect::<Int64Chunked>().with_name(name).into_series(),
        };
        // A date's physical type is narrower than the word it was widened to.
        let physical = series.cast(&self.dtype.to_physical())?;
        Ok(physical.cast(&self.dtype)?.into_column())
    }
}

/// The bits of a float such that equal values have equal bits.
pub fn canonical(x: f64) -> u64 {
    if x.is_nan() {
        f64::NAN.to_bits()
    } else if x == 0.0 {
        0
    } else {
        x.to_bits()
    }
}

/// Texts as words: the top byte is the length of a packed text (0 to 7), or `LONG` with a number in the table.
#[derive(Debug, Default)]
struct Interner {
    bytes: Vec<u8>,
    /// Where each interned text ends in `bytes`.
    ends: Vec<usize>,
    table: HashTable<u32>,
}

const LONG: u64 = 0xff << 56;

impl Interner {
    fn word(&mut self, text: &str) -> u64 {
        let bytes = text.as_bytes();
        if bytes.len() <= 7 {
            let mut packed = [0_u8; 8];
            packed[..bytes.len()].copy_from_slice(bytes);
            packed[7] = bytes.len() as u8;
            return u64::from_le_bytes(packed);
        }
        let (stored, ends) = (&mut self.bytes, &mut self.ends);
        let entry = self.table.entry(hash_text(bytes), |&i| piece(stored, ends, i) == bytes, |&i| hash_text(piece(stored, ends, i)));
        let number = match entry {
            hashbrown::hash_table::Entry::Occupied(found) => *found.get(),
            hashbrown::hash_table::Entry::Vacant(empty) => {
                let number = ends.len() as u32;
                empty.insert(number);
                stored.extend_from_slice(bytes);
                ends.push(stored.len());
                number
            }
        };
        LONG | u64::from(number)
    }

    fn text<'a>(&'a self, word: u64, packed: &'a mut [u8; 8]) -> &'a str {
        let bytes = if word & LONG == LONG {
            piece(&self.bytes, &self.ends, word as u32)
        } else {
            *packed = word.to_le_bytes();
            &packed[..(packed[7] as usize).min(7)]
        };
        // Only whole texts were stored.
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn size(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 8 + self.table.capacity() * 5
    }
}

fn piece<'a>(bytes: &'a [u8], ends: &[usize], i: u32) -> &'a [u8] {
    let i = i as usize;
    let start = if i == 0 { 0 } else { ends[i - 1] };
    &bytes[start..ends[i]]
}

fn hash_text(bytes: &[u8]) -> u64 {
    use std::hash::BuildHasher;
    foldhash::fast::FixedState::with_seed(7).hash_one(bytes)
}
