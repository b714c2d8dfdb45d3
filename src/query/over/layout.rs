//! The rows of a frame as a window function looks at them: partition after partition, in each as ORDER BY has them, and
//! those that it leaves equal, peers, side by side.

use std::ops::Range;

use polars::prelude::*;

use super::OverCall;
use crate::data::Result;
use crate::query::order::{SortColumn, sorted};
use crate::query::order_by::{changes, tie_breakers};

/// Rows at places: the order in which they are looked at.
pub(super) struct Layout {
    /// The row at each place.
    pub(super) rows: IdxCa,
    pub(super) partitions: Vec<Partition>,
    /// The places of rows that ORDER BY leaves equal.
    pub(super) peers: Vec<Range<usize>>,
    /// What ORDER BY goes by, at each place.
    pub(super) order: Vec<SortColumn>,
}

pub(super) struct Partition {
    /// Its places.
    pub(super) rows: Range<usize>,
    /// Which peers are in it.
    pub(super) peers: Range<usize>,
}

/// Where a row stands.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) place: usize,
    /// Which of all peers it is one of.
    pub(super) peer: usize,
    pub(super) peers: &'a Range<usize>,
    pub(super) partition: &'a Partition,
}

impl Layout {
    /// Rows that ORDER BY leaves equal are told apart by their keys, so that the same rows give the same numbers
    /// however they came. Without ORDER BY rows stand in their own order, groups in that of their keys.
    ///
    /// # Errors
    /// What polars says while it evaluates or sorts.
    pub(super) fn new(call: &OverCall, kept: &DataFrame) -> Result<Self> {
        let height = kept.height();
        let partition = call.partition.iter().map(|p| p.of(kept)).collect::<Result<Vec<_>>>()?;
        let order = call
            .order
            .iter()
            .map(|o| Ok((o.scalar.of(kept)?, o.descending, o.nulls_first)))
            .collect::<Result<Vec<SortColumn>>>()?;
        let mut by: Vec<SortColumn> = partition.iter().map(|p| (p.clone(), false, false)).collect();
        by.extend(order.iter().cloned());
        let own = order.is_empty() && kept.columns().iter().any(|column| column.name().starts_with("__val"));
        by.extend(tie_breakers(kept).filter(|_| !own).map(|c| (c.clone(), false, false)));
        let rows = match sorted(height, by)? {
            Some(rows) => rows,
            None => IdxCa::from_vec("row".into(), (0..height as IdxSize).collect()),
        };
        let fresh = changes(&partition, &rows)?;
        let ordered: Vec<Column> = partition.into_iter().chain(order.iter().map(|(c, ..)| c.clone())).collect();
        let differs = changes(&ordered, &rows)?;
        let ends = |starts: &[bool]| -> Vec<Range<usize>> {
            let starts: Vec<usize> = starts.iter().enumerate().filter(|(_, is)| **is).map(|(at, _)| at).collect();
            let ends = starts.iter().copied().skip(1).chain([height]);
            starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
        };
        let peers = ends(&differs);
        let mut first = 0;
        let partition = |rows: Range<usize>| {
            let own = peers.get(first..).unwrap_or_default().iter().take_while(|peer| peer.end <= rows.end).count();
            first += own;
            Partition { rows, peers: first - own..first }
        };
        let partitions = ends(&fresh).into_iter().map(partition).collect();
        let order = order
            .into_iter()
            .map(|(column, descending, nulls_first)| Ok((column.take(&rows)?, descending, nulls_first)))
            .collect::<Result<_>>()?;
        Ok(Self { rows, partitions, peers, order })
    }

    /// Where each row stands, place by place.
    pub(super) fn spots(&self) -> impl Iterator<Item = Spot<'_>> {
        self.partitions.iter().flat_map(move |partition| {
            let peers = partition.peers.clone().filter_map(|peer| self.peers.get(peer).map(|peers| (peer, peers)));
            peers.flat_map(move |(peer, peers)| peers.clone().map(move |place| Spot { place, peer, peers, partition }))
        })
    }

    /// What is read of each row, place by place.
    pub(super) fn placed(&self, column: &Column) -> Result<Column> {
        Ok(column.take(&self.rows)?)
    }

    /// Values at places as values of rows.
    pub(super) fn unplaced(&self, values: &Column) -> Result<Column> {
        let mut back = vec![0; self.rows.len()];
        for (place, row) in self.rows.iter().flatten().enumerate() {
            if let Some(own) = back.get_mut(row as usize) {
                *own = place as IdxSize;
            }
        }
        Ok(values.take(&IdxCa::from_vec("place".into(), back))?)
    }
}
