//! Questions that show rows instead of groups: which values of a row are kept, of which rows, and where rows came from.
//! Keeping them is left to `row_store`.

use polars::prelude::*;

use super::expr::Scalar;

/// What a question about rows keeps.
#[derive(Debug)]
pub struct RowPlan {
    /// The values of a row that the answer needs: columns `__val0…`.
    pub values: Vec<RowValue>,
    pub keep: Retention,
    /// All rows or none: where they do not fit into memory the question fails instead of letting old rows go.
    pub whole: bool,
}

/// One value of a row.
#[derive(Debug)]
pub struct RowValue {
    pub scalar: Scalar,
    pub dtype: DataType,
}

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// All, as far as memory allows.
    All,
    /// The first rows by position, this number of them.
    First(usize),
    /// The first rows in the answer's order, this number of them.
    Top(usize),
}

/// Where rows came from: source (in the order of the table's files, then feeds), partition, and positions in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceRange {
    pub source: u32,
    /// The partition, and above its 32 bits how often its log began anew.
    pub partition: u64,
    pub from: u64,
    pub to: u64,
}

pub fn value_name(i: usize) -> PlSmallStr {
    format!("__val{i}").into()
}
