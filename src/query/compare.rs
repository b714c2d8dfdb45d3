//! Whether two partials of one plan know the same: group by group, bit for bit. What to make of a difference is the
//! caller's.

use std::cmp::Ordering;

use polars::prelude::*;

use super::Partial;
use super::aggregate_call::AggregateCall;
use super::finish::STATUS;
use super::plan::{call_name, key_name};
use crate::data::Result;
use crate::data::time::value_text;

/// In how many groups two partials differ, and one of them in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    pub count: u64,
    pub example: Option<String>,
}

/// Compares what two partials of one plan would answer, before HAVING, ORDER BY and LIMIT.
///
/// # Errors
/// When a result has no place in its type.
pub fn differences(one: &Partial, other: &Partial) -> Result<Differences> {
    let keys = one.plan().keys.len();
    let known = |partial: &Partial| -> Result<DataFrame> {
        // Whether a window is final or corrected is not compared.
        let mut kept = partial.kept(None)?;
        // Nor are sketches whose answers may differ within their bound, and what goes by where rows stood: read again,
        // several partitions stand beside each other in another way.
        let differs = |call: &AggregateCall| !call.aggregate.cut_free || call.goes_by_rows();
        let calls = partial.plan().calls.iter().enumerate().filter(|(_, call)| differs(call));
        for name in calls.map(|(i, _)| call_name(i)).chain([STATUS.into()]) {
            kept = kept.drop(&name).unwrap_or(kept);
        }
        sorted(kept, keys)
    };
    let (a, b) = (known(one)?, known(other)?);
    let mut found = Differences::default();
    let (mut i, mut j) = (0, 0);
    while i < a.height() || j < b.height() {
        let order = match (i < a.height(), j < b.height()) {
            (true, true) => compare_keys(&a, i, &b, j, keys)?,
            (true, false) => Ordering::Less,
            _ => Ordering::Greater,
        };
        let (left, right) = (order != Ordering::Greater, order != Ordering::Less);
        if order != Ordering::Equal || values(&a, i, keys)? != values(&b, j, keys)? {
            found.count += 1;
            if found.example.is_none() {
                let (frame, row) = if left { (&a, i) } else { (&b, j) };
                let key = words(&cells(frame, row, 0..keys)?);
                let side = |there: bool, frame: &DataFrame, row: usize| -> Result<String> {
                    if there { Ok(words(&values(frame, row, keys)?)) } else { Ok("no such group".to_owned()) }
                };
                let place = if keys == 0 { String::new() } else { format!("for {key}: ") };
                found.example = Some(format!("{place}{} and {}", side(left, &a, i)?, side(right, &b, j)?));
            }
        }
        i += usize::from(left);
        j += usize::from(right);
    }
    Ok(found)
}

fn sorted(kept: DataFrame, keys: usize) -> Result<DataFrame> {
    // A key that is always null orders nothing.
    let by: Vec<PlSmallStr> =
        (0..keys).map(key_name).filter(|name| kept.column(name).is_ok_and(|c| *c.dtype() != DataType::Null)).collect();
    if by.is_empty() || kept.height() < 2 {
        return Ok(kept);
    }
    Ok(kept.sort(by, SortMultipleOptions { multithreaded: false, ..SortMultipleOptions::default() })?)
}

fn cells(frame: &DataFrame, row: usize, columns: std::ops::Range<usize>) -> Result<Vec<AnyValue<'_>>> {
    let chosen = frame.columns().get(columns).unwrap_or_default();
    chosen.iter().map(|c| Ok(c.get(row)?)).collect()
}

/// The aggregates of a row; NaN equals itself here.
fn values(frame: &DataFrame, row: usize, keys: usize) -> Result<Vec<AnyValue<'_>>> {
    let mut cells = cells(frame, row, keys..frame.width())?;
    for cell in &mut cells {
        if let AnyValue::Float64(x) = cell {
            *cell = AnyValue::UInt64(x.to_bits());
        }
    }
    Ok(cells)
}

fn compare_keys(a: &DataFrame, i: usize, b: &DataFrame, j: usize, keys: usize) -> Result<Ordering> {
    for (x, y) in cells(a, i, 0..keys)?.iter().zip(cells(b, j, 0..keys)?) {
        if *x == y {
            continue;
        }
        // Nulls first, as they were sorted.
        let order = match (x.is_null(), y.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            _ => x.partial_cmp(&y).unwrap_or(Ordering::Equal),
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}

fn words(cells: &[AnyValue<'_>]) -> String {
    cells.iter().map(|cell| value_text(cell).unwrap_or_else(|| cell.to_string())).collect::<Vec<_>>().join(", ")
}
