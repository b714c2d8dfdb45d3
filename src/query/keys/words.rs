//! One key column as words of 64 bits, and back. Numbers, times and Booleans are words in their own order, so that a
//! narrow range of values is a narrow range of words; a text is its code in a dictionary.

use polars::prelude::*;

use super::texts::Texts;
use crate::data::Result;

#[derive(Debug)]
pub struct KeyColumn {
    pub name: PlSmallStr,
    pub dtype: DataType,
    texts: Texts,
}

/// One key column of some rows as words.
#[derive(Debug, Default)]
pub struct Encoded {
    pub words: Vec<u64>,
    /// One flag a row, where there are nulls. The word of a null means nothing.
    pub nulls: Option<Vec<bool>>,
}

/// Turns the order of signed words into that of unsigned ones, and back.
const SIGN: u64 = 1 << 63;

impl KeyColumn {
    pub fn new(name: PlSmallStr, dtype: DataType) -> Self {
        Self { name, dtype, texts: Texts::default() }
    }

    pub fn size(&self) -> usize {
        self.texts.size()
    }

    pub fn encode(&mut self, column: &Column) -> Result<Encoded> {
        let series = column.as_materialized_series();
        let nulls = (series.null_count() > 0).then(|| series.is_null().iter().map(|n| n == Some(true)).collect());
        let physical = series.to_physical_repr();
        let mut words = Vec::with_capacity(physical.len());
        match physical.dtype() {
            DataType::String => self.texts.encode(physical.str()?, &mut words),
            DataType::Boolean => words.extend(physical.bool()?.iter().map(|b| u64::from(b == Some(true)))),
            DataType::Float64 => each(physical.f64()?, &mut words, canonical),
            DataType::Float32 => each(physical.f32()?, &mut words, |x| canonical(f64::from(x))),
            DataType::UInt64 => each(physical.u64()?, &mut words, |n| n),
            DataType::Int64 => each(physical.i64()?, &mut words, |n| n as u64 ^ SIGN),
            DataType::Int32 => each(physical.i32()?, &mut words, |n| i64::from(n) as u64 ^ SIGN),
            DataType::UInt32 => each(physical.u32()?, &mut words, |n| u64::from(n) ^ SIGN),
            DataType::Null => words.resize(physical.len(), 0),
            _ => each(physical.cast(&DataType::Int64)?.i64()?, &mut words, |n| n as u64 ^ SIGN),
        }
        Ok(Encoded { words, nulls })
    }

    /// For each code of a text of `other`, the code of the same text here; `None` where words mean the same everywhere.
    pub fn adopt(&mut self, other: &Self) -> Option<Vec<u64>> {
        (self.dtype == DataType::String).then(|| self.texts.adopt(&other.texts))
    }

    pub fn decoder(&self) -> KeyDecoder<'_> {
        KeyDecoder { column: self, all: (self.dtype == DataType::String).then(|| self.texts.all(self.name.clone())) }
    }
}

/// Makes columns of words.
#[derive(Debug)]
pub struct KeyDecoder<'a> {
    column: &'a KeyColumn,
    /// All texts, where it is a column of texts.
    all: Option<StringChunked>,
}

impl KeyDecoder<'_> {
    pub fn decode(&self, encoded: Encoded) -> Result<Column> {
        let (name, dtype) = (self.column.name.clone(), &self.column.dtype);
        let Encoded { words, nulls } = encoded;
        let rows = words.len();
        let series = match dtype.to_physical() {
            DataType::String => {
                let Some(all) = self.all.as_ref().filter(|all| !all.is_empty()) else {
                    return Ok(Column::full_null(name, rows, dtype));
                };
                let in_order =
                    rows == all.len() && nulls.is_none() && words.iter().enumerate().all(|(i, code)| *code == i as u64);
                let codes: IdxCa =
                    with_nulls(words.into_iter().map(|w| w as IdxSize).collect::<Vec<_>>(), nulls.as_deref());
                return Ok(if in_order { all.clone() } else { all.take(&codes)? }.into_column());
            }
            DataType::Boolean => {
                let null = |row: usize| nulls.as_ref().is_some_and(|n| n.get(row) == Some(&true));
                words
                    .iter()
                    .enumerate()
                    .map(|(row, w)| (!null(row)).then_some(*w == 1))
                    .collect::<BooleanChunked>()
                    .into_series()
            }
            DataType::Float64 | DataType::Float32 => {
                with_nulls::<Float64Type>(words.into_iter().map(f64::from_bits).collect::<Vec<_>>(), nulls.as_deref())
                    .into_series()
            }
            DataType::UInt64 => with_nulls::<UInt64Type>(words, nulls.as_deref()).into_series(),
            DataType::Null => return Ok(Column::full_null(name, rows, &DataType::Null)),
            _ => with_nulls::<Int64Type>(
                words.into_iter().map(|w| (w ^ SIGN) as i64).collect::<Vec<_>>(),
                nulls.as_deref(),
            )
            .into_series(),
        };
        // A date's physical type is narrower than the word it was widened to.
        let physical = series.with_name(name).cast(&dtype.to_physical())?;
        Ok(physical.cast(dtype)?.into_column())
    }
}

fn with_nulls<T: PolarsNumericType>(values: Vec<T::Native>, nulls: Option<&[bool]>) -> ChunkedArray<T> {
    match nulls {
        None => ChunkedArray::from_vec(PlSmallStr::EMPTY, values),
        Some(nulls) => values.into_iter().zip(nulls).map(|(value, null)| (!null).then_some(value)).collect(),
    }
}

/// One word a row; that of a null is any.
fn each<T: PolarsNumericType>(values: &ChunkedArray<T>, words: &mut Vec<u64>, word: impl Fn(T::Native) -> u64) {
    for array in values.downcast_iter() {
        words.extend(array.values().iter().map(|value| word(*value)));
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
