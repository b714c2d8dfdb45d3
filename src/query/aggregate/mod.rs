//! The aggregates: one file and one line in `AGGREGATES` each; the SQL reader, menus, help and tests loop over it.
//!
//! An aggregate keeps a state a group. `absorb` takes rows, `merge` takes states, `state` gives them as columns, and
//! `finish` reads the answer without consuming anything. `merge` is associative and commutative, and an empty state is
//! its identity: that is all the fusion law needs.

use polars::prelude::*;

use super::window::type_word;
use crate::data::{Fault, Result};

mod avg;
mod count;
mod count_distinct;
mod extreme;
mod input;
mod sum;
mod variance;

/// All aggregates of this build.
pub const AGGREGATES: &[&Aggregate] = &[
    &count::COUNT,
    &count_distinct::COUNT_DISTINCT,
    &sum::SUM,
    &avg::AVG,
    &extreme::MIN,
    &extreme::MAX,
    &variance::STDDEV,
    &variance::STDDEV_POP,
    &variance::VAR_SAMP,
    &variance::VAR_POP,
];

/// One aggregate function.
#[derive(Debug)]
pub struct Aggregate {
    /// As written in SQL; `count_distinct` is written `count(DISTINCT x)`.
    pub name: &'static str,
    /// Other names it answers to.
    pub aliases: &'static [&'static str],
    /// One sentence: what it gives, and for nothing.
    pub about: &'static str,
    /// How it is called, for help.
    pub usage: &'static str,
    pub class: Class,
    /// Whether it can be called as `name(*)`.
    pub star: bool,
    /// The answer's type for an argument's type.
    pub output: fn(&DataType) -> Option<DataType>,
    pub make: fn(&DataType) -> Box<dyn Accumulator>,
}

/// How exact an aggregate is, and what it costs to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Bit for bit the same for every cut of the rows; constant state a group.
    Exact,
    /// The same, but the state grows with the distinct values.
    KeepsValues,
    /// The same, but rows are kept, as far as memory allows.
    KeepsRows,
    /// Not incremental: computed anew over what is kept or stored, at a pace that its cost sets.
    Rerun,
}

impl Class {
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::KeepsValues => "exact, keeps each distinct value",
            Self::KeepsRows => "keeps rows",
            Self::Rerun => "re-run (not incremental)",
        }
    }

    /// The dearer, the larger.
    pub fn rank(self) -> u8 {
        match self {
            Self::Exact => 0,
            Self::KeepsValues => 2,
            Self::KeepsRows => 3,
            Self::Rerun => 4,
        }
    }
}

/// The states of one aggregate call, one a group.
pub trait Accumulator: Send + Sync + std::fmt::Debug {
    /// Makes room for `groups` groups; new ones begin empty. Never shrinks.
    fn resize(&mut self, groups: usize);

    /// Takes rows: `input` has a value for each of `groups`. `None` for `count(*)`.
    ///
    /// # Errors
    /// When polars fails to read the column.
    fn absorb(&mut self, groups: &[u32], input: Option<&Column>) -> Result<()>;

    /// The state as columns, one row a group.
    fn state(&self) -> Result<Vec<Column>>;

    /// Takes the states of other groups: row `i` of `state` belongs to `groups[i]` here.
    ///
    /// # Errors
    /// When the columns are not what `state` gives.
    fn merge(&mut self, groups: &[u32], state: &[Column]) -> Result<()>;

    /// What the user sees, one value a group.
    ///
    /// # Errors
    /// When a result has no place in its type, such as an integer sum beyond 64 bits.
    fn finish(&self) -> Result<Column>;

    /// Bytes held, about.
    fn size(&self) -> usize;
}

/// Finds an aggregate by name or alias, in any case.
pub fn find(name: &str) -> Option<&'static Aggregate> {
    let is = |n: &str| n.eq_ignore_ascii_case(name);
    AGGREGATES.iter().copied().find(|a| is(a.name) || a.aliases.iter().any(|n| is(n)))
}

/// What to say when an argument's type does not fit.
pub fn unfit(aggregate: &Aggregate, argument: &str, dtype: &DataType) -> Fault {
    let hint = match (aggregate.name, dtype) {
        (_, DataType::String) => "cast it, or use count(DISTINCT …), min or max".to_owned(),
        (_, DataType::Boolean) => format!("count rows instead: count(*) FILTER (WHERE {argument})"),
        _ => "cast it to a number".to_owned(),
    };
    Fault::new(format!("{} takes numbers, and {argument} is {}", aggregate.name, type_word(dtype))).hint(hint)
}

/// What `state` columns are called; they are read by position.
fn part(name: &'static str, series: Series) -> Column {
    series.with_name(name.into()).into_column()
}

/// The `i`-th state column.
fn nth(state: &[Column], i: usize) -> Result<&Series> {
    state
        .get(i)
        .map(Column::as_materialized_series)
        .ok_or_else(|| Fault::new("an aggregate's state has too few columns").hint("it was written by another version; read the history again"))
}
