//! The view of an answer in the grid: order, filters, widths, hidden columns, what is selected. It lies on top of the
//! answer as numbers of rows, which are found beside the frame where there are many; the newest wins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use polars::prelude::{DataFrame, IdxSize};

use crate::data::{Fault, Result, cell};
use crate::engine::view::{Filter, RowsView};
use crate::engine::{Job, Snapshot};
use crate::sync::Wake;
use crate::workspace::{TableId, Windows};

use super::widget::{cells, numbers};

/// The name of the field for what is sought.
pub const FIND: &str = "find in the answer";
/// Cells that are looked at within a frame; of more the rows are found beside it.
const SMALL: usize = 20_000;
/// Cells that are copied at once.
const COPIED: usize = 200_000;

/// What is done with the grid of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum GridAction {
    /// Orders by a column: up, down and not at all in turn; `also` keeps the columns that it is ordered by.
    Turn {
        column: String,
        also: bool,
    },
    /// Orders by a column alone, descending or not; `None` takes it out.
    Order(String, Option<bool>),
    Filter(Filter),
    /// Takes the filter with this number off.
    Unfilter(usize),
    /// Shows the rows that have this anywhere; `None` ends that.
    Find(Option<String>),
    Hide(String),
    Unhide,
    /// Widths of columns that a person or a fit has set; `anew`: the grid takes them over.
    Widths {
        widths: Vec<(String, f32)>,
        anew: bool,
    },
    Select(Option<Selection>),
    /// Puts what is selected into the clipboard.
    Copy,
    /// Shows all values of a shown row, whole.
    Card(usize),
}

/// Cells from one corner to another: shown rows, and numbers of columns of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    pub anchor: (usize, usize),
    pub head: (usize, usize),
}

impl Selection {
    pub fn cell(row: usize, column: usize) -> Self {
        Self { anchor: (row, column), head: (row, column) }
    }

    fn rows(&self) -> std::ops::RangeInclusive<usize> {
        self.anchor.0.min(self.head.0)..=self.anchor.0.max(self.head.0)
    }

    fn columns(&self) -> std::ops::RangeInclusive<usize> {
        self.anchor.1.min(self.head.1)..=self.anchor.1.max(self.head.1)
    }

    pub fn has(&self, row: usize, column: usize) -> bool {
        self.rows().contains(&row) && self.columns().contains(&column)
    }
}

/// A row with its whole values: column, type, text, none where it is missing. It stays as it was when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    pub row: usize,
    pub values: Vec<(String, &'static str, Option<String>)>,
}

/// The run, the version of its snapshot, and the number of changes of the view that rows were found for.
type Key = (u64, u64, u64);

/// An answer with the rows of it that are shown.
#[derive(Clone, Debug)]
pub struct ShownRows {
    pub snapshot: Arc<Snapshot>,
    pub windows: Arc<Windows>,
    /// `None`: all of them as they stand.
    rows: Option<Arc<[IdxSize]>>,
    key: Key,
}

impl ShownRows {
    pub fn len(&self) -> usize {
        self.rows.as_ref().map_or(self.snapshot.answer.height(), |rows| rows.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole value of a shown cell as a text that reads back as it: no digit is left out.
    pub fn text(&self, at: usize, column: usize) -> Option<String> {
        whole(&self.snapshot.answer, column, self.row(at))
    }

    /// Which row of the answer is shown at this place.
    pub fn row(&self, at: usize) -> usize {
        self.rows.as_ref().map_or(at, |rows| rows.get(at).map_or(usize::MAX, |row| *row as usize))
    }
}

/// The grid of a worksheet.
#[derive(Debug)]
pub struct Grid {
    /// The table that is asked.
    pub table: TableId,
    view: RowsView,
    /// Whether there is a field for what is sought.
    pub finds: bool,
    pub hidden: BTreeSet<String>,
    pub widths: BTreeMap<String, f32>,
    /// Counts the times that widths were set anew.
    pub fits: u64,
    pub selection: Option<Selection>,
    pub card: Option<Card>,
    /// Why the view cannot be had: all rows are shown.
    pub fault: Option<Fault>,
    shown: Option<ShownRows>,
    /// Counts changes of the view.
    changes: u64,
    job: Option<(ShownRows, Job<Vec<IdxSize>>)>,
}

impl Grid {
    pub fn new(table: TableId) -> Self {
        Self {
            table,
            view: RowsView::default(),
            finds: false,
            hidden: BTreeSet::new(),
            widths: BTreeMap::new(),
            fits: 0,
            selection: None,
            card: None,
            fault: None,
            shown: None,
            changes: 0,
            job: None,
        }
    }

    pub fn view(&self) -> &RowsView {
        &self.view
    }

    pub fn shown(&self) -> Option<&ShownRows> {
        self.shown.as_ref()
    }

    /// Whether rows are being found.
    pub fn is_working(&self) -> bool {
        self.job.is_some()
    }

    /// Follows the answer that is shown. Until its rows are found, those of the one before stay.
    pub fn poll(&mut self, answer: &Arc<Snapshot>, (run, windows): (u64, &Arc<Windows>), wake: &Wake) {
        if let Some((of, job)) = &mut self.job
            && let Some(found) = job.take()
        {
            let of = of.clone();
            self.job = None;
            // A question that was changed meanwhile has other rows.
            if of.key.0 == run {
                self.take(of, found);
            }
        }
        if self.shown.as_ref().is_some_and(|shown| shown.key.0 != run) {
            self.keep_columns(&answer.answer);
        }
        if self.view.zone != numbers::zone() {
            self.view.zone = numbers::zone();
            self.changes += 1;
        }
        let key = (run, answer.version, self.changes);
        if self.shown.as_ref().is_some_and(|shown| shown.key == key) {
            return;
        }
        let next = ShownRows { snapshot: answer.clone(), windows: windows.clone(), rows: None, key };
        if self.view.is_plain() {
            (self.job, self.fault, self.shown) = (None, None, Some(next));
        } else if answer.answer.height().saturating_mul(answer.answer.width()) <= SMALL {
            self.job = None;
            let found = self.view.rows(&answer.answer, &|| Ok(()));
            self.take(next, found);
        } else if self.job.as_ref().is_none_or(|(of, _)| (of.key.0, of.key.2) != (run, self.changes)) {
            let (view, frame) = (self.view.clone(), answer.answer.clone());
            let job = Job::start("rows", wake.clone(), move |reporter| view.rows(&frame, &|| reporter.check()));
            self.job = Some((next, job));
        }
    }

    fn take(&mut self, of: ShownRows, found: Result<Vec<IdxSize>>) {
        let (rows, fault) = match found {
            Ok(rows) => (Some(rows.into()), None),
            Err(fault) => (None, Some(fault)),
        };
        self.fault = fault;
        self.shown = Some(ShownRows { rows, ..of });
    }

    /// Of the view, keeps what another question's answer has.
    fn keep_columns(&mut self, frame: &DataFrame) {
        let has = |name: &str| frame.get_column_index(name).is_some();
        let before = self.view.clone();
        self.view.sort.retain(|(name, _)| has(name));
        self.view.filters.retain(|filter| has(&filter.column));
        self.hidden.retain(|name| has(name));
        self.selection = None;
        self.changes += u64::from(before != self.view);
    }

    /// Does what concerns the view; gives the text that is to be copied, where there is one.
    ///
    /// # Errors
    /// When more is selected than can be copied.
    pub fn apply(&mut self, action: GridAction) -> Result<Option<String>> {
        let before = self.view.clone();
        match action {
            GridAction::Turn { column, also } => self.turn(column, also),
            GridAction::Order(column, descends) => {
                self.view.sort = descends.map(|descends| (column, descends)).into_iter().collect();
            }
            GridAction::Filter(filter) => {
                let same = |of: &Filter| (&of.column, of.comparison) == (&filter.column, filter.comparison);
                self.view.filters.retain(|of| !same(of));
                self.view.filters.push(filter);
            }
            GridAction::Unfilter(at) => {
                self.view.filters = std::mem::take(&mut self.view.filters)
                    .into_iter()
                    .enumerate()
                    .filter(|(i, _)| *i != at)
                    .map(|(_, filter)| filter)
                    .collect();
            }
            GridAction::Find(text) => {
                self.finds = text.is_some();
                self.view.find = text.unwrap_or_default();
            }
            GridAction::Hide(column) => {
                self.hidden.insert(column);
            }
            GridAction::Unhide => self.hidden.clear(),
            GridAction::Widths { widths, anew } => {
                self.widths.extend(widths);
                self.fits += u64::from(anew);
            }
            GridAction::Select(selection) => self.selection = selection,
            GridAction::Copy => return self.copied(),
            GridAction::Card(at) => self.card = self.card(at),
        }
        if before != self.view {
            self.changes += 1;
            self.selection = None;
        }
        Ok(None)
    }

    fn turn(&mut self, column: String, also: bool) {
        let at = self.view.sort.iter().position(|(name, _)| *name == column);
        let now = at.and_then(|at| self.view.sort.get_mut(at));
        match now {
            Some((_, descends)) if !*descends => {
                *descends = true;
                if !also {
                    self.view.sort.retain(|(name, _)| *name == column);
                }
            }
            Some(_) if also => self.view.sort.retain(|(name, _)| *name != column),
            Some(_) => self.view.sort.clear(),
            None => {
                if !also {
                    self.view.sort.clear();
                }
                self.view.sort.push((column, false));
            }
        }
    }

    /// What is selected as lines of cells with tabs between, under their headings; one cell is its value alone.
    fn copied(&self) -> Result<Option<String>> {
        let (Some(selection), Some(shown)) = (self.selection, &self.shown) else { return Ok(None) };
        let frame = &shown.snapshot.answer;
        let (across, down) = (selection.columns(), selection.rows());
        let all = frame.columns().iter().enumerate().filter(|(i, _)| across.contains(i));
        let columns: Vec<usize> =
            all.filter(|(_, column)| !self.hidden.contains(column.name().as_str())).map(|(i, _)| i).collect();
        let rows: Vec<usize> = (0..shown.len()).filter(|at| down.contains(at)).map(|at| shown.row(at)).collect();
        if columns.len().saturating_mul(rows.len()) > COPIED {
            let hint = "select fewer, or export the answer";
            return Err(Fault::new(format!("more than {COPIED} cells are selected, too many to copy")).hint(hint));
        }
        if let ([column], [row]) = (&columns[..], &rows[..]) {
            return Ok(whole(frame, *column, *row));
        }
        let name = |column: &usize| frame.columns().get(*column).map(|c| in_line(c.name())).unwrap_or_default();
        let mut lines = vec![columns.iter().map(name).collect::<Vec<_>>().join("\t")];
        for row in rows {
            let cells: Vec<String> =
                columns.iter().map(|c| in_line(&whole(frame, *c, row).unwrap_or_default())).collect();
            lines.push(cells.join("\t"));
        }
        Ok(Some(lines.join("\n")))
    }

    fn card(&self, at: usize) -> Option<Card> {
        let shown = self.shown.as_ref().filter(|shown| at < shown.len())?;
        let row = shown.row(at);
        let value = |column: &polars::prelude::Column| {
            let value = column.get(row).ok().filter(|value| !value.is_null());
            let text = value.map(|value| cell::laid_out(&value, numbers::zone()));
            (column.name().to_string(), cells::type_word(column.dtype()), text)
        };
        Some(Card { row, values: shown.snapshot.answer.columns().iter().map(value).collect() })
    }
}

/// A value without rounding, times in the zone that is shown.
fn whole(frame: &DataFrame, column: usize, row: usize) -> Option<String> {
    let value = frame.select_at_idx(column)?.get(row).ok()?;
    Some(cell::text(&value, numbers::zone()).into_owned())
}

/// A value as spreadsheets take it from the clipboard: quoted where it would be taken for several.
fn in_line(text: &str) -> String {
    if text.contains(['\t', '\n', '\r', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
