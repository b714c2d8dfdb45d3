//! A lesson: a table's rows are read, some are held out, a forest learns from the others and is judged on those it has
//! not seen. Jobs for the window; how features are proposed, trees grown and answers judged is `learn`'s.

use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::*;

pub use super::chunks::ROOM;
use super::chunks::{Rows, fit_chunks};
use super::gather::{Gathered, Keep, Wanted, gather};
use super::job::{Job, Reporter};
use super::train::{Training, fit};
use super::{Mark, Reached, Table};
use crate::data::{Fault, Result};
use crate::learn::drift::Baseline;
use crate::learn::dropped::Dropped;
use crate::learn::encode::kind_of;
use crate::learn::forest::{FeatureKind, Forest};
use crate::learn::holdout::{enough, held_out};
use crate::learn::model::LearntTo;
use crate::learn::propose::{self, Gaps, LeftOut, Proposal, Reason};
use crate::learn::report::{Explained, Report, explain};
use crate::learn::verdict::Verdict;
use crate::query::derived::Derived;
use crate::query::window::{finite, micros_of};
use crate::sync::{Latest, Wake};

/// What is to be foretold: a column, or an expression over the row under a name of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    pub name: String,
    pub sql: Option<String>,
}

/// Whether it can be written in SQL as it stands.
pub fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

impl Target {
    pub(super) fn bind(&self, table: &Table) -> Result<Option<Derived>> {
        let Some(sql) = &self.sql else { return Ok(None) };
        if !is_name(&self.name) {
            let what = if self.name.is_empty() {
                "the target has no name".to_owned()
            } else {
                format!("'{}' is not a name", self.name)
            };
            return Err(Fault::new(what)
                .at("Target")
                .hint("write letters, digits and _, a letter first, such as late"));
        }
        if table.schema.contains(&self.name) {
            return Err(Fault::new(format!("there is a column '{}' already", self.name))
                .at(&table.name)
                .hint("give the target another name"));
        }
        Derived::bind(sql, table.input(&table.name)).map(Some)
    }
}

/// What a look at some rows has found.
#[derive(Clone, Debug)]
pub struct Proposed {
    pub target: Target,
    pub proposal: Proposal,
    /// Every column that can be learnt from, in the table's order, and how it is read.
    pub kinds: Vec<(String, FeatureKind)>,
    /// Missing values among the rows looked at.
    pub gaps: Gaps,
    /// Rows that there are.
    pub rows: u64,
}

/// Looks at some rows of a table, its feeds as far as `reached`, and proposes what to learn from.
pub fn propose(table: Arc<Table>, reached: Reached, target: Target, wake: Wake) -> Job<Proposed> {
    Job::start("propose", wake, move |report| {
        let derived = target.bind(&table)?;
        let used: Vec<PlSmallStr> = derived.iter().flat_map(|d| d.columns.iter().cloned()).collect();
        let kinds: Vec<(String, FeatureKind)> =
            table.schema.iter().filter_map(|(name, dtype)| Some((name.to_string(), kind_of(dtype)?))).collect();
        let wanted = Wanted {
            columns: table.schema.iter_names().cloned().collect(),
            derived: derived.map(|d| (target.name.as_str().into(), d)),
        };
        let Gathered { frame, seen, .. } = gather(&table, &reached, &wanted, Keep::Spread(propose::SAMPLE), report)?;
        report.progress(0, 0, "looking at each column");
        let mut proposal = propose::propose(&frame, &target.name)?;
        if let Some(sql) = &target.sql {
            leave_out(&mut proposal, &used, sql);
        }
        let kinds: Vec<(String, FeatureKind)> = kinds.into_iter().filter(|(name, _)| *name != target.name).collect();
        let gaps = Gaps::new(&frame, kinds.iter().map(|(name, _)| name.as_str()).chain([target.name.as_str()]))?;
        Ok(Proposed { target, proposal, kinds, gaps, rows: seen })
    })
}

/// What the target is computed from tells it, whatever the sample says.
fn leave_out(proposal: &mut Proposal, used: &[PlSmallStr], sql: &str) {
    for column in used.iter().map(|c| c.to_string()) {
        let leak = LeftOut {
            column: column.clone(),
            reason: Reason::Leak,
            evidence: format!("the target is computed from it: {sql}"),
        };
        proposal.features.retain(|f| *f != column);
        match proposal.left_out.iter_mut().find(|l| l.column == column) {
            Some(known) => *known = leak,
            None => proposal.left_out.push(leak),
        }
    }
}

/// Which rows are held out to judge by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// This share, those that scikit-learn's `train_test_split` would take.
    Share(f64),
    /// The last share: what came after all that is learnt from.
    Newest(f64),
}

/// Which rows are learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Some, by all trees together.
    Kept(Keep),
    /// All, so many at a time as they are. Chunks before them are kept as codes, and parts of them that take more than
    /// the room, bytes, fit their share of the trees.
    Chunks { rows: usize, room: usize },
}

/// What is to be learnt, and from what.
#[derive(Clone, Debug)]
pub struct Lesson {
    pub table: Arc<Table>,
    /// How far its feeds are read.
    pub reached: Reached,
    pub target: Target,
    pub training: Training,
    pub scope: Scope,
    pub test: Test,
    /// A forest that is in use: it is judged on the same rows.
    pub champion: Option<Arc<Forest>>,
}

/// What was learnt.
#[derive(Clone, Debug)]
pub struct Learned {
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
    pub until: Mark,
    /// The same by the time of rows, where the table has one.
    pub learnt_to: Option<LearntTo>,
}

/// Trains; `errors` shows the out-of-bag error after each tree while it goes on.
pub fn learn(lesson: Lesson, errors: Latest<Vec<f64>>, wake: Wake) -> Job<Learned> {
    Job::start("learn", wake, move |report| learn_now(lesson, &errors, report))
}

fn learn_now(lesson: Lesson, errors: &Latest<Vec<f64>>, report: &Reporter) -> Result<Learned> {
    let Lesson { table, reached, target, training, scope, test, champion } = lesson;
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
    let wanted = Wanted { columns, derived };
    let show = |so_far: &[f64]| {
        // Of thousands of trees not each one.
        if so_far.len().is_multiple_of(1 + so_far.len() / 200) {
            errors.put(so_far.to_vec());
        }
    };
    let fitted = match scope {
        Scope::Kept(keep) => {
            let gathered = gather(&table, &reached, &wanted, keep, report)?;
            fit_together(gathered, time.as_deref(), &training, test, report, show)?
        }
        Scope::Chunks { rows, room } => fit_chunks(
            &Rows { table: &table, reached: &reached, wanted: &wanted },
            &training,
            test,
            (rows, room),
            report,
            &show,
        )?,
    };
    let Fitted { forest, tested, baseline, dropped, seen, unread, learnt, parts, learnt_to } = fitted;
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
    let report = Arc::new(Report { seen, unread, learnt, parts, dropped, seconds, verdict, importance, dependences });
    let (forest, baseline, until) = (Arc::new(forest), Arc::new(baseline), Mark::new(&table, reached));
    Ok(Learned { target, training, forest, report, champion, took, predict, baseline, until, learnt_to })
}

/// The newest of some rows, by the column of their time.
///
/// # Errors
/// When it holds no time.
pub fn learnt_to(times: &Column) -> Result<Option<LearntTo>> {
    let number = if times.dtype().is_integer() { times.cast(&DataType::Int64)?.i64()?.max() } else { None };
    Ok(finite(micros_of(times)?).max().map(|micros| LearntTo { column: times.name().to_string(), micros, number }))
}

/// The newest row that is learnt from, where rows have a time. Rows held out at random lie among the others: the newest
/// of both counts, so that what comes after it is new.
pub(super) fn newest(
    time: Option<&str>,
    complete: &DataFrame,
    learnt: &DataFrame,
    test: Test,
) -> Result<Option<LearntTo>> {
    let Some(time) = time else { return Ok(None) };
    learnt_to(if matches!(test, Test::Newest(_)) { learnt } else { complete }.column(time)?)
}

/// A forest, the rows that it is judged by, and what became of the others.
pub(super) struct Fitted {
    pub forest: Forest,
    pub tested: DataFrame,
    pub baseline: Baseline,
    pub dropped: Dropped,
    pub seen: u64,
    pub unread: u64,
    pub learnt: usize,
    pub parts: usize,
    pub learnt_to: Option<LearntTo>,
}

fn fit_together(
    gathered: Gathered,
    time: Option<&str>,
    training: &Training,
    test: Test,
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
    let (rows, tested) = divide(&complete, &out_of(complete.height(), test, training)?)?;
    let learnt_to = newest(time, &complete, &rows, test)?;
    drop(complete);
    let learnt = rows.height();
    report.check()?;
    let forest = fit(rows, training, report, show)?;
    Ok(Fitted { forest, tested, baseline, dropped, seen, unread, learnt, parts: 1, learnt_to })
}

/// Which of so many complete rows are held out.
pub(super) fn out_of(rows: usize, test: Test, training: &Training) -> Result<BooleanChunked> {
    let height = u32::try_from(rows)
        .map_err(|_| Fault::new("these are more rows than a forest can learn from").hint("learn from fewer"))?;
    Ok(match test {
        Test::Share(share) => {
            enough(rows, share, &training.question.target)?;
            held_out(height, share, training.seed as u32).into_iter().collect()
        }
        Test::Newest(share) => {
            let from = (f64::from(height) * (1.0 - share.clamp(0.0, 1.0))) as u32;
            (0..height).map(|row| row >= from).collect()
        }
    })
}

/// Rows to learn from, and rows to test on.
pub(super) fn divide(rows: &DataFrame, out: &BooleanChunked) -> Result<(DataFrame, DataFrame)> {
    Ok((rows.filter(&!out)?, rows.filter(out)?))
}
