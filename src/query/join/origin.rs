//! Which row a joined row was made of.

use polars::prelude::*;

use crate::data::Result;

/// The column that says which row a joined row was made of.
pub const ORIGIN: &str = "__origin";

/// The rows of `frame` that these joined rows were made of, each once and in order.
pub fn origins(frame: &DataFrame, joined: &DataFrame) -> Result<DataFrame> {
    let mut rows: Vec<IdxSize> = joined.column(ORIGIN)?.idx()?.iter().flatten().collect();
    rows.sort_unstable();
    rows.dedup();
    Ok(frame.take(&IdxCa::from_vec("row".into(), rows))?)
}

/// Of how many different rows the given rows of a joined frame (all, without `rows`) were made; their number where the
/// frame was not joined.
pub fn distinct(frame: &DataFrame, rows: Option<&[IdxSize]>) -> Result<u64> {
    let Ok(origin) = frame.column(ORIGIN) else { return Ok(rows.map_or(frame.height(), <[IdxSize]>::len) as u64) };
    let origin = origin.idx()?.rechunk();
    let mut seen = vec![false; origin.iter().flatten().max().map_or(0, |max| max as usize + 1)];
    let mut count = 0;
    let mut see = |row: Option<IdxSize>| {
        if let Some(seen) = row.and_then(|row| seen.get_mut(row as usize)) {
            count += u64::from(!std::mem::replace(seen, true));
        }
    };
    match rows {
        Some(rows) => rows.iter().for_each(|row| see(origin.get(*row as usize))),
        None => origin.iter().for_each(&mut see),
    }
    Ok(count)
}
