//! A training job over a table: its rows are read, some are held out, a forest learns from the others and is judged on
//! those that it has not seen. How trees are grown and answers judged is `learn`'s.

use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::*;

use super::chunks::{TableRows, fit_chunks};
use super::forest::{Training, fit};
use super::holdout::{Fitted, HoldOut, newest_row, split, test_mask};
use super::target::Target;
use crate::data::{Fault, Result};
use crate::engine::gather::{Gathered, Sampling, Selection, gather};
use crate::engine::job::Reporter;
use crate::engine::{Job, Reached, Table, TablePosition};
use crate::learn::drift::Baseline;
use crate::learn::forest::Forest;
use crate::learn::model::TrainedTo;
use crate::learn::report::{Explained, Report, explain};
use crate::learn::verdict::Verdict;
use crate::sync::{Latest, Wake};

/// Which rows the trees are fitted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainingRows {
    /// Some, by all trees together.
    Sample(Sampling),
    /// All, so many at a time as they are. Chunks before them are kept as codes, and parts of them that take more than
    /// the room, bytes, fit their share of the trees.
    Chunks { rows: usize, room: usize },
}

/// A model to be trained: what on, and how it is tested.
#[derive(Clone, Debug)]
pub struct TrainingSpec {
    pub table: Arc<Table>,
    /// How far its feeds are read.
    pub reached: Reached,
    pub target: Target,
    pub training: Training,
    pub rows: TrainingRows,
    pub test: HoldOut,
    /// A forest that is in use: it is judged on the same rows.
    pub champion: Option<Arc<Forest>>,
}

/// A trained model, and how it did.
#[derive(Clone, Debug)]
pub struct Trained {
    pub target: Target,
    pub training: Training,
    pub forest: Arc<Forest>,
    pub report: Arc<Report>,
    /// The champion, and what its answers to the same rows were worth.
    pub champion: Option<(Arc<Forest>, Verdict)>,
    /// To read and to train.
    pub took: Duration,
    /// To score the rows held out.
    pub predict: Duration,
    /// How the features were distributed in all rows with a target, those that lack a value included.
    pub baseline: Arc<Baseline>,
    /// How far the feeds were read: rows from there on are new to the forest.
    pub until: TablePosition,
    /// How far the rows were read by their time, where the table has one.
    pub trained_to: Option<TrainedTo>,
}

/// Trains on the rows of a table; `errors` shows the out-of-bag error after each tree while it goes on.
pub fn train_on_table(spec: TrainingSpec, errors: Latest<Vec<f64>>, wake: Wake) -> Job<Trained> {
    Job::start("learn", wake, move |report| train_within(spec, &errors, report))
}

/// The same as a part of another job.
///
/// # Errors
/// When the rows cannot be read or nothing can be learned from them, or when the job is cancelled.
pub fn train_within(spec: TrainingSpec, errors: &Latest<Vec<f64>>, report: &Reporter) -> Result<Trained> {
    let TrainingSpec { table, reached, target, training, rows, test, champion } = spec;
    let begun = Instant::now();
    let question = &training.question;
    if question.features.is_empty() {
        return Err(Fault::new("there is no feature to learn from").at(&table.name).hint("choose at least one column"));
    }
    let mut columns: Vec<PlSmallStr> = question.features.iter().map(|f| f.as_str().into()).collect();
    let derived = target.bind(&table)?.map(|d| (PlSmallStr::from(target.name.as_str()), d));
    if derived.is_none() {
        columns.push(target.name.as_str().into());
    }
    let time =
        table.time.as_ref().map(|time| PlSmallStr::from(time.column.as_str())).filter(|time| *time != target.name);
    // A champion may ask for features that the challenger does without.
    let inputs = champion.iter().flat_map(|c| c.features.iter().map(|f| PlSmallStr::from(f.name.as_str())));
    for input in inputs.chain(time.clone()) {
        if !columns.contains(&input) {
            columns.push(input);
        }
    }
    let wanted = Selection { columns, derived };
    let show = |so_far: &[f64]| {
        // One update in so many is enough where there are thousands of trees.
        if so_far.len().is_multiple_of(1 + so_far.len() / 200) {
            errors.put(so_far.to_vec());
        }
    };
    let fitted = match rows {
        TrainingRows::Sample(sampling) => {
            let gathered = gather(&table, &reached, &wanted, sampling, report)?;
            fit_together(gathered, time.as_deref(), &training, test, report, show)?
        }
        TrainingRows::Chunks { rows, room } => fit_chunks(
            &TableRows { table: &table, reached: &reached, wanted: &wanted },
            &training,
            test,
            (rows, room),
            report,
            &show,
        )?,
    };
    let Fitted { forest, tested, baseline, dropped, seen, unread, trained, parts, trained_to } = fitted;
    let took = begun.elapsed();
    let trees = training.trees as u64;
    report.counted(trees, trees, "trees", "asking it of the rows held out");
    let begun = Instant::now();
    let scored = forest.score(&tested)?;
    let predict = begun.elapsed();
    let verdict = Verdict::new(&forest, &scored, &tested)?;
    report.check()?;
    let judge = |c: Arc<Forest>| Verdict::new(&c, &c.score(&tested)?, &tested).map(|verdict| (c, verdict));
    let champion = champion.map(judge).transpose()?;
    let Explained { importance, dependences } = explain(&forest, &tested, |share| {
        report.counted(trees, trees, "trees", format!("measuring what each feature is worth, {:.0} %", share * 100.0));
        report.check()
    })?;
    let seconds = (took + predict).as_secs_f64();
    let report = Arc::new(Report { seen, unread, trained, parts, dropped, seconds, verdict, importance, dependences });
    let (forest, baseline, until) = (Arc::new(forest), Arc::new(baseline), TablePosition::new(&table, reached));
    Ok(Trained { target, training, forest, report, champion, took, predict, baseline, until, trained_to })
}

fn fit_together(
    gathered: Gathered,
    time: Option<&str>,
    training: &Training,
    test: HoldOut,
    report: &Reporter,
    show: impl Fn(&[f64]),
) -> Result<Fitted> {
    let Gathered { frame, seen, unread } = gathered;
    let question = &training.question;
    let (complete, dropped) = question.complete(&frame)?;
    if complete.height() == 0 {
        return Err(dropped.all(&question.target));
    }
    let labelled = frame.filter(&frame.column(&question.target)?.is_not_null())?;
    drop(frame);
    let baseline = Baseline::new(&labelled, question.features.iter().map(String::as_str))?;
    drop(labelled);
    let (rows, tested) = split(&complete, &test_mask(complete.height(), test, training)?)?;
    let trained_to = newest_row(time, &complete, &rows, test)?;
    drop(complete);
    let trained = rows.height();
    report.check()?;
    let forest = fit(rows, training, report, show)?;
    Ok(Fitted { forest, tested, baseline, dropped, seen, unread, trained, parts: 1, trained_to })
}
