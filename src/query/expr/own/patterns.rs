//! Regular expressions, and the patterns of LIKE and SIMILAR TO. A pattern is one for all rows.

use std::borrow::Cow;

use polars::prelude::*;
use regex::{Regex, RegexBuilder};

use super::{Arguments, OwnFunction, TEXT, WHOLE, own, text, truth};

pub(super) const OWN: &[OwnFunction] = &[
    own(&["regexp_matches"], &[TEXT, TEXT, TEXT], truth, |a| matches(a, false))
        .least(2)
        .told("regexp_matches(text, '^a')", "whether an expression is found"),
    own(&["regexp_full_match", SIMILAR], &[TEXT, TEXT, TEXT], truth, |a| matches(a, true))
        .least(2)
        .told("regexp_full_match(text, 'a.*')", "whether an expression says all of it"),
    own(&["regexp_extract"], &[TEXT, TEXT, WHOLE, TEXT], text, extract)
        .least(2)
        .told("regexp_extract(text, '(.)b', 1)", "what an expression finds, or a group of it"),
    own(&["regexp_replace"], &[TEXT, TEXT, TEXT, TEXT], text, replace)
        .least(3)
        .told("regexp_replace(text, 'a+', 'b')", "the first that an expression finds; all with 'g'"),
    own(&["regexp_escape"], &[TEXT], text, escaped).told("regexp_escape(text)", "as an expression that means itself"),
    own(&[LIKE], &[TEXT, TEXT, TEXT, TEXT], truth, like),
];

/// SIMILAR TO.
pub(in crate::query::expr) const SIMILAR: &str = "__similar";
/// LIKE with a sign that takes the meaning of the next: text, pattern, that sign, and whether capitals count.
pub(in crate::query::expr) const LIKE: &str = "__like";

/// The expression in an argument; `None` for null. `options` are letters: g is for `replace`.
fn regex(pattern: &str, options: &str) -> PolarsResult<Regex> {
    let mut builder = RegexBuilder::new(pattern);
    for option in options.chars() {
        match option {
            'i' => builder.case_insensitive(true),
            'c' => builder.case_insensitive(false),
            's' => builder.dot_matches_new_line(true),
            'm' | 'n' | 'p' => builder.multi_line(true),
            'g' => &mut builder,
            'l' => return Regex::new(&regex::escape(pattern)).map_err(|error| wrong(pattern, &error)),
            other => polars_bail!(ComputeError: "'{}' is no option of a regular expression", other),
        };
    }
    builder.build().map_err(|error| wrong(pattern, &error))
}

fn wrong(pattern: &str, error: &regex::Error) -> PolarsError {
    let said = error.to_string();
    let said = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    polars_err!(ComputeError: "'{}' is no regular expression: {}", pattern, said)
}

fn options(a: &Arguments<'_>, at: usize) -> PolarsResult<String> {
    Ok(if a.len() > at { a.constant(at)?.unwrap_or_default() } else { String::new() })
}

/// Regular expressions for rows: mostly it is one for all of them.
struct Patterns {
    options: String,
    last: Option<(String, Regex)>,
    /// The first that is none.
    fault: Option<PolarsError>,
}

impl Patterns {
    fn new(options: String) -> Self {
        Self { options, last: None, fault: None }
    }

    fn of(&mut self, pattern: &str) -> Option<&Regex> {
        if self.last.as_ref().is_none_or(|(known, _)| known != pattern) {
            match regex(pattern, &self.options) {
                Ok(regex) => self.last = Some((pattern.to_owned(), regex)),
                Err(wrong) => {
                    self.fault.get_or_insert(wrong);
                    return None;
                }
            }
        }
        self.last.as_ref().map(|(_, regex)| regex)
    }

    fn told(self, column: Column) -> PolarsResult<Column> {
        self.fault.map_or(Ok(column), Err)
    }
}

fn extract(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (texts, patterns) = (a.texts(0)?, a.texts(1)?);
    let groups = if a.len() > 2 { Some(a.whole(2)?) } else { None };
    let mut known = Patterns::new(options(a, 3)?);
    let mut lacks = None;
    let column = a.each(|row| {
        let (text, pattern) = (texts.get(row)?, patterns.get(row)?);
        let group = groups.as_ref().map_or(Some(0), |groups| groups.get(row))?;
        let regex = known.of(pattern)?;
        let group = usize::try_from(group).ok().filter(|group| *group < regex.captures_len());
        let Some(group) = group else {
            lacks.get_or_insert_with(|| format!("'{pattern}' has no such group"));
            return None;
        };
        let found = regex.captures(text).and_then(|found| found.get(group));
        Some(found.map_or_else(String::new, |piece| piece.as_str().to_owned()))
    });
    if let Some(what) = lacks {
        polars_bail!(ComputeError: "{}", what);
    }
    known.told(column)
}

fn replace(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (texts, by) = (a.texts(0)?, a.texts(2)?);
    let Some(pattern) = a.constant(1)? else { return Ok(a.each(|_| None::<String>)) };
    let options = options(a, 3)?;
    let (regex, most) = (regex(&pattern, &options)?, usize::from(!options.contains('g')));
    Ok(a.each(|row| {
        // `\1` is a group, and a dollar sign nothing but that.
        let mut with = String::new();
        let mut letters = by.get(row)?.chars().peekable();
        while let Some(c) = letters.next() {
            match (c, letters.peek()) {
                ('\\', Some(digit)) if digit.is_ascii_digit() => {
                    with.push_str(&format!("${{{digit}}}"));
                    letters.next();
                }
                ('\\', Some('\\')) => {
                    with.push('\\');
                    letters.next();
                }
                ('$', _) => with.push_str("$$"),
                (c, _) => with.push(c),
            }
        }
        Some(regex.replacen(texts.get(row)?, most, with.as_str()).into_owned())
    }))
}

fn matches(a: &Arguments<'_>, full: bool) -> PolarsResult<Column> {
    let (texts, patterns) = (a.texts(0)?, a.texts(1)?);
    let options = options(a, 2)?;
    // What means itself is put in other words before something stands around it.
    let literal = options.contains('l');
    let mut known = Patterns::new(options.replace('l', ""));
    let column = a.each(|row| {
        let (text, pattern) = (texts.get(row)?, patterns.get(row)?);
        let pattern = if literal { Cow::Owned(regex::escape(pattern)) } else { Cow::Borrowed(pattern) };
        let pattern = if full { Cow::Owned(format!("^(?:{pattern})$")) } else { pattern };
        Some(known.of(&pattern)?.is_match(text))
    });
    known.told(column)
}

fn escaped(a: &Arguments<'_>) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
    let letter = |c: char| if plain(c) { c.to_string() } else { format!("\\{c}") };
    Ok(a.each(|row| texts.get(row).map(|text| text.chars().map(letter).collect::<String>())))
}

fn like(a: &Arguments<'_>) -> PolarsResult<Column> {
    let (texts, patterns) = (a.texts(0)?, a.texts(1)?);
    let Some(escape) = a.constant(2)? else { return Ok(a.each(|_| None::<bool>)) };
    polars_ensure!(escape.chars().count() < 2, ComputeError: "ESCAPE takes one sign, and this is '{}'", escape);
    let options = if a.constant(3)?.is_some_and(|word| word == "i") { "si" } else { "s" };
    // Mostly it is one pattern for all rows.
    let (mut last, mut fault): (Option<(String, Regex)>, _) = (None, None);
    let column = a.each(|row| {
        let (text, pattern) = (texts.get(row)?, patterns.get(row)?);
        if last.as_ref().is_none_or(|(known, _)| known != pattern) {
            match expression(pattern, &escape).and_then(|written| regex(&written, options)) {
                Ok(regex) => last = Some((pattern.to_owned(), regex)),
                Err(wrong) => fault = Some(wrong),
            }
        }
        last.as_ref().map(|(_, regex)| regex.is_match(text))
    });
    fault.map_or(Ok(column), Err)
}

/// A pattern of LIKE as a regular expression.
fn expression(pattern: &str, escape: &str) -> PolarsResult<String> {
    let mut written = String::from("^");
    let mut letters = pattern.chars();
    while let Some(c) = letters.next() {
        match c {
            c if escape.starts_with(c) => match letters.next() {
                Some(next) => written.push_str(&regex::escape(&next.to_string())),
                None => polars_bail!(ComputeError: "the pattern '{}' ends with its ESCAPE sign", pattern),
            },
            '%' => written.push_str(".*"),
            '_' => written.push('.'),
            c => written.push_str(&regex::escape(&c.to_string())),
        }
    }
    written.push('$');
    Ok(written)
}
