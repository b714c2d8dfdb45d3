//! A sheet: one open table with the question asked of it, the run that answers, and the picture of the answer.
//! Changing a sheet is left to `apply`; painting it to the panels.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::picture::Picture;
use crate::data::{Fault, Result};
use crate::engine::{Options, Run, Seam, Snapshot, Table};
use crate::query::{Form, Plan, Query};
use crate::sync::Wake;
use crate::workspace::TableSetup;

/// A sheet's number; never used twice in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SheetId(pub u64);

/// One open table and all that hangs on it.
#[derive(Debug)]
pub struct Sheet {
    pub id: SheetId,
    pub table: Arc<Table>,
    /// What its history was opened from.
    pub paths: Vec<PathBuf>,
    pub question: Asked,
    pub watch: Watch,
    pub picture: Picture,
    /// The run that finds out how much time the history spans, before the first question can be asked.
    pub span: Option<Span>,
    /// What the runs of this sheet have said already, so that it is told once.
    pub told: BTreeSet<String>,
}

/// A probe for the first question.
#[derive(Debug)]
pub struct Span {
    pub run: Run,
    pub since: Instant,
}

impl Sheet {
    pub fn new(id: SheetId, table: Table, paths: Vec<PathBuf>) -> Self {
        Self {
            id,
            table: Arc::new(table),
            paths,
            question: Asked::default(),
            watch: Watch::default(),
            picture: Picture::default(),
            span: None,
            told: BTreeSet::new(),
        }
    }

    /// Asks the question that is written. What is wrong with it is kept in `question.fault`.
    pub fn ask(&mut self, wake: &Wake) {
        self.span = None;
        let started = plan(&self.question.sql, &self.table).and_then(|plan| Run::start(plan, self.table.clone(), Options::default(), wake.clone()));
        match started {
            Ok(run) => {
                self.question.fault = None;
                self.question.asked = self.question.sql.clone();
                self.watch.begin(run);
                self.told.clear();
            }
            Err(fault) => self.question.fault = Some(fault),
        }
    }

    /// What would be needed to open this again.
    pub fn setup(&self) -> TableSetup {
        TableSetup {
            name: self.table.name.clone(),
            paths: self.paths.clone(),
            live: self.table.live.iter().map(|feed| feed.url.text.clone()).collect(),
            time: self.table.time.as_ref().map(Into::into),
            seam: (&self.table.seam).into(),
            question: self.question.sql.clone(),
            mark: self.picture.chosen_mark().unwrap_or_default().to_owned(),
        }
        .cleaned()
    }

    /// Changes the table and asks again.
    pub fn retable(&mut self, wake: &Wake, change: impl FnOnce(&mut Table)) {
        let mut table = Table::clone(&self.table);
        change(&mut table);
        // A seam between faces that are not both there decides nothing.
        if table.live.is_empty() && matches!(table.seam, Seam::Position) {
            table.seam = Seam::Append;
        }
        self.table = Arc::new(table);
        if !self.question.asked.is_empty() {
            self.ask(wake);
        }
    }
}

/// Parses and binds; a fault's span points into `sql`.
pub fn plan(sql: &str, table: &Table) -> Result<Arc<Plan>> {
    let query = Query::parse(sql)?;
    Plan::new(&query, sql, &table.schema).map(Arc::new)
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

/// A run being watched: the newest snapshot, and the one that is shown.
#[derive(Debug, Default)]
pub struct Watch {
    run: Option<Run>,
    /// The newest snapshot of the run.
    pub newest: Option<Arc<Snapshot>>,
    /// The one on screen: the newest, or the one at which the picture was paused. Until a new question has its first
    /// answer this is still the last answer of the old one.
    pub shown: Option<Arc<Snapshot>>,
    /// Which run `shown` belongs to.
    pub shown_run: u64,
    pub paused: bool,
    pub stopping: bool,
    /// Counts runs, so that versions of two runs are never mistaken for each other.
    pub run_number: u64,
    /// Rows in at the last look, for the rate.
    rate: Rate,
}

/// What a watched run is doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// Nothing was asked.
    Idle,
    /// Asked, and no answer yet.
    Asking,
    /// The share of history that was read.
    Reading(f64),
    Live,
    Paused,
    Stopping,
    Stopped,
    Done,
}

impl Watch {
    fn begin(&mut self, run: Run) {
        self.run = Some(run);
        self.newest = None;
        self.paused = false;
        self.stopping = false;
        self.run_number += 1;
        self.rate = Rate::default();
    }

    /// Takes the newest snapshot, and shows it unless paused. True when there was a new one.
    pub fn look(&mut self) -> bool {
        let Some(newest) = self.run.as_ref().and_then(Run::latest) else { return false };
        if self.newest.as_ref().is_some_and(|old| old.version == newest.version) {
            return false;
        }
        self.rate.add(newest.rows.come_in, newest.elapsed.as_secs_f64());
        self.newest = Some(newest.clone());
        if !self.paused {
            self.shown = Some(newest);
            self.shown_run = self.run_number;
        }
        true
    }

    /// Pins the picture; the run goes on.
    pub fn pause(&mut self) {
        self.paused = self.shown.is_some();
    }

    pub fn resume(&mut self) {
        self.paused = false;
        if self.newest.is_some() {
            self.shown = self.newest.clone();
            self.shown_run = self.run_number;
        }
    }

    /// Ends all inputs; the last snapshot is shown when it comes.
    pub fn stop(&mut self) {
        if let Some(run) = &self.run {
            run.finish();
            self.stopping = true;
            self.resume();
        }
    }

    pub fn is_running(&self) -> bool {
        self.run.is_some() && !self.newest.as_ref().is_some_and(|s| s.last)
    }

    /// Rows that came in since the picture was paused.
    pub fn rows_since_pause(&self) -> u64 {
        match (&self.newest, &self.shown) {
            (Some(newest), Some(shown)) => newest.rows.come_in.saturating_sub(shown.rows.come_in),
            _ => 0,
        }
    }

    /// Rows per second, over the last second or so.
    pub fn rows_per_sec(&self) -> f64 {
        self.rate.per_sec
    }

    pub fn state(&self) -> State {
        if self.run.is_none() {
            return State::Idle;
        }
        let Some(newest) = &self.newest else { return State::Asking };
        match newest {
            _ if self.paused => State::Paused,
            s if s.last && self.stopping => State::Stopped,
            s if s.last => State::Done,
            _ if self.stopping => State::Stopping,
            s if s.history_share() < 1.0 => State::Reading(s.history_share()),
            s if s.live_open > 0 => State::Live,
            s => State::Reading(s.history_share()),
        }
    }
}

/// A rate over a sliding second.
#[derive(Debug, Default)]
struct Rate {
    from: Option<(u64, f64)>,
    per_sec: f64,
}

impl Rate {
    fn add(&mut self, rows: u64, secs: f64) {
        let Some((before, since)) = self.from else {
            self.from = Some((rows, secs));
            self.per_sec = if secs > 0.0 { rows as f64 / secs } else { 0.0 };
            return;
        };
        let passed = secs - since;
        if passed >= 0.5 {
            self.per_sec = rows.saturating_sub(before) as f64 / passed;
            self.from = Some((rows, secs));
        }
    }
}
