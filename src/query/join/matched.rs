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

/// Values that are the same, as far as nulls let one know.
#[derive(Debug)]
pub struct Perhaps {
    sought: Vec<KeyCells>,
    offered: Vec<KeyCells>,
}

impl Perhaps {
    /// Columns that are looked for, and those that are looked at; each with what both are compared as.
    ///
    /// # Errors
    /// As `Matched::new`.
    pub fn new(sought: &[(Column, &DataType)], offered: &[(Column, &DataType)]) -> Result<Self> {
        Ok(Self { sought: cells(sought)?, offered: cells(offered)? })
    }

    /// Whether the values of two rows may be the same.
    pub fn same(&self, row: usize, there: u32) -> bool {
        let there = there as usize;
        let may = |(one, other): (&KeyCells, &KeyCells)| {
            one.is_null(row) || other.is_null(there) || one.equals(row, other, there)
        };
        self.sought.iter().zip(&self.offered).all(may)
    }
}
