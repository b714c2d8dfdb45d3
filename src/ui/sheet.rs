//! A sheet: one open table with the question asked of it, the run that answers, and the picture of the answer.
//! Changing a sheet is left to `apply`; painting it to the panels.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::picture::Picture;
use super::watch::Watch;
use crate::data::{Fault, Result};
use crate::engine::{Options, Run, Seam, Table};
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
    Plan::new(&query, sql, &table.schema, table.time.as_ref().map(|t| t.column.as_str())).map(Arc::new)
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
