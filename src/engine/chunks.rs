//! Learning from more rows than fit into memory: each chunk of the table fits its share of the trees, by all threads, and
//! the forests merge as every partial does. Memory is that of one chunk, whatever the table. What becomes of the forest is
//! left to `lesson`.

use polars::prelude::*;

use super::gather::{Heap, Keep, Wanted, each, nothing};
use super::job::Reporter;
use super::lesson::{Fitted, Test, divide, newest};
use super::train::{Training, fit};
use super::{Reached, Table};
use crate::data::Result;
use crate::learn::drift::Baseline;
use crate::learn::encode::{Dropped, TaskKind};
use crate::learn::forest::Forest;
use crate::learn::merge::merge;
use crate::learn::model::LearntTo;

/// Most chunks: the cuts of all of them fit into one forest.
const MOST: usize = 250;
/// Rows held out that are kept to judge by, and rows that are kept to know how features are distributed.
const KEPT: usize = 500_000;

/// Fits a forest on all rows of the table, at most `most` at a time where that is possible.
///
/// # Errors
/// Those of reading and of training.
pub(super) fn fit_chunks(table: &Table, reached: &Reached, wanted: &Wanted, training: &Training, test: Test, most: usize, report: &Reporter) -> Result<Fitted> {
    let rows = count(table, reached, wanted, report)?;
    let chunks = rows.div_ceil(most.max(1)).clamp(1, MOST.min(training.trees.max(1)));
    let mut state = Chunks {
        report,
        test,
        training: training.clone(),
        held: DataFrame::default(),
        chunks,
        size: rows.div_ceil(chunks).max(1),
        done: 0,
        grown: 0,
        forests: Vec::new(),
        tested: Heap::new(Keep::Spread(KEPT)),
        labelled: Heap::new(Keep::Spread(KEPT)),
        dropped: Dropped::default(),
        learnt: 0,
        time: table.time.as_ref().map(|time| PlSmallStr::from(time.column.as_str())).filter(|time| wanted.columns.contains(time)),
        learnt_to: None,
    };
    // Each chunk is cut into 256 bins: those of all chunks have to fit into one forest.
    state.training.question.coarse = true;
    report.counted(0, training.trees as u64, "trees", format!("reading the first of {chunks} chunks"));
    let unread = each(table, reached, wanted, &report.quiet(), &mut |rows| state.add(rows))?;
    state.rest()?;
    let Chunks { forests, tested, labelled, dropped, learnt, learnt_to, training, .. } = state;
    if forests.is_empty() {
        return Err(if dropped.of == 0 { nothing(table) } else { dropped.all(&training.question.target) });
    }
    let parts: Vec<&Forest> = forests.iter().collect();
    let labelled = labelled.finish()?.unwrap_or_default();
    let baseline = Baseline::new(&labelled, training.question.features.iter().map(String::as_str))?;
    let tested = tested.finish()?.unwrap_or_default();
    Ok(Fitted { forest: merge(&parts)?, tested, baseline, seen: dropped.of as u64, dropped, unread, learnt, chunks: forests.len(), learnt_to })
}

/// How many rows there are; one column is read for that.
fn count(table: &Table, reached: &Reached, wanted: &Wanted, report: &Reporter) -> Result<usize> {
    let one = Wanted { columns: wanted.columns.iter().take(1).cloned().collect(), derived: None };
    let mut rows = 0;
    each(table, reached, &one, report, &mut |part| {
        rows += part.height();
        Ok(())
    })?;
    Ok(rows)
}

struct Chunks<'a> {
    report: &'a Reporter,
    test: Test,
    training: Training,
    /// Rows of the chunk that is being filled.
    held: DataFrame,
    chunks: usize,
    /// Rows of a chunk.
    size: usize,
    done: usize,
    /// Trees so far.
    grown: usize,
    forests: Vec<Forest>,
    tested: Heap,
    labelled: Heap,
    dropped: Dropped,
    learnt: usize,
    /// The column of the rows' time, and the newest so far.
    time: Option<PlSmallStr>,
    learnt_to: Option<LearntTo>,
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
            self.fit(chunk)?;
        }
        Ok(())
    }

    fn rest(&mut self) -> Result<()> {
        let chunk = std::mem::take(&mut self.held);
        if chunk.height() == 0 { Ok(()) } else { self.fit(chunk) }
    }

    fn fit(&mut self, chunk: DataFrame) -> Result<()> {
        self.report.check()?;
        let Self { training, report, .. } = self;
        let (complete, dropped) = training.question.complete(&chunk)?;
        self.dropped.add(dropped);
        let target = chunk.column(&training.question.target)?;
        self.labelled.add(chunk.filter(&target.is_not_null())?)?;
        drop(chunk);
        let seed = training.seed.wrapping_add((self.done as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (learnt, tested) = divide(&complete, self.test, seed)?;
        let newer = newest(self.time.as_deref(), &complete, &learnt, self.test)?;
        self.learnt_to = self.learnt_to.take().into_iter().chain(newer).max_by_key(|to| to.micros);
        drop(complete);
        self.done += 1;
        self.tested.add(tested)?;
        // A chunk without rows leaves its trees to the next.
        let trees = training.trees * self.done / self.chunks - self.grown;
        if learnt.height() == 0 || trees == 0 {
            return Ok(());
        }
        if training.question.task.is_none() {
            // What the first chunk is, all are.
            training.question.task = Some(if training.question.estimates(&learnt)? { TaskKind::Estimate } else { TaskKind::Classify });
        }
        self.learnt += learnt.height();
        let part = Training { trees, seed, ..training.clone() };
        let forest = fit(learnt, &part, &report.part(self.grown as u64, training.trees as u64), |_| ())?;
        self.grown += trees;
        // A share of the trees has an estimate of its own, which is not that of all.
        self.forests.push(Forest { oob: None, ..forest });
        Ok(())
    }
}
