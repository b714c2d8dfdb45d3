//! What delimited text is made of, settled from its beginning: the delimiter, whether there is a header, names and
//! types.

use polars::prelude::{DataType, PlSmallStr, Schema};

use super::scan::{self, Flaw, Sink};
use crate::data::format::column::Spec;
use crate::data::format::guess::{Commas, Guess};
use crate::data::format::{Preamble, Sniff};
use crate::data::{Fault, Result};

/// Commas first: they win where nothing speaks for another.
const DELIMITERS: [u8; 4] = *b",\t;|";
/// Records that are looked at to find the delimiter.
const LOOK: usize = 200;

#[derive(Debug)]
pub(super) struct CsvLayout {
    pub delimiter: u8,
    pub header: bool,
    pub preamble: Preamble,
    pub specs: Vec<Spec>,
    /// Whether there was a row to settle the types by.
    pub settled: bool,
    /// Columns of text whose values are numbers with commas.
    pub commas: Vec<(PlSmallStr, Commas)>,
}

/// The first records of a text, as ranges.
struct Records {
    most: usize,
    fields: Vec<std::ops::Range<usize>>,
    done: Vec<(Vec<std::ops::Range<usize>>, usize)>,
}

impl Sink for Records {
    fn field(&mut self, _: usize, start: usize, end: usize) {
        self.fields.push(start..end);
    }

    fn record(&mut self, _: usize, _: usize, end: usize, flaw: Flaw) -> bool {
        let fields = std::mem::take(&mut self.fields);
        match flaw {
            Flaw::Unclosed => self.done.push((Vec::new(), end)),
            _ => self.done.push((fields, end)),
        }
        self.done.len() < self.most
    }
}

fn records(bytes: &[u8], delimiter: u8, most: usize) -> Vec<(Vec<std::ops::Range<usize>>, usize)> {
    let mut records = Records { most, fields: Vec::new(), done: Vec::new() };
    scan::walk(bytes, delimiter, &mut records);
    records.done
}

pub(super) fn layout(sniff: &Sniff<'_>, prefer: Option<u8>) -> Result<CsvLayout> {
    let fault = |what: &str, hint: &str| Fault::new(what.to_owned()).at(sniff.source.to_string()).hint(hint.to_owned());
    if sniff.head.trim_ascii().is_empty() {
        return Err(fault("it holds no rows, only blank space", "choose a file with data"));
    }
    let delimiter = match prefer {
        Some(byte) if memchr::memchr(byte, first_line(sniff.head)).is_some() => byte,
        _ => delimiter(sniff),
    };
    let sample = sample(sniff, delimiter).ok_or_else(|| {
        fault("its first line is longer than 1 MiB, so it is no table with lines", "check that this is the right file")
    })?;
    let (first, end) = records(sample, delimiter, 1).into_iter().next().unwrap_or_default();
    let first: Vec<String> = first.into_iter().map(|range| text(sample, range)).collect();
    let width = first.len();
    if width == 0 {
        return Err(fault("its first line opens a quote and does not close it", "check its first line"));
    }
    let below = sample.get(end..).unwrap_or_default();
    let mut columns = Columns {
        bytes: below,
        guesses: vec![Guess::default(); width],
        first: &first,
        again: vec![false; width],
        fields: Vec::new(),
        rows: 0,
    };
    scan::walk(below, delimiter, &mut columns);
    let (mut guesses, again, rows) = (columns.guesses, columns.again, columns.rows);
    let header = has_header(&first, &guesses, &again, rows, sniff);
    let mut preamble = Preamble::default();
    if header {
        let line_end = memchr::memchr(b'\n', below).map_or(below.len(), |n| n + 1);
        preamble.bytes = end + line_end;
        preamble.lines = memchr::memchr_iter(b'\n', sample.get(..preamble.bytes).unwrap_or_default()).count() as u64;
    } else {
        for (guess, text) in guesses.iter_mut().zip(&first).filter(|(_, text)| !text.is_empty()) {
            guess.see(text.as_bytes());
        }
    }
    let mut specs = Vec::with_capacity(width);
    let names = match &sniff.known {
        // A text without header that continues a table: its columns are the table's, in their order.
        Some(known) if !header && known.len() == width => known.iter_names().cloned().collect(),
        _ => names(&first, header),
    };
    for (name, guess) in names.into_iter().zip(&guesses) {
        let known = sniff
            .known
            .as_deref()
            .and_then(|schema: &Schema| schema.get(name.as_str()))
            .filter(|dtype| **dtype != DataType::Null);
        specs.push(
            match known {
                Some(dtype) => Spec::known(name, dtype.clone()),
                None => Spec::guessed(name, if rows == 0 && header { DataType::String } else { guess.dtype() }),
            }
            .map_err(|fault| fault.at(sniff.source.to_string()))?,
        );
    }
    let text = |spec: &&Spec| spec.dtype == DataType::String;
    let commas = specs
        .iter()
        .zip(&guesses)
        .filter(|(spec, _)| text(spec))
        .filter_map(|(spec, guess)| Some((spec.name.clone(), guess.commas()?)))
        .collect();
    Ok(CsvLayout { commas, delimiter, header, preamble, specs, settled: rows > 0 || !header })
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.trim_ascii_start();
    bytes.split(|b| *b == b'\n').next().unwrap_or_default()
}

/// The whole records of the head; `None` when there is not even one.
fn sample<'a>(sniff: &Sniff<'a>, delimiter: u8) -> Option<&'a [u8]> {
    if sniff.whole {
        return Some(sniff.head);
    }
    let cut = match scan::cut(sniff.head, delimiter) {
        // A stray quote in the head hides every record end behind it: then lines must do.
        0 => memchr::memrchr(b'\n', sniff.head)? + 1,
        cut => cut,
    };
    sniff.head.get(..cut)
}

/// The delimiter that cuts most records into the same number of fields, and the first record too.
fn delimiter(sniff: &Sniff<'_>) -> u8 {
    let mut best = (0.0, 0, b',');
    for candidate in DELIMITERS {
        let Some(sample) = sample(sniff, candidate) else { continue };
        let widths: Vec<usize> = records(sample, candidate, LOOK).iter().map(|(fields, _)| fields.len()).collect();
        let Some(&first) = widths.first() else { continue };
        let mut counts = std::collections::BTreeMap::new();
        for width in &widths {
            *counts.entry(*width).or_insert(0_usize) += 1;
        }
        let (mode, times) = counts.into_iter().max_by_key(|(width, times)| (*times, *width)).unwrap_or((0, 0));
        if mode < 2 {
            continue;
        }
        let share = times as f64 / widths.len() as f64 * if first == mode { 1.0 } else { 0.5 };
        if share > best.0 || (share == best.0 && mode > best.1) {
            best = (share, mode, candidate);
        }
    }
    best.2
}

/// What the columns below the first record hold.
struct Columns<'a> {
    bytes: &'a [u8],
    guesses: Vec<Guess>,
    first: &'a [String],
    /// Whether the first record's value comes again in its column.
    again: Vec<bool>,
    fields: Vec<std::ops::Range<usize>>,
    rows: usize,
}

impl Sink for Columns<'_> {
    fn field(&mut self, _: usize, start: usize, end: usize) {
        self.fields.push(start..end);
    }

    fn record(&mut self, fields: usize, start: usize, end: usize, flaw: Flaw) -> bool {
        let fits = fields == self.guesses.len() && flaw == Flaw::None;
        let row = self.bytes.get(start..end).unwrap_or_default();
        // Rows that will be set aside have no say in the types.
        if fits && memchr::memchr(0, row).is_none() && std::str::from_utf8(row).is_ok() {
            self.rows += 1;
            for (((range, guess), first), again) in
                self.fields.iter().zip(&mut self.guesses).zip(self.first).zip(&mut self.again)
            {
                if let Some(text) = self.bytes.get(range.clone()).and_then(scan::unquote)
                    && !text.is_empty()
                {
                    guess.see(&text);
                    *again |= *text == *first.as_bytes();
                }
            }
        }
        self.fields.clear();
        true
    }
}

fn text(bytes: &[u8], range: std::ops::Range<usize>) -> String {
    let field = bytes.get(range).and_then(|field| scan::unquote(field.trim_ascii()));
    field.map(|text| String::from_utf8_lossy(text.trim_ascii()).into_owned()).unwrap_or_default()
}

/// A first record is a header when it is text over typed columns, or text that could only be names.
fn has_header(first: &[String], below: &[Guess], again: &[bool], rows: usize, sniff: &Sniff<'_>) -> bool {
    let named: Vec<&String> = first.iter().filter(|text| !text.is_empty()).collect();
    if named.is_empty() {
        return false;
    }
    if let Some(known) = &sniff.known
        && named.iter().all(|name| known.contains(name))
    {
        return true;
    }
    let is_text = |text: &str| {
        let mut guess = Guess::default();
        guess.see(text.as_bytes());
        !guess.typed()
    };
    if first.iter().zip(below).any(|(text, guess)| !text.is_empty() && guess.typed() && is_text(text)) {
        return true;
    }
    if !named.iter().all(|text| is_text(text)) {
        return false;
    }
    let mut sorted = named.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let unique = sorted.len() == first.len();
    unique || (rows > 0 && !again.iter().any(|a| *a))
}

/// Every name once: an empty one becomes `column_3` after its place, a second `name` becomes `name_2`.
fn names(first: &[String], header: bool) -> Vec<PlSmallStr> {
    let mut taken = hashbrown::HashSet::new();
    if header {
        taken.extend(first.iter().filter(|n| !n.is_empty()).cloned());
    }
    let mut used = hashbrown::HashSet::new();
    // Where to go on counting for the next of the same name.
    let mut numbers: hashbrown::HashMap<String, usize> = hashbrown::HashMap::new();
    let place = |(i, text): (usize, &String)| {
        let base = if header && !text.is_empty() { text.clone() } else { format!("column_{}", i + 1) };
        let own = header && !text.is_empty();
        let mut name = base.clone();
        // A made-up name must not take one that another column has by right.
        while used.contains(&name) || (taken.contains(&name) && !(own && name == base)) {
            let number = numbers.entry(base.clone()).or_insert(2);
            name = format!("{base}_{number}");
            *number += 1;
        }
        used.insert(name.clone());
        PlSmallStr::from(name)
    };
    first.iter().enumerate().map(place).collect()
}
