//! The guard of a model: a job that follows the live rows of a table with it, says when it has gone stale, and brings
//! up what could take its place. Every row is scored first; where its truth is in it, the model is tested on it, and a
//! committee that began with the model's trees learns from it. Memory does not grow with the rows.
//!
//! It begins with the first live row that the model was not trained on. Its connections are its own: a feed that can be
//! had only once is read from its recording. What drift is stands in `learn::drift`, the committee in `learn::online`.

mod committee;
mod race;
mod reader;
mod twice;
mod watched;

use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::*;

use committee::Committee;
use race::Tested;
pub use race::{ALL, Point, Standing, Who};
use reader::{Reader, Rows, Step};
use twice::Twice;
pub use watched::{Fresh, Moment, Watched};

use super::gather::{Own, Wanted};
use super::intake::WAIT;
use super::job::{Job, Reporter};
use super::lesson::Target;
use super::reached::At;
use super::scorer::Scorer;
use super::skew::asked;
use super::{Mark, Reached, Table};
use crate::data::{Fault, Result};
use crate::learn::drift::{Baseline, ErrorScale, Guard, Reason};
use crate::learn::forest::Forest;
use crate::learn::score::{Scored, Truth};
use crate::query::model::Model;
use crate::query::window::{finite, micros_of};
use crate::sync::{Latest, Wake};

/// What is guarded, and where.
#[derive(Clone, Debug)]
pub struct Guarding {
    pub table: Arc<Table>,
    pub target: Target,
    pub forest: Arc<Forest>,
    /// How the features were distributed in training; without it their drift cannot be told.
    pub baseline: Option<Arc<Baseline>>,
    /// How far the feeds were learnt from; `None` begins with the first live row.
    pub learnt: Option<Mark>,
    /// What a person sees already: a feed with a pace of its own hurries up to there.
    pub reached: Reached,
    /// Features are compared every so many rows.
    pub window_rows: u64,
}

impl Guarding {
    /// How far these feeds were learnt from.
    fn behind(&self) -> Option<&Reached> {
        self.learnt.as_ref()?.of(&self.table)
    }
}

/// The window that suits a model: a tenth of what it learnt from, within reason.
pub fn window_rows(baseline: Option<&Baseline>) -> u64 {
    (baseline.map_or(0, |b| b.rows) / 10).clamp(1_000, 20_000)
}

/// Rows that are scored at a time.
const PIECE: usize = 1_024;
/// How often it is said how things stand.
const TELL: Duration = Duration::from_millis(150);

/// A forest that was trained anew, and how far the feeds were read for that: rows from there on are new to it.
#[derive(Clone, Debug)]
pub struct Rival {
    pub forest: Arc<Forest>,
    pub until: Option<Mark>,
}

impl Rival {
    /// Whether it has learnt from none of the rows at a place.
    fn is_new(&self, table: &Table, at: &At) -> bool {
        let learnt = self.until.as_ref().and_then(|until| until.of(table)).map(|learnt| learnt.of(at.feed));
        learnt.and_then(|learnt| learnt.get(&at.partition).copied()).is_none_or(|next| at.start >= next)
    }
}

/// Guards until the feeds end; `shelf` shows how things stand, and a forest that is put on `retrained` takes part from
/// then on, on the rows that it has not learnt from.
pub fn guard(guarding: Guarding, retrained: Latest<Rival>, shelf: Latest<Watched>, wake: Wake) -> Job<Watched> {
    Job::start("guard", wake, move |report| follow(&guarding, &retrained, &shelf, report))
}

fn follow(
    guarding: &Guarding,
    retrained: &Latest<Rival>,
    shelf: &Latest<Watched>,
    report: &Reporter,
) -> Result<Watched> {
    let table = &guarding.table;
    if table.live.is_empty() {
        return Err(Fault::new(format!("{} has no live rows to watch", table.name)).hint("attach a live feed to it"));
    }
    let wanted = wanted(guarding)?;
    let own = Own::new(table, &wanted);
    let mut post = Post::new(guarding);
    let mut lines = Vec::new();
    for (number, feed) in table.live.iter().enumerate() {
        lines.push(Line {
            reader: Reader::open(guarding, feed, number)?,
            twice: Twice::new(Reader::open(guarding, feed, number)?),
            ended: false,
        });
    }
    let mut told = Instant::now();
    let mut failed = None;
    while lines.iter().any(|line| !line.ended || !line.twice.ended) {
        if let Some(rival) = retrained.get()
            && post.newcomer.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &rival.forest))
        {
            post.newcomer = Some(Arc::clone(&rival.forest));
            post.retrained = Some(rival);
            post.race.anew(Who::Retrained);
        }
        for line in &mut lines {
            report.check()?;
            if !line.ended
                && !line.twice.is_full()
                && let Err(fault) = post.line(line, &own, report)
            {
                // Other feeds go on.
                report.check()?;
                let fault = if fault.place.is_empty() { fault.at(&line.reader.name) } else { fault };
                post.watched.note(fault.to_string());
                line.ended = true;
                failed = Some(fault);
            }
            if let Err(fault) = line.twice.go_on(&own, &post.scorer, &mut post.watched.skew, line.ended) {
                post.watched.note(format!("rows are no longer scored twice: {fault}"));
                line.twice.end(&mut post.watched.skew);
            }
        }
        if told.elapsed() >= TELL {
            told = Instant::now();
            shelf.put(post.look());
            report.progress(post.watched.rows, 0, "watching");
        }
    }
    if let Some(fault) = failed.filter(|_| post.watched.rows == 0) {
        return Err(fault);
    }
    post.watched.ended = true;
    let last = post.look();
    shelf.put(last.clone());
    report.progress(last.rows, last.rows, "every feed has ended");
    Ok(last)
}

fn wanted(guarding: &Guarding) -> Result<Wanted> {
    let derived = guarding.target.bind(&guarding.table)?;
    let target = PlSmallStr::from(guarding.target.name.as_str());
    let mut columns: Vec<PlSmallStr> = guarding.forest.features.iter().map(|f| f.name.as_str().into()).collect();
    let time = guarding.table.time.iter().map(|time| PlSmallStr::from(time.column.as_str()));
    for column in (derived.is_none()).then(|| target.clone()).into_iter().chain(time) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    if let Some(missing) = guarding.forest.features.iter().find(|f| !guarding.table.schema.contains(&f.name)) {
        return Err(Fault::new(format!(
            "{} has no column '{}', which the model asks for",
            guarding.table.name, missing.name
        ))
        .hint("guard it under a table that has it, or train again without it"));
    }
    Ok(Wanted { columns, derived: derived.map(|d| (target, d)) })
}

/// One feed, read twice.
struct Line {
    reader: Reader,
    twice: Twice,
    ended: bool,
}

/// All that is known of the model so far.
struct Post {
    scorer: Scorer,
    table: Arc<Table>,
    target: String,
    time: Option<String>,
    window_rows: u64,
    guard: Guard,
    fused: Option<Box<dyn Committee>>,
    /// It has other trees since the last chunk.
    renewed: bool,
    /// Who was put on the shelf last, and, while it takes part, the same.
    newcomer: Option<Arc<Forest>>,
    retrained: Option<Arc<Rival>>,
    race: race::Race,
    /// The place of the newest row.
    at: i64,
    watched: Watched,
}

impl Post {
    fn new(guarding: &Guarding) -> Self {
        let forest = guarding.forest.clone();
        let baseline = guarding.baseline.clone().unwrap_or_default();
        Self {
            table: guarding.table.clone(),
            target: guarding.target.name.clone(),
            time: guarding.table.time.as_ref().map(|t| t.column.clone()),
            window_rows: guarding.window_rows,
            fused: committee::begin(&forest).ok(),
            renewed: false,
            guard: Guard::new(baseline, guarding.window_rows).scaled(ErrorScale::of(&forest)),
            newcomer: None,
            retrained: None,
            race: race::Race::default(),
            at: i64::MIN,
            watched: Watched {
                by_time: guarding.table.time.is_some(),
                window_rows: guarding.window_rows,
                has_baseline: guarding.baseline.is_some(),
                from_training: guarding.behind().is_some_and(|l| !l.partitions.is_empty()),
                ..Watched::default()
            },
            scorer: Scorer::new(forest),
        }
    }

    fn line(&mut self, line: &mut Line, own: &Own<'_>, report: &Reporter) -> Result<()> {
        match line.reader.next(own, WAIT)? {
            Step::Rows(rows) => self.rows(line, &rows, report),
            Step::Word(word) => {
                self.watched.note(word);
                Ok(())
            }
            Step::Quiet => Ok(()),
            Step::End => {
                line.ended = true;
                Ok(())
            }
        }
    }

    fn rows(&mut self, line: &mut Line, rows: &Rows, report: &Reporter) -> Result<()> {
        self.watched.unread += rows.unread;
        self.watched.others += rows.others;
        for start in (0..rows.frame.height()).step_by(PIECE) {
            report.check()?;
            self.piece(line, &rows.frame.slice(start as i64, PIECE), rows)?;
        }
        self.watched.reached.add(&rows.at);
        // Only now it is told how far it has learnt.
        if std::mem::take(&mut self.renewed)
            && let Err(fault) = self.renew()
        {
            self.watched.note(format!("the fused forest cannot be kept: {fault}"));
        }
        Ok(())
    }

    /// Scores rows, tests those whose truth is known, and then learns from them.
    fn piece(&mut self, line: &mut Line, piece: &DataFrame, of: &Rows) -> Result<()> {
        let forest = self.scorer.forest().clone();
        let inputs = piece.select(self.scorer.inputs().iter().cloned())?;
        let height = piece.height();
        let scored = forest.score(&inputs)?;
        let scores = self.scorer.columns(&scored, height, &asked(&self.scorer));
        line.twice.first(of.at.partition, of.at.epoch, &inputs, scores)?;
        let places = self.places(piece)?;
        let drifted = self.drifted();
        self.guard.observe_each(&inputs, |row| places.get(row).copied().unwrap_or(self.at))?;
        if self.drifted() > drifted {
            self.changed(self.window_rows);
        }
        self.watched.rows += height as u64;
        self.watched.lacking += scored.lacks.as_ref().map_or(0, |lacks| lacks.iter().filter(|l| **l).count() as u64);
        if line.reader.is_blind() {
            return Ok(());
        }
        let known = piece.column(&self.target)?.is_not_null();
        if !known.any() {
            return Ok(());
        }
        let truth = forest.truth(piece)?;
        let number = |row: usize| match &truth {
            Truth::Numbers(numbers) => numbers.get(row).copied().unwrap_or(f64::NAN),
            Truth::Classes(_) => f64::NAN,
        };
        let champion = errors(&scored, &truth);
        let retrained = match self.retrained.clone().filter(|rival| rival.is_new(&self.table, &of.at)) {
            Some(rival) => self.of_retrained(&rival.forest, piece),
            None => Vec::new(),
        };
        let fused = self.learn(piece);
        for (row, at) in places.into_iter().enumerate() {
            if known.get(row) != Some(true) {
                continue;
            }
            self.watched.labelled += 1;
            let of = |errors: &[f64]| errors.get(row).copied().unwrap_or(f64::NAN);
            let error = of(&champion);
            if !error.is_finite() {
                continue;
            }
            self.watched.tested += 1;
            self.race.add(Tested { errors: [error, of(&fused), of(&retrained)], truth: number(row), at });
            // A window that goes on shrinking has seen one change, not many.
            let known = self.errs_more();
            let Some(change) = self.guard.outcome(error, at) else { continue };
            let errs = self.errs_more();
            if errs != known {
                self.watched.moment(Moment { at, worse: errs });
            }
            if errs {
                // The longer it lasts, the better is known when it began.
                let since = self.watched.rows.saturating_sub(change.kept);
                self.watched.changed_rows = self.watched.changed_rows.max(Some(since));
            }
        }
        Ok(())
    }

    /// Features that are distributed otherwise.
    fn drifted(&self) -> usize {
        self.guard.stale().iter().filter(|s| matches!(s.reason, Reason::Feature(_))).count()
    }

    fn errs_more(&self) -> bool {
        self.guard.stale().iter().any(|s| s.reason == Reason::Error)
    }

    /// A feature is another one since about so many rows.
    fn changed(&mut self, rows: u64) {
        self.watched.changed_rows = Some(self.watched.rows.saturating_sub(rows));
        let told = self.fused.as_mut().map(|fused| fused.changed(usize::try_from(rows).unwrap_or(usize::MAX)));
        if let Some(Err(fault)) = told {
            self.unlearnt(&fault);
        }
    }

    /// The committee cannot learn any more, and leaves the race.
    fn unlearnt(&mut self, fault: &Fault) {
        self.watched.note(format!("the fused forest learns no more: {fault}"));
        self.fused = None;
        self.race.anew(Who::Fused);
    }

    /// What the committee was wrong by, before it learnt.
    fn learn(&mut self, piece: &DataFrame) -> Vec<f64> {
        let Some(fused) = &mut self.fused else { return Vec::new() };
        let taught = match fused.learn(piece) {
            Ok(taught) => taught,
            Err(fault) => {
                self.unlearnt(&fault);
                return Vec::new();
            }
        };
        self.watched.fitted += taught.fitted;
        self.renewed |= taught.renewed;
        taught.errors
    }

    /// The committee has other trees: they are made one forest that could take over.
    fn renew(&mut self) -> Result<()> {
        let Some(fused) = &self.fused else { return Ok(()) };
        let (forest, fresh_trees, recent) = fused.forest()?;
        let baseline = Baseline::new(&recent, forest.features.iter().map(|f| f.name.as_str()))?;
        let (rows, until) = (recent.height() as u64, Mark::new(&self.table, self.watched.reached.clone()));
        self.watched.fused =
            Some(Arc::new(Fresh { fresh_trees, rows, until, forest: forest.into(), baseline: baseline.into() }));
        Ok(())
    }

    fn of_retrained(&mut self, forest: &Forest, piece: &DataFrame) -> Vec<f64> {
        let found = forest.score(piece).and_then(|scored| Ok(errors(&scored, &forest.truth(piece)?)));
        found.unwrap_or_else(|fault| {
            self.watched.note(format!("the retrained forest takes no part: {fault}"));
            self.retrained = None;
            self.race.anew(Who::Retrained);
            Vec::new()
        })
    }

    /// Where each row stands: in event time, or as the how many-th that came.
    fn places(&mut self, piece: &DataFrame) -> Result<Vec<i64>> {
        let first = i64::try_from(self.watched.rows).unwrap_or(i64::MAX);
        let Some(time) = &self.time else {
            return Ok((0..piece.height() as i64).map(|row| first.saturating_add(row + 1)).collect());
        };
        let times = finite(micros_of(piece.column(time)?)?);
        let mut places = Vec::with_capacity(piece.height());
        for time in times.iter() {
            // A row without a time stands where the one before it does.
            self.at = time.unwrap_or(self.at);
            places.push(self.at);
        }
        self.watched.until = places.iter().copied().max().max(self.watched.until);
        Ok(places)
    }

    fn look(&mut self) -> Watched {
        let full = self.guard.full();
        let features = match full {
            Some(_) => self.guard.features().to_vec(),
            None => self.guard.compare_open(),
        };
        let now = full.unwrap_or_else(|| self.guard.open()).clone();
        self.watched.version += 1;
        Watched {
            window: now,
            window_full: full.is_some(),
            features,
            stale: self.guard.stale().to_vec(),
            curve: self.race.curve().to_vec(),
            standings: self.race.standings(),
            ..self.watched.clone()
        }
    }
}

/// What was said wrong of each row: 0 or 1 of a class, the distance of a number. `NaN` where nothing was said.
fn errors(scored: &Scored, truth: &Truth) -> Vec<f64> {
    match truth {
        Truth::Classes(truth) => {
            let wrong = |(row, truth): (usize, &Option<usize>)| {
                scored.class(row).map_or(f64::NAN, |said| f64::from(u8::from(Some(said) != *truth)))
            };
            truth.iter().enumerate().map(wrong).collect()
        }
        Truth::Numbers(truth) => truth
            .iter()
            .enumerate()
            .map(|(row, truth)| scored.number(row).map_or(f64::NAN, |said| (said - truth).abs()))
            .collect(),
    }
}
