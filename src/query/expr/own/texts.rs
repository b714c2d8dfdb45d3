//! Functions of texts.

use polars::prelude::*;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{Arguments, OwnFunction, TEXT, WHOLE, own, text, whole};

pub(super) const OWN: &[OwnFunction] = &[
    own(&["repeat"], &[TEXT, WHOLE], text, repeat).told("repeat(text, 3)", "so many times"),
    own(&["unicode", "ord"], &[TEXT], whole, |a| code(a, -1)).told("unicode(text)", "the number of its first letter"),
    own(&["ascii"], &[TEXT], whole, |a| code(a, 0)).told("ascii(text)", "the number of its first letter"),
    own(&["chr"], &[WHOLE], text, letter).told("chr(65)", "the letter with a number"),
    own(&["translate"], &[TEXT, TEXT, TEXT], text, translate).told("translate(text, 'ab', 'xy')", "letter by letter"),
    own(&[POSITION, "strpos", "instr"], &[TEXT, TEXT], whole, position)
        .told("strpos(text, 'a')", "where it stands, from 1; 0 where it does not"),
    own(&[SUBSTRING, "substr", "substring"], &[TEXT, WHOLE, WHOLE], text, substring)
        .least(2)
        .told("substr(text, 1, 3)", "from a letter on, so many"),
    own(&["strip_accents"], &[TEXT], text, strip_accents).told("strip_accents(text)", "without accents"),
    own(&["nfc_normalize"], &[TEXT], text, nfc).told("nfc_normalize(text)", "each letter in one way"),
];

/// Where a part stands in a text, in letters from 1; 0 where it does not.
pub(in crate::query::expr) const POSITION: &str = "__position";
/// The letters from a place on, from 1 or, where that is negative, from the end; all of them or so many.
pub(in crate::query::expr) const SUBSTRING: &str = "__substring";

/// The longest text that is made, bytes.
pub(super) const MOST: usize = 1 << 24;

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
        // Of a negative number the letters before that place.
        let (start, end) = if end < start { (end, start) } else { (start, end) };
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

fn code(a: &Arguments<'_>, none: i64) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    Ok(a.each(|row| texts.get(row).map(|text| text.chars().next().map_or(none, |c| i64::from(u32::from(c))))))
}

fn letter(a: &Arguments<'_>) -> PolarsResult<Column> {
    let codes = a.whole(0)?;
    let mut wrong = None;
    let column = a.each(|row| {
        let code = codes.get(row)?;
        let letter = u32::try_from(code).ok().and_then(char::from_u32);
        wrong = wrong.or_else(|| letter.is_none().then_some(code));
        letter.map(String::from)
    });
    wrong.map_or(
        Ok(column),
        |code| polars_bail!(ComputeError: "there is no letter {}; letters have the numbers 0 to 1114111", code),
    )
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

fn strip_accents(a: &Arguments<'_>) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    let bare = |text: &str| text.nfd().filter(|letter| !is_combining_mark(*letter)).collect::<String>();
    Ok(a.each(|row| texts.get(row).map(bare)))
}

fn nfc(a: &Arguments<'_>) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    Ok(a.each(|row| texts.get(row).map(|text| text.nfc().collect::<String>())))
}
