//! Times read from text by a pattern: `strptime('31/01/24', '%d/%m/%y')`.

use polars::prelude::*;

use super::strftime::{DAYS, MONTHS, Piece, pieces};
use super::{Arguments, OwnFunction, TEXT, own, time};
use crate::data::time::{civil, days_to};

pub(super) const OWN: &[OwnFunction] = &[
    own(&["strptime"], &[TEXT, TEXT], time, |a| strptime(a, false))
        .told("strptime(text, '%d/%m/%Y')", "a time read from a text"),
    own(&["try_strptime"], &[TEXT, TEXT], time, |a| strptime(a, true))
        .told("try_strptime(text, '%d/%m/%Y')", "the same, null where it cannot be read"),
];

fn strptime(a: &Arguments<'_>, gentle: bool) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    let pattern = a.constant(1)?;
    let pieces = pattern.as_deref().map_or(Ok(Vec::new()), pieces)?;
    let of_weeks = pieces.iter().find_map(|piece| match piece {
        Piece::Part(letter @ ('U' | 'W' | 'G' | 'V' | 'Z' | 'u' | 'w'), _) => Some(*letter),
        _ => None,
    });
    if let Some(letter) = of_weeks {
        polars_bail!(ComputeError: "strptime does not read '%{}'; weeks and zones' names are only written", letter);
    }
    let mut wrong = None;
    let column = a.each(|row| {
        let (text, pattern) = (texts.get(row)?, pattern.as_deref()?);
        let read = Reading { rest: text.trim_matches(' '), ..Reading::new() }.read(&pieces);
        if read.is_none() && !gentle {
            wrong.get_or_insert_with(|| format!("'{text}' does not read as '{pattern}'; try_strptime gives null then"));
        }
        read
    });
    match wrong {
        Some(what) => polars_bail!(ComputeError: "{}", what),
        None => column.cast(&time(&[])),
    }
}

/// What was read so far.
struct Reading<'a> {
    rest: &'a str,
    year: i64,
    month: i64,
    day: i64,
    day_of_year: Option<i64>,
    hour: i64,
    /// Half a day later.
    afternoon: Option<bool>,
    minute: i64,
    second: i64,
    micros: i64,
    /// How far the clock is ahead of UTC, minutes.
    ahead: i64,
}

impl<'a> Reading<'a> {
    fn new() -> Self {
        Self {
            rest: "",
            year: 1_900,
            month: 1,
            day: 1,
            day_of_year: None,
            hour: 0,
            afternoon: None,
            minute: 0,
            second: 0,
            micros: 0,
            ahead: 0,
        }
    }

    fn read(mut self, pieces: &[Piece]) -> Option<i64> {
        for piece in pieces {
            match piece {
                // As many spaces as stand there.
                Piece::Plain(' ') => self.rest = self.rest.trim_start_matches(' '),
                Piece::Plain(c) => self.rest = self.rest.strip_prefix(*c)?,
                Piece::Part(letter, _) => self.part(*letter)?,
            }
        }
        if !self.rest.is_empty() {
            return None;
        }
        let days = days_to(self.year, self.month, self.day);
        let days = match self.day_of_year {
            Some(of_year) => {
                let days = days_to(self.year, 1, 1) + of_year - 1;
                (civil(days).0 == self.year).then_some(days)?
            }
            None => (civil(days) == (self.year, self.month as u32, self.day as u32)).then_some(days)?,
        };
        let hour = match self.afternoon {
            Some(_) if !(1..=12).contains(&self.hour) => return None,
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
            None => self.hour,
        };
        let minutes = (days * 24 + hour) * 60 + self.minute - self.ahead;
        (minutes * 60 + self.second).checked_mul(1_000_000)?.checked_add(self.micros)
    }

    fn part(&mut self, letter: char) -> Option<()> {
        match letter {
            'Y' => self.year = self.number(4, 0..=9_999)?,
            'y' => {
                let year = self.number(2, 0..=99)?;
                self.year = year + if year < 69 { 2_000 } else { 1_900 };
            }
            'm' => self.month = self.number(2, 1..=12)?,
            'b' | 'h' => self.month = self.name(&MONTHS, true)? + 1,
            'B' => self.month = self.name(&MONTHS, false)? + 1,
            'd' => self.day = self.number(2, 1..=31)?,
            'j' => self.day_of_year = Some(self.number(3, 1..=366)?),
            'a' => drop(self.name(&DAYS, true)?),
            'A' => drop(self.name(&DAYS, false)?),
            'H' => self.hour = self.number(2, 0..=23)?,
            'I' => self.hour = self.number(2, 1..=12)?,
            'p' => {
                let (word, rest) = self.rest.split_at_checked(2)?;
                self.afternoon = Some(match word.to_ascii_uppercase().as_str() {
                    "AM" => false,
                    "PM" => true,
                    _ => return None,
                });
                self.rest = rest;
            }
            'M' => self.minute = self.number(2, 0..=59)?,
            'S' => self.second = self.number(2, 0..=59)?,
            'f' => self.micros = self.fraction(6)?,
            'g' => self.micros = self.fraction(3)?,
            'n' => self.micros = self.fraction(9)?,
            _ => self.ahead = self.offset()?,
        }
        Some(())
    }

    fn digits(&mut self, most: usize) -> Option<&'a str> {
        let length = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(length).filter(|(digits, _)| !digits.is_empty())?;
        self.rest = rest;
        Some(digits)
    }

    fn number(&mut self, digits: usize, within: std::ops::RangeInclusive<i64>) -> Option<i64> {
        self.digits(digits)?.parse().ok().filter(|number| within.contains(number))
    }

    /// Microseconds, from so many digits of a second or fewer.
    fn fraction(&mut self, most: usize) -> Option<i64> {
        let digits = self.digits(most)?;
        format!("{digits:0<9}").parse::<i64>().ok().map(|nanos| nanos / 1_000)
    }

    /// Which of some names stands here, or of their first three letters.
    fn name(&mut self, names: &[&str], short: bool) -> Option<i64> {
        let starts = |name: &&&str| {
            let name = if short { &name[..3] } else { **name };
            self.rest.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name))
        };
        let (at, name) = (0_i64..).zip(names).find(|(_, name)| starts(name))?;
        self.rest = self.rest.get(if short { 3 } else { name.len() }..)?;
        Some(at)
    }

    /// `+02`, `-0530`, `+05:30` or `Z`, in minutes.
    fn offset(&mut self) -> Option<i64> {
        if let Some(rest) = self.rest.strip_prefix(['Z', 'z']) {
            self.rest = rest;
            return Some(0);
        }
        let sign = match self.rest.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        self.rest = &self.rest[1..];
        if !self.rest.get(..2)?.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let hours = self.number(2, 0..=23)?;
        let more = self.rest.strip_prefix(':').unwrap_or(self.rest);
        let minutes = match more.starts_with(|c: char| c.is_ascii_digit()) {
            true => {
                self.rest = more;
                self.number(2, 0..=59)?
            }
            false => 0,
        };
        Some(sign * (hours * 60 + minutes))
    }
}
