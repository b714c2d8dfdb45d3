//! A sheet: one open table with the question asked of it, the run that answers, and the picture of the answer.
//! Changing a sheet is left to `apply`; painting it to the panels.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::classes::{ItemClass, classes};
use super::picture::Picture;
use super::rewind::{Now, Stretch};
use super::watch::{Looked, Watch};
use super::widget::cells;
use super::widget::names::bare;
use super::widget::numbers;
use crate::data::{Fault, Result};
use crate::engine::{Options, Run, Seam, Table};
use crate::query::model::Models;
use crate::query::window::Micros;
use crate::query::{Form, Input, Plan, Query};
use crate::sync::Wake;
use crate::workspace::{TableSetup, Windows};

/// A sheet's number; never used twice in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SheetId(pub u64);

/// One open table and all that hangs on it.
#[derive(Debug)]
pub struct Sheet {
    pub id: SheetId,
    pub table: Arc<Table>,
    /// The other open tables: a question may join them.
    pub others: Vec<Arc<Table>>,
    /// The models that a question may ask.
    pub models: Models,
    /// What its history was opened from.
    pub paths: Vec<PathBuf>,
    pub question: Asked,
    pub watch: Watch,
    pub picture: Picture,
    /// The picture of a changed question's answer, while it is not shown yet.
    pub preview: Picture,
    /// The run that finds out how much time the history spans, or what its columns hold, before the first question can
    /// be asked.
    pub span: Option<Span>,
    /// The newest time of its history, and of how many files that is; where the probe has found it out.
    pub(super) ends: Option<(usize, Micros)>,
    /// What the runs of this sheet have said already, so that it is told once.
    pub told: BTreeSet<String>,
    /// What is left behind while one looks at the past of the feed.
    pub now: Option<Box<Now>>,
    /// Whether the newest rows of the answer stay in sight.
    pub follow: bool,
    /// How exact each item of the question is, as it is written.
    pub classes: Vec<ItemClass>,
    /// The text, the table, how many others and which models there were when `classes` were made.
    classified: Option<(String, Arc<Table>, usize, Models)>,
}

/// How long the machine rests between two verifications of an answer.
const AUDIT: Duration = Duration::from_secs(15);

/// A probe for the first question.
#[derive(Debug)]
pub struct Span {
    pub run: Run,
    pub since: Instant,
    /// It asks how much time there is; else how many values columns have.
    pub of_time: bool,
}

impl Sheet {
    pub fn new(id: SheetId, table: Table, paths: Vec<PathBuf>) -> Self {
        Self {
            id,
            table: Arc::new(table),
            others: Vec::new(),
            models: Models::default(),
            paths,
            question: Asked::default(),
            watch: Watch::default(),
            picture: Picture::default(),
            preview: Picture::default(),
            span: None,
            ends: None,
            told: BTreeSet::new(),
            now: None,
            follow: true,
            classes: Vec::new(),
            classified: None,
        }
    }

    /// The newest time of its history, where that is known.
    pub fn history_ends(&self) -> Option<Micros> {
        self.ends.filter(|(files, _)| *files == self.table.history.len()).map(|(_, at)| at)
    }

    /// Asks the question that is written. What is wrong with it is kept in `question.fault`, and the old answer goes
    /// on. Beside a live answer the new one comes up in the background, and takes its place when it covers as much.
    pub fn ask(&mut self, wake: &Wake) {
        if self.watch.next.is_some() && self.watch.sql == self.question.sql && self.question.fault.is_none() {
            return self.keep_old(true);
        }
        self.start(wake, true);
    }

    /// `same`: the table has the faces that it had when the run at hand began.
    fn start(&mut self, wake: &Wake, same: bool) {
        self.span = None;
        let reached = self.watch.newest.as_ref().filter(|_| same).map(|s| s.reached.clone());
        let past = self.now.as_ref().map(|now| now.past.clone());
        let beside = same && past.is_none() && self.watch.is_live();
        let started = self.bound().and_then(|(sql, bound)| {
            let options =
                Options { datasets: bound.datasets, audit: Some(AUDIT), past, catch_up: reached, ..Options::default() };
            Ok((Run::start(bound.plan, self.table.clone(), options, wake.clone())?, sql, bound.windows))
        });
        match started {
            Ok((run, sql, windows)) => {
                self.question.fault = None;
                self.question.asked.clone_from(&self.question.sql);
                if beside {
                    self.watch.stage(run, sql, windows);
                } else {
                    self.watch.begin(run, sql, windows);
                    self.told.clear();
                }
            }
            Err(fault) => self.question.fault = Some(fault),
        }
    }

    /// Parses and binds a question; a fault's span points into `sql`.
    pub fn plan(&self, sql: &str) -> Result<Bound> {
        plan(sql, &self.table, &self.others, &self.models)
    }

    /// The written question as it is asked: while rewound, of the stretch alone, whatever the question is.
    fn bound(&self) -> Result<(String, Bound)> {
        let sql = &self.question.sql;
        let written = self.plan(sql)?;
        let (Some(now), Some(time)) = (&self.now, &self.table.time) else { return Ok((sql.clone(), written)) };
        let sql = now.stretch.within(sql, &time.column)?;
        let mut bound = self.plan(&sql)?;
        bound.windows = bound.windows.within(now.stretch.from, now.settled());
        Ok((sql, bound))
    }

    /// Gives a changed question up; `again`: what is written is the old one again.
    pub(super) fn keep_old(&mut self, again: bool) {
        self.watch.next = None;
        self.question.asked.clone_from(&self.watch.sql);
        if again {
            self.question.fault = None;
        }
    }

    /// Looks at the runs once. True when there is a newer snapshot.
    pub(super) fn look(&mut self) -> bool {
        if let Some(now) = &mut self.now {
            // A question that was being changed goes on being changed.
            look_at(&mut now.watch, &mut now.question);
        }
        let looked = look_at(&mut self.watch, &mut self.question);
        if looked.swapped {
            self.told.clear();
        }
        looked.new
    }

    /// The run that takes what comes in: the one behind, while one looks at the past.
    pub fn running(&self) -> &Watch {
        self.now.as_ref().map_or(&self.watch, |now| &now.watch)
    }

    /// Ends all inputs, those of the run behind the past that is shown included. A question that was being changed is
    /// given up.
    pub(super) fn stop(&mut self) {
        let (watch, question) = match &mut self.now {
            Some(now) => (&mut now.watch, &mut now.question),
            None => (&mut self.watch, &mut self.question),
        };
        watch.stop();
        question.asked.clone_from(&watch.sql);
    }

    /// Asks the question over a stretch of what came so far; the run goes on behind it.
    pub(super) fn rewind(&mut self, stretch: Stretch, wake: &Wake) -> Result<()> {
        let time = self
            .table
            .time
            .as_ref()
            .ok_or_else(|| Fault::new("this table has no event time").hint("choose its time column first"))?
            .column
            .clone();
        // Another stretch is asked what this one was; the first one what was asked last, though it be not answered yet.
        let sql = if self.now.is_some() { self.question.sql.clone() } else { self.watch.asked().to_owned() };
        self.plan(&stretch.within(&sql, &time)?)?;
        if let Some(now) = &mut self.now {
            now.stretch = stretch;
        } else {
            let past = self.watch.newest.as_ref().map(|s| s.reached.clone()).unwrap_or_default();
            self.now = Some(Box::new(Now {
                stretch,
                watch: std::mem::take(&mut self.watch),
                picture: std::mem::take(&mut self.picture),
                question: std::mem::take(&mut self.question),
                past,
            }));
        }
        // Another stretch has another x axis, and the picture is one of the past from the first row on.
        let mark = self.now.as_ref().and_then(|now| now.picture.chosen_mark()).unwrap_or_default();
        self.picture = Picture::default();
        self.picture.choose_mark(mark);
        let numbers = self.watch.numbers().max(self.now.as_ref().map_or(0, |now| now.watch.numbers()));
        self.watch = Watch::after(numbers);
        self.question.set_sql(sql);
        self.start(wake, true);
        Ok(())
    }

    /// Shows the running answer again. False when it was never left.
    pub(super) fn return_to_now(&mut self) -> bool {
        let Some(now) = self.now.take() else { return false };
        let Now { mut watch, picture, mut question, .. } = *now;
        watch.count_from(self.watch.numbers());
        question.asked = watch.asked().to_owned();
        (self.watch, self.picture, self.question) = (watch, picture, question);
        self.told.clear();
        true
    }

    /// Keeps `classes` in step with what is written.
    pub(super) fn classify(&mut self) {
        let known = self.classified.as_ref().is_some_and(|(sql, table, others, models)| {
            *sql == self.question.sql
                && Arc::ptr_eq(table, &self.table)
                && *others == self.others.len()
                && models.is_same(&self.models)
        });
        if !known {
            self.classes = classes(self);
            self.classified =
                Some((self.question.sql.clone(), self.table.clone(), self.others.len(), self.models.clone()));
        }
    }

    /// Whether the newest rows stand at the end of the answer: one of a feed, in the order of its time or as the rows
    /// came.
    pub fn has_tail(&self) -> bool {
        let grows = !self.table.live.is_empty() && self.now.is_none();
        let Some(shown) = self.watch.shown.as_ref().filter(|_| grows) else { return false };
        let form = &self.question.form;
        let answer = &shown.answer;
        let time = answer.columns().iter().position(|c| c.dtype().is_temporal());
        let Some(time) = time else {
            return form.order.is_empty() && shown.status.is_none() && form.measures.is_empty();
        };
        let name = answer.columns().get(time).map(|c| c.name().as_str()).unwrap_or_default();
        let ordered = form.order.first().is_none_or(|(by, descending)| !descending && bare(by) == name);
        let (first, last) =
            (cells::micros(answer, time, 0), cells::micros(answer, time, answer.height().saturating_sub(1)));
        ordered && first <= last
    }

    /// Where a seam in time would keep rows of both faces from being counted twice: just after the end of history, when
    /// live has begun before it.
    pub fn better_seam(&self) -> Option<Overlap> {
        let seam =
            &self.watch.newest.as_ref().filter(|s| s.history_share() >= 1.0 && !s.seam.warnings.is_empty())?.seam;
        let doubtful = self.table.seam == Seam::Append && self.table.time.is_some();
        let (history_until, live_from) =
            seam.at.zip(seam.live_from).filter(|(until, from)| doubtful && from <= until)?;
        Some(Overlap { history_until, live_from })
    }

    /// What an answer without rows has to say.
    pub fn nothing(&self) -> &'static str {
        let come_in = self.watch.shown.as_ref().map_or(0, |s| s.rows.come_in);
        match (&self.now, come_in) {
            (Some(_), _) => "No row of this stretch fits the question",
            (None, 0) if self.watch.is_live() => "The table has no rows yet",
            (None, 0) => "The table has no rows",
            _ => "No row fits this question: widen its Where or Having",
        }
    }

    /// Whether a moment of the past can be asked for.
    pub fn can_rewind(&self) -> bool {
        self.now.is_some() || (self.watch.is_live() && self.table.time.is_some())
    }

    /// What would be needed to open this again.
    pub fn setup(&self) -> TableSetup {
        TableSetup {
            name: self.table.name.clone(),
            paths: self.paths.clone(),
            live: self.table.live.iter().map(|feed| feed.url.text.clone()).collect(),
            time: self.table.time.as_ref().map(Into::into),
            seam: (&self.table.seam).into(),
            question: self.now.as_ref().map_or(&self.question, |now| &now.question).sql.clone(),
            mark: self.picture.chosen_mark().unwrap_or_default().to_owned(),
            models: Vec::new(),
            foreign: false,
        }
    }

    /// Changes the table and asks again.
    pub fn retable(&mut self, wake: &Wake, change: impl FnOnce(&mut Table)) {
        self.return_to_now();
        let mut table = Table::clone(&self.table);
        change(&mut table);
        let same = table.live == self.table.live && table.history.len() == self.table.history.len();
        // A seam between faces that are not both there decides nothing.
        if table.live.is_empty() && matches!(table.seam, Seam::Position) {
            table.seam = Seam::Append;
        }
        self.table = Arc::new(table);
        if !self.question.asked.is_empty() {
            self.start(wake, same);
        }
    }
}

/// Looks at a run once; why a changed question could not be answered is kept with the question.
fn look_at(watch: &mut Watch, question: &mut Asked) -> Looked {
    let staged = watch.next.as_ref().map(|next| next.sql.clone());
    let mut looked = watch.look();
    if let Some(fault) = looked.failed.take() {
        question.asked.clone_from(&watch.sql);
        // In a text that was edited since, its place is another.
        let span = fault.span.clone().filter(|_| staged.as_ref() == Some(&question.sql));
        question.fault = Some(Fault { span, ..fault });
    }
    looked
}

/// A question that can be asked.
#[derive(Debug)]
pub struct Bound {
    pub plan: Arc<Plan>,
    /// The other tables that it names.
    pub datasets: Vec<Arc<Table>>,
    pub windows: Windows,
}

/// A stretch of event time that both faces of a table have rows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    pub history_until: Micros,
    pub live_from: Micros,
}

impl Overlap {
    /// History keeps all it has, and live gives what comes after.
    pub fn seam(&self) -> Seam {
        Seam::Time(self.history_until.saturating_add(1))
    }

    /// Why another seam is proposed.
    pub fn why(&self) -> String {
        format!(
            "live begins at {}, and history ends at {}: rows of both may be counted twice",
            numbers::time(self.live_from),
            numbers::time(self.history_until)
        )
    }
}

/// Parses and binds; a fault's span points into `sql`.
pub fn plan(sql: &str, table: &Arc<Table>, others: &[Arc<Table>], models: &Models) -> Result<Bound> {
    let query = Query::parse(sql)?;
    let names = query.tables();
    let known =
        |name: &String| std::iter::once(table).chain(others).find(|t| t.name.eq_ignore_ascii_case(name)).cloned();
    let mut tables = Vec::new();
    for name in names.iter().skip(1) {
        tables.push(
            known(name).ok_or_else(|| Fault::new(format!("there is no open table '{name}'")).hint("open it first"))?,
        );
    }
    let inputs: Vec<Input<'_>> =
        names.iter().zip(std::iter::once(table).chain(&tables)).map(|(name, t)| t.input(name)).collect();
    let plan = Plan::with_models(&query, sql, &inputs, models)?;
    Ok(Bound { windows: Windows::of(&query, &plan), plan: Arc::new(plan), datasets: tables })
}

/// The question in its two views, which say the same.
#[derive(Debug, Default)]
pub struct Asked {
    pub sql: String,
    pub form: Form,
    /// What is wrong with `sql`; its span points into it.
    pub fault: Option<Fault>,
    /// The text that the run at hand answers.
    pub asked: String,
    past: Vec<String>,
    future: Vec<String>,
    edited: Option<Instant>,
}

/// How many steps can be undone.
const PAST: usize = 100;
/// Edits that follow each other faster are one step.
const ONE_STEP: Duration = Duration::from_millis(700);

impl Asked {
    /// The text has changed: the form follows as soon as the text makes sense.
    pub fn set_sql(&mut self, sql: String) {
        if sql == self.sql {
            return;
        }
        self.keep();
        self.show(sql);
    }

    /// The form has changed: the text follows.
    pub fn set_form(&mut self, form: Form) {
        let sql = form.to_query().to_sql();
        if sql != self.sql {
            self.keep();
        }
        self.fault = Query::parse(&sql).err();
        self.sql = sql;
        self.form = form;
    }

    pub fn undo(&mut self) -> bool {
        let Some(sql) = self.past.pop() else { return false };
        self.future.push(std::mem::take(&mut self.sql));
        self.show(sql);
        true
    }

    pub fn redo(&mut self) -> bool {
        let Some(sql) = self.future.pop() else { return false };
        self.past.push(std::mem::take(&mut self.sql));
        self.show(sql);
        true
    }

    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// Whether what is written is not what is being answered.
    pub fn is_changed(&self) -> bool {
        self.sql != self.asked
    }

    /// The next change is a step of its own, however soon it comes.
    pub fn step(&mut self) {
        self.edited = None;
    }

    fn show(&mut self, sql: String) {
        match Query::parse(&sql) {
            Ok(query) => {
                self.form = Form::from_query(&query);
                self.fault = None;
            }
            Err(fault) => self.fault = Some(fault),
        }
        self.sql = sql;
    }

    fn keep(&mut self) {
        self.future.clear();
        let goes_on = self.edited.is_some_and(|at| at.elapsed() < ONE_STEP);
        self.edited = Some(Instant::now());
        if !goes_on && !self.sql.is_empty() && self.past.last() != Some(&self.sql) {
            self.past.push(self.sql.clone());
        }
        if self.past.len() > PAST {
            self.past.remove(0);
        }
    }
}
