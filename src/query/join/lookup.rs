//! A dataset with its index: from the key of a row to the dataset's rows that have it.

use hashbrown::HashTable;
use polars::prelude::*;

use super::origin::ORIGIN;
use crate::data::{Result, time};

/// Rows that are looked up, or put into an index, between two looks.
pub(super) const LOOK: usize = 1 << 15;

/// A dataset with its index.
#[derive(Debug, Default)]
pub struct Lookup {
    frame: DataFrame,
    cells: Vec<KeyCells>,
    /// Number of a distinct key, found by its hash.
    table: HashTable<u32>,
    /// A row with that key.
    example: Vec<u32>,
    /// Rows with key `k` are `rows[starts[k]..starts[k + 1]]`.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

/// A key column, ready to be compared.
#[derive(Debug)]
pub(super) enum KeyCells {
    Words(Vec<Option<u64>>),
    Texts(StringChunked),
}

impl KeyCells {
    pub(super) fn of(column: &Column, compare: &DataType) -> Result<Self> {
        // What has no place in the common type is null then, and matches nothing.
        let column = if column.dtype() == compare { column.clone() } else { time::convert(column, compare)? };
        Ok(match compare {
            DataType::Null => Self::Words(vec![None; column.len()]),
            DataType::String => Self::Texts(column.str()?.rechunk().into_owned()),
            DataType::Boolean => Self::Words(column.bool()?.iter().map(|v| v.map(u64::from)).collect()),
            DataType::Float64 => Self::Words(column.f64()?.iter().map(|v| v.map(float_word)).collect()),
            DataType::UInt64 => Self::Words(column.u64()?.iter().collect()),
            _ => Self::Words(
                column.to_physical_repr().cast(&DataType::Int64)?.i64()?.iter().map(|v| v.map(|v| v as u64)).collect(),
            ),
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::Words(words) => words.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// A hash of the cell; `None` for null.
    fn hash(&self, row: usize) -> Option<u64> {
        use std::hash::BuildHasher;
        match self {
            Self::Words(words) => {
                words.get(row).copied().flatten().map(|w| foldhash::fast::FixedState::default().hash_one(w))
            }
            Self::Texts(texts) => texts.get(row).map(|t| foldhash::fast::FixedState::default().hash_one(t)),
        }
    }

    pub(super) fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Words(words) => words.get(row).copied().flatten().is_none(),
            Self::Texts(texts) => texts.get(row).is_none(),
        }
    }

    pub(super) fn equals(&self, row: usize, other: &Self, there: usize) -> bool {
        match (self, other) {
            (Self::Words(one), Self::Words(other)) => one.get(row) == other.get(there),
            (Self::Texts(one), Self::Texts(other)) => one.get(row) == other.get(there),
            _ => false,
        }
    }
}

/// `-0.0` and `0.0` are one, and all NaN are one.
fn float_word(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { (x + 0.0).to_bits() }
}

/// `None` where a part of the key is null.
fn hash(cells: &[KeyCells], row: usize) -> Option<u64> {
    cells.iter().try_fold(0_u64, |all, c| Some(all.rotate_left(23) ^ c.hash(row)?))
}

fn equals(cells: &[KeyCells], row: usize, others: &[KeyCells], there: usize) -> bool {
    cells.iter().zip(others).all(|(one, other)| one.equals(row, other, there))
}

impl Lookup {
    /// The index of `frame`, whose keys are `cells`; `None` where it was stopped.
    pub(super) fn new(frame: DataFrame, cells: Vec<KeyCells>, stopped: &dyn Fn() -> bool) -> Option<Self> {
        let mut lookup =
            Self { frame, cells, table: HashTable::new(), example: Vec::new(), starts: Vec::new(), rows: Vec::new() };
        lookup.fill(stopped).then_some(lookup)
    }

    /// False where it was stopped.
    fn fill(&mut self, stopped: &dyn Fn() -> bool) -> bool {
        let height = self.cells.first().map_or(0, KeyCells::len);
        let mut numbers = vec![None; height];
        let mut counts: Vec<u32> = Vec::new();
        for (row, number) in numbers.iter_mut().enumerate() {
            if row % LOOK == 0 && stopped() {
                return false;
            }
            let Some(code) = hash(&self.cells, row) else { continue };
            let (cells, example) = (&self.cells, &self.example);
            let there = |k: u32| example.get(k as usize).map_or(0, |r| *r as usize);
            let entry = self.table.entry(
                code,
                |&k| equals(cells, row, cells, there(k)),
                |&k| hash(cells, there(k)).unwrap_or(0),
            );
            let k = match entry {
                hashbrown::hash_table::Entry::Occupied(found) => *found.get(),
                hashbrown::hash_table::Entry::Vacant(empty) => {
                    let k = counts.len() as u32;
                    empty.insert(k);
                    self.example.push(row as u32);
                    counts.push(0);
                    k
                }
            };
            *number = Some(k);
            if let Some(count) = counts.get_mut(k as usize) {
                *count += 1;
            }
        }
        self.starts = std::iter::once(0)
            .chain(counts.iter().scan(0_u32, |sum, n| {
                *sum += n;
                Some(*sum)
            }))
            .collect();
        let mut next = self.starts.clone();
        self.rows = vec![0; self.starts.last().map_or(0, |n| *n as usize)];
        for (row, number) in numbers.into_iter().enumerate() {
            if let Some(place) = number.and_then(|k| next.get_mut(k as usize)) {
                if let Some(slot) = self.rows.get_mut(*place as usize) {
                    *slot = row as u32;
                }
                *place += 1;
            }
        }
        true
    }

    /// The dataset's rows that match.
    pub(super) fn find(&self, cells: &[KeyCells], row: usize) -> &[u32] {
        let Some(code) = hash(cells, row) else { return &[] };
        let there = |k: u32| self.example.get(k as usize).map_or(0, |r| *r as usize);
        let Some(k) = self.table.find(code, |&k| equals(cells, row, &self.cells, there(k))) else { return &[] };
        let bound = |i: u32| self.starts.get(i as usize).map_or(0, |n| *n as usize);
        self.rows.get(bound(*k)..bound(*k + 1)).unwrap_or_default()
    }

    /// Rows beside the rows of the dataset that they match, and which row each is of.
    pub(super) fn pair(
        &self,
        rows: &DataFrame,
        origin: Vec<IdxSize>,
        matched: Vec<Option<IdxSize>>,
    ) -> Result<DataFrame> {
        let origin = IdxCa::from_vec(ORIGIN.into(), origin);
        let mut pairs = beside(rows, &origin, &self.frame, &matched.into_iter().collect())?;
        pairs.with_column(origin.into_column())?;
        Ok(pairs)
    }

    /// Rows of the dataset.
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held, about.
    pub fn size(&self) -> usize {
        let cells = |c: &KeyCells| match c {
            KeyCells::Words(words) => words.capacity() * 16,
            KeyCells::Texts(_) => 0,
        };
        self.frame.estimated_size()
            + self.cells.iter().map(cells).sum::<usize>()
            + self.table.capacity() * 5
            + (self.example.len() + self.starts.len() + self.rows.len()) * 4
    }
}

/// Rows of one table beside rows of another; null for none.
pub(super) fn beside(left: &DataFrame, of_left: &IdxCa, right: &DataFrame, of_right: &IdxCa) -> Result<DataFrame> {
    let mut columns = Vec::with_capacity(left.width() + right.width());
    for column in left.columns() {
        columns.push(column.take(of_left)?);
    }
    for column in right.columns() {
        columns.push(column.take(of_right)?);
    }
    Ok(DataFrame::new(of_left.len(), columns)?)
}
