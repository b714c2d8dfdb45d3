//! The type of a column, from the values of a sample: every value narrows what is possible.
//! Where the values stand, and what a row is, is left to the formats.

use polars::prelude::{DataType, TimeUnit};

use super::value;

const BOOLEAN: u8 = 1;
const INTEGER: u8 = 2;
const FLOAT: u8 = 4;
const DATE: u8 = 8;
const DATETIME: u8 = 16;

/// What a column may still be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    may: u8,
    any: bool,
    /// A whole number did not fit 64 bits.
    over: bool,
}

impl Default for Guess {
    fn default() -> Self {
        Self { may: BOOLEAN | INTEGER | FLOAT | DATE | DATETIME, any: false, over: false }
    }
}

impl Guess {
    /// A value that may be anything, as in CSV.
    pub fn see(&mut self, text: &[u8]) {
        self.any = true;
        let text = text.trim_ascii();
        let mut keep = |bit: u8, holds: &dyn Fn() -> bool| {
            if self.may & bit != 0 && !holds() {
                self.may &= !bit;
            }
        };
        keep(BOOLEAN, &|| value::boolean(text).is_some());
        keep(INTEGER, &|| value::looks_integer(text));
        keep(FLOAT, &|| value::float(text).is_some());
        keep(DATE, &|| value::date(text).is_some());
        keep(DATETIME, &|| value::datetime(text, TimeUnit::Microseconds).is_some());
        self.over |= self.may & INTEGER != 0 && value::integer(text).is_none();
    }

    /// A JSON string: it may be a time, never a number.
    pub fn see_string(&mut self, text: &[u8]) {
        self.may &= DATE | DATETIME;
        self.see(text);
    }

    /// Something that can only be kept as text.
    pub fn see_text(&mut self) {
        self.any = true;
        self.may = 0;
    }

    /// Whether the values seen have a type other than text.
    pub fn typed(self) -> bool {
        self.any && self.may != 0
    }

    /// The settled type. Without any value: text. Whole numbers beyond 64 bits stay text, so that no digit is lost.
    pub fn dtype(self) -> DataType {
        if !self.any {
            return DataType::String;
        }
        let has = |bit| self.may & bit != 0;
        if has(BOOLEAN) {
            DataType::Boolean
        } else if has(INTEGER) {
            if self.over { DataType::String } else { DataType::Int64 }
        } else if has(FLOAT) {
            DataType::Float64
        } else if has(DATE) {
            DataType::Date
        } else if has(DATETIME) {
            DataType::Datetime(TimeUnit::Microseconds, None)
        } else {
            DataType::String
        }
    }
}
