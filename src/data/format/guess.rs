//! The type of a column, from the values of a sample: every value narrows what is possible, but for a few that are
//! garbage. Where the values stand, and what a row is, is left to the formats.

use polars::prelude::{DataType, TimeUnit};

use super::{datetime, value};

const BOOLEAN: u8 = 1;
const INTEGER: u8 = 2;
const FLOAT: u8 = 4;
const DATE: u8 = 8;
const DATETIME: u8 = 16;

const ALL: u8 = BOOLEAN | INTEGER | FLOAT | DATE | DATETIME;

/// From so many values on, one in twenty may be odd: the column has the type of the others, and those cells are null.
const ENOUGH: u32 = 20;
const ODD_ONE_IN: u32 = 20;
/// More odd values than this are no accident.
const MOST_ODD: usize = 16;

/// What a column may still be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    /// What all values are that are not odd.
    may: u8,
    values: u32,
    /// Values that are text and nothing else: their number and, to see whether one comes again, their checksums.
    odd: u32,
    seen: [u32; MOST_ODD],
    /// An odd value came twice, such as 'n/a': that is how the column writes it, and no accident.
    usual: bool,
    /// A whole number did not fit 64 bits.
    over: bool,
    /// How all values may be read as numbers with commas, and whether one has a comma.
    commas: u8,
    comma: bool,
}

/// How numbers with commas are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commas {
    /// `1,5`
    Decimal,
    /// `1,234,567.8`
    Thousands,
    /// `1.234.567,8`
    DecimalAfterPoints,
}

const DECIMAL: u8 = 1;
const THOUSANDS: u8 = 2;
const AFTER_POINTS: u8 = 4;

impl Commas {
    pub fn words(self) -> &'static str {
        match self {
            Self::Decimal => "a decimal comma",
            Self::Thousands => "commas between thousands",
            Self::DecimalAfterPoints => "points between thousands and a decimal comma",
        }
    }
}

/// In which of these ways a value may be read.
fn commas(text: &[u8]) -> u8 {
    let text = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    // Threes of digits, the first group shorter or alone; then a fraction.
    let reads = |between: Option<u8>, point: u8| {
        let (whole, fraction) = text
            .iter()
            .position(|b| *b == point)
            .map_or((text, None), |at| (text.get(..at).unwrap_or_default(), text.get(at + 1..)));
        let mut groups = whole.split(|b| Some(*b) == between);
        let first = groups.next().unwrap_or_default();
        let rest: Vec<&[u8]> = groups.collect();
        let threes =
            rest.iter().all(|group| group.len() == 3 && digits(group)) && (rest.is_empty() || first.len() <= 3);
        digits(first) && threes && fraction.is_none_or(digits)
    };
    let way = |reads: bool, bit: u8| if reads { bit } else { 0 };
    way(reads(None, b','), DECIMAL)
        | way(reads(Some(b','), b'.'), THOUSANDS)
        | way(reads(Some(b'.'), b','), AFTER_POINTS)
}

impl Default for Guess {
    fn default() -> Self {
        Self {
            may: ALL,
            values: 0,
            odd: 0,
            seen: [0; MOST_ODD],
            usual: false,
            over: false,
            commas: DECIMAL | THOUSANDS | AFTER_POINTS,
            comma: false,
        }
    }
}

impl Guess {
    /// A value that may be anything, as in CSV.
    pub fn see(&mut self, text: &[u8]) {
        self.see_as(text, ALL);
    }

    /// A JSON string: it may be a time, never a number.
    pub fn see_string(&mut self, text: &[u8]) {
        self.see_as(text, DATE | DATETIME);
    }

    /// Something that can only be kept as text.
    pub fn see_text(&mut self) {
        self.values = self.values.saturating_add(1);
        self.may = 0;
    }

    fn see_as(&mut self, text: &[u8], allowed: u8) {
        self.values = self.values.saturating_add(1);
        let text = text.trim_ascii();
        if self.commas != 0 {
            self.commas &= commas(text);
            self.comma |= text.contains(&b',');
        }
        let is = |bit: u8| match bit {
            BOOLEAN => value::boolean(text).is_some(),
            INTEGER => value::looks_integer(text),
            FLOAT => value::float(text).is_some(),
            DATE => datetime::date(text).is_some(),
            _ => datetime::datetime(text, TimeUnit::Microseconds).is_some(),
        };
        let among = |bits: u8| {
            [BOOLEAN, INTEGER, FLOAT, DATE, DATETIME]
                .into_iter()
                .filter(|bit| bits & bit != 0 && is(*bit))
                .fold(0, |all, bit| all | bit)
        };
        let kept = among(self.may & allowed);
        if kept != 0 {
            self.may = kept;
            self.over |= kept & INTEGER != 0 && value::integer(text).is_none();
        } else if self.may != 0 {
            if among(allowed & !self.may) != 0 {
                // Of another type: no accident.
                self.may = 0;
            } else {
                self.see_odd(text);
            }
        }
    }

    fn see_odd(&mut self, text: &[u8]) {
        let sum = crc32fast::hash(text);
        let count = self.odd as usize;
        self.usual |= self.seen.iter().take(count).any(|seen| *seen == sum);
        match self.seen.get_mut(count) {
            Some(place) => *place = sum,
            None => self.usual = true,
        }
        self.odd = self.odd.saturating_add(1);
    }

    /// What the column may be, a few odd values left aside.
    fn settled(self) -> u8 {
        let accident = self.values >= ENOUGH && !self.usual && self.odd <= self.values / ODD_ONE_IN;
        if self.odd == 0 || accident { self.may } else { 0 }
    }

    /// Whether the values seen have a type other than text.
    pub fn typed(self) -> bool {
        self.values > 0 && self.settled() != 0
    }

    /// How its texts can be read as numbers, where all of them can, and commas are why they are texts.
    pub fn commas(self) -> Option<Commas> {
        if !self.comma || self.dtype() != DataType::String {
            return None;
        }
        // `1,234` alone may be either: threes are thousands.
        [(THOUSANDS, Commas::Thousands), (DECIMAL, Commas::Decimal), (AFTER_POINTS, Commas::DecimalAfterPoints)]
            .into_iter()
            .find_map(|(bit, commas)| (self.commas & bit != 0).then_some(commas))
    }

    /// The settled type. Without any value: text. Whole numbers beyond 64 bits stay text, so that no digit is lost.
    pub fn dtype(self) -> DataType {
        if self.values == 0 {
            return DataType::String;
        }
        let may = self.settled();
        let has = |bit| may & bit != 0;
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
