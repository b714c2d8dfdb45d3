//! The question of a worksheet while it is written: its SQL text and its form, which say the same, with undo. Asking it
//! is left to `worksheet`.

use crate::data::Fault;
use crate::query::{Form, Query};

/// The question in its two views, which say the same.
#[derive(Debug, Default)]
pub struct QuestionEditor {
    pub sql: String,
    pub form: Form,
    /// What is wrong with `sql`; its span points into it.
    pub fault: Option<Fault>,
    /// The text that the current run answers.
    pub asked: String,
    past: Vec<String>,
    future: Vec<String>,
    edited: Option<f64>,
    /// The clock of the frame, in seconds: by it edits are one step or two.
    pub now: f64,
}

/// How many steps can be undone.
const PAST: usize = 100;
/// Edits that follow each other within this time are one undo step, in seconds.
const ONE_STEP: f64 = 0.7;

impl QuestionEditor {
    /// The text has changed: the form follows as soon as the text makes sense.
    pub fn set_sql(&mut self, sql: String) {
        if sql == self.sql {
            return;
        }
        self.push_undo();
        self.show(sql);
    }

    /// The form has changed: the text follows.
    pub fn set_form(&mut self, form: Form) {
        let sql = form.to_query().to_sql();
        if sql != self.sql {
            self.push_undo();
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

    /// Whether the written text differs from the one that is being answered.
    pub fn is_changed(&self) -> bool {
        self.sql != self.asked
    }

    /// Makes the next change an undo step of its own, however soon it comes.
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

    fn push_undo(&mut self) {
        self.future.clear();
        let goes_on = self.edited.is_some_and(|at| self.now - at < ONE_STEP);
        self.edited = Some(self.now);
        if !goes_on && !self.sql.is_empty() && self.past.last() != Some(&self.sql) {
            self.past.push(self.sql.clone());
        }
        if self.past.len() > PAST {
            self.past.remove(0);
        }
    }
}
