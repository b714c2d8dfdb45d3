//! Functions of one row that polars' SQL does not have, or has otherwise: a line each in `OWN`, and what they do in a
//! file a kind. Names and values are those of DuckDB.

mod numbers;
mod patterns;
mod texts;
mod times;

use std::ops::RangeInclusive;

use polars::prelude::*;
use sqlparser::ast::{Function, FunctionArguments};

use super::tree::arguments;
use crate::data::Result;
use crate::query::sql::span::ClauseSpan;

pub(super) use self::numbers::{LEFT, RIGHT};
pub(super) use self::patterns::{LIKE, SIMILAR};
pub(super) use self::texts::{POSITION, SUBSTRING, TRUTH};
pub(super) use self::times::MONTHS;

/// A function of ours.
pub(super) struct OwnFunction {
    /// What it answers to.
    pub names: &'static [&'static str],
    /// How many arguments it takes.
    pub takes: RangeInclusive<usize>,
    /// The type of its values, for those of its arguments.
    pub output: fn(&[DataType]) -> DataType,
    /// A value a row.
    pub of: fn(&Arguments) -> PolarsResult<Column>,
}

impl std::fmt::Debug for OwnFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.names.fmt(f)
    }
}

/// All functions of ours.
pub(super) fn all() -> impl Iterator<Item = &'static OwnFunction> {
    [texts::OWN, patterns::OWN, numbers::OWN, times::OWN].into_iter().flatten()
}

/// The function that a call means, where it is one of ours.
pub(super) fn find(call: &Function) -> Option<&'static OwnFunction> {
    let name = call.name.to_string();
    all().find(|own| own.names.iter().any(|known| known.eq_ignore_ascii_case(&name)))
}

/// What a call means, whose arguments are `parts`.
///
/// # Errors
/// When they are too many or too few.
pub(super) fn meaning(
    own: &'static OwnFunction,
    call: &Function,
    parts: &[Expr],
    place: ClauseSpan<'_>,
) -> Result<Expr> {
    let name = call.name.to_string();
    let written = match &call.args {
        FunctionArguments::List(list) => list.args.len(),
        _ => 0,
    };
    if !own.takes.contains(&parts.len()) || arguments(call).is_none_or(|parts| parts.len() != written) {
        let (least, most) = (own.takes.start(), own.takes.end());
        let many = if least == most { least.to_string() } else { format!("{least} to {most}") };
        return Err(place
            .fault(format!("{name} takes {many} arguments, and {written} are written"))
            .hint("look at the parentheses and commas of this call"));
    }
    let [first, rest @ ..] = parts else { return Err(place.fault(format!("{name} takes arguments"))) };
    let output = move |_: &Schema, fields: &[Field]| {
        let types: Vec<DataType> = fields.iter().map(|field| field.dtype().clone()).collect();
        let name = fields.first().map_or(PlSmallStr::EMPTY, |field| field.name().clone());
        Ok(Field::new(name, (own.output)(&types)))
    };
    let evaluate = move |columns: &mut [Column]| {
        let name = columns.first().map_or(PlSmallStr::EMPTY, |column| column.name().clone());
        Ok((own.of)(&Arguments::new(columns))?.with_name(name))
    };
    Ok(first.clone().map_many(evaluate, rest, output))
}

/// The arguments of a call, for some rows. Constants are one value for all.
pub(super) struct Arguments<'a> {
    columns: &'a [Column],
    rows: usize,
}

impl<'a> Arguments<'a> {
    fn new(columns: &'a [Column]) -> Self {
        let lengths = || columns.iter().map(Column::len);
        let rows = if lengths().any(|length| length == 0) { 0 } else { lengths().max().unwrap_or(0) };
        Self { columns, rows }
    }

    pub fn len(&self) -> usize {
        self.columns.len()
    }

    fn cast(&self, at: usize, dtype: &DataType) -> PolarsResult<Column> {
        let none = || Column::full_null(PlSmallStr::EMPTY, self.rows, dtype);
        self.columns.get(at).map_or_else(|| Ok(none()), |column| column.cast(dtype))
    }

    pub fn texts(&self, at: usize) -> PolarsResult<Values<StringType>> {
        Ok(Values(self.cast(at, &DataType::String)?.str()?.rechunk().into_owned()))
    }

    pub fn whole(&self, at: usize) -> PolarsResult<Values<Int64Type>> {
        Ok(Values(self.cast(at, &DataType::Int64)?.i64()?.clone()))
    }

    pub fn floats(&self, at: usize) -> PolarsResult<Values<Float64Type>> {
        Ok(Values(self.cast(at, &DataType::Float64)?.f64()?.clone()))
    }

    /// Microseconds since 1970.
    pub fn micros(&self, at: usize) -> PolarsResult<Values<Int64Type>> {
        let times = self.cast(at, &DataType::Datetime(TimeUnit::Microseconds, None))?;
        Ok(Values(times.to_physical_repr().i64()?.clone()))
    }

    /// The text that is meant for all rows.
    pub fn constant(&self, at: usize) -> PolarsResult<Option<String>> {
        let texts = self.texts(at)?.0;
        if texts.iter().skip(1).any(|text| text != texts.get(0)) {
            polars_bail!(ComputeError: "this argument must be one text for all rows");
        }
        Ok(texts.get(0).map(str::to_owned))
    }

    /// What `value` gives for each row, as a column.
    pub fn each<T>(&self, value: impl FnMut(usize) -> Option<T>) -> Column
    where
        ChunkedArray<T::Kind>: FromIterator<Option<T>> + IntoColumn,
        T: Cell,
    {
        (0..self.rows).map(value).collect::<ChunkedArray<T::Kind>>().into_column()
    }
}

/// A value of a column, and the kind of that.
pub(super) trait Cell {
    type Kind: PolarsDataType;
}

impl Cell for String {
    type Kind = StringType;
}

impl Cell for i64 {
    type Kind = Int64Type;
}

impl Cell for f64 {
    type Kind = Float64Type;
}

impl Cell for bool {
    type Kind = BooleanType;
}

/// The values of an argument: one for each row, or one for all.
pub(super) struct Values<T: PolarsDataType>(ChunkedArray<T>);

impl<T: PolarsDataType> Values<T> {
    pub fn get(&self, row: usize) -> Option<T::Physical<'_>> {
        self.0.get(if self.0.len() == 1 { 0 } else { row })
    }
}

fn text(_: &[DataType]) -> DataType {
    DataType::String
}

fn whole(_: &[DataType]) -> DataType {
    DataType::Int64
}

fn float(_: &[DataType]) -> DataType {
    DataType::Float64
}

fn truth(_: &[DataType]) -> DataType {
    DataType::Boolean
}

fn time(_: &[DataType]) -> DataType {
    DataType::Datetime(TimeUnit::Microseconds, None)
}

fn date(_: &[DataType]) -> DataType {
    DataType::Date
}
