//! Which rows of an answer have the keys of a row: what a sub-query is asked for each row.

use polars::prelude::*;

use super::lookup::{KeyCells, Lookup};
use crate::data::Result;

/// The rows of an answer by their keys.
#[derive(Debug)]
pub struct Matched {
    lookup: Lookup,
}

/// The keys of rows, as they are looked for.
#[derive(Debug)]
pub struct Sought(Vec<KeyCells>);

fn cells(keys: &[(Column, &DataType)]) -> Result<Vec<KeyCells>> {
    keys.iter().map(|(column, compare)| KeyCells::of(column, compare)).collect()
}

impl Sought {
    /// # Errors
    /// As `Matched::new`.
    pub fn new(keys: &[(Column, &DataType)]) -> Result<Self> {
        Ok(Self(cells(keys)?))
    }
}

impl Matched {
    /// Each key column with what it is compared as.
    ///
    /// # Errors
    /// When a key has no place in that type at all.
    pub fn new(keys: &[(Column, &DataType)]) -> Result<Self> {
        let lookup = Lookup::new(DataFrame::default(), cells(keys)?, &|| false);
        Ok(Self { lookup: lookup.unwrap_or_default() })
    }

    /// The rows with the keys that the sought row of this number has; none where one of them is null.
    pub fn find(&self, sought: &Sought, row: usize) -> &[u32] {
        self.lookup.find(&sought.0, row)
    }
}
