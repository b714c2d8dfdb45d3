//! A view of an answer: which of its rows are shown, and in which order. The question and its answer stay as they are.

use std::cmp::Ordering;

use polars::prelude::*;

use crate::data::zone::Zone;
use crate::data::{Fault, Result, cell, time};
use crate::query::order;

/// How the values of a column are compared with a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    #[default]
    Contains,
    Equals,
    AtLeast,
    AtMost,
}

/// Which rows are shown, by one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub column: String,
    pub comparison: Comparison,
    pub text: String,
}

/// What is shown of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowsView {
    /// Columns and whether each descends; the first decides.
    pub sort: Vec<(String, bool)>,
    /// All of them hold.
    pub filters: Vec<Filter>,
    /// Some column contains this.
    pub find: String,
    /// In which zone times are shown, sought and compared with.
    pub zone: Zone,
}

impl Comparison {
    pub const ALL: [Self; 4] = [Self::Contains, Self::Equals, Self::AtLeast, Self::AtMost];

    pub fn word(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::Equals => "=",
            Self::AtLeast => "≥",
            Self::AtMost => "≤",
        }
    }
}

impl RowsView {
    /// Whether every row is shown where it stands.
    pub fn is_plain(&self) -> bool {
        self.sort.is_empty() && !self.leaves_out()
    }

    /// Whether it may show fewer rows than there are.
    pub fn leaves_out(&self) -> bool {
        !self.filters.is_empty() || !self.find.trim().is_empty()
    }

    /// The numbers of the rows that are shown, in order. `check` fails once nobody wants to know any more.
    ///
    /// # Errors
    /// When a filter does not fit its column, or `check` fails.
    pub fn rows(&self, frame: &DataFrame, check: &dyn Fn() -> Result<()>) -> Result<Vec<IdxSize>> {
        let mut kept: Option<Vec<bool>> = None;
        for filter in &self.filters {
            let column = frame.column(&filter.column)?;
            let test = Test::new(filter, column.dtype(), self.zone)?;
            keep(&mut kept, column, (&test, self.zone), check)?;
        }
        if !self.find.trim().is_empty() {
            let (comparison, text) = (Comparison::Contains, self.find.clone());
            let filter = Filter { column: String::new(), comparison, text };
            let mut found = vec![false; frame.height()];
            for column in frame.columns() {
                let test = Test::new(&filter, column.dtype(), self.zone)?;
                each(column, check, |row, value| {
                    if let Some(found) = found.get_mut(row) {
                        *found = *found || test.fits(value, self.zone);
                    }
                })?;
            }
            let both = |kept: Vec<bool>| kept.iter().zip(&found).map(|(a, b)| *a && *b).collect();
            kept = Some(kept.map_or_else(|| found.clone(), both));
        }
        let rows: Vec<IdxSize> = match kept {
            Some(kept) => (0..).zip(kept).filter_map(|(row, kept)| kept.then_some(row)).collect(),
            None => (0..).take(frame.height()).collect(),
        };
        check()?;
        self.ordered(frame, rows)
    }

    fn ordered(&self, frame: &DataFrame, rows: Vec<IdxSize>) -> Result<Vec<IdxSize>> {
        let numbers = IdxCa::from_vec("".into(), rows);
        let mut by = Vec::new();
        for (name, descends) in &self.sort {
            by.push((frame.column(name)?.take(&numbers)?, *descends, false));
        }
        let numbers = match order::sorted(numbers.len(), by)? {
            Some(order) => numbers.into_series().take(&order)?.idx()?.clone(),
            None => numbers,
        };
        Ok(numbers.into_no_null_iter().collect())
    }
}

/// Rows between two looks at whether to go on.
const LOOK: usize = 1 << 14;

fn each(column: &Column, check: &dyn Fn() -> Result<()>, mut look: impl FnMut(usize, &AnyValue<'_>)) -> Result<()> {
    let whole = column.as_materialized_series().rechunk();
    for (row, value) in whole.iter().enumerate() {
        if row % LOOK == 0 {
            check()?;
        }
        look(row, &value);
    }
    Ok(())
}

/// Of the rows that are kept so far, keeps those that fit.
fn keep(
    kept: &mut Option<Vec<bool>>,
    column: &Column,
    (test, zone): (&Test, Zone),
    check: &dyn Fn() -> Result<()>,
) -> Result<()> {
    let kept = kept.get_or_insert_with(|| vec![true; column.len()]);
    each(column, check, |row, value| {
        if let Some(kept) = kept.get_mut(row) {
            *kept = *kept && test.fits(value, zone);
        }
    })
}

/// A filter made ready for the type of its column.
enum Test {
    /// In small letters.
    Has(String),
    Text(Comparison, String),
    Whole(Comparison, i128),
    Number(Comparison, f64),
    Time(Comparison, i64),
}

impl Test {
    fn new(filter: &Filter, dtype: &DataType, zone: Zone) -> Result<Self> {
        let (how, text) = (filter.comparison, filter.text.trim());
        let misfit = |wanted: &str, hint: &str| {
            Fault::new(format!("{text} is no {wanted}")).at(format!("filter of {}", filter.column)).hint(hint)
        };
        if how == Comparison::Contains {
            let text = if dtype.is_primitive_numeric() { text.replace(',', "") } else { text.to_lowercase() };
            return Ok(Self::Has(text));
        }
        // Nothing is compared with nothing; blanks are a text.
        let nothing = if dtype.is_string() { filter.text.is_empty() } else { text.is_empty() };
        if nothing && how == Comparison::Equals {
            return Ok(Self::Text(how, String::new()));
        }
        // As numbers are shown.
        let digits = text.replace(',', "");
        if dtype.is_integer()
            && let Ok(whole) = digits.parse()
        {
            return Ok(Self::Whole(how, whole));
        }
        if dtype.is_primitive_numeric() {
            let number = digits.parse().ok();
            return number.map(|number| Self::Number(how, number)).ok_or_else(|| misfit("number", "write it like 1.5"));
        }
        if matches!(dtype, DataType::Date | DataType::Datetime(..)) {
            // Dates are those of no zone.
            let zone = if *dtype == DataType::Date { Zone::Utc } else { zone };
            let at = |fault: Fault| fault.at(format!("filter of {}", filter.column));
            return zone.read(text).map(|time| Self::Time(how, time)).map_err(at);
        }
        Ok(Self::Text(how, filter.text.clone()))
    }

    fn fits(&self, value: &AnyValue<'_>, zone: Zone) -> bool {
        if value.is_null() {
            return matches!(self, Self::Text(Comparison::Equals, text) if text.is_empty());
        }
        let (how, order) = match self {
            Self::Has(text) => return cell::text(value, zone).to_lowercase().contains(text.as_str()),
            Self::Text(how, text) => (how, Some(cell::text(value, zone).as_ref().cmp(text.as_str()))),
            Self::Whole(how, whole) => (how, value.extract::<i128>().map(|value| value.cmp(whole))),
            Self::Number(how, number) => (how, value.extract::<f64>().and_then(|value| compared(value, *number))),
            Self::Time(how, at) => (how, time::value_micros(value).map(|value| value.cmp(at))),
        };
        order.is_some_and(|order| match how {
            Comparison::AtLeast => order != Ordering::Less,
            Comparison::AtMost => order != Ordering::Greater,
            Comparison::Equals | Comparison::Contains => order == Ordering::Equal,
        })
    }
}

/// The order of two numbers; what is no number is equal to itself alone.
fn compared(value: f64, with: f64) -> Option<Ordering> {
    if value.is_nan() && with.is_nan() { Some(Ordering::Equal) } else { value.partial_cmp(&with) }
}
