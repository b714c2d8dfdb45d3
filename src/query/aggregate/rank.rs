//! Values in a form that can be compared, hashed and kept whatever their type: a word of 64 bits whose order is the
//! order of the values, or a text. NaN is the greatest number, `-0.0` is `0.0`; nulls are left out by the reader.

use std::cmp::Ordering;
use std::fmt::Debug;

use polars::prelude::*;

use crate::data::Result;
use crate::query::keys::canonical;

/// Types that have ranks: what `min`, `first`, `arg_min` and others can hold.
pub fn ranked(dtype: &DataType) -> bool {
    dtype.is_primitive_numeric()
        || dtype.is_temporal()
        || matches!(dtype, DataType::String | DataType::Boolean | DataType::Null)
}

/// A kept value: `u64` for everything of fixed width, `Box<str>` for texts, `Box<[u8]>` for what orders rows.
pub trait Rank: Ord + Clone + Debug + Send + Sync + 'static {
    /// The same value, borrowed from a column.
    type Of<'a>: Copy;
    /// A column made ready to be read by row.
    type Lane;

    fn lane(column: &Column) -> Result<Self::Lane>;
    /// The value in a row; `None` for null.
    fn get(lane: &Self::Lane, row: usize) -> Option<Self::Of<'_>>;
    fn own(value: Self::Of<'_>) -> Self;
    fn of(&self) -> Self::Of<'_>;
    /// Where this value stands beside another.
    fn order(&self, other: Self::Of<'_>) -> Ordering;
    /// 64 well-mixed bits, the same on every machine and in every version: sketches are stored by them.
    fn hash(value: Self::Of<'_>) -> u64;
    /// The values as a column of type `dtype`.
    fn series<'a>(values: impl Iterator<Item = Option<&'a Self>>, dtype: &DataType) -> Result<Series>;
    /// Bytes on the heap.
    fn heap(&self) -> usize;
}

/// Words and which of them are there.
pub struct RankWords {
    words: Vec<u64>,
    present: Option<Vec<bool>>,
}

/// All values as words, and anything for a null.
fn each<T: PolarsNumericType>(values: &ChunkedArray<T>, word: impl Fn(T::Native) -> u64) -> Vec<u64> {
    values.downcast_iter().flat_map(|array| array.values().iter()).map(|value| word(*value)).collect()
}

impl RankWords {
    /// All of them, where none is null.
    pub fn whole(&self) -> Option<&[u64]> {
        self.present.is_none().then_some(&self.words)
    }
}

impl Rank for u64 {
    type Of<'a> = u64;
    type Lane = RankWords;

    fn lane(column: &Column) -> Result<RankWords> {
        let series = column.as_materialized_series();
        let present = (series.null_count() > 0).then(|| series.is_not_null().iter().map(|p| p == Some(true)).collect());
        let physical = series.to_physical_repr();
        let words = match physical.dtype() {
            DataType::Boolean => physical.bool()?.iter().map(|b| u64::from(b == Some(true))).collect(),
            DataType::UInt64 => each(physical.u64()?, |n| n),
            DataType::Float32 | DataType::Float64 => each(physical.cast(&DataType::Float64)?.f64()?, of_float),
            DataType::Null => vec![0; physical.len()],
            _ => each(physical.cast(&DataType::Int64)?.i64()?, of_int),
        };
        Ok(RankWords { words, present })
    }

    #[inline]
    fn get(lane: &RankWords, row: usize) -> Option<u64> {
        match &lane.present {
            Some(present) if !present[row] => None,
            _ => Some(lane.words[row]),
        }
    }

    fn own(value: u64) -> Self {
        value
    }

    fn of(&self) -> u64 {
        *self
    }

    fn order(&self, other: u64) -> Ordering {
        self.cmp(&other)
    }

    fn hash(value: u64) -> u64 {
        hash_word(value)
    }

    fn series<'a>(values: impl Iterator<Item = Option<&'a Self>>, dtype: &DataType) -> Result<Series> {
        let values = values.map(|v| v.copied());
        let wide = match dtype.to_physical() {
            DataType::Boolean => values.map(|w| w.map(|w| w == 1)).collect::<BooleanChunked>().into_series(),
            DataType::UInt64 => values.collect::<UInt64Chunked>().into_series(),
            DataType::Float32 | DataType::Float64 => {
                values.map(|w| w.map(to_float)).collect::<Float64Chunked>().into_series()
            }
            DataType::Null => Series::new_null("".into(), values.count()),
            _ => values.map(|w| w.map(to_int)).collect::<Int64Chunked>().into_series(),
        };
        // Dates and narrow integers were widened to be compared.
        Ok(wide.cast(&dtype.to_physical())?.cast(dtype)?)
    }

    fn heap(&self) -> usize {
        0
    }
}

impl Rank for Box<str> {
    type Of<'a> = &'a str;
    type Lane = StringChunked;

    fn lane(column: &Column) -> Result<StringChunked> {
        Ok(column.as_materialized_series().rechunk().str()?.clone())
    }

    fn get(lane: &StringChunked, row: usize) -> Option<&str> {
        lane.get(row)
    }

    fn own(value: &str) -> Self {
        value.into()
    }

    fn of(&self) -> &str {
        self
    }

    fn order(&self, other: &str) -> Ordering {
        (**self).cmp(other)
    }

    fn hash(value: &str) -> u64 {
        hash_text(value)
    }

    fn series<'a>(values: impl Iterator<Item = Option<&'a Self>>, _: &DataType) -> Result<Series> {
        Ok(values.map(|v| v.map(|v| &**v)).collect::<StringChunked>().into_series())
    }

    fn heap(&self) -> usize {
        self.len()
    }
}

impl Rank for Box<[u8]> {
    type Of<'a> = &'a [u8];
    type Lane = BinaryChunked;

    fn lane(column: &Column) -> Result<BinaryChunked> {
        Ok(column.as_materialized_series().rechunk().binary()?.clone())
    }

    fn get(lane: &BinaryChunked, row: usize) -> Option<&[u8]> {
        lane.get(row)
    }

    fn own(value: &[u8]) -> Self {
        value.into()
    }

    fn of(&self) -> &[u8] {
        self
    }

    fn order(&self, other: &[u8]) -> Ordering {
        (**self).cmp(other)
    }

    fn hash(value: &[u8]) -> u64 {
        hash_bytes(value)
    }

    fn series<'a>(values: impl Iterator<Item = Option<&'a Self>>, _: &DataType) -> Result<Series> {
        Ok(values.map(|v| v.map(|v| &**v)).collect::<BinaryChunked>().into_series())
    }

    fn heap(&self) -> usize {
        self.len()
    }
}

/// The order of whole numbers as the order of words.
pub fn of_int(n: i64) -> u64 {
    n as u64 ^ 1 << 63
}

pub fn to_int(word: u64) -> i64 {
    (word ^ 1 << 63) as i64
}

/// The order of floats as the order of words: negative ones are turned round.
pub fn of_float(x: f64) -> u64 {
    let bits = canonical(x);
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

pub fn to_float(word: u64) -> f64 {
    f64::from_bits(if word >> 63 == 1 { word ^ 1 << 63 } else { !word })
}

/// The finaliser of splitmix64 (Steele, Lea and Flood 2014): every bit of the word moves every bit of the hash.
pub fn hash_word(word: u64) -> u64 {
    let mut h = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    h = (h ^ h >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ h >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ h >> 31
}

/// A text's hash: its words of eight bytes and its length, mixed one after the other.
pub fn hash_text(text: &str) -> u64 {
    hash_bytes(text.as_bytes())
}

fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = hash_word(bytes.len() as u64);
    for chunk in bytes.chunks(8) {
        let word = chunk.iter().rev().fold(0, |w, b| w << 8 | u64::from(*b));
        hash = hash_word(hash ^ word);
    }
    hash
}
