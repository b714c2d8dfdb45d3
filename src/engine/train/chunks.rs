//! Learning from more rows than fit into memory. They are read twice: once to settle how values become codes, and once
//! to keep them as codes, a chunk at a time. As many chunks as there is room for fit their share of the trees, by all
//! threads, and the forests merge as every partial does. What becomes of the forest is left to `job`.

use std::collections::BTreeSet;

use polars::prelude::*;

use super::forest::{Training, grow};
use super::holdout::{Fitted, HoldOut, newest_row, split, test_mask};
use crate::data::Result;
use crate::engine::gather::{RowSample, Sampling, Selection, each_part, no_rows};
use crate::engine::job::Reporter;
use crate::engine::{Reached, Table};
use crate::learn::bins::SAMPLE;
use crate::learn::drift::Baseline;
use crate::learn::dropped::Dropped;
use crate::learn::forest::Forest;
use crate::learn::merge::merge;
use crate::learn::model::TrainedTo;
use crate::learn::prepared::Prepared;
use crate::learn::question::Question;

/// Chunks whose trees are fitted together: a value takes the room of so many codes.
const TOGETHER: usize = 8;
/// Bytes of codes that are not worth a part: fewer rows make worse trees, and the forest itself takes more.
pub const ROOM: usize = 32 << 20;
/// Rows held out that are kept to judge by (a share of right ones is then known within 0.16 points, standard error),
/// and rows that are kept to know how features are distributed.
const KEPT: usize = 100_000;

/// The rows to train on: what is wanted of a table, its feeds as far as `reached`.
pub(super) struct TableRows<'a> {
    pub table: &'a Table,
    pub reached: &'a Reached,
    pub wanted: &'a Selection,
}

/// Fits a forest on all rows of the table, `most` in memory at a time and those before them as codes, of which `room`
/// bytes are never too many.
///
/// # Errors
/// When rows cannot be read, or a forest cannot be trained on them.
pub(super) fn fit_chunks(
    source: &TableRows<'_>,
    training: &Training,
    test: HoldOut,
    (most, room): (usize, usize),
    report: &Reporter,
    show: &dyn Fn(&[f64]),
) -> Result<Fitted> {
    let TableRows { table, reached, wanted } = *source;
    let Settled { rows, complete, prepared, none } = settle(table, reached, wanted, &training.question, report)?;
    let chunks = rows.div_ceil(most.max(1)).max(1);
    let roomy = (rows * prepared.table.row_bytes()).div_ceil(room.max(1));
    let parts = chunks.div_ceil(TOGETHER).min(roomy).clamp(1, training.trees.max(1));
    let mut state = Chunks {
        report,
        show,
        test,
        test_mask: test_mask(complete, test, training)?,
        empty: prepared.clone(),
        held: DataFrame::default(),
        coded: prepared,
        chunks,
        size: rows.div_ceil(chunks).max(1),
        done: 0,
        parts,
        grown: 0,
        forests: Vec::new(),
        tested: RowSample::new(Sampling::Spread(KEPT)),
        labelled: RowSample::new(Sampling::Spread(KEPT)),
        dropped: Dropped::default(),
        trained: 0,
        time: table
            .time
            .as_ref()
            .map(|time| PlSmallStr::from(time.column.as_str()))
            .filter(|time| wanted.columns.contains(time)),
        trained_to: None,
        training,
    };
    report.counted(0, training.trees as u64, "trees", format!("reading the first of {chunks} chunks"));
    let unread = each_part(table, reached, wanted, &report.quiet(), &mut |rows| state.add(rows))?;
    state.rest()?;
    let Chunks { mut forests, tested, labelled, dropped, trained, trained_to, .. } = state;
    let fitted = forests.len();
    let forest = match (forests.pop(), forests.is_empty()) {
        (Some(only), true) => only,
        // A share of the trees has an out-of-bag error of its own, which is not that of all.
        (Some(last), false) => merge(&forests.iter().chain([&last]).collect::<Vec<_>>())?,
        (None, _) => return Err(dropped.all(&training.question.target)),
    };
    let labelled = labelled.finish()?.unwrap_or_default();
    let baseline = Baseline::new(&labelled, training.question.features.iter().map(String::as_str))?;
    let tested = tested.finish()?.unwrap_or(none);
    Ok(Fitted {
        forest,
        tested,
        baseline,
        seen: dropped.of as u64,
        dropped,
        unread,
        trained,
        parts: fitted,
        trained_to,
    })
}

/// What the first reading tells.
struct Settled {
    /// Rows that there are, and those that lack nothing.
    rows: usize,
    complete: usize,
    /// The cuts, words and classes of all.
    prepared: Prepared,
    /// The columns, without a row.
    none: DataFrame,
}

fn settle(
    table: &Table,
    reached: &Reached,
    wanted: &Selection,
    question: &Question,
    report: &Reporter,
) -> Result<Settled> {
    let (mut sample, mut classes, mut dropped) =
        (RowSample::new(Sampling::Spread(SAMPLE)), BTreeSet::new(), Dropped::default());
    each_part(table, reached, wanted, report, &mut |rows| {
        let (complete, lacking) = question.complete(&rows)?;
        dropped.add(lacking);
        question.classes(complete.column(&question.target)?, &mut classes)?;
        sample.add(complete)
    })?;
    match sample.finish()? {
        Some(sample) => {
            let prepared = question.settle(&sample, classes)?;
            Ok(Settled { rows: dropped.of, complete: dropped.of - dropped.rows, prepared, none: sample.clear() })
        }
        None if dropped.of == 0 => Err(no_rows(table)),
        None => Err(dropped.all(&question.target)),
    }
}

struct Chunks<'a> {
    report: &'a Reporter,
    show: &'a dyn Fn(&[f64]),
    test: HoldOut,
    /// Which complete rows are held out; those of the chunks before are taken off.
    test_mask: BooleanChunked,
    training: &'a Training,
    /// Cuts, words and classes, which are those of all chunks.
    empty: Prepared,
    /// Rows of the chunk that is being filled.
    held: DataFrame,
    /// Rows of the chunks before it that no tree has seen, as codes.
    coded: Prepared,
    chunks: usize,
    /// Rows of a chunk.
    size: usize,
    done: usize,
    /// How often trees are fitted.
    parts: usize,
    /// Trees so far.
    grown: usize,
    forests: Vec<Forest>,
    tested: RowSample,
    labelled: RowSample,
    dropped: Dropped,
    trained: usize,
    /// The column of the rows' time, and the newest so far.
    time: Option<PlSmallStr>,
    trained_to: Option<TrainedTo>,
}

impl Chunks<'_> {
    fn add(&mut self, rows: DataFrame) -> Result<()> {
        if self.held.width() == 0 {
            self.held = rows;
        } else {
            self.held.vstack_mut(&rows)?;
        }
        // The last takes what is left.
        while self.held.height() >= self.size && self.done + 1 < self.chunks {
            let rest = self.held.slice(self.size as i64, usize::MAX);
            let chunk = std::mem::replace(&mut self.held, rest).head(Some(self.size));
            self.take(chunk)?;
        }
        Ok(())
    }

    fn rest(&mut self) -> Result<()> {
        let chunk = std::mem::take(&mut self.held);
        if chunk.height() > 0 { self.take(chunk) } else { self.fit() }
    }

    /// Keeps a chunk as codes, and fits trees where that was the last of its part.
    fn take(&mut self, chunk: DataFrame) -> Result<()> {
        self.report.check()?;
        let question = &self.training.question;
        let (complete, dropped) = question.complete(&chunk)?;
        self.dropped.add(dropped);
        let target = chunk.column(&question.target)?;
        self.labelled.add(chunk.filter(&target.is_not_null())?)?;
        drop(chunk);
        let (mask, rest) = self.test_mask.split_at(complete.height() as i64);
        self.test_mask = rest;
        let (trained, tested) = split(&complete, &mask)?;
        let newer = newest_row(self.time.as_deref(), &complete, &trained, self.test)?;
        self.trained_to = self.trained_to.take().into_iter().chain(newer).max_by_key(|to| to.micros);
        drop(complete);
        self.tested.add(tested)?;
        self.coded.add(&trained)?;
        self.done += 1;
        let part = self.forests.len() + 1;
        if self.done * self.parts >= self.chunks * part { self.fit() } else { Ok(()) }
    }

    /// Fits the trees that are due on the rows that no tree has seen.
    fn fit(&mut self) -> Result<()> {
        let trees = self.training.trees * self.done / self.chunks - self.grown;
        // A part without rows leaves its trees to the next.
        if self.coded.table.labels.rows() == 0 {
            return Ok(());
        }
        let coded = std::mem::replace(&mut self.coded, self.empty.clone());
        self.trained += coded.table.labels.rows();
        let part = Training { trees, seed: mixed(self.training.seed, self.forests.len()), ..self.training.clone() };
        let only = self.parts == 1;
        let shown = |errors: &[f64]| {
            if only {
                (self.show)(errors)
            }
        };
        self.forests.push(grow(coded, &part, &self.report.part(self.grown as u64, self.training.trees as u64), shown)?);
        self.grown += trees;
        Ok(())
    }
}

/// A seed for each of several; that of the first is the seed itself.
fn mixed(seed: u64, number: usize) -> u64 {
    seed.wrapping_add((number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
