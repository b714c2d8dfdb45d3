//! Rows on their way from one store to another of the same question: as they are, or as a table with where each came
//! from.

use polars::prelude::*;

use super::{RowStore, SegmentKey, stack};
use crate::data::{Fault, Result};
use crate::query::rows::SourceRange;

const SOURCE: &str = "__source";
const PARTITION: &str = "__partition";
const FROM: &str = "__from";
const TO: &str = "__to";
/// False for an entry that is no row: a stretch without rows, or the count of those that were let go.
const HERE: &str = "__here";

/// What stands in `__to` where the entry says what was lost.
const EVICTED: u64 = u64::MAX;

impl RowStore {
    /// The rows and where they came from: what travels.
    ///
    /// # Errors
    /// What polars says while it builds the columns.
    pub fn to_frame(&self) -> Result<DataFrame> {
        let mut all = self.empty();
        let (mut source, mut partition, mut from, mut to, mut here) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut add = |key: &SegmentKey, end: u64, rows: usize, is_row: bool| {
            source.extend(std::iter::repeat_n(key.0, rows));
            partition.extend(std::iter::repeat_n(key.1, rows));
            from.extend(std::iter::repeat_n(key.2, rows));
            to.extend(std::iter::repeat_n(end, rows));
            here.extend(std::iter::repeat_n(is_row, rows));
        };
        let gap = |like: &DataFrame| {
            let nulls = like.columns().iter().map(|c| Column::full_null(c.name().clone(), 1, c.dtype())).collect();
            DataFrame::new(1, nulls)
        };
        for (key, (end, frame)) in &self.segments {
            let is_row = frame.height() > 0;
            let frame = if is_row { frame.clone() } else { gap(&all)? };
            add(key, *end, frame.height(), is_row);
            all = stack(all, &frame)?;
        }
        if let Some((source, partition, from)) = self.evicted_before {
            add(&(source, partition, from, 0), EVICTED, 1, false);
            let mark = gap(&all)?;
            all = stack(all, &mark)?;
        }
        if self.evicted > 0 {
            add(&(u32::MAX, u64::MAX, self.evicted, 0), 0, 1, false);
            let count = gap(&all)?;
            all = stack(all, &count)?;
        }
        let height = source.len();
        let mut columns = all.columns().to_vec();
        columns.push(UInt32Chunked::from_vec(SOURCE.into(), source).into_column());
        columns.push(UInt64Chunked::from_vec(PARTITION.into(), partition).into_column());
        columns.push(UInt64Chunked::from_vec(FROM.into(), from).into_column());
        columns.push(UInt64Chunked::from_vec(TO.into(), to).into_column());
        columns.push(BooleanChunked::from_slice(HERE.into(), &here).into_column());
        Ok(DataFrame::new(height, columns)?)
    }

    /// Takes what another store of the same question holds.
    ///
    /// # Errors
    /// What polars says when it stacks or sorts rows.
    pub fn unite(&mut self, other: Self) -> Result<()> {
        self.evicted += other.evicted;
        if let Some(evicted_before) = other.evicted_before {
            self.evict_before(evicted_before);
        }
        for ((source, partition, from, _), (to, frame)) in other.segments {
            self.add(Some(SourceRange { source, partition, from, to }), frame)?;
        }
        Ok(())
    }

    /// Takes what `to_frame` of another store gave.
    ///
    /// # Errors
    /// When the frame is not one of this question.
    pub fn merge(&mut self, other: &DataFrame) -> Result<()> {
        let strange = || {
            Fault::new("a partial result has other columns than this question").hint("it belongs to another question")
        };
        let empty = self.empty();
        let mut values = Vec::new();
        for own in empty.columns() {
            let column = other.column(own.name())?;
            if column.dtype() != own.dtype() {
                return Err(strange());
            }
            values.push(column.clone());
        }
        let values = DataFrame::new(other.height(), values)?;
        let (source, partition) = (other.column(SOURCE)?.u32()?.rechunk(), other.column(PARTITION)?.u64()?.rechunk());
        let (from, to) = (other.column(FROM)?.u64()?.rechunk(), other.column(TO)?.u64()?.rechunk());
        let here = other.column(HERE)?.bool()?.rechunk();
        let at = |row: usize| {
            let place = SourceRange {
                source: source.get(row)?,
                partition: partition.get(row)?,
                from: from.get(row)?,
                to: to.get(row)?,
            };
            Some((place, here.get(row)?))
        };
        let (mut start, height) = (0, other.height());
        while start < height {
            let Some((place, is_row)) = at(start) else { return Err(strange()) };
            let end = (start + 1..height).find(|row| at(*row) != Some((place, is_row))).unwrap_or(height);
            if is_row {
                self.add(Some(place), values.slice(start as i64, end - start))?;
            } else if place.source == u32::MAX && place.partition == u64::MAX {
                self.evicted += place.from;
            } else if place.to == EVICTED {
                self.evict_before((place.source, place.partition, place.from));
            } else {
                self.add(Some(place), empty.clone())?;
            }
            start = end;
        }
        Ok(())
    }
}
