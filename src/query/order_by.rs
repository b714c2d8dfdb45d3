//! What orders kept rows: the items of an ORDER BY, bound, and what tells rows apart that those leave equal.

use polars::prelude::*;

use super::expr::Scalar;
use super::order::SortColumn;
use crate::data::Result;

#[derive(Debug)]
pub struct SortExpr {
    pub scalar: Scalar,
    pub descending: bool,
    pub nulls_first: bool,
}

/// The columns that order kept rows: those of ORDER BY, then what breaks ties.
///
/// # Errors
/// What polars says while it evaluates an expression.
pub(super) fn sort_columns(order: &[SortExpr], kept: &DataFrame) -> Result<Vec<SortColumn>> {
    let mut by = Vec::new();
    for order in order {
        by.push((order.scalar.of(kept)?, order.descending, order.nulls_first));
    }
    by.extend(tie_breakers(kept).map(|c| (c.clone(), false, false)));
    Ok(by)
}

/// What tells kept rows apart that an order leaves equal: their keys, or the values of a row.
pub(super) fn tie_breakers(kept: &DataFrame) -> impl Iterator<Item = &Column> {
    let sortable =
        |d: &DataType| d.is_primitive_numeric() || d.is_temporal() || matches!(d, DataType::String | DataType::Boolean);
    kept.columns()
        .iter()
        .filter(move |c| (c.name().starts_with("__key") || c.name().starts_with("__val")) && sortable(c.dtype()))
}

/// For rows taken in the order `at`: whether each differs from the one before it in any of `columns`. The first does.
pub(super) fn changes(columns: &[Column], at: &IdxCa) -> Result<Vec<bool>> {
    let mut changed = vec![false; at.len()];
    if let Some(first) = changed.first_mut() {
        *first = true;
    }
    for column in columns.iter().filter(|c| *c.dtype() != DataType::Null) {
        let here = column.take(at)?.take_materialized_series();
        let differs = here.not_equal_missing(&here.shift(1))?;
        for (changed, differs) in changed.iter_mut().zip(differs.iter()).skip(1) {
            *changed |= differs == Some(true);
        }
    }
    Ok(changed)
}
