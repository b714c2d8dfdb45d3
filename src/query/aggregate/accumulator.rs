//! The states of an aggregate call, and what the files of aggregates share in reading and writing them.

use std::any::Any;
use std::ops::Range;

use polars::prelude::*;

use crate::data::{Fault, Result};

/// The states of one aggregate call, one a group.
pub trait Accumulator: Any + Send + Sync + std::fmt::Debug {
    /// Makes room for `groups` groups; new ones begin empty. Never shrinks.
    fn resize(&mut self, groups: usize);

    /// Takes rows: each of `inputs` has a value for each of `groups`. None for `count(*)`.
    ///
    /// # Errors
    /// When polars fails to read a column.
    fn absorb(&mut self, groups: &[u32], inputs: &[Column]) -> Result<()>;

    /// The state as columns, one row a group.
    ///
    /// # Errors
    /// What polars says while it builds them.
    fn state(&self) -> Result<Vec<Column>>;

    /// Takes the states of other groups: row `i` of `state` belongs to `groups[i]` here.
    ///
    /// # Errors
    /// When the columns are not what `state` gives.
    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()>;

    /// As `merge`, for the states of `from` of another accumulator of the same call, which it reads where they are.
    /// False, and nothing is taken, where they can only be had as columns.
    fn unite(&mut self, groups: &[u32], other: &dyn Accumulator, from: Range<usize>) -> bool {
        let _ = (groups, other, from);
        false
    }

    /// What the user sees, one value a group.
    ///
    /// # Errors
    /// When a result has no place in its type, such as an integer sum beyond 64 bits.
    fn finish(&self) -> Result<Column>;

    /// What the user sees of some groups; `None` where that is no cheaper than of all.
    fn finish_some(&self, groups: Range<usize>) -> Option<Result<Column>> {
        let _ = groups;
        None
    }

    /// Bytes held, about.
    fn size(&self) -> usize;
}

/// Another accumulator as one of the same kind.
pub(super) fn like<A: Accumulator>(other: &dyn Accumulator) -> Option<&A> {
    (other as &dyn Any).downcast_ref()
}

/// Reads the states of some groups once, so that the cache fetches their memory at the same time.
pub(super) fn prefetch<S>(states: &[S], groups: &[u32], look: impl Fn(&S) -> u64) {
    /// Up to this many states are in the cache anyway.
    const NEAR: usize = 16_384;
    if states.len() > NEAR {
        std::hint::black_box(groups.iter().fold(0, |seen, group| seen ^ states.get(*group as usize).map_or(0, &look)));
    }
}

/// `each(group, state)` for some states of another accumulator and the groups here that they belong to.
pub(super) fn pairs<S>(groups: &[u32], states: &[S], from: Range<usize>, mut each: impl FnMut(u32, &S)) {
    for (group, state) in groups.iter().zip(states.get(from).unwrap_or_default()) {
        each(*group, state);
    }
}

/// What `state` columns are called; they are read by position.
pub(super) fn part(name: &'static str, series: Series) -> Column {
    series.with_name(name.into()).into_column()
}

/// The `i`-th state column.
pub(super) fn nth(state: &[Column], i: usize) -> Result<&Series> {
    state.get(i).map(Column::as_materialized_series).ok_or_else(foreign)
}

/// What to say about a state that is not one.
pub(super) fn foreign() -> Fault {
    Fault::new("an aggregate's state cannot be read").hint("it was written by another version; read the history again")
}
