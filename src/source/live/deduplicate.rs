//! Messages that are numbered by one of their fields: one that a server sends again, as some do at each connection, is
//! the same row and counted once; numbers that are left out say how many are missing.

use polars::prelude::{BooleanChunked, DataFrame, DataType, PlSmallStr, Schema};

use crate::data::{Fault, Result};

/// Knows by their numbers which rows came before.
#[derive(Debug)]
pub struct Deduplicator {
    column: PlSmallStr,
    /// Where the field is in a decoded frame, and whether it is there only for this.
    at: usize,
    extra: bool,
    last: Option<i64>,
    wrong: Option<Fault>,
}

/// What the numbers of some rows tell: how many rows came again, and how many are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbered {
    /// Rows that came again, and are not handed out.
    pub repeated: u64,
    /// Numbers that were left out.
    pub missing: u64,
    /// The largest number so far.
    pub last: Option<i64>,
}

impl Deduplicator {
    pub fn new(column: &str) -> Self {
        Self { column: column.into(), at: 0, extra: false, last: None, wrong: None }
    }

    /// Goes on after this number.
    pub fn after(&mut self, last: i64) {
        self.last = Some(last);
    }

    /// The columns to decode where these are wanted.
    pub fn project(&mut self, schema: &Schema, columns: &[usize]) -> Vec<usize> {
        let mut columns = columns.to_vec();
        let fault =
            |what: String| Fault::new(what).hint("name a field of the messages that counts them, with number=FIELD");
        match schema.get_full(self.column.as_str()) {
            None => {
                self.wrong = Some(fault(format!("its messages have no field '{}' that could number them", self.column)))
            }
            Some((_, _, dtype)) if !dtype.is_integer() => {
                self.wrong = Some(fault(format!(
                    "the field '{}' holds no whole numbers (it is {dtype}), so it cannot number messages",
                    self.column
                )));
            }
            Some((index, ..)) => {
                let place = columns.iter().position(|column| *column == index);
                self.extra = place.is_none();
                self.at = place.unwrap_or(columns.len());
                columns.extend(self.extra.then_some(index));
            }
        }
        columns
    }

    /// The rows that did not come before. A row without a number is a row of its own.
    ///
    /// # Errors
    /// When the field is not there, or holds no numbers.
    pub fn own(&mut self, mut frame: DataFrame) -> Result<(DataFrame, Numbered)> {
        if let Some(fault) = &self.wrong {
            return Err(fault.clone());
        }
        let mut said = Numbered::default();
        let Some(column) = frame.columns().get(self.at) else { return Ok((frame, said)) };
        let numbers = column.cast(&DataType::Int64)?;
        let mut take = |number: Option<i64>| {
            let (Some(number), last) = (number, self.last) else { return true };
            if let Some(last) = last {
                if number <= last {
                    said.repeated += 1;
                    return false;
                }
                said.missing += number.abs_diff(last) - 1;
            }
            self.last = Some(number);
            true
        };
        let fresh: BooleanChunked = numbers.i64()?.iter().map(|number| Some(take(number))).collect();
        said.last = self.last;
        if said.repeated > 0 {
            frame = frame.filter(&fresh)?;
        }
        if self.extra {
            // Without any column left the number of rows is all there is.
            let height = frame.height();
            let columns = frame.columns().iter().filter(|column| *column.name() != self.column).cloned().collect();
            frame = DataFrame::new(height, columns)?;
        }
        Ok((frame, said))
    }
}
