//! The order of rows by several expressions as one value a row: bytes that stand in that order. It is what ORDER BY
//! inside a call adds to the call's inputs, and goes with its state. Without one it is where a row stood.

use polars::prelude::*;

use super::aggregate::Rank;
use super::expr::Scalar;
use super::order_by::SortExpr;
use crate::data::Result;
use crate::query::rows::SourceRange;

/// Bytes whose order is that of the rows; `of` gives the values of an expression.
///
/// # Errors
/// What `of` says; or a type that has no order.
pub fn order_key(order: &[SortExpr], mut of: impl FnMut(&Scalar) -> Result<Column>) -> Result<Column> {
    let mut keys: Vec<Vec<u8>> = Vec::new();
    for SortExpr { scalar, descending, nulls_first } in order {
        let column = of(scalar)?;
        keys.resize(column.len(), Vec::new());
        let mut add = |row: usize, value: Option<&[u8]>| {
            let Some(key) = keys.get_mut(row) else { return };
            let Some(value) = value else { return key.push(if *nulls_first { 0 } else { 2 }) };
            key.push(1);
            let from = key.len();
            key.extend_from_slice(value);
            if *descending {
                key.iter_mut().skip(from).for_each(|byte| *byte = !*byte);
            }
        };
        if *column.dtype() == DataType::String {
            let texts = <Box<str>>::lane(&column)?;
            for row in 0..column.len() {
                add(row, <Box<str>>::get(&texts, row).map(ended).as_deref());
            }
        } else {
            let words = u64::lane(&column)?;
            for row in 0..column.len() {
                add(row, u64::get(&words, row).map(u64::to_be_bytes).as_ref().map(|word| &word[..]));
            }
        }
    }
    Ok(keys.into_iter().map(Some).collect::<BinaryChunked>().with_name("order".into()).into_column())
}

/// Bytes in the order in which rows stood in their sources: `rows` says which ones of a piece they are.
pub fn place_key(at: SourceRange, rows: impl Iterator<Item = u64>) -> Column {
    let piece = [&at.source.to_be_bytes()[..], &at.partition.to_be_bytes(), &at.from.to_be_bytes()].concat();
    let key = |row: u64| [&piece[..], &row.to_be_bytes()].concat();
    rows.map(|row| Some(key(row))).collect::<BinaryChunked>().with_name("order".into()).into_column()
}

/// A text with its end marked, so that what follows it is not compared with more of another text.
fn ended(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    for byte in text.bytes() {
        bytes.push(byte);
        if byte == 0 {
            bytes.push(255);
        }
    }
    bytes.extend([0, 1]);
    bytes
}
