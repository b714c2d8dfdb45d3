//! Functions of texts.

use polars::prelude::*;

use super::{Arguments, OwnFunction, text, truth, whole};

pub(super) const OWN: &[OwnFunction] = &[
    OwnFunction { names: &["repeat"], takes: 2..=2, output: text, of: repeat },
    OwnFunction { names: &["ascii", "ord", "unicode"], takes: 1..=1, output: whole, of: code },
    OwnFunction { names: &["chr"], takes: 1..=1, output: text, of: letter },
    OwnFunction { names: &["levenshtein", "editdist3"], takes: 2..=2, output: whole, of: levenshtein },
    OwnFunction { names: &["translate"], takes: 3..=3, output: text, of: translate },
    OwnFunction { names: &["format"], takes: 1..=32, output: text, of: format },
    OwnFunction { names: &[POSITION], takes: 2..=2, output: whole, of: position },
    OwnFunction { names: &[SUBSTRING], takes: 2..=3, output: text, of: substring },
    OwnFunction { names: &[TRUTH], takes: 1..=1, output: truth, of: truth_of },
];

/// A text as a truth value: what a cast means.
pub(in crate::query::expr) const TRUTH: &str = "__truth";

/// Where a part stands in a text, in letters from 1; 0 where it does not.
pub(in crate::query::expr) const POSITION: &str = "__position";
/// The letters from a place on, from 1 or, where that is negative, from the end; all of them or so many.
pub(in crate::query::expr) const SUBSTRING: &str = "__substring";

/// The longest text that is made, bytes.
const MOST: usize = 1 << 24;

fn position(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (texts, parts) = (a.texts(0)?, a.texts(1)?);
    Ok(a.each(|row| {
        let (text, part) = (texts.get(row)?, parts.get(row)?);
        let before = text.find(part).and_then(|at| text.get(..at));
        Some(before.map_or(0, |before| before.chars().count() as i64 + 1))
    }))
}

fn substring(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (texts, from, most) = (a.texts(0)?, a.whole(1)?, a.whole(2)?);
    let bounded = a.len() > 2;
    Ok(a.each(|row| {
        let (text, from) = (texts.get(row)?, from.get(row)?);
        let start = if from < 0 { text.chars().count() as i64 + 1 + from } else { from };
        let end = if bounded { start.saturating_add(most.get(row)?) } else { i64::MAX };
        let letters = text.chars().zip(1_i64..).filter(|(_, place)| (start..end).contains(place));
        Some(letters.map(|(letter, _)| letter).collect::<String>())
    }))
}

fn repeat(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (texts, times) = (a.texts(0)?, a.whole(1)?);
    let mut too_long = false;
    let column = a.each(|row| {
        let (text, times) = (texts.get(row)?, usize::try_from(times.get(row)?).unwrap_or(0));
        too_long |= text.len().saturating_mul(times) > MOST;
        (!too_long).then(|| text.repeat(times))
    });
    polars_ensure!(!too_long, ComputeError: "repeat makes a text of more than {} bytes", MOST);
    Ok(column)
}

fn code(a: &Arguments<'_>) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    Ok(a.each(|row| texts.get(row).map(|text| text.chars().next().map_or(0, |c| i64::from(u32::from(c))))))
}

fn letter(a: &Arguments<'_>) -> PolarsResult<Column> {
    let codes = a.whole(0)?;
    Ok(a.each(|row| u32::try_from(codes.get(row)?).ok().and_then(char::from_u32).map(String::from)))
}

fn levenshtein(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (one, other) = (a.texts(0)?, a.texts(1)?);
    Ok(a.each(|row| Some(distance(one.get(row)?.as_bytes(), other.get(row)?.as_bytes()))))
}

/// How many bytes are put in, taken out or replaced on the way from one text to another (Wagner and Fischer 1974).
fn distance(one: &[u8], other: &[u8]) -> i64 {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().map_or(0, |steps| *steps as i64)
}

fn translate(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (texts, from, to) = (a.texts(0)?, a.texts(1)?, a.texts(2)?);
    Ok(a.each(|row| {
        let (from, to): (Vec<char>, Vec<char>) = (from.get(row)?.chars().collect(), to.get(row)?.chars().collect());
        let letter = |c: char| match from.iter().position(|known| *known == c) {
            Some(at) => to.get(at).copied(),
            None => Some(c),
        };
        Some(texts.get(row)?.chars().filter_map(letter).collect::<String>())
    }))
}

/// `{}` stands for the next argument.
fn format(a: &Arguments<'_>) -> PolarsResult<Column> {
    let parts = (0..a.len()).map(|at| a.texts(at)).collect::<PolarsResult<Vec<_>>>()?;
    let mut wrong = false;
    let column = a.each(|row| {
        let mut made = String::new();
        let mut pieces = parts.first()?.get(row)?.split("{}");
        made.push_str(pieces.next()?);
        let mut rest = parts.iter().skip(1);
        for piece in pieces {
            match rest.next() {
                Some(part) => made.push_str(part.get(row)?),
                None => wrong = true,
            }
            made.push_str(piece);
        }
        wrong |= made.contains(['{', '}']) && parts.first()?.get(row)?.replace("{}", "").contains(['{', '}']);
        Some(made)
    });
    polars_ensure!(!wrong, ComputeError: "format takes {{}} for each value, and nothing more in braces");
    Ok(column)
}

fn truth_of(a: &Arguments<'_>) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    let mut wrong = None;
    let column = a.each(|row| {
        let text = texts.get(row)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" | "yes" | "y" => Some(true),
            "false" | "f" | "0" | "no" | "n" => Some(false),
            _ => {
                wrong.get_or_insert_with(|| text.to_owned());
                None
            }
        }
    });
    match wrong {
        Some(text) => polars_bail!(ComputeError: "'{}' is neither true nor false", text),
        None => Ok(column),
    }
}
