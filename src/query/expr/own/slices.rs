//! Functions that take a piece of a text, or put something around it; letters are Unicode's.

use polars::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::{Arguments, OwnFunction, TEXT, WHOLE, own, text, truth, whole};

pub(super) const OWN: &[OwnFunction] = &[
    own(&["left"], &[TEXT, WHOLE], text, |a| cut(a, true)).told("left(text, 2)", "its first letters"),
    own(&["right"], &[TEXT, WHOLE], text, |a| cut(a, false)).told("right(text, 2)", "its last letters"),
    own(&["lpad"], &[TEXT, WHOLE, TEXT], text, |a| pad(a, true)).told("lpad(text, 8, '0')", "filled up on the left"),
    own(&["rpad"], &[TEXT, WHOLE, TEXT], text, |a| pad(a, false)).told("rpad(text, 8, ' ')", "filled up on the right"),
    own(&["trim"], &[TEXT, TEXT], text, |a| trim(a, true, true))
        .least(1)
        .told("trim(text)", "without spaces around it"),
    own(&["ltrim"], &[TEXT, TEXT], text, |a| trim(a, true, false))
        .least(1)
        .told("ltrim(text)", "without spaces before it"),
    own(&["rtrim"], &[TEXT, TEXT], text, |a| trim(a, false, true))
        .least(1)
        .told("rtrim(text)", "without spaces after it"),
    own(&["reverse"], &[TEXT], text, reverse).told("reverse(text)", "backwards"),
    own(&["upper", "ucase"], &[TEXT], text, upper).told("upper(text)", "in capitals"),
    own(&["lower", "lcase"], &[TEXT], text, lower).told("lower(text)", "in small letters"),
    own(&["starts_with", "prefix"], &[TEXT, TEXT], truth, |a| holds(a, |text, part| text.starts_with(part)))
        .told("starts_with(text, 'a')", "whether it begins so"),
    own(&["ends_with", "suffix"], &[TEXT, TEXT], truth, |a| holds(a, |text, part| text.ends_with(part)))
        .told("ends_with(text, 'a')", "whether it ends so"),
    own(&["contains"], &[TEXT, TEXT], truth, |a| holds(a, |text, part| text.contains(part)))
        .told("contains(text, 'a')", "whether that is in it"),
    own(&["strlen"], &[TEXT], whole, |a| size(a, 1)).told("strlen(text)", "how many bytes"),
    own(&["bit_length"], &[TEXT], whole, |a| size(a, 8)).told("bit_length(text)", "how many bits"),
    own(&["length", "len", "char_length", "character_length"], &[TEXT], whole, letters)
        .told("length(text)", "how many letters"),
    own(&["split_part"], &[TEXT, TEXT, WHOLE], text, split_part)
        .told("split_part(text, ',', 1)", "a piece between two signs"),
    own(&["replace"], &[TEXT, TEXT, TEXT], text, replace).told("replace(text, 'a', 'b')", "one text for another"),
];

/// The byte at which the letter with a number stands, or the end.
fn at(text: &str, letter: usize) -> usize {
    text.char_indices().nth(letter).map_or(text.len(), |(at, _)| at)
}

/// So many letters from one end; where the number is negative, all but so many.
fn cut(a: &Arguments<'_>, left: bool) -> PolarsResult<Column> {
    let (texts, numbers) = (a.texts(0)?, a.whole(1)?);
    Ok(a.each(|row| {
        let (text, wanted) = (texts.get(row)?, numbers.get(row)?);
        let all = text.chars().count();
        let many = usize::try_from(wanted.unsigned_abs()).unwrap_or(usize::MAX);
        let taken = if wanted < 0 { all.saturating_sub(many) } else { many.min(all) };
        let (start, end) = text.split_at(at(text, if left { taken } else { all - taken }));
        Some(if left { start } else { end }.to_owned())
    }))
}

fn pad(a: &Arguments<'_>, left: bool) -> PolarsResult<Column> {
    let (texts, sizes, fills) = (a.texts(0)?, a.whole(1)?, a.texts(2)?);
    let mut wrong = None;
    let column = a.each(|row| {
        let (text, size, fill) = (texts.get(row)?, usize::try_from(sizes.get(row)?).unwrap_or(0), fills.get(row)?);
        let letters = text.chars().count();
        if letters >= size {
            return Some(text[..at(text, size)].to_owned());
        }
        if fill.is_empty() || size > super::texts::MOST {
            wrong = Some(if fill.is_empty() { "what fills up is empty" } else { "that many letters are too many" });
            return None;
        }
        let filled: String = fill.chars().cycle().take(size - letters).collect();
        Some(if left { filled + text } else { text.to_owned() + &filled })
    });
    wrong.map_or(Ok(column), |what| polars_bail!(ComputeError: "{}", what))
}

fn trim(a: &Arguments<'_>, start: bool, end: bool) -> PolarsResult<Column> {
    let (texts, signs) = (a.texts(0)?, if a.len() > 1 { Some(a.texts(1)?) } else { None });
    Ok(a.each(|row| {
        let mut text = texts.get(row)?;
        let signs = signs.as_ref().map_or(Some(" "), |signs| signs.get(row))?;
        let unwanted = |c: char| signs.contains(c);
        text = if start { text.trim_start_matches(unwanted) } else { text };
        text = if end { text.trim_end_matches(unwanted) } else { text };
        Some(text.to_owned())
    }))
}

fn reverse(a: &Arguments<'_>) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    Ok(a.each(|row| texts.get(row).map(|text| text.graphemes(true).rev().collect::<String>())))
}

fn upper(a: &Arguments<'_>) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    Ok(a.each(|row| texts.get(row).map(|text| text.chars().map(capital).collect::<String>())))
}

/// A letter in capitals, which is one letter.
fn capital(letter: char) -> char {
    let mut many = letter.to_uppercase();
    match (letter, many.next(), many.next()) {
        ('ß', ..) => 'ẞ',
        ('\u{1f80}'..='\u{1faf}', ..) => char::from_u32(u32::from(letter) | 8).unwrap_or(letter),
        ('\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}', ..) => char::from_u32(u32::from(letter) + 9).unwrap_or(letter),
        (_, Some(one), None) => one,
        _ => letter,
    }
}

fn lower(a: &Arguments<'_>) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    let small = |c: char| c.to_lowercase().next().unwrap_or(c);
    Ok(a.each(|row| texts.get(row).map(|text| text.chars().map(small).collect::<String>())))
}

fn holds(a: &Arguments<'_>, is: impl Fn(&str, &str) -> bool) -> PolarsResult<Column> {
    let (texts, parts) = (a.texts(0)?, a.texts(1)?);
    Ok(a.each(|row| Some(is(texts.get(row)?, parts.get(row)?))))
}

fn size(a: &Arguments<'_>, each: usize) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    Ok(a.each(|row| texts.get(row).map(|text| (text.len() * each) as i64)))
}

fn letters(a: &Arguments<'_>) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    Ok(a.each(|row| texts.get(row).map(|text| text.chars().count() as i64)))
}

fn split_part(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (texts, signs, numbers) = (a.texts(0)?, a.texts(1)?, a.whole(2)?);
    Ok(a.each(|row| {
        let (text, sign, number) = (texts.get(row)?, signs.get(row)?, numbers.get(row)?);
        let pieces: Vec<&str> = match sign {
            "" => text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]).collect(),
            sign => text.split(sign).collect(),
        };
        let back = || pieces.len().checked_sub(usize::try_from(number.unsigned_abs()).ok()?);
        let place = if number > 0 { usize::try_from(number - 1).ok() } else { back() };
        Some(place.and_then(|place| pieces.get(place)).map_or_else(String::new, |piece| (*piece).to_owned()))
    }))
}

fn replace(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (texts, from, to) = (a.texts(0)?, a.texts(1)?, a.texts(2)?);
    Ok(a.each(|row| {
        let (text, from, to) = (texts.get(row)?, from.get(row)?, to.get(row)?);
        Some(if from.is_empty() { text.to_owned() } else { text.replace(from, to) })
    }))
}
