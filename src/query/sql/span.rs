//! Where a clause stands in the text of a question: faults point there.

use std::ops::Range;

use sqlparser::ast::Spanned;
use sqlparser::tokenizer::Location;

use crate::data::Fault;
use crate::query::query::Clause;

/// Where a clause stands in the whole text of a question, for errors.
#[derive(Clone, Copy)]
pub struct ClauseSpan<'a> {
    /// The whole text.
    pub text: &'a str,
    pub clause: &'a Clause,
}

impl ClauseSpan<'_> {
    /// A fault about the whole clause.
    pub fn fault(&self, what: impl Into<String>) -> Fault {
        self.fault_at(what, 0..self.clause.sql.len())
    }

    /// A fault about some bytes of the clause.
    pub fn fault_at(&self, what: impl Into<String>, span: Range<usize>) -> Fault {
        point(self.text, what, self.clause.at + span.start..self.clause.at + span.end)
    }

    /// A fault about a node of the clause's tree.
    pub fn fault_on(&self, what: impl Into<String>, node: &impl Spanned) -> Fault {
        let span = node.span();
        if span.start.line == 0 {
            return self.fault(what);
        }
        let (start, end) = (offset(&self.clause.sql, span.start), offset(&self.clause.sql, span.end));
        self.fault_at(what, start..closed(&self.clause.sql, start, end))
    }
}

/// The end of a piece of text, moved on to where its call is closed: sqlparser's spans end at the name of a call or at
/// its last argument.
fn closed(sql: &str, start: usize, end: usize) -> usize {
    let depth = |text: &str| text.matches('(').count() as i64 - text.matches(')').count() as i64;
    let mut open = depth(sql.get(start..end).unwrap_or_default());
    let after = sql.get(end..).unwrap_or_default();
    if open <= 0 && !after.starts_with('(') {
        return end;
    }
    for (i, c) in after.char_indices() {
        open += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if open == 0 && c == ')' {
            return end + i + 1;
        }
    }
    end
}

/// A fault about a place in the SQL text.
pub fn point(sql: &str, what: impl Into<String>, span: Range<usize>) -> Fault {
    // A clause may be longer than it was written: what a name stands for is written out in it.
    let [start, end] = [span.start, span.end].map(|at| floor_boundary(sql, at.min(sql.len())));
    let before = &sql[..start];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    Fault::new(what).at(format!("SQL, line {line}, column {column}")).span(start..end.max(start))
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while at > 0 && !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Byte offset of a tokenizer's location (line and column in characters, from 1).
pub fn offset(sql: &str, location: Location) -> usize {
    if location.line == 0 {
        return 0;
    }
    let line_start = if location.line == 1 {
        0
    } else {
        sql.match_indices('\n').nth(location.line as usize - 2).map_or(sql.len(), |(i, _)| i + 1)
    };
    let line = &sql[line_start..];
    line_start + line.char_indices().nth(location.column.saturating_sub(1) as usize).map_or(line.len(), |(i, _)| i)
}

/// `3, Column: 14` as a byte offset.
pub fn location(sql: &str, text: &str) -> usize {
    let numbers: Vec<u64> = text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    match numbers[..] {
        [line, column] => offset(sql, Location { line, column }),
        _ => 0,
    }
}

/// Byte offsets of locations that come in order, in one walk over the text.
pub struct Offsets<'t> {
    text: &'t str,
    at: usize,
    here: Location,
}

impl<'t> Offsets<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0, here: Location { line: 1, column: 1 } }
    }

    pub fn to(&mut self, wanted: Location) -> usize {
        if (wanted.line, wanted.column) < (self.here.line, self.here.column) {
            return offset(self.text, wanted);
        }
        for c in self.text.get(self.at..).unwrap_or_default().chars() {
            let next = if c == '\n' {
                Location { line: self.here.line + 1, column: 1 }
            } else {
                Location { column: self.here.column + 1, ..self.here }
            };
            if (wanted.line, wanted.column) < (next.line, next.column) {
                break;
            }
            self.at += c.len_utf8();
            self.here = next;
        }
        self.at
    }
}
