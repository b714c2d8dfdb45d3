//! The aggregates: one file and one line in `AGGREGATES` each; the SQL reader, menus, help and tests loop over it.
//!
//! An aggregate keeps a state a group. `absorb` takes rows, `merge` takes states, `state` gives them as columns, and
//! `finish` reads the answer without consuming anything. `merge` is associative and commutative, and an empty state is
//! its identity: that is all the fusion law needs.

use polars::prelude::*;

use super::window::type_word;
use crate::data::Fault;

mod accumulator;
mod approx_count_distinct;
mod approx_quantile;
mod approx_top_k;
mod avg;
mod best;
mod best_n;
mod bits;
mod bivariate;
mod boolean;
mod class;
mod count;
mod count_distinct;
mod distinct;
mod extreme;
mod extremes;
mod gathered;
mod input;
mod lists;
mod quantile;
mod rank;
pub mod sketch;
mod sum;
mod tally;
mod variance;
mod weighted;

pub use accumulator::Accumulator;
use accumulator::{foreign, like, nth, pairs, part, prefetch};
pub use class::Class;
pub use distinct::Distinct;
pub use rank::{Rank, hash_text, hash_word, ranked};

/// All aggregates of this build.
pub const AGGREGATES: &[&Aggregate] = &[
    &count::COUNT,
    &sum::COUNT_IF,
    &count_distinct::COUNT_DISTINCT,
    &approx_count_distinct::APPROX_COUNT_DISTINCT,
    &sum::SUM,
    &sum::FSUM,
    &avg::AVG,
    &weighted::WEIGHTED_AVG,
    &extreme::MIN,
    &extreme::MAX,
    &best::ANY_VALUE,
    &extremes::MIN_N,
    &extremes::MAX_N,
    &best::FIRST,
    &best::LAST,
    &best::ARG_MIN,
    &best::ARG_MAX,
    &best::ARG_MIN_NULL,
    &best::ARG_MAX_NULL,
    &best_n::ARG_MIN_N,
    &best_n::ARG_MAX_N,
    &gathered::STRING_AGG,
    &gathered::ARRAY_AGG,
    &quantile::MEDIAN,
    &quantile::QUANTILE_CONT,
    &tally::QUANTILE_DISC,
    &approx_quantile::APPROX_QUANTILE,
    &tally::MODE,
    &approx_top_k::APPROX_TOP_K,
    &variance::STDDEV,
    &variance::STDDEV_POP,
    &variance::SEM,
    &variance::VAR_SAMP,
    &variance::VAR_POP,
    &tally::SKEWNESS,
    &tally::KURTOSIS,
    &tally::KURTOSIS_POP,
    &tally::MAD,
    &tally::GEOMEAN,
    &tally::PRODUCT,
    &tally::ENTROPY,
    &bivariate::CORR,
    &bivariate::COVAR_SAMP,
    &bivariate::COVAR_POP,
    &bivariate::REGR_SLOPE,
    &bivariate::REGR_INTERCEPT,
    &bivariate::REGR_R2,
    &bivariate::REGR_COUNT,
    &bivariate::REGR_AVGX,
    &bivariate::REGR_AVGY,
    &bivariate::REGR_SXX,
    &bivariate::REGR_SYY,
    &bivariate::REGR_SXY,
    &boolean::BOOL_AND,
    &boolean::BOOL_OR,
    &bits::BIT_AND,
    &bits::BIT_OR,
    &bits::BIT_XOR,
];

/// One aggregate function. `BASE` has what most of them share.
#[derive(Debug)]
pub struct Aggregate {
    /// As written in SQL, unless it shares the name of another.
    pub name: &'static str,
    /// Set where it is called by the name of another aggregate: `count_distinct` is written `count(DISTINCT x)`,
    /// `min_n` is written `min(x, n)`.
    pub shares: Option<SharedName>,
    /// Other names it answers to.
    pub aliases: &'static [&'static str],
    /// One sentence: what the aggregate gives, and what it gives for no rows.
    pub about: &'static str,
    /// A call as help shows it.
    pub usage: &'static str,
    pub class: Class,
    /// Whether it can be called as `name(*)`.
    pub star: bool,
    /// Whether the answer is the same bit for bit however the rows were cut; else every cut's answer keeps the bound of
    /// the class, and no more is promised. The laws in `tests/all/aggregate.rs` hold each to what it promises.
    pub cut_free: bool,
    /// How many arguments are read from each row; constant parameters follow them.
    pub inputs: usize,
    pub parameters: &'static [Parameter],
    /// Whether each row's event time is one more input, after those that are written; without one, where it stood.
    pub by_time: bool,
    /// Whether ORDER BY in a call changes what it gives: it says then which rows come first, as one more input.
    pub by_order: bool,
    /// Whether it goes from the smallest value on: an ORDER BY that says otherwise is refused.
    pub by_value: bool,
    /// Whether a text may follow the arguments that stands between the values; the values are then texts.
    pub separated: bool,
    /// What the arguments may be, for errors: `numbers`.
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
    shares: None,
    aliases: &[],
    about: "",
    usage: "",
    class: Class::Exact,
    star: false,
    cut_free: true,
    inputs: 1,
    parameters: &[],
    by_time: false,
    by_order: false,
    by_value: false,
    separated: false,
    takes: "numbers",
    output: |_| None,
    make: |_, _| Box::new(count::Count::default()),
    rewrite: None,
};

/// The name of another aggregate, and what in a call of that name says that this one is meant.
#[derive(Debug)]
pub struct SharedName {
    pub name: &'static str,
    /// DISTINCT does; else the number of arguments.
    pub distinct: bool,
}

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
        // A negative share says from which end it is counted, which WITHIN GROUP writes in its own way.
        (!fits).then(|| format!("{} must be {kind} from {} to {}", self.name, self.low.max(0.0), self.high))
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

impl Aggregate {
    /// Whether a single column of this type can be its argument (for two arguments: both of them).
    pub fn fits(&self, dtype: &DataType) -> bool {
        let mut types = vec![dtype.clone(); self.inputs];
        types.extend(self.by_time.then_some(DataType::Datetime(TimeUnit::Microseconds, None)));
        (self.output)(&types).is_some()
    }

    /// A call as SQL; `arguments` are what stands in the parentheses.
    pub fn call(&self, arguments: &str) -> String {
        match &self.shares {
            Some(SharedName { name, distinct: true }) => format!("{name}(DISTINCT {arguments})"),
            Some(SharedName { name, .. }) => format!("{name}({arguments})"),
            None => format!("{}({arguments})", self.name),
        }
    }

    /// Whether DISTINCT is part of its name, and no further question to it.
    pub fn is_distinct(&self) -> bool {
        self.shares.as_ref().is_some_and(|shared| shared.distinct)
    }

    /// Whether a call of a name that several aggregates have means this one.
    fn is_meant(&self, name: &str, distinct: bool, arguments: usize) -> bool {
        let is = |own: &str| own.eq_ignore_ascii_case(name);
        self.shares.as_ref().is_some_and(|shared| {
            let called = is(shared.name) || self.aliases.iter().any(|alias| is(alias));
            called && if shared.distinct { distinct } else { arguments == self.arity() }
        })
    }

    /// The aggregate that answers the same exactly and takes the same arguments, of which this one is the cheaper form.
    fn exact_form(&self) -> Option<&'static Self> {
        let same = |rewrite: &Rewrite| rewrite.to == self.name && rewrite.more.is_empty();
        AGGREGATES.iter().copied().find(|a| a.rewrite.as_ref().is_some_and(same))
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

/// Finds an aggregate by name or alias, in any case.
pub fn find(name: &str) -> Option<&'static Aggregate> {
    let is = |n: &str| n.eq_ignore_ascii_case(name);
    AGGREGATES.iter().copied().find(|a| is(a.name) || a.aliases.iter().any(|n| is(n)))
}

/// Finds the aggregate that a call means: some names mean different ones by what is in the parentheses.
pub fn find_call(name: &str, distinct: bool, arguments: usize) -> Option<&'static Aggregate> {
    AGGREGATES.iter().copied().find(|a| a.is_meant(name, distinct, arguments)).or_else(|| find(name))
}

/// What to say when the type of an argument, in SQL, does not fit.
pub fn unfit(aggregate: &Aggregate, argument: &str, dtype: &DataType) -> Fault {
    let exact = aggregate.exact_form().filter(|exact| dtype.is_temporal() && exact.fits(dtype));
    let hint = match (aggregate.takes, dtype, exact) {
        ("conditions", ..) => format!("write a comparison, such as {argument} > 0"),
        ("numbers", _, Some(exact)) => format!("{} knows times too, and is exact", exact.name),
        (_, DataType::String, _) => "cast it, or use count(DISTINCT …), min or max".to_owned(),
        (_, DataType::Boolean, _) => format!("count rows instead: count(*) FILTER (WHERE {argument})"),
        ("numbers", ..) => "cast it to a number".to_owned(),
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
