//! Carrying out what concerns the question of a table: editing and asking.

use super::super::action::QuestionAction;
use super::super::{App, classes};
use crate::data::Fault;
use crate::query::Query;
use crate::workspace::TableId;

impl App {
    pub(super) fn apply_question(&mut self, table: TableId, question: QuestionAction) {
        let wake = self.wake.clone();
        match question {
            QuestionAction::Ask => self.ask(table),
            QuestionAction::Sql(sql) => {
                if let Some(sheet) = self.sheet_mut(table) {
                    sheet.question.set_sql(sql);
                }
            }
            QuestionAction::Form { form, ask } => {
                if let Some(sheet) = self.sheet_mut(table) {
                    sheet.question.set_form(*form);
                    if ask && sheet.question.fault.is_none() && sheet.question.is_changed() {
                        sheet.ask(&wake);
                    }
                }
            }
            QuestionAction::Cheaper(number) => {
                if let Some(sheet) = self.sheet_mut(table)
                    && let Some(sql) = classes::cheapened(&sheet.question.sql, number)
                {
                    sheet.question.set_sql(sql);
                    sheet.ask(&wake);
                }
            }
        }
    }

    /// Asks the question written at a table of the table that it names.
    fn ask(&mut self, table: TableId) {
        let wake = self.wake.clone();
        let names: Vec<String> = self.sheets.iter().map(|s| s.table.name.clone()).collect();
        let Some(sheet) = self.sheet_mut(table) else { return };
        let sql = sheet.question.sql.clone();
        let clause = match Query::parse(&sql) {
            Ok(query) => query.table,
            Err(fault) => {
                sheet.question.fault = Some(fault);
                return;
            }
        };
        if same_name(&clause.sql, &sheet.table.name) {
            sheet.ask(&wake);
        } else if let Some(at) = names.iter().position(|name| same_name(&clause.sql, name)) {
            // The question names another open table, and moves to its worksheet.
            let back = sheet.question.asked.clone();
            sheet.question.set_sql(back);
            if let Some(other) = self.sheets.get_mut(at) {
                other.question.set_sql(sql);
                other.ask(&wake);
                self.selected = Some(other.id);
            }
        } else {
            let span = clause.at..clause.at + clause.sql.len();
            let hint = format!("the open tables are {}", names.join(", "));
            sheet.question.fault =
                Some(Fault::new(format!("there is no table {}", clause.sql)).at("FROM").hint(hint).span(span));
        }
        self.save_workspace();
    }
}

/// Whether `sql`, as it stands after FROM, names the table `name`.
fn same_name(sql: &str, name: &str) -> bool {
    let sql = sql.trim();
    match sql.strip_prefix('"').and_then(|s| s.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\"") == name,
        None => sql.eq_ignore_ascii_case(name),
    }
}
