//! A column of a text format: its type, how its cells are read, and the series that they become.
//! Finding the cells is left to the formats; rows that do not fit are left to `rows`.

use polars::prelude::*;

use super::span::Span;
use super::{datetime, value, word};
use crate::data::{Fault, Result};

/// One value, as a format found it.
pub(super) enum Cell<'a> {
    Null,
    /// Quoted and empty: an empty text, and null for every other type.
    Empty,
    Text(&'a str),
    Owned(String),
    /// It cannot be read as text at all.
    Broken,
}

/// A column's name and type, and how its text becomes that type.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub name: PlSmallStr,
    pub dtype: DataType,
    read: CellType,
    /// Where a table says that this is a time, numbers are times since 1970.
    epoch: bool,
}

#[derive(Clone, Copy, Debug)]
enum CellType {
    Boolean,
    Integer { least: i64, most: i64 },
    Natural,
    Float,
    Single,
    Date,
    Datetime(TimeUnit),
    Time,
    Text,
    Binary,
    Nothing,
}

impl Spec {
    /// A column whose type was guessed from a sample.
    pub fn guessed(name: impl Into<PlSmallStr>, dtype: DataType) -> Result<Self> {
        let name = name.into();
        let whole = |least, most| CellType::Integer { least, most };
        let read = match &dtype {
            DataType::Boolean => CellType::Boolean,
            DataType::Int8 => whole(i8::MIN.into(), i8::MAX.into()),
            DataType::Int16 => whole(i16::MIN.into(), i16::MAX.into()),
            DataType::Int32 => whole(i32::MIN.into(), i32::MAX.into()),
            DataType::Int64 | DataType::Duration(_) => whole(i64::MIN, i64::MAX),
            DataType::UInt8 => whole(0, u8::MAX.into()),
            DataType::UInt16 => whole(0, u16::MAX.into()),
            DataType::UInt32 => whole(0, u32::MAX.into()),
            DataType::UInt64 => CellType::Natural,
            DataType::Float64 => CellType::Float,
            DataType::Float32 => CellType::Single,
            DataType::Date => CellType::Date,
            DataType::Datetime(unit, _) => CellType::Datetime(*unit),
            DataType::Time => CellType::Time,
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) => CellType::Text,
            DataType::Binary => CellType::Binary,
            DataType::Null => CellType::Nothing,
            other => {
                return Err(Fault::new(format!("the column '{name}' has the type {other}, which text cannot hold")));
            }
        };
        Ok(Self { name, dtype, read, epoch: false })
    }

    /// A column whose type the table knows.
    pub fn known(name: impl Into<PlSmallStr>, dtype: DataType) -> Result<Self> {
        Ok(Self { epoch: true, ..Self::guessed(name, dtype)? })
    }

    /// What a value must be, for 'is not …'.
    pub fn noun(&self) -> &'static str {
        match self.read {
            CellType::Boolean => "true or false",
            CellType::Integer { least: i64::MIN, .. } => "an integer",
            CellType::Integer { .. } | CellType::Natural => "an integer of the column's range",
            CellType::Float | CellType::Single => "a number",
            CellType::Date => "a date (YYYY-MM-DD)",
            CellType::Datetime(_) => "a date and time (YYYY-MM-DD HH:MM:SS)",
            CellType::Time => "a time of day (HH:MM:SS)",
            CellType::Text | CellType::Binary => "text",
            CellType::Nothing => "null",
        }
    }

    /// Reads the cells, which stand in `bytes` at `spans`; `unfit` hears the number of each row whose cell contradicts
    /// the type. Those become null.
    pub fn build<'a>(
        &self,
        rows: usize,
        bytes: &[u8],
        spans: impl Iterator<Item = Span>,
        cell: impl Fn(Span) -> Cell<'a>,
        plain: impl Fn(Span) -> Option<Span>,
        unfit: impl FnMut(usize),
    ) -> Result<Column> {
        let name = self.name.clone();
        let source = ColumnCells { rows, spans, cell };
        let series = match self.read {
            CellType::Boolean => {
                let mut builder = BooleanChunkedBuilder::new(name, rows);
                each(source.cells(), unfit, value::boolean, |v| builder.append_option(v));
                builder.finish().into_series()
            }
            CellType::Integer { least, most } => {
                let fits = |text: &[u8]| value::integer(text).filter(|v| (least..=most).contains(v));
                let quick =
                    |span: Span| value::quick_integer(bytes, span.range()).filter(|v| (least..=most).contains(v));
                let whole = numbers::<Int64Type>(name, source, quick, unfit, fits);
                if let DataType::Duration(unit) = self.dtype {
                    whole.into_duration(unit).into_series()
                } else {
                    whole.into_series()
                }
            }
            CellType::Natural => numbers::<UInt64Type>(name, source, |_| None, unfit, value::natural).into_series(),
            CellType::Float => numbers::<Float64Type>(
                name,
                source,
                |span| value::quick_float(bytes, span.range()),
                unfit,
                value::float,
            )
            .into_series(),
            CellType::Single => numbers::<Float32Type>(name, source, |_| None, unfit, value::single).into_series(),
            CellType::Date => {
                // A known date may be written with a time at midnight.
                let midnight = |text: &[u8]| {
                    let micros = datetime::datetime(text, TimeUnit::Microseconds)
                        .filter(|t| t.rem_euclid(86_400_000_000) == 0)?;
                    i32::try_from(micros.div_euclid(86_400_000_000)).ok()
                };
                let mut calendar = datetime::Calendar::default();
                let day = |text: &[u8]| calendar.date(text).or_else(|| midnight(text));
                numbers::<Int32Type>(name, source, |_| None, unfit, day).into_date().into_series()
            }
            CellType::Datetime(unit) => {
                let epoch = self.epoch;
                let mut calendar = datetime::Calendar::default();
                let point = |text: &[u8]| {
                    calendar.datetime(text, unit).or_else(|| if epoch { datetime::epoch(text, unit) } else { None })
                };
                let zone = if let DataType::Datetime(_, zone) = &self.dtype { zone.clone() } else { None };
                numbers::<Int64Type>(name, source, |_| None, unfit, point).into_datetime(unit, zone).into_series()
            }
            CellType::Time => {
                numbers::<Int64Type>(name, source, |_| None, unfit, datetime::time).into_time().into_series()
            }
            CellType::Text => texts(name, bytes, source, plain, unfit).into_series(),
            CellType::Binary => texts(name, bytes, source, plain, unfit).into_series().cast(&DataType::Binary)?,
            CellType::Nothing => {
                let mut height = 0;
                each(source.cells(), unfit, |_| None::<()>, |_| height += 1);
                Series::full_null(name, height, &DataType::Null)
            }
        };
        let series = if series.dtype() == &self.dtype { series } else { series.strict_cast(&self.dtype)? };
        Ok(series.into_column())
    }
}

/// Where the cells of one column stand, and how one is taken from its place.
struct ColumnCells<S, C> {
    rows: usize,
    spans: S,
    cell: C,
}

impl<'a, S: Iterator<Item = Span>, C: Fn(Span) -> Cell<'a>> ColumnCells<S, C> {
    fn cells(self) -> impl Iterator<Item = Cell<'a>> {
        self.spans.map(self.cell)
    }
}

#[inline]
fn each<'a, T>(
    cells: impl Iterator<Item = Cell<'a>>,
    mut unfit: impl FnMut(usize),
    mut parse: impl FnMut(&[u8]) -> Option<T>,
    mut push: impl FnMut(Option<T>),
) {
    for (row, cell) in cells.enumerate() {
        let value = match &cell {
            Cell::Null | Cell::Empty => {
                push(None);
                continue;
            }
            Cell::Text(text) => parse(text.as_bytes().trim_ascii()),
            Cell::Owned(text) => parse(text.as_bytes().trim_ascii()),
            Cell::Broken => None,
        };
        if value.is_none() {
            unfit(row);
        }
        push(value);
    }
}

/// `quick` reads most values by themselves; what it does not understand is read as a cell.
fn numbers<'a, T: PolarsNumericType>(
    name: PlSmallStr,
    source: ColumnCells<impl Iterator<Item = Span>, impl Fn(Span) -> Cell<'a>>,
    quick: impl Fn(Span) -> Option<T::Native>,
    mut unfit: impl FnMut(usize),
    mut parse: impl FnMut(&[u8]) -> Option<T::Native>,
) -> ChunkedArray<T> {
    let mut values: Vec<T::Native> = Vec::with_capacity(source.rows);
    let mut missing: Vec<usize> = Vec::new();
    for span in source.spans {
        let value = quick(span).or_else(|| {
            let mut value = None;
            let row = values.len();
            each(std::iter::once((source.cell)(span)), |_| unfit(row), &mut parse, |v| value = v);
            value
        });
        if value.is_none() {
            missing.push(values.len());
        }
        values.push(value.unwrap_or_default());
    }
    if missing.is_empty() {
        return ChunkedArray::from_vec(name, values);
    }
    let mut builder = PrimitiveChunkedBuilder::<T>::new(name, values.len());
    let mut missing = missing.into_iter().peekable();
    for (row, value) in values.into_iter().enumerate() {
        if missing.next_if_eq(&row).is_some() {
            builder.append_null();
        } else {
            builder.append_value(value);
        }
    }
    builder.finish()
}

/// `plain` says where a text stands that is itself, without quotes and escapes; what it does not say is read as a cell.
fn texts<'a>(
    name: PlSmallStr,
    bytes: &[u8],
    source: ColumnCells<impl Iterator<Item = Span>, impl Fn(Span) -> Cell<'a>>,
    plain: impl Fn(Span) -> Option<Span>,
    mut unfit: impl FnMut(usize),
) -> StringChunked {
    // polars keeps a text of up to twelve bytes within a view of sixteen. One is made here from two loads and no call.
    let (none, one) =
        (StringChunked::from_slice(name.clone(), &[""; 0]), StringChunked::from_slice(name.clone(), &[""]));
    let (Some(array), Some(blank)) =
        (none.downcast_iter().next(), one.downcast_iter().next().and_then(|array| array.views().first().copied()))
    else {
        return none;
    };
    let mut texts = array.clone().make_mut();
    texts.reserve(source.rows);
    for (row, span) in source.spans.enumerate() {
        if let Some(place) = plain(span) {
            let length = (place.end - place.start) as usize;
            let (low, high) = (word::load(bytes, place.start as usize), word::load(bytes, place.start as usize + 8));
            let (low, high) = (low & word::lowest(length), high & word::lowest(length.saturating_sub(8)));
            let mut view = blank;
            (view.length, view.prefix, view.buffer_idx, view.offset) =
                (length as u32, low as u32, (low >> 32) as u32, high as u32);
            texts.push_view(view, &[]);
            continue;
        }
        match (source.cell)(span) {
            Cell::Null => texts.push_null(),
            Cell::Empty => texts.push_value(""),
            Cell::Text(text) => texts.push_value(text),
            Cell::Owned(text) => texts.push_value(text.as_str()),
            Cell::Broken => {
                unfit(row);
                texts.push_null();
            }
        }
    }
    StringChunked::with_chunk(name, texts.freeze())
}

/// The most bytes of a text that is kept within its view.
pub(super) const SHORT: usize = 12;
