//! The question of a worksheet while it is written: its SQL text and its form, which say the same. Asking it is left
//! to `worksheet`, taking changes back to `session`.

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
}

impl QuestionEditor {
    /// The text has changed: the form follows as soon as the text makes sense.
    pub fn set_sql(&mut self, sql: String) {
        if sql == self.sql {
            return;
        }
        self.show(sql);
    }

    /// The form has changed: the text follows.
    pub fn set_form(&mut self, form: Form) {
        let sql = form.to_query().to_sql();
        self.fault = Query::parse(&sql).err();
        self.sql = sql;
        self.form = form;
    }

    /// Whether the written text differs from the one that is being answered.
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
}
