//! The aggregates: one file and one line in `AGGREGATES` each; the SQL reader, menus, help and tests loop over it.
//!
//! An aggregate keeps a state a group. `absorb` takes rows, `merge` takes states, `state` gives them as columns, and
//! `finish` reads the answer without consuming anything. `merge` is associative and commutative, and an empty state is
//! its identity: that is all the fusion law needs.

use std::any::Any;
use std::ops::Range;

use polars::prelude::*;

use super::window::type_word;
use crate::data::{Fault, Result};

mod approx_count_distinct;
mod approx_quantile;
mod approx_top_k;
mod avg;
mod best;
mod bivariate;
mod boolean;
mod count;
mod count_distinct;
mod distinct;
mod extreme;
mod extremes;
mod input;
mod lists;

mod quantile;
mod rank;
pub mod sketch;
mod sum;
mod variance;

pub use distinct::Distinct;
pub use rank::{Rank, hash_text, hash_word};

/// All aggregates of this build.
pub const AGGREGATES: &[&Aggregate] = &[
    &count::COUNT,
    &count_distinct::COUNT_DISTINCT,
    &approx_count_distinct::APPROX_COUNT_DISTINCT,
    &sum::SUM,
    &avg::AVG,
    &extreme::MIN,
    &extreme::MAX,
    &extremes::MIN_N,
    &extremes::MAX_N,
    &best::FIRST,
    &best::LAST,
    &best::ARG_MIN,
    &best::ARG_MAX,
    &quantile::MEDIAN,
    &quantile::QUANTILE_CONT,
    &approx_quantile::APPROX_QUANTILE,
    &approx_top_k::APPROX_TOP_K,
    &variance::STDDEV,
    &variance::STDDEV_POP,
    &variance::VAR_SAMP,
    &variance::VAR_POP,
    &bivariate::CORR,
    &bivariate::COVAR_SAMP,
    &bivariate::COVAR_POP,
    &bivariate::REGR_SLOPE,
    &bivariate::REGR_INTERCEPT,
    &bivariate::REGR_R2,
    &boolean::BOOL_AND,
    &boolean::BOOL_OR,
];

/// One aggregate function. `BASE` has what most of them share.
#[derive(Debug)]
pub struct Aggregate {
    /// As written in SQL; `count_distinct` is written `count(DISTINCT x)`, `min_n` is written `min(x, n)`.
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
    /// Whether the answer is the same bit for bit however the rows were cut; else the bound alone is promised.
    pub cut_free: bool,
    /// How many arguments are read from each row; constant parameters follow them.
    pub inputs: usize,
    pub parameters: &'static [Parameter],
    /// Whether each row's event time is one more input, after those that are written.
    pub by_time: bool,
    /// What its arguments may be, for errors: `numbers`.
    pub takes: &'static str,
    /// The answer's type for the inputs' types; `None` where they do not fit.
    pub output: fn(&[DataType]) -> Option<DataType>,
    /// A state without groups, for the inputs' types and the parameters' values.
    pub make: fn(&[DataType], &[f64]) -> Box<dyn Accumulator>,
    /// A cheaper aggregate for nearly the same question.
    pub rewrite: Option<Rewrite>,
}

/// What an aggregate is unless its file says otherwise.
const BASE: Aggregate = Aggregate {
    name: "",
    aliases: &[],
    about: "",
    usage: "",
    class: Class::Exact,
    star: false,
    cut_free: true,
    inputs: 1,
    parameters: &[],
    by_time: false,
    takes: "numbers",
    output: |_| None,
    make: |_, _| Box::new(count::Count::default()),
    rewrite: None,
};

/// A constant argument, the same for all rows.
#[derive(Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub low: f64,
    pub high: f64,
    /// Whether it counts something, so that it has no fraction.
    pub whole: bool,
    /// What a menu begins with.
    pub start: &'static str,
}

impl Parameter {
    /// What is wrong with a value, if anything.
    pub fn complaint(&self, value: f64) -> Option<String> {
        let kind = if self.whole { "a whole number" } else { "a number" };
        let fits = (self.low..=self.high).contains(&value) && !(self.whole && value.fract() != 0.0);
        (!fits).then(|| format!("{} must be {kind} from {} to {}", self.name, self.low, self.high))
    }
}

/// A cheaper aggregate that nearly answers the same.
#[derive(Debug)]
pub struct Rewrite {
    /// The other aggregate's name.
    pub to: &'static str,
    /// Arguments added after those that are there.
    pub more: &'static [&'static str],
    /// What is gained and what is lost, in a phrase.
    pub words: &'static str,
}

/// How exact an aggregate is, and what it costs to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Bit for bit the same for every cut of the rows; constant state a group.
    Exact,
    /// An estimate within a bound; a state of bounded size a group.
    Sketch { bound: &'static str },
    /// Exact, but the state grows with the distinct values.
    KeepsValues,
    /// Exact, but the state grows with the rows.
    KeepsRows { bytes: usize },
    /// Not incremental: computed anew over what is kept or stored, at a pace that its cost sets.
    Rerun,
}

impl Class {
    pub fn word(self) -> String {
        match self {
            Self::Exact => "exact".to_owned(),
            Self::Sketch { bound } => format!("sketch ({bound})"),
            Self::KeepsValues => "exact, keeps each distinct value".to_owned(),
            Self::KeepsRows { bytes: 0 } => "exact, keeps rows".to_owned(),
            Self::KeepsRows { bytes } => format!("exact, keeps rows ({bytes} bytes a row)"),
            Self::Rerun => "re-run (not incremental)".to_owned(),
        }
    }

    /// The dearer, the larger.
    pub fn rank(self) -> u8 {
        match self {
            Self::Exact => 0,
            Self::Sketch { .. } => 1,
            Self::KeepsValues => 2,
            Self::KeepsRows { .. } => 3,
            Self::Rerun => 4,
        }
    }
}

impl Aggregate {
    /// Whether a single column of this type can be its argument (for two arguments: both of them).
    pub fn fits(&self, dtype: &DataType) -> bool {
        let mut types = vec![dtype.clone(); self.inputs];
        types.extend(self.by_time.then_some(DataType::Datetime(TimeUnit::Microseconds, None)));
        (self.output)(&types).is_some()
    }

    /// How many arguments are written in a call.
    pub fn arity(&self) -> usize {
        self.inputs + self.parameters.len()
    }

    /// What a menu begins with after the first argument, `column`: other columns and parameters. Empty for most.
    pub fn rest(&self, column: &str) -> String {
        let others = std::iter::repeat_n(column, self.inputs.saturating_sub(1));
        others.chain(self.parameters.iter().map(|p| p.start)).collect::<Vec<_>>().join(", ")
    }
}

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
fn like<A: Accumulator>(other: &dyn Accumulator) -> Option<&A> {
    (other as &dyn Any).downcast_ref()
}

/// Looks at the states of some groups, so that the memory of all of them is on its way at the same time.
fn touch<S>(states: &[S], groups: &[u32], look: impl Fn(&S) -> u64) {
    /// So few are at hand anyway.
    const NEAR: usize = 16_384;
    if states.len() > NEAR {
        std::hint::black_box(groups.iter().fold(0, |seen, group| seen ^ states.get(*group as usize).map_or(0, &look)));
    }
}

/// `each(group, state)` for some states of another accumulator and the groups here that they belong to.
fn pairs<S>(groups: &[u32], states: &[S], from: Range<usize>, mut each: impl FnMut(u32, &S)) {
    for (group, state) in groups.iter().zip(states.get(from).unwrap_or_default()) {
        each(*group, state);
    }
}

/// Finds an aggregate by name or alias, in any case.
pub fn find(name: &str) -> Option<&'static Aggregate> {
    let is = |n: &str| n.eq_ignore_ascii_case(name);
    AGGREGATES.iter().copied().find(|a| is(a.name) || a.aliases.iter().any(|n| is(n)))
}

/// Finds the aggregate that a call means: some names mean different ones by what is in the parentheses.
pub fn find_call(name: &str, distinct: bool, arguments: usize) -> Option<&'static Aggregate> {
    match (name.to_ascii_lowercase().as_str(), distinct, arguments) {
        ("count", true, _) => find("count_distinct"),
        ("min", _, 2) => find("min_n"),
        ("max", _, 2) => find("max_n"),
        _ => find(name),
    }
}

/// What to say when the type of an argument, in SQL, does not fit.
pub fn unfit(aggregate: &Aggregate, argument: &str, dtype: &DataType) -> Fault {
    let hint = match (aggregate.takes, dtype) {
        ("conditions", _) => format!("write a comparison, such as {argument} > 0"),
        ("numbers", DataType::Date | DataType::Datetime(..) | DataType::Time | DataType::Duration(_))
            if aggregate.name == "approx_quantile" =>
        {
            "quantile_cont knows times too, and is exact".to_owned()
        }
        (_, DataType::String) => "cast it, or use count(DISTINCT …), min or max".to_owned(),
        (_, DataType::Boolean) => format!("count rows instead: count(*) FILTER (WHERE {argument})"),
        ("numbers", _) => "cast it to a number".to_owned(),
        _ => "cast it to a number or to VARCHAR".to_owned(),
    };
    let plain = argument
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|name| !name.contains('"'))
        .unwrap_or(argument);
    Fault::new(format!("{} takes {}, and '{plain}' is {}", aggregate.name, aggregate.takes, type_word(dtype)))
        .hint(hint)
}

/// What `state` columns are called; they are read by position.
fn part(name: &'static str, series: Series) -> Column {
    series.with_name(name.into()).into_column()
}

/// The `i`-th state column.
fn nth(state: &[Column], i: usize) -> Result<&Series> {
    state.get(i).map(Column::as_materialized_series).ok_or_else(foreign)
}

/// What to say about a state that is not one.
fn foreign() -> Fault {
    Fault::new("an aggregate's state cannot be read").hint("it was written by another version; read the history again")
}
