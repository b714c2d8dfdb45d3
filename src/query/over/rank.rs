//! Numbers of rows in their partition: `row_number`, `rank`, `dense_rank`, `percent_rank`, `cume_dist` and `ntile`.

use polars::prelude::*;

use super::OverFunction;
use super::layout::{Layout, Spot};

/// The number of the row at each place; `None` for a function that is none of these.
pub(super) fn ranks(kind: OverFunction, layout: &Layout) -> Option<Column> {
    let first = |spot: &Spot<'_>| spot.partition.rows.start;
    let rank = |spot: &Spot<'_>| (spot.peers.start - first(spot)) as i64 + 1;
    let whole = |number: &dyn Fn(&Spot<'_>) -> i64| {
        let numbers = layout.spots().map(|spot| number(&spot)).collect();
        Some(Int64Chunked::from_vec("w".into(), numbers).into_column())
    };
    let share = |share: &dyn Fn(&Spot<'_>) -> f64| {
        let shares = layout.spots().map(|spot| share(&spot)).collect();
        Some(Float64Chunked::from_vec("w".into(), shares).into_column())
    };
    match kind {
        OverFunction::RowNumber => whole(&|spot| (spot.place - first(spot)) as i64 + 1),
        OverFunction::Rank => whole(&rank),
        OverFunction::DenseRank => whole(&|spot| (spot.peer - spot.partition.peers.start) as i64 + 1),
        OverFunction::Ntile(parts) => whole(&|spot| tile(spot.place - first(spot), spot.partition.rows.len(), parts)),
        OverFunction::PercentRank => share(&|spot| match spot.partition.rows.len() {
            1 => 0.0,
            rows => (rank(spot) - 1) as f64 / (rows - 1) as f64,
        }),
        OverFunction::CumeDist => {
            share(&|spot| (spot.peers.end - first(spot)) as f64 / spot.partition.rows.len() as f64)
        }
        _ => None,
    }
}

/// Which of so many parts a row is in, from 1: the first ones have one row more where they cannot be equal.
fn tile(row: usize, rows: usize, parts: i64) -> i64 {
    let (row, rows) = (row as i64, rows as i64);
    let (size, larger) = (rows / parts, rows % parts);
    let in_larger = larger * (size + 1);
    1 + if row < in_larger { row / (size + 1) } else { larger + (row - in_larger) / size.max(1) }
}
