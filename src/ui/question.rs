//! A question while it is written: its SQL text and its form, which say the same. Asking it is left to `worksheet` and
//! to `board`, taking changes back to `session`.

use std::sync::Arc;

use polars::prelude::SchemaRef;

use super::classes::{ItemClass, classes};
use super::worksheet::Worksheet;
use crate::data::{Fault, Result};
use crate::engine::Table;
use crate::query::model::Models;
use crate::query::{Form, Query};
use crate::workspace::TableId;
use crate::workspace::bench::{NamedQuestions, TileId};

/// Whose question it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuestionOf {
    Table(TableId),
    Tile(TileId),
}

/// A question that is written, and the table that it is asked of.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    pub of: QuestionOf,
    pub sheet: &'a Worksheet,
    pub question: &'a QuestionEditor,
}

/// The question in its two views, which say the same.
#[derive(Debug, Default)]
pub struct QuestionEditor {
    pub sql: String,
    pub form: Form,
    /// What is wrong with `sql`; its span points into it.
    pub fault: Option<Fault>,
    /// The text that is answered.
    pub asked: String,
    /// The class of each item: how exact it is.
    pub classes: Vec<ItemClass>,
    /// The columns of the named question that it asks, where it asks one.
    asks: Option<SchemaRef>,
    /// What those were made from.
    classified: Option<Classified>,
}

/// The text, the table, the number of other tables, the models and the named questions.
type Classified = (String, Arc<Table>, usize, Models, Arc<NamedQuestions>);

/// The open table that a question names, itself or by the questions that it asks.
///
/// # Errors
/// When it cannot be parsed, or names none of them.
pub fn table_of<'a>(sql: &str, sheets: &'a [Worksheet]) -> Result<&'a Worksheet> {
    let written = Query::parse(sql)?.table;
    let named = sheets.first().map(|sheet| sheet.named.clone()).unwrap_or_default();
    let composed = named.compose(sql)?;
    let clause = if composed.is_plain() { written.clone() } else { Query::parse(&composed.text()?)?.table };
    sheets.iter().find(|sheet| same_name(&clause.sql, &sheet.table.name)).ok_or_else(|| {
        let tables: Vec<&str> = sheets.iter().map(|sheet| sheet.table.name.as_str()).collect();
        let questions: Vec<&str> = named.names().collect();
        let hint = match &questions[..] {
            [] => format!("the open tables are {}", tables.join(", ")),
            named => format!("the open tables are {}; the named questions {}", tables.join(", "), named.join(", ")),
        };
        let fault = Fault::new(format!("there is no table {}", clause.sql)).at("FROM").hint(hint);
        if composed.is_plain() { fault.span(written.at..written.at + written.sql.len()) } else { fault }
    })
}

/// Whether `sql`, as it stands after FROM, names the table `name`.
fn same_name(sql: &str, name: &str) -> bool {
    let sql = sql.trim();
    match sql.strip_prefix('"').and_then(|s| s.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\"") == name,
        None => sql.eq_ignore_ascii_case(name),
    }
}

impl Written<'_> {
    /// The columns that it may name: those of the table, or of the question that it asks.
    pub fn columns(&self) -> &SchemaRef {
        self.question.asks.as_ref().unwrap_or(&self.sheet.table.schema)
    }

    /// Whether it asks the table itself, not the answer to a named question.
    pub fn asks_table(&self) -> bool {
        self.question.asks.is_none()
    }
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

    /// Keeps `classes` in step with what is written.
    pub(super) fn classify(&mut self, sheet: &Worksheet) {
        let known = self.classified.as_ref().is_some_and(|(sql, table, others, models, named)| {
            *sql == self.sql
                && Arc::ptr_eq(table, &sheet.table)
                && *others == sheet.others.len()
                && models.is_same(&sheet.models)
                && Arc::ptr_eq(named, &sheet.named)
        });
        if !known {
            self.classes = classes(sheet, &self.sql);
            self.asks = sheet.columns_of_question(&self.form.table);
            let (models, named) = (sheet.models.clone(), sheet.named.clone());
            self.classified = Some((self.sql.clone(), sheet.table.clone(), sheet.others.len(), models, named));
        }
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
