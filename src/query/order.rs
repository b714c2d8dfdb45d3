//! The order of rows by some columns. Each column becomes words of 64 bits in its own order, and as long as the ranges
//! of their values leave room, all of them one word a row, which is sorted instead; otherwise polars sorts.

use std::cmp::Ordering;

use polars::prelude::*;

use super::aggregate::Rank;
use super::keys::Keys;
use crate::data::Result;

/// A column to order by, whether it descends, and whether nulls come first.
pub type SortColumn = (Column, bool, bool);

/// Row numbers in the order of some columns, equal rows as they stood; `None` where there is nothing to sort.
pub fn sorted(height: usize, by: Vec<SortColumn>) -> Result<Option<IdxCa>> {
    let by: Vec<SortColumn> = by.into_iter().filter(|(column, ..)| *column.dtype() != DataType::Null).collect();
    if height < 2 || by.is_empty() {
        return Ok(None);
    }
    let Some((words, bits)) = packed(height, &by)? else { return by_polars(height, by).map(Some) };
    let mut rows: Vec<(u64, IdxSize)> = words.into_iter().zip(0..).collect();
    if BY_DIGITS.contains(&height) {
        rows = sorted_by_digits(rows, bits);
    } else {
        rows.sort_unstable();
    }
    Ok(Some(IdxCa::from_vec("".into(), rows.into_iter().map(|(_, row)| row).collect())))
}

/// Numbers of rows that are sorted by the digits of their words: fewer gain nothing, more need too much memory.
const BY_DIGITS: std::ops::Range<usize> = 1 << 10..1 << 21;
/// Bits of a digit.
const DIGIT: u32 = 11;

/// Rows in the order of words of so many bits, equal ones as they stood: a radix sort from the lowest digit (Knuth,
/// TAOCP vol. 3, 5.2.5).
fn sorted_by_digits(rows: Vec<(u64, IdxSize)>, bits: u32) -> Vec<(u64, IdxSize)> {
    let (mut rows, mut next) = (rows, Vec::new());
    for shift in (0..bits).step_by(DIGIT as usize) {
        let digit = |word: u64| (word >> shift) as usize & ((1 << DIGIT) - 1);
        let mut places = [0; 1 << DIGIT];
        rows.iter().for_each(|(word, _)| places[digit(*word)] += 1);
        if places.contains(&rows.len()) {
            continue;
        }
        let mut place = 0;
        for count in &mut places {
            place += std::mem::replace(count, place);
        }
        next.resize(rows.len(), (0, 0));
        for row in &rows {
            let place = &mut places[digit(row.0)];
            next[*place] = *row;
            *place += 1;
        }
        std::mem::swap(&mut rows, &mut next);
    }
    rows
}

fn by_polars(height: usize, by: Vec<SortColumn>) -> Result<IdxCa> {
    let mut columns = vec![Column::new("__row".into(), (0..height as IdxSize).collect::<Vec<_>>())];
    let mut options = SortMultipleOptions {
        descending: Vec::new(),
        nulls_last: Vec::new(),
        multithreaded: false,
        maintain_order: true,
        limit: None,
    };
    for (column, descending, nulls_first) in by {
        columns.push(column.with_name(format!("__by{}", columns.len()).into()));
        options.descending.push(descending);
        options.nulls_last.push(!nulls_first);
    }
    let by: Vec<PlSmallStr> = columns.iter().skip(1).map(|c| c.name().clone()).collect();
    let sorted = DataFrame::new(height, columns)?.sort(by, options)?;
    Ok(sorted.column("__row")?.idx()?.clone())
}

/// One word a row, whose order is that of the rows, and how many of its bits are used; `None` where 64 are too few.
fn packed(height: usize, by: &[SortColumn]) -> Result<Option<(Vec<u64>, u32)>> {
    let mut packed = vec![0_u64; height];
    let mut used = 0;
    for (column, descending, nulls_first) in by {
        let Some((words, nulls)) = words(column)? else { return Ok(None) };
        let null = |row: usize| nulls.as_ref().is_some_and(|nulls| nulls.get(row) == Some(&true));
        let present = || words.iter().enumerate().filter(|(row, _)| !null(*row)).map(|(_, word)| *word);
        let (least, most) = (present().min().unwrap_or_default(), present().max().unwrap_or_default());
        let bits = 64 - (most - least).leading_zeros();
        used += bits + u32::from(nulls.is_some());
        if used > 64 {
            return Ok(None);
        }
        // A shift by all 64 bits can only be the first one, when there is nothing to be shifted.
        for (row, (packed, word)) in packed.iter_mut().zip(&words).enumerate() {
            if nulls.is_some() {
                *packed = *packed << 1 | u64::from(null(row) != *nulls_first);
            }
            let digits = if null(row) {
                0
            } else if *descending {
                most - word
            } else {
                word - least
            };
            *packed = packed.checked_shl(bits).unwrap_or_default() | digits;
        }
    }
    Ok(Some((packed, used)))
}

type Nulls = Option<Vec<bool>>;

/// A word a row, in the order of the values, and which of them are null; `None` for a type that has none.
fn words(column: &Column) -> Result<Option<(Vec<u64>, Nulls)>> {
    let dtype = column.dtype();
    if *dtype == DataType::String {
        return ranks(column).map(Some);
    }
    if !(dtype.is_integer() || dtype.is_float() || dtype.is_temporal() || dtype.is_bool()) {
        return Ok(None);
    }
    let lane = u64::lane(column)?;
    let nulls = (column.null_count() > 0).then(|| column.is_null().iter().map(|null| null == Some(true)).collect());
    Ok(Some(((0..column.len()).map(|row| u64::get(&lane, row).unwrap_or_default()).collect(), nulls)))
}

/// Each text's place among the different ones.
fn ranks(column: &Column) -> Result<(Vec<u64>, Nulls)> {
    let mut keys = Keys::new(&[("text".into(), DataType::String)])?;
    let mut numbers = Vec::new();
    keys.assign(std::slice::from_ref(column), column.len(), &mut numbers)?;
    let texts = keys.column(0)?;
    let texts = texts.str()?;
    let mut order: Vec<(Option<&str>, usize)> = texts.iter().zip(0..).collect();
    order.sort_unstable();
    let mut rank = vec![0; order.len()];
    for (place, (_, number)) in order.iter().enumerate() {
        if let Some(rank) = rank.get_mut(*number) {
            *rank = place as u64;
        }
    }
    let word = |number: &u32| rank.get(*number as usize).copied().unwrap_or_default();
    let nulls = (column.null_count() > 0).then(|| column.is_null().iter().map(|null| null == Some(true)).collect());
    Ok((numbers.iter().map(word).collect(), nulls))
}

/// Rows that can be compared with rows of other frames, in the order of some columns: that of `sorted`.
pub struct Ranked(Vec<(SortLane, bool, bool)>);

enum SortLane {
    Words(<u64 as Rank>::Lane),
    Texts(<Box<str> as Rank>::Lane),
}

impl Ranked {
    /// # Errors
    /// When a column is of a type that has no order.
    pub fn new(by: Vec<SortColumn>) -> Result<Self> {
        let lane = |column: &Column| -> Result<SortLane> {
            let plain = column.dtype().is_primitive_numeric()
                || column.dtype().is_temporal()
                || matches!(column.dtype(), DataType::Boolean | DataType::Null);
            Ok(if plain {
                SortLane::Words(u64::lane(column)?)
            } else {
                SortLane::Texts(<Box<str>>::lane(&column.cast(&DataType::String)?)?)
            })
        };
        by.iter()
            .map(|(column, descending, nulls_first)| Ok((lane(column)?, *descending, *nulls_first)))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Where row `row` stands beside row `at` of another.
    pub fn compare(&self, row: usize, other: &Self, at: usize) -> Ordering {
        let each =
            self.0.iter().zip(&other.0).map(|((one, descending, nulls_first), (other, ..))| match (one, other) {
                (SortLane::Words(one), SortLane::Words(other)) => {
                    beside(u64::get(one, row), u64::get(other, at), *descending, *nulls_first)
                }
                (SortLane::Texts(one), SortLane::Texts(other)) => {
                    beside(<Box<str>>::get(one, row), <Box<str>>::get(other, at), *descending, *nulls_first)
                }
                // Columns of one question have one type.
                _ => Ordering::Equal,
            });
        each.fold(Ordering::Equal, Ordering::then)
    }
}

fn beside<T: Ord>(one: Option<T>, other: Option<T>, descending: bool, nulls_first: bool) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) if descending => other.cmp(&one),
        (Some(one), Some(other)) => one.cmp(&other),
        (one, other) if nulls_first => one.is_some().cmp(&other.is_some()),
        (one, other) => one.is_none().cmp(&other.is_none()),
    }
}
