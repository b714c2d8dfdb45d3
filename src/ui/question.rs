//! A question while it is written: its SQL text and its form, which say the same. Asking it is left to `worksheet` and
//! to `board`, taking changes back to `session`.

use std::sync::Arc;

use super::classes::{ItemClass, classes};
use super::worksheet::Worksheet;
use crate::data::{Fault, Result};
use crate::engine::Table;
use crate::query::model::Models;
use crate::query::{Form, Query};
use crate::workspace::TableId;
use crate::workspace::bench::TileId;

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
    /// What `classes` were made from: the text, the table, the number of other tables, and the models.
    classified: Option<(String, Arc<Table>, usize, Models)>,
}

/// The open table that a question names.
///
/// # Errors
/// When it cannot be parsed, or names none of them.
pub fn table_of<'a>(sql: &str, sheets: &'a [Worksheet]) -> Result<&'a Worksheet> {
    let clause = Query::parse(sql)?.table;
    sheets.iter().find(|sheet| same_name(&clause.sql, &sheet.table.name)).ok_or_else(|| {
        let names: Vec<&str> = sheets.iter().map(|sheet| sheet.table.name.as_str()).collect();
        Fault::new(format!("there is no table {}", clause.sql))
            .at("FROM")
            .hint(format!("the open tables are {}", names.join(", ")))
            .span(clause.at..clause.at + clause.sql.len())
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
        let known = self.classified.as_ref().is_some_and(|(sql, table, others, models)| {
            *sql == self.sql
                && Arc::ptr_eq(table, &sheet.table)
                && *others == sheet.others.len()
                && models.is_same(&sheet.models)
        });
        if !known {
            self.classes = classes(sheet, &self.sql);
            self.classified = Some((self.sql.clone(), sheet.table.clone(), sheet.others.len(), sheet.models.clone()));
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
