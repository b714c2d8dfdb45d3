//! Whole numbers as times: seconds, milli-, micro- or nanoseconds since 1970, told apart by their size.

use super::time::{Micros, days_to};

/// The unit of a whole number since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochUnit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl EpochUnit {
    /// The unit of a number, told by its size (the year 5138 in seconds is 1973 in milliseconds).
    fn of(number: i64) -> Self {
        match number.unsigned_abs() {
            0..100_000_000_000 => Self::Seconds,
            100_000_000_000..100_000_000_000_000 => Self::Millis,
            100_000_000_000_000..100_000_000_000_000_000 => Self::Micros,
            _ => Self::Nanos,
        }
    }

    /// The unit in which a number is a time of the years 1990 to 2100, if there is one.
    pub fn plausible(number: i64) -> Option<Self> {
        const FROM: Micros = days_to(1990, 1, 1) * 86_400_000_000;
        const UNTIL: Micros = days_to(2101, 1, 1) * 86_400_000_000;
        let unit = Self::of(number);
        unit.micros(number).filter(|at| (FROM..UNTIL).contains(at)).map(|_| unit)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Millis => "ms",
            Self::Micros => "µs",
            Self::Nanos => "ns",
        }
    }

    /// A number of this unit as a time.
    fn micros(self, number: i64) -> Option<Micros> {
        match self {
            Self::Seconds => number.checked_mul(1_000_000),
            Self::Millis => number.checked_mul(1_000),
            Self::Micros => Some(number),
            Self::Nanos => Some(number.div_euclid(1_000)),
        }
    }

    /// The first number of this unit that is no earlier than a time.
    pub fn number(self, at: Micros) -> i64 {
        let up = |unit: i64| at.div_euclid(unit).saturating_add(i64::from(at.rem_euclid(unit) != 0));
        match self {
            Self::Seconds => up(1_000_000),
            Self::Millis => up(1_000),
            Self::Micros => at,
            Self::Nanos => at.saturating_mul(1_000),
        }
    }
}

/// A whole number as a time: its size tells its unit.
pub fn micros(number: i64) -> Option<Micros> {
    EpochUnit::of(number).micros(number)
}
