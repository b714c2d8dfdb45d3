//! ASOF: of the rows of another table that fulfil the equations of a join, the one that is nearest before or after: the
//! price that held when the trade came.

use polars::prelude::*;

use super::lookup::{KeyCells, LOOK, Lookup};
use crate::data::{Fault, Result, time};
use crate::query::expr::Scalar;

/// Which row of the right table is the nearest.
#[derive(Debug)]
pub struct Nearest {
    pub way: Way,
    pub left: Scalar,
    pub right: Scalar,
    /// What both sides are compared as.
    pub compare: DataType,
}

/// How the left value stands to the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `>=`: the last that is no greater.
    NotAfter,
    /// `>`: the last that is smaller.
    Before,
    /// `<=`: the first that is no smaller.
    NotBefore,
    /// `<`: the first that is greater.
    After,
}

impl Way {
    /// The same with the sides exchanged.
    pub fn turned(self) -> Self {
        match self {
            Self::NotAfter => Self::NotBefore,
            Self::Before => Self::After,
            Self::NotBefore => Self::NotAfter,
            Self::After => Self::Before,
        }
    }
}

impl Nearest {
    /// The rows of `right` that can be matched, the smallest value first; of equal ones as they came.
    pub(super) fn sorted(&self, right: &DataFrame) -> Result<(DataFrame, Vec<u64>)> {
        let ranks = ranks(&self.right.of(right)?, &self.compare)?;
        let mut rows: Vec<(u64, IdxSize)> =
            ranks.iter().enumerate().filter_map(|(row, rank)| Some(((*rank)?, row as IdxSize))).collect();
        rows.sort();
        let order: Vec<IdxSize> = rows.iter().map(|(_, row)| *row).collect();
        let frame = right.take(&IdxCa::from_vec("".into(), order))?;
        Ok((frame, rows.into_iter().map(|(rank, _)| rank).collect()))
    }

    /// For each left row the right one that is its nearest, of rows that `sorted` gave.
    ///
    /// # Errors
    /// When a value cannot be had, or `stopped` ended the work.
    pub(super) fn find(
        &self,
        left: &DataFrame,
        keys: &[KeyCells],
        lookup: Option<&Lookup>,
        ranks_there: &[u64],
        stopped: &dyn Fn() -> bool,
    ) -> Result<Vec<Option<u32>>> {
        let all: Vec<u32> = if lookup.is_none() { (0..ranks_there.len() as u32).collect() } else { Vec::new() };
        let mut found = Vec::with_capacity(left.height());
        for (row, rank) in ranks(&self.left.of(left)?, &self.compare)?.into_iter().enumerate() {
            if row % LOOK == 0 && stopped() {
                return Err(Fault::new("stopped while rows were joined"));
            }
            let others = lookup.map_or(&all[..], |lookup| lookup.find(keys, row));
            found.push(rank.and_then(|rank| self.nearest(rank, others, ranks_there)));
        }
        Ok(found)
    }

    /// The nearest of rows whose ranks grow.
    fn nearest(&self, rank: u64, rows: &[u32], ranks: &[u64]) -> Option<u32> {
        let of = |row: &u32| ranks.get(*row as usize).copied().unwrap_or_default();
        let smaller = || rows.partition_point(|row| of(row) < rank);
        let no_greater = || rows.partition_point(|row| of(row) <= rank);
        let nearest = match self.way {
            Way::NotAfter => rows.get(no_greater().checked_sub(1)?)?,
            Way::Before => rows.get(smaller().checked_sub(1)?)?,
            Way::NotBefore => rows.get(smaller())?,
            Way::After => rows.get(no_greater())?,
        };
        // Of equal ones the first that came.
        rows.get(rows.partition_point(|row| of(row) < of(nearest))).copied()
    }
}

/// Numbers in the order of the values of a column; `None` for null.
fn ranks(column: &Column, compare: &DataType) -> Result<Vec<Option<u64>>> {
    let column = if column.dtype() == compare { column.clone() } else { time::convert(column, compare)? };
    const SIGN: u64 = 1 << 63;
    Ok(match compare {
        DataType::Float64 => column
            .f64()?
            .iter()
            .map(|v| {
                let bits = if v?.is_nan() { f64::NAN.to_bits() } else { (v? + 0.0).to_bits() };
                Some(if bits & SIGN == 0 { bits | SIGN } else { !bits })
            })
            .collect(),
        DataType::UInt64 => column.u64()?.iter().collect(),
        _ => {
            let whole = column.to_physical_repr().cast(&DataType::Int64)?;
            whole.i64()?.iter().map(|v| Some(v? as u64 ^ SIGN)).collect()
        }
    })
}
