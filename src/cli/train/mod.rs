//! `braid train`: reads a table, holds rows out, trains a forest, and says how good it is on the rows held out.

mod args;
mod report;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use polars::prelude::*;

use super::stats::cpu_seconds;
use super::{outputs, say};
use crate::data::words::visible_lines;
use crate::data::{Fault, Result};
use crate::disk;
use crate::engine::lesson::{Learned, Lesson, ROOM, Scope, Target, Test, learn, learnt_to, propose};
use crate::engine::open::{Given, open_table};
use crate::engine::train::{read, train};
use crate::engine::{Job, Reached, TimeColumn, stop};
use crate::learn::drift::Baseline;
use crate::learn::dropped::Dropped;
use crate::learn::forest::Task as Foretold;
use crate::learn::grow::{Growth, Tries};
use crate::learn::holdout::{enough, held_out};
use crate::learn::model::{self, LearntTo, Saved};
use crate::learn::propose::{self, LeftOut, Proposal, Task};
use crate::learn::question::{Question, TaskKind};
use crate::learn::report::{Report, explain};
use crate::learn::verdict::Verdict;
use crate::source::history::{History, expand, open_history};
use crate::sync::{Cancel, Latest, Wake};
use args::Holdout;
pub use args::{TrainArgs, help};
use report::Outcome;

/// # Errors
/// Whatever keeps the model from being trained, tested or written.
pub fn run(args: &TrainArgs, started: Instant) -> Result<()> {
    let stop = stop::on_signals()?;
    let written: Vec<&Path> = args.model.iter().chain(&args.stats).map(|path| path.as_path()).collect();
    let tests = if let Holdout::Files(files) = &args.holdout { files.as_slice() } else { &[] };
    outputs::check(&written, &outputs::files(args.data.iter().chain(tests)))?;
    let (outcome, saved) = match args.chunk_rows {
        Some(rows) => chunk_by_chunk(args, rows, &stop)?,
        None => together(args, &stop)?,
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

/// All rows in memory, for all trees.
fn together(args: &TrainArgs, stop: &Cancel) -> Result<(Outcome, Saved)> {
    let mut training = args.training.clone();
    let Rows { mut learnt, tested, dropped, seen, unread, baseline, learnt_to } =
        rows(args, &mut training.question, stop)?;
    let asked = training.question.task;
    if !args.proposed {
        doubt(propose::propose(&learnt, &training.question.target)?.left_out, &training.question);
    }
    training.growth = growth(args, &training.question, || training.question.estimates(&learnt))?;
    let rows_learnt = learnt.height();

    let (begun, cpu) = (Instant::now(), cpu_seconds());
    let (news, wake) = bell();
    let forest = wait(train(std::mem::take(&mut learnt), training, wake), &news, stop)?;
    let (fit, fit_cpu) = (begun.elapsed(), cpu_seconds().zip(cpu).map(|(now, before)| now - before));

    let (begun, cpu) = (Instant::now(), cpu_seconds());
    let scored = forest.score(&tested)?;
    let (predict, predict_cpu) = (begun.elapsed(), cpu_seconds().zip(cpu).map(|(now, before)| now - before));
    let verdict = Verdict::new(&forest, &scored, &tested)?;
    let seconds = fit.as_secs_f64() + predict.as_secs_f64();
    let mut report = Report {
        seen,
        unread,
        learnt: rows_learnt,
        parts: 1,
        dropped,
        seconds,
        verdict,
        importance: Vec::new(),
        dependences: Vec::new(),
    };
    if args.model.is_some() {
        let explained = explain(&forest, &tested, |share| {
            say::progress(&format!("measuring what each feature is worth, {:.0} %", share * 100.0));
            if stop.is_set() { Err(Fault::new("it was stopped").hint("nothing was written")) } else { Ok(()) }
        });
        say::progress("");
        (report.importance, report.dependences) = explained.map(|e| (e.importance, e.dependences))?;
    }
    let forest = Arc::new(forest);
    let saved = Saved { baseline, learnt_to, report: Some(report.clone()), ..Saved::new(forest.clone()) };
    Ok((Outcome { forest, report, fit, fit_cpu, predict, predict_cpu, asked }, saved))
}

/// One chunk of rows in memory at a time, those before it as codes.
fn chunk_by_chunk(args: &TrainArgs, rows: usize, stop: &Cancel) -> Result<(Outcome, Saved)> {
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
    let (news, wake) = bell();
    let found = wait(propose(Arc::clone(&table), Reached::default(), target.clone(), wake.clone()), &news, stop)?;
    let estimates = found.proposal.task == Task::Number;
    if args.proposed {
        training.question.features = leave_out(found.proposal)?;
    } else {
        doubt(found.proposal.left_out, &training.question);
    }
    if training.question.task.is_none() && estimates {
        training.question.task = Some(TaskKind::Estimate);
    }
    training.growth = growth(args, &training.question, || Ok(training.question.task == Some(TaskKind::Estimate)))?;
    let lesson = Lesson {
        table,
        reached: Reached::default(),
        target,
        training,
        scope: Scope::Chunks { rows, room: ROOM },
        test: Test::Share(share),
        champion: None,
    };
    let learned = wait(learn(lesson, Latest::default(), wake), &news, stop)?;
    told_unread(learned.report.unread);
    let Learned { forest, report, took, predict, baseline, learnt_to, .. } = learned;
    let report = Arc::unwrap_or_clone(report);
    let baseline = Some(Arc::unwrap_or_clone(baseline));
    let saved = Saved { baseline, learnt_to, report: Some(report.clone()), ..Saved::new(forest.clone()) };
    Ok((Outcome { forest, report, fit: took, fit_cpu: None, predict, predict_cpu: None, asked }, saved))
}

fn bell() -> (Receiver<()>, Wake) {
    let (ring, news) = crossbeam_channel::bounded(1);
    let wake = Wake::new(move || {
        let _ = ring.try_send(());
    });
    (news, wake)
}

/// Says which features a person may not want: identifiers, constants, copies of the target, leaks and moments.
fn doubt(found: Vec<LeftOut>, question: &Question) {
    for c in found.into_iter().filter(|c| question.features.contains(&c.column)) {
        let (column, reason, evidence) = (c.column, c.reason.word(), c.evidence);
        say::line(&format!(
            "{column}: {reason}, {evidence}; it is learnt from all the same: --features proposed leaves it out"
        ));
    }
}

/// The features that are proposed; says which columns are left out, and why.
fn leave_out(found: Proposal) -> Result<Vec<String>> {
    for c in &found.left_out {
        say::line(&format!("{}: {}, {}; it is left out", c.column, c.reason.word(), c.evidence));
    }
    if found.features.is_empty() {
        return Err(Fault::new("no column is worth learning from")
            .at(found.target)
            .hint("name those to learn from all the same with --features"));
    }
    Ok(found.features)
}

struct Rows {
    learnt: DataFrame,
    tested: DataFrame,
    /// Of both.
    dropped: Dropped,
    /// Rows that could be read, and those that could not.
    seen: u64,
    unread: u64,
    /// How the features are distributed, if that is to be kept with the model.
    baseline: Option<Baseline>,
    /// The newest row, by the column that the window would take for the time.
    learnt_to: Option<LearntTo>,
}

fn rows(args: &TrainArgs, question: &mut Question, stop: &Cancel) -> Result<Rows> {
    let mut files = open(&args.data, None)?;
    let schema = files.first().map(|f| f.schema().clone()).unwrap_or_default();
    if let Holdout::Column(column) = &args.holdout {
        if question.features.is_empty() {
            question.features = question.features(&schema)?;
        }
        question.features.retain(|f| f != column);
    }
    question.features = question.features(&schema)?;
    let mut columns = question.features.clone();
    columns.push(question.target.clone());
    if let Holdout::Column(column) = &args.holdout
        && *column != question.target
    {
        columns.push(column.clone());
    }
    let time = TimeColumn::guess(&schema).map(|time| time.column).filter(|_| args.model.is_some());
    let time_alone = time.clone().filter(|time| !columns.contains(time));
    columns.extend(time_alone.clone());
    let (mut frame, mut unread) = load(&files, &columns, stop)?;
    files.clear();
    let mut seen = frame.height() as u64;
    let learnt_to = time.map(|time| learnt_to(frame.column(&time)?)).transpose()?.flatten();
    if let Some(time) = time_alone {
        frame.drop_in_place(&time)?;
        columns.retain(|c| *c != time);
    }
    if args.proposed {
        let known: Vec<&str> = question.features.iter().chain([&question.target]).map(String::as_str).collect();
        question.features = leave_out(propose::propose(&frame.select(known)?, &question.target)?)?;
    }
    let (complete, mut dropped) = question.complete(&frame)?;
    if complete.height() == 0 {
        return Err(dropped.all(&question.target));
    }
    let histograms = || Baseline::new(&frame, question.features.iter().map(String::as_str));
    let baseline = args.model.as_ref().map(|_| histograms()).transpose()?;
    drop(frame);
    if let Holdout::Share(share) = args.holdout {
        enough(complete.height(), share, &question.target)?;
    }
    let (learnt, tested) = match &args.holdout {
        Holdout::Share(share) => {
            divide(complete, |rows, _| Ok(held_out(rows, *share, args.training.seed as u32).into_iter().collect()))?
        }
        Holdout::Column(column) => divide(complete, |_, frame| marked(frame.column(column)?))?,
        Holdout::Files(test) => {
            columns.retain(|c| *c != question.target);
            columns.push(question.target.clone());
            let (frame, more_unread) = load(&open(test, Some(schema))?, &columns, stop)?;
            (seen, unread) = (seen + frame.height() as u64, unread + more_unread);
            let (tested, more) = question.complete(&frame)?;
            dropped.add(more);
            (complete, tested)
        }
    };
    let none = tested.height() == 0;
    match &args.holdout {
        Holdout::Column(column) if none => {
            return Err(Fault::new(format!("no row is marked for testing in '{column}'"))
                .at(column)
                .hint("mark some with true, 1 or 'test'"));
        }
        Holdout::Files(test) if none => {
            return Err(Fault::new("every row to test on lacks a value")
                .at(test.join(", "))
                .hint("give rows with a target and all features"));
        }
        _ => {}
    }
    Ok(Rows { learnt, tested, dropped, seen, unread, baseline, learnt_to })
}

fn open(patterns: &[String], known: Option<SchemaRef>) -> Result<Vec<Arc<dyn History>>> {
    let mut files: Vec<Arc<dyn History>> = Vec::new();
    for pattern in patterns {
        for path in expand(Path::new(pattern))? {
            let like = known.clone().or_else(|| files.first().map(|f| f.schema().clone()));
            files.push(open_history(&path, like)?);
        }
    }
    Ok(files)
}

fn load(files: &[Arc<dyn History>], columns: &[String], stop: &Cancel) -> Result<(DataFrame, u64)> {
    for note in files.iter().flat_map(|f| f.notes().iter().map(move |note| format!("{}: {note}", f.name()))) {
        say::line(&note);
    }
    let (frame, unread) = read(files, columns, stop)?;
    told_unread(unread);
    Ok((frame, unread))
}

fn told_unread(rows: u64) {
    if rows > 0 {
        say::line(&format!("{rows} rows could not be read, and are not learnt from"));
    }
}

/// Cuts a frame in two by a mask: those without the mark, and those with it.
fn divide(
    frame: DataFrame,
    mark: impl FnOnce(u32, &DataFrame) -> Result<BooleanChunked>,
) -> Result<(DataFrame, DataFrame)> {
    let rows = u32::try_from(frame.height()).map_err(|_| {
        Fault::new("these are more rows than a forest can learn from").hint("learn from a part of them")
    })?;
    let mark = mark(rows, &frame)?;
    let tested = frame.filter(&mark)?;
    let learnt = frame.filter(&!&mark)?;
    Ok((learnt, tested))
}

/// Whether a column says 'test': true, 1, or a word for it.
fn marked(column: &Column) -> Result<BooleanChunked> {
    let texts = column.as_materialized_series().cast(&DataType::String)?;
    let texts = texts.str()?;
    Ok(texts
        .iter()
        .map(|t| t.is_some_and(|t| ["true", "1", "1.0", "test"].contains(&t.to_ascii_lowercase().as_str())))
        .collect())
}

/// The way to grow, where the options say more than the task.
fn growth(args: &TrainArgs, question: &Question, estimates: impl FnOnce() -> Result<bool>) -> Result<Option<Growth>> {
    let asked = &args.grow;
    if asked.criterion.is_none() && asked.tries.is_none() && asked.min_leaf.is_none() && asked.max_depth.is_none() {
        return Ok(None);
    }
    if let Some(Tries::Count(tries)) = asked.tries
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

/// Shows progress until it is done.
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
        say::progress(&if outcome.is_some() { String::new() } else { line.join(", ") });
        if let Some(outcome) = outcome {
            return outcome;
        }
    }
}

/// The word for what a forest does.
fn task_word(task: &Foretold) -> &'static str {
    match task {
        Foretold::Classes { .. } => "classify",
        Foretold::Numbers => "estimate",
    }
}
