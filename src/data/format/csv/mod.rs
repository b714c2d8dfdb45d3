//! Delimited text: CSV with any delimiter, and TSV. Layout is settled by `sniff`, places are found by `scan`.

mod scan;
mod sniff;

use std::borrow::Cow;
use std::sync::Arc;

use polars::prelude::{PlSmallStr, Schema, SchemaRef};

use super::column::{Cell, SHORT, Spec};
use super::rows::{self, NOT_PROJECTED, Projection, RowSpans};
use super::span::{Span, TextBlock};
use super::{Commas, Decoded, Decoder, Format, FormatKind, Preamble, Sniff};
use crate::data::{Fault, Result};
use scan::{Flaw, Sink};

pub static CSV: Format = Format {
    name: "csv",
    title: "CSV, any delimiter",
    extensions: &["csv"],
    kind: FormatKind::Text { sniff: |s| open(s, None) },
};

pub static TSV: Format = Format {
    name: "tsv",
    title: "Tab-separated text",
    extensions: &["tsv", "tab"],
    kind: FormatKind::Text { sniff: |s| open(s, Some(b'\t')) },
};

fn open(sniff: &Sniff<'_>, prefer: Option<u8>) -> Result<Arc<dyn Decoder>> {
    let layout = sniff::layout(sniff, prefer)?;
    let schema = layout.specs.iter().map(|spec| (spec.name.clone(), spec.dtype.clone())).collect::<Schema>();
    Ok(Arc::new(Csv { source: sniff.source.clone(), schema: schema.into(), layout }))
}

#[derive(Debug)]
struct Csv {
    source: Arc<str>,
    schema: SchemaRef,
    layout: sniff::CsvLayout,
}

impl Decoder for Csv {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn is_settled(&self) -> bool {
        self.layout.settled
    }

    fn commas(&self) -> &[(PlSmallStr, Commas)] {
        &self.layout.commas
    }

    fn preamble(&self) -> Preamble {
        self.layout.preamble
    }

    fn cut(&self, bytes: &[u8]) -> usize {
        scan::cut(bytes, self.layout.delimiter)
    }

    fn decode_vital(&self, bytes: &[u8], line: u64, columns: &[usize], vital: Option<&[usize]>) -> Result<Decoded> {
        let block = TextBlock::new(bytes).map_err(|fault| fault.at(self.source.to_string()))?;
        let specs = &self.layout.specs;
        let projection = Projection::new(specs, columns, vital)?;
        let wanted = projection.slots.iter().map(|slot| *slot != NOT_PROJECTED).collect();
        let mut reading = Reading { block, wanted, csv: self, rows: RowSpans::default(), row_at: 0 };
        // A guess at the number of rows, so that the vectors grow once or twice only.
        let guess = bytes.len() / (specs.len() * 4).max(8);
        reading.rows.bounds.reserve(guess);
        reading.rows.cells.reserve(guess * projection.width());
        if memchr::memchr(b'"', bytes).is_none() {
            reading.plain(&projection);
        } else {
            scan::walk(bytes, self.layout.delimiter, &mut reading);
        }
        let rows = reading.rows;
        rows::assemble(&self.source, block, line, &projection, rows, cell, plain)
            .map_err(|fault| Fault { place: self.source.to_string(), ..fault })
    }
}

#[inline]
fn cell(field: &str) -> Cell<'_> {
    match field.as_bytes() {
        [] => Cell::Null,
        [b'"', ..] => match scan::unquote(field.as_bytes()) {
            None => Cell::Null,
            Some(Cow::Borrowed([])) => Cell::Empty,
            Some(Cow::Borrowed(_)) => field.get(1..field.len() - 1).map_or(Cell::Broken, Cell::Text),
            Some(Cow::Owned(text)) => String::from_utf8(text).map_or(Cell::Broken, Cell::Owned),
        },
        _ => Cell::Text(field),
    }
}

impl Reading<'_> {
    /// Reads a block without quotes: the common case, and a simple one.
    fn plain(&mut self, projection: &Projection<'_>) {
        let (block, csv, rows) = (self.block, self.csv, &mut self.rows);
        let (fields, clean) = (self.wanted.len(), block.is_clean());
        let columns = projection.columns();
        scan::walk_plain(block.bytes, csv.layout.delimiter, fields, |start, ends, end| {
            let flaw = if clean { None } else { block.flaw(start..end) };
            if ends.len() != fields || flaw.is_some() {
                // Only the beginning of a row with too many fields was told.
                let many = memchr::memchr_iter(csv.layout.delimiter, block.bytes.get(start..end).unwrap_or_default())
                    .count()
                    + 1;
                rows.aside.push((Span::new(start, end), csv.reason(many, Flaw::None, flaw)));
                return;
            }
            let place = |column: usize| {
                let from =
                    column.checked_sub(1).and_then(|before| ends.get(before)).map_or(start as u32, |before| before + 1);
                Span { start: from, end: ends.get(column).copied().unwrap_or(from) }
            };
            match *columns {
                [] => {}
                [one] => rows.cells.push(place(one)),
                [one, two] => rows.cells.extend([place(one), place(two)]),
                ref all if all.len() == fields => {
                    let mut from = start as u32;
                    rows.cells.extend(ends.iter().map(|end| {
                        let cell = Span { start: from, end: *end };
                        from = end + 1;
                        cell
                    }));
                }
                ref many => rows.cells.extend(many.iter().map(|column| place(*column))),
            }
            rows.bounds.push(Span::new(start, end));
        });
    }
}

/// The value of a short text without quotes: its own bytes.
#[inline]
fn plain(bytes: &[u8], span: Span) -> Option<Span> {
    let short = (1..=SHORT).contains(&span.range().len());
    (short && bytes.get(span.start as usize) != Some(&b'"')).then_some(span)
}

/// Collects the cells asked for, and sets rows of the wrong shape aside.
struct Reading<'a> {
    block: TextBlock<'a>,
    wanted: Vec<bool>,
    csv: &'a Csv,
    rows: RowSpans,
    row_at: usize,
}

impl Sink for Reading<'_> {
    #[inline]
    fn field(&mut self, index: usize, start: usize, end: usize) {
        if self.wanted.get(index) == Some(&true) {
            self.rows.cells.push(Span::new(start, end));
        }
    }

    #[inline]
    fn record(&mut self, fields: usize, start: usize, end: usize, flaw: Flaw) -> bool {
        if fields == self.wanted.len() && flaw == Flaw::None && self.block.flaw(start..end).is_none() {
            self.rows.bounds.push(Span::new(start, end));
            self.row_at = self.rows.cells.len();
        } else {
            self.rows.cells.truncate(self.row_at);
            self.rows.aside.push((Span::new(start, end), self.csv.reason(fields, flaw, self.block.flaw(start..end))));
        }
        true
    }
}

impl Csv {
    fn reason(&self, fields: usize, flaw: Flaw, bytes: Option<&str>) -> String {
        let name = |index: usize| self.layout.specs.get(index).map_or("", |spec: &Spec| spec.name.as_str());
        match (bytes, flaw) {
            (_, Flaw::Unclosed) => "a quote is opened and not closed within 1 MiB".to_owned(),
            (Some(flaw), _) => flaw.to_owned(),
            (None, Flaw::AfterQuote(index)) if fields == self.layout.specs.len() => {
                format!("column '{}': there is text after the closing quote", name(index))
            }
            _ => {
                let (what, plural) =
                    (if self.layout.header { "header" } else { "first row" }, if fields == 1 { "" } else { "s" });
                format!("has {fields} field{plural}, the {what} has {}", self.layout.specs.len())
            }
        }
    }
}
