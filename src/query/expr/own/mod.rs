//! Functions of one row that polars' SQL does not have, or has otherwise: a line each in `OWN`, and what they do in a
//! file a kind. Names and values are those of DuckDB.

mod as_text;
mod bits;
mod buckets;
mod casts;
mod codes;
mod distances;
mod formats;
mod json;
mod json_calls;
mod json_path;
mod math;
mod md5;
mod numbers;
mod parts;
mod patterns;
mod slices;
mod strftime;
mod strptime;
mod texts;
mod times;
mod types;
mod zones;

use polars::prelude::*;
use sqlparser::ast::{Function, FunctionArguments};

use super::said::ours;
use super::tree::arguments;
use crate::data::Result;
use crate::query::sql::span::ClauseSpan;

pub(super) use self::as_text::AS_TEXT;
pub(super) use self::bits::{AND, LEFT, NOT, OR, RIGHT, XOR};
pub(super) use self::buckets::BUCKET_MONTHS;
pub(super) use self::casts::cast_name;
pub(super) use self::json_calls::{EXTRACT, EXTRACT_TEXT};
pub(super) use self::numbers::{QUOTIENT, REMAINDER, ROUND_WRITTEN};
pub(super) use self::parts::{TRUNCATE_ISO_YEAR, TRUNCATE_YEARS, part_named};
pub(super) use self::patterns::{LIKE, SIMILAR};
pub(super) use self::texts::{POSITION, SUBSTRING};
pub(super) use self::times::MONTHS;
pub(super) use self::types::{ANY, Kind, NUMBER, SPAN, TEXT, TIME, TRUTH, WHOLE, wrong_type};
pub(super) use self::zones::{TO_INSTANT, TO_WALL};

/// A function of ours.
pub(super) struct OwnFunction {
    /// What it answers to.
    pub names: &'static [&'static str],
    /// What its arguments are; where it takes more, they are as the last.
    pub takes: &'static [Kind],
    /// How few and how many arguments may be written.
    pub least: usize,
    pub most: usize,
    /// The type of its values, for those of its arguments.
    pub output: fn(&[DataType]) -> DataType,
    /// A value a row.
    pub of: fn(&Arguments) -> PolarsResult<Column>,
    /// How it is called, and what it gives; empty for what nobody calls by its name.
    pub usage: &'static str,
    pub about: &'static str,
}

/// A function with these names, arguments, type and values.
const fn own(
    names: &'static [&'static str],
    takes: &'static [Kind],
    output: fn(&[DataType]) -> DataType,
    of: fn(&Arguments) -> PolarsResult<Column>,
) -> OwnFunction {
    OwnFunction { names, takes, least: takes.len(), most: takes.len(), output, of, usage: "", about: "" }
}

impl OwnFunction {
    /// As help and completion show it.
    const fn told(mut self, usage: &'static str, about: &'static str) -> Self {
        (self.usage, self.about) = (usage, about);
        self
    }

    /// With arguments that may be left out.
    const fn least(mut self, least: usize) -> Self {
        self.least = least;
        self
    }

    /// With any number of arguments.
    const fn more(mut self) -> Self {
        self.most = 255;
        self
    }

    /// What an argument has to be.
    pub fn kind(&self, at: usize) -> Kind {
        self.takes.get(at).or(self.takes.last()).copied().unwrap_or(ANY)
    }

    /// Whether its values are dates or times whatever it is given: of which type.
    pub fn time(&self) -> Option<DataType> {
        let output = (self.output)(&[]);
        crate::data::time::is_time(&output).then_some(output)
    }
}

impl std::fmt::Debug for OwnFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.names.fmt(f)
    }
}

/// All functions of ours.
pub(super) fn all() -> impl Iterator<Item = &'static OwnFunction> {
    [
        as_text::OWN,
        slices::OWN,
        texts::OWN,
        formats::OWN,
        patterns::OWN,
        distances::OWN,
        codes::OWN,
        numbers::OWN,
        math::OWN,
        bits::OWN,
        parts::OWN,
        times::OWN,
        buckets::OWN,
        strftime::OWN,
        strptime::OWN,
        zones::OWN,
        json_calls::OWN,
        types::OWN,
        casts::OWN,
    ]
    .into_iter()
    .flatten()
}

/// The function that a call means, where it is one of ours.
pub(super) fn find(call: &Function) -> Option<&'static OwnFunction> {
    let name = call.name.to_string();
    all().find(|own| own.names.iter().any(|known| known.eq_ignore_ascii_case(&name)))
}

/// What a call means, of which is spoken by `name`, and whose arguments are `parts`.
///
/// # Errors
/// When they are too many or too few.
pub(super) fn meaning(
    own: &'static OwnFunction,
    (name, call): (&str, &Function),
    parts: &[Expr],
    place: ClauseSpan<'_>,
) -> Result<Expr> {
    let written = match &call.args {
        FunctionArguments::List(list) => list.args.len(),
        _ => 0,
    };
    let fits = (own.least..=own.most).contains(&parts.len());
    if !fits || arguments(call).is_none_or(|parts| parts.len() != written) {
        let (least, most) = (own.least, own.most);
        let many = match most {
            most if most == least => least.to_string(),
            255 => format!("{least} or more"),
            most => format!("{least} to {most}"),
        };
        let many = if many == "1" { "1 argument".to_owned() } else { format!("{many} arguments") };
        let fault = place
            .fault(format!("{name} takes {many}, and {written} {} written", if written == 1 { "is" } else { "are" }));
        return Err(match own.usage {
            "" => fault.hint("look at the parentheses and commas of this call"),
            usage => fault.hint(format!("write it like {usage}")),
        });
    }
    let [first, rest @ ..] = parts else { return Err(place.fault(format!("{name} takes arguments"))) };
    let output = move |_: &Schema, fields: &[Field]| {
        let types: Vec<DataType> = fields.iter().map(|field| field.dtype().clone()).collect();
        let name = fields.first().map_or(PlSmallStr::EMPTY, |field| field.name().clone());
        Ok(Field::new(name, (own.output)(&types)))
    };
    let evaluate = move |columns: &mut [Column]| {
        let name = columns.first().map_or(PlSmallStr::EMPTY, |column| column.name().clone());
        Ok((own.of)(&Arguments::new(columns)).map_err(ours)?.with_name(name))
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

    /// The type of an argument.
    pub fn dtype(&self, at: usize) -> DataType {
        self.columns.get(at).map_or(DataType::Null, |column| column.dtype().clone())
    }

    /// An argument as it is.
    pub fn column(&self, at: usize) -> Option<&Column> {
        self.columns.get(at)
    }

    fn cast(&self, at: usize, dtype: &DataType) -> PolarsResult<Column> {
        let none = || Column::full_null(PlSmallStr::EMPTY, self.rows, dtype);
        self.columns.get(at).map_or_else(|| Ok(none()), |column| column.cast(dtype))
    }

    pub fn texts(&self, at: usize) -> PolarsResult<Values<StringType>> {
        let texts = match self.columns.get(at) {
            Some(column) => as_text::texts(column)?,
            None => StringChunked::full_null(PlSmallStr::EMPTY, self.rows),
        };
        Ok(Values(texts.rechunk().into_owned()))
    }

    pub fn whole(&self, at: usize) -> PolarsResult<Values<Int64Type>> {
        let numbers = self.cast(at, &DataType::Int64)?;
        let lost = self.columns.get(at).is_some_and(|column| numbers.null_count() > column.null_count());
        polars_ensure!(!lost, ComputeError: "{}", super::whole::TOO_LARGE);
        Ok(Values(numbers.i64()?.clone()))
    }

    pub fn floats(&self, at: usize) -> PolarsResult<Values<Float64Type>> {
        Ok(Values(self.cast(at, &DataType::Float64)?.f64()?.clone()))
    }

    /// Microseconds since 1970.
    pub fn micros(&self, at: usize) -> PolarsResult<Values<Int64Type>> {
        let times = self.cast(at, &DataType::Datetime(TimeUnit::Microseconds, None))?;
        Ok(Values(times.to_physical_repr().i64()?.clone()))
    }

    /// Microseconds since 1970, infinite ones among them.
    pub fn moments(&self, at: usize) -> PolarsResult<Values<Int64Type>> {
        let times = match self.columns.get(at) {
            Some(column) => crate::data::time::convert(column, &time(&[]))?,
            None => self.cast(at, &time(&[]))?,
        };
        Ok(Values(times.to_physical_repr().i64()?.clone()))
    }

    /// The text that is meant for all rows.
    pub fn constant(&self, at: usize) -> PolarsResult<Option<String>> {
        let texts = self.texts(at)?.0;
        if texts.is_empty() {
            return Ok(None);
        }
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
        if self.0.is_empty() {
            return None;
        }
        self.0.get(if self.0.len() == 1 { 0 } else { row })
    }
}

/// The type of the first argument that has one.
fn same(types: &[DataType]) -> DataType {
    types.iter().find(|dtype| **dtype != DataType::Null).cloned().unwrap_or(DataType::Null)
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

fn as_times(column: &Column) -> PolarsResult<Column> {
    column.cast(&DataType::Datetime(TimeUnit::Microseconds, None))
}

fn as_dates(column: &Column) -> PolarsResult<Column> {
    column.cast(&DataType::Int32)?.cast(&DataType::Date)
}

/// Microseconds as times of a type.
fn whole_times(micros: &Column, dtype: &DataType) -> PolarsResult<Column> {
    match dtype {
        DataType::Date => {
            let days = micros.i64()?.iter().map(|time| time.map(|time| time.div_euclid(86_400_000_000)));
            as_dates(&days.collect::<Int64Chunked>().into_column())
        }
        dtype => as_times(micros)?.cast(dtype),
    }
}
