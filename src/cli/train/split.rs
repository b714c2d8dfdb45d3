//! Reading the rows of `braid train`, and dividing them into those to train on and those to test on.

use std::path::Path;
use std::sync::Arc;

use polars::prelude::*;

use super::super::console;
use super::args::{Holdout, TrainArgs};
use crate::data::{Fault, Result};
use crate::engine::TimeColumn;
use crate::engine::train::read;
use crate::engine::train::trained_to;
use crate::learn::drift::Baseline;
use crate::learn::dropped::Dropped;
use crate::learn::holdout::{enough, held_out};
use crate::learn::model::TrainedTo;
use crate::learn::propose::{self, Proposal};
use crate::learn::question::Question;
use crate::source::history::{History, expand, open_history};
use crate::sync::Cancel;

/// The rows to train on and those to test on.
pub struct TrainTestSplit {
    pub trained: DataFrame,
    pub tested: DataFrame,
    /// Rows of both that were dropped.
    pub dropped: Dropped,
    /// Rows that could be read, and rows that could not.
    pub seen: u64,
    pub unread: u64,
    /// The distributions of the features, if they are kept with the model.
    pub baseline: Option<Baseline>,
    /// The newest row, by the column that the window guesses to be the event time.
    pub trained_to: Option<TrainedTo>,
}

/// Reads the rows of `--data`, and divides them into those that are trained on and those that are tested on.
pub fn read_split(args: &TrainArgs, question: &mut Question, stop: &Cancel) -> Result<TrainTestSplit> {
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
    let trained_to = time.map(|time| trained_to(frame.column(&time)?)).transpose()?.flatten();
    if let Some(time) = time_alone {
        frame.drop_in_place(&time)?;
        columns.retain(|c| *c != time);
    }
    if args.proposed {
        let known: Vec<&str> = question.features.iter().chain([&question.target]).map(String::as_str).collect();
        question.features = proposed_features(propose::propose(&frame.select(known)?, &question.target)?)?;
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
    let (trained, tested) = match &args.holdout {
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
    Ok(TrainTestSplit { trained, tested, dropped, seen, unread, baseline, trained_to })
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
        console::line(&note);
    }
    let (frame, unread) = read(files, columns, stop)?;
    warn_unread(unread);
    Ok((frame, unread))
}

pub fn warn_unread(rows: u64) {
    if rows > 0 {
        console::line(&format!("{rows} rows could not be read, and are not trained on"));
    }
}

/// Divides a frame by a mask: the rows to test on are those that the mask holds.
fn divide(
    frame: DataFrame,
    mark: impl FnOnce(u32, &DataFrame) -> Result<BooleanChunked>,
) -> Result<(DataFrame, DataFrame)> {
    let rows = u32::try_from(frame.height()).map_err(|_| {
        Fault::new("these are more rows than a forest can learn from").hint("learn from a part of them")
    })?;
    let mark = mark(rows, &frame)?;
    let tested = frame.filter(&mark)?;
    let trained = frame.filter(&!&mark)?;
    Ok((trained, tested))
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

/// The features that the proposal keeps; a line on stderr names each column that it leaves out, and why.
pub fn proposed_features(found: Proposal) -> Result<Vec<String>> {
    for c in &found.left_out {
        console::line(&format!("{}: {}, {}; it is left out", c.column, c.reason.word(), c.evidence));
    }
    if found.features.is_empty() {
        return Err(Fault::new("no column is worth learning from")
            .at(found.target)
            .hint("name those to learn from all the same with --features"));
    }
    Ok(found.features)
}
