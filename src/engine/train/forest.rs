//! Training a forest, as a job: trees are grown by several threads, each with its own seed, and taken in in their
//! order, so that the forest does not depend on how many threads there are. How a tree is grown is `learn`'s.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use polars::prelude::DataFrame;

use crate::data::{Fault, Result};
use crate::engine::Job;
use crate::engine::job::Reporter;
use crate::learn::forest::{Forest, TREES, Task};
use crate::learn::grow::{Growth, grower};
use crate::learn::oob::{Harvest, Judged, judge};
use crate::learn::prepared::Prepared;
use crate::learn::question::Question;
use crate::sync::{Cancel, StopOnDrop, Wake, Worker};

/// How a forest is to be trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    pub question: Question,
    pub trees: usize,
    /// `None` takes what suits the task.
    pub growth: Option<Growth>,
    pub seed: u64,
    /// 0 takes as many as there are processors.
    pub threads: usize,
}

impl Default for Training {
    fn default() -> Self {
        Self { question: Question::default(), trees: 100, growth: None, seed: 42, threads: 0 }
    }
}

/// Trains on the rows of `frame`, which lack nothing (`Question::complete`).
pub fn train(frame: DataFrame, training: Training, wake: Wake) -> Job<Forest> {
    Job::start("train", wake, move |report| fit(frame, &training, report, |_| ()))
}

/// Trains inside of a job; `grown` hears the out-of-bag error after each tree so far.
pub(super) fn fit(frame: DataFrame, training: &Training, report: &Reporter, grown: impl Fn(&[f64])) -> Result<Forest> {
    report.counted(0, training.trees as u64, "trees", "sorting values into bins");
    let prepared = training.question.prepare(&frame)?;
    // Trees need only the bins.
    drop(frame);
    report.check()?;
    grow(prepared, training, report, grown)
}

/// How long the job waits for a tree before it looks whether it was cancelled.
const WAIT: Duration = Duration::from_millis(50);

type GrownTree = Result<(usize, Judged)>;

/// Grows the trees over rows that are codes already.
pub(super) fn grow(
    prepared: Prepared,
    training: &Training,
    report: &Reporter,
    grown: impl Fn(&[f64]),
) -> Result<Forest> {
    if !(1..=TREES).contains(&training.trees) {
        return Err(
            Fault::new(format!("a forest has no {} trees", training.trees)).hint(format!("ask for 1 to {TREES}"))
        );
    }
    let Prepared { table, mut forest } = prepared;
    let fitting = if forest.task == Task::Numbers { Growth::numbers() } else { Growth::classes() };
    let growth = Growth { seed: training.seed, ..training.growth.unwrap_or(fitting) };
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if training.threads == 0 { processors() } else { training.threads }.min(training.trees);
    let (table, next) = (Arc::new(table), Arc::new(AtomicUsize::new(0)));
    let (send, trees_grown) = crossbeam_channel::bounded::<GrownTree>(threads);
    // However this ends, no worker goes on; the job itself may have more to do.
    let cancel = Cancel::new();
    let stop = StopOnDrop(cancel.clone());
    for number in 0..threads {
        let (table, next, send, cancel, trees) =
            (table.clone(), next.clone(), send.clone(), cancel.clone(), training.trees);
        let broken = send.clone();
        let work = move || {
            let mut grower = grower(&table, growth);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= trees {
                    return;
                }
                let tree = grower.grow(number, &cancel).map(|grown| (number, judge(&table, grown)));
                let failed = tree.is_err();
                if send.send(tree).is_err() || failed {
                    return;
                }
            }
        };
        // Sending fails only when the job has ended.
        let on_panic = move |said| drop(broken.send(Err(Fault::new(format!("internal error: {said}")))));
        Worker::spawn(&format!("tree {number}"), work, on_panic).map_err(|e| Fault::io("starting a thread", &e))?;
    }
    drop(send);
    let mut harvest = Harvest::new(&table, training.trees);
    loop {
        let (number, judged) = match trees_grown.recv_timeout(WAIT) {
            Ok(tree) => tree?,
            Err(RecvTimeoutError::Timeout) => {
                report.check()?;
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        harvest.add(number, judged);
        grown(harvest.errors());
        let note = harvest.newest_error().map_or_else(String::new, |error| note(&forest.task, error));
        report.counted(harvest.len() as u64, training.trees as u64, "trees", note);
        report.check()?;
    }
    if harvest.len() < training.trees {
        return Err(Fault::new("internal error: a tree was not grown"));
    }
    let (trees, oob) = harvest.finish();
    (forest.trees, forest.oob) = (trees, Some(oob));
    drop(stop);
    Ok(forest)
}

fn note(task: &Task, error: f64) -> String {
    match task {
        Task::Classes { .. } => format!("out-of-bag error {:.2} %", error * 100.0),
        Task::Numbers => format!("out-of-bag error {error:.4}"),
    }
}
