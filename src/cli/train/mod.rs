//! `braid train`: reads a table, holds rows out, trains a forest, and says how good it is on the rows held out.

mod args;
mod report;
mod split;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::stats::cpu_seconds;
use super::{console, outputs};
use crate::data::words::visible_lines;
use crate::data::{Fault, Result};
use crate::disk;
use crate::engine::open::{Given, open_table};
use crate::engine::train::train;
use crate::engine::train::{HoldOut, ROOM, Target, Trained, TrainingRows, TrainingSpec, propose, train_on_table};
use crate::engine::{Job, Reached, stop};
use crate::learn::grow::{Growth, MaxFeatures};
use crate::learn::model::{self, Saved};
use crate::learn::propose::{self, LeftOut, TargetKind};
use crate::learn::question::{Question, TaskKind};
use crate::learn::report::{Report, explain};
use crate::learn::verdict::Verdict;
use crate::sync::{Cancel, Latest, Wake};
use args::Holdout;
pub use args::{TrainArgs, help};
use report::TrainOutcome;
use split::{TrainTestSplit, proposed_features, read_split, warn_unread};

/// # Errors
/// Whatever keeps the model from being trained, tested or written.
pub fn run(args: &TrainArgs, started: Instant) -> Result<()> {
    let stop = stop::on_signals()?;
    let written: Vec<&Path> = args.model.iter().chain(&args.stats).map(|path| path.as_path()).collect();
    let tests = if let Holdout::Files(files) = &args.holdout { files.as_slice() } else { &[] };
    outputs::check(&written, &outputs::files(args.data.iter().chain(tests)))?;
    let (outcome, saved) = match args.chunk_rows {
        Some(rows) => train_in_chunks(args, rows, &stop)?,
        None => train_in_memory(args, &stop)?,
    };
    if let Some(path) = &args.model {
        model::save(&saved, path)?;
    }
    if let Some(path) = &args.stats {
        disk::write(path, outcome.json(started).as_bytes()).map_err(|e| Fault::io(path.display().to_string(), &e))?;
    }
    let text = visible_lines(&outcome.text(args.model.as_deref()));
    disk::to_stdout(text.as_bytes()).map_err(|e| Fault::io("stdout", &e))
}

/// Trains all trees on all rows, which are held in memory.
fn train_in_memory(args: &TrainArgs, stop: &Cancel) -> Result<(TrainOutcome, Saved)> {
    let mut training = args.training.clone();
    let TrainTestSplit { mut trained, tested, dropped, seen, unread, baseline, trained_to } =
        read_split(args, &mut training.question, stop)?;
    let asked = training.question.task;
    if !args.proposed {
        warn_about_features(propose::propose(&trained, &training.question.target)?.left_out, &training.question);
    }
    training.growth = growth(args, &training.question, || training.question.estimates(&trained))?;
    let rows_trained = trained.height();

    let (begun, cpu) = (Instant::now(), cpu_seconds());
    let (wake, news) = Wake::channel();
    let forest = wait(train(std::mem::take(&mut trained), training, wake), &news, stop)?;
    let (fit, fit_cpu) = (begun.elapsed(), cpu_seconds().zip(cpu).map(|(now, before)| now - before));

    let (begun, cpu) = (Instant::now(), cpu_seconds());
    let scored = forest.score(&tested)?;
    let (predict, predict_cpu) = (begun.elapsed(), cpu_seconds().zip(cpu).map(|(now, before)| now - before));
    let verdict = Verdict::new(&forest, &scored, &tested)?;
    let seconds = fit.as_secs_f64() + predict.as_secs_f64();
    let mut report = Report {
        seen,
        unread,
        trained: rows_trained,
        parts: 1,
        dropped,
        seconds,
        verdict,
        importance: Vec::new(),
        dependences: Vec::new(),
    };
    if args.model.is_some() {
        let explained = explain(&forest, &tested, |share| {
            console::progress(&format!("measuring what each feature is worth, {:.0} %", share * 100.0));
            if stop.is_set() { Err(Fault::new("it was stopped").hint("nothing was written")) } else { Ok(()) }
        });
        console::progress("");
        (report.importance, report.dependences) = explained.map(|e| (e.importance, e.dependences))?;
    }
    let forest = Arc::new(forest);
    let saved = Saved { baseline, trained_to, report: Some(report.clone()), ..Saved::new(forest.clone()) };
    Ok((TrainOutcome { forest, report, fit, fit_cpu, predict, predict_cpu, asked }, saved))
}

/// Trains with one chunk of rows in memory at a time; earlier chunks are kept as codes.
fn train_in_chunks(args: &TrainArgs, rows: usize, stop: &Cancel) -> Result<(TrainOutcome, Saved)> {
    let Holdout::Share(share) = args.holdout else {
        return Err(Fault::new("--chunk-rows holds a share of the rows out to test on")
            .hint("leave out --test and --split, or --chunk-rows"));
    };
    let given =
        Given { name: args.data.first().cloned().unwrap_or_default(), history: args.data.clone(), ..Given::default() };
    let table = Arc::new(open_table(&given, Duration::ZERO, stop)?);
    let mut training = args.training.clone();
    let asked = training.question.task;
    let target = Target { name: training.question.target.clone(), sql: None };
    training.question.features = training.question.features(&table.schema)?;
    let (wake, news) = Wake::channel();
    let found = wait(propose(Arc::clone(&table), Reached::default(), target.clone(), wake.clone()), &news, stop)?;
    let estimates = found.proposal.task == TargetKind::Number;
    if args.proposed {
        training.question.features = proposed_features(found.proposal)?;
    } else {
        warn_about_features(found.proposal.left_out, &training.question);
    }
    if training.question.task.is_none() && estimates {
        training.question.task = Some(TaskKind::Estimate);
    }
    training.growth = growth(args, &training.question, || Ok(training.question.task == Some(TaskKind::Estimate)))?;
    let spec = TrainingSpec {
        table,
        reached: Reached::default(),
        target,
        training,
        rows: TrainingRows::Chunks { rows, room: ROOM },
        test: HoldOut::Share(share),
        champion: None,
    };
    let learned = wait(train_on_table(spec, Latest::default(), wake), &news, stop)?;
    warn_unread(learned.report.unread);
    let Trained { forest, report, took, predict, baseline, trained_to, .. } = learned;
    let report = Arc::unwrap_or_clone(report);
    let baseline = Some(Arc::unwrap_or_clone(baseline));
    let saved = Saved { baseline, trained_to, report: Some(report.clone()), ..Saved::new(forest.clone()) };
    Ok((TrainOutcome { forest, report, fit: took, fit_cpu: None, predict, predict_cpu: None, asked }, saved))
}

/// Warns about features that a person may not want: identifiers, constants, copies of the target, leaks, moments.
fn warn_about_features(found: Vec<LeftOut>, question: &Question) {
    for c in found.into_iter().filter(|c| question.features.contains(&c.column)) {
        let (column, reason, evidence) = (c.column, c.reason.word(), c.evidence);
        console::line(&format!(
            "{column}: {reason}, {evidence}; it is trained on all the same: --features proposed leaves it out"
        ));
    }
}

/// How trees grow, where options differ from the task's defaults.
fn growth(args: &TrainArgs, question: &Question, estimates: impl FnOnce() -> Result<bool>) -> Result<Option<Growth>> {
    let asked = &args.grow;
    if asked.criterion.is_none() && asked.tries.is_none() && asked.min_leaf.is_none() && asked.max_depth.is_none() {
        return Ok(None);
    }
    if let Some(MaxFeatures::Count(tries)) = asked.tries
        && tries > question.features.len()
    {
        return Err(Fault::new(format!(
            "--max-features {tries} is more than the {} features there are",
            question.features.len()
        ))
        .hint("give fewer, or 'all'"));
    }
    let own = if estimates()? { Growth::numbers() } else { Growth::classes() };
    Ok(Some(Growth {
        criterion: asked.criterion.unwrap_or(own.criterion),
        tries: asked.tries.unwrap_or(own.tries),
        min_leaf: asked.min_leaf.unwrap_or(own.min_leaf),
        max_depth: asked.max_depth,
        ..own
    }))
}

/// Shows the progress of a job until its outcome is there.
fn wait<T: Send + 'static>(mut job: Job<T>, news: &Receiver<()>, stop: &Cancel) -> Result<T> {
    loop {
        let _ = news.recv_timeout(Duration::from_millis(100));
        if stop.is_set() {
            job.cancel();
        }
        let outcome = job.take();
        let progress = job.progress();
        let counted =
            (!progress.unit.is_empty()).then(|| format!("{} of {} {}", progress.done, progress.total, progress.unit));
        let line: Vec<String> = counted.into_iter().chain([progress.note]).collect();
        console::progress(&if outcome.is_some() { String::new() } else { line.join(", ") });
        if let Some(outcome) = outcome {
            return outcome;
        }
    }
}
