//! Rows of a text format on their way to a frame: where the asked cells stand, and which rows are set aside and why.
//! Finding them is the formats' part; reading a cell is `column`'s.

use std::collections::BTreeSet;
use std::sync::Arc;

use polars::prelude::*;

use super::Decoded;
use super::column::{Cell, Spec};
use super::span::{Span, TextBlock};
use crate::data::reject::KEPT;
use crate::data::{Cells, Fault, Reject, Rejects, Result, broken};

/// The rows of one block.
#[derive(Debug, Default)]
pub(super) struct RowSpans {
    /// Cells asked for, row by row, in schema order.
    pub cells: Vec<Span>,
    /// Each row from its first byte to its last, without the line's end.
    pub bounds: Vec<Span>,
    /// Rows set aside because of their shape.
    pub aside: Vec<(Span, String)>,
    /// Fields of rows that no column has.
    pub fields: BTreeSet<PlSmallStr>,
}

/// Which columns are asked for.
pub(super) struct Projection<'a> {
    /// In schema order, each once.
    specs: Vec<&'a Spec>,
    /// Their numbers in the schema.
    columns: Vec<usize>,
    /// For each column asked for, in the order asked: its place in `specs`.
    order: Vec<usize>,
    /// For each column of the schema: its place in `specs`, or `NOT_PROJECTED`.
    pub slots: Vec<u32>,
    /// Whether rows are marked, and for each place in `specs` whether the column is vital.
    marked: bool,
    vital: Vec<bool>,
}

pub(super) const NOT_PROJECTED: u32 = u32::MAX;

impl<'a> Projection<'a> {
    pub fn new(specs: &'a [Spec], columns: &[usize], vital: Option<&[usize]>) -> Result<Self> {
        let mut sorted = columns.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut slots = vec![NOT_PROJECTED; specs.len()];
        let mut projected = Vec::with_capacity(sorted.len());
        for (slot, &column) in sorted.iter().enumerate() {
            let (Some(spec), Some(place)) = (specs.get(column), slots.get_mut(column)) else {
                return Err(Fault::new(format!(
                    "column number {column} was asked for, but there are only {}",
                    specs.len()
                )));
            };
            *place = slot as u32;
            projected.push(spec);
        }
        let order = columns.iter().filter_map(|column| sorted.binary_search(column).ok()).collect();
        let is_vital = |column: &usize| vital.is_some_and(|vital| vital.contains(column));
        let (marked, vital) = (vital.is_some(), sorted.iter().map(is_vital).collect());
        Ok(Self { specs: projected, columns: sorted, order, slots, marked, vital })
    }

    pub fn width(&self) -> usize {
        self.specs.len()
    }

    /// The columns asked for, in schema order.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }
}

/// A cell that contradicts its column: its row, and its place among those asked for.
type CellIndex = (usize, usize);

/// Reads the cells into a frame. A cell that does not fit is null, and its row marked where that is asked. `line`
/// is the number of the block's first line. `cell` reads any cell; `plain` says, for most of the short texts, where
/// their bytes stand.
pub(super) fn assemble<'a>(
    source: &Arc<str>,
    block: TextBlock<'a>,
    line: u64,
    projection: &Projection<'_>,
    rows: RowSpans,
    cell: impl Fn(&'a str) -> Cell<'a>,
    plain: impl Fn(&[u8], Span) -> Option<Span>,
) -> Result<Decoded> {
    let (height, width) = (rows.bounds.len(), projection.width());
    let mut columns = Vec::with_capacity(width);
    let mut cells = Cells::default();
    let mut contradictions: Vec<CellIndex> = Vec::new();
    let mut marks: Vec<(&PlSmallStr, Vec<usize>)> = Vec::new();
    for (slot, spec) in projection.specs.iter().enumerate() {
        let spans = rows.cells.get(slot..).unwrap_or_default().iter().step_by(width);
        let mut contradicted = Vec::new();
        columns.push(spec.build(
            height,
            block.bytes,
            spans.copied(),
            |span| cell(block.slice(span)),
            |span| plain(block.bytes, span),
            |row| contradicted.push(row),
        )?);
        if !contradicted.is_empty() {
            cells.note(&spec.name, contradicted.len() as u64);
            contradictions.extend(contradicted.iter().take(KEPT).map(|row| (*row, slot)));
            marks.push((&spec.name, contradicted));
        }
    }
    let ordered = projection.order.iter().filter_map(|&slot| columns.get(slot).cloned()).collect();
    let mut frame = DataFrame::new(height, ordered)?;
    for (column, rows) in marks.into_iter().filter(|_| projection.marked) {
        broken::mark_rows(&mut frame, column, &rows)?;
    }
    // In the order of the text.
    contradictions.sort_unstable();
    let mut rejects = rejects(source, block.bytes, line, rows.aside);
    let (mut number, mut at) = (line, 0);
    for (row, slot) in contradictions {
        let (Some(spec), Some(&bounds)) = (projection.specs.get(slot), rows.bounds.get(row)) else { continue };
        let is_vital = projection.vital.get(slot).is_some_and(|vital| *vital);
        if cells.kept.len() >= KEPT && (!is_vital || rejects.incomplete.len() >= KEPT) {
            continue;
        }
        let start = bounds.start as usize;
        number += memchr::memchr_iter(b'\n', block.bytes.get(at..start).unwrap_or_default()).count() as u64;
        at = start;
        let text = block.slice(rows.cells.get(row * width + slot).copied().unwrap_or_default());
        let reason = contradiction(spec, text);
        let told = |body: &[u8]| Reject::new(source, number, reason.clone(), body).of(spec.name.clone());
        if is_vital && rejects.incomplete.len() < KEPT {
            rejects.incomplete.push(told(block.bytes.get(bounds.range()).unwrap_or_default()));
        }
        if cells.kept.len() < KEPT {
            cells.kept.push(told(text.as_bytes()));
        }
    }
    (rejects.cells, rejects.fields) = (cells, Box::new(rows.fields));
    Ok(Decoded { frame, rejects, lines: memchr::memchr_iter(b'\n', block.bytes).count() as u64 })
}

fn contradiction(spec: &Spec, text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    let quoted = shown.len() >= 2 && shown.starts_with('"') && shown.ends_with('"');
    let shown = if quoted { shown.trim_matches('"') } else { &shown };
    format!("column '{}': '{shown}' is not {}", spec.name, spec.noun())
}

/// `aside` is sorted by place.
fn rejects(source: &Arc<str>, bytes: &[u8], line: u64, aside: Vec<(Span, String)>) -> Rejects {
    let mut rejects = Rejects::default();
    let (mut line, mut at) = (line, 0);
    for (bounds, reason) in aside {
        if rejects.kept.len() >= KEPT {
            rejects.count += 1;
            continue;
        }
        let range = bounds.range();
        line += memchr::memchr_iter(b'\n', bytes.get(at..range.start).unwrap_or_default()).count() as u64;
        at = range.start;
        rejects.push(Reject::new(source, line, reason, bytes.get(range).unwrap_or_default()));
    }
    rejects
}
