//! Rows of a text format on their way to a frame: where the asked cells stand, and which rows are set aside and why.
//! Finding them is the formats' part; reading a cell is `column`'s.

use std::sync::Arc;

use polars::prelude::*;

use super::Decoded;
use super::column::{Cell, Spec};
use super::span::{Span, TextBlock};
use crate::data::reject::KEPT;
use crate::data::{Cells, Fault, Reject, Rejects, Result};

/// The rows of one block.
#[derive(Debug, Default)]
pub(super) struct RowSpans {
    /// Cells asked for, row by row, in schema order.
    pub cells: Vec<Span>,
    /// Each row from its first byte to its last, without the line's end.
    pub bounds: Vec<Span>,
    /// Rows set aside because of their shape.
    pub aside: Vec<(Span, String)>,
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
    /// Places in `specs` in the order of reading: the vital columns first. `vital` counts them.
    reading: Vec<usize>,
    vital: usize,
}

pub(super) const NOT_PROJECTED: u32 = u32::MAX;

impl<'a> Projection<'a> {
    pub fn new(specs: &'a [Spec], columns: &[usize], vital: &[usize]) -> Result<Self> {
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
        let (mut reading, others): (Vec<usize>, Vec<usize>) =
            (0..sorted.len()).partition(|slot| sorted.get(*slot).is_some_and(|c| vital.contains(c)));
        let vital = reading.len();
        reading.extend(others);
        Ok(Self { specs: projected, columns: sorted, order, slots, reading, vital })
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

/// Reads the cells into a frame. A cell that does not fit is null, unless its column is vital: then its row is taken
/// out. `line` is the number of the block's first line. `cell` reads any cell; `plain` says, for most of the short
/// texts, where their bytes stand.
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
    // For each row the place, counted from 1, of the first vital column that contradicts it; allocated when there is
    // one.
    let mut bad: Vec<u32> = Vec::new();
    let mut columns: Vec<Option<Column>> = vec![None; width];
    let mut cells = Cells::default();
    let mut broken: Vec<CellIndex> = Vec::new();
    for (nth, &slot) in projection.reading.iter().enumerate() {
        let Some(spec) = projection.specs.get(slot) else { continue };
        let spans = rows.cells.get(slot..).unwrap_or_default().iter().step_by(width);
        let (vital, mut count, before) = (nth < projection.vital, 0, broken.len());
        let column = spec.build(
            height,
            block.bytes,
            spans.copied(),
            |span| cell(block.slice(span)),
            |span| plain(block.bytes, span),
            |row| {
                if vital {
                    bad.resize(height, 0);
                    if let Some(first) = bad.get_mut(row).filter(|b| **b == 0) {
                        *first = slot as u32 + 1;
                    }
                } else if bad.get(row).is_none_or(|b| *b == 0) {
                    count += 1;
                    if broken.len() < before + KEPT {
                        broken.push((row, slot));
                    }
                }
            },
        )?;
        cells.note(&spec.name, count);
        if let Some(place) = columns.get_mut(slot) {
            *place = Some(column);
        }
    }
    let ordered = projection.order.iter().filter_map(|&slot| columns.get(slot).cloned().flatten()).collect();
    let mut frame = DataFrame::new(height, ordered)?;
    let contradicts = |(row, slot): CellIndex| {
        let span = rows.cells.get(row * width + slot).copied().unwrap_or_default();
        let text = block.slice(span);
        (text, projection.specs.get(slot).map(|spec| contradiction(spec, text)).unwrap_or_default())
    };
    let mut aside = rows.aside;
    let mut uncounted = 0;
    if !bad.is_empty() {
        for (row, (&first, &bounds)) in bad.iter().zip(&rows.bounds).enumerate().filter(|(_, (b, _))| **b != 0) {
            if aside.len() >= 2 * KEPT {
                uncounted += 1;
                continue;
            }
            aside.push((bounds, contradicts((row, first as usize - 1)).1));
        }
        let keep = BooleanChunked::from_iter_values(PlSmallStr::EMPTY, bad.iter().map(|b| *b == 0));
        frame = if width == 0 { frame } else { frame.filter(&keep)? };
        aside.sort_by_key(|(bounds, _)| bounds.start);
    }
    let mut rejects = rejects(source, block.bytes, line, aside);
    rejects.count += uncounted;
    // The first of them, in the order of the text.
    broken.sort_unstable();
    let (mut number, mut at) = (line, 0);
    for (row, slot) in broken.into_iter().take(KEPT) {
        let start = rows.bounds.get(row).map_or(at, |bounds| bounds.start as usize);
        number += memchr::memchr_iter(b'\n', block.bytes.get(at..start).unwrap_or_default()).count() as u64;
        at = start;
        let (text, reason) = contradicts((row, slot));
        if let Some(spec) = projection.specs.get(slot) {
            cells.kept.push(Reject::new(source, number, reason, text.as_bytes()).of(spec.name.clone()));
        }
    }
    rejects.cells = cells;
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
