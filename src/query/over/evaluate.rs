//! The values of a window function: rows in the order of its partitions, one pass over each, and back to where the rows
//! were.

use polars::prelude::*;

use super::running::{OverInput, Running, RunningSum};
use super::{OverCall, OverFrame, OverFunction};
use crate::data::{Fault, Result};
use crate::query::order::sorted;
use crate::query::order_by::{changes, tie_breakers};

impl OverCall {
    /// One value a row of `kept`, in its order. Rows that the order leaves equal are told apart by their keys, so that
    /// the same rows give the same numbers however they came.
    ///
    /// # Errors
    /// What polars says, or a sum that does not fit.
    pub fn evaluate(&self, kept: &DataFrame) -> Result<Column> {
        let height = kept.height();
        let partition = self.partition.iter().map(|p| p.of(kept)).collect::<Result<Vec<_>>>()?;
        let order = self
            .order
            .iter()
            .map(|o| Ok((o.scalar.of(kept)?, o.descending, o.nulls_first)))
            .collect::<Result<Vec<_>>>()?;
        let mut by: Vec<(Column, bool, bool)> = partition.iter().map(|p| (p.clone(), false, false)).collect();
        by.extend(order.iter().cloned());
        by.extend(tie_breakers(kept).map(|c| (c.clone(), false, false)));
        let rows: Vec<IdxSize> = match sorted(height, by)? {
            Some(sorted) => sorted.iter().flatten().collect(),
            None => (0..height as IdxSize).collect(),
        };
        let at = IdxCa::from_vec("row".into(), rows.clone());
        let fresh = changes(&partition, &at)?;
        let ordered: Vec<Column> = partition.iter().cloned().chain(order.into_iter().map(|(c, _, _)| c)).collect();
        let peers = changes(&ordered, &at)?;
        let argument = self.args.first().map(|a| a.of(kept)?.take(&at).map_err(Fault::from)).transpose()?;
        // In sorted order first, then back to where the rows were.
        let values = self.values(height, &fresh, &peers, argument.as_ref())?;
        let mut back = vec![0; height];
        for (sorted, row) in rows.iter().enumerate() {
            if let Some(place) = back.get_mut(*row as usize) {
                *place = sorted as IdxSize;
            }
        }
        let column = values.take(&IdxCa::from_vec("row".into(), back))?;
        Ok(if *column.dtype() == self.dtype { column } else { column.cast(&self.dtype)? })
    }

    /// The values in sorted order: `fresh` rows begin a partition, `peers` differ from the row before.
    fn values(&self, height: usize, fresh: &[bool], peers: &[bool], argument: Option<&Column>) -> Result<Column> {
        let mut values = Values::default();
        let codes = match (self.kind, argument) {
            (OverFunction::Min | OverFunction::Max, Some(argument)) => codes(argument)?,
            _ => Vec::new(),
        };
        let input = match argument {
            Some(argument) if matches!(self.kind, OverFunction::Sum | OverFunction::Avg | OverFunction::Count) => {
                OverInput::of(argument)?
            }
            _ => OverInput::Rows,
        };
        let mut start = 0;
        while start < height {
            let end = (start + 1..height).find(|i| fresh.get(*i).copied().unwrap_or(true)).unwrap_or(height);
            let (mut dense, mut rank) = (0, 0);
            let mut peer_end = start;
            let mut running = Running::new(&input, &codes, self.kind == OverFunction::Max);
            for row in start..end {
                if row == start || peers.get(row).copied().unwrap_or(true) {
                    dense += 1;
                    rank = (row - start) as i64 + 1;
                    peer_end = (row + 1..end).find(|i| peers.get(*i).copied().unwrap_or(true)).unwrap_or(end);
                }
                let (from, until) = match self.frame {
                    OverFrame::Usual if self.order.is_empty() => (start, end),
                    OverFrame::Usual => (start, peer_end),
                    OverFrame::Rows { before, after } => (
                        before.map_or(start, |n| row.saturating_sub(n).max(start)),
                        after.map_or(end, |n| row.saturating_add(n).saturating_add(1).min(end)),
                    ),
                };
                match self.kind {
                    OverFunction::RowNumber => values.whole.push((row - start) as i64 + 1),
                    OverFunction::Rank => values.whole.push(rank),
                    OverFunction::DenseRank => values.whole.push(dense),
                    OverFunction::PercentRank => values.parts.push(if end - start > 1 {
                        (rank - 1) as f64 / (end - start - 1) as f64
                    } else {
                        0.0
                    }),
                    OverFunction::CumeDist => values.parts.push((peer_end - start) as f64 / (end - start) as f64),
                    OverFunction::Lag(by) => {
                        let other = row as i64 - by;
                        values.places.push((other >= start as i64 && other < end as i64).then_some(other as IdxSize));
                    }
                    OverFunction::First => values.places.push((from < until).then_some(from as IdxSize)),
                    OverFunction::Last => values.places.push((from < until).then(|| until as IdxSize - 1)),
                    OverFunction::Count => values.whole.push(running.over(from, until).count),
                    OverFunction::Min | OverFunction::Max => {
                        values.places.push(running.over(from, until).best.map(|p| p as IdxSize))
                    }
                    OverFunction::Sum | OverFunction::Avg => values.sums.push(running.over(from, until).sum()),
                }
            }
            start = end;
        }
        self.column(values, height, argument)
    }

    /// The values that were collected as one column, still in sorted order.
    fn column(&self, values: Values, height: usize, argument: Option<&Column>) -> Result<Column> {
        let Values { whole, parts, places, sums } = values;
        Ok(match (self.kind, argument) {
            (OverFunction::RowNumber | OverFunction::Rank | OverFunction::DenseRank | OverFunction::Count, _) => {
                Int64Chunked::from_vec("w".into(), whole).into_column()
            }
            (OverFunction::PercentRank | OverFunction::CumeDist, _) => {
                Float64Chunked::from_vec("w".into(), parts).into_column()
            }
            (OverFunction::Sum, _) if self.dtype == DataType::Int64 => {
                let fit =
                    |s: Option<RunningSum>| s.map(|s| i64::try_from(s.whole).map_err(|_| self.too_large())).transpose();
                sums.into_iter().map(fit).collect::<Result<Int64Chunked>>()?.into_column()
            }
            (OverFunction::Sum, _) => {
                sums.into_iter().map(|s| s.map(|s| s.float)).collect::<Float64Chunked>().into_column()
            }
            (OverFunction::Avg, _) => {
                sums.into_iter().map(|s| s.map(|s| s.mean())).collect::<Float64Chunked>().into_column()
            }
            (_, Some(argument)) => argument.take(&places.into_iter().collect::<IdxCa>())?,
            (_, None) => Column::full_null("w".into(), height, &self.dtype),
        })
    }

    fn too_large(&self) -> Fault {
        Fault::new("a sum does not fit into 64 bits")
            .at(self.text.clone())
            .hint("sum decimal numbers: sum(CAST(… AS DOUBLE))")
    }
}

/// The values of a window function: those of one kind are filled, row after row.
#[derive(Default)]
struct Values {
    whole: Vec<i64>,
    parts: Vec<f64>,
    /// The row whose argument is the value.
    places: Vec<Option<IdxSize>>,
    sums: Vec<Option<RunningSum>>,
}

/// The place of each value in the order of all of them; null for null.
fn codes(column: &Column) -> Result<Vec<Option<u32>>> {
    let Some(order) = sorted(column.len(), vec![(column.clone(), false, false)])? else {
        return Ok((0..column.len()).map(|_| Some(0)).collect());
    };
    let missing = column.is_null();
    let mut codes = vec![None; column.len()];
    for (code, row) in order.iter().flatten().enumerate() {
        if missing.get(row as usize) != Some(true)
            && let Some(place) = codes.get_mut(row as usize)
        {
            *place = Some(code as u32);
        }
    }
    Ok(codes)
}
