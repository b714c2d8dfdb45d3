//! Frames: which rows of its partition a row looks at, by a number of rows, of peers, or by how far their values in
//! ORDER BY are from its own.

use std::cmp::Ordering;
use std::ops::Range;

use polars::prelude::*;

use super::layout::{Layout, Spot};
use crate::data::Result;
use crate::query::window::Micros;

/// Which rows of its partition a row looks at: those between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OverFrame {
    pub unit: FrameUnit,
    pub start: FrameBound,
    pub end: FrameBound,
}

/// What distances are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameUnit {
    Rows,
    /// The values of ORDER BY.
    Range,
    /// Rows that ORDER BY leaves equal.
    Groups,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FrameBound {
    /// The first row of the partition, or the last one.
    Unbounded,
    /// The row, or all that ORDER BY leaves equal to it.
    Current,
    /// That far after the row, in the direction of ORDER BY; before it where negative.
    Away(Distance),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distance {
    Whole(i64),
    Float(f64),
    Span(Micros),
}

impl OverFrame {
    /// As SQL has it where none is written: up to the row and its equals where there is an order, else all.
    pub const USUAL: Self = Self { unit: FrameUnit::Range, start: FrameBound::Unbounded, end: FrameBound::Current };

    /// The frame of the row at each place, as places.
    pub(super) fn places(&self, layout: &Layout) -> Result<Vec<Range<usize>>> {
        let distances = [self.start, self.end].into_iter().filter_map(|bound| match bound {
            FrameBound::Away(distance) => Some(distance),
            _ => None,
        });
        let values = match (self.unit, layout.order.first()) {
            (FrameUnit::Range, Some((column, descending, nulls_first))) => {
                Some(Values::new(column, distances, *descending, *nulls_first)?)
            }
            _ => None,
        };
        let edge = |spot: &Spot<'_>, bound, end| self.edge(bound, end, spot, layout, values.as_ref());
        let frame = |spot: Spot<'_>| {
            let from = edge(&spot, self.start, false);
            from..edge(&spot, self.end, true).max(from)
        };
        Ok(layout.spots().map(frame).collect())
    }

    /// The first place of a frame, or with `end` the one after the last.
    fn edge(&self, bound: FrameBound, end: bool, spot: &Spot<'_>, layout: &Layout, values: Option<&Values>) -> usize {
        let side = |range: &Range<usize>| if end { range.end } else { range.start };
        let (rows, groups) = (&spot.partition.rows, &spot.partition.peers);
        match (bound, self.unit) {
            (FrameBound::Unbounded, _) => side(rows),
            (FrameBound::Current, FrameUnit::Rows) => side(&(spot.place..spot.place + 1)),
            (FrameBound::Current, _) => side(spot.peers),
            (FrameBound::Away(Distance::Whole(by)), FrameUnit::Rows) => {
                let place = spot.place as i64 + i64::from(end);
                place.saturating_add(by).clamp(rows.start as i64, rows.end as i64) as usize
            }
            (FrameBound::Away(Distance::Whole(by)), FrameUnit::Groups) => {
                let group = (spot.peer as i64).saturating_add(by);
                if group < groups.start as i64 {
                    rows.start
                } else {
                    layout.peers.get(group as usize).filter(|_| group < groups.end as i64).map_or(rows.end, side)
                }
            }
            (FrameBound::Away(distance), _) => {
                values.and_then(|values| values.edge(spot.place, distance, end, rows)).unwrap_or(side(spot.peers))
            }
        }
    }
}

/// The values of ORDER BY, place by place, as distances are taken from them.
struct Values {
    numbers: Numbers,
    descending: bool,
    nulls_first: bool,
}

enum Numbers {
    /// Whole numbers, or times in nanoseconds; and what a distance of one is.
    Whole(Vec<Option<i128>>, i128),
    Float(Vec<Option<f64>>),
}

const NANOS_PER_DAY: i128 = 86_400_000_000_000;

impl Values {
    fn new(
        column: &Column,
        mut distances: impl Iterator<Item = Distance>,
        descending: bool,
        nulls_first: bool,
    ) -> Result<Self> {
        let dtype = column.dtype();
        let fraction = distances.any(|distance| matches!(distance, Distance::Float(_)));
        let numbers = if dtype.is_float() || (fraction && dtype.is_primitive_numeric()) {
            Numbers::Float(column.cast(&DataType::Float64)?.f64()?.iter().collect())
        } else if *dtype == DataType::UInt64 {
            Numbers::Whole(column.u64()?.iter().map(|value| value.map(i128::from)).collect(), 1)
        } else if dtype.is_integer() || dtype.is_temporal() {
            let (scale, one) = match dtype {
                DataType::Date => (NANOS_PER_DAY, NANOS_PER_DAY),
                DataType::Datetime(TimeUnit::Milliseconds, _) => (1_000_000, 1),
                DataType::Datetime(TimeUnit::Microseconds, _) => (1_000, 1),
                _ => (1, 1),
            };
            let words = column.to_physical_repr().cast(&DataType::Int64)?;
            Numbers::Whole(words.i64()?.iter().map(|value| value.map(|value| i128::from(value) * scale)).collect(), one)
        } else {
            // What has no distances has a frame that asks for none.
            Numbers::Whole(Vec::new(), 1)
        };
        Ok(Self { numbers, descending, nulls_first })
    }

    /// The first place whose value is not before that far from a row's own, or with `end` the first that is after it;
    /// `None` for a row without value, which is near those without alone.
    fn edge(&self, place: usize, distance: Distance, end: bool, rows: &Range<usize>) -> Option<usize> {
        match &self.numbers {
            Numbers::Whole(values, one) => {
                let far = match distance {
                    Distance::Whole(n) => i128::from(n) * one,
                    Distance::Span(micros) => i128::from(micros) * 1_000,
                    Distance::Float(_) => return None,
                };
                let bound = values.get(place).copied().flatten()? + if self.descending { -far } else { far };
                Some(self.search(values, rows, end, |value| value.cmp(&bound)))
            }
            Numbers::Float(values) => {
                let far = match distance {
                    Distance::Whole(n) => n as f64,
                    Distance::Float(x) => x,
                    Distance::Span(_) => return None,
                };
                let bound = values.get(place).copied().flatten()? + if self.descending { -far } else { far };
                Some(self.search(values, rows, end, |value| numeric(value, bound)))
            }
        }
    }

    /// Where values begin that are not before a bound, or with `end` those after it, among the rows that have a value.
    fn search<T: Copy>(
        &self,
        values: &[Option<T>],
        rows: &Range<usize>,
        end: bool,
        beside: impl Fn(T) -> Ordering,
    ) -> usize {
        let own = values.get(rows.clone()).unwrap_or_default();
        let before = |value: &Option<T>| match value {
            None => self.nulls_first,
            Some(value) => {
                let order = if self.descending { beside(*value).reverse() } else { beside(*value) };
                order == Ordering::Less || (end && order == Ordering::Equal)
            }
        };
        rows.start + own.partition_point(before)
    }
}

/// NaN is greater than every number.
fn numeric(one: f64, other: f64) -> Ordering {
    one.is_nan().cmp(&other.is_nan()).then(one.partial_cmp(&other).unwrap_or(Ordering::Equal))
}
